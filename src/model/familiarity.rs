//! Whether a sentence is of the kind that training saw: its words, its script, its length.

use super::Classifier;
use crate::features::Vocabulary;
use crate::text::{Script, words};

/// From this share of unknown words on a sentence is flagged. With the built-in model 3% of the
/// sentences of `examples/comparison` reach it, and all of 20 in German, French, Spanish and pinyin
/// (`tests/flags.rs`).
const UNKNOWN_SHARE: f64 = 0.3;

/// A sentence of fewer words is short: it says little, and nothing of the words that are unknown.
const FEWEST_WORDS: usize = 3;

/// What is unlike training in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// Many of its words are none that the model knows.
    pub unknown_words: bool,
    /// Most of its letters are of another script.
    pub script: bool,
    /// It has fewer than three words.
    pub short: bool,
}

impl Flags {
    /// Whether it lies outside what the model knows.
    pub fn is_outside(self) -> bool {
        self.unknown_words || self.script
    }

    /// The names of those that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let all =
            [(self.unknown_words, "unknown-words"), (self.script, "script"), (self.short, "short")];
        all.into_iter().filter_map(|(is_set, name)| is_set.then_some(name))
    }
}

/// What a classifier knows of the language it was trained on.
#[derive(Debug)]
pub struct Familiarity<'a> {
    /// Where single words are among its terms.
    words: Option<&'a Vocabulary>,
    script: Option<Script>,
}

impl<'a> Familiarity<'a> {
    /// Looks through the terms.
    pub fn new(classifier: &'a Classifier) -> Self {
        let tfidf = classifier.features();
        let (words, chars, _) = tfidf.tensors();
        let terms = |vocabulary: &'a Vocabulary| {
            (0..vocabulary.len()).map(move |term| vocabulary.term(term))
        };
        let script = Script::most(terms(words)).or_else(|| Script::most(terms(chars)));
        // Without blanks between words, what looks like one is a clause.
        let has_words = tfidf.params().has_single_words() && script != Some(Script::Han);
        Familiarity { words: has_words.then_some(words), script }
    }

    /// What is unlike training in a sentence.
    pub fn flags(&self, sentence: &str) -> Flags {
        let lower = sentence.to_lowercase();
        let (mut count, mut unknown) = (0_usize, 0_usize);
        for word in words(&lower) {
            count += 1;
            let is_known = |vocabulary: &Vocabulary| vocabulary.id(&lower[word.clone()]).is_some();
            unknown += usize::from(!self.words.is_none_or(is_known));
        }
        let short = count < FEWEST_WORDS;
        let unknown_words = !short && unknown as f64 >= UNKNOWN_SHARE * count as f64;
        Flags { unknown_words, script: self.is_foreign(sentence), short }
    }

    fn is_foreign(&self, sentence: &str) -> bool {
        let (Some(own), false) = (self.script, sentence.is_ascii() && self.is_latin()) else {
            return false;
        };
        let scripts = || sentence.chars().filter_map(Script::of);
        let foreign = scripts().filter(|&script| script != own).count();
        2 * foreign > scripts().count()
    }

    fn is_latin(&self) -> bool {
        self.script == Some(Script::Latin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_unlike_training_are_flagged() {
        let classifier = Classifier::built_in().unwrap();
        let familiarity = Familiarity::new(&classifier);
        let flags = |text| familiarity.flags(text).names().collect::<Vec<_>>().join("|");
        for (text, expected) in [
            ("Exports of machine tools to Europe rose 7 percent this year.", ""),
            ("Core technologies must be in our own hands.", ""),
            ("Die Regierung will die Lieferketten der Industrie stärken.", "unknown-words"),
            ("Les exportations de vannes ont progressé au troisième trimestre.", "unknown-words"),
            ("Guanjian hexin jishu bixu zhangwo zai ziji shouli.", "unknown-words"),
            ("关键核心技术必须掌握在自己手里。", "script|short"),
            ("Экспорт станков в Европу вырос на семь процентов.", "unknown-words|script"),
            ("The 中国制造 plan for steel exports", ""),
            ("Exports rose.", "short"),
            ("7 + 7 = 14, …", "short"),
            ("", "short"),
        ] {
            assert_eq!(flags(text), expected, "{text}");
        }
    }
}
