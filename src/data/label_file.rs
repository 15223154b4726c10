//! Label files: sentences, who coded them, and how.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::codebook::is_name;
use super::compression::stem;
use super::skip::{Extent, Faults, OnError, Skipped};
use super::{Choice, Codebook, Coding, LabelSet, Table, TableRow};
use crate::error::{Error, Place, Result, listed};

/// What a label file must bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelSchema {
    /// `id,text,labels`: for training and scoring.
    WithText,
    /// `id,labels`: where only the codes matter.
    CodesOnly,
    /// The same, of a classifier: columns `p.<frame>` name frames as labels do, also such as are
    /// given to no sentence.
    Results,
}

/// A coded sentence.
#[derive(Debug, Clone)]
pub struct LabelledRow {
    /// File and line it came from.
    pub place: Place,
    /// The sentence's name, the same for all its coders.
    pub id: String,
    /// The sentence; empty in a file without texts.
    pub text: String,
    /// What the coder said.
    pub coding: Coding,
    /// Who coded it: the column `coder`, or the file's name.
    pub coder: String,
    /// The article it stands in.
    pub document: Option<String>,
    /// The cells of all columns of [`LabelFile::extra_columns`].
    pub extra: Vec<String>,
}

/// A table of articles in the place of one of sentences needs another remedy than a new column name.
fn unclassified(table: &Table, error: Error) -> Error {
    match table.column("text").or(table.column("source")) {
        Some(_) => {
            let problem = "there is no column `labels`";
            let remedy = format!(
                "the columns are {}; give a label file: articles become one by `framescope \
                 classify`, or by `framescope sample` and coding",
                listed(&table.header)
            );
            Error::data(table.place.header(), problem, remedy)
        }
        None => error,
    }
}

/// One or several label files, read as one.
#[derive(Debug, Clone)]
pub struct LabelFile {
    /// The codebook that was given, or the one found in the data.
    pub codebook: Codebook,
    /// All rows, in the order of the files.
    pub rows: Vec<LabelledRow>,
    /// Names of the columns beside `id,text,labels,coder,document`, in order of appearance.
    pub extra_columns: Vec<String>,
    /// What to know about how the files were read.
    pub notices: Vec<String>,
    /// The SHA-256 of what stood on standard input, where that was read.
    pub input_digest: Option<String>,
    /// What was left out of them.
    pub skipped: Vec<Skipped>,
}

const KNOWN_COLUMNS: [&str; 5] = ["id", "text", "labels", "coder", "document"];

impl LabelFile {
    /// Reads label files. Frames and stances come from `codebook` or, without one, from the data,
    /// sorted by name.
    ///
    /// # Errors
    ///
    /// With file, line and column: a missing column, an unknown frame or stance, a doubled
    /// (`id`,`coder`), an empty text, a row without exactly one frame under a single-choice
    /// codebook, and everything that [`Table::read`] refuses. Also when no row is coded.
    pub fn read(
        paths: &[PathBuf],
        codebook: Option<&Codebook>,
        schema: LabelSchema,
    ) -> Result<Self> {
        Self::read_with(paths, codebook, schema, OnError::Stop)
    }

    /// The same, with rows and files at fault left out where they are not to stop it.
    ///
    /// # Errors
    ///
    /// As [`LabelFile::read`]; of what is left out, only when it leaves nothing to go by: a column
    /// that is missing, no row that is coded.
    pub fn read_with(
        paths: &[PathBuf],
        codebook: Option<&Codebook>,
        schema: LabelSchema,
        on_error: OnError,
    ) -> Result<Self> {
        let (mut tables, mut faults) = (Vec::new(), Faults::new(on_error));
        for path in paths {
            match Table::read_with(path, &mut faults) {
                Ok(table) => tables.push((path.as_path(), table)),
                Err(error) if is_missing(path) => return Err(error),
                Err(error) => faults.add(error, Extent::File, None)?,
            }
        }
        if tables.is_empty()
            && let Some(first) = faults.skipped.pop()
        {
            return Err(first.into());
        }
        let mut file = Self::from_tables(&tables, codebook, schema, faults)?;
        file.skipped.sort_by_key(|skipped| skipped.place.order_in(paths));
        Ok(file)
    }

    fn from_tables(
        tables: &[(&Path, Table)],
        codebook: Option<&Codebook>,
        schema: LabelSchema,
        mut faults: Faults,
    ) -> Result<Self> {
        if let Some((_, table)) = tables.first()
            && tables.iter().all(|(_, table)| table.rows.is_empty())
        {
            let problem = "there is no row below the header";
            return Err(Error::data(table.place.clone(), problem, "add coded sentences"));
        }
        let codebook = match codebook {
            Some(codebook) => codebook.clone(),
            None => found_codebook(tables, schema, faults.on_error)?,
        };
        let mut extra_columns: Vec<String> = Vec::new();
        for name in tables.iter().flat_map(|(_, table)| &table.header) {
            if !KNOWN_COLUMNS.contains(&name.as_str()) && !extra_columns.contains(name) {
                extra_columns.push(name.clone());
            }
        }
        let notices = tables.iter().filter_map(|(_, table)| table.notice.clone()).collect();
        let input_digest = tables.iter().find_map(|(_, table)| table.digest.clone());
        let (rows, skipped) = (Vec::new(), Vec::new());
        let mut file = LabelFile { codebook, rows, extra_columns, notices, input_digest, skipped };
        let mut first_seen = HashMap::new();
        for (path, table) in tables {
            file.append(table, path, schema, &mut first_seen, &mut faults)?;
        }
        file.skipped = faults.into_skipped();
        let coded = file.rows.iter().filter(|row| row.coding != Coding::NotCoded).count();
        if coded == 0 {
            let place = first_place(tables);
            let problem = "no row is coded (all labels are `?`)";
            return Err(Error::data(place, problem, "add coded sentences"));
        }
        Ok(file)
    }

    fn append(
        &mut self,
        table: &Table,
        path: &Path,
        schema: LabelSchema,
        first_seen: &mut HashMap<(String, String), Place>,
        faults: &mut Faults,
    ) -> Result<()> {
        let columns = Columns::of(table, schema, &self.extra_columns)?;
        let stem = stem(path);
        for row in &table.rows {
            let place = table.place.line(row.line);
            let read = self.row(row, &columns, &stem, place).and_then(|row| once(row, first_seen));
            match read {
                Ok(row) => self.rows.push(row),
                Err(error) => {
                    let id = Some(row.cells[columns.id].clone()).filter(|id| !id.is_empty());
                    faults.add(error, Extent::Row, id)?;
                }
            }
        }
        Ok(())
    }

    fn row(
        &self,
        row: &TableRow,
        columns: &Columns,
        stem: &str,
        place: Place,
    ) -> Result<LabelledRow> {
        let cell = |column: Option<usize>| column.map(|column| row.cells[column].as_str());
        let name = &row.cells[columns.id];
        if name.is_empty() {
            return Err(Error::data(place.column("id"), "the id is empty", "name the sentence"));
        }
        let coder = cell(columns.coder).filter(|name| !name.is_empty()).unwrap_or(stem).to_owned();
        let text = cell(columns.text).unwrap_or_default();
        if columns.needs_text && text.trim().is_empty() {
            let remedy = "give the sentence or remove the row";
            return Err(Error::data(place.column("text"), "the text is empty", remedy));
        }
        let document = cell(columns.document).filter(|name| !name.is_empty());
        let extra = columns.extra.iter().map(|&at| cell(at).unwrap_or_default().to_owned());
        Ok(LabelledRow {
            id: name.clone(),
            text: text.to_owned(),
            coding: self.coding(&row.cells[columns.labels], &place)?,
            coder,
            document: document.map(str::to_owned),
            extra: extra.collect(),
            place,
        })
    }

    fn coding(&self, cell: &str, place: &Place) -> Result<Coding> {
        if cell.trim() == "?" {
            return Ok(Coding::NotCoded);
        }
        let labels = LabelSet::parse(cell, &self.codebook)
            .map_err(|(problem, remedy)| Error::data(place.column("labels"), problem, remedy))?;
        if self.codebook.choice == Choice::Single && labels.len() != 1 {
            return Err(Error::data(
                place.column("labels"),
                format!("{} frames, where the codebook asks for exactly one", labels.len()),
                "give one frame, or `?` where the sentence was not coded",
            ));
        }
        Ok(Coding::Coded(labels))
    }

    /// The coded sentences, where each has one coding.
    ///
    /// # Errors
    ///
    /// When a sentence is coded by several people, since which of them is right is not for a
    /// program to guess.
    pub fn gold(&self) -> Result<Vec<(&LabelledRow, &LabelSet)>> {
        let mut coders: HashMap<&str, &str> = HashMap::new();
        let mut gold = Vec::new();
        for row in &self.rows {
            let Some(labels) = row.coding.labels() else { continue };
            if let Some(first) = coders.insert(&row.id, &row.coder) {
                return Err(Error::data(
                    row.place.column("coder"),
                    format!("`{}` is coded by `{first}` and by `{}`", row.id, row.coder),
                    "keep one row for each sentence, with the labels agreed on",
                ));
            }
            gold.push((row, labels));
        }
        Ok(gold)
    }

    /// The coders, sorted.
    pub fn coders(&self) -> Vec<&str> {
        let coders: BTreeSet<&str> = self.rows.iter().map(|row| row.coder.as_str()).collect();
        coders.into_iter().collect()
    }
}

/// Where in a table its columns are.
struct Columns {
    id: usize,
    labels: usize,
    text: Option<usize>,
    needs_text: bool,
    coder: Option<usize>,
    document: Option<usize>,
    extra: Vec<Option<usize>>,
}

impl Columns {
    fn of(table: &Table, schema: LabelSchema, extra: &[String]) -> Result<Self> {
        let needs_text = schema == LabelSchema::WithText;
        Ok(Columns {
            id: table.required_column("id")?,
            labels: table.required_column("labels").map_err(|error| unclassified(table, error))?,
            text: match needs_text {
                true => Some(table.required_column("text")?),
                false => table.column("text"),
            },
            needs_text,
            coder: table.column("coder"),
            document: table.column("document"),
            extra: extra.iter().map(|name| table.column(name)).collect(),
        })
    }
}

/// The row, unless its coder coded its sentence before.
fn once(
    row: LabelledRow,
    first_seen: &mut HashMap<(String, String), Place>,
) -> Result<LabelledRow> {
    use std::collections::hash_map::Entry;
    let LabelledRow { place, id, coder, .. } = &row;
    match first_seen.entry((id.clone(), coder.clone())) {
        Entry::Occupied(first) => Err(Error::data(
            place.column("id"),
            format!("`{id}` by coder `{coder}` stands twice (first: {})", first.get()),
            "keep one row for each sentence and coder (without a column `coder`, the file's name is \
             the coder)",
        )),
        Entry::Vacant(slot) => {
            slot.insert(place.clone());
            Ok(row)
        }
    }
}

/// Whether a path is a typing mistake rather than a file at fault.
fn is_missing(path: &Path) -> bool {
    path != Path::new("-") && !path.exists() && !path.is_symlink()
}

fn first_place(tables: &[(&Path, Table)]) -> Place {
    tables.first().map(|(_, table)| table.place.clone()).unwrap_or_default()
}

/// Numbers the groups that rows belong to, in order of first appearance. Rows without a group are
/// groups of their own.
pub fn group_indices<'a>(names: impl IntoIterator<Item = Option<&'a str>>) -> Vec<usize> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut next = 0;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    names
        .into_iter()
        .map(|name| match name {
            Some(name) => *seen.entry(name).or_insert_with(&mut fresh),
            None => fresh(),
        })
        .collect()
}

/// The frames and stances that stand in the data, sorted by name.
fn found_codebook(
    tables: &[(&Path, Table)],
    schema: LabelSchema,
    on_error: OnError,
) -> Result<Codebook> {
    let (mut frames, mut stances) = (BTreeSet::new(), BTreeSet::new());
    if schema == LabelSchema::Results {
        let columns = tables.iter().flat_map(|(_, table)| &table.header);
        let names: Vec<&str> = columns.filter_map(|column| column.strip_prefix("p.")).collect();
        // `p.<frame>.<stance>` stands beside `p.<frame>`.
        let is_stance =
            |name: &str| name.rsplit_once('.').is_some_and(|(frame, _)| names.contains(&frame));
        let names = names.iter().filter(|name| is_name(name) && !is_stance(name));
        frames.extend(names.map(|&name| name.to_owned()));
    }
    let mut exactly_one = true;
    for (_, table) in tables {
        let column = table.required_column("labels").map_err(|error| unclassified(table, error))?;
        for row in &table.rows {
            let cell = row.cells[column].trim();
            if cell == "?" {
                continue;
            }
            let Some(parts) = labels_in(cell) else {
                // Left out when it is read.
                if on_error == OnError::Skip {
                    continue;
                }
                return Err(unreadable(cell, &table.place.line(row.line)));
            };
            exactly_one &= parts.len() == 1;
            for (frame, stance) in parts {
                frames.insert(frame.to_owned());
                stances.extend(stance.map(str::to_owned));
            }
        }
    }
    if frames.is_empty() {
        let place = first_place(tables);
        return Err(Error::data(
            place,
            "no row carries a label",
            "code some sentences, or give the frames with `--codebook`",
        ));
    }
    let choice = match exactly_one && frames.len() > 1 {
        true => Choice::Single,
        false => Choice::Multiple,
    };
    Ok(Codebook::from_names(choice, frames.into_iter().collect(), stances.into_iter().collect()))
}

/// The frames in a cell, each with its stance; `None` where it cannot be read.
fn labels_in(cell: &str) -> Option<Vec<(&str, Option<&str>)>> {
    let parts = cell.split('|').filter(|_| !cell.is_empty()).map(|part| {
        let (frame, stance) = match part.split_once(':') {
            Some((frame, stance)) => (frame.trim(), Some(stance.trim())),
            None => (part.trim(), None),
        };
        std::iter::once(frame).chain(stance).all(is_name).then_some((frame, stance))
    });
    parts.collect()
}

fn unreadable(cell: &str, row: &Place) -> Error {
    let remedy = "write `frame:stance|frame:stance`, nothing for no frame, `?` for not coded";
    Error::data(row.column("labels"), format!("`{cell}` cannot be read as labels"), remedy)
}

#[cfg(test)]
mod tests {
    use super::super::TableFormat;
    use super::*;

    fn read(text: &str, schema: LabelSchema) -> Result<LabelFile> {
        let table = Table::parse(text, TableFormat::Csv, Place::file("l.csv")).unwrap();
        let faults = Faults::new(OnError::Stop);
        LabelFile::from_tables(&[(Path::new("l.csv"), table)], None, schema, faults)
    }

    #[test]
    fn frames_come_from_the_data_and_states_stay_apart() {
        let file =
            read("id,text,labels\n1,x,b:for|a\n2,y,\n3,z,?\n", LabelSchema::WithText).unwrap();
        assert_eq!(file.codebook.frame_names(), ["a", "b"]);
        assert_eq!(file.codebook.choice, Choice::Multiple);
        assert!(file.rows[1].coding.labels().unwrap().is_empty());
        assert_eq!(file.rows[2].coding, Coding::NotCoded);
        assert_eq!(file.gold().unwrap().len(), 2);
    }

    #[test]
    fn one_frame_on_every_row_means_a_single_choice() {
        let file = read("id,text,labels\n1,x,a\n2,y,b\n3,z,?\n", LabelSchema::WithText).unwrap();
        assert_eq!(file.codebook.choice, Choice::Single);
    }

    #[test]
    fn faults_are_named_with_their_place() {
        let message = |text| read(text, LabelSchema::WithText).unwrap_err().to_string();
        assert!(
            message("id,labels\n1,a\n").starts_with("l.csv, line 1: there is no column `text`")
        );
        assert!(
            message("id,text,labels\n1,x,a\n1,y,b\n")
                .starts_with("l.csv, line 3, column `id`: `1` by coder `l` stands twice")
        );
        assert!(message("id,text,labels\n").contains("no row below the header"));
        assert!(message("id,text,labels\n1,x,a:b:c\n").contains("cannot be read as labels"));
        assert!(message("id,text,labels\n1,,a\n").contains("the text is empty"));
        let two = "id,text,labels,coder\n1,x,a,anna\n1,x,b,ben\n";
        let file = read(two, LabelSchema::WithText).unwrap();
        assert!(file.gold().unwrap_err().to_string().contains("coded by `anna` and by `ben`"));
    }
}
