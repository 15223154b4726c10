//! Lower-casing a sentence and finding its words, with buffers that are used again.

use super::token::is_word_char;

/// Bytes read together: their classes fill the bits of a number.
const BLOCK: usize = 64;

/// Zeros behind the text, at the least: so many bytes can be read at each of its bytes.
pub(crate) const SLACK: usize = 16;

/// A sentence in lower case and the places of its words, as [`str::to_lowercase`] and
/// [`words`](super::words) give them. Reading another sentence allocates nothing, once the buffers
/// are as long as the longest.
#[derive(Debug, Default)]
pub(crate) struct LowerWords {
    /// The sentence and zeros up to a whole number of blocks, [`SLACK`] of them at the least.
    lower: Vec<u8>,
    length: usize,
    /// A bit for each byte of each block: whether it belongs to a word.
    inside: Vec<u64>,
    /// Beginning and end of each word, and behind `words` of them what was there before.
    borders: Vec<[u32; 2]>,
    words: usize,
}

impl LowerWords {
    /// Reads a sentence.
    pub(crate) fn read(&mut self, sentence: &str) {
        let is_ascii = sentence.is_ascii();
        self.lower_case(sentence, is_ascii);
        self.find_classes(is_ascii);
        if is_ascii {
            self.drop_single_bytes();
            self.find_borders();
        } else {
            self.find_borders();
            self.drop_single_characters();
        }
    }

    /// The sentence in lower case.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.lower[..self.length]).unwrap_or_default()
    }

    /// Its bytes, with at least [`SLACK`] zeros behind them.
    pub(crate) fn padded(&self) -> &[u8] {
        &self.lower
    }

    /// Beginning and end of each word, in bytes.
    pub(crate) fn words(&self) -> &[[u32; 2]] {
        &self.borders[..self.words]
    }

    fn lower_case(&mut self, sentence: &str, is_ascii: bool) {
        let lower = &mut self.lower;
        lower.clear();
        if is_ascii {
            lower.extend(sentence.bytes().map(|byte| byte.to_ascii_lowercase()));
        } else if sentence.contains('Σ') {
            // The one letter whose lower case depends on its neighbours.
            lower.extend_from_slice(sentence.to_lowercase().as_bytes());
        } else {
            let mut buffer = [0; 4];
            let mut rest = sentence;
            while let Some(at) = rest.bytes().position(|byte| !byte.is_ascii()) {
                lower.extend(rest.as_bytes()[..at].iter().map(u8::to_ascii_lowercase));
                let mut characters = rest[at..].chars();
                for c in characters.by_ref().take(1).flat_map(char::to_lowercase) {
                    lower.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
                }
                rest = characters.as_str();
            }
            lower.extend(rest.bytes().map(|byte| byte.to_ascii_lowercase()));
        }
        self.length = lower.len();
        lower.resize((self.length + SLACK).next_multiple_of(BLOCK), 0);
    }

    fn find_classes(&mut self, is_ascii: bool) {
        let blocks = self.lower.as_chunks::<BLOCK>().0;
        self.inside.clear();
        self.inside.extend(blocks.iter().map(ascii_word_bytes));
        if !is_ascii {
            // Bytes of a character that began in the block before, and whether it belongs to a word.
            let mut open = (0, false);
            for (block, inside) in self.inside.iter_mut().enumerate() {
                let at = (block * BLOCK).min(self.length);
                *inside |= other_word_bytes(&self.lower[at..self.length], &mut open);
            }
        }
    }

    /// Takes the words of one byte out of the classes.
    fn drop_single_bytes(&mut self) {
        let mut before = 0;
        for block in 0..self.inside.len() {
            let inside = self.inside[block];
            let after = self.inside.get(block + 1).map_or(0, |after| after << 63);
            self.inside[block] &= (inside << 1) | before | (inside >> 1) | after;
            before = inside >> 63;
        }
    }

    /// A word begins or ends where the class of a byte differs from that of the byte before.
    fn find_borders(&mut self) {
        // A word takes two bytes and a byte between it and the next.
        self.borders.resize(self.borders.len().max(self.lower.len() / 2), [0; 2]);
        let borders = self.borders.as_flattened_mut();
        let (mut before, mut count) = (0, 0);
        for (block, &inside) in self.inside.iter().enumerate() {
            let mut changes = inside ^ ((inside << 1) | before);
            before = inside >> 63;
            while changes != 0 {
                borders[count] = (block * BLOCK) as u32 + changes.trailing_zeros();
                count += 1;
                changes &= changes - 1;
            }
        }
        self.words = count / 2;
    }

    /// Leaves out the words of one character.
    fn drop_single_characters(&mut self) {
        let mut count = 0;
        for word in 0..self.words {
            let [start, end] = self.borders[word];
            self.borders[count] = [start, end];
            count += usize::from((end - start) as usize != char_length(self.lower[start as usize]));
        }
        self.words = count;
    }
}

/// A bit for each byte: whether it is a letter or digit of ASCII, or `_`.
fn ascii_word_bytes(block: &[u8; BLOCK]) -> u64 {
    let class = block.map(|byte| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let digit = byte.wrapping_sub(b'0') < 10;
        u8::from(letter | digit | (byte == b'_'))
    });
    let mut bits = 0;
    for (index, &eight) in class.as_chunks::<8>().0.iter().enumerate() {
        // The product brings the lowest bit of every byte into its highest byte.
        let packed = u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= packed << (8 * index);
    }
    bits
}

/// A bit for each of the first bytes of `text`: whether it belongs to a word character outside
/// ASCII. `open` is handed from block to block.
fn other_word_bytes(text: &[u8], open: &mut (usize, bool)) -> u64 {
    let mut bits = 0;
    let end = text.len().min(BLOCK);
    let mut at = 0;
    while at < end {
        let (length, is_word) = match *open {
            (0, _) if text[at].is_ascii() => {
                at += 1;
                continue;
            }
            (0, _) => {
                let length = char_length(text[at]).min(text.len() - at);
                let c = std::str::from_utf8(&text[at..at + length]).ok();
                (length, c.and_then(|c| c.chars().next()).is_some_and(is_word_char))
            }
            open => open,
        };
        let here = length.min(end - at);
        if is_word {
            bits |= ((1 << here) - 1) << at;
        }
        at += here;
        *open = (length - here, is_word);
    }
    bits
}

/// How many bytes the UTF-8 character takes that begins with a byte.
fn char_length(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lower_case_and_words_are_those_of_any_text(
            texts in prop::collection::vec(
                prop_oneof![any::<String>(), "[a-zA-Z0-9_ .ÄßİΣσ中“”\0]{0,200}", "\\PC{60,70}"], 1..6,
            ),
        ) {
            let mut read = LowerWords::default();
            for text in &texts {
                read.read(text);
                let lower = text.to_lowercase();
                prop_assert_eq!(read.text(), &lower);
                let expected: Vec<[u32; 2]> =
                    words(&lower).map(|at| [at.start as u32, at.end as u32]).collect();
                prop_assert_eq!(read.words(), &expected[..]);
                prop_assert!(read.padded()[read.length..].iter().all(|&byte| byte == 0));
            }
        }
    }
}
