//! framescope's own label files. Unlike for training, all rows may be uncoded.

use std::path::Path;

use super::ExchangeFormat;
use super::draft::{Code, Codes, Draft, DraftRow};
use super::write::{Written, carried, names, shape, table};
use crate::data::{LabelFile, Table, TableFormat, stem};
use crate::error::{Error, Place, Result};

pub(super) fn read(path: &Path, draft: &mut Draft) -> Result<()> {
    let file = Table::read(path)?;
    file.notice.iter().for_each(|notice| draft.note(notice.clone()));
    let id = file.required_column("id")?;
    let labels = file.required_column("labels")?;
    let [text, coder, document] = ["text", "coder", "document"].map(|name| file.column(name));
    let own = [Some(id), Some(labels), text, coder, document];
    for row in &file.rows {
        let place = file.place.line(row.line);
        let cell = |column: Option<usize>| {
            column.map(|column| row.cells[column].clone()).filter(|cell| !cell.is_empty())
        };
        let others = file.header.iter().zip(&row.cells).enumerate();
        let others = others.filter(|(column, _)| !own.contains(&Some(*column)));
        draft.push(DraftRow {
            id: row.cells[id].clone(),
            text: cell(text).unwrap_or_default(),
            coder: cell(coder).unwrap_or_else(|| stem(path)),
            document: cell(document),
            codes: codes(&row.cells[labels], &place.column("labels"))?,
            extra: others.map(|(_, (name, cell))| (name.clone(), cell.clone())).collect(),
            place,
        });
    }
    Ok(())
}

fn codes(cell: &str, place: &Place) -> Result<Codes> {
    match cell.trim() {
        "?" => Ok(None),
        "" => Ok(Some(Vec::new())),
        labels => {
            let codes: Vec<Code> =
                labels.split('|').map(|part| Code::parse(part, place)).collect::<Result<_>>()?;
            for (index, code) in codes.iter().enumerate() {
                if codes[..index].iter().any(|earlier| earlier.frame == code.frame) {
                    let problem = format!("frame `{}` stands twice", code.frame);
                    let remedy = "give each frame once, with one stance";
                    return Err(Error::data(place.clone(), problem, remedy));
                }
            }
            Ok(Some(codes))
        }
    }
}

/// The endings of label files.
const ENDINGS: &[&str] = match cfg!(feature = "parquet") {
    true => &["csv", "tsv", "jsonl", "parquet"],
    false => &["csv", "tsv", "jsonl"],
};

pub(super) fn write(file: &LabelFile, path: &Path) -> Result<Written> {
    shape(path, ExchangeFormat::Labels, ENDINGS)?;
    let format = TableFormat::of_path(path).unwrap_or(TableFormat::Csv);
    let texts = file.rows.iter().any(|row| !row.text.is_empty());
    let documents = file.rows.iter().any(|row| row.document.is_some());
    let mut header = vec!["id"];
    header.extend(texts.then_some("text"));
    header.extend(["labels", "coder"]);
    header.extend(documents.then_some("document"));
    let extra = carried(file, |_| false, &mut Vec::new());
    header.extend(extra.iter().map(|&column| file.extra_columns[column].as_str()));
    let cells = |row: &crate::data::LabelledRow| {
        let labels = names(file, row).map_or("?".to_owned(), |names| names.join("|"));
        let mut cells = vec![row.id.clone()];
        cells.extend(texts.then(|| row.text.clone()));
        cells.extend([labels, row.coder.clone()]);
        cells.extend(documents.then(|| row.document.clone().unwrap_or_default()));
        cells.extend(extra.iter().map(|&column| row.extra[column].clone()));
        cells
    };
    let rows: Vec<Vec<String>> = file.rows.iter().map(cells).collect();
    let header = header.into_iter().map(str::to_owned).collect();
    Ok(Written::File(table(format, header, &rows)))
}
