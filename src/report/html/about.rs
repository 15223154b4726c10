//! What was compared, how, and from which files.

use super::Source;
use super::numbers::{count, counted, list, name};
use super::page::{Block, Section, Table};
use crate::stats::Target;
use crate::tasks::compare::GoldSummary;

/// The material: groups, gold labels, what is left out, notes.
pub(super) fn data(source: Source<'_>) -> Section {
    let comparison = source.comparison;
    let mut text = format!(
        "Groups are the values of {}. Intervals are 95% intervals and speak of {}.",
        name(&comparison.by),
        match comparison.target {
            Target::Corpus => "these documents alone",
            Target::Process => "the process that brings such documents forth",
        }
    );
    text += match comparison.has_documents {
        true => " Sentences of one document are not taken for independent.",
        false => {
            " Which document a sentence stands in is not known: sentences are taken for independent, \
             and intervals may be too narrow."
        }
    };
    let mut blocks = vec![Block::Text(text)];
    blocks.extend(comparison.gold.as_ref().map(|gold| Block::Text(gold_labels(gold))));
    if comparison.without_group > 0 {
        let without = counted(comparison.without_group, "sentence");
        blocks.push(Block::Text(format!("Left out because they have no group: {without}.")));
    }
    if !source.context.notes.is_empty() {
        blocks.push(Block::List(source.context.notes.clone()));
    }
    blocks.push(Block::table(groups(source)));
    Section { id: "data", title: "Material", blocks }
}

fn gold_labels(gold: &GoldSummary) -> String {
    let mut text = format!("People coded {} of them", counted(gold.sentences, "sentence"));
    if !gold.coders.is_empty() {
        let coders: Vec<String> = gold.coders.iter().map(|coder| name(coder)).collect();
        text += &format!(" ({}: {})", counted(coders.len(), "coder"), list(&coders));
    }
    text += match gold.recorded {
        true => ", drawn with recorded inclusion probabilities.",
        false => {
            ". Inclusion probabilities are not recorded: a simple random sample within each group is \
             assumed."
        }
    };
    if gold.unmatched > 0 {
        let unmatched = counted(gold.unmatched, "coded sentence");
        text += &format!(" Left out because no result has them: {unmatched}.");
    }
    text
}

fn groups(source: Source<'_>) -> Table {
    let header = ["group", "documents", "sentences", "coded by people"];
    let mut table = Table::new("Groups", 1, header);
    table.rows = source
        .comparison
        .groups
        .iter()
        .map(|group| {
            let counts = [group.documents, group.sentences, group.gold].map(count);
            std::iter::once(group.group.clone()).chain(counts).collect()
        })
        .collect();
    table
}

/// The paragraph for a paper.
pub(super) fn methods(source: Source<'_>) -> Section {
    let paragraphs = source.context.methods.split("\n\n").map(str::trim);
    let blocks =
        paragraphs.filter(|text| !text.is_empty()).map(|text| Block::Text(text.to_owned()));
    Section { id: "methods", title: "Methods", blocks: blocks.collect() }
}

/// The command and the digests of what it read.
pub(super) fn provenance(source: Source<'_>) -> Section {
    let context = source.context;
    let mut blocks = vec![Block::Text(format!(
        "Made by framescope {}. The same contents and command give the same numbers.",
        context.version
    ))];
    if !context.command.is_empty() {
        blocks.push(Block::Verbatim(context.command.clone()));
    }
    if !context.digests.is_empty() {
        let mut table = Table::new("Files read", 2, ["file", "SHA-256"]);
        table.rows = context
            .digests
            .iter()
            .map(|(file, digest)| vec![file.clone(), digest.clone()])
            .collect();
        blocks.push(Block::table(table));
    }
    Section { id: "provenance", title: "Provenance", blocks }
}
