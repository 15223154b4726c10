//! Comparisons of groups as text, as a tidy table, and as a paragraph.

use std::fmt::Write;

use super::tables::{cells, render, table};
use super::tidy::{measure_cells, number};
use crate::stats::{Measure, Target, Value};
use crate::tasks::compare::{
    Cell, Comparison, Correction, Difference, FrameComparison, GroupWords, Shares, Word,
};

/// Words with an adjusted p-value below this are shown; all stand in `--json`.
const LEVEL: f64 = 0.05;

/// Words shown for a group.
const WORDS: usize = 8;

/// Differences shown of a frame, the clearest first; all stand in the table and in `--json`.
const DIFFERENCES: usize = 15;

/// Shares by group and period, differences, copies and words.
pub fn comparison(comparison: &Comparison) -> String {
    let corrected = comparison.gold.is_some();
    let mut parts: Vec<String> =
        comparison.frames.iter().map(|frame| frame_text(frame, comparison)).collect();
    if let Some(copies) = comparison.copies.as_ref().filter(|copies| copies.clusters > 0) {
        parts.push(format!(
            "{} documents are in {} groups of copies, {} of them across groups; {} are later copies\n",
            copies.documents, copies.clusters, copies.across_groups, copies.later
        ));
    }
    parts.extend(words_text(comparison));
    let what = match (corrected, comparison.target) {
        (false, _) => "shares of predicted labels",
        (true, Target::Process) => "shares corrected by gold labels; target: the process",
        (true, Target::Corpus) => "shares corrected by gold labels; target: these articles",
    };
    let tests = comparison.tests.as_ref().filter(|family| family.tests > 0);
    let tests = tests.map_or_else(String::new, |tests| {
        let how = match tests.correction {
            Correction::Holm => "Holm",
            Correction::BenjaminiHochberg => "Benjamini-Hochberg",
        };
        format!("\np adjusted by {how} over {} tests: {}", tests.tests, tests.description)
    });
    parts.push(format!(
        "{} sentences in {} documents; {what}; 95% t intervals by document{tests}\n",
        comparison.sentences, comparison.documents
    ));
    parts.join("\n")
}

fn frame_text(frame: &FrameComparison, of: &Comparison) -> String {
    let mut text = frame.frame.clone();
    if let Some(alpha) = &frame.human_alpha {
        let _ = write!(text, " (human coders: α {alpha})");
    }
    text.push('\n');
    text += &cells_text(&frame.groups, of, false);
    if !frame.periods.is_empty() {
        text.push('\n');
        text += &cells_text(&frame.periods, of, true);
    }
    if !frame.differences.is_empty() {
        text.push('\n');
        text += &differences_text(&frame.differences);
    }
    text
}

fn cells_text(all: &[Cell], of: &Comparison, periods: bool) -> String {
    let gold = of.gold.is_some();
    let mut header = vec![of.by.as_str()];
    header.extend(periods.then_some("period"));
    header.push("sentences");
    header.extend(gold.then_some("gold"));
    header.extend(if gold { &["corrected", "naive"][..] } else { &["naive share"][..] });
    let net = all.iter().any(|cell| cell.net_stance.is_some());
    header.extend(net.then_some("net stance"));
    let mut rows = table(header);
    for cell in all {
        let mut row = vec![cell.group.clone()];
        row.extend(periods.then(|| cell.period.clone().unwrap_or_default()));
        row.push(cell.sentences.to_string());
        row.extend(gold.then(|| cell.gold.to_string()));
        row.extend(cell.share.corrected.as_ref().map(Measure::to_string));
        row.push(cell.share.naive.to_string());
        row.extend(cell.net_stance.as_ref().map(|net| net.best().to_string()));
        rows.add_row(cells(row));
    }
    render(rows)
}

fn differences_text(differences: &[Difference]) -> String {
    let mut rows = table(["difference", "of", "estimate", "ratio", "p", "adjusted"]);
    let mut order: Vec<&Difference> = differences.iter().collect();
    let size = |p: &Value| p.unwrap_or(2.0);
    order.sort_by(|a, b| size(&a.p).total_cmp(&size(&b.p)));
    for difference in order.iter().take(DIFFERENCES) {
        rows.add_row(cells([
            format!("{} − {}", difference.groups[0], difference.groups[1]),
            difference.quantity.clone(),
            difference.difference.to_string(),
            difference.ratio.as_ref().map_or_else(String::new, Measure::to_string),
            p_text(&difference.p),
            p_text(&difference.p_adjusted),
        ]));
    }
    let mut text = render(rows);
    if differences.len() > DIFFERENCES {
        let _ = writeln!(text, "… {} more in `--json`", differences.len() - DIFFERENCES);
    }
    text
}

fn p_text(p: &Value) -> String {
    match p {
        Ok(p) if *p < 0.001 => "<.001".to_owned(),
        Ok(p) => format!("{p:.3}").trim_start_matches('0').to_owned(),
        Err(reason) => reason.to_string(),
    }
}

/// The words that distinguish each group in all its sentences.
fn words_text(comparison: &Comparison) -> Option<String> {
    let shown = |words: &[Word]| {
        let clear = words.iter().filter(|word| word.p_adjusted < LEVEL);
        let words: Vec<&str> = clear.take(WORDS).map(|word| word.word.as_str()).collect();
        words.join(", ")
    };
    let groups = comparison.words.iter().filter(|of| of.frame.is_none() && !of.words.is_empty());
    let line = |of: &GroupWords| match of.words.iter().any(|word| word.p_adjusted < LEVEL) {
        true => format!("{}: {}\n", of.group, shown(&of.words)),
        false => format!("{}: none that chance may not account for\n", of.group),
    };
    let lines: Vec<String> = groups.clone().map(line).collect();
    let least = |at: usize| {
        let stay = groups.clone().filter_map(|of| of.stay[at]).reduce(f64::min);
        stay.map_or_else(|| "–".to_owned(), |stay| format!("{:.0}%", 100.0 * stay))
    };
    (!lines.is_empty()).then(|| {
        format!(
            "words that distinguish (prior of {} words; of the strongest, {} at the least stay so with \
             a tenth of it, {} with ten times as much)\n{}",
            comparison.prior.unwrap_or_default(),
            least(0),
            least(1),
            lines.concat()
        )
    })
}

/// A row an estimate: `frame,quantity,group,group_2,period,method,estimate,std_error,conf_low,`
/// `conf_high,p_value,p_adjusted,sentences,documents,gold,reason`.
///
/// `quantity` is `share`, `stance:` and the stance's name, `net_stance`, `difference:` or `ratio:`
/// and what it is of; `group_2` is the group that is subtracted or divided by. `method` is `naive`,
/// `corrected`, `gold_only`, `acc`, `pacc` or `emq`; without copies, `without_copies` stands in
/// `period`.
pub fn comparison_table(comparison: &Comparison) -> Vec<u8> {
    let mut tidy = Tidy(csv::Writer::from_writer(Vec::new()));
    let _ = tidy.0.write_record(COLUMNS);
    for frame in &comparison.frames {
        for cell in frame.groups.iter().chain(&frame.periods) {
            tidy.cell(&frame.frame, cell);
        }
        for difference in &frame.differences {
            tidy.difference(&frame.frame, difference, comparison.gold.is_some());
        }
    }
    for without in comparison.copies.iter().flat_map(|copies| &copies.without) {
        let at = At {
            frame: &without.frame,
            quantity: "share",
            group: [&without.group, ""],
            period: "without_copies",
            counts: [Some(without.sentences), None, None],
        };
        tidy.shares(at, &without.share);
    }
    tidy.0.into_inner().unwrap_or_default()
}

const COLUMNS: [&str; 16] = [
    "frame",
    "quantity",
    "group",
    "group_2",
    "period",
    "method",
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "p_value",
    "p_adjusted",
    "sentences",
    "documents",
    "gold",
    "reason",
];

/// A table being written.
struct Tidy(csv::Writer<Vec<u8>>);

/// What an estimate is of.
#[derive(Clone, Copy)]
struct At<'a> {
    frame: &'a str,
    quantity: &'a str,
    group: [&'a str; 2],
    period: &'a str,
    /// Sentences, documents, coded sentences.
    counts: [Option<usize>; 3],
}

impl Tidy {
    fn row(&mut self, at: At<'_>, method: &str, of: &Measure, p: [Option<Value>; 2]) {
        let [estimate, std_error, low, high, reason] = measure_cells(of);
        let [p, p_adjusted] = p.map(|p| number(p.and_then(Result::ok)));
        // Writing to memory cannot fail.
        let _ = self.0.write_record([
            at.frame,
            at.quantity,
            at.group[0],
            at.group[1],
            at.period,
            method,
            &estimate,
            &std_error,
            &low,
            &high,
            &p,
            &p_adjusted,
            &number(at.counts[0]),
            &number(at.counts[1]),
            &number(at.counts[2]),
            &reason,
        ]);
    }

    fn shares(&mut self, at: At<'_>, shares: &Shares) {
        let all = [
            ("corrected", shares.corrected.as_ref()),
            ("naive", Some(&shares.naive)),
            ("gold_only", shares.gold_only.as_ref()),
        ];
        for (method, measure) in all {
            if let Some(measure) = measure {
                self.row(at, method, measure, [None, None]);
            }
        }
    }

    fn cell(&mut self, frame: &str, cell: &Cell) {
        let at = At {
            frame,
            quantity: "share",
            group: [&cell.group, ""],
            period: cell.period.as_deref().unwrap_or_default(),
            counts: [Some(cell.sentences), Some(cell.documents), Some(cell.gold)],
        };
        self.shares(at, &cell.share);
        for stance in &cell.stances {
            let quantity = format!("stance:{}", stance.stance);
            self.shares(At { quantity: &quantity, ..at }, &stance.share);
        }
        if let Some(net) = &cell.net_stance {
            self.shares(At { quantity: "net_stance", ..at }, net);
        }
        if let Some(diagnostics) = &cell.diagnostics {
            let all = [
                ("pcc", diagnostics.mean_probability),
                ("acc", diagnostics.adjusted_count),
                ("pacc", diagnostics.adjusted_probability),
                ("emq", diagnostics.expectation_maximisation),
            ];
            for (method, value) in all {
                self.row(at, method, &Measure::bare(value), [None, None]);
            }
        }
    }

    fn difference(&mut self, frame: &str, of: &Difference, corrected: bool) {
        let method = if corrected { "corrected" } else { "naive" };
        let name = of.quantity.replace(' ', "_");
        let quantity = format!("difference:{name}");
        let [first, second] = &of.groups;
        let at = At {
            frame,
            quantity: &quantity,
            group: [first, second],
            period: "",
            counts: [None; 3],
        };
        self.row(at, method, &of.difference, [Some(of.p), Some(of.p_adjusted)]);
        if let Some(ratio) = &of.ratio {
            let quantity = format!("ratio:{name}");
            self.row(At { quantity: &quantity, ..at }, method, ratio, [None, None]);
        }
    }
}

/// What was done, ready for a paper.
pub fn comparison_methods(comparison: &Comparison) -> String {
    let mut text = format!(
        "We compared {} sentences from {} documents by {} ({} groups; framescope {}). ",
        comparison.sentences,
        comparison.documents,
        comparison.by,
        comparison.groups.len(),
        env!("CARGO_PKG_VERSION")
    );
    match &comparison.gold {
        None => {
            text += "Shares are those of predicted labels; the classifier's errors were not \
                     corrected, and may differ by group. ";
        }
        Some(gold) => {
            let drawn = match gold.recorded {
                true => "with recorded inclusion probabilities",
                false => "taken for a simple random sample within each group",
            };
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "Shares were corrected by gold labels of {} sentences, {drawn}, with design-based \
                 supervised learning (Egami, Hinck, Stewart & Wei, 2023), the weight of the \
                 predictions tuned and cross-fitted (Angelopoulos, Duchi & Zrnic, 2023). ",
                gold.sentences
            );
        }
    }
    text += match comparison.target {
        Target::Process => {
            "Brackets give 95% t intervals with standard errors clustered by document. "
        }
        Target::Corpus => {
            "Brackets give 95% t intervals for the shares in these articles; only the choice of \
             gold sentences is uncertain. "
        }
    };
    if let Some(copies) = comparison.copies.as_ref().filter(|copies| copies.clusters > 0) {
        let _ = write!(
            text,
            "{} documents in {} groups of near-duplicates were bound together. ",
            copies.documents, copies.clusters
        );
    }
    if let Some(tests) = &comparison.tests {
        let how = match tests.correction {
            Correction::Holm => "Holm (1979)",
            Correction::BenjaminiHochberg => "Benjamini & Hochberg (1995)",
        };
        let _ = write!(
            text,
            "P-values were adjusted after {how} over a family of {} tests: {}. ",
            tests.tests, tests.description
        );
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}
