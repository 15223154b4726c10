//! How far the labels can be relied upon: human agreement, and the classifier's errors by group.

use super::Source;
use super::dots::{Dots, Look, Row, chip, legend};
use super::numbers::{Unit, list, name, p_value};
use super::page::{Block, Figure, Panel, Section, Table};
use crate::tasks::compare::{Audit, FrameComparison};

/// Krippendorff's thresholds: from the first on tentative conclusions, from the second on reliable.
const THRESHOLDS: [f64; 2] = [2.0 / 3.0, 0.8];

/// Agreement, error rates, trust in predictions; nothing where none of them is known.
pub(super) fn section(source: Source<'_>) -> Option<Section> {
    let frames = &source.comparison.frames;
    let mut blocks = Vec::new();
    if frames.iter().any(|frame| frame.human_alpha.is_some()) {
        blocks.push(Block::Figure(agreement(source)));
    }
    blocks.extend(audit(frames));
    blocks.extend(tuning(source).map(Block::Text));
    (!blocks.is_empty()).then_some(Section {
        id: "reliability",
        title: "Reliability of the labels",
        blocks,
    })
}

fn agreement(source: Source<'_>) -> Figure {
    let frames = &source.comparison.frames;
    let known = || {
        frames.iter().filter_map(|frame| Some((frame.frame.as_str(), frame.human_alpha.as_ref()?)))
    };
    let header = ["frame", "Krippendorff's alpha", "reading"];
    let mut table = Table::new("Agreement of the human coders", 1, header);
    table.rows = known()
        .map(|(frame, alpha)| {
            let least = alpha.interval.map(|[low, _]| low).or(alpha.value.ok());
            vec![frame.to_owned(), Unit::Coefficient.measure(alpha), reading(least).to_owned()]
        })
        .collect();
    let dots = Dots {
        id: "alpha".to_owned(),
        title: "Krippendorff's alpha of the human coders by frame".to_owned(),
        unit: Unit::Coefficient,
        include: &[0.0, 1.0],
        lines: &THRESHOLDS,
        frame: 0,
        rows: known()
            .map(|(frame, alpha)| Row { name: frame, marks: vec![(Look::Solid, *alpha)] })
            .collect(),
    };
    Figure {
        heading: None,
        caption: "Agreement of the human coders: Krippendorff's alpha (nominal) with 95% interval. Lines \
                  at .667, from which tentative conclusions are usual, and at .800, from which labels \
                  count as reliable; the lower end of the interval is what should pass them."
            .to_owned(),
        legend: Vec::new(),
        panels: vec![Panel { title: String::new(), chip: String::new(), svg: dots.draw() }],
        wide: false,
        table,
    }
}

/// What the lower end of an interval allows.
fn reading(least: Option<f64>) -> &'static str {
    match least {
        Some(least) if least >= THRESHOLDS[1] => "reliable",
        Some(least) if least >= THRESHOLDS[0] => "tentative conclusions only",
        Some(_) => "may be too low for conclusions",
        None => "unknown",
    }
}

/// The classifier's error rates by group, where gold labels are given.
fn audit(frames: &[FrameComparison]) -> Vec<Block> {
    let audits = || {
        frames
            .iter()
            .enumerate()
            .filter_map(|(index, frame)| Some((index, frame.frame.as_str(), frame.audit.as_ref()?)))
    };
    if audits().next().is_none() {
        return Vec::new();
    }
    let panels = audits().map(|(index, frame, audit)| Panel {
        title: frame.to_owned(),
        chip: chip(index),
        svg: errors(index, frame, audit),
    });
    let figure = Figure {
        heading: None,
        caption: "Error rates of the classifier by group, judged by the gold labels, with 95% intervals. \
                  Where they differ, counted shares of groups differ too although the press may not."
            .to_owned(),
        legend: legend(
            Some("true positive rate: share found of the sentences with the frame"),
            Some("false positive rate: share of the sentences without the frame that were given it"),
        ),
        panels: panels.collect(),
        wide: false,
        table: error_table(frames),
    };
    let header = ["frame", "p of equal error rates", "verdict"];
    let mut tests = Table::new("Does the classifier err alike in all groups?", 1, header);
    tests.rows = audits()
        .map(|(_, frame, audit)| {
            let pool = match audit.may_pool {
                true => "no difference seen: pooled for the diagnostics",
                false => "differ, or cannot be tested: not pooled",
            };
            vec![frame.to_owned(), p_value(&audit.p), pool.to_owned()]
        })
        .collect();
    let caution = "That no difference is seen does not say that there is none: with few coded sentences \
                   of a frame the test sees large differences only. Corrected shares do not depend on it.";
    vec![Block::Figure(figure), Block::Table(tests), Block::Text(caution.to_owned())]
}

fn errors(index: usize, frame: &str, audit: &Audit) -> String {
    let rows = audit.groups.iter().map(|group| Row {
        name: &group.group,
        marks: vec![
            (Look::Solid, group.true_positive_rate),
            (Look::Hollow, group.false_positive_rate),
        ],
    });
    let dots = Dots {
        id: format!("errors-{index}"),
        title: format!("Error rates for {frame} by group"),
        unit: Unit::Percent,
        include: &[0.0, 1.0],
        lines: &[],
        frame: index,
        rows: rows.collect(),
    };
    dots.draw()
}

fn error_table(frames: &[FrameComparison]) -> Table {
    let header = ["frame", "group", "true positive rate", "false positive rate"];
    let mut table = Table::new("Error rates by group", 2, header);
    for frame in frames {
        for group in frame.audit.iter().flat_map(|audit| &audit.groups) {
            let rates = [group.true_positive_rate, group.false_positive_rate];
            let mut row = vec![frame.frame.clone(), group.group.clone()];
            row.extend(rates.map(|rate| Unit::Percent.measure(&rate)));
            table.rows.push(row);
        }
    }
    table
}

/// How far predictions are trusted, by frame.
fn tuning(source: Source<'_>) -> Option<String> {
    let ranges = source.comparison.frames.iter().filter_map(|frame| {
        let all = frame.groups.iter().filter_map(|cell| cell.share.tuning);
        let [low, high] = all.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], tuning| {
            [low.min(tuning), high.max(tuning)]
        });
        let [from, to] = [low, high].map(|tuning| Unit::Plain.number(tuning));
        let range = if from == to { from } else { format!("{from} to {to}") };
        low.is_finite().then(|| format!("{range} for {}", name(&frame.frame)))
    });
    let ranges: Vec<String> = ranges.collect();
    (!ranges.is_empty()).then(|| {
        format!(
            "How far corrected shares trust the predictions (λ; 0: gold labels alone, 1: fully) was \
             chosen to make intervals as narrow as the data allow: {}.",
            list(&ranges)
        )
    })
}
