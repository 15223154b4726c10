//! Tables with a row a unit and a column a coder.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use serde::Serialize;

use super::estimate::{Quantity, Scale};
use super::{Agreement, estimate};
use crate::data::{Table, group_indices, stem};
use crate::error::{Error, Result};
use crate::stats::{Bootstrap, Clusters, CodeTable, Coefficient, Weighting, Weights};

/// What values of a code mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Names.
    #[default]
    Nominal,
    /// Ranks: numbers of which only the order counts.
    Ordinal,
    /// Numbers whose differences count.
    Interval,
    /// Numbers from zero upwards whose ratios count.
    Ratio,
}

/// A row a unit, a column a coder. The first column names the unit; a column `document` says which
/// document it stands in; empty cells and `NA` are missing codes.
#[derive(Debug, Clone)]
pub struct WideTable {
    /// The file's name without its ending.
    pub name: String,
    /// The coders, in the order of the columns.
    pub coders: Vec<String>,
    /// The values, ascending; by name at the nominal level.
    pub values: Vec<String>,
    /// Names of the units.
    pub units: Vec<String>,
    /// The codes.
    pub table: CodeTable,
    /// What to know about how the file was read.
    pub notice: Option<String>,
    level: Level,
    numbers: Vec<f64>,
    clusters: Clusters,
    has_documents: bool,
}

/// More different numbers than this would need a matrix of distances too large to be of use.
const MOST_NUMBERS: usize = 1000;

impl WideTable {
    /// Reads a table.
    ///
    /// # Errors
    ///
    /// With file, line and column: everything that [`Table::read`] refuses, fewer than two coders,
    /// no code at all, and, above the nominal level, a code that is no number, a negative one at the
    /// ratio level, or more than 1,000 different ones.
    pub fn read(path: &Path, level: Level) -> Result<Self> {
        let file = Table::read(path)?;
        let document = file.column("document").filter(|&column| column > 0);
        let columns: Vec<usize> =
            (1..file.header.len()).filter(|&column| Some(column) != document).collect();
        if columns.len() < 2 {
            return Err(Error::data(
                file.place.line(1),
                format!("there are {} columns of codes", columns.len()),
                "give the units' names in the first column and one column for each coder",
            ));
        }
        let cell = |row: usize, column: usize| match file.rows[row].cells[column].trim() {
            "" | "NA" => None,
            code => Some(code),
        };
        let mut found: BTreeSet<&str> = BTreeSet::new();
        let mut numbers: HashMap<&str, f64> = HashMap::new();
        for row in 0..file.rows.len() {
            for &column in &columns {
                let Some(code) = cell(row, column) else { continue };
                if !found.insert(code) || level == Level::Nominal {
                    continue;
                }
                let fail = |problem, remedy| {
                    let place = file.place.line(file.rows[row].line);
                    Err(Error::data(place.column(&file.header[column]), problem, remedy))
                };
                match code.parse::<f64>() {
                    Ok(number) if !number.is_finite() => {
                        return fail(format!("`{code}` is no finite number"), "leave it empty");
                    }
                    Ok(number) if level == Level::Ratio && number < 0.0 => {
                        return fail(
                            format!("`{code}` is negative, and ratios need numbers from 0 upwards"),
                            "correct it or use --level interval",
                        );
                    }
                    // Zero has one form, so that both compare as the same value.
                    Ok(number) => numbers.insert(code, number + 0.0),
                    Err(_) => {
                        return fail(
                            format!("`{code}` is no number"),
                            "write ranks as numbers (1, 2, 3), leave missing codes empty, or use \
                             --level nominal",
                        );
                    }
                };
            }
        }
        if found.is_empty() {
            let remedy = "fill in the codes below the coders' names";
            return Err(Error::data(file.place.clone(), "there is no code in the table", remedy));
        }
        // `1` and `1.0` are the same number.
        let mut values: Vec<(String, f64)> = found
            .iter()
            .enumerate()
            .map(|(rank, &code)| {
                (code.to_owned(), numbers.get(code).copied().unwrap_or(rank as f64))
            })
            .collect();
        values.sort_by(|a, b| a.1.total_cmp(&b.1));
        values.dedup_by(|a, b| a.1 == b.1);
        if level != Level::Nominal && values.len() > MOST_NUMBERS {
            return Err(Error::data(
                file.place.clone(),
                format!("there are {} different numbers", values.len()),
                format!("round them to at most {MOST_NUMBERS}"),
            ));
        }
        let index: HashMap<&str, usize> = found
            .iter()
            .enumerate()
            .map(|(rank, &code)| {
                let number = numbers.get(code).copied().unwrap_or(rank as f64);
                (code, values.partition_point(|value| value.1 < number))
            })
            .collect();
        let unit = |row: usize| -> Vec<Option<usize>> {
            let code =
                |&column: &usize| cell(row, column).and_then(|code| index.get(code).copied());
            columns.iter().map(code).collect()
        };
        let documents: Vec<Option<&str>> = file
            .rows
            .iter()
            .map(|row| document.map(|at| row.cells[at].as_str()).filter(|name| !name.is_empty()))
            .collect();
        Ok(WideTable {
            name: stem(path),
            notice: file.notice.clone(),
            coders: columns.iter().map(|&column| file.header[column].clone()).collect(),
            units: file.rows.iter().map(|row| row.cells[0].clone()).collect(),
            table: CodeTable {
                coders: columns.len(),
                values: values.len(),
                units: (0..file.rows.len()).map(unit).collect(),
            },
            level,
            numbers: values.iter().map(|value| value.1).collect(),
            values: values.into_iter().map(|value| value.0).collect(),
            has_documents: documents.iter().any(Option::is_some),
            clusters: Clusters::new(group_indices(documents)),
        })
    }

    /// Computes how far the coders agree. Above the nominal level alpha has the level's metric, and
    /// Cohen's kappa and Gwet's AC2 have ordinal, quadratic or ratio weights.
    pub fn agree(&self, bootstrap: &Bootstrap) -> Agreement {
        let mut agreement = Agreement {
            units: self.units.len(),
            documents: self.clusters.count(),
            has_documents: self.has_documents,
            replicates: bootstrap.replicates,
            level: Some(self.level),
            coders: self.coders.clone(),
            labels: Vec::new(),
            pairs: Vec::new(),
            set: None,
        };
        let with = (&self.clusters, bootstrap);
        agreement.add(&self.name, &self.table, &self.scales(), self.values.clone(), with);
        if let Some(label) = agreement.labels.last_mut() {
            // Alpha stands where it does in label files, whatever its metric.
            let alpha = label.coefficients.0.iter().position(|(n, _)| *n == "krippendorff_alpha");
            if let Some(alpha) = alpha {
                let alpha = label.coefficients.0.remove(alpha);
                label.coefficients.0.insert(1, alpha);
            }
            label.alpha_without = self
                .coders
                .iter()
                .cloned()
                .zip(estimate::without_each_coder(&self.table, &self.alpha_scale()))
                .collect();
        }
        agreement
    }

    fn alpha_scale(&self) -> Scale {
        let alpha = match self.level {
            Level::Ordinal => Quantity::OrdinalAlpha,
            _ => Quantity::Of(Coefficient::KrippendorffAlpha),
        };
        let scheme = match self.level {
            Level::Nominal => Weighting::Identity,
            Level::Ordinal => Weighting::Ordinal,
            Level::Interval => Weighting::Quadratic,
            Level::Ratio => Weighting::Ratio,
        };
        Scale {
            weights: Weights::new(scheme, &self.numbers),
            quantities: vec![("krippendorff_alpha", alpha)],
        }
    }

    fn scales(&self) -> Vec<Scale> {
        let mut nominal = Scale::nominal(self.values.len());
        let kappa = Quantity::Of(Coefficient::CohenKappa);
        let gwet = Quantity::Of(Coefficient::GwetAc);
        if self.level == Level::Nominal {
            nominal.quantities.extend([("cohen_kappa_weighted", kappa), ("gwet_ac2", gwet)]);
            return vec![nominal];
        }
        nominal.quantities.retain(|(name, _)| *name != "krippendorff_alpha");
        let mut own = self.alpha_scale();
        own.quantities.extend([("cohen_kappa_weighted", kappa), ("gwet_ac2", gwet)]);
        let numbers: Vec<f64> = match self.level {
            Level::Ordinal => (0..self.numbers.len()).map(|rank| rank as f64).collect(),
            _ => self.numbers.clone(),
        };
        let kappa_with = |name, scheme| Scale {
            weights: Weights::new(scheme, &numbers),
            quantities: vec![(name, kappa)],
        };
        vec![
            nominal,
            own,
            kappa_with("cohen_kappa_linear", Weighting::Linear),
            kappa_with("cohen_kappa_quadratic", Weighting::Quadratic),
        ]
    }
}
