//! Label Studio: a choice control for frames and one, `stance_<frame>`, for the stance of each.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::ExchangeFormat;
use super::draft::{Code, Codes, Draft, DraftRow};
use super::json::{Item, Shape, cell, cells, items};
use super::write::{Written, carried, json_list, names, put_extra, shape, table};
use crate::data::{Coding, LabelFile, LabelledRow, stem};
use crate::error::{Error, Place, Result};

/// Our name of a sentence among a task's data; `id` is Label Studio's own number.
const ID: &str = "row_id";

/// What the controls of an annotation say: a control's name and its choices, in order.
type Choices = Vec<(String, Vec<String>)>;

/// Reads the full JSON.
pub(super) fn read(path: &Path, control: &str, draft: &mut Draft) -> Result<()> {
    for (index, mut task) in items(path)?.into_iter().enumerate() {
        let number = task.take_cell("id");
        let Some(Value::Object(fields)) = task.take("data") else {
            return Err(Error::data(
                task.place,
                "this task has no `data`",
                "export as JSON, or say --from label-studio-min for JSON-MIN",
            ));
        };
        let mut data = Item { place: task.place.clone(), fields };
        let id = data.take_cell(ID).or_else(|| data.take_cell("id")).or(number);
        let id = id.unwrap_or_else(|| (index + 1).to_string());
        let text = data.take_text(&["text"])?;
        let document = data.take_cell("document");
        let place = task.place.clone();
        let annotations = objects(task.take("annotations"), "annotations", &place)?
            .into_iter()
            .chain(objects(task.take("completions"), "completions", &place)?);
        if matches!(task.take("predictions"), Some(Value::Array(found)) if !found.is_empty()) {
            draft.count("tasks with predictions, which are left out");
        }
        let data = data.rest();
        let mut rows: Vec<DraftRow> = Vec::new();
        for annotation in annotations {
            let cancelled =
                is_true(&annotation, "was_cancelled") || is_true(&annotation, "skipped");
            let coder = coder(annotation.get("completed_by")).unwrap_or_else(|| stem(path));
            let codes = match cancelled {
                true => None,
                false => {
                    let choices = results(annotation.get("result"), &place, draft)?;
                    codes(choices, control, &place, draft)?
                }
            };
            let mut extra = data.clone();
            for key in ["created_at", "updated_at", "lead_time"] {
                let value = annotation.get(key).map(|value| (key.to_owned(), cell(value)));
                extra
                    .extend(value.filter(|(name, _)| !data.iter().any(|(known, _)| known == name)));
            }
            let (place, id, text) = (place.clone(), id.clone(), text.clone());
            let document = document.clone();
            let row = DraftRow { place, id, text, coder, document, codes, extra };
            // Who skips a sentence and comes back to it has coded it.
            match rows.iter_mut().find(|known| known.coder == row.coder) {
                Some(known) if known.codes.is_none() => *known = row,
                Some(_) if row.codes.is_none() => {}
                _ => rows.push(row),
            }
        }
        if rows.is_empty() {
            draft.count("tasks that nobody annotated, kept as not coded and without a coder");
            let (coder, codes, extra) = (String::new(), None, data);
            rows.push(DraftRow { place, id, text, coder, document, codes, extra });
        }
        rows.into_iter().for_each(|row| draft.push(row));
    }
    Ok(())
}

fn is_true(fields: &Map<String, Value>, key: &str) -> bool {
    match fields.get(key) {
        Some(Value::Bool(value)) => *value,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// The objects of a list that may be missing.
fn objects(value: Option<Value>, key: &str, place: &Place) -> Result<Vec<Map<String, Value>>> {
    let fail = || {
        let problem = format!("`{key}` is no list of objects");
        Error::data(place.clone(), problem, "export the project as JSON, not as a list of tasks")
    };
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(values)) => values
            .into_iter()
            .map(|value| match value {
                Value::Object(fields) => Ok(fields),
                _ => Err(fail()),
            })
            .collect(),
        Some(_) => Err(fail()),
    }
}

/// A person: a number, a name, or an object that holds either.
fn coder(value: Option<&Value>) -> Option<String> {
    let name = match value? {
        Value::Object(fields) => ["email", "username", "id"]
            .iter()
            .filter_map(|key| fields.get(*key))
            .map(cell)
            .find(|name| !name.is_empty())?,
        other => cell(other),
    };
    (!name.is_empty()).then_some(name)
}

/// The choices of an annotation's results.
fn results(value: Option<&Value>, place: &Place, draft: &mut Draft) -> Result<Choices> {
    let mut choices = Choices::new();
    for result in objects(value.cloned(), "result", place)? {
        let found = result.get("value").and_then(|value| value.get("choices"));
        match (result.get("from_name"), found) {
            (Some(Value::String(name)), Some(found)) => {
                choices.push((name.clone(), choice_list(found, place)?));
            }
            _ => draft.count("results that are no choices, left out"),
        }
    }
    Ok(choices)
}

/// A choice is a bare name; several are a list, an object with a list, or that object as JSON.
fn choice_list(value: &Value, place: &Place) -> Result<Vec<String>> {
    let fail = || {
        let problem = format!("`{value}` is no choice");
        Error::data(place.clone(), problem, "a choice is a name or {\"choices\": [\"a\", \"b\"]}")
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) if text.trim_start().starts_with('{') => {
            let parsed: Map<String, Value> = serde_json::from_str(text).map_err(|_| fail())?;
            choice_list(parsed.get("choices").ok_or_else(fail)?, place)
        }
        Value::String(name) => {
            Ok(Some(name.clone()).filter(|name| !name.is_empty()).into_iter().collect())
        }
        Value::Array(values) => {
            let name = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(fail);
            values.iter().map(name).collect()
        }
        Value::Object(fields) => match fields.get("choices") {
            Some(list @ Value::Array(_)) => choice_list(list, place),
            _ => Err(fail()),
        },
        _ => Err(fail()),
    }
}

/// Frames with their stances.
fn codes(choices: Choices, control: &str, place: &Place, draft: &mut Draft) -> Result<Codes> {
    let mut codes: Vec<Code> = Vec::new();
    for (_, chosen) in choices.iter().filter(|(name, _)| name == control) {
        for name in chosen {
            codes.push(Code::parse(name, place)?);
        }
    }
    for (name, chosen) in choices.iter().filter(|(name, _)| name != control) {
        let Some(frame) = name.strip_prefix("stance_") else {
            draft.note(format!(
                "left out: choices of the control `{name}` (frames are read from `{control}`; \
                 --control names another)"
            ));
            continue;
        };
        let stance = match chosen.as_slice() {
            [] => continue,
            [stance] => stance,
            _ => {
                let problem = format!("`{name}` holds several stances");
                let remedy = "a frame has one stance in a sentence: make the control single-choice";
                return Err(Error::data(place.clone(), problem, remedy));
            }
        };
        match codes.iter_mut().find(|code| code.frame == frame.trim()) {
            Some(code) if code.stance.as_deref().is_none_or(|known| known == stance.trim()) => {
                *code = Code::new(frame, Some(stance), place)?;
            }
            Some(_) => {
                let problem = format!("frame `{frame}` has two stances");
                return Err(Error::data(place.clone(), problem, "keep one"));
            }
            None => draft.count("stances of a frame that was not chosen, left out"),
        }
    }
    Ok(draft.codes(codes))
}

/// Reads JSON-MIN, or the CSV and TSV that have its fields.
pub(super) fn read_min(path: &Path, control: &str, draft: &mut Draft) -> Result<()> {
    for (index, mut item) in items(path)?.into_iter().enumerate() {
        if item.fields.get("data").is_some_and(Value::is_object) {
            let problem = "this is Label Studio's full JSON";
            return Err(Error::data(item.place, problem, "say --from label-studio"));
        }
        let number = item.take_cell("id");
        let id = item.take_cell(ID).or(number).unwrap_or_else(|| (index + 1).to_string());
        let text = item.take_text(&["text"])?;
        let document = item.take_cell("document");
        let coder = coder(item.take("annotator").as_ref()).unwrap_or_else(|| stem(path));
        let cancelled = is_true(&item.fields, "was_cancelled");
        let place = item.place;
        let (mut choices, mut rest) = (Choices::new(), Map::new());
        for (name, value) in item.fields {
            if name == control || name.starts_with("stance_") {
                choices.push((name, choice_list(&value, &place)?));
            } else if name != "was_cancelled" {
                rest.insert(name, value);
            }
        }
        let codes = match cancelled {
            true => None,
            false => codes(choices, control, &place, draft)?,
        };
        let extra = cells(rest);
        draft.push(DraftRow { place, id, text, coder, document, codes, extra });
    }
    Ok(())
}

/// The choices of a row by control, as they are written; empty where no frame is there.
fn controls(file: &LabelFile, row: &LabelledRow) -> Choices {
    let Coding::Coded(labels) = &row.coding else { return Choices::new() };
    let frame = |index: usize| file.codebook.frames[index].name.clone();
    if labels.is_empty() {
        return Choices::new();
    }
    let frames = labels.iter().map(|label| frame(label.frame)).collect();
    let mut choices = vec![("frame".to_owned(), frames)];
    for label in labels.iter() {
        if let Some(stance) = label.stance {
            let name = format!("stance_{}", frame(label.frame));
            choices.push((name, vec![file.codebook.stances[stance].name.clone()]));
        }
    }
    choices
}

pub(super) fn write(file: &LabelFile, path: &Path, notes: &mut Vec<String>) -> Result<Written> {
    shape(path, ExchangeFormat::LabelStudio, &["json"])?;
    let carried = carried(file, |name| name == ID, notes);
    // Coders share a task where all that it shows is the same.
    let mut tasks: Vec<(Map<String, Value>, Vec<Value>)> = Vec::new();
    let mut task_of = std::collections::HashMap::new();
    for row in &file.rows {
        let mut data = Map::new();
        data.insert(ID.to_owned(), row.id.as_str().into());
        data.insert("text".to_owned(), row.text.as_str().into());
        if let Some(document) = &row.document {
            data.insert("document".to_owned(), document.as_str().into());
        }
        put_extra(&mut data, file, row, &carried);
        let key = Value::from(data.clone()).to_string();
        let task = *task_of.entry(key).or_insert_with(|| {
            tasks.push((data, Vec::new()));
            tasks.len() - 1
        });
        let nobody = row.coder.is_empty() && row.coding == Coding::NotCoded;
        if !nobody {
            tasks[task].1.push(annotation(file, row));
        }
    }
    let task = |(index, (data, annotations)): (usize, (Map<String, Value>, Vec<Value>))| {
        let mut task = Map::new();
        task.insert("id".to_owned(), (index + 1).into());
        task.insert("data".to_owned(), data.into());
        task.insert("annotations".to_owned(), annotations.into());
        task
    };
    Ok(Written::File(json_list(tasks.into_iter().enumerate().map(task))))
}

fn annotation(file: &LabelFile, row: &LabelledRow) -> Value {
    let result = |(index, (name, choices)): (usize, (String, Vec<String>))| {
        json!({
            "id": format!("r{}", index + 1), "from_name": name, "to_name": "text",
            "type": "choices", "value": { "choices": choices },
        })
    };
    let results: Vec<Value> = controls(file, row).into_iter().enumerate().map(result).collect();
    // Label Studio numbers people; any other name has to be an address it knows.
    let coder = match row.coder.parse::<u64>() {
        Ok(number) if number.to_string() == row.coder => json!(number),
        _ => json!({ "email": row.coder }),
    };
    json!({
        "completed_by": coder, "was_cancelled": row.coding == Coding::NotCoded, "result": results,
    })
}

pub(super) fn write_min(file: &LabelFile, path: &Path, notes: &mut Vec<String>) -> Result<Written> {
    let own = ["annotator", "was_cancelled", "frame", ID];
    let taken = |name: &str| own.contains(&name) || name.starts_with("stance_");
    let carried = carried(file, taken, notes);
    let mut not_coded = 0;
    let object = |row: &LabelledRow| {
        let mut fields = Map::new();
        fields.insert("id".to_owned(), row.id.as_str().into());
        fields.insert("text".to_owned(), row.text.as_str().into());
        if let Some(document) = &row.document {
            fields.insert("document".to_owned(), document.as_str().into());
        }
        put_extra(&mut fields, file, row, &carried);
        for (name, mut choices) in controls(file, row) {
            let value = match choices.len() {
                1 => choices.remove(0).into(),
                _ => json!({ "choices": choices }),
            };
            fields.insert(name, value);
        }
        fields.insert("annotator".to_owned(), row.coder.as_str().into());
        if names(file, row).is_none() {
            not_coded += 1;
            fields.insert("was_cancelled".to_owned(), true.into());
        }
        fields
    };
    let objects: Vec<Map<String, Value>> = file.rows.iter().map(object).collect();
    if not_coded > 0 {
        notes.push(format!(
            "sentences that were not coded bear `was_cancelled`, which Label Studio's own JSON-MIN \
             leaves out: {not_coded}"
        ));
    }
    let shape = shape(path, ExchangeFormat::LabelStudioMin, &["json", "csv", "tsv"])?;
    Ok(Written::File(match shape {
        Shape::Table(format) => {
            let mut header: Vec<String> = Vec::new();
            for name in objects.iter().flat_map(Map::keys) {
                if !header.contains(name) {
                    header.push(name.clone());
                }
            }
            header.sort();
            let cell_of =
                |fields: &Map<String, Value>, name| fields.get(name).map_or(String::new(), cell);
            let row = |fields| header.iter().map(|name| cell_of(fields, name)).collect();
            let rows: Vec<Vec<String>> = objects.iter().map(row).collect();
            table(format, header, &rows)
        }
        _ => json_list(objects),
    }))
}
