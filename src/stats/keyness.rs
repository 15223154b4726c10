//! Words that tell groups of documents apart.

use std::cmp::Ordering;
use std::f64::consts::SQRT_2;

use super::comparison::benjamini_hochberg;
use super::measure::{Undefined, Value};

/// Counts of a term in each group, and in how many documents it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct TermCounts {
    /// The term.
    pub term: String,
    /// How often it stands in each group.
    pub by_group: Vec<f64>,
    /// In how many documents, of all groups, it stands.
    pub documents: u32,
}

/// A term, and how much more (or less) a group uses it than the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyTerm {
    /// The term.
    pub term: String,
    /// The group's log-odds of the term less that of the rest, `δ`.
    pub log_odds: f64,
    /// Its approximate standard error.
    pub std_error: f64,
    /// `δ` in standard errors, `ζ`: positive where the group uses the term more than the rest.
    pub z: f64,
    /// Two-sided, by the normal distribution.
    pub p: f64,
    /// The same by Benjamini and Hochberg's procedure over all terms of all groups.
    pub p_adjusted: f64,
    /// How often the term stands in the group and in the rest.
    pub counts: [f64; 2],
    /// In how many documents, of all groups, it stands.
    pub documents: u32,
}

/// How far a group's ranking of terms depends on the size of the prior.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensitivity {
    /// What `α₀` was multiplied by.
    pub factor: f64,
    /// Spearman's rank correlation of `ζ`, over all terms, with that at `α₀` itself.
    pub rank_correlation: Value,
    /// The share of the group's strongest terms that are among its strongest at `α₀` itself.
    pub overlap: Value,
}

/// The multiples of `α₀` at which [`sensitivity`] looks.
pub const PRIOR_FACTORS: [f64; 2] = [0.1, 10.0];

/// Terms that distinguish a group from the rest (for two groups: from the other), by group,
/// strongest `ζ` first: log-odds with an informative Dirichlet prior.
///
/// With `y` the count of term `w` in group `A` and in the rest `B`, `n` the sums of all counts, and
/// the prior `α_w = α₀ · b_w / Σ b`,
///
/// `δ_w = ln[(yᴬ + α_w) / (nᴬ + α₀ − yᴬ − α_w)] − ln[(yᴮ + α_w) / (nᴮ + α₀ − yᴮ − α_w)]`,
///
/// `Var δ_w ≈ 1 / (yᴬ + α_w) + 1 / (yᴮ + α_w)`, and `ζ_w = δ_w / √Var δ_w`.
///
/// The prior is worth `α₀` words in every group, used as in the background: it draws rare terms
/// towards no difference, so that no list of stop words and no least frequency is needed. Its size
/// is a choice that changes the ranking; [`sensitivity`] says how much. Every list holds all terms:
/// those at its end are what the group uses less than the rest. With two groups, one list is the
/// other reversed, and adjusting over both gives the same as over one.
///
/// # Parameters
///
/// - `terms`: counts; a group beyond the end of `by_group` has none.
/// - `groups`: how many there are.
/// - `alpha0`: the size of the prior, `α₀`, in words.
/// - `least_documents`: terms in fewer documents are left out first: they count neither in `n` nor
///   in the background.
/// - `background`: `b`, one number a term; without it the counts of all groups together.
///
/// # Degenerate cases
///
/// A term without a finite `ζ` is left out: one that neither the background nor a group knows, or
/// the only one there is. With fewer than two groups, or an `alpha0` that is negative or no number,
/// every list is empty. Terms with the same `ζ` are in alphabetical order.
///
/// The variance takes words for independent draws. Those of one document are not (a copied article
/// counts twice), so that `p` is too small where terms gather in few documents; it orders terms, it
/// does not establish them one by one.
///
/// # References
///
/// Monroe, Colaresi & Quinn 2008, Political Analysis 16:372–403, equations 15, 16, 20 and 22;
/// Benjamini & Hochberg 1995, Journal of the Royal Statistical Society B 57:289–300.
///
/// # Examples
///
/// ```
/// use framescope::stats::{TermCounts, log_odds};
///
/// let terms = [("reform", [30., 10.]), ("security", [5., 25.]), ("the", [200., 180.])];
/// let counts = terms.map(|(term, by_group)| TermCounts {
///     term: term.to_owned(),
///     by_group: by_group.to_vec(),
///     documents: 9,
/// });
/// let by_group = log_odds(&counts, 2, 100.0, 3, None);
/// assert_eq!(by_group[0][0].term, "reform");
/// assert_eq!(by_group[1][0].term, "security");
/// assert!(by_group[1][0].p_adjusted < 0.01);
/// ```
pub fn log_odds(
    terms: &[TermCounts],
    groups: usize,
    alpha0: f64,
    least_documents: u32,
    background: Option<&[f64]>,
) -> Vec<Vec<KeyTerm>> {
    let table = Table::new(terms, groups, least_documents, background);
    let mut lists: Vec<Vec<KeyTerm>> =
        (0..groups).map(|group| table.key_terms(group, alpha0)).collect();
    adjust(&mut lists);
    lists.iter_mut().for_each(|list| list.sort_by(strongest_first));
    lists
}

/// How the lists of [`log_odds`] change with `α₀` times 0.1 and times 10, by group: the correlation
/// of all `ζ`, and the share of the first `top` terms that stay among the first.
///
/// # Degenerate cases
///
/// Both are undefined without a term, the correlation also where all terms are tied. Ties take the
/// mean of their ranks. Of fewer than `top` terms, all are the strongest.
///
/// # References
///
/// Spearman 1904, American Journal of Psychology 15:72–101.
pub fn sensitivity(
    terms: &[TermCounts],
    groups: usize,
    alpha0: f64,
    least_documents: u32,
    background: Option<&[f64]>,
    top: usize,
) -> Vec<[Sensitivity; 2]> {
    let table = Table::new(terms, groups, least_documents, background);
    let of_group = |group| {
        let chosen = table.key_terms(group, alpha0);
        PRIOR_FACTORS.map(|factor| {
            let other = table.key_terms(group, factor * alpha0);
            Sensitivity {
                factor,
                rank_correlation: rank_correlation(&chosen, &other),
                overlap: overlap(&chosen, &other, top),
            }
        })
    };
    (0..groups).map(of_group).collect()
}

/// The terms that are looked at, and their sums.
struct Table<'a> {
    /// Each with its share of the background.
    terms: Vec<(&'a TermCounts, f64)>,
    /// Words of each group.
    totals: Vec<f64>,
}

impl<'a> Table<'a> {
    fn new(
        terms: &'a [TermCounts],
        groups: usize,
        least_documents: u32,
        background: Option<&[f64]>,
    ) -> Self {
        let background = |index: usize| match background {
            Some(counts) => counts.get(index).copied().unwrap_or(0.0),
            None => (0..groups).map(|group| terms[index].count(group)).sum(),
        };
        let kept: Vec<usize> =
            (0..terms.len()).filter(|&index| terms[index].documents >= least_documents).collect();
        let size: f64 = kept.iter().map(|&index| background(index)).sum();
        let total = |group| kept.iter().map(|&index| terms[index].count(group)).sum();
        Table {
            totals: (0..groups).map(total).collect(),
            terms: kept.iter().map(|&index| (&terms[index], background(index) / size)).collect(),
        }
    }

    /// The terms of a group against the rest, in the order of the table, `p` not yet adjusted.
    fn key_terms(&self, group: usize, alpha0: f64) -> Vec<KeyTerm> {
        if self.totals.len() < 2 || alpha0 < 0.0 {
            return Vec::new();
        }
        let sum = |of: &dyn Fn(usize) -> f64| -> f64 {
            (0..self.totals.len()).filter(|&other| other != group).map(of).sum()
        };
        let totals = [self.totals[group], sum(&|other| self.totals[other])];
        let key_term = |&(term, share): &(&TermCounts, f64)| {
            let counts = [term.count(group), sum(&|other| term.count(other))];
            key_term(term, counts, totals, alpha0, share)
        };
        self.terms.iter().map(key_term).filter(|term| term.z.is_finite()).collect()
    }
}

impl TermCounts {
    fn count(&self, group: usize) -> f64 {
        self.by_group.get(group).copied().unwrap_or(0.0)
    }
}

/// A term by its counts in the group and the rest, with the sums of all terms there.
fn key_term(
    of: &TermCounts,
    counts: [f64; 2],
    totals: [f64; 2],
    alpha0: f64,
    share: f64,
) -> KeyTerm {
    let prior = alpha0 * share;
    let [inside, outside] = [0, 1].map(|side| {
        // In this order the others are exactly none where the term is the only one.
        let others = (totals[side] - counts[side]) + (alpha0 - prior);
        libm::log((counts[side] + prior) / others)
    });
    let log_odds = inside - outside;
    let std_error = counts.iter().map(|count| 1.0 / (count + prior)).sum::<f64>().sqrt();
    let z = log_odds / std_error;
    let p = libm::erfc(z.abs() / SQRT_2);
    KeyTerm {
        term: of.term.clone(),
        log_odds,
        std_error,
        z,
        p,
        p_adjusted: p,
        counts,
        documents: of.documents,
    }
}

fn strongest_first(a: &KeyTerm, b: &KeyTerm) -> Ordering {
    b.z.total_cmp(&a.z).then_with(|| a.term.cmp(&b.term))
}

/// Adjusts the p-values of all lists as one family.
fn adjust(lists: &mut [Vec<KeyTerm>]) {
    let p_values: Vec<Value> = lists.iter().flatten().map(|term| Ok(term.p)).collect();
    let adjusted = benjamini_hochberg(&p_values);
    for (term, p) in lists.iter_mut().flatten().zip(adjusted.into_iter().flatten()) {
        term.p_adjusted = p;
    }
}

/// Spearman's correlation of the `ζ` of two lists with the same terms in the same order.
fn rank_correlation(left: &[KeyTerm], right: &[KeyTerm]) -> Value {
    let ranks = [left, right].map(centred_ranks);
    let product =
        |a: usize, b: usize| -> f64 { ranks[a].iter().zip(&ranks[b]).map(|(x, y)| x * y).sum() };
    let size = (product(0, 0) * product(1, 1)).sqrt();
    if size > 0.0 { Ok(product(0, 1) / size) } else { Err(Undefined::NoVariation) }
}

/// The rank of each term by `ζ` less the mean rank; the mean of their ranks where some are tied.
fn centred_ranks(terms: &[KeyTerm]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..terms.len()).collect();
    order.sort_by(|&a, &b| terms[a].z.total_cmp(&terms[b].z));
    let mut ranks = vec![0.0; terms.len()];
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| terms[a].z == terms[b].z) {
        let rank = first as f64 + (tied.len() as f64 - terms.len() as f64) / 2.0;
        tied.iter().for_each(|&index| ranks[index] = rank);
        first += tied.len();
    }
    ranks
}

/// The share of the strongest terms of one list that are among the strongest of the other.
fn overlap(left: &[KeyTerm], right: &[KeyTerm], top: usize) -> Value {
    let [left, right] = [left, right].map(|terms| {
        let mut terms: Vec<&KeyTerm> = terms.iter().collect();
        terms.sort_by(|a, b| strongest_first(a, b));
        terms.truncate(top);
        let mut terms: Vec<&str> = terms.into_iter().map(|term| term.term.as_str()).collect();
        terms.sort_unstable();
        terms
    });
    let both = left.iter().filter(|term| right.binary_search(term).is_ok()).count();
    if left.is_empty() {
        Err(Undefined::TooFewExamples)
    } else {
        Ok(both as f64 / left.len() as f64)
    }
}

#[cfg(test)]
#[path = "keyness_tests.rs"]
mod tests;
