//! From articles or a result table to label files that are ready to code.

mod extension;
mod table;

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use serde::Serialize;

pub use super::population::{Member, Population};
pub use extension::Coded;
pub use table::LabelTable;

use crate::data::group_indices;
use crate::error::{Error, Result, listed};
use crate::stats::{Allocation, allocate, draw, mixture_sizes, stream};

/// How a sample is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Design {
    /// How many sentences.
    pub n: usize,
    /// Columns whose values divide the sentences into strata.
    pub stratify: Vec<String>,
    /// Scores that divide them further.
    pub bands: Option<Bands>,
    /// How many of each stratum.
    pub allocation: Allocation,
    /// How many of which stratum, by name; `n` and `allocation` do not count then.
    pub sizes: Option<BTreeMap<String, StratumSize>>,
    /// Scores that make a sentence likelier to be drawn.
    pub enrichment: Option<Enrichment>,
    /// Decides the draw.
    pub seed: u64,
}

/// How many sentences of a stratum to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StratumSize {
    /// How many.
    pub drawn: usize,
    /// How many sentences the stratum has, where that is known: with other strata than were planned
    /// for, it has another number.
    pub of: Option<usize>,
}

/// Bands of a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Bands {
    /// The column of scores.
    pub column: String,
    /// Where one band ends and the next begins.
    pub cuts: Cuts,
}

/// The cut points of [`Bands`]; a score at a cut point is in the upper band.
#[derive(Debug, Clone, PartialEq)]
pub enum Cuts {
    /// These scores.
    At(Vec<f64>),
    /// The scores that cut off equal shares of the sentences, for so many bands; fewer where many
    /// scores are the same.
    Quantiles(usize),
}

/// A draw by score: see [`mixture_sizes`].
#[derive(Debug, Clone, PartialEq)]
pub struct Enrichment {
    /// The column of scores.
    pub column: String,
    /// The share that is drawn at random, above 0.
    pub random_share: f64,
}

/// A part of the population that is sampled by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stratum {
    /// The values that its sentences share; `all` where there is one stratum.
    pub stratum: String,
    /// How many sentences it has.
    pub sentences: usize,
    /// How many of them were drawn.
    pub drawn: usize,
    /// How many of them had been coded before.
    pub coded: usize,
}

/// A drawn sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selected {
    /// Which of [`Population::members`].
    pub member: usize,
    /// Which of [`Sample::strata`].
    pub stratum: usize,
    /// Its first-order inclusion probability; in a sample that extends another, what takes its place:
    /// see [`Coded`].
    pub probability: f64,
}

/// A sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The sentences in random order: where and why they were drawn cannot be told from it.
    pub rows: Vec<Selected>,
    /// The strata, in order of first appearance.
    pub strata: Vec<Stratum>,
    /// The cut points of the bands.
    pub cuts: Vec<f64>,
    /// The seed it was drawn with.
    pub seed: u64,
}

/// What a random stream is for.
enum Purpose {
    Stratum = 0,
    Order,
    Coder,
    Extension,
}

/// Draws a sample, or with `coded` the sentences that are to be coded beside these.
///
/// Strata are sampled independently of each other: how many sentences of each is for [`allocate`] or
/// [`Design::sizes`] to say, which ones for [`draw`].
///
/// # Errors
///
/// When there are fewer sentences than asked for, more strata than that, a column is missing, a size
/// is that of no stratum, or a score is no number; when an extension is enriched.
pub fn sample(population: &Population, design: &Design, coded: Option<&Coded>) -> Result<Sample> {
    let (of_member, names, cuts) = strata(population, design)?;
    let is_coded = |member: usize| coded.is_some_and(|coded| coded.labels(member).is_some());
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    let mut counts = vec![0; names.len()];
    for (member, &stratum) in of_member.iter().enumerate() {
        counts[stratum] += 1;
        if !is_coded(member) {
            members[stratum].push(member);
        }
    }
    let open: Vec<usize> = members.iter().map(Vec::len).collect();
    if let Some(sizes) = &design.sizes {
        check_sizes(population, sizes, &names, &counts)?;
    }
    let numbers = numbers(population, design, &names, &open, coded.is_some())?;
    let scores = design.enrichment.as_ref().map(|by| population.scores(&by.column)).transpose()?;
    let purpose = match coded {
        None => Purpose::Stratum as u32,
        // Nothing that was drawn before says what is drawn now.
        Some(coded) => Purpose::Extension as u32 + coded.count() as u32,
    };
    let mut rows = Vec::new();
    for (stratum, (members, &number)) in members.iter().zip(&numbers).enumerate() {
        let sizes = match (&scores, &design.enrichment) {
            (Some(scores), Some(by)) => {
                let scores: Vec<f64> = members.iter().map(|&member| scores[member]).collect();
                mixture_sizes(&scores, by.random_share)
            }
            _ => vec![1; members.len()],
        };
        let mut random = stream(design.seed, purpose, stratum as u32);
        rows.extend(draw(&sizes, number, &mut random).into_iter().map(|drawn| Selected {
            member: members[drawn.unit],
            stratum,
            probability: drawn.probability,
        }));
    }
    rows.shuffle(&mut stream(design.seed, Purpose::Order as u32, 0));
    if let Some(coded) = coded {
        coded.join(&mut rows, &of_member, &counts);
    }
    let strata = names.into_iter().zip(counts).zip(numbers).zip(open);
    let strata = strata.map(|(((stratum, sentences), drawn), open)| Stratum {
        stratum,
        sentences,
        drawn,
        coded: sentences - open,
    });
    Ok(Sample { rows, strata: strata.collect(), cuts, seed: design.seed })
}

/// Whether sizes are those of these strata.
fn check_sizes(
    population: &Population,
    sizes: &BTreeMap<String, StratumSize>,
    names: &[String],
    counts: &[usize],
) -> Result<()> {
    let error = |problem: String| {
        let remedy = format!(
            "divide as the plan did, by `--stratify`, `--bands` and `--cuts`; the strata are now {}",
            listed(names)
        );
        Err(Error::data(population.place.clone(), problem, remedy))
    };
    for (name, size) in sizes {
        let Some(at) = names.iter().position(|known| known == name) else {
            return error(format!("there is no stratum `{name}` to draw from"));
        };
        if let Some(of) = size.of.filter(|&of| of != counts[at]) {
            let count = counts[at];
            return error(format!("stratum `{name}` has {count} sentences, {of} were planned for"));
        }
    }
    Ok(())
}

/// How many to draw from each stratum, of those that are there to be drawn.
fn numbers(
    population: &Population,
    design: &Design,
    names: &[String],
    open: &[usize],
    extends: bool,
) -> Result<Vec<usize>> {
    let error =
        |problem: String, remedy: &str| Err(Error::data(population.place.clone(), problem, remedy));
    if let Some(sizes) = &design.sizes {
        let size = |name: &String| sizes.get(name).map_or(0, |size| size.drawn);
        let numbers: Vec<usize> = names.iter().map(size).collect();
        let mut sizes = names.iter().zip(&numbers).zip(open);
        return match sizes.find(|((_, number), open)| number > open) {
            None => Ok(numbers),
            Some(((name, number), open)) => error(
                format!(
                    "{number} sentences of stratum `{name}` are asked for and there are {open}"
                ),
                "plan with the same table that is drawn from",
            ),
        };
    }
    let count: usize = open.iter().sum();
    if design.n > count {
        return error(
            format!("{} sentences are asked for and there are {count}", design.n),
            &format!("ask for {count} at the most, or give more articles"),
        );
    }
    if design.n < names.len() && !extends {
        return error(
            format!("{} sentences cannot be drawn from {} strata", design.n, names.len()),
            "every stratum needs at least one: ask for more sentences, or stratify more coarsely",
        );
    }
    Ok(allocate(design.n, open, design.allocation))
}

/// The stratum of each member, the names of the strata, and the cut points of the bands.
fn strata(population: &Population, design: &Design) -> Result<(Vec<usize>, Vec<String>, Vec<f64>)> {
    let columns: Vec<Vec<&str>> =
        design.stratify.iter().map(|name| population.column(name)).collect::<Result<_>>()?;
    let mut cuts = Vec::new();
    let mut bands = None;
    if let Some(by) = &design.bands {
        let scores = population.scores(&by.column)?;
        cuts = cut_points(&scores, &by.cuts);
        let band = |score: &f64| cuts.partition_point(|cut| cut <= score) + 1;
        bands = Some(scores.iter().map(band).collect::<Vec<_>>());
    }
    let names: Vec<String> = (0..population.members.len())
        .map(|member| {
            let value = |column: &Vec<&str>| match column[member].trim() {
                "" => "(none)".to_owned(),
                value => value.to_owned(),
            };
            let mut values: Vec<String> = columns.iter().map(value).collect();
            values.extend(bands.as_ref().map(|bands| format!("band {}", bands[member])));
            if values.is_empty() { "all".to_owned() } else { values.join("; ") }
        })
        .collect();
    let of_member = group_indices(names.iter().map(|name| Some(name.as_str())));
    let mut found: Vec<String> = Vec::new();
    for (name, &stratum) in names.iter().zip(&of_member) {
        if stratum == found.len() {
            found.push(name.clone());
        }
    }
    Ok((of_member, found, cuts))
}

/// Rising cut points, none of which leaves nothing below it.
fn cut_points(scores: &[f64], cuts: &Cuts) -> Vec<f64> {
    let mut cuts = match cuts {
        Cuts::At(cuts) => cuts.clone(),
        Cuts::Quantiles(bands) => {
            let mut sorted = scores.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            let rank = |band: usize| (band * sorted.len()) / bands;
            let at = |band| sorted.get(rank(band)).copied();
            let lowest = sorted.first().copied();
            (1..*bands).filter_map(at).filter(|&cut| Some(cut) > lowest).collect()
        }
    };
    cuts.sort_unstable_by(f64::total_cmp);
    cuts.dedup();
    cuts
}

/// Who codes what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// What everybody codes, of [`Sample::rows`].
    pub overlap: Vec<usize>,
    /// What each coder codes, of [`Sample::rows`], in an order of the coder's own.
    pub coders: Vec<Vec<usize>>,
}

/// Shares a sample out among coders: a random part of it goes to all of them, so that agreement can
/// be measured, the rest evenly to one each. The order of each coder's work is random and differs
/// between them: fatigue falls on other sentences, and nobody can tell the overlap.
///
/// # References
///
/// Krippendorff 2019, Content Analysis, 4th ed., ch. 12: reliability is measured on a random part
/// of what is coded, by coders who work independently.
pub fn assign(sample: &Sample, coders: usize, overlap: f64) -> Assignment {
    // The rows are in random order already, so that the first are as random as any.
    let shared = (overlap * sample.rows.len() as f64).round() as usize;
    let overlap: Vec<usize> = (0..shared.min(sample.rows.len())).collect();
    let mut shares = vec![overlap.clone(); coders];
    for row in overlap.len()..sample.rows.len() {
        shares[row % coders].push(row);
    }
    for (coder, share) in shares.iter_mut().enumerate() {
        share.shuffle(&mut stream(sample.seed, Purpose::Coder as u32, coder as u32));
    }
    Assignment { overlap, coders: shares }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;

    fn population() -> Population {
        let member = |i: usize| Member {
            id: format!("d{}:{}", i / 10, i % 10),
            document: format!("d{}", i / 10),
            text: format!("Sentence {i}."),
            cells: vec![
                ["North", "South", ""][usize::from(i >= 60) + usize::from(i >= 95)].to_owned(),
                format!("{}", (i % 20) as f64 / 20.0),
                if i.is_multiple_of(2) { "2024-05-31" } else { "2023-01-01" }.to_owned(),
            ],
        };
        Population {
            place: Place::file("t.csv"),
            columns: ["source", "p.x", "date"].map(str::to_owned).to_vec(),
            members: (0..100).map(member).collect(),
            without_text: 0,
            skipped: Vec::new(),
        }
    }

    fn bands(cuts: Cuts) -> Option<Bands> {
        Some(Bands { column: "p.x".to_owned(), cuts })
    }

    /// Over many seeds each member is drawn as often as its recorded probability says, and what
    /// the sample estimates of every stratum is right on average.
    #[test]
    fn every_design_records_the_probability_it_draws_with() {
        let population = population();
        let enrichment = Some(Enrichment { column: "p.x".to_owned(), random_share: 0.4 });
        let source = vec!["source".to_owned()];
        let equal = Allocation::Equal;
        let base = Design { n: 20, ..Design::default() };
        let designs = [
            base.clone(),
            Design { stratify: source.clone(), ..base.clone() },
            Design { stratify: source.clone(), allocation: equal, ..base.clone() },
            Design { bands: bands(Cuts::Quantiles(4)), allocation: equal, ..base.clone() },
            Design { enrichment: enrichment.clone(), ..base.clone() },
            Design { stratify: source, bands: bands(Cuts::At(vec![0.5])), enrichment, ..base },
        ];
        for design in designs {
            let draws = 4000;
            let mut times = [0_u32; 100];
            let mut probability = [0.0; 100];
            for seed in 0..draws {
                let drawn = sample(&population, &Design { seed, ..design.clone() }, None).unwrap();
                assert_eq!(drawn.rows.len(), 20);
                for row in drawn.rows {
                    times[row.member] += 1;
                    probability[row.member] = row.probability;
                }
            }
            assert!((probability.iter().sum::<f64>() - 20.0).abs() < 1e-6, "{design:?}");
            for (&p, &times) in probability.iter().zip(&times) {
                let error = (p * (1.0 - p) / draws as f64).sqrt();
                assert!((f64::from(times) / draws as f64 - p).abs() <= 4.5 * error, "{design:?}");
            }
        }
    }

    #[test]
    fn strata_are_named_by_their_values() {
        let names = |stratify: &[&str], bands| {
            let stratify = stratify.iter().map(|&name| name.to_owned()).collect();
            let design = Design { n: 40, stratify, bands, ..Design::default() };
            let strata = sample(&population(), &design, None).unwrap().strata;
            strata.into_iter().map(|stratum| stratum.stratum).collect::<Vec<_>>()
        };
        assert_eq!(names(&[], None), ["all"]);
        assert_eq!(names(&["source"], None), ["North", "South", "(none)"]);
        assert_eq!(names(&["month"], None), ["2024-05", "2023-01"]);
        let both = names(&["year"], bands(Cuts::At(vec![0.5])));
        assert_eq!(both, ["2024; band 1", "2023; band 1", "2024; band 2", "2023; band 2"]);
        let design = Design { n: 9, stratify: vec!["outlet".to_owned()], ..Design::default() };
        let message = sample(&population(), &design, None).unwrap_err().to_string();
        assert!(message.contains("no column `outlet`; the columns are `source`"), "{message}");
    }

    #[test]
    fn quantiles_of_equal_scores_make_fewer_bands() {
        assert!(cut_points(&[0.0, 0.0, 0.0, 1.0], &Cuts::Quantiles(2)).is_empty());
        assert_eq!(cut_points(&[0.0, 0.0, 0.0, 1.0], &Cuts::Quantiles(4)), [1.0]);
        assert_eq!(cut_points(&[4.0, 3.0, 2.0, 1.0], &Cuts::Quantiles(2)), [3.0]);
    }

    #[test]
    fn the_overlap_goes_to_all_and_the_rest_to_one() {
        let drawn = sample(&population(), &Design { n: 51, ..Design::default() }, None).unwrap();
        let assignment = assign(&drawn, 3, 0.2);
        assert_eq!(assignment.overlap.len(), 10);
        let mut coded = vec![0; 51];
        assignment.coders.iter().flatten().for_each(|&row| coded[row] += 1);
        assert_eq!(coded.iter().filter(|&&times| times == 3).count(), 10);
        assert_eq!(coded.iter().filter(|&&times| times == 1).count(), 41);
        let lengths: Vec<usize> = assignment.coders.iter().map(Vec::len).collect();
        assert!(lengths.iter().max().unwrap() - lengths.iter().min().unwrap() <= 1);
        let order = |coder: usize| {
            let is_shared = |row: &&usize| assignment.overlap.contains(row);
            assignment.coders[coder].iter().filter(is_shared).copied().collect::<Vec<_>>()
        };
        assert_ne!(order(0), order(1));
        assert!(assign(&drawn, 2, 1.0).coders.iter().all(|share| share.len() == 51));
    }
}
