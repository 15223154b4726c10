//! The sentences a sample is drawn from.

use std::collections::HashSet;
use std::path::PathBuf;

use super::classify::Unit;
use super::pipeline::in_order;
use crate::data::{
    ArticleColumns, ArticleTables, Carried, Extent, Faults, OnError, Piece, Pieces, Position,
    Reading, RowChunk, Skipped, documents,
};
use crate::error::{Error, ErrorKind, Place, Result, listed};
use crate::text::Segmenter;

/// All sentences that could be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Population {
    /// Where they come from, for errors.
    pub place: Place,
    /// The columns of the input beside `id`, `text` and `document`, in order of first appearance.
    pub columns: Vec<String>,
    /// The sentences, in order.
    pub members: Vec<Member>,
    /// Rows that were left out since they hold no text.
    pub without_text: usize,
    /// What was left out since it was at fault; sentences whose name stood before come last.
    pub skipped: Vec<Skipped>,
}

/// A sentence that could be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub id: String,
    /// The document it stands in.
    pub document: String,
    /// Its text.
    pub text: String,
    /// Its cells of [`Population::columns`].
    pub cells: Vec<String>,
}

impl Population {
    /// Reads articles and splits them into sentences, named as [`classify`](super::classify) names
    /// them. A table that has the columns of a label file (a result table is one) is taken row by
    /// row: its rows are sentences already. `unit` decides otherwise; `language` is that of the
    /// sentence rules.
    ///
    /// # Errors
    ///
    /// When an input cannot be read or a name stands twice, and that ends the run; when the input is
    /// a sample itself.
    pub fn read(
        inputs: &[PathBuf],
        reading: &Reading,
        columns: &ArticleColumns,
        language: &str,
        unit: Option<Unit>,
    ) -> Result<Self> {
        let documents = documents(inputs, reading)?;
        let tables = ArticleTables::open(&documents, columns, &[], true)?;
        let place = match inputs {
            [only] => Place::input(only),
            _ => Place::file("the input"),
        };
        if tables.carried.iter().any(|name| name == "inclusion_probability") {
            return Err(ErrorKind::Unsound {
                problem: format!(
                    "{place}: column `inclusion_probability` says that this is a sample; one drawn \
                     from it would not have the probabilities that are written"
                ),
                remedy: "draw from all sentences, or rename the column if it means something else"
                    .to_owned(),
            }
            .into());
        }
        let columns = tables.carried.clone();
        let (members, skipped) = (Vec::new(), Vec::new());
        let mut population = Population { place, columns, members, without_text: 0, skipped };
        let reader = Reader { segmenter: Segmenter::new(language), unit };
        in_order(
            Pieces::new(documents, tables, unit == Some(Unit::Row)),
            |piece| reader.members(piece?),
            |read| {
                let (members, skipped) = read?;
                population.skipped.extend(skipped);
                let before = population.members.len() + members.len();
                let has_text = |member: &Member| !member.text.trim().is_empty();
                population.members.extend(members.into_iter().filter(has_text));
                population.without_text += before - population.members.len();
                Ok::<(), Error>(())
            },
        )?;
        population.check_names(reading.on_error)?;
        Ok(population)
    }

    /// Two sentences of one name could not be told apart when they are coded.
    fn check_names(&mut self, on_error: OnError) -> Result<()> {
        let mut seen = HashSet::with_capacity(self.members.len());
        let ids = self.members.iter().map(|member| member.id.as_str());
        let are_new: Vec<bool> = ids.map(|id| seen.insert(id)).collect();
        let mut faults = Faults::new(on_error);
        for (twice, _) in self.members.iter().zip(&are_new).filter(|(_, is_new)| !**is_new) {
            let problem = format!("the id `{}` stands twice", twice.id);
            let remedy = "give every sentence, article or row a name of its own";
            let error = Error::data(self.place.clone(), problem, remedy);
            faults.add(error, Extent::Row, Some(twice.id.clone()))?;
        }
        let mut are_new = are_new.into_iter();
        self.members.retain(|_| are_new.next().unwrap_or(true));
        self.skipped.extend(faults.into_skipped());
        Ok(())
    }

    /// What each member has in a column.
    pub(super) fn column(&self, name: &str) -> Result<Vec<&str>> {
        let at = self.columns.iter().position(|column| column == name);
        match at {
            Some(at) => Ok(self.members.iter().map(|member| member.cells[at].as_str()).collect()),
            None if name == "document" => {
                Ok(self.members.iter().map(|member| member.document.as_str()).collect())
            }
            None => self.period(name),
        }
    }

    /// The year (`year`) or the month (`month`) of the column `date`.
    fn period(&self, name: &str) -> Result<Vec<&str>> {
        let length = match name {
            "year" => "2024".len(),
            "month" => "2024-05".len(),
            _ => 0,
        };
        let date = self.columns.iter().position(|column| column == "date");
        let (Some(date), 1..) = (date, length) else {
            let remedy = match self.columns.is_empty() {
                true => "articles in plain text have none; draw from a table".to_owned(),
                false => format!("the columns are {}, `document`", listed(&self.columns)),
            };
            let problem = format!("there is no column `{name}`");
            return Err(Error::data(self.place.clone(), problem, remedy));
        };
        let cut = |member: &'_ Member| {
            let date = member.cells[date].as_str();
            let part = date.get(..length).filter(|part| {
                let is_dash = |at| at == "2024".len();
                part.bytes()
                    .enumerate()
                    .all(|(at, c)| if is_dash(at) { c == b'-' } else { c.is_ascii_digit() })
            });
            match (date.trim().is_empty(), part) {
                (true, _) => Ok(0),
                (false, Some(part)) => Ok(part.len()),
                (false, None) => Err(Error::data(
                    self.place.column("date"),
                    format!("`{date}` (of `{}`) has no {name} to be read", member.id),
                    "write dates as 2024-05-31, or leave them empty where they are not known",
                )),
            }
        };
        self.members.iter().map(|member| Ok(&member.cells[date][..cut(member)?])).collect()
    }

    /// The numbers, none below 0, in a column.
    pub(super) fn scores(&self, name: &str) -> Result<Vec<f64>> {
        let score = |(cell, member): (&str, &Member)| {
            let number = cell.trim().parse::<f64>().ok();
            number.filter(|number| number.is_finite() && *number >= 0.0).ok_or_else(|| {
                Error::data(
                    self.place.column(name),
                    format!("`{cell}` (of `{}`) is no number from 0 up", member.id),
                    "draw by a column of scores, such as those of a result table of `classify`",
                )
            })
        };
        self.column(name)?.into_iter().zip(&self.members).map(score).collect()
    }
}

struct Reader {
    segmenter: Segmenter,
    unit: Option<Unit>,
}

impl Reader {
    fn members(&self, piece: Piece) -> Result<(Vec<Member>, Vec<Skipped>)> {
        let (mut members, mut left_out) = (Vec::new(), Vec::new());
        match piece {
            Piece::Articles(documents) => {
                let mut buffer = Vec::new();
                for document in documents {
                    let text = match document.read(&mut buffer) {
                        Ok(text) => text,
                        Err(error) => {
                            left_out.push(document.skip(error)?);
                            continue;
                        }
                    };
                    match self.unit {
                        Some(Unit::Row) => members.push(Member {
                            cells: owned(document.carried()),
                            id: document.id.clone(),
                            document: document.id,
                            text: text.to_owned(),
                        }),
                        _ => self.split(&document.id, text, document.carried(), &mut members),
                    }
                }
            }
            Piece::Part(part) => {
                let (text, skipped) = part.text()?;
                let ranges = self.segmenter.sentences_in(text, part.layout);
                // Nobody asks where in characters a sentence stands.
                let length = Position { sentences: ranges.len(), code_points: 0 };
                if let Some(start) = part.place(skipped.is_none().then_some(length)) {
                    left_out.extend(skipped);
                    members.extend(ranges.into_iter().enumerate().map(|(index, range)| Member {
                        id: format!("{}:{}", part.id, start.sentences + index),
                        document: part.id.clone(),
                        text: text[range].to_owned(),
                        cells: owned(part.carried()),
                    }));
                }
            }
            Piece::Rows(rows) => {
                let unit = self.unit.unwrap_or_else(|| unit_of(&rows));
                left_out = rows.parse(|row| match unit {
                    Unit::Sentence => self.split(row.id, row.text, row.carried, &mut members),
                    Unit::Row => {
                        let document = row.document.filter(|name| !name.is_empty());
                        members.push(Member {
                            document: document.unwrap_or(row.id).to_owned(),
                            id: row.id.to_owned(),
                            text: row.text.to_owned(),
                            cells: owned(row.carried),
                        });
                    }
                })?;
            }
            Piece::Skipped(skipped) => left_out.push(skipped),
            Piece::Passed(_) => {}
        }
        Ok((members, left_out))
    }

    fn split(&self, id: &str, text: &str, cells: Carried<'_>, members: &mut Vec<Member>) {
        let ranges = self.segmenter.sentences(text).into_iter().enumerate();
        members.extend(ranges.map(|(index, range)| Member {
            id: format!("{id}:{index}"),
            document: id.to_owned(),
            text: text[range].to_owned(),
            cells: owned(cells),
        }));
    }
}

fn owned(cells: Carried<'_>) -> Vec<String> {
    cells.iter().map(str::to_owned).collect()
}

/// What the rows of a table are: sentences, where it is a label file.
fn unit_of(rows: &RowChunk) -> Unit {
    let has = |name: &&str| rows.columns().iter().any(|column| column == name);
    match ["id", "text", "labels"].iter().all(has) {
        true => Unit::Row,
        false => Unit::Sentence,
    }
}
