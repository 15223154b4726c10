//! Other ways to correct a count, and whether error rates may be pooled for them.

use super::shares::{Estimates, Quantity};
use super::{Audit, Cell, Diagnostics, GroupErrors};
use crate::stats::{
    ErrorAudit, Outcome, Undefined, Value, adjusted_count, equal_error_audit,
    expectation_maximisation, holm,
};

/// Audits the errors in a frame, and adds the diagnostics to the cells of whole groups.
pub(super) fn diagnose(of: &Estimates<'_>, frame: &Quantity, cells: &mut [Cell]) -> Option<Audit> {
    let design = of.design()?;
    let members: Vec<Vec<usize>> =
        (0..of.results.groups()).map(|group| of.results.members(group, None)).collect();
    let groups: Vec<&[usize]> = members.iter().map(Vec::as_slice).collect();
    let all: Vec<usize> = (0..of.results.rows()).collect();
    let gold = frame.coded.as_deref()?;
    let outcome = |predicted| Outcome { predicted, coded: gold };
    let audit =
        |predicted, groups: &[&[usize]]| equal_error_audit(&outcome(predicted), &design, groups);
    let labels = audit(&frame.counted, &groups);
    let chances = audit(&frame.predicted, &groups);
    let pooled =
        labels.equal.then(|| [&frame.counted, &frame.predicted].map(|of| audit(of, &[&all])));
    let with_probabilities = of.results.probabilities.is_some();
    let prior = mean(&frame.predicted, &all);
    for cell in cells {
        let Some(group) = of.results.groups.iter().position(|name| *name == cell.group) else {
            continue;
        };
        let rows = groups[group];
        let [by_label, by_chance] = match &pooled {
            Some([labels, chances]) => [rates(labels, 0), rates(chances, 0)],
            None => [rates(&labels, group), rates(&chances, group)],
        };
        let adjusted = |values: &[f64], rates: Result<[f64; 2], Undefined>| {
            rates.and_then(|[found, wrong]| adjusted_count(mean(values, rows), found, wrong))
        };
        let chance =
            |value: Value| if with_probabilities { value } else { Err(Undefined::NoProbabilities) };
        let posteriors: Vec<f64> = rows.iter().map(|&row| frame.predicted[row]).collect();
        cell.diagnostics = Some(Diagnostics {
            mean_probability: chance(Ok(mean(&frame.predicted, rows))),
            adjusted_count: adjusted(&frame.counted, by_label),
            adjusted_probability: chance(adjusted(&frame.predicted, by_chance)),
            expectation_maximisation: match with_probabilities {
                true => expectation_maximisation(&posteriors, prior),
                false => Err(Undefined::NoProbabilities),
            },
        });
    }
    Some(summary(of, labels))
}

fn mean(values: &[f64], rows: &[usize]) -> f64 {
    rows.iter().map(|&row| values[row]).sum::<f64>() / rows.len() as f64
}

/// Rates of true and of false positives.
fn rates(audit: &ErrorAudit, group: usize) -> Result<[f64; 2], Undefined> {
    let of = &audit.groups[group];
    Ok([of.true_positive.value?, of.false_positive.value?])
}

fn summary(of: &Estimates<'_>, audit: ErrorAudit) -> Audit {
    let p_values = holm(&[audit.true_positive_p, audit.false_positive_p]);
    let smallest = |a: Value, b: Value| match (a, b) {
        (Ok(a), Ok(b)) => Ok(a.min(b)),
        (one, other) => one.or(other),
    };
    let errors = |(name, rates): (&String, crate::stats::GroupRates)| GroupErrors {
        group: name.clone(),
        true_positive_rate: rates.true_positive.within([0.0, 1.0]),
        false_positive_rate: rates.false_positive.within([0.0, 1.0]),
    };
    Audit {
        p: smallest(p_values[0], p_values[1]),
        may_pool: audit.equal,
        groups: of.results.groups.iter().zip(audit.groups).map(errors).collect(),
    }
}
