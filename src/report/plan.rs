//! Plans of what to code further, as text and as a table.

use std::fmt::Write;

use super::tables::{cells, render, table};
use crate::tasks::compare::{PairPlan, Plan};

/// Pairs of groups shown, those hardest to tell apart first: of one frame, of each of several.
const PAIRS: [usize; 2] = [10, 3];

/// What to code, and what can be seen then.
pub fn plan(plan: &Plan) -> String {
    let more: usize = plan.strata.iter().map(|stratum| stratum.more).sum();
    let power = format!("{:.0}%", 100.0 * plan.power);
    // No more digits than were given.
    let points = (100.0 * plan.difference * 1e9).round() / 1e9;
    let wanted = format!(
        "a difference of {points} points with {power} power (two-sided test at .05, by itself)"
    );
    let left_out: usize = plan.frames.iter().map(|frame| frame.unreachable.len()).sum();
    let mut text = match more {
        0 if left_out > 0 => format!("{wanted} cannot be found with these articles\n\n"),
        _ if left_out > 0 => {
            format!("code {more} more sentences to find {wanted}, where that is possible\n\n")
        }
        _ => format!("code {more} more sentences to find {wanted}\n\n"),
    };
    text += &strata(plan);
    let _ = writeln!(text, "\nsmallest difference found with {power} power\n");
    text += &pairs(plan);
    text
}

/// A row a stratum, `stratum,group,sentences,coded,more`: the sizes that `sample` draws.
pub fn plan_table(plan: &Plan) -> Vec<u8> {
    let mut table = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = table.write_record(["stratum", "group", "sentences", "coded", "more"]);
    for stratum in &plan.strata {
        let counts = [stratum.sentences, stratum.coded, stratum.more].map(|n| n.to_string());
        let names = [&stratum.stratum, &stratum.group];
        let _ = table.write_record(names.into_iter().chain(&counts));
    }
    table.into_inner().unwrap_or_default()
}

fn strata(plan: &Plan) -> String {
    let mut header = vec![plan.by.as_str()];
    header.extend(plan.bands.as_ref().map(|(column, _)| column.as_str()));
    header.extend(["sentences", "coded", "more"]);
    let mut rows = table(header);
    let bands = plan.bands.as_ref().map_or(1, |(_, cuts)| cuts.len() + 1);
    for (at, stratum) in plan.strata.iter().enumerate() {
        let mut row = vec![stratum.group.clone()];
        row.extend(plan.bands.as_ref().map(|(_, cuts)| band(cuts, at % bands)));
        row.extend([stratum.sentences, stratum.coded, stratum.more].map(|n| n.to_string()));
        rows.add_row(cells(row));
    }
    render(rows)
}

fn band(cuts: &[f64], at: usize) -> String {
    match (at.checked_sub(1).map(|below| cuts[below]), cuts.get(at)) {
        (None, Some(to)) => format!("below {to}"),
        (Some(from), Some(to)) => format!("{from} to {to}"),
        (from, None) => format!("{} and more", from.unwrap_or_default()),
    }
}

fn pairs(plan: &Plan) -> String {
    let mut rows = table(["difference", "of", "now", "with these", "with all coded"]);
    let shown = PAIRS[usize::from(plan.frames.len() > 1)];
    let mut hidden = 0;
    for frame in &plan.frames {
        let mut order: Vec<&PairPlan> = frame.pairs.iter().collect();
        order.sort_by(|a, b| b.all.total_cmp(&a.all));
        hidden += order.len().saturating_sub(shown);
        for pair in order.into_iter().take(shown) {
            rows.add_row(cells([
                format!("{} − {}", pair.groups[0], pair.groups[1]),
                frame.frame.clone(),
                pair.now.map_or_else(|| "–".to_owned(), points),
                pair.planned.map_or_else(|| "–".to_owned(), points),
                points(pair.all),
            ]));
        }
    }
    let mut text = render(rows);
    if hidden > 0 {
        let _ = writeln!(text, "… {hidden} more in `--json`");
    }
    text
}

/// A difference of shares in percentage points.
fn points(difference: f64) -> String {
    format!("{:.1} points", 100.0 * difference)
}
