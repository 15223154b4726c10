//! Folds for cross-validation that keep groups together and labels in proportion.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Which fold every row is held out in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folds {
    /// Number of folds.
    pub count: usize,
    /// For each row, its fold, below `count`.
    pub of_row: Vec<usize>,
}

impl Folds {
    /// The rows to train on and the rows held out in fold `fold`, both in order.
    pub fn split(&self, fold: usize) -> (Vec<usize>, Vec<usize>) {
        (0..self.of_row.len()).partition(|&row| self.of_row[row] != fold)
    }
}

/// Deals groups of rows into folds so that every fold has about the same share of every label.
///
/// Iterative stratification on the label counts of whole groups: the rarest label that still has
/// groups is served first; its largest group goes to the fold that still wants most of it, ties to
/// the fold that wants most rows. A group is never split.
///
/// # Parameters
///
/// - `groups`: the group of each row, numbered from 0.
/// - `labels`: the labels of each row, each below `label_count`.
/// - `count`: how many folds; at most as many as there are groups are made.
/// - `seed`: decides ties. The same seed deals the same folds.
///
/// # References
///
/// Sechidis, Tsoumakas & Vlahavas 2011, On the stratification of multi-label data, ECML PKDD.
pub fn grouped_stratified_folds(
    groups: &[usize],
    labels: &[Vec<usize>],
    label_count: usize,
    count: usize,
    seed: u64,
) -> Folds {
    let group_count = groups.iter().max().map_or(0, |&last| last + 1);
    let count = count.min(group_count).max(1);
    // Column `label_count` counts rows, so that folds are of a size as well.
    let mut group_labels = vec![vec![0_usize; label_count + 1]; group_count];
    for (&group, labels) in groups.iter().zip(labels) {
        group_labels[group][label_count] += 1;
        for &label in labels {
            group_labels[group][label] += 1;
        }
    }
    let mut order: Vec<usize> = (0..group_count).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));

    let total = |label: usize| group_labels.iter().map(|counts| counts[label]).sum::<usize>();
    let share = |label: usize| total(label) as f64 / count as f64;
    let mut wanted: Vec<Vec<f64>> = vec![(0..=label_count).map(share).collect(); count];
    let mut fold_of_group = vec![usize::MAX; group_count];
    while let Some(label) = rarest_label(&order, &fold_of_group, &group_labels) {
        let group = order.iter().copied().filter(|&group| fold_of_group[group] == usize::MAX).fold(
            None,
            |best: Option<usize>, group| match best {
                Some(best) if group_labels[best][label] >= group_labels[group][label] => Some(best),
                _ => Some(group),
            },
        );
        let Some(group) = group else { break };
        let fold = (0..count)
            .max_by(|&a, &b| {
                let key = |fold: usize| (wanted[fold][label], wanted[fold][label_count]);
                let ((a1, a2), (b1, b2)) = (key(a), key(b));
                // Reversed index: among equals the first fold wins.
                a1.total_cmp(&b1).then(a2.total_cmp(&b2)).then(b.cmp(&a))
            })
            .unwrap_or(0);
        fold_of_group[group] = fold;
        for (want, &has) in wanted[fold].iter_mut().zip(&group_labels[group]) {
            *want -= has as f64;
        }
    }
    Folds { count, of_row: groups.iter().map(|&group| fold_of_group[group]).collect() }
}

/// The label with the fewest rows left to deal; rows as such come last.
fn rarest_label(
    order: &[usize],
    fold_of_group: &[usize],
    group_labels: &[Vec<usize>],
) -> Option<usize> {
    let label_count = group_labels.first()?.len() - 1;
    let left = |label: usize| -> usize {
        order
            .iter()
            .filter(|&&group| fold_of_group[group] == usize::MAX)
            .map(|&group| group_labels[group][label])
            .sum()
    };
    (0..label_count)
        .map(|label| (left(label), label))
        .filter(|&(left, _)| left > 0)
        .min()
        .map(|(_, label)| label)
        .or_else(|| (left(label_count) > 0).then_some(label_count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_whole_and_labels_in_proportion() {
        // 60 groups of 10 rows; label 0 on every fifth row, label 1 only in every third group.
        let groups: Vec<usize> = (0..600).map(|row| row / 10).collect();
        let labels: Vec<Vec<usize>> = (0..600)
            .map(|row| {
                let mut labels = Vec::new();
                if row % 5 == 0 {
                    labels.push(0);
                }
                if (row / 10) % 3 == 0 && row % 2 == 0 {
                    labels.push(1);
                }
                labels
            })
            .collect();
        let folds = grouped_stratified_folds(&groups, &labels, 2, 5, 42);
        for fold in 0..5 {
            let (train, test) = folds.split(fold);
            assert_eq!(train.len() + test.len(), 600);
            assert!(train.iter().all(|&a| test.iter().all(|&b| groups[a] != groups[b])));
            let with = |label| test.iter().filter(|&&row| labels[row].contains(&label)).count();
            assert!((23..=25).contains(&with(0)), "label 0: {}", with(0));
            assert_eq!(with(1), 20);
        }
    }

    #[test]
    fn there_are_no_more_folds_than_groups() {
        let folds = grouped_stratified_folds(&[0, 0, 1], &[vec![], vec![], vec![]], 0, 5, 1);
        assert_eq!(folds.count, 2);
        assert_eq!(folds.of_row[0], folds.of_row[1]);
    }
}
