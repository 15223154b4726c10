//! Samples as label files.

use super::{Coded, Population, Sample};
use crate::data::{ColumnKind, RowFormat, TableFormat};

/// How a label file is written.
pub struct LabelTable<'a> {
    population: &'a Population,
    sample: &'a Sample,
    format: RowFormat,
    has_coder: bool,
    /// What was coded before.
    coded: Option<&'a Coded>,
    /// The columns of the population that are kept.
    kept: Vec<usize>,
}

/// The columns that stand in every label file of a sample.
const COLUMNS: [&str; 8] =
    ["id", "text", "labels", "document", "coder", "inclusion_probability", "stratum", "seed"];

impl<'a> LabelTable<'a> {
    /// Label files with a column `coder` where `has_coder` says so. What the model said is kept only
    /// where `keep_scores` says so (its labels as `model_labels`), since who sees it does not code
    /// independently of it.
    pub fn new(
        population: &'a Population,
        sample: &'a Sample,
        format: TableFormat,
        has_coder: bool,
        keep_scores: bool,
    ) -> Self {
        let is_kept = |name: &str| match name {
            "labels" | "model_labels" => keep_scores,
            name if name.starts_with("p.") => keep_scores,
            name => !COLUMNS.contains(&name),
        };
        let kept: Vec<usize> = (0..population.columns.len())
            .filter(|&column| is_kept(&population.columns[column]))
            .collect();
        let mut header: Vec<String> = COLUMNS.map(str::to_owned).to_vec();
        header.retain(|name| has_coder || name != "coder");
        header.extend(kept.iter().map(|&column| match population.columns[column].as_str() {
            "labels" => "model_labels".to_owned(),
            name => name.to_owned(),
        }));
        let kind = |name: &String| match name.as_str() {
            "inclusion_probability" => ColumnKind::Real,
            "seed" => ColumnKind::Whole,
            _ => ColumnKind::Text,
        };
        let kinds: Vec<ColumnKind> = header.iter().map(kind).collect();
        let format = RowFormat::new(format, header).with_kinds(&kinds);
        LabelTable { population, sample, format, has_coder, coded: None, kept }
    }

    /// With the labels of a sample that was extended.
    pub fn with_coded(self, coded: Option<&'a Coded>) -> Self {
        LabelTable { coded, ..self }
    }

    /// The file of a coder: rows of [`Sample::rows`], `?` where nothing was coded before.
    pub fn write(&self, coder: &str, rows: impl IntoIterator<Item = usize>) -> Vec<u8> {
        let mut table = self.format.rows();
        for row in rows {
            let selected = &self.sample.rows[row];
            let member = &self.population.members[selected.member];
            table.text(&member.id);
            table.text(&member.text);
            table.text(self.coded.and_then(|coded| coded.labels(selected.member)).unwrap_or("?"));
            table.text(&member.document);
            if self.has_coder {
                table.text(coder);
            }
            table.exact(selected.probability);
            table.text(&self.sample.strata[selected.stratum].stratum);
            table.exact(self.sample.seed);
            for &column in &self.kept {
                table.text(member.cells.get(column).map_or("", String::as_str));
            }
            table.end_row();
        }
        [self.format.header(), table.finish()].concat()
    }
}
