//! Agreement between coders, and the gold standard that comes of it.

mod codings;
mod disagreement;
mod estimate;
mod gold;
mod wide;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::stats::{Bootstrap, Clusters, CodeTable, Coefficient, Measure, SetDistance, Weights};
use estimate::{Quantity, Scale, coefficients, estimates, without_each_coder};

pub use codings::{CodedUnit, Codings};
pub use disagreement::Disagreement;
pub use estimate::{Coefficients, Estimate};
pub use gold::{Adjudication, CoderQuality, Gold, GoldUnit};
pub use wide::{Level, WideTable};

/// Agreement on whether a frame is present, or on the codes of a wide table.
#[derive(Debug, Clone, Serialize)]
pub struct LabelAgreement {
    /// The frame.
    pub label: String,
    /// Units that two coders or more have coded.
    pub units: usize,
    /// By coder, the share of coded sentences given the frame.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub shares: BTreeMap<String, Option<f64>>,
    /// The coefficients.
    pub coefficients: Coefficients,
    /// By coder, alpha without this coder.
    pub alpha_without: BTreeMap<String, Measure>,
    /// The values that rows and columns of `confusion` stand for.
    pub values: Vec<String>,
    /// By coder: pairs of the coder's value (row) and another coder's of the same unit (column).
    pub confusion: BTreeMap<String, Vec<Vec<u64>>>,
    /// Agreement on the stance among those who gave the frame; where stances are coded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stance: Option<StanceAgreement>,
}

/// Agreement on the stance towards a frame, among those who gave the frame.
#[derive(Debug, Clone, Serialize)]
pub struct StanceAgreement {
    /// Sentences that two coders or more gave the frame and a stance.
    pub units: usize,
    /// The coefficients.
    pub coefficients: Coefficients,
}

/// Agreement on the whole set of frames.
#[derive(Debug, Clone, Serialize)]
pub struct SetAgreement {
    /// Sentences that two coders or more have coded.
    pub units: usize,
    /// Share of pairs of coders who gave the same set; alphas by MASI and Jaccard distance.
    #[serde(flatten)]
    pub coefficients: Coefficients,
    /// The same over sentences that at least one coder gave a frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_frame: Option<Box<SetAgreement>>,
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
    pub cohen_kappa: Estimate,
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
    /// Level of measurement, of a wide table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The coders, sorted.
    pub coders: Vec<String>,
    /// By frame.
    pub labels: Vec<LabelAgreement>,
    /// By pair of coders and frame.
    pub pairs: Vec<PairAgreement>,
    /// On the whole set of frames; for label files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<SetAgreement>,
}

/// Computes how far coders agree on every frame, on the stance towards it, and on the whole set.
pub fn agree(codings: &Codings, bootstrap: &Bootstrap) -> Agreement {
    let mut agreement = Agreement {
        units: codings.units.len(),
        documents: codings.clusters.count(),
        has_documents: codings.has_documents(),
        replicates: bootstrap.replicates,
        level: None,
        coders: codings.coders.clone(),
        labels: Vec::new(),
        pairs: Vec::new(),
        set: None,
    };
    let clusters = &codings.clusters;
    for (frame, entry) in codings.codebook.frames.iter().enumerate() {
        let table = codings.frame_table(frame);
        let scales = [Scale::nominal(2)];
        let values = vec!["absent".to_owned(), "present".to_owned()];
        agreement.add(&entry.name, &table, &scales, values, (clusters, bootstrap));
        let share = |coder: usize| {
            let codes = table.units.iter().filter_map(|unit| unit[coder]);
            let (present, all) = codes.fold((0, 0), |(p, n), code| (p + code, n + 1));
            (all > 0).then(|| present as f64 / f64::from(all))
        };
        let names = codings.coders.iter().cloned().enumerate();
        let shares = names.map(|(coder, name)| (name, share(coder))).collect();
        if let Some(label) = agreement.labels.last_mut() {
            label.shares = shares;
            label.stance = stance(codings, frame, bootstrap);
        }
    }
    agreement.set = Some(sets(codings, bootstrap));
    agreement
}

fn stance(codings: &Codings, frame: usize, bootstrap: &Bootstrap) -> Option<StanceAgreement> {
    let table = codings.stance_table(frame);
    if table.units.iter().flatten().all(Option::is_none) {
        return None;
    }
    let scales = [Scale::nominal(table.values)];
    let coefficients = coefficients(&table, &scales, &codings.clusters, bootstrap);
    Some(StanceAgreement { units: table.pairable_units(), coefficients })
}

fn sets(codings: &Codings, bootstrap: &Bootstrap) -> SetAgreement {
    let (table, sets) = codings.set_table();
    let scale = |name, weights, coefficient| Scale {
        weights,
        quantities: vec![(name, Quantity::Of(coefficient))],
    };
    let alpha = Coefficient::KrippendorffAlpha;
    let scales = [
        scale("percent_agreement", Weights::identity(sets.len()), Coefficient::PercentAgreement),
        scale("krippendorff_alpha_masi", SetDistance::Masi.weights(&sets), alpha),
        scale("krippendorff_alpha_jaccard", SetDistance::Jaccard.weights(&sets), alpha),
    ];
    let assess = |table: &CodeTable| {
        let coefficients = coefficients(table, &scales, &codings.clusters, bootstrap);
        SetAgreement { units: table.pairable_units(), coefficients, with_frame: None }
    };
    let mut agreement = assess(&table);
    let mut with_frame = table;
    let empty = |code: &usize| !sets[*code].contains(&true);
    for unit in &mut with_frame.units {
        if unit.iter().flatten().all(empty) {
            unit.fill(None);
        }
    }
    agreement.with_frame = Some(Box::new(assess(&with_frame)));
    agreement
}

impl Agreement {
    fn add(
        &mut self,
        label: &str,
        table: &CodeTable,
        scales: &[Scale],
        values: Vec<String>,
        (clusters, bootstrap): (&Clusters, &Bootstrap),
    ) {
        let (coefficients, pairs) = estimates(table, scales, clusters, bootstrap);
        let without = without_each_coder(table, &Scale::nominal_alpha(table.values));
        let by_coder = || self.coders.iter().cloned();
        self.labels.push(LabelAgreement {
            label: label.to_owned(),
            units: table.pairable_units(),
            shares: BTreeMap::new(),
            coefficients,
            alpha_without: by_coder().zip(without).collect(),
            values,
            confusion: by_coder().zip((0..table.coders).map(|c| table.confusion(c))).collect(),
            stance: None,
        });
        let mut kappas = pairs.into_iter();
        for first in 0..table.coders {
            for second in first + 1..table.coders {
                let Some(cohen_kappa) = kappas.next() else { return };
                let both =
                    |unit: &&Vec<Option<usize>>| unit[first].is_some() && unit[second].is_some();
                self.pairs.push(PairAgreement {
                    coders: [self.coders[first].clone(), self.coders[second].clone()],
                    label: label.to_owned(),
                    units: table.units.iter().filter(both).count(),
                    cohen_kappa,
                });
            }
        }
    }
}
