//! Agreement between coders.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use serde::Serialize;

use crate::data::{Codebook, LabelFile, LabelSchema, group_indices};
use crate::error::{Error, Place, Result};
use crate::stats::{
    Bootstrap, Clusters, CodeTable, Measure, cohen_kappa, fleiss_kappa, krippendorff_alpha,
    mean_cohen_kappa, percent_agreement,
};

/// Agreement coefficients of one frame.
#[derive(Debug, Clone, Serialize)]
pub struct Coefficients {
    /// Mean share of agreeing pairs of coders.
    pub percent_agreement: Measure,
    /// Krippendorff's alpha, nominal.
    pub krippendorff_alpha: Measure,
    /// Fleiss' kappa.
    pub fleiss_kappa: Measure,
    /// Cohen's kappa; the mean over pairs where there are more than two coders.
    pub cohen_kappa: Measure,
}

/// Agreement on whether a frame is present.
#[derive(Debug, Clone, Serialize)]
pub struct LabelAgreement {
    /// The frame.
    pub label: String,
    /// Sentences that two coders or more have coded.
    pub units: usize,
    /// By coder, the share of coded sentences given the frame.
    pub shares: BTreeMap<String, Option<f64>>,
    /// The coefficients.
    pub coefficients: Coefficients,
}

/// Cohen's kappa of two coders.
#[derive(Debug, Clone, Serialize)]
pub struct PairAgreement {
    /// The two coders.
    pub coders: [String; 2],
    /// The frame.
    pub label: String,
    /// Sentences that both coded.
    pub units: usize,
    /// Cohen's kappa.
    pub cohen_kappa: Measure,
}

/// Agreement on all frames.
#[derive(Debug, Clone, Serialize)]
pub struct Agreement {
    /// Sentences in all.
    pub units: usize,
    /// Documents they stand in; intervals resample these.
    pub documents: usize,
    /// Whether the files say which document a sentence stands in.
    #[serde(skip)]
    pub has_documents: bool,
    /// Replicates behind the intervals.
    pub replicates: usize,
    /// The coders, sorted.
    pub coders: Vec<String>,
    /// By frame.
    pub labels: Vec<LabelAgreement>,
    /// By pair of coders and frame.
    pub pairs: Vec<PairAgreement>,
}

/// Reads codings and computes how far the coders agree on every frame. Coders are the values of
/// the column `coder`, or files.
///
/// # Errors
///
/// Those of [`LabelFile::read`]; also with fewer than two coders.
pub fn agree(
    paths: &[PathBuf],
    codebook: Option<&Codebook>,
    bootstrap: &Bootstrap,
) -> Result<Agreement> {
    let file = LabelFile::read(paths, codebook, LabelSchema::CodesOnly)?;
    let coders = file.coders();
    if coders.len() < 2 {
        return Err(Error::data(
            Place::file(&paths[0]),
            format!("there is one coder only (`{}`)", coders.first().unwrap_or(&"")),
            "give a column `coder`, or a file for each coder",
        ));
    }
    let units = Units::gather(&file, &coders);
    let tables = (0..file.codebook.frames.len()).map(|frame| units.table(frame));
    let mut agreement = Agreement {
        units: units.codings.len(),
        documents: units.clusters.count(),
        has_documents: units.has_documents,
        replicates: bootstrap.replicates,
        coders: coders.iter().map(|&name| name.to_owned()).collect(),
        labels: Vec::new(),
        pairs: Vec::new(),
    };
    for (frame, table) in file.codebook.frames.iter().zip(tables) {
        agreement.add(&frame.name, &table, &units.clusters, bootstrap);
    }
    Ok(agreement)
}

/// Sentences by id, each with a coding (or none) of every coder: which frames are present.
struct Units {
    codings: Vec<Vec<Option<Vec<bool>>>>,
    clusters: Clusters,
    has_documents: bool,
}

impl Units {
    fn gather(file: &LabelFile, coders: &[&str]) -> Self {
        let frames = file.codebook.frames.len();
        let coder_index: HashMap<&str, usize> =
            coders.iter().enumerate().map(|(index, &name)| (name, index)).collect();
        let mut unit_index: HashMap<&str, usize> = HashMap::new();
        let mut codings: Vec<Vec<Option<Vec<bool>>>> = Vec::new();
        let mut documents: Vec<Option<&str>> = Vec::new();
        for row in &file.rows {
            let unit = *unit_index.entry(&row.id).or_insert_with(|| {
                codings.push(vec![None; coders.len()]);
                documents.push(None);
                codings.len() - 1
            });
            documents[unit] = documents[unit].or(row.document.as_deref());
            codings[unit][coder_index[row.coder.as_str()]] = row
                .coding
                .labels()
                .map(|labels| (0..frames).map(|frame| labels.contains(frame)).collect());
        }
        let has_documents = documents.iter().any(Option::is_some);
        Units { codings, clusters: Clusters::new(group_indices(documents)), has_documents }
    }

    fn table(&self, frame: usize) -> CodeTable {
        let code = |coding: &Option<Vec<bool>>| coding.as_ref().map(|c| usize::from(c[frame]));
        let units: Vec<Vec<Option<usize>>> =
            self.codings.iter().map(|codings| codings.iter().map(code).collect()).collect();
        CodeTable { coders: units.first().map_or(0, Vec::len), values: 2, units }
    }
}

impl Agreement {
    fn add(&mut self, label: &str, table: &CodeTable, clusters: &Clusters, bootstrap: &Bootstrap) {
        let measures = bootstrap.measures(clusters, |weights| {
            vec![
                percent_agreement(table, weights),
                krippendorff_alpha(table, weights),
                fleiss_kappa(table, weights),
                mean_cohen_kappa(table, weights),
            ]
        });
        let share = |coder: usize| {
            let codes = table.units.iter().filter_map(|unit| unit[coder]);
            let (present, all) = codes.fold((0, 0), |(p, n), code| (p + code, n + 1));
            (all > 0).then(|| present as f64 / f64::from(all))
        };
        let names = self.coders.iter().cloned();
        self.labels.push(LabelAgreement {
            label: label.to_owned(),
            units: table.units.iter().filter(|unit| unit.iter().flatten().count() >= 2).count(),
            shares: names.enumerate().map(|(coder, name)| (name, share(coder))).collect(),
            coefficients: Coefficients {
                percent_agreement: measures[0],
                krippendorff_alpha: measures[1],
                fleiss_kappa: measures[2],
                cohen_kappa: measures[3],
            },
        });
        for first in 0..table.coders {
            for second in first + 1..table.coders {
                let kappa =
                    bootstrap.measures(clusters, |w| vec![cohen_kappa(table, w, first, second)]);
                let both =
                    |unit: &&Vec<Option<usize>>| unit[first].is_some() && unit[second].is_some();
                self.pairs.push(PairAgreement {
                    coders: [self.coders[first].clone(), self.coders[second].clone()],
                    label: label.to_owned(),
                    units: table.units.iter().filter(both).count(),
                    cohen_kappa: kappa[0],
                });
            }
        }
    }
}
