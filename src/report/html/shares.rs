//! Shares by group: of frames, of stances, without copies.

use super::Source;
use super::dots::{Dots, Look, Row, chip, legend};
use super::heat;
use super::numbers::{Unit, count, counted, value};
use super::page::{Block, Figure, Panel, Section, Table};
use crate::stats::Measure;
use crate::tasks::compare::{Cell, Copies, FrameComparison, Shares, WithoutCopies};

const CORRECTED: &str = "corrected by gold labels, with 95% interval";
const COUNTED: &str = "counted from predicted labels (naive), with 95% interval";

/// Shares of frames: dots, heat map, table.
pub(super) fn section(source: Source<'_>) -> Section {
    let frames = &source.comparison.frames;
    let corrected = source.corrected();
    let panels = frames.iter().enumerate().map(|(index, frame)| {
        let rows = frame.groups.iter().map(|cell| row(&cell.group, &cell.share, corrected));
        let dots = Dots {
            id: format!("shares-{index}"),
            title: format!("Share of sentences with {}", frame.frame),
            unit: Unit::Percent,
            include: &[0.0],
            lines: &[],
            frame: index,
            rows: rows.collect(),
        };
        Panel { title: frame.frame.clone(), chip: chip(index), svg: dots.draw() }
    });
    let figure = Figure {
        heading: None,
        caption: "Share of sentences with each frame, by group. Each panel has an axis of its \
                  own; all include 0."
            .to_owned(),
        legend: legend(corrected.then_some(CORRECTED), Some(COUNTED)),
        panels: panels.collect(),
        wide: false,
        table: table(source),
    };
    let mut blocks = vec![Block::Text(
        "A share is that of the sentences that carry a frame. A sentence may carry several \
         frames or none, so that shares need not sum to 100%."
            .to_owned(),
    )];
    blocks.push(Block::Figure(figure));
    blocks.push(Block::Figure(heat::figure(source)));
    blocks.extend(diagnostics(frames).map(Block::Folded));
    Section { id: "shares", title: "Shares by group", blocks }
}

/// Marks of a share: corrected first where there is such, then counted.
fn row<'a>(name: &'a str, share: &Shares, corrected: bool) -> Row<'a> {
    let first = share.corrected.filter(|_| corrected).map(|measure| (Look::Solid, measure));
    Row { name, marks: first.into_iter().chain([(Look::Hollow, share.naive)]).collect() }
}

fn optional(unit: Unit, measure: Option<&Measure>) -> String {
    measure.map_or_else(|| "–".to_owned(), |measure| unit.measure(measure))
}

fn table(source: Source<'_>) -> Table {
    let mut header = vec!["frame", "group", "documents", "sentences"];
    let corrected = source.corrected();
    if corrected {
        header.extend(["coded", "corrected", "gold labels alone", "trust in predictions λ"]);
    }
    header.push("counted");
    let mut table = Table::new("Shares by group", 2, header);
    for frame in &source.comparison.frames {
        for cell in &frame.groups {
            let mut row = vec![frame.frame.clone(), cell.group.clone()];
            row.extend([count(cell.documents), count(cell.sentences)]);
            if corrected {
                row.push(count(cell.gold));
                row.push(optional(Unit::Percent, cell.share.corrected.as_ref()));
                row.push(optional(Unit::Percent, cell.share.gold_only.as_ref()));
                row.push(tuning(cell.share.tuning));
            }
            row.push(Unit::Percent.measure(&cell.share.naive));
            table.rows.push(row);
        }
    }
    table
}

/// How far predictions are trusted.
fn tuning(tuning: Option<f64>) -> String {
    tuning.map_or_else(|| "–".to_owned(), |tuning| Unit::Plain.number(tuning))
}

fn diagnostics(frames: &[FrameComparison]) -> Option<Table> {
    let header = [
        "frame",
        "group",
        "counted",
        "mean probability",
        "adjusted count",
        "adjusted probability",
        "expectation maximisation",
    ];
    let caption = "Other ways to correct a count, only to compare with";
    let mut table = Table::new(caption, 2, header);
    for frame in frames {
        for cell in &frame.groups {
            let Some(of) = &cell.diagnostics else { continue };
            let mut row = vec![frame.frame.clone(), cell.group.clone()];
            let values = [
                &cell.share.naive.value,
                &of.mean_probability,
                &of.adjusted_count,
                &of.adjusted_probability,
                &of.expectation_maximisation,
            ];
            row.extend(values.map(|of| value(Unit::Percent, of)));
            table.rows.push(row);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Stance towards each frame, where stances are coded.
pub(super) fn stance(source: Source<'_>) -> Option<Section> {
    let frames = &source.comparison.frames;
    let mut blocks = Vec::new();
    if frames.iter().any(|frame| frame.groups.iter().any(|cell| cell.net_stance.is_some())) {
        blocks.push(Block::Figure(net_stance(source)));
    }
    let stances = stance_table(source);
    if !stances.rows.is_empty() {
        blocks.push(Block::Folded(stances));
    }
    (!blocks.is_empty()).then_some(Section { id: "stance", title: "Stance", blocks })
}

fn net_stance(source: Source<'_>) -> Figure {
    let frames = &source.comparison.frames;
    let corrected = source.corrected();
    let net = |cell: &Cell| cell.net_stance.clone();
    let mut table =
        Table::new("Net stance by group", 2, ["frame", "group", "corrected", "counted"]);
    let mut panels = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        let cells: Vec<(&str, Shares)> = frame
            .groups
            .iter()
            .filter_map(|cell| Some((cell.group.as_str(), net(cell)?)))
            .collect();
        if cells.is_empty() {
            continue;
        }
        table.rows.extend(cells.iter().map(|(group, share)| {
            vec![
                frame.frame.clone(),
                (*group).to_owned(),
                optional(Unit::Plain, share.corrected.as_ref().filter(|_| corrected)),
                Unit::Plain.measure(&share.naive),
            ]
        }));
        let dots = Dots {
            id: format!("stance-{index}"),
            title: format!("Net stance towards {}", frame.frame),
            unit: Unit::Plain,
            include: &[-1.0, 1.0],
            lines: &[0.0],
            frame: index,
            rows: cells.iter().map(|(group, share)| row(group, share, corrected)).collect(),
        };
        panels.push(Panel { title: frame.frame.clone(), chip: chip(index), svg: dots.draw() });
    }
    Figure {
        heading: None,
        caption:
            "Net stance towards each frame: sentences that support less those that oppose, divided \
                  by all sentences with the frame; from −1 (all oppose) to 1 (all support)."
                .to_owned(),
        legend: legend(corrected.then_some(CORRECTED), Some(COUNTED)),
        panels,
        wide: false,
        table,
    }
}

fn stance_table(source: Source<'_>) -> Table {
    let header = ["frame", "group", "stance", "corrected", "counted"];
    let mut table = Table::new("Shares of stances among sentences with the frame", 3, header);
    for frame in &source.comparison.frames {
        for cell in &frame.groups {
            for stance in &cell.stances {
                let corrected = stance.share.corrected.as_ref().filter(|_| source.corrected());
                table.rows.push(vec![
                    frame.frame.clone(),
                    cell.group.clone(),
                    stance.stance.clone(),
                    optional(Unit::Percent, corrected),
                    Unit::Percent.measure(&stance.share.naive),
                ]);
            }
        }
    }
    table
}

/// What copies make of the shares, where texts are there.
pub(super) fn copies(source: Source<'_>) -> Option<Section> {
    let copies = source.comparison.copies.as_ref()?;
    let mut text = format!(
        "{} are copies of each other, in {}; {} run through several groups.",
        counted(copies.documents, "document"),
        counted(copies.clusters, "cluster"),
        count(copies.across_groups)
    );
    let mut blocks = Vec::new();
    if copies.without.is_empty() {
        blocks.push(Block::Text(text));
    } else {
        text += &format!(
            " The hollow shapes show the shares when only the earliest of several copies counts: {} \
             later ones are left out.",
            count(copies.later)
        );
        blocks.extend([Block::Text(text), Block::Figure(without(source, copies))]);
    }
    Some(Section { id: "copies", title: "Copies", blocks })
}

fn without(source: Source<'_>, copies: &Copies) -> Figure {
    let best = |shares: &Shares| match source.corrected() {
        true => *shares.best(),
        false => shares.naive,
    };
    let header = ["frame", "group", "with copies", "without copies", "sentences left"];
    let mut table = Table::new("Shares with and without copies", 2, header);
    let mut panels = Vec::new();
    for (index, frame) in source.comparison.frames.iter().enumerate() {
        let find = |cell: &Cell| -> Option<&WithoutCopies> {
            copies.without.iter().find(|of| of.frame == frame.frame && of.group == cell.group)
        };
        let mut rows = Vec::new();
        for cell in &frame.groups {
            let Some(other) = find(cell) else { continue };
            let pair = [best(&cell.share), best(&other.share)];
            let mut row = vec![frame.frame.clone(), cell.group.clone()];
            row.extend(pair.map(|share| Unit::Percent.measure(&share)));
            row.push(count(other.sentences));
            table.rows.push(row);
            let marks = [Look::Solid, Look::Hollow].into_iter().zip(pair).collect();
            rows.push(Row { name: &cell.group, marks });
        }
        let dots = Dots {
            id: format!("copies-{index}"),
            title: format!("Share of {} with and without copies", frame.frame),
            unit: Unit::Percent,
            include: &[0.0],
            lines: &[],
            frame: index,
            rows,
        };
        panels.push(Panel { title: frame.frame.clone(), chip: chip(index), svg: dots.draw() });
    }
    Figure {
        heading: None,
        caption: "Share of sentences with each frame, with copies and without.".to_owned(),
        legend: legend(Some("all documents"), Some("without later copies")),
        panels,
        wide: false,
        table,
    }
}
