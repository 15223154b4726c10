//! brat stand-off: a folder a coder, with `.txt` and `.ann` files; a `T` for each frame on the
//! sentence's span, with an attribute `Stance`. Offsets count Unicode code points.
//!
//! `sentences.csv`, beside the texts, says where each sentence stands and what its id is. Without
//! it, each line of a text is a sentence. A sentence that was not coded bears a `T` of the type
//! `not-coded`.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::draft::{Code, Draft, DraftRow};
use super::write::{FileNames, Written, carried, table};
use crate::data::folder::entries;
use crate::data::table::read_bytes;
use crate::data::{Coding, LabelFile, LabelledRow, Table, TableFormat, stem};
use crate::error::{Error, Place, Result};
use crate::text::decode;

/// The type that marks a sentence as not coded.
const NOT_CODED: &str = "not-coded";

/// The list of sentences, and its columns of places.
const SENTENCES: &str = "sentences.csv";
const COLUMNS: [&str; 6] = ["brat.file", "brat.start", "brat.end", "id", "document", "coder"];

fn has_ending(path: &Path, ending: &str) -> bool {
    path.is_file() && path.extension().is_some_and(|found| found == ending)
}

/// Whether a folder holds annotations of brat, itself or in its folders.
pub(super) fn is_folder(folder: &Path) -> Result<bool> {
    for path in entries(folder)? {
        if has_ending(&path, "ann") {
            return Ok(true);
        }
        if path.is_dir() && entries(&path)?.iter().any(|path| has_ending(path, "ann")) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn read(folder: &Path, draft: &mut Draft) -> Result<()> {
    if !folder.is_dir() {
        let problem = "this is no folder";
        let remedy =
            "name the folder of the .txt and .ann files, or one with a folder for each coder";
        return Err(Error::data(Place::input(folder), problem, remedy));
    }
    if !is_folder(folder)? {
        let problem = "there is no .ann file in this folder";
        return Err(Error::data(Place::file(folder), problem, "name brat's folder of annotations"));
    }
    let within = entries(folder)?;
    let folders = within.iter().filter(|path| path.is_dir());
    for folder in std::iter::once(folder).chain(folders.map(PathBuf::as_path)) {
        read_coder(folder, draft)?;
    }
    Ok(())
}

/// A sentence, and where it stands in its text.
struct Unit {
    span: Range<usize>,
    not_coded: bool,
    codes: Vec<Code>,
    row: DraftRow,
}

fn read_coder(folder: &Path, draft: &mut Draft) -> Result<()> {
    let coder = match folder.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => "coder".to_owned(),
    };
    let list = folder.join(SENTENCES);
    let list = list.is_file().then(|| Table::read(&list)).transpose()?;
    for path in entries(folder)?.into_iter().filter(|path| has_ending(path, "txt")) {
        let place = Place::file(&path);
        let bytes = read_bytes(&path)?;
        // brat counts a byte-order mark as a character; decoding takes it away.
        let mark = bytes.starts_with("\u{feff}".as_bytes()).then_some('\u{feff}');
        let text: Vec<char> = mark.into_iter().chain(decode(bytes, &place)?.chars()).collect();
        let mut units = match &list {
            Some(list) => listed(list, &path, &text, &coder)?,
            None => lines(&path, &text, &coder),
        };
        let annotations = path.with_extension("ann");
        if annotations.is_file() {
            annotate(&annotations, &text, &mut units, draft)?;
        } else {
            draft.count("texts without an .ann file, read as not coded");
            units.iter_mut().for_each(|unit| unit.not_coded = true);
        }
        for Unit { mut row, not_coded, codes, .. } in units {
            if not_coded && !codes.is_empty() {
                let problem = format!("`{}` is marked `{NOT_CODED}` and carries frames", row.id);
                return Err(Error::data(row.place, problem, "remove the mark or the frames"));
            }
            row.codes = if not_coded {
                None
            } else if list.is_some() {
                Some(codes)
            } else {
                draft.codes(codes)
            };
            draft.push(row);
        }
    }
    Ok(())
}

/// The lines of a text that are not blank.
fn lines(path: &Path, text: &[char], coder: &str) -> Vec<Unit> {
    let document = stem(path);
    let mut units = Vec::new();
    let mut start = 0;
    for (index, line) in text.split(|&c| c == '\n').enumerate() {
        let span = start..start + line.len();
        start = span.end + 1;
        let content: String = line.iter().collect();
        let content = content.trim_matches(['\u{feff}', '\r']).trim();
        if content.is_empty() {
            continue;
        }
        let row = DraftRow {
            place: Place::file(path).line(index as u64 + 1),
            id: format!("{document}:{}", units.len()),
            text: content.to_owned(),
            coder: coder.to_owned(),
            document: Some(document.clone()),
            codes: None,
            extra: Vec::new(),
        };
        units.push(Unit { span, not_coded: false, codes: Vec::new(), row });
    }
    units
}

/// The sentences of a text that the list names.
fn listed(list: &Table, path: &Path, text: &[char], coder: &str) -> Result<Vec<Unit>> {
    let columns =
        COLUMNS.iter().map(|name| list.required_column(name)).collect::<Result<Vec<usize>>>()?;
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut units = Vec::new();
    for row in list.rows.iter().filter(|row| row.cells[columns[0]] == file_name) {
        let place = list.place.line(row.line);
        let cell = |index: usize| row.cells[columns[index]].as_str();
        let span = match (cell(1).parse::<usize>(), cell(2).parse::<usize>()) {
            (Ok(start), Ok(end)) if start <= end && end <= text.len() => start..end,
            _ => {
                let problem = format!("`{}` to `{}` is no place in {file_name}", cell(1), cell(2));
                let remedy = "leave the texts as they were, or remove this file";
                return Err(Error::data(place, problem, remedy));
            }
        };
        let some = |cell: &str| (!cell.is_empty()).then(|| cell.to_owned());
        let others = list.header.iter().zip(&row.cells).enumerate();
        let others = others.filter(|(column, _)| !columns.contains(column));
        let row = DraftRow {
            place,
            id: cell(3).to_owned(),
            text: text[span.clone()].iter().collect(),
            coder: some(cell(5)).unwrap_or_else(|| coder.to_owned()),
            document: some(cell(4)),
            codes: None,
            extra: others.map(|(_, (name, cell))| (name.clone(), cell.clone())).collect(),
        };
        units.push(Unit { span, not_coded: false, codes: Vec::new(), row });
    }
    Ok(units)
}

/// A text-bound annotation.
struct Bound {
    place: Place,
    kind: String,
    spans: Vec<Range<usize>>,
    stance: Option<String>,
    notes: Vec<String>,
}

/// Reads an `.ann` file and gives its frames to the sentences they stand in.
fn annotate(path: &Path, text: &[char], units: &mut [Unit], draft: &mut Draft) -> Result<()> {
    let file = Place::file(path);
    let content = decode(read_bytes(path)?, &file)?;
    let mut bounds: Vec<Bound> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    // Attributes and notes may stand before what they speak of.
    let mut later: Vec<(Place, &str, Vec<&str>)> = Vec::new();
    for (index, line) in content.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = file.line(index as u64 + 1);
        let parts: Vec<&str> = line.splitn(3, '\t').collect();
        match parts[0].chars().next() {
            Some('T') => {
                known.insert(parts[0], bounds.len());
                bounds.push(bound(&parts, text, place)?);
            }
            Some('A' | 'M' | '#') => later.push((place, line, parts)),
            _ => draft.count("events, relations and links of brat, left out"),
        }
    }
    for (place, line, parts) in later {
        let mut words = parts.get(1).copied().unwrap_or_default().split_whitespace();
        let (kind, target, value) = (words.next(), words.next(), words.next());
        let bound = target.and_then(|target| known.get(target)).map(|&at| &mut bounds[at]);
        match (bound, kind, value) {
            (Some(bound), _, _) if line.starts_with('#') => {
                bound.notes.extend(parts.get(2).map(|note| (*note).to_owned()));
            }
            (Some(bound), Some("Stance"), Some(value)) => {
                if bound.stance.as_deref().is_some_and(|earlier| earlier != value) {
                    let problem = format!("`{}` has two stances", bound.kind);
                    return Err(Error::data(place, problem, "keep one"));
                }
                bound.stance = Some(value.to_owned());
            }
            _ if line.starts_with('#') => draft.count("notes on nothing that is there, left out"),
            _ => draft.count("attributes other than Stance, left out"),
        }
    }
    for bound in bounds {
        give(bound, units, draft)?;
    }
    Ok(())
}

/// Parses `T1⇥frame 0 57⇥text`, or `frame 4 7;12 16` for a span in pieces.
fn bound(parts: &[&str], text: &[char], place: Place) -> Result<Bound> {
    let fail = |problem: String, remedy: &str| Err(Error::data(place.clone(), problem, remedy));
    let (kind, offsets) = parts.get(1).and_then(|part| part.split_once(' ')).unwrap_or_default();
    let span = |pair: &str| {
        let (start, end) = pair.trim().split_once(' ')?;
        let (start, end) = (start.parse::<usize>().ok()?, end.parse::<usize>().ok()?);
        (start < end && end <= text.len()).then_some(start..end)
    };
    let Some(spans) = offsets.split(';').map(span).collect::<Option<Vec<_>>>() else {
        let problem = format!("`{offsets}` is no place in the text");
        return fail(problem, "a line reads `T1⇥frame START END⇥text`, in code points of the .txt");
    };
    if let Some(covered) = parts.get(2) {
        let there: Vec<String> =
            spans.iter().map(|span| text[span.clone()].iter().collect()).collect();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let there = words(&there.join(" "));
        if words(covered) != there {
            let problem = format!("the text there is `{there}`, not `{}`", words(covered));
            return fail(problem, "offsets count Unicode code points of the .txt, from 0");
        }
    }
    Ok(Bound { place, kind: kind.to_owned(), spans, stance: None, notes: Vec::new() })
}

/// Gives a frame to every sentence that it covers a part of.
fn give(bound: Bound, units: &mut [Unit], draft: &mut Draft) -> Result<()> {
    let mut given = 0;
    for unit in units.iter_mut() {
        let meets = |span: &Range<usize>| span.start < unit.span.end && unit.span.start < span.end;
        if !bound.spans.iter().any(meets) {
            continue;
        }
        given += 1;
        match bound.kind == NOT_CODED {
            true => unit.not_coded = true,
            false => {
                let code = Code::new(&bound.kind, bound.stance.as_deref(), &bound.place)?;
                let other = |known: &Code| known.frame == code.frame && *known != code;
                if unit.codes.iter().any(other) {
                    let problem = format!("frame `{}` has two stances in a sentence", code.frame);
                    return Err(Error::data(bound.place, problem, "give it one"));
                }
                unit.codes.push(code);
            }
        }
        for note in &bound.notes {
            match unit.row.extra.iter_mut().find(|(name, _)| name == "note") {
                Some((_, known)) if known.is_empty() => known.clone_from(note),
                Some((_, known)) if known == note => {}
                Some((_, known)) => *known = format!("{known} / {note}"),
                None => unit.row.extra.push(("note".to_owned(), note.clone())),
            }
        }
    }
    match given {
        0 => draft.count("annotations outside all sentences, left out"),
        1 => {}
        _ => draft.count("annotations over several sentences, given to each"),
    }
    Ok(())
}

pub(super) fn write(file: &LabelFile, notes: &mut Vec<String>) -> Result<Written> {
    check_names(file)?;
    let carried = carried(file, |name| COLUMNS.contains(&name), notes);
    let mut files = vec![(PathBuf::from("annotation.conf"), configuration(file).into_bytes())];
    let mut folders = FileNames::new();
    for coder in file.coders() {
        let rows: Vec<&LabelledRow> = file.rows.iter().filter(|row| row.coder == coder).collect();
        let folder = PathBuf::from(folders.name(coder));
        write_coder(file, &rows, &carried, &folder, &mut files);
    }
    notes.push(format!(
        "brat shows no ids and no other columns: they are in {SENTENCES}, which reading back needs"
    ));
    Ok(Written::Folder(files))
}

/// brat's types and values are words of letters, digits, `-` and `_`.
fn check_names(file: &LabelFile) -> Result<()> {
    let names = file.codebook.frame_names().into_iter().chain(file.codebook.stance_names());
    for name in names {
        let word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !word || name == NOT_CODED {
            let place = file.rows.first().map(|row| row.place.clone()).unwrap_or_default();
            let problem = format!("`{name}` can name no frame or stance in brat");
            let remedy = "rename it: letters of ASCII, digits, `-` and `_`, and not `not-coded`";
            return Err(Error::data(place, problem, remedy));
        }
    }
    Ok(())
}

/// What brat offers to coders.
fn configuration(file: &LabelFile) -> String {
    let frames = file.codebook.frame_names().join("\n");
    let stances = file.codebook.stance_names().join("|");
    let stance = match stances.is_empty() {
        true => String::new(),
        false => format!("Stance\tArg:<ENTITY>, Value:{stances}\n"),
    };
    format!(
        "[entities]\n{frames}\n{NOT_CODED}\n\n[relations]\n\n[events]\n\n[attributes]\n{stance}"
    )
}

/// A text, its annotations, and how far they have come.
#[derive(Default)]
struct Document {
    text: String,
    length: usize,
    annotations: String,
    bounds: usize,
    attributes: usize,
}

fn write_coder(
    file: &LabelFile,
    rows: &[&LabelledRow],
    carried: &[usize],
    folder: &Path,
    files: &mut Vec<(PathBuf, Vec<u8>)>,
) {
    let mut documents: Vec<(String, Document)> = Vec::new();
    let mut document_of: HashMap<Option<&str>, usize> = HashMap::new();
    let mut names = FileNames::new();
    let mut list = Vec::new();
    for row in rows {
        let at = *document_of.entry(row.document.as_deref()).or_insert_with(|| {
            let name = names.name(row.document.as_deref().unwrap_or("text"));
            documents.push((name, Document::default()));
            documents.len() - 1
        });
        let (name, document) = &mut documents[at];
        let start = document.length;
        let end = start + row.text.chars().count();
        document.text += &row.text;
        document.text.push('\n');
        document.length = end + 1;
        document.annotate(file, row, start);
        let mut cells =
            vec![format!("{name}.txt"), start.to_string(), end.to_string(), row.id.clone()];
        cells.extend([row.document.clone().unwrap_or_default(), row.coder.clone()]);
        cells.extend(carried.iter().map(|&column| row.extra[column].clone()));
        list.push(cells);
    }
    for (name, document) in documents {
        files.push((folder.join(format!("{name}.txt")), document.text.into_bytes()));
        files.push((folder.join(format!("{name}.ann")), document.annotations.into_bytes()));
    }
    let mut header: Vec<String> = COLUMNS.map(str::to_owned).to_vec();
    header.extend(carried.iter().map(|&column| file.extra_columns[column].clone()));
    files.push((folder.join(SENTENCES), table(TableFormat::Csv, header, &list)));
}

impl Document {
    /// Adds the annotations of a sentence that begins at `start`.
    fn annotate(&mut self, file: &LabelFile, row: &LabelledRow, start: usize) {
        let place = pieces(&row.text, start);
        let covered = row.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut bound = |kind: &str, stance: Option<&str>| {
            self.bounds += 1;
            let bound = self.bounds;
            self.annotations += &format!("T{bound}\t{kind} {place}\t{covered}\n");
            if let Some(stance) = stance {
                self.attributes += 1;
                self.annotations += &format!("A{}\tStance T{bound} {stance}\n", self.attributes);
            }
        };
        match &row.coding {
            Coding::NotCoded => bound(NOT_CODED, None),
            Coding::Coded(labels) => {
                for label in labels.iter() {
                    let stance =
                        label.stance.map(|index| file.codebook.stances[index].name.as_str());
                    bound(&file.codebook.frames[label.frame].name, stance);
                }
            }
        }
    }
}

/// The places of a text's lines, since no span of brat goes over a line's end.
fn pieces(text: &str, start: usize) -> String {
    let mut pieces = Vec::new();
    let mut at = start;
    for line in text.split('\n') {
        let end = at + line.chars().count();
        if at < end {
            pieces.push(format!("{at} {end}"));
        }
        at = end + 1;
    }
    pieces.join(";")
}
