//! Bytes to text, and byte offsets to code points.

use crate::error::{Error, Place, Result};

/// Decodes UTF-8, dropping a byte-order mark.
///
/// # Errors
///
/// At the first byte sequence that is not UTF-8, naming its line and its character within the line.
pub fn decode(bytes: Vec<u8>, file: &Place) -> Result<String> {
    Ok(decode_slice(&bytes, file)?.to_owned())
}

/// The same without a copy.
pub(crate) fn decode_slice<'a>(bytes: &'a [u8], file: &Place) -> Result<&'a str> {
    let text = decode_part(bytes, file, 1)?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Decodes UTF-8 that begins in a line of a file.
pub(crate) fn decode_part<'a>(bytes: &'a [u8], file: &Place, first_line: u64) -> Result<&'a str> {
    simdutf8::compat::from_utf8(bytes).map_err(|error| {
        let valid = error.valid_up_to();
        let before = String::from_utf8_lossy(&bytes[..valid]);
        let line = before.matches('\n').count() as u64 + first_line;
        let character = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
        Error::data(
            file.line(line).position(character),
            format!("byte 0x{:02X} is not UTF-8", bytes[valid]),
            "save the file as UTF-8",
        )
    })
}

/// How many code points a text has. Most text is ASCII, which shows in a fraction of the time that
/// counting takes.
pub(crate) fn code_points(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

/// Turns byte offsets into code-point offsets, for offsets asked for in rising order.
///
/// # Examples
///
/// ```
/// use framescope::text::CodePoints;
///
/// let mut code_points = CodePoints::new("naïve café");
/// assert_eq!(code_points.at(6), 5); // the ï takes two bytes
/// assert_eq!(code_points.at(12), 10);
/// ```
pub struct CodePoints<'a> {
    text: &'a str,
    byte: usize,
    count: usize,
}

impl<'a> CodePoints<'a> {
    /// Starts at the beginning of `text`.
    pub fn new(text: &'a str) -> Self {
        CodePoints { text, byte: 0, count: 0 }
    }

    /// The byte offset asked for last.
    pub fn byte(&self) -> usize {
        self.byte
    }

    /// How many code points stand before `byte`, which must be a character boundary and no less
    /// than the offset asked for before.
    pub fn at(&mut self, byte: usize) -> usize {
        self.count += code_points(&self.text[self.byte..byte]);
        self.byte = byte;
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_utf8_is_named_with_line_and_character() {
        let error = decode(b"first\nse\xc3\xa9 \xff".to_vec(), &Place::file("a.txt")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.txt, line 2, column 5: byte 0xFF is not UTF-8; save the file as UTF-8"
        );
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        let text = decode(b"\xef\xbb\xbfid".to_vec(), &Place::file("a.csv")).unwrap();
        assert_eq!(text, "id");
    }
}
