//! Which script a letter is of, as far as telling languages apart needs it.

/// A script, or several that one language mixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Script {
    Latin,
    Greek,
    Cyrillic,
    Hebrew,
    Arabic,
    /// Of India and around: Devanagari to Sinhala.
    Indic,
    /// Thai, Lao, Khmer, Burmese.
    SouthEastAsian,
    Hangul,
    /// Chinese characters and kana: their words stand without blanks.
    Han,
    Other,
}

impl Script {
    /// That of a letter; `None` of anything else.
    pub(crate) fn of(c: char) -> Option<Self> {
        if c.is_ascii() {
            return c.is_ascii_alphabetic().then_some(Script::Latin);
        }
        c.is_alphabetic().then_some(match u32::from(c) {
            0x00aa..=0x02af | 0x1d00..=0x1dbf | 0x1e00..=0x1eff | 0x2c60..=0x2c7f => Script::Latin,
            0xa720..=0xa7ff | 0xab30..=0xab6f | 0xfb00..=0xfb06 | 0xff21..=0xff5a => Script::Latin,
            0x0370..=0x03ff | 0x1f00..=0x1fff => Script::Greek,
            0x0400..=0x052f | 0x1c80..=0x1c8f | 0x2de0..=0x2dff | 0xa640..=0xa69f => {
                Script::Cyrillic
            }
            0x0590..=0x05ff | 0xfb1d..=0xfb4f => Script::Hebrew,
            0x0600..=0x06ff | 0x0750..=0x08ff | 0xfb50..=0xfdff | 0xfe70..=0xfeff => Script::Arabic,
            0x0900..=0x0dff => Script::Indic,
            0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff => Script::SouthEastAsian,
            0x1100..=0x11ff | 0x3130..=0x318f | 0xa960..=0xa97f | 0xac00..=0xd7ff => Script::Hangul,
            0x2e80..=0x312f | 0x31a0..=0x9fff | 0xf900..=0xfaff | 0xff66..=0xff9f => Script::Han,
            0x20000..=0x3ffff => Script::Han,
            _ => Script::Other,
        })
    }

    /// That of most letters of a text, the first of those on a tie; `None` without letters.
    pub(crate) fn most<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut counts = std::collections::BTreeMap::new();
        for script in texts.into_iter().flat_map(str::chars).filter_map(Script::of) {
            *counts.entry(script).or_insert(0_u64) += 1;
        }
        let most = counts.values().copied().max()?;
        counts.into_iter().find(|&(_, count)| count == most).map(|(script, _)| script)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_told_apart_by_script() {
        for (text, script) in [
            ("Zwölf Łódź", Script::Latin),
            ("Ελλάδα", Script::Greek),
            ("Экспорт", Script::Cyrillic),
            ("ייצוא", Script::Hebrew),
            ("صادرات", Script::Arabic),
            ("निर्यात", Script::Indic),
            ("ส่งออก", Script::SouthEastAsian),
            ("수출", Script::Hangul),
            ("出口が増えた", Script::Han),
        ] {
            assert_eq!(Script::most([text]), Some(script), "{text}");
        }
        assert_eq!(Script::most(["7 + 7, 12%", "…"]), None);
        assert_eq!(Script::most(["GDP 增长", "的"]), Some(Script::Latin));
    }
}
