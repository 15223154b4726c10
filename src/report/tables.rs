//! Results as text tables.

use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::data::{Codebook, LabelSet};
use crate::model::{Classifier, FitReport};
use crate::tasks::explain::{FrameTerms, Term};

/// A table without frames: names on the left, all else aligned to the right.
pub(super) fn table(header: impl IntoIterator<Item = impl Into<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header.into_iter().map(Into::into).collect::<Vec<String>>());
    table
}

pub(super) fn render(mut table: Table) -> String {
    let columns = table.column_count();
    for (index, column) in table.column_iter_mut().enumerate() {
        let first = index == 0;
        column.set_cell_alignment(if first { CellAlignment::Left } else { CellAlignment::Right });
        column.set_padding((if first { 0 } else { 1 }, if index + 1 == columns { 0 } else { 1 }));
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

pub(super) fn cells(values: impl IntoIterator<Item = impl ToString>) -> Vec<Cell> {
    values.into_iter().map(|value| Cell::new(value.to_string())).collect()
}

/// Where the intervals of a table come from.
pub(super) fn intervals(replicates: usize) -> String {
    match replicates {
        0 => String::new(),
        _ => format!("; 95% intervals from {replicates} bootstrap replicates over documents"),
    }
}

/// What a training came to.
pub fn training(classifier: &Classifier, fits: &[FitReport]) -> String {
    let card = classifier.card();
    let mut frames = table(["frame", "sentences", "C", "threshold", "calibrated", "fit"]);
    for (frame, entry) in classifier.codebook().frames.iter().enumerate() {
        let fit = fits.get(frame).or(fits.first());
        frames.add_row(cells([
            entry.name.clone(),
            card.frame_counts[frame].to_string(),
            card.c[frame].to_string(),
            format!("{:.3}", classifier.thresholds()[frame]),
            if card.calibrated[frame] { "yes" } else { "no" }.to_owned(),
            fit.map_or_else(String::new, FitReport::to_string),
        ]));
    }
    let mut text = render(frames);
    if let Some(c) = card.stance_c {
        text += &format!("\nstance: weights of each frame tied to those of the others, C = {c}\n");
    }
    text += &format!(
        "{} sentences in {} documents, {} features\n",
        card.sentences,
        card.documents,
        classifier.features().columns()
    );
    text
}

/// How often each frame was given, from the labels of every sentence of so many articles.
pub fn classified(codebook: &Codebook, articles: usize, labels: &[LabelSet]) -> String {
    let framed = labels.iter().filter(|labels| !labels.is_empty()).count();
    let percent =
        |count: usize| format!("{:.0}%", 100.0 * count as f64 / labels.len().max(1) as f64);
    let header = ["frame", "sentences", "share"].into_iter().chain(codebook.stance_names());
    let mut frames = table(header);
    for (frame, entry) in codebook.frames.iter().enumerate() {
        let given: Vec<_> = labels.iter().filter(|labels| labels.contains(frame)).collect();
        let mut row = vec![entry.name.clone(), given.len().to_string(), percent(given.len())];
        row.extend((0..codebook.stances.len()).map(|stance| {
            given.iter().filter(|labels| labels.stance(frame) == Some(stance)).count().to_string()
        }));
        frames.add_row(cells(row));
    }
    format!(
        "{articles} {}, {} sentences, {framed} ({}) with a frame\n\n{}",
        if articles == 1 { "article" } else { "articles" },
        labels.len(),
        percent(framed),
        render(frames)
    )
}

/// The strongest terms of every frame, side by side; then those of each frame's stances.
pub fn strongest_terms(frames: &[FrameTerms]) -> String {
    let of_frames = frames.iter().map(|of| (of.frame.as_str(), &of.terms[..])).collect();
    let mut text = side_by_side(of_frames);
    for frame in frames.iter().filter(|frame| !frame.stances.is_empty()) {
        let of_stances = frame.stances.iter().map(|of| (of.stance.as_str(), &of.terms[..]));
        text += &format!("\nstance, given {}\n", frame.frame);
        text += &side_by_side(of_stances.collect());
    }
    text
}

fn side_by_side(lists: Vec<(&str, &[Term])>) -> String {
    let mut table = table(lists.iter().flat_map(|(name, _)| [name, ""]));
    let rows = lists.iter().map(|(_, terms)| terms.len()).max().unwrap_or(0);
    for row in 0..rows {
        table.add_row(cells(lists.iter().flat_map(|(_, terms)| match terms.get(row) {
            Some(term) => [term.term.clone(), format!("{:.2}", term.weight)],
            None => [String::new(), String::new()],
        })));
    }
    for index in (0..2 * lists.len()).step_by(2) {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Left);
        }
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}
