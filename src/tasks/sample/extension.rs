//! More sentences for a sample that is coded already.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Population, Selected};
use crate::data::{Codebook, LabelFile, LabelSchema};
use crate::error::{Error, Place, Result};

/// The column of inclusion probabilities.
const INCLUSION: &str = "inclusion_probability";

/// A coded sample of a population, to be extended.
///
/// Of the `N` sentences of a stratum `m` were coded before; `n` more are drawn at random among the
/// others. The first sample estimates a total by `T₁ = N Σ y/π / Σ 1/π` (Hájek), both together by the
/// coded sentences themselves and `(N − m)/n` times the new ones, `T₂`; each is right on average, the
/// first but for a term of the order of `1/m` where the `π` differ, and so is `α T₁ + (1 − α) T₂`. With `α = m (N − m − n) / ((N − m)(m + n))` a simple random sample of `m`
/// and one of `n` become one of `m + n`, every sentence with the weight `N/(m + n)`. The inverse of a
/// sentence's weight takes the place of its inclusion probability (at most 1): whatever estimates with
/// `1/π` is right with it.
///
/// # References
///
/// Särndal, Swensson & Wretman 1992, Model Assisted Survey Sampling, Springer, ch. 9 (two phases);
/// Raj 1956, Journal of the American Statistical Association 51:269–284 (draw by draw).
#[derive(Debug, Clone, PartialEq)]
pub struct Coded {
    /// By member: what was coded, and the probability it was drawn with.
    sentences: HashMap<usize, (String, f64)>,
}

impl Coded {
    /// Reads a label file that [`sample`](super::sample()) wrote and somebody coded; rows with `?` are
    /// drawn anew.
    ///
    /// # Errors
    ///
    /// Those of [`LabelFile::read`]; when a sentence stands in it twice or is none of the population,
    /// and when there are no inclusion probabilities.
    pub fn read(path: &Path, codebook: Option<&Codebook>, of: &Population) -> Result<Self> {
        let file = LabelFile::read(&[PathBuf::from(path)], codebook, LabelSchema::CodesOnly)?;
        let Some(column) = file.extra_columns.iter().position(|name| name == INCLUSION) else {
            return Err(Error::data(
                Place::file(path),
                format!("there is no column `{INCLUSION}`"),
                "extend a sample that `framescope sample` drew",
            ));
        };
        let members: HashMap<&str, usize> =
            of.members.iter().enumerate().map(|(at, member)| (member.id.as_str(), at)).collect();
        let mut sentences = HashMap::new();
        for row in &file.rows {
            let Some(labels) = row.coding.labels() else { continue };
            let Some(&member) = members.get(row.id.as_str()) else {
                let problem = format!("`{}` is none of the sentences to draw from", row.id);
                let remedy = "extend it from the table it was drawn from";
                return Err(Error::data(row.place.column("id"), problem, remedy));
            };
            let probability = row.extra[column].parse().ok().filter(|p| *p > 0.0 && *p <= 1.0);
            let Some(probability) = probability else {
                let problem = format!("`{}` is no probability", row.extra[column]);
                return Err(Error::data(
                    row.place.column(INCLUSION),
                    problem,
                    "give a number above 0 and at most 1",
                ));
            };
            let labels = labels.display(&file.codebook).to_string();
            if sentences.insert(member, (labels, probability)).is_some() {
                let problem = format!("`{}` is coded twice", row.id);
                let remedy = "settle on one coding first: `framescope agree --adjudicate`";
                return Err(Error::data(row.place.column("id"), problem, remedy));
            }
        }
        Ok(Coded { sentences })
    }

    /// How many sentences are coded.
    pub fn count(&self) -> usize {
        self.sentences.len()
    }

    /// What was coded of a member of the population.
    pub(super) fn labels(&self, member: usize) -> Option<&str> {
        self.sentences.get(&member).map(|(labels, _)| labels.as_str())
    }

    /// Adds the coded sentences to those newly drawn, and gives all of them their weights. `of_member`
    /// has the stratum of each member, `sizes` the sentences of each stratum.
    pub(super) fn join(&self, rows: &mut Vec<Selected>, of_member: &[usize], sizes: &[usize]) {
        let mut strata: Vec<Phases> =
            sizes.iter().map(|&size| Phases { size: size as f64, ..Phases::default() }).collect();
        for (&member, &(_, probability)) in &self.sentences {
            let stratum = &mut strata[of_member[member]];
            stratum.coded += 1.0;
            stratum.weight += 1.0 / probability;
        }
        for row in rows.iter() {
            strata[row.stratum].drawn += 1.0;
        }
        for row in rows.iter_mut() {
            row.probability = 1.0 / strata[row.stratum].weight_of_drawn();
        }
        let mut members: Vec<usize> = self.sentences.keys().copied().collect();
        members.sort_unstable();
        rows.extend(members.into_iter().map(|member| {
            let stratum = of_member[member];
            let weight = strata[stratum].weight_of_coded(self.sentences[&member].1);
            Selected { member, stratum, probability: (1.0 / weight).min(1.0) }
        }));
    }
}

/// A stratum that was drawn from twice.
#[derive(Clone, Copy, Default)]
struct Phases {
    size: f64,
    /// Coded before, with the sum of their weights.
    coded: f64,
    weight: f64,
    /// Drawn now.
    drawn: f64,
}

impl Phases {
    /// The part of the first sample, `α`.
    fn share_of_first(&self) -> f64 {
        let open = self.size - self.coded;
        match self.coded > 0.0 && open > 0.0 {
            true => self.coded * (open - self.drawn) / (open * (self.coded + self.drawn)),
            false => 0.0,
        }
    }

    fn weight_of_coded(&self, probability: f64) -> f64 {
        let share = self.share_of_first();
        share * self.size / self.weight / probability + 1.0 - share
    }

    fn weight_of_drawn(&self) -> f64 {
        self.size / (self.coded + self.drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Drawn, draw, stream};

    /// Over many draws, of both samples, each sentence counts once on average, whatever the first
    /// sample's probabilities were.
    #[test]
    fn every_sentence_counts_once_on_average() {
        let (count, first, second) = (60, 12, 9);
        for sizes in [vec![1; count], (0..count as u32).map(|i| 10 + 3 * i).collect()] {
            let mut sums = vec![0.0; count];
            let draws = 20_000;
            let mut random = stream(3, 0, 0);
            for _ in 0..draws {
                let drawn = draw(&sizes, first, &mut random);
                let coded = |one: &Drawn| (one.unit, (String::new(), one.probability));
                let coded = Coded { sentences: drawn.iter().map(coded).collect() };
                let open: Vec<usize> =
                    (0..count).filter(|&at| coded.labels(at).is_none()).collect();
                let row =
                    |one: Drawn| Selected { member: open[one.unit], stratum: 0, probability: 0.0 };
                let mut rows: Vec<Selected> =
                    draw(&vec![1; open.len()], second, &mut random).into_iter().map(row).collect();
                coded.join(&mut rows, &vec![0; count], &[count]);
                assert_eq!(rows.len(), first + second);
                rows.iter().for_each(|row| sums[row.member] += 1.0 / row.probability);
            }
            let means: Vec<f64> = sums.iter().map(|sum| sum / f64::from(draws)).collect();
            let equal = sizes.iter().all(|&size| size == sizes[0]);
            let near = |mean: f64, by: f64| (mean - 1.0).abs() < by;
            assert!(!equal || means.iter().all(|&mean| near(mean, 0.06)), "{means:?}");
            // A ratio, as Hájek's of the first sample is, errs by one over its size for a single
            // sentence; for what many have in common it does not.
            for common in
                [|at: usize| at as f64, |at: usize| f64::from(u8::from(at.is_multiple_of(7)))]
            {
                let of_means: f64 = means.iter().enumerate().map(|(at, m)| m * common(at)).sum();
                let of_all: f64 = (0..count).map(common).sum();
                assert!(near(of_means / of_all, 0.03), "{}", of_means / of_all);
            }
        }
    }

    #[test]
    fn two_simple_random_samples_are_one() {
        let coded = |member| (member, (String::new(), 0.2));
        let coded = Coded { sentences: [0, 1].map(coded).into_iter().collect() };
        let row = |member| Selected { member, stratum: 0, probability: 0.375 };
        let mut rows = vec![row(4), row(7), row(9)];
        coded.join(&mut rows, &[0; 10], &[10]);
        let probabilities: Vec<f64> = rows.iter().map(|row| row.probability).collect();
        assert!(probabilities.iter().all(|p| (p - 0.5).abs() < 1e-12), "{probabilities:?}");
    }

    #[test]
    fn a_stratum_that_is_coded_whole_or_not_drawn_from_keeps_its_sentences() {
        let coded = [(0, 0.5), (1, 1.0), (2, 0.25)].map(|(at, p)| (at, (String::new(), p)));
        let coded = Coded { sentences: coded.into_iter().collect() };
        let mut rows = vec![Selected { member: 3, stratum: 0, probability: 1.0 }];
        // The first stratum has 0 and 3, the second 1 and 2, and four more.
        coded.join(&mut rows, &[0, 1, 1, 0, 1, 1, 1, 1], &[2, 6]);
        let of = |member| rows.iter().find(|row| row.member == member).unwrap().probability;
        assert_eq!([of(0), of(3)], [1.0, 1.0]);
        assert!((1.0 / of(1) + 1.0 / of(2) - 6.0).abs() < 1e-12);
    }
}
