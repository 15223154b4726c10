//! Agreement between coders as text.

use std::collections::BTreeMap;

use super::tables::{cells, intervals, render, table};
use crate::stats::Measure;
use crate::tasks::agree::{Agreement, Coefficients, LabelAgreement, Level};

/// More coders than this stand in rows, not in columns.
const MOST_COLUMNS: usize = 8;

/// More pairs of coders than this are left to `--json`.
const MOST_PAIRS: usize = 45;

/// Coefficients by frame, stance and set.
pub fn agreement(agreement: &Agreement) -> String {
    let many = agreement.coders.len() > 2;
    let mut first = table([
        "frame",
        "agreement",
        "Krippendorff α",
        "Fleiss κ",
        if many { "mean Cohen κ" } else { "Cohen κ" },
        "units",
    ]);
    let mut second = table([
        "frame",
        if many { "mean Scott π" } else { "Scott π" },
        "Conger κ",
        "Gwet AC1",
        "Brennan-Prediger",
    ]);
    let mut row = |name: &str, values: &Coefficients, units: usize| {
        let left = ["percent_agreement", "krippendorff_alpha", "fleiss_kappa", "cohen_kappa"];
        let mut row = vec![name.to_owned()];
        row.extend(left.map(|key| values.show(key)));
        row.push(units.to_string());
        first.add_row(cells(row));
        let right = ["scott_pi", "conger_kappa", "gwet_ac1", "brennan_prediger"];
        let right = right.map(|key| values.show(key));
        second.add_row(cells(std::iter::once(name.to_owned()).chain(right)));
    };
    for label in &agreement.labels {
        row(&label.label, &label.coefficients, label.units);
        if let Some(stance) = &label.stance {
            row(&format!("{}: stance", label.label), &stance.coefficients, stance.units);
        }
    }
    let mut parts = vec![render(first), render(second)];
    parts.extend(agreement.level.and_then(|level| weighted(agreement, level)));
    parts.extend(sets(agreement));
    if agreement.replicates > 0 {
        parts.push(below(agreement));
    }
    if agreement.labels.iter().any(|label| !label.shares.is_empty()) {
        parts.push(shares(agreement));
    }
    if many {
        parts.push(without(agreement));
    }
    parts.push(format!(
        "{} units in {} documents, {} coders{}\n",
        agreement.units,
        agreement.documents,
        agreement.coders.len(),
        intervals(agreement.replicates)
    ));
    parts.join("\n")
}

/// Weighted coefficients of a wide table.
fn weighted(agreement: &Agreement, level: Level) -> Option<String> {
    let values = &agreement.labels.first()?.coefficients;
    if level == Level::Nominal {
        return None;
    }
    let name = format!("{level:?}").to_lowercase();
    let mut weighted = table([format!("{name} weights"), String::new()]);
    let kappa = if agreement.coders.len() > 2 { "mean Cohen κ" } else { "Cohen κ" };
    for (shown, key) in [
        (kappa.to_owned(), "cohen_kappa_weighted"),
        (format!("{kappa}, linear weights"), "cohen_kappa_linear"),
        (format!("{kappa}, quadratic weights"), "cohen_kappa_quadratic"),
        ("Gwet AC2".to_owned(), "gwet_ac2"),
    ] {
        weighted.add_row(cells([shown, values.show(key)]));
    }
    Some(render(weighted))
}

fn sets(agreement: &Agreement) -> Option<String> {
    let set = agreement.set.as_ref().filter(|_| agreement.labels.len() > 1)?;
    let mut sets = table(["set of frames", "agreement", "α (MASI)", "α (Jaccard)", "units"]);
    for (name, set) in [("all units", Some(set)), ("units with a frame", set.with_frame.as_deref())]
    {
        let Some(set) = set else { continue };
        let keys = ["percent_agreement", "krippendorff_alpha_masi", "krippendorff_alpha_jaccard"];
        let values = keys.map(|key| set.coefficients.show(key));
        let row = std::iter::once(name.to_owned()).chain(values).chain([set.units.to_string()]);
        sets.add_row(cells(row));
    }
    Some(render(sets))
}

fn below(agreement: &Agreement) -> String {
    let mut below = table(["replicates with α", "below .667", "below .800"]);
    for label in &agreement.labels {
        let alpha = label.coefficients.get("krippendorff_alpha");
        let share = |share: Option<f64>| {
            share.map_or_else(|| "–".to_owned(), |share| format!("{:.1}%", 100.0 * share))
        };
        below.add_row(cells([
            label.label.clone(),
            share(alpha.and_then(|alpha| alpha.share_below_667)),
            share(alpha.and_then(|alpha| alpha.share_below_800)),
        ]));
    }
    render(below)
}

fn by_coder(
    agreement: &Agreement,
    corner: &str,
    show: impl Fn(&LabelAgreement, &String) -> String,
) -> String {
    let labels = || agreement.labels.iter();
    if agreement.coders.len() > MOST_COLUMNS {
        let header = std::iter::once(corner).chain(labels().map(|label| label.label.as_str()));
        let mut turned = table(header);
        for coder in &agreement.coders {
            let row = labels().map(|label| show(label, coder));
            turned.add_row(cells(std::iter::once(coder.clone()).chain(row)));
        }
        return render(turned);
    }
    let header = std::iter::once(corner).chain(agreement.coders.iter().map(String::as_str));
    let mut straight = table(header);
    for label in labels() {
        let row = agreement.coders.iter().map(|coder| show(label, coder));
        straight.add_row(cells(std::iter::once(label.label.clone()).chain(row)));
    }
    render(straight)
}

fn shares(agreement: &Agreement) -> String {
    by_coder(agreement, "share given", |label, coder| match label.shares.get(coder) {
        Some(Some(share)) => format!("{:.1}%", 100.0 * share),
        _ => "–".to_owned(),
    })
}

fn without(agreement: &Agreement) -> String {
    let show = |by: &BTreeMap<String, Measure>, coder: &String| {
        by.get(coder).map_or_else(String::new, Measure::to_string)
    };
    by_coder(agreement, "α without", |label, coder| show(&label.alpha_without, coder))
}

/// Cohen's kappa by pair of coders; nothing where there are too many for a page.
pub fn pairs(agreement: &Agreement) -> String {
    let coders = agreement.coders.len();
    if coders * (coders - 1) / 2 > MOST_PAIRS {
        return format!("Cohen κ of {} pairs: see --json\n", coders * (coders - 1) / 2);
    }
    let names: Vec<&str> = agreement.labels.iter().map(|label| label.label.as_str()).collect();
    let mut pairs = table(std::iter::once("Cohen κ").chain(names.iter().copied()));
    for first in 0..coders {
        for second in first + 1..coders {
            let coders = [&agreement.coders[first], &agreement.coders[second]];
            let of_pair = |name: &&str| {
                agreement
                    .pairs
                    .iter()
                    .find(|pair| pair.coders.each_ref() == coders && pair.label == *name)
                    .map_or_else(String::new, |pair| pair.cohen_kappa.measure.to_string())
            };
            let label = format!("{} – {}", coders[0], coders[1]);
            pairs.add_row(cells(std::iter::once(label).chain(names.iter().map(of_pair))));
        }
    }
    render(pairs)
}

/// Alpha of the stance towards a frame, where stances were coded.
fn stance_of(label: &LabelAgreement) -> Option<String> {
    let alpha = label.stance.as_ref()?.coefficients.get("krippendorff_alpha")?;
    Some(format!("{}: {}", label.label, styled("α", &alpha.measure)))
}

/// A paragraph ready for a paper.
pub fn agreement_methods(agreement: &Agreement, seed: u64) -> String {
    let unit = if agreement.level.is_some() { "units" } else { "sentences" };
    let mut text = format!(
        "{} coders coded {} {unit}{}. ",
        agreement.coders.len(),
        agreement.units,
        match agreement.has_documents {
            true => format!(" in {} documents", agreement.documents),
            false => String::new(),
        }
    );
    let level = agreement.level.map_or("nominal".to_owned(), |l| format!("{l:?}").to_lowercase());
    text += &format!(
        "Agreement was measured by Krippendorff's alpha ({level} metric; Krippendorff 2011) over \
         {unit} coded by two coders or more"
    );
    if agreement.replicates > 0 {
        let over = if agreement.has_documents { "documents" } else { unit };
        text += &format!(
            ", with 95% percentile intervals from {} bootstrap replicates that resampled {over} \
             (seed {seed})",
            agreement.replicates
        );
    }
    text += ". ";
    let results: Vec<String> = agreement.labels.iter().map(one).collect();
    text += &results.join("; ");
    text += ". ";
    let stances: Vec<String> = agreement.labels.iter().filter_map(stance_of).collect();
    if !stances.is_empty() {
        let stances = stances.join("; ");
        text += &format!("For the stance, among those who gave the frame, {stances}. ");
    }
    let alpha = |coefficients: &Coefficients| {
        coefficients.get("krippendorff_alpha").and_then(|alpha| alpha.measure.value.ok())
    };
    let alphas = agreement.labels.iter().flat_map(|label| {
        let stance = label.stance.as_ref().and_then(|stance| alpha(&stance.coefficients));
        let of_frame = alpha(&label.coefficients).map(|value| (value, label.label.clone()));
        of_frame.into_iter().chain(stance.map(|value| (value, format!("{}: stance", label.label))))
    });
    let mut alphas: Vec<(f64, String)> = alphas.collect();
    alphas.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let [(least, label), _, ..] = &alphas[..] {
        let least = Measure::bare(Ok(*least));
        text += &format!("The lowest alpha was {least} ({label}). ");
    }
    if let Some(set) = agreement.set.as_ref().filter(|_| agreement.labels.len() > 1) {
        let masi = set.coefficients.get("krippendorff_alpha_masi");
        if let Some(masi) = masi {
            text += &format!(
                "For the whole set of frames (MASI distance; Passonneau 2006) {}. ",
                styled("α", &masi.measure)
            );
        }
    }
    text += &format!("Computed with framescope {}.\n", env!("CARGO_PKG_VERSION"));
    text
}

fn one(label: &LabelAgreement) -> String {
    let values = &label.coefficients;
    let mut text = format!("{} (n = {}): ", label.label, label.units);
    if let Some(alpha) = values.get("krippendorff_alpha") {
        text += &styled("α", &alpha.measure);
    }
    if let Some(Ok(agreed)) = values.get("percent_agreement").map(|e| e.measure.value) {
        // Less than all must not read as all.
        let decimals = usize::from(agreed > 0.995 && agreed < 1.0);
        let percent = if agreed < 1.0 { (100.0 * agreed).min(99.9) } else { 100.0 };
        text += &format!(", {percent:.decimals$}% agreement");
    }
    let rare = label.shares.values().flatten().copied().collect::<Vec<f64>>();
    let mean = rare.iter().sum::<f64>() / rare.len().max(1) as f64;
    if !rare.is_empty()
        && !(0.1..=0.9).contains(&mean)
        && let Some(gwet) = values.get("gwet_ac1")
    {
        text += &format!(", {}", styled("Gwet's AC1", &gwet.measure));
    }
    text
}

/// The field's style: `α = .81, 95% CI [.76, .86]`.
fn styled(name: &str, measure: &Measure) -> String {
    match (measure.value, measure.interval) {
        (Ok(value), Some([low, high])) => {
            let [value, low, high] = [value, low, high].map(|v| Measure::bare(Ok(v)).to_string());
            format!("{name} = {value}, 95% CI [{low}, {high}]")
        }
        (Ok(_), None) => format!("{name} = {measure}"),
        (Err(_), _) => format!("{name} {measure}"),
    }
}
