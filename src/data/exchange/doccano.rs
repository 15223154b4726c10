//! doccano: labels `frame:stance` of a text, the coder in the file's name.
//!
//! Its exports do not tell "no label" from "not coded". Rows that were not coded are written
//! without `label`; in CSV, which has no such thing, with the label `?`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::ExchangeFormat;
use super::draft::{Code, Codes, Draft, DraftRow};
use super::json::{Item, Shape, cell, cells, items};
use super::write::{
    FileNames, Written, carried, json_lines, json_list, names, put_extra, shape, table,
};
use crate::data::{LabelFile, LabelledRow, TableFormat, stem};
use crate::error::{Error, Place, Result};

/// Today's name of the labels, and those of older versions.
const LABEL_KEYS: [&str; 3] = ["label", "labels", "annotations"];

/// Our name of a sentence; `id` is doccano's own number.
const ID: &str = "row_id";

pub(super) fn read(path: &Path, draft: &mut Draft) -> Result<()> {
    let in_table = matches!(Shape::of(path), Some(Shape::Table(_)));
    for (index, mut item) in items(path)?.into_iter().enumerate() {
        let number = item.take_cell("id");
        let id = item.take_cell(ID).or(number).unwrap_or_else(|| (index + 1).to_string());
        let text = item.take_text(&["text", "data"])?;
        let coder = item.take_cell("coder").unwrap_or_else(|| stem(path));
        let document = item.take_cell("document");
        let label = LABEL_KEYS.iter().find_map(|key| item.take(key));
        if label.is_none() && in_table {
            let problem = "there is no column `label`";
            return Err(Error::data(item.place, problem, "rename the column of labels"));
        }
        let Item { place, mut fields } = item;
        // Older versions keep metadata in an object of their own.
        let meta = match fields.shift_remove("meta") {
            Some(Value::Object(meta)) => cells(meta),
            Some(other) => vec![("meta".to_owned(), cell(&other))],
            None => Vec::new(),
        };
        let comments = fields.get("Comments").and_then(Value::as_array);
        if comments.is_some_and(Vec::is_empty) {
            fields.shift_remove("Comments");
        }
        let mut extra = cells(fields);
        extra.extend(meta);
        let row = |coder, codes| DraftRow {
            place: place.clone(),
            id: id.clone(),
            text: text.clone(),
            coder,
            document: document.clone(),
            codes,
            extra: extra.clone(),
        };
        let by_user = labels(label.unwrap_or(Value::Null), in_table, &place)?;
        match by_user {
            None => draft.push(row(coder, None)),
            Some(found) => {
                let mut users: Vec<&Option<String>> = found.iter().map(|(user, _)| user).collect();
                users.sort();
                users.dedup();
                if users.is_empty() {
                    users.push(&None);
                }
                for user in users {
                    let mine = found.iter().filter(|(other, _)| other == user);
                    let mine: Vec<&str> = mine.map(|(_, name)| name.as_str()).collect();
                    let codes = parse_codes(&mine, &place, draft)?;
                    draft.push(row(user.clone().unwrap_or_else(|| coder.clone()), codes));
                }
            }
        }
    }
    if in_table {
        let rule =
            "several labels of a cell were told apart at `#`, which doccano's CSV joins them with";
        draft.note(rule.to_owned());
    }
    Ok(())
}

fn parse_codes(names: &[&str], place: &Place, draft: &mut Draft) -> Result<Codes> {
    if names == ["?"] {
        return Ok(None);
    }
    let codes = names.iter().map(|name| Code::parse(name, place)).collect::<Result<_>>()?;
    Ok(draft.codes(codes))
}

/// The user, where the old format names one, and a label.
type UserLabel = (Option<String>, String);

/// The labels of a row; `None` where the file says that there are none yet.
fn labels(value: Value, in_table: bool, place: &Place) -> Result<Option<Vec<UserLabel>>> {
    let fail = |found: &Value| {
        Error::data(
            place.clone(),
            format!("`{found}` is no label of a text"),
            "export a project of document classification, where labels are a list of names",
        )
    };
    let name = |value: &Value| match value {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Null => Ok(None),
        Value::String(joined) if in_table => {
            let parts = joined.split('#').map(str::trim).filter(|part| !part.is_empty());
            Ok(Some(parts.map(|part| (None, part.to_owned())).collect()))
        }
        Value::String(name) if name.is_empty() => Ok(Some(Vec::new())),
        Value::String(name) => Ok(Some(vec![(None, name)])),
        Value::Array(values) => {
            let one = |value: Value| match &value {
                Value::Object(fields) => {
                    let label = fields.get("label").and_then(name).ok_or_else(|| fail(&value))?;
                    Ok((fields.get("user").map(cell), label))
                }
                other => Ok((None, name(other).ok_or_else(|| fail(other))?)),
            };
            values.into_iter().map(one).collect::<Result<_>>().map(Some)
        }
        other => Err(fail(&other)),
    }
}

pub(super) fn write(file: &LabelFile, path: &Path, notes: &mut Vec<String>) -> Result<Written> {
    let taken = |name: &str| LABEL_KEYS.contains(&name) || ["data", "meta", ID].contains(&name);
    let carried = carried(file, taken, notes);
    let all: Vec<&LabelledRow> = file.rows.iter().collect();
    let coders = file.coders();
    // Without an ending it is a folder with a file a coder, as doccano gives and wants them.
    if path.extension().is_none() {
        let mut files = FileNames::new();
        let file_of = |coder: &&str| {
            let rows = file.rows.iter().filter(|row| row.coder == **coder).collect::<Vec<_>>();
            let name = format!("{}.jsonl", files.name(coder));
            (PathBuf::from(name), json_lines(objects(file, &rows, &carried)))
        };
        return Ok(Written::Folder(coders.iter().map(file_of).collect()));
    }
    let shape = shape(path, ExchangeFormat::Doccano, &["jsonl", "json", "csv", "tsv"])?;
    if coders.len() > 1 {
        notes.push(format!(
            "doccano keeps a file a coder; here {} coders share one, told apart by `coder` (an \
             output without an ending becomes a folder with a file each)",
            coders.len()
        ));
    }
    Ok(Written::File(match shape {
        Shape::Lines => json_lines(objects(file, &all, &carried)),
        Shape::List => json_list(objects(file, &all, &carried)),
        Shape::Table(format) => cells_of(file, format, &carried, notes)?,
    }))
}

fn objects(file: &LabelFile, rows: &[&LabelledRow], carried: &[usize]) -> Vec<Map<String, Value>> {
    let object = |row: &&LabelledRow| {
        let mut fields = Map::new();
        fields.insert(ID.to_owned(), row.id.as_str().into());
        fields.insert("text".to_owned(), row.text.as_str().into());
        if let Some(names) = names(file, row) {
            fields.insert("label".to_owned(), names.into());
        }
        fields.insert("coder".to_owned(), row.coder.as_str().into());
        if let Some(document) = &row.document {
            fields.insert("document".to_owned(), document.as_str().into());
        }
        put_extra(&mut fields, file, row, carried);
        fields
    };
    rows.iter().map(object).collect()
}

fn cells_of(
    file: &LabelFile,
    format: TableFormat,
    carried: &[usize],
    notes: &mut Vec<String>,
) -> Result<Vec<u8>> {
    let mut header: Vec<String> =
        [ID, "text", "label", "coder", "document"].map(str::to_owned).to_vec();
    header.extend(carried.iter().map(|&column| file.extra_columns[column].clone()));
    let (mut not_coded, mut several) = (0, 0);
    let mut rows = Vec::new();
    for row in &file.rows {
        let label = match names(file, row) {
            None => {
                not_coded += 1;
                "?".to_owned()
            }
            Some(names) => {
                if let Some(name) = names.iter().find(|name| name.contains('#')) {
                    let problem =
                        format!("`{name}` holds `#`, which joins labels in doccano's CSV");
                    let remedy = "write .jsonl, or rename the label";
                    return Err(Error::data(row.place.clone(), problem, remedy));
                }
                several += usize::from(names.len() > 1);
                names.join("#")
            }
        };
        let document = row.document.clone().unwrap_or_default();
        let mut cells = vec![row.id.clone(), row.text.clone(), label, row.coder.clone(), document];
        cells.extend(carried.iter().map(|&column| row.extra[column].clone()));
        rows.push(cells);
    }
    if not_coded > 0 {
        notes.push(format!("sentences that were not coded bear the label `?`: {not_coded}"));
    }
    if several > 0 {
        notes.push(format!(
            "cells with several labels joined by `#`, which doccano itself takes for one label \
             (it reads .jsonl right): {several}"
        ));
    }
    Ok(table(format, header, &rows))
}
