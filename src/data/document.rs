//! Articles: plain text files, folders of them, tables, and standard input.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::article_table::{Carried, Source};
use super::compression::{Compression, uncompressed_path};
use super::folder::{Folder, Refusal};
#[cfg(feature = "html")]
use super::html::{article_text, declared_encoding};
use super::input::{convert_whole, read_whole};
use super::output::TableFormat;
use super::reading::Reading;
use super::skip::{Extent, Skipped};
use crate::error::{Error, Place, Result, path_text};
use crate::text::decode_slice;

/// What a file of articles holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// One article.
    Text,
    /// One article in a web page.
    #[cfg(feature = "html")]
    Html,
    /// An article a row.
    Table(TableFormat),
}

impl DocumentKind {
    /// What a file holds by its ending; that of a compression may follow it.
    fn of_path(path: &Path) -> Option<Self> {
        let format = TableFormat::of_path(path).map(DocumentKind::Table);
        let path = uncompressed_path(path);
        let is = |known: &&str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(known));
        #[cfg(feature = "html")]
        if ["html", "htm"].iter().any(is) {
            return Some(DocumentKind::Html);
        }
        format.or(["txt", "md"].iter().any(is).then_some(DocumentKind::Text))
    }

    /// Whether a file of this kind is one article.
    pub(super) fn is_article(self) -> bool {
        !matches!(self, DocumentKind::Table(_))
    }
}

/// A file of one article or of many.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its name in results: the path below the folder that was named, without the ending.
    pub id: String,
    /// Where it is; `-` is standard input.
    pub path: PathBuf,
    /// What it holds.
    pub kind: DocumentKind,
    pub(super) reading: Reading,
    /// Why it is not read, where that showed when it was found.
    pub(super) refusal: Option<Refusal>,
    /// What is known of it beside its text, for every carried column of the result.
    pub(super) sources: Vec<Source>,
}

impl Document {
    fn new(id: String, path: PathBuf, reading: &Reading) -> Self {
        let kind = DocumentKind::of_path(&path).or(reading.kind).unwrap_or(DocumentKind::Text);
        Document { id, path, kind, reading: reading.clone(), refusal: None, sources: Vec::new() }
    }

    /// How many bytes its text has; `None` where that cannot be known beforehand.
    pub(super) fn size(&self) -> Option<usize> {
        if self.refusal.is_some() {
            return Some(0);
        }
        if Compression::of_path(&self.path).is_some() {
            return None;
        }
        let metadata = std::fs::metadata(&self.path).ok().filter(std::fs::Metadata::is_file)?;
        usize::try_from(metadata.len()).ok()
    }

    /// Whether it showed when it was found that it cannot be read: a link that leads out of its
    /// folder, a pipe.
    pub fn is_refused(&self) -> bool {
        self.refusal.is_some()
    }

    /// The cells that are carried to the result.
    pub fn carried(&self) -> Carried<'_> {
        Carried::fixed(&self.sources)
    }

    /// What is left out when it cannot be read.
    ///
    /// # Errors
    ///
    /// The error itself, where it ends the run.
    pub(crate) fn skip(&self, error: Error) -> Result<Skipped> {
        self.reading.on_error.skip(error, Extent::File, Some(self.id.clone()))
    }

    /// Reads the text into a buffer that can be used again for the next; of a web page, that of the
    /// article in it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, holds bytes that are not of its encoding, or is a web page
    /// without an article.
    pub fn read<'a>(&self, buffer: &'a mut Vec<u8>) -> Result<&'a str> {
        if let Some(refusal) = self.refusal {
            return Err(refusal.of(&self.path));
        }
        read_whole(&self.path, buffer)?;
        let place = Place::input(&self.path);
        #[cfg(feature = "html")]
        if self.kind == DocumentKind::Html {
            convert_whole(&self.path, &self.reading, declared_encoding(buffer), buffer)?;
            let article = article_text(decode_slice(buffer, &place)?);
            let fail = |(problem, remedy)| Error::data(place.clone(), problem, remedy);
            *buffer = article.map_err(fail)?.into_bytes();
            return decode_slice(buffer, &place);
        }
        convert_whole(&self.path, &self.reading, None, buffer)?;
        decode_slice(buffer, &place)
    }
}

/// Finds the articles among files and folders, to be read as `reading` says. Folders are searched for
/// texts and web pages, in order of the names; a table of articles must be named itself, since folders
/// hold tables of other kinds. A pattern such as `news/*.html`, which the shell left as it is, stands
/// for the files it fits, in order of the names.
///
/// # Errors
///
/// When a path does not exist, a pattern fits nothing, a folder holds no article, a file is of another
/// kind, or a file is named twice.
pub fn documents(inputs: &[PathBuf], reading: &Reading) -> Result<Vec<Document>> {
    let (mut found, mut named) = (Vec::new(), HashSet::new());
    for input in inputs {
        if input == Path::new("-") {
            found.push(Document::new("stdin".to_owned(), input.clone(), reading));
            continue;
        }
        for path in files_of_pattern(input)? {
            if !named.insert(std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                return Err(named_twice(&path));
            }
            add(&path, reading, &mut found)?;
        }
    }
    name_apart(&mut found)?;
    Ok(found)
}

/// The files that a pattern fits; any other path stands for itself.
fn files_of_pattern(input: &Path) -> Result<Vec<PathBuf>> {
    let fail = |problem: String| Error::data(Place::file(input), problem, "check the pattern");
    let Some(pattern) = input.to_str().filter(|name| name.contains(['*', '?', '['])) else {
        return Ok(vec![input.to_owned()]);
    };
    // A file may bear such a name too.
    if input.exists() {
        return Ok(vec![input.to_owned()]);
    }
    let paths = glob::glob(pattern).map_err(|error| fail(error.to_string()))?;
    // A folder that cannot be searched stands for itself, and is at fault when it is read.
    let paths: Vec<PathBuf> =
        paths.map(|path| path.unwrap_or_else(|error| error.path().to_owned())).collect();
    match paths.is_empty() {
        true => Err(fail("there is no file that this pattern fits".to_owned())),
        false => Ok(paths),
    }
}

/// Adds the articles of a file or folder.
fn add(input: &Path, reading: &Reading, found: &mut Vec<Document>) -> Result<()> {
    let metadata = match std::fs::metadata(input) {
        Ok(metadata) => metadata,
        // A link that leads nowhere was hardly typed: a pattern of the shell fitted it.
        Err(_) if input.is_symlink() => {
            push_named(input, reading, found);
            return Ok(());
        }
        Err(error) => return Err(Error::io(input, "read", error)),
    };
    if metadata.is_dir() {
        let before = found.len();
        search(input, &Folder::of(input), reading, found);
        if found.len() == before {
            return Err(Error::data(
                Place::file(input),
                "this folder holds no article",
                "put .txt, .md or .html files there",
            ));
        }
        return Ok(());
    }
    let is_known = DocumentKind::of_path(input).or(reading.kind).is_some();
    if metadata.is_file() && !is_known {
        return Err(Error::data(
            Place::file(input),
            "this is no article framescope reads",
            format!(
                "give a .txt, .md or .html file or a table of articles ({}; texts also .gz \
                 or .zst), say what it is with --input-format, or pipe the text into `-`",
                TableFormat::ENDINGS
            ),
        ));
    }
    push_named(input, reading, found);
    Ok(())
}

/// Adds a file that was named itself.
fn push_named(input: &Path, reading: &Reading, found: &mut Vec<Document>) {
    let name = Path::new(input.file_name().unwrap_or(input.as_os_str()));
    found.push(Document::new(document_id(name), input.to_owned(), reading));
}

/// Adds what cannot be searched: as an article it is at fault when it is read, in its place among
/// the others.
fn push_unreadable(path: &Path, reading: &Reading, found: &mut Vec<Document>) {
    // No article is named so.
    let id = format!("{}/", path.display());
    let document = Document::new(id, path.to_owned(), reading);
    found.push(Document { kind: DocumentKind::Text, ..document });
}

fn document_id(path: &Path) -> String {
    path_text(&uncompressed_path(path).with_extension("")).replace(std::path::MAIN_SEPARATOR, "/")
}

fn search(folder: &Path, root: &Folder<'_>, reading: &Reading, found: &mut Vec<Document>) {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let Ok(mut entries) = entries else { return push_unreadable(folder, reading, found) };
    entries.sort_by_cached_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // Known from the folder itself, without asking for each file. A link is no folder: it could
        // lead round in circles.
        let path = entry.path();
        let Ok(kind) = entry.file_type() else {
            push_unreadable(&path, reading, found);
            continue;
        };
        if kind.is_dir() {
            search(&path, root, reading, found);
            continue;
        }
        let is_article = DocumentKind::of_path(&path).is_some_and(DocumentKind::is_article);
        let refusal = root.refusal(&path, kind, is_article);
        if is_article || refusal.is_some() {
            let id = document_id(path.strip_prefix(root.path).unwrap_or(&path));
            let document = Document::new(id, path, reading);
            let kind = if refusal.is_some() { DocumentKind::Text } else { document.kind };
            found.push(Document { refusal, kind, ..document });
        }
    }
}

/// Documents that would bear the same name take their whole path instead.
fn name_apart(documents: &mut [Document]) -> Result<()> {
    let twice: HashSet<String> = repeated(documents).map(|document| document.id.clone()).collect();
    if twice.is_empty() {
        return Ok(());
    }
    for document in documents.iter_mut().filter(|document| twice.contains(&document.id)) {
        document.id = path_text(&document.path);
    }
    match repeated(documents).next() {
        Some(document) => Err(named_twice(&document.path)),
        None => Ok(()),
    }
}

/// The documents whose name another bears before them.
fn repeated(documents: &[Document]) -> impl Iterator<Item = &Document> {
    let mut seen = HashSet::with_capacity(documents.len());
    documents.iter().filter(move |document| !seen.insert(document.id.as_str()))
}

fn named_twice(path: &Path) -> Error {
    Error::data(Place::file(path), "this article is named twice", "name it once")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_in_order_and_names_stay_apart() {
        let root = tempfile::tempdir().unwrap();
        for name in ["b.txt", "a/x.md", "a/y.TXT", ".hidden.txt", "note.pdf", "x.md", "x.txt"] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "Text.").unwrap();
        }
        let found = documents(&[root.path().to_owned()], &Reading::default()).unwrap();
        let ids: Vec<String> = found.into_iter().map(|document| document.id).collect();
        let whole = |name: &str| root.path().join(name).to_string_lossy().into_owned();
        assert_eq!(ids, ["a/x", "a/y", "b", &whole("x.md"), &whole("x.txt")]);

        let twice = vec![root.path().join("b.txt"); 2];
        assert!(
            documents(&twice, &Reading::default()).unwrap_err().to_string().contains("named twice")
        );
        let other = vec![root.path().join("note.pdf")];
        assert!(
            documents(&other, &Reading::default())
                .unwrap_err()
                .to_string()
                .contains("no article framescope")
        );
    }
}
