//! Words that distinguish groups.

use super::Source;
use super::dots::{Dots, Look, Row};
use super::numbers::{Unit, count, p_value};
use super::page::{Block, Figure, Panel, Section, Table};
use crate::report::svg::shorten;
use crate::stats::Measure;
use crate::tasks::compare::{GroupWords, Word};

/// Words drawn for a group; the table has them all.
const DRAWN: usize = 12;

/// Half the width of a 95% interval in standard errors.
const REACH: f64 = 1.959_964;

/// Distinguishing words by group; nothing where no texts were there.
pub(super) fn section(source: Source<'_>) -> Option<Section> {
    let words = &source.comparison.words;
    if words.is_empty() {
        return None;
    }
    let intro = "Words that stand in a group more often than in all others: log-odds ratios with an \
                 informative Dirichlet prior, which tempers rare words. Of words whose interval \
                 touches the line, and of many others among so many, chance may be all there is to say: \
                 the table has p-values adjusted for their number. What words mean only reading can tell.";
    let mut blocks = vec![Block::Text(intro.to_owned()), Block::Figure(figure(words))];
    let silent: Vec<&GroupWords> = words.iter().filter(|group| group.words.is_empty()).collect();
    if !silent.is_empty() {
        let names: Vec<String> = silent.into_iter().map(title).collect();
        blocks.push(Block::Text(format!("No such words: {}.", names.join("; "))));
    }
    Some(Section { id: "words", title: "Distinguishing words", blocks })
}

fn title(words: &GroupWords) -> String {
    match &words.frame {
        Some(frame) => format!("{}, sentences with {frame}", words.group),
        None => words.group.clone(),
    }
}

fn figure(words: &[GroupWords]) -> Figure {
    let drawn = words.iter().enumerate().filter(|(_, group)| !group.words.is_empty());
    let panels = drawn.map(|(index, group)| Panel {
        title: title(group),
        chip: String::new(),
        svg: draw(index, group),
    });
    Figure {
        heading: None,
        caption: format!(
            "Log-odds ratio of up to {DRAWN} words a group against all other groups, with 95% interval; \
             right of the line: more often in the group."
        ),
        legend: Vec::new(),
        panels: panels.collect(),
        wide: false,
        table: table(words),
    }
}

fn draw(index: usize, group: &GroupWords) -> String {
    let rows = group.words.iter().take(DRAWN).map(|word| {
        let marks = vec![(Look::Solid, interval(word))];
        Row { name: &word.word, marks }
    });
    let dots = Dots {
        id: format!("words-{index}"),
        title: format!("Words of {}", shorten(&title(group), 120)),
        unit: Unit::Plain,
        include: &[],
        lines: &[0.0],
        frame: 0,
        rows: rows.collect(),
    };
    dots.draw()
}

/// The log-odds ratio with the interval that its standard error gives.
fn interval(word: &Word) -> Measure {
    let error = (word.log_odds / word.z).abs();
    let reach = REACH * error;
    let interval = error.is_finite().then_some([word.log_odds - reach, word.log_odds + reach]);
    Measure { interval, ..Measure::bare(Ok(word.log_odds)) }
}

fn table(words: &[GroupWords]) -> Table {
    let by_frame = words.iter().any(|group| group.frame.is_some());
    let mut header = vec!["group"];
    header.extend(by_frame.then_some("sentences with"));
    let names = header.len() + 1;
    header.extend(["word", "log-odds", "z", "adjusted p", "in group", "in others", "documents"]);
    let mut table = Table::new("Distinguishing words", names, header);
    for group in words {
        for word in &group.words {
            let mut row = vec![group.group.clone()];
            row.extend(by_frame.then(|| group.frame.clone().unwrap_or_else(|| "any".to_owned())));
            row.push(word.word.clone());
            row.extend([word.log_odds, word.z].map(|value| Unit::Plain.number(value)));
            row.push(p_value(&Ok(word.p_adjusted)));
            row.extend(word.counts.map(|of| count(of.round() as usize)));
            row.push(count(word.documents as usize));
            table.rows.push(row);
        }
    }
    table
}
