//! Sentence boundaries.
//!
//! `sentencex` finds the ends of sentences within a paragraph. What it leaves to the caller is
//! done here: which lines make a paragraph, headings and captions without a full stop, several
//! sentences inside one quotation, and picture credits.

use std::ops::Range;

use memchr::{memchr_iter, memchr3_iter, memrchr_iter};
use sentencex::languages::{English, Language};

use super::decode::code_points;

/// Text is hard-wrapped at a width within these bounds (in characters).
const WRAPPED_WIDTHS: std::ops::RangeInclusive<usize> = 40..=120;

/// Words in a picture credit (`/CFP`, `/Meridian Wire`) at the most.
const CREDIT_WORDS: usize = 4;

/// Splits a document into sentences.
///
/// # Examples
///
/// ```
/// use framescope::text::Segmenter;
///
/// let text = "A heading\n\nThe U.S. firm left. “It was time. We knew,” she said.";
/// let sentences: Vec<&str> =
///     Segmenter::new("en").sentences(text).into_iter().map(|range| &text[range]).collect();
/// assert_eq!(
///     sentences,
///     ["A heading", "The U.S. firm left.", "“It was time.", "We knew,” she said."]
/// );
/// ```
pub struct Segmenter {
    /// `None` for English, whose rules need not be looked up anew for every paragraph.
    language: Option<String>,
}

impl Segmenter {
    /// Sentence rules of a language, by its ISO 639-1 code. An unknown language gets those of
    /// English.
    pub fn new(language: &str) -> Self {
        Segmenter { language: (language != "en").then(|| language.to_owned()) }
    }

    /// The byte ranges of the sentences of `text`, in order and without the white space around
    /// them. What holds no letter and no digit is no sentence.
    pub fn sentences(&self, text: &str) -> Vec<Range<usize>> {
        self.sentences_in(text, Layout::of(text))
    }

    /// The same for some paragraphs of a text whose layout is known.
    pub fn sentences_in(&self, text: &str, layout: Layout) -> Vec<Range<usize>> {
        let mut sentences = Vec::new();
        for paragraph in paragraphs(text, layout) {
            self.split_paragraph(text, paragraph, &mut sentences);
        }
        sentences
    }

    fn split<'a>(&self, paragraph: &'a str) -> Vec<&'a str> {
        match &self.language {
            None => English {}.segment(paragraph),
            Some(language) => sentencex::segment(language, paragraph),
        }
    }

    fn split_paragraph(&self, text: &str, paragraph: Range<usize>, out: &mut Vec<Range<usize>>) {
        let first = out.len();
        let mut start = paragraph.start;
        let paragraph = &text[paragraph];
        let quoted = quotation_marks(paragraph).next().is_some();
        for sentence in self.split(paragraph) {
            let end = start + sentence.len();
            let mut from = start;
            if quoted {
                for boundary in self.boundaries_in_quotations(sentence) {
                    push_sentence(text, from..start + boundary, first, out);
                    from = start + boundary;
                }
            }
            push_sentence(text, from..end, first, out);
            start = end;
        }
    }

    /// Ends of sentences that lie inside a quotation. `sentencex` keeps a quotation whole; the
    /// unit of coding is the sentence, quoted or not.
    fn boundaries_in_quotations(&self, sentence: &str) -> Vec<usize> {
        let Some((first, _)) = quotation_marks(sentence).next() else { return Vec::new() };
        if !sentence[first..].contains(['.', '?', '!', '…']) {
            return Vec::new();
        }
        // With the marks blanked out (byte for byte), the rules see plain sentences.
        let mut plain = String::with_capacity(sentence.len());
        for (at, mark) in quotation_marks(sentence) {
            plain.push_str(&sentence[plain.len()..at]);
            plain.extend(std::iter::repeat_n(' ', mark.len_utf8()));
        }
        plain.push_str(&sentence[plain.len()..]);
        let mut boundaries = Vec::new();
        let mut quotation = Quotation { sentence, at: 0, open: false };
        let mut at = 0;
        for part in self.split(&plain) {
            at += part.len();
            // The blanks after a full stop belong to the part before; a mark among them opens
            // the next sentence.
            let end = at - (part.len() - part.trim_end().len());
            if at < sentence.len() && quotation.goes_on_at(end) {
                boundaries.push(end);
            }
        }
        boundaries
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

/// The quotation marks and where they stand. They begin with one of three bytes, which are found
/// many bytes at a time.
fn quotation_marks(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    memchr3_iter(b'"', 0xC2, 0xE2, text.as_bytes())
        .filter_map(|at| Some((at, text[at..].chars().next()?)))
        .filter(|&(_, c)| is_quote(c))
}

/// Follows quotation marks through a sentence.
struct Quotation<'a> {
    sentence: &'a str,
    at: usize,
    open: bool,
}

impl Quotation<'_> {
    /// Whether a quotation is open at `end`, and not closed right there. Asked in rising order.
    fn goes_on_at(&mut self, end: usize) -> bool {
        for (_, mark) in quotation_marks(&self.sentence[self.at..end]) {
            self.open = match mark {
                '"' => !self.open,
                mark => matches!(mark, '“' | '„' | '«'),
            };
        }
        self.at = end;
        self.open && !self.sentence[end..].starts_with(is_quote)
    }
}

fn push_sentence(text: &str, range: Range<usize>, first: usize, out: &mut Vec<Range<usize>>) {
    let piece = &text[range.clone()];
    let trimmed = piece.trim_start();
    let start = range.end - trimmed.len();
    let trimmed = trimmed.trim_end();
    if !trimmed.contains(char::is_alphanumeric) {
        return;
    }
    let end = start + trimmed.len();
    // A credit behind a caption belongs to it.
    let credit = trimmed.starts_with('/') && trimmed.split_whitespace().count() <= CREDIT_WORDS;
    match out[first..].last_mut() {
        Some(previous) if credit => previous.end = end,
        _ => out.push(start..end),
    }
}

/// How the lines of a text are broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The width at which lines are wrapped, in characters; `None` where a line is a paragraph.
    width: Option<usize>,
}

impl Layout {
    /// That of a text, or of the beginning of a long one.
    pub fn of(text: &str) -> Self {
        let mut measured = Vec::new();
        for line in lines(text) {
            // One line that is too long decides, and most texts have one soon.
            if line.length > *WRAPPED_WIDTHS.end() {
                return Layout { width: None };
            }
            measured.push(line);
        }
        let width = measured.iter().map(|line| line.length).max().unwrap_or(0);
        Layout { width: is_hard_wrapped(&measured, width).then_some(width) }
    }

    /// Behind the last line break in some bytes where a paragraph surely ends.
    pub(crate) fn last_break(self, bytes: &[u8]) -> Option<usize> {
        let mut ends = memrchr_iter(b'\n', bytes).map(|at| at + 1);
        let Some(width) = self.width else { return ends.next() };
        // Lines from the last backwards: one goes on in the next, or a paragraph ends.
        let line = |range: Range<usize>| {
            let text = String::from_utf8_lossy(&bytes[range.clone()]);
            Line::new(range, &text)
        };
        let (last, mut start) = (ends.next()?, ends.next()?);
        let mut next = line(start..last);
        for before in ends.chain([0]) {
            let this = line(before..start);
            if !this.is_full(&next, width) {
                return Some(start);
            }
            (start, next) = (before, this);
        }
        None
    }
}

/// The byte ranges of the paragraphs. A line is a paragraph of its own unless the text is
/// hard-wrapped; then lines belong together where the next word would not have fitted.
fn paragraphs(text: &str, layout: Layout) -> Vec<Range<usize>> {
    let Some(width) = layout.width else {
        let whole = line_ranges(text).filter(|line| !text[line.clone()].trim().is_empty());
        return whole.collect();
    };
    let lines: Vec<Line> = lines(text).collect();
    let mut paragraphs: Vec<Range<usize>> = Vec::new();
    let mut joins = false;
    for (index, line) in lines.iter().enumerate() {
        if line.length == 0 {
            joins = false;
            continue;
        }
        match paragraphs.last_mut() {
            Some(paragraph) if joins => paragraph.end = line.range.end,
            _ => paragraphs.push(line.range.clone()),
        }
        joins = lines.get(index + 1).is_some_and(|next| line.is_full(next, width));
    }
    paragraphs
}

struct Line {
    range: Range<usize>,
    /// In characters, without white space at the ends; 0 for a blank line.
    length: usize,
    first_word: usize,
    starts_lower: bool,
}

impl Line {
    fn new(range: Range<usize>, text: &str) -> Self {
        let content = text.trim();
        let first_word = content.split_whitespace().next().unwrap_or_default();
        Line {
            range,
            length: code_points(content),
            first_word: code_points(first_word),
            starts_lower: content.starts_with(char::is_lowercase),
        }
    }

    /// Whether the first word of the next line would have gone over the width.
    fn is_full(&self, next: &Line, width: usize) -> bool {
        next.length > 0 && self.length + 1 + next.first_word > width
    }
}

/// The byte ranges of the lines, line breaks included.
fn line_ranges(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    let last = Some(text.len()).filter(|_| !text.is_empty() && !text.ends_with('\n'));
    memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1).chain(last).map(move |end| {
        let range = start..end;
        start = end;
        range
    })
}

fn lines(text: &str) -> impl Iterator<Item = Line> + '_ {
    line_ranges(text).map(|range| Line::new(range.clone(), &text[range]))
}

/// A text is hard-wrapped when most of its line breaks stand where the next word would not fit,
/// and a good part of its lines go on with a small letter (a list of headlines of like length does
/// not).
fn is_hard_wrapped(lines: &[Line], width: usize) -> bool {
    if !WRAPPED_WIDTHS.contains(&width) {
        return false;
    }
    let breaks = lines.windows(2).filter(|pair| pair[0].length > 0 && pair[1].length > 0);
    let (mut all, mut full, mut lower) = (0, 0, 0);
    for pair in breaks {
        all += 1;
        if pair[0].is_full(&pair[1], width) {
            full += 1;
            lower += usize::from(pair[1].starts_lower);
        }
    }
    full >= 2 && 3 * full >= 2 * all && 3 * lower >= full
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        Segmenter::new("en").sentences(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn headings_and_captions_are_sentences() {
        assert_eq!(
            split("Old kilns, new owners\nWorkers at a kiln, May 3. /Lakefront\n\nIt rained.\n"),
            ["Old kilns, new owners", "Workers at a kiln, May 3. /Lakefront", "It rained."]
        );
    }

    #[test]
    fn a_quotation_of_two_sentences_is_two_units() {
        assert_eq!(
            split("\"We buy valves abroad. That must end,\" he said. \"Soon,\" he added."),
            ["\"We buy valves abroad.", "That must end,\" he said.", "\"Soon,\" he added."]
        );
        assert_eq!(split("“Is it true?” she asked."), ["“Is it true?” she asked."]);
        assert_eq!(split("He said: “Wait.” They waited."), ["He said: “Wait.”", "They waited."]);
    }

    #[test]
    fn hard_wrapped_lines_are_joined() {
        let text = "The plant buys its valves from abroad and\nits bearings too. Nobody in the \
                    valley\nminds, says the manager of the foundry.\n\nA short line\nthen another\n";
        assert_eq!(
            split(text),
            [
                "The plant buys its valves from abroad and\nits bearings too.",
                "Nobody in the valley\nminds, says the manager of the foundry.",
                "A short line",
                "then another"
            ]
        );
    }

    #[test]
    fn headlines_of_like_length_stay_apart() {
        let list = "Ministers meet on steel prices in Brussels\nHarbour strike enters its third week \
                    now\nFarmers weigh a new duty on fertiliser\nCabinet backs loans for chip \
                    makers now\n";
        assert_eq!(split(list).len(), 4);
    }

    #[test]
    fn a_long_quotation_is_split_throughout() {
        let text = format!("“{}”", "We wait. ".repeat(20_000));
        assert_eq!(split(&text).len(), 20_000);
    }

    #[test]
    fn pieces_without_letters_are_dropped() {
        assert_eq!(split("* * *\n\n??\n\nEnd."), ["End."]);
        assert!(split("").is_empty());
        assert!(split(" \n\r\n").is_empty());
    }
}
