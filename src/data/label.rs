//! Labels: the frames of a sentence, each with its stance.

use std::fmt;

use super::Codebook;

/// A frame that is present, and the stance towards it where one is coded. Both are indices into
/// the codebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// Index of the frame.
    pub frame: usize,
    /// Index of the stance, where one is coded.
    pub stance: Option<usize>,
}

/// The frames present in a sentence, in the order of the codebook and each once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct LabelSet(Vec<Label>);

impl LabelSet {
    /// No frame.
    pub(crate) const EMPTY: LabelSet = LabelSet(Vec::new());

    /// Whether a frame is present.
    pub fn contains(&self, frame: usize) -> bool {
        self.0.iter().any(|label| label.frame == frame)
    }

    /// The stance towards a frame: `None` where the frame is absent or its stance was not coded.
    pub fn stance(&self, frame: usize) -> Option<usize> {
        self.0.iter().find(|label| label.frame == frame).and_then(|label| label.stance)
    }

    /// The labels, in the order of the codebook.
    pub fn iter(&self) -> impl Iterator<Item = Label> + '_ {
        self.0.iter().copied()
    }

    /// How many frames are present.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no frame is present.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Parses `frame:stance|frame`, or the reason why it cannot be read.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong and one that says what to do.
    pub(super) fn parse(text: &str, codebook: &Codebook) -> Result<Self, (String, String)> {
        if text.trim() == "NA" {
            return Err((
                "`NA` is no frame".to_owned(),
                "write `?` where a sentence was not coded, nothing where it has no frame"
                    .to_owned(),
            ));
        }
        let mut labels = Vec::new();
        for part in text.split('|').map(str::trim) {
            if part.is_empty() && text.trim().is_empty() {
                break;
            }
            let (frame, stance) = match part.split_once(':') {
                Some((frame, stance)) => (frame.trim(), Some(stance.trim())),
                None => (part, None),
            };
            let frame_index = codebook
                .frame(frame)
                .ok_or_else(|| unknown("frame", frame, &codebook.frame_names()))?;
            let stance = stance
                .map(|name| {
                    codebook
                        .stance(name)
                        .ok_or_else(|| unknown("stance", name, &codebook.stance_names()))
                })
                .transpose()?;
            if labels.iter().any(|label: &Label| label.frame == frame_index) {
                return Err((
                    format!("frame `{frame}` stands twice"),
                    "give each frame once, with one stance".into(),
                ));
            }
            labels.push(Label { frame: frame_index, stance });
        }
        Ok(labels.into_iter().collect())
    }

    /// Writes the labels with the names of their codebook, in the grammar of label files.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write(&self, codebook: &Codebook, out: &mut impl fmt::Write) -> fmt::Result {
        for (index, label) in self.iter().enumerate() {
            if index > 0 {
                out.write_str("|")?;
            }
            out.write_str(&codebook.frames[label.frame].name)?;
            if let Some(stance) = label.stance {
                out.write_str(":")?;
                out.write_str(&codebook.stances[stance].name)?;
            }
        }
        Ok(())
    }

    /// Makes it the set of these frames, in rising order and without stances.
    pub(crate) fn fill(&mut self, frames: impl Iterator<Item = usize>) {
        self.0.clear();
        self.0.extend(frames.map(|frame| Label { frame, stance: None }));
    }

    /// Codes the stance towards each frame anew.
    pub(crate) fn take_stances(&mut self, stance: impl Fn(usize) -> Option<usize>) {
        self.0.iter_mut().for_each(|label| label.stance = stance(label.frame));
    }

    /// Shows the labels with the names of their codebook, in the grammar of label files.
    pub fn display<'a>(&'a self, codebook: &'a Codebook) -> impl fmt::Display + 'a {
        DisplayLabels { labels: self, codebook }
    }
}

impl FromIterator<Label> for LabelSet {
    fn from_iter<I: IntoIterator<Item = Label>>(labels: I) -> Self {
        let mut labels: Vec<Label> = labels.into_iter().collect();
        labels.sort_unstable();
        labels.dedup_by_key(|label| label.frame);
        LabelSet(labels)
    }
}

fn unknown(kind: &str, name: &str, known: &[&str]) -> (String, String) {
    let remedy = match known {
        [] => format!("the codebook has no {kind}s"),
        _ => format!("the codebook has `{}`", known.join("`, `")),
    };
    (format!("unknown {kind} `{name}`"), remedy)
}

struct DisplayLabels<'a> {
    labels: &'a LabelSet,
    codebook: &'a Codebook,
}

impl fmt::Display for DisplayLabels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.labels.write(self.codebook, f)
    }
}

/// What a coder said of a sentence: three states for every frame, since `absent` is not the same
/// as `not coded`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coding {
    /// The sentence was not coded (`?`).
    NotCoded,
    /// The frames in the set are present, all others absent.
    Coded(LabelSet),
}

impl Coding {
    /// The labels, where the sentence was coded.
    pub fn labels(&self) -> Option<&LabelSet> {
        match self {
            Coding::NotCoded => None,
            Coding::Coded(labels) => Some(labels),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Choice, Codebook};
    use super::*;

    fn codebook() -> Codebook {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Codebook::from_names(Choice::Multiple, names(&["a", "b"]), names(&["for", "against"]))
    }

    #[test]
    fn the_grammar_reads_back_what_it_writes() {
        let codebook = codebook();
        for text in ["", "a", "a:for", "a:for|b", "a|b:against"] {
            let labels = LabelSet::parse(text, &codebook).unwrap();
            assert_eq!(labels.display(&codebook).to_string(), text);
        }
        let labels = LabelSet::parse(" b:for | a ", &codebook).unwrap();
        assert_eq!(labels.display(&codebook).to_string(), "a|b:for");
    }

    #[test]
    fn faults_say_what_and_what_to_do() {
        let codebook = codebook();
        assert_eq!(
            LabelSet::parse("c", &codebook).unwrap_err(),
            ("unknown frame `c`".into(), "the codebook has `a`, `b`".into())
        );
        assert!(LabelSet::parse("a:foo", &codebook).unwrap_err().0.contains("unknown stance"));
        assert!(LabelSet::parse("a|a:for", &codebook).unwrap_err().0.contains("stands twice"));
        assert!(LabelSet::parse("a||b", &codebook).unwrap_err().0.contains("unknown frame ``"));
    }
}
