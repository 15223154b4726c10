//! Tables of classified sentences, by group and period.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use super::gold::Coded;
use super::{Group, Over};
use crate::data::{
    Codebook, LabelFile, LabelSchema, LabelSet, LabelledRow, OnError, Skipped, group_indices,
};
use crate::error::{Error, Place, Result, listed};

/// More groups than this are no groups: somebody named a column of scores or of ids.
const MOST_GROUPS: usize = 200;

/// Classified sentences, each in a group.
#[derive(Debug, Clone)]
pub struct Results {
    file: LabelFile,
    /// The rows of the file that are compared.
    kept: Vec<usize>,
    pub(super) by: String,
    pub(super) over: Option<Over>,
    /// The groups, the largest first.
    pub(super) groups: Vec<String>,
    /// By group, its sentences.
    members: Vec<Vec<usize>>,
    /// By sentence: its group, its period, its document.
    pub(super) group: Vec<usize>,
    pub(super) period: Vec<Option<usize>>,
    pub(super) documents: Vec<usize>,
    pub(super) periods: Vec<String>,
    pub(super) has_documents: bool,
    pub(super) without_group: usize,
    pub(super) without_date: usize,
    /// By frame and sentence, its probability, where the results have the columns `p.<frame>`.
    pub(super) probabilities: Option<Vec<Vec<f64>>>,
}

impl Results {
    /// Reads result tables of `classify`, or any label files with a column for groups.
    ///
    /// Sentences without a group are left out and counted. With `over`, periods come from the column
    /// `date` (`2022-08-31`, `2022/08/31` or `20220831`, whatever follows; `2022-08` and `2022` where
    /// the period needs no more).
    ///
    /// # Errors
    ///
    /// Those of [`LabelFile::read_with`]; when there is no such column, no column `date` where periods are
    /// asked for, no sentence with a group, or more than 200 groups; and when an id stands in two of the tables.
    pub fn read(
        paths: &[PathBuf],
        codebook: Option<&Codebook>,
        by: &str,
        over: Option<Over>,
        on_error: OnError,
    ) -> Result<Self> {
        let file = LabelFile::read_with(paths, codebook, LabelSchema::Results, on_error)?;
        let place = paths.first().map_or_else(Place::default, |path| Place::input(path));
        check_ids(&file)?;
        let names = cells(&file, by).ok_or_else(|| missing(&file, &place, by))?;
        let coded = |row: &usize| file.rows[*row].coding.labels().is_some();
        let (kept, left_out): (Vec<usize>, Vec<usize>) =
            (0..file.rows.len()).filter(coded).partition(|&row| !names[row].trim().is_empty());
        if kept.is_empty() {
            let problem = format!("no sentence has a value in column `{by}`");
            return Err(Error::data(place, problem, "fill in the groups to compare"));
        }
        let (groups, group) = by_size(kept.iter().map(|&row| names[row].trim()));
        if groups.len() > MOST_GROUPS {
            let problem = format!("column `{by}` has {} different values", groups.len());
            let remedy =
                format!("name a column with at most {MOST_GROUPS}: all pairs are compared");
            return Err(Error::data(place, problem, remedy));
        }
        let mut members = vec![Vec::new(); groups.len()];
        group.iter().enumerate().for_each(|(sentence, &of)| members[of].push(sentence));
        let period: Vec<Option<String>> = match over {
            None => vec![None; kept.len()],
            Some(over) => {
                let dates = cells(&file, "date").ok_or_else(|| missing(&file, &place, "date"))?;
                kept.iter().map(|&row| period(dates[row], over)).collect()
            }
        };
        let periods: BTreeSet<&String> = period.iter().flatten().collect();
        let numbers: HashMap<&String, usize> =
            periods.iter().enumerate().map(|(number, &name)| (name, number)).collect();
        let document = |&row: &usize| file.rows[row].document.as_deref();
        let results = Results {
            by: by.to_owned(),
            over,
            members,
            group,
            documents: group_indices(kept.iter().map(document)),
            has_documents: kept.iter().any(|row| document(row).is_some()),
            without_group: left_out.len(),
            without_date: over.map_or(0, |_| period.iter().filter(|of| of.is_none()).count()),
            probabilities: probabilities(&file, &kept)?,
            period: period.iter().map(|of| of.as_ref().map(|of| numbers[of])).collect(),
            periods: periods.iter().map(|&name| name.clone()).collect(),
            groups,
            kept,
            file,
        };
        Ok(results)
    }

    /// What to know about how the tables were read.
    pub fn notices(&self) -> &[String] {
        &self.file.notices
    }

    /// What was left out of the tables.
    pub fn skipped(&self) -> &[Skipped] {
        &self.file.skipped
    }

    /// The frames and stances.
    pub fn codebook(&self) -> &Codebook {
        &self.file.codebook
    }

    /// The SHA-256 of what stood on standard input, where that was read.
    pub fn input_digest(&self) -> Option<&str> {
        self.file.input_digest.as_deref()
    }

    /// How many sentences are compared.
    pub fn rows(&self) -> usize {
        self.kept.len()
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// A sentence.
    pub fn row(&self, sentence: usize) -> &LabelledRow {
        &self.file.rows[self.kept[sentence]]
    }

    /// The name of a sentence's group.
    pub fn group_of(&self, sentence: usize) -> &str {
        &self.groups[self.group[sentence]]
    }

    /// The labels of a sentence.
    pub(super) fn labels(&self, sentence: usize) -> &LabelSet {
        // Rows that are not coded were left out.
        static NONE: LabelSet = LabelSet::EMPTY;
        self.row(sentence).coding.labels().unwrap_or(&NONE)
    }

    /// The cell of a sentence in a carried column.
    pub(super) fn cell(&self, sentence: usize, column: &str) -> Option<&str> {
        let column = self.file.extra_columns.iter().position(|name| name == column)?;
        Some(self.row(sentence).extra[column].as_str())
    }

    /// The sentences of a group, or of a group in a period.
    pub(super) fn members(&self, group: usize, period: Option<usize>) -> Vec<usize> {
        let is_in = |&sentence: &usize| period.is_none() || self.period[sentence] == period;
        self.members[group].iter().copied().filter(is_in).collect()
    }

    /// How many documents some sentences stand in.
    pub(super) fn count_documents(&self, members: &[usize]) -> usize {
        members.iter().map(|&sentence| self.documents[sentence]).collect::<BTreeSet<_>>().len()
    }

    pub(super) fn group_sizes(&self, coded: Option<&Coded<'_>>) -> Vec<Group> {
        let size = |(group, name): (usize, &String)| {
            let members = self.members(group, None);
            Group {
                group: name.clone(),
                documents: self.count_documents(&members),
                sentences: members.len(),
                gold: coded.map_or(0, |coded| coded.count(&members)),
            }
        };
        self.groups.iter().enumerate().map(size).collect()
    }
}

/// The cells of a column, by row.
fn cells<'a>(file: &'a LabelFile, name: &str) -> Option<Vec<&'a str>> {
    if name == "document" {
        let document = |row: &'a LabelledRow| row.document.as_deref().unwrap_or_default();
        return Some(file.rows.iter().map(document).collect());
    }
    let column = file.extra_columns.iter().position(|known| known == name)?;
    Some(file.rows.iter().map(|row| row.extra[column].as_str()).collect())
}

fn missing(file: &LabelFile, place: &Place, name: &str) -> Error {
    let known = file.extra_columns.iter().filter(|name| !name.starts_with("p."));
    let known: Vec<&String> = known.collect();
    let remedy = match known.is_empty() {
        _ if ["id", "text", "labels", "coder"].contains(&name) => {
            format!(
                "`{name}` cannot divide sentences into groups; the columns are {}, `document`",
                listed(known)
            )
        }
        true => "carry it through `classify`: columns of a table of articles stand in its results"
            .to_owned(),
        false => format!("the columns are {}", listed(known)),
    };
    Error::data(place.clone(), format!("there is no column `{name}` for groups"), remedy)
}

/// An id that stands in two tables would count twice.
fn check_ids(file: &LabelFile) -> Result<()> {
    let mut first: HashMap<&str, &LabelledRow> = HashMap::new();
    for row in &file.rows {
        if let Some(first) = first.insert(&row.id, row) {
            return Err(Error::data(
                row.place.column("id"),
                format!("`{}` stands twice (first: {})", row.id, first.place),
                "give each sentence once, under an id of its own",
            ));
        }
    }
    Ok(())
}

/// Names, the most frequent first, and the number of each.
fn by_size<'a>(names: impl Iterator<Item = &'a str>) -> (Vec<String>, Vec<usize>) {
    let names: Vec<&str> = names.collect();
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    names.iter().for_each(|&name| *sizes.entry(name).or_default() += 1);
    let mut order: Vec<(&str, usize)> = sizes.into_iter().collect();
    order.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let number: HashMap<&str, usize> =
        order.iter().enumerate().map(|(number, &(name, _))| (name, number)).collect();
    let of_row = names.iter().map(|name| number[name]).collect();
    (order.into_iter().map(|(name, _)| name.to_owned()).collect(), of_row)
}

/// The period a date lies in; `None` where it cannot be read.
fn period(date: &str, over: Over) -> Option<String> {
    let date = date.trim();
    let digits = |from: usize, to: usize| {
        let part = date.get(from..to)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok())?
    };
    let year = digits(0, 4)?;
    if over == Over::Year {
        return Some(format!("{year:04}"));
    }
    let month = match date.as_bytes().get(4)? {
        b'-' | b'/' | b'.' => digits(5, 7)?,
        _ => digits(4, 6)?,
    };
    match over {
        _ if !(1..=12).contains(&month) => None,
        Over::Quarter => Some(format!("{year:04}-Q{}", month.div_ceil(3))),
        _ => Some(format!("{year:04}-{month:02}")),
    }
}

/// By frame and sentence, where there is a column for every frame.
fn probabilities(file: &LabelFile, kept: &[usize]) -> Result<Option<Vec<Vec<f64>>>> {
    let column =
        |frame: &&str| file.extra_columns.iter().position(|column| *column == format!("p.{frame}"));
    let names = file.codebook.frame_names();
    let Some(columns) = names.iter().map(column).collect::<Option<Vec<usize>>>() else {
        return Ok(None);
    };
    let read = |(&column, name): (&usize, &&str)| {
        let cell = |&row: &usize| {
            let row = &file.rows[row];
            let cell = &row.extra[column];
            cell.parse().ok().filter(|p| (0.0..=1.0).contains(p)).ok_or_else(|| {
                let place = row.place.column(&format!("p.{name}"));
                Error::data(
                    place,
                    format!("`{cell}` is no probability"),
                    "give a number from 0 to 1",
                )
            })
        };
        kept.iter().map(cell).collect()
    };
    columns.iter().zip(&names).map(read).collect::<Result<_>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_come_from_the_usual_ways_to_write_a_date() {
        for (date, month) in [
            ("2022-08-31", Some("2022-08")),
            ("2022/8/31", None),
            ("20221231T10:00", Some("2022-12")),
            ("2022-08", Some("2022-08")),
            ("2022-13-01", None),
            ("2022", None),
            ("yesterday", None),
            ("２０２２-08", None),
        ] {
            assert_eq!(period(date, Over::Month).as_deref(), month, "{date}");
        }
        assert_eq!(period("2022-08-31", Over::Quarter).as_deref(), Some("2022-Q3"));
        assert_eq!(period("2022", Over::Year).as_deref(), Some("2022"));
    }
}
