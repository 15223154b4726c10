//! Text in other encodings than UTF-8: told by its bytes, and converted.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Decoder, DecoderResult, Encoding, GB18030, GBK, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE,
};

/// The encoding that goes by a name, as the web names them (`gbk`, `latin1`, `utf-16le`).
pub(super) fn by_name(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label(name.as_bytes()).filter(|&found| found != REPLACEMENT).map(superset)
}

/// What text is in, unless it is UTF-8, with or without faults: those are told by who decodes it.
/// `at_start`: the bytes are the first of a file, `at_end`: its last.
pub(super) fn detect(bytes: &[u8], at_start: bool, at_end: bool) -> Option<&'static Encoding> {
    if at_start {
        // The mark of UTF-32 begins with that of UTF-16; nobody decodes it.
        if bytes.starts_with(b"\xff\xfe\0\0") {
            return None;
        }
        if let Some((encoding, _)) = Encoding::for_bom(bytes) {
            return (encoding != UTF_8).then_some(encoding);
        }
        if let Some(encoding) = unmarked_utf16(bytes) {
            return Some(encoding);
        }
    }
    // No other text holds a zero byte.
    if is_utf8(bytes, at_end) || bytes.contains(&0) || is_faulty_utf8(bytes) {
        return None;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, at_end);
    Some(superset(detector.guess(None, Utf8Detection::Deny)))
}

/// The name of an encoding as people write it.
pub(super) fn name(encoding: &'static Encoding) -> &'static str {
    if encoding == GB18030 { "GB18030" } else { encoding.name() }
}

/// GB18030 holds GBK and GB2312; `encoding_rs` decodes all of them as one.
fn superset(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == GBK { GB18030 } else { encoding }
}

/// Whether this is UTF-8, the last character of which may be cut unless this is the end.
fn is_utf8(bytes: &[u8], at_end: bool) -> bool {
    match simdutf8::compat::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && !at_end,
    }
}

/// UTF-16 without its mark shows by the zeros beside letters, digits and blanks.
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let units = &bytes[..bytes.len().min(4096) & !1];
    let zeros = |odd: usize| units.iter().skip(odd).step_by(2).filter(|&&byte| byte == 0).count();
    let (first, second, half) = (zeros(0), zeros(1), units.len() / 4);
    match () {
        () if units.len() < 8 => None,
        () if first == 0 && second >= half => Some(UTF_16LE),
        () if second == 0 && first >= half => Some(UTF_16BE),
        () => None,
    }
}

/// Whether at least half of what is not ASCII is UTF-8 after all. Text in another encoding is so by chance
/// only, a pair of bytes here and there.
fn is_faulty_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += chunk.invalid().len();
    }
    good > 0 && good >= bad
}

/// Converts a stream to UTF-8.
pub(super) struct Converter {
    encoding: &'static Encoding,
    decoder: Decoder,
}

impl Converter {
    /// Begins at the start of a text, where a byte-order mark is dropped, or inside it.
    pub(super) fn new(encoding: &'static Encoding, at_start: bool) -> Self {
        let decoder = match at_start {
            true => encoding.new_decoder_with_bom_removal(),
            false => encoding.new_decoder_without_bom_handling(),
        };
        Converter { encoding, decoder }
    }

    pub(super) fn name(&self) -> &'static str {
        name(self.encoding)
    }

    /// Appends what bytes say. `last`: no more of them follow. `false`: they are not of this
    /// encoding; what stands before the fault is appended.
    pub(super) fn convert(&mut self, bytes: &[u8], last: bool, text: &mut Vec<u8>) -> bool {
        let mut rest = bytes;
        loop {
            let written = text.len();
            // Enough for all but the longest expansions, which take a second round.
            text.resize(written + rest.len() + rest.len() / 2 + 16, 0);
            let (result, read, wrote) =
                self.decoder.decode_to_utf8_without_replacement(rest, &mut text[written..], last);
            text.truncate(written + wrote);
            rest = &rest[read..];
            match result {
                DecoderResult::InputEmpty => return true,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, SHIFT_JIS, WINDOWS_1252};

    const CHINESE: &str =
        "关键核心技术必须掌握在自己手里。各地工厂今年更换了阀门和轴承，出口继续增长。";

    fn converted(bytes: &[u8], encoding: &'static Encoding, step: usize) -> Option<String> {
        let (mut converter, mut text) = (Converter::new(encoding, true), Vec::new());
        let fine = bytes.chunks(step).all(|chunk| converter.convert(chunk, false, &mut text));
        (fine && converter.convert(&[], true, &mut text)).then(|| String::from_utf8(text).unwrap())
    }

    #[test]
    fn encodings_are_told_apart_and_converted_in_any_steps() {
        let japanese = "工場では今年、弁と軸受を取り替えた。輸出は引き続き伸びている。";
        let traditional = "各地工廠今年更換了閥門和軸承，出口繼續增長，記者從有關部門獲悉。";
        let french = "Les exportations de vannes ont progressé à nouveau, déclare l’usine.";
        for (encoding, text) in
            [(GB18030, CHINESE), (BIG5, traditional), (SHIFT_JIS, japanese), (WINDOWS_1252, french)]
        {
            let (bytes, ..) = encoding.encode(text);
            assert_eq!(detect(&bytes, true, true), Some(encoding));
            for step in [1, 2, 3, 7, 1000] {
                assert_eq!(converted(&bytes, encoding, step).as_deref(), Some(text));
            }
        }
    }

    #[test]
    fn utf8_stays_utf8_with_its_faults() {
        let text = CHINESE.as_bytes();
        assert_eq!(detect(text, true, true), None);
        assert_eq!(detect(&text[..4], true, false), None);
        assert_eq!(detect(&[text, b"\xff"].concat(), true, true), None);
        assert_eq!(detect(b"\xef\xbb\xbfcaf\xe9", true, true), None);
        assert_eq!(detect(b"\x89PNG\x00\x00\xff\xd8", true, true), None);
        assert_eq!(detect(b"caf\xe9", true, true), Some(WINDOWS_1252));
        assert_eq!(detect("café".as_bytes(), true, true), None);
        assert_eq!(detect(b"caf\xc3\xa9, caf\xe9", true, true), None);
        assert!(detect(b"caf\xe9, \xe9t\xe9, caf\xc3\xa9", true, true).is_some());
    }

    #[test]
    fn utf16_needs_no_mark() {
        let units =
            |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let little = units("Exports rose.\n出口 rose.");
        let big: Vec<u8> = little.chunks(2).flat_map(|unit| [unit[1], unit[0]]).collect();
        assert_eq!(detect(&little, true, true), Some(UTF_16LE));
        assert_eq!(detect(&big, true, true), Some(UTF_16BE));
        assert_eq!(detect(b"\xff\xfe\0\0E\0\0\0", true, true), None);
        assert_eq!(detect(b"a\0b and more text", true, true), None);
    }

    #[test]
    fn faults_show() {
        assert_eq!(converted(b"ab\x81", GB18030, 1), None);
        assert_eq!(converted(b"a\x00b", by_name("utf-16").unwrap(), 2), None);
        assert_eq!(by_name("gb2312"), Some(GB18030));
        assert_eq!(by_name("hz-gb-2312").or(by_name("klingon")), None);
    }
}
