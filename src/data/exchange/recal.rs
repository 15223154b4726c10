//! `ReCal`: whole numbers, a row a sentence, a column a coder, a file a frame; `#` is missing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::ExchangeFormat;
use super::draft::{Code, Draft, DraftRow};
use super::write::{FileNames, Written, shape};
use crate::data::folder::entries;
use crate::data::table::read_bytes;
use crate::data::{LabelFile, TableFormat, stem};
use crate::error::{Error, Place, Result, listed};
use crate::text::decode;

/// The variable of a file.
struct Variable {
    frame: String,
    place: Place,
    coders: Vec<String>,
    rows: Vec<(Place, Vec<Option<bool>>)>,
}

pub(super) fn read(paths: &[PathBuf], frame: Option<&str>, draft: &mut Draft) -> Result<()> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let table = |path: &PathBuf| {
            matches!(TableFormat::of_path(path), Some(TableFormat::Csv | TableFormat::Tsv))
        };
        files.extend(entries(path)?.into_iter().filter(table));
    }
    if files.len() != 1 && frame.is_some() {
        let problem = "names the frame of one file; without it, files name their frames";
        return Err(Error::parameter("--frame", problem));
    }
    let variables: Vec<Variable> =
        files.iter().map(|path| variable(path, frame)).collect::<Result<_>>()?;
    let Some(first) = variables.first() else {
        let place = paths.first().map(Place::file).unwrap_or_default();
        return Err(Error::data(place, "there is no .csv in it", "name the folder of the tables"));
    };
    for other in &variables[1..] {
        if other.coders != first.coders || other.rows.len() != first.rows.len() {
            let problem =
                format!("its coders or the number of its rows differ from {}", first.place);
            let remedy = "convert tables of other sentences or coders on their own";
            return Err(Error::data(other.place.clone(), problem, remedy));
        }
    }
    draft.note("ReCal keeps no ids and no texts: sentences are called by their row".to_owned());
    for (unit, (place, _)) in first.rows.iter().enumerate() {
        for (column, coder) in first.coders.iter().enumerate() {
            let cells = || variables.iter().map(|variable| variable.rows[unit].1[column]);
            let missing = cells().filter(Option::is_none).count();
            if missing > 0 && missing < variables.len() {
                draft.count("sentences with some frames coded and some missing, read as not coded");
            }
            let codes = match missing {
                0 => {
                    let present = variables.iter().zip(cells());
                    let present = present.filter(|(_, cell)| *cell == Some(true));
                    Some(
                        present
                            .map(|(variable, _)| Code::new(&variable.frame, None, &variable.place))
                            .collect::<Result<_>>()?,
                    )
                }
                _ => None,
            };
            draft.push(DraftRow {
                place: place.clone(),
                id: (unit + 1).to_string(),
                text: String::new(),
                coder: coder.clone(),
                document: None,
                codes,
                extra: Vec::new(),
            });
        }
    }
    Ok(())
}

fn is_missing(cell: &str) -> bool {
    matches!(cell, "#" | "" | "NA")
}

fn variable(path: &Path, frame: Option<&str>) -> Result<Variable> {
    let place = Place::input(path);
    let text = decode(read_bytes(path)?, &place)?;
    let delimiter = match TableFormat::of_path(path) {
        Some(TableFormat::Tsv) => b'\t',
        _ if text.contains(',') || !text.contains(';') => b',',
        _ => b';',
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut coders: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|error| crate::data::table::csv_error(&error, &place))?;
        let line = place.line(record.position().map_or(0, csv::Position::line));
        let names =
            record.iter().any(|cell| !is_missing(cell) && cell.contains(char::is_alphabetic));
        if index == 0 {
            let number = |(column, _)| format!("coder{}", column + 1);
            coders = match names {
                true => record.iter().map(str::to_owned).collect(),
                false => record.iter().enumerate().map(number).collect(),
            };
            if names {
                continue;
            }
        }
        if record.len() != coders.len() {
            let problem =
                format!("this row has {} cells, the first {}", record.len(), coders.len());
            return Err(Error::data(line, problem, "give each coder a column, `#` for missing"));
        }
        let code = |cell: &str| match cell {
            cell if is_missing(cell) => Ok(None),
            "0" => Ok(Some(false)),
            "1" => Ok(Some(true)),
            cell => Err(Error::data(
                line.clone(),
                format!("the code `{cell}` is neither 0 (absent) nor 1 (present)"),
                "write a file a frame, with `#` for missing",
            )),
        };
        let cells = record.iter().map(code).collect::<Result<Vec<_>>>()?;
        rows.push((line, cells));
    }
    let frame = frame.map_or_else(|| stem(path), str::to_owned);
    Ok(Variable { frame, place, coders, rows })
}

pub(super) fn write(
    file: &LabelFile,
    frame: Option<&str>,
    path: &Path,
    notes: &mut Vec<String>,
) -> Result<Written> {
    let frames = file.codebook.frame_names();
    let known = || listed(&frames);
    if frames.is_empty() {
        let place = file.rows.first().map(|row| row.place.clone()).unwrap_or_default();
        let remedy = "give the frames with --codebook";
        return Err(Error::data(place, "no row carries a label", remedy));
    }
    let one = |name: &str| {
        let known = || format!("there is no frame `{name}`; there are {}", known());
        file.codebook.frame(name).ok_or_else(|| Error::parameter("--frame", known()))
    };
    let wanted = frame.map(one).transpose()?;
    say_what_is_lost(file, notes);
    let matrix = Matrix::of(file);
    if matrix.has_missing() {
        let note =
            "`#` marks what was not coded: only ReCal-OIR takes it, ReCal2 and ReCal3 do not";
        notes.push(note.to_owned());
    }
    if path.extension().is_none() {
        let mut names = FileNames::new();
        let wanted: Vec<usize> = wanted.map_or((0..frames.len()).collect(), |frame| vec![frame]);
        let mut files = Vec::new();
        for frame in wanted {
            let name = names.name(frames[frame]);
            if name != frames[frame] {
                notes.push(format!("frame `{}` is in the file `{name}.csv`", frames[frame]));
            }
            let bytes = matrix.table(file, frame, TableFormat::Csv, notes);
            files.push((PathBuf::from(format!("{name}.csv")), bytes));
        }
        return Ok(Written::Folder(files));
    }
    shape(path, ExchangeFormat::Recal, &["csv", "tsv"])?;
    let format = TableFormat::of_path(path).unwrap_or(TableFormat::Csv);
    match (wanted, frames.len()) {
        (Some(frame), _) => Ok(Written::File(matrix.table(file, frame, format, notes))),
        (None, 1) => Ok(Written::File(matrix.table(file, 0, format, notes))),
        (None, _) => Err(Error::parameter(
            "--frame",
            format!(
                "ReCal holds one frame in a file; name one of `{}`, or an output without an \
                 ending, which becomes a folder with a file each",
                known()
            ),
        )),
    }
}

fn say_what_is_lost(file: &LabelFile, notes: &mut Vec<String>) {
    let mut lost = vec!["ids"];
    lost.extend(file.rows.iter().any(|row| !row.text.is_empty()).then_some("texts"));
    lost.extend(file.rows.iter().any(|row| row.document.is_some()).then_some("documents"));
    let mut labels = file.rows.iter().filter_map(|row| row.coding.labels());
    let stances = labels.any(|labels| labels.iter().any(|label| label.stance.is_some()));
    lost.extend(stances.then_some("stances"));
    lost.extend((!file.extra_columns.is_empty()).then_some("other columns"));
    notes.push(format!(
        "ReCal cannot hold {}; its rows are the sentences in the order of the input",
        lost.join(", ")
    ));
}

/// Rows by sentence and coder.
struct Matrix<'a> {
    coders: Vec<&'a str>,
    /// By sentence and coder, the row of the file.
    rows: Vec<Vec<Option<usize>>>,
    missing: bool,
}

impl<'a> Matrix<'a> {
    fn of(file: &'a LabelFile) -> Self {
        let coders = file.coders();
        let mut units: HashMap<&str, usize> = HashMap::new();
        let mut rows: Vec<Vec<Option<usize>>> = Vec::new();
        for (index, row) in file.rows.iter().enumerate() {
            let unit = *units.entry(&row.id).or_insert(rows.len());
            if unit == rows.len() {
                rows.push(vec![None; coders.len()]);
            }
            if let Ok(column) = coders.binary_search(&row.coder.as_str()) {
                rows[unit][column] = row.coding.labels().map(|_| index);
            }
        }
        let missing = rows.iter().flatten().any(Option::is_none);
        Matrix { coders, rows, missing }
    }

    fn has_missing(&self) -> bool {
        self.missing
    }

    /// The table of a frame. `ReCal` passes over a first row with letters, so that coders can be named.
    fn table(
        &self,
        file: &LabelFile,
        frame: usize,
        format: TableFormat,
        notes: &mut Vec<String>,
    ) -> Vec<u8> {
        let named = self.coders.iter().any(|name| {
            !is_missing(name) && name.contains(char::is_alphabetic) && name.trim() == *name
        });
        let delimiter = if format == TableFormat::Tsv { b'\t' } else { b',' };
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        // Writing to memory cannot fail.
        if named {
            let _ = writer.write_record(&self.coders);
        } else {
            let note = "coders lose their names, since ReCal would take them for codes".to_owned();
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        for row in &self.rows {
            let code = |&at: &Option<usize>| match at.and_then(|at| file.rows[at].coding.labels()) {
                None => "#",
                Some(labels) if labels.contains(frame) => "1",
                Some(_) => "0",
            };
            let _ = writer.write_record(row.iter().map(code));
        }
        writer.into_inner().unwrap_or_default()
    }
}
