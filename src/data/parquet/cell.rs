//! Values as the texts of cells.

use std::fmt::Write;

use super::schema::Kind;

// Writing to memory cannot fail.

impl Kind {
    /// Writes a whole number as what it stands for.
    pub(super) fn write_whole(self, value: i64, text: &mut String) {
        let _ = match self {
            Kind::Unsigned(64) => write!(text, "{}", value as u64),
            Kind::Unsigned(bits) => write!(text, "{}", value as u64 & ((1 << bits.min(63)) - 1)),
            Kind::Decimal(scale) => write_decimal(i128::from(value), scale, text),
            Kind::Date => write_date(value, text),
            Kind::Time(parts) => write_time(value, parts, text),
            Kind::Timestamp { parts, is_utc } => {
                let day = parts.saturating_mul(86_400);
                write_date(value.div_euclid(day), text)
                    .and_then(|()| text.write_char('T'))
                    .and_then(|()| write_time(value.rem_euclid(day), parts, text))
                    .and_then(|()| text.write_str(if is_utc { "Z" } else { "" }))
            }
            _ => write!(text, "{value}"),
        };
    }

    /// Writes bytes as what they stand for; `None` where they are no such thing.
    pub(super) fn write_bytes(self, bytes: &[u8], text: &mut String) -> Option<()> {
        match self {
            Kind::Text => text.push_str(simdutf8::basic::from_utf8(bytes).ok()?),
            Kind::Uuid => {
                for (index, byte) in bytes.iter().enumerate() {
                    let dash = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
                    let _ = write!(text, "{dash}{byte:02x}");
                }
            }
            Kind::Decimal(scale) => {
                // Two's complement, the highest byte first.
                let is_negative = bytes.first().is_some_and(|&byte| byte >= 0x80);
                let mut wide = if is_negative { [0xff; 16] } else { [0; 16] };
                wide.get_mut(16_usize.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
                let _ = write_decimal(i128::from_be_bytes(wide), scale, text);
            }
            _ => return None,
        }
        Some(())
    }
}

fn write_decimal(value: i128, scale: usize, text: &mut String) -> std::fmt::Result {
    let sign = if value < 0 { "-" } else { "" };
    // A digit before the point at least.
    let digits = format!("{:0>1$}", value.unsigned_abs(), scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let point = if scale > 0 { "." } else { "" };
    write!(text, "{sign}{whole}{point}{part}")
}

/// Writes a day, counted from 1970, as year, month and day of the Gregorian calendar.
fn write_date(days: i64, text: &mut String) -> std::fmt::Result {
    // Years that begin in March have their leap day last, and eras of 400 of them are all alike
    // (H. Hinnant, "chrono-compatible low-level date algorithms").
    let days = i128::from(days) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + next;
    let (sign, year) = if year < 0 { ("-", -year) } else { ("", year) };
    write!(text, "{sign}{year:04}-{month:02}-{day:02}")
}

/// Writes a time of day, with as many digits behind the second as it needs.
fn write_time(value: i64, parts: i64, text: &mut String) -> std::fmt::Result {
    let (seconds, part) = (value.div_euclid(parts), value.rem_euclid(parts));
    let (minutes, second) = (seconds.div_euclid(60), seconds.rem_euclid(60));
    write!(text, "{:02}:{:02}:{second:02}", minutes.div_euclid(60), minutes.rem_euclid(60))?;
    if part == 0 {
        return Ok(());
    }
    let digits = format!("{:09}", part * (1_000_000_000 / parts));
    write!(text, ".{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(kind: Kind, value: i64) -> String {
        let mut text = String::new();
        kind.write_whole(value, &mut text);
        text
    }

    #[test]
    fn dates_and_times_are_iso() {
        for (days, date) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (19_844, "2024-05-01"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
            (-719_529, "-0001-12-31"),
        ] {
            assert_eq!(whole(Kind::Date, days), date);
        }
        let micros = Kind::Timestamp { parts: 1_000_000, is_utc: true };
        assert_eq!(whole(micros, 1_714_566_600_250_000), "2024-05-01T12:30:00.25Z");
        let millis = Kind::Timestamp { parts: 1000, is_utc: false };
        assert_eq!(whole(millis, -1), "1969-12-31T23:59:59.999");
        assert_eq!(whole(Kind::Time(1000), 45_000_000), "12:30:00");
        // No value is too large.
        for value in [i64::MIN, i64::MAX] {
            for kind in [Kind::Date, millis, micros, Kind::Time(1000), Kind::Decimal(3)] {
                whole(kind, value);
            }
        }
    }

    #[test]
    fn numbers_are_written_in_full() {
        assert_eq!(whole(Kind::Unsigned(32), -1), "4294967295");
        assert_eq!(whole(Kind::Unsigned(64), -1), "18446744073709551615");
        assert_eq!(whole(Kind::Decimal(2), -5), "-0.05");
        assert_eq!(whole(Kind::Decimal(0), 120), "120");
        let mut text = String::new();
        Kind::Decimal(1).write_bytes(&[0xff, 0x38], &mut text).unwrap();
        assert_eq!(text, "-20.0");
        assert!(Kind::Decimal(1).write_bytes(&[1; 17], &mut text).is_none());
    }
}
