//! From bytes to tokens: decoding, sentence boundaries, words. Offsets survive every step.

mod decode;
mod lower_words;
mod script;
mod segment;
mod token;

pub use decode::{CodePoints, decode};
pub(crate) use decode::{code_points, decode_part, decode_slice};
pub(crate) use lower_words::{LowerWords, SLACK};
pub(crate) use script::Script;
pub use segment::{Layout, Segmenter};
pub(crate) use token::is_space;
pub use token::{Lowercase, char_wb_words, is_word_char, words};
