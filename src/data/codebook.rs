//! The codebook: which frames and stances there are, and what they mean.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::label::LabelSet;
use super::table::read_bytes;
use crate::error::{Error, Place, Result};
use crate::text::decode;

/// How many frames a sentence may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// None, one or several: each frame is a yes-or-no question of its own.
    #[default]
    Multiple,
    /// Exactly one: the frames exclude each other and their probabilities sum to 1.
    Single,
}

/// A frame, and when it is present.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// The name that stands in label files.
    pub name: String,
    /// What a sentence is about when the frame is present.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub definition: String,
    /// Cases that count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Cases that look alike and do not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Words and phrases that speak for the frame (`core technolog*`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<String>,
    /// Phrases in which a signal does not count (`social security`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signal_exceptions: Vec<String>,
}

/// A stance towards a frame, and when it is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stance {
    /// The name that stands in label files.
    pub name: String,
    /// When a sentence takes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub definition: String,
}

/// A sentence that coders disagreed on, and how it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The sentence.
    pub text: String,
    /// Its labels, in the grammar of label files.
    #[serde(default)]
    pub labels: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Frames, stances, and the rules of coding.
///
/// # Examples
///
/// ```
/// use framescope::data::Codebook;
/// use framescope::error::Place;
///
/// let toml = r#"
///     name = "energy"
///     frame = [{ name = "cost" }, { name = "climate" }]
///     stance = [{ name = "for" }, { name = "against" }]
/// "#;
/// let codebook = Codebook::parse(toml, &Place::file("energy.toml"))?;
/// assert_eq!(codebook.frame_names(), ["cost", "climate"]);
/// # Ok::<(), framescope::error::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Codebook {
    /// A short name.
    #[serde(default)]
    pub name: String,
    /// Changes whenever a rule changes.
    #[serde(default)]
    pub version: String,
    /// ISO 639-1 code of the language of the texts; decides the sentence rules.
    #[serde(default = "english")]
    pub language: String,
    /// How many frames a sentence may carry.
    #[serde(default)]
    pub choice: Choice,
    /// Rules that hold for every frame.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// The frames, in the order of result columns.
    #[serde(rename = "frame")]
    pub frames: Vec<Frame>,
    /// The stances, empty where none is coded.
    #[serde(rename = "stance", default, skip_serializing_if = "Vec::is_empty")]
    pub stances: Vec<Stance>,
    /// Decided cases.
    #[serde(rename = "example", default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
}

fn english() -> String {
    "en".to_owned()
}

impl Codebook {
    /// Reads a TOML codebook.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is not TOML, names a frame or stance twice, not at all, or
    /// with a character that the grammar of labels needs, or labels an example with another.
    pub fn read(path: &Path) -> Result<Self> {
        let place = Place::file(path);
        Self::parse(&decode(read_bytes(path)?, &place)?, &place)
    }

    /// Parses a TOML codebook; `place` names it in errors.
    ///
    /// # Errors
    ///
    /// As [`Codebook::read`].
    pub fn parse(toml: &str, place: &Place) -> Result<Self> {
        let codebook: Codebook = toml::from_str(toml).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = toml[..start].matches('\n').count() as u64 + 1;
            let problem = error.message().trim().replace('\n', ", ");
            Error::data(place.line(line), problem, "see `labels/codebook.toml` for an example")
        })?;
        codebook.check(place)?;
        Ok(codebook)
    }

    /// A codebook of bare names, for data that bring none.
    pub fn from_names(choice: Choice, frames: Vec<String>, stances: Vec<String>) -> Self {
        Codebook {
            language: english(),
            choice,
            frames: frames.into_iter().map(|name| Frame { name, ..Frame::default() }).collect(),
            stances: stances.into_iter().map(|name| Stance { name, ..Stance::default() }).collect(),
            ..Codebook::default()
        }
    }

    fn check(&self, place: &Place) -> Result<()> {
        let fail = |problem: String, remedy: &str| Err(Error::data(place.clone(), problem, remedy));
        if self.frames.is_empty() {
            return fail("the codebook has no frame".into(), "add a `[[frame]]` with a `name`");
        }
        let frames = self.frames.iter().map(|frame| ("frame", &frame.name));
        let stances = self.stances.iter().map(|stance| ("stance", &stance.name));
        let mut seen = BTreeSet::new();
        for (kind, name) in frames.chain(stances) {
            if !seen.insert((kind, name)) {
                return fail(format!("{kind} `{name}` stands twice"), "keep one of them");
            }
            if !is_name(name) {
                return fail(
                    format!("`{name}` cannot name a {kind}"),
                    "use a name without `|`, `:`, `?`, line breaks or blanks at its ends",
                );
            }
        }
        for Example { text, labels, .. } in &self.examples {
            if let Err((problem, remedy)) = LabelSet::parse(labels, self) {
                return fail(format!("example `{text}`: {problem}"), &remedy);
            }
        }
        Ok(())
    }

    /// The names of the frames, in order.
    pub fn frame_names(&self) -> Vec<&str> {
        self.frames.iter().map(|frame| frame.name.as_str()).collect()
    }

    /// The names of the stances, in order.
    pub fn stance_names(&self) -> Vec<&str> {
        self.stances.iter().map(|stance| stance.name.as_str()).collect()
    }

    /// The index of a frame.
    pub fn frame(&self, name: &str) -> Option<usize> {
        self.frames.iter().position(|frame| frame.name == name)
    }

    /// The index of a stance.
    pub fn stance(&self, name: &str) -> Option<usize> {
        self.stances.iter().position(|stance| stance.name == name)
    }
}

/// Whether a name can stand in a label file.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && !name.contains(['|', ':', '?', '\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(toml: &str) -> String {
        Codebook::parse(toml, &Place::file("c.toml")).unwrap_err().to_string()
    }

    #[test]
    fn faults_are_named() {
        assert!(message("frame = []").contains("no frame"));
        assert!(message("[[frame]]\nname = 'a'\n[[frame]]\nname = 'a'").contains("stands twice"));
        assert!(message("[[frame]]\nname = 'a:b'").contains("cannot name a frame"));
        let example = "[[frame]]\nname = 'a'\n[[example]]\ntext = 't'\nlabels = 'b'";
        assert!(message(example).contains("unknown frame `b`"));
        assert!(message("name = 'x'\n[[frame]]\nnmae = 'a'").starts_with("c.toml, line 3: "));
    }
}
