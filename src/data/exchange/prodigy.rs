//! Prodigy: an answer a line, to one label (binary) or to a list of options (choice).

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::ExchangeFormat;
use super::draft::{Code, Codes, Draft, DraftRow};
use super::json::{cell, cells, items};
use super::write::{Written, all_labels, carried, json_lines, names, put_extra, shape};
use crate::data::{LabelFile, stem};
use crate::error::{Error, Place, Result};

/// Keys by which Prodigy works or draws, and that say nothing of the sentence.
const OWN_KEYS: [&str; 8] =
    ["options", "config", "spans", "tokens", "html", "image", "style", "relations"];

/// All that a coder said of a sentence.
struct Said {
    row: DraftRow,
    /// The answer to a choice.
    choice: Option<Codes>,
    /// Answers to single labels: whether it is there, `None` where the question was ignored.
    labels: Vec<(String, Option<bool>)>,
}

pub(super) fn read(path: &Path, draft: &mut Draft) -> Result<()> {
    let mut said: Vec<Said> = Vec::new();
    let mut known: HashMap<(String, String), usize> = HashMap::new();
    for mut item in items(path)? {
        let hash = item.take_cell("_input_hash");
        let text = item.take_text(&["text"])?;
        let session = item.take_cell("_session_id");
        let coder = item.take_cell("_annotator_id").or(session).unwrap_or_else(|| stem(path));
        let answer = item.take_cell("answer");
        let (label, accept) = (item.take_cell("label"), item.take("accept"));
        let given_id = item.take_cell("id");
        let mut extra: Vec<(String, String)> = Vec::new();
        match item.take("meta") {
            Some(Value::Object(meta)) => extra.extend(cells(meta)),
            None | Some(Value::Null) => {}
            Some(other) => extra.push(("meta".to_owned(), cell(&other))),
        }
        let place = item.place.clone();
        let mine = |name: &str| name.starts_with('_') || OWN_KEYS.contains(&name);
        extra.extend(item.rest().into_iter().filter(|(name, _)| !mine(name)));
        let document = take_document(&mut extra);
        // The same text has the same hash; a sentence that stands twice has two ids of its own.
        let id = given_id.or(hash).unwrap_or_else(|| text.clone());
        let key = (id.clone(), coder.clone());
        let at = *known.entry(key).or_insert_with(|| {
            let row =
                DraftRow { place: place.clone(), id, text, coder, document, codes: None, extra };
            said.push(Said { row, choice: None, labels: Vec::new() });
            said.len() - 1
        });
        let said = &mut said[at];
        match (label, accept) {
            (_, Some(accept)) => {
                let codes = choice(&accept, answer.as_deref(), &place, draft)?;
                if said.choice.as_ref().is_some_and(|earlier| *earlier != codes) {
                    return Err(contradiction(&said.row, &place));
                }
                said.choice = Some(codes);
            }
            (Some(label), None) => {
                let yes = match answer_of(answer.as_deref(), &place)? {
                    Answer::Accept => Some(true),
                    Answer::Reject => Some(false),
                    Answer::Ignore => None,
                };
                match said.labels.iter().find(|(name, _)| *name == label) {
                    Some((_, earlier)) if *earlier != yes => {
                        return Err(contradiction(&said.row, &place));
                    }
                    Some(_) => {}
                    None => said.labels.push((label, yes)),
                }
            }
            // A choice that was ignored, or accepted with nothing selected, may lack `accept`.
            (None, None) => {
                let codes = choice(&Value::Null, answer.as_deref(), &place, draft)?;
                said.choice.get_or_insert(codes);
            }
        }
    }
    let asked: BTreeSet<String> =
        said.iter().flat_map(|said| &said.labels).map(|(name, _)| name.clone()).collect();
    for Said { mut row, choice, labels } in said {
        row.codes = match choice {
            Some(choice) if labels.is_empty() => choice,
            Some(_) => {
                let problem = "this text has answers to a choice and to single labels";
                let remedy = "export the two datasets to files of their own";
                return Err(Error::data(row.place, problem, remedy));
            }
            None => binary(&labels, asked.len(), &row.place, draft)?,
        };
        draft.push(row);
    }
    Ok(())
}

fn take_document(extra: &mut Vec<(String, String)>) -> Option<String> {
    let at = extra.iter().position(|(name, _)| name == "document")?;
    Some(extra.remove(at).1).filter(|name| !name.is_empty())
}

fn contradiction(row: &DraftRow, place: &Place) -> Error {
    let (coder, first) = (&row.coder, &row.place);
    Error::data(
        place.clone(),
        format!("coder `{coder}` answers otherwise than before (first: {first})"),
        "keep the answer that holds",
    )
}

enum Answer {
    Accept,
    Reject,
    Ignore,
}

fn answer_of(answer: Option<&str>, place: &Place) -> Result<Answer> {
    match answer {
        Some("accept") => Ok(Answer::Accept),
        Some("reject") => Ok(Answer::Reject),
        // A task without an answer is one that nobody was shown.
        Some("ignore") | None => Ok(Answer::Ignore),
        Some(other) => {
            let problem = format!("the answer is `{other}`");
            Err(Error::data(place.clone(), problem, "an answer is accept, reject or ignore"))
        }
    }
}

/// The codes of a choice.
fn choice(accept: &Value, answer: Option<&str>, place: &Place, draft: &mut Draft) -> Result<Codes> {
    let names: Vec<String> = match accept {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().map(cell).collect(),
        one => vec![cell(one)],
    };
    let codes = names.iter().map(|name| Code::parse(name, place)).collect::<Result<Vec<Code>>>()?;
    Ok(match answer_of(answer, place)? {
        Answer::Accept => Some(codes),
        Answer::Ignore => None,
        Answer::Reject if codes.is_empty() => {
            draft.count("choices rejected with nothing selected, read as no frame");
            Some(codes)
        }
        Answer::Reject => {
            draft.count("choices rejected although something is selected, read as not coded");
            None
        }
    })
}

/// The codes of answers to single labels, of which `asked` were asked about in the file.
fn binary(
    labels: &[(String, Option<bool>)],
    asked: usize,
    place: &Place,
    draft: &mut Draft,
) -> Result<Codes> {
    let ignored = labels.iter().filter(|(_, yes)| yes.is_none()).count();
    if ignored > 0 {
        if ignored < labels.len() {
            draft.count("sentences with some labels answered and some ignored, read as not coded");
        }
        return Ok(None);
    }
    let present = labels.iter().filter(|(_, yes)| *yes == Some(true));
    let codes: Vec<Code> =
        present.map(|(name, _)| Code::parse(name, place)).collect::<Result<_>>()?;
    if labels.len() < asked {
        draft.count(
            "sentences that were asked about some of the labels only, the others taken for absent",
        );
        return Ok(draft.codes(codes));
    }
    Ok(Some(codes))
}

pub(super) fn write(file: &LabelFile, path: &Path, notes: &mut Vec<String>) -> Result<Written> {
    shape(path, ExchangeFormat::Prodigy, &["jsonl"])?;
    let taken = |name: &str| name.starts_with('_') || OWN_KEYS.contains(&name);
    let carried = carried(file, taken, notes);
    let option = |label: String| json!({ "id": label, "text": label });
    let options: Vec<Value> = all_labels(file).into_iter().map(option).collect();
    let objects = file.rows.iter().map(|row| {
        let mut meta = Map::new();
        if let Some(document) = &row.document {
            meta.insert("document".to_owned(), document.as_str().into());
        }
        put_extra(&mut meta, file, row, &carried);
        let names = names(file, row);
        let answer = if names.is_some() { "accept" } else { "ignore" };
        let mut fields = Map::new();
        fields.insert("id".to_owned(), row.id.as_str().into());
        fields.insert("text".to_owned(), row.text.as_str().into());
        fields.insert("options".to_owned(), options.clone().into());
        fields.insert("accept".to_owned(), names.unwrap_or_default().into());
        fields.insert("answer".to_owned(), answer.into());
        fields.insert("config".to_owned(), json!({ "choice_style": "multiple" }));
        fields.insert("_view_id".to_owned(), "choice".into());
        if !row.coder.is_empty() {
            fields.insert("_annotator_id".to_owned(), row.coder.as_str().into());
        }
        fields.insert("meta".to_owned(), meta.into());
        fields
    });
    Ok(Written::File(json_lines(objects)))
}
