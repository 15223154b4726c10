//! L2-regularised logistic regression on sparse rows.

use linfa::ParamGuard;
use linfa::dataset::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::dense;
use super::fitted::{FitReport, Logistic, Softmaxed};
use super::objective::{Binary, Objective, dots};
use super::softmax::{Penalty, Softmax};
use super::trust_region::{Goal, Stopped, minimise};
use crate::error::{Error, Result};
use crate::features::SparseMatrix;

/// Which optimiser fits; both reach the same optimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Solver {
    /// Trust-region Newton steps on the sparse rows.
    #[default]
    Sparse,
    /// `linfa-logistic`, on a dense copy of the rows.
    Linfa,
}

/// How much the rows of a class count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassWeight {
    /// Every row counts 1.
    #[default]
    None,
    /// The square root of balanced weights.
    Sqrt,
    /// A row counts `n / (classes · rows of its class)`, so that all classes weigh the same.
    Balanced,
}

/// Beyond this the penalty is lost in rounding.
pub(super) const MOST_C: f64 = 1e9;

/// Checked parameters of a logistic regression; see [`LogisticParams`].
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticValidParams {
    c: f64,
    class_weight: ClassWeight,
    solver: Solver,
    tolerance: f64,
    max_iterations: usize,
}

/// Parameters of a logistic regression.
///
/// | parameter | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `c` | 1 | above 0, at most 1e9 | weight of the loss against the penalty, as in scikit-learn; `linfa`'s `alpha` is `1/c` |
/// | `class_weight` | none | | how much the rows of a class count |
/// | `solver` | sparse | | which optimiser fits |
/// | `tolerance` | 1e-6 | above 0, below 1 | stop when the gradient's norm has shrunk to this share of its norm at zero |
/// | `max_iterations` | 1000 | at least 1 | steps at the most |
///
/// The model with two classes minimises `½‖w‖² + C Σ sᵢ ln(1 + e^(−yᵢ(w·xᵢ + b)))`, with several
/// `½‖W‖² + C Σ sᵢ (ln Σₖ e^zᵢₖ − zᵢ,yᵢ)`; `s` is the class weight, and intercepts are not
/// penalised.
///
/// # Examples
///
/// ```
/// use framescope::features::SparseMatrix;
/// use framescope::linfa::{DatasetBase, traits::Fit};
/// use framescope::model::LogisticParams;
/// use framescope::ndarray::array;
///
/// let mut rows = SparseMatrix::new(1);
/// for value in [-1.0, -0.5, 0.5, 1.0] {
///     rows.push_row([(0, value)]);
/// }
/// let dataset = DatasetBase::new(&rows, array![false, false, true, true]);
/// let model = LogisticParams::default().c(10.0).fit(&dataset)?;
/// assert!(model.report().converged);
/// assert!(model.probabilities(&rows)[3] > 0.9);
/// # Ok::<(), framescope::error::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticParams(LogisticValidParams);

impl Default for LogisticParams {
    fn default() -> Self {
        LogisticParams(LogisticValidParams {
            c: 1.0,
            class_weight: ClassWeight::None,
            solver: Solver::Sparse,
            tolerance: 1e-6,
            max_iterations: 1000,
        })
    }
}

impl LogisticParams {
    /// Weight of the loss against the penalty.
    #[must_use]
    pub fn c(mut self, c: f64) -> Self {
        self.0.c = c;
        self
    }

    /// How much the rows of a class count.
    #[must_use]
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.0.class_weight = class_weight;
        self
    }

    /// Which optimiser fits.
    #[must_use]
    pub fn solver(mut self, solver: Solver) -> Self {
        self.0.solver = solver;
        self
    }

    /// Where to stop, as a share of the gradient's norm at zero.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.0.tolerance = tolerance;
        self
    }

    /// Steps at the most.
    #[must_use]
    pub fn max_iterations(mut self, max_iterations: usize) -> Self {
        self.0.max_iterations = max_iterations;
        self
    }
}

impl ParamGuard for LogisticParams {
    type Checked = LogisticValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&Self::Checked> {
        let LogisticValidParams { c, tolerance, max_iterations, .. } = self.0;
        if !(c > 0.0 && c <= MOST_C) {
            return Err(Error::parameter(
                "C",
                format!("{c} is not above 0 and at most {MOST_C:e}"),
            ));
        }
        if !(tolerance > 0.0 && tolerance < 1.0) {
            return Err(Error::parameter(
                "tolerance",
                format!("{tolerance} is not within 0 and 1"),
            ));
        }
        if max_iterations == 0 {
            return Err(Error::parameter("max-iterations", "0 steps lead nowhere"));
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// The linfa solver stops on its own account, sometimes early; what it reaches counts as converged
/// within this share of the gradient at zero. (Probabilities then differ from the optimum's by
/// less than 1e-4.)
const LINFA_TOLERANCE: f64 = 1e-4;

/// How roughly Newton steps are found ([`Goal::looseness`]), and how roughly after
/// [`Binary::approach`], which leads near the optimum.
const LOOSENESS: f64 = 0.1;
const AFTER_APPROACH: f64 = 0.02;

impl LogisticValidParams {
    /// The same with another C, which must be within range.
    pub(super) fn with_c(&self, c: f64) -> Self {
        LogisticValidParams { c, ..self.clone() }
    }

    /// Fits two classes; `start` is where to begin: all weights, then the intercept.
    pub(super) fn fit_binary(
        &self,
        rows: &SparseMatrix,
        positive: &[bool],
        start: Option<&[f64]>,
    ) -> Result<Logistic> {
        let [fitted] = self.fit_lanes(rows, [positive], [start])?;
        Ok(fitted)
    }

    /// Answers several yes-or-no questions about the same rows, each as [`Self::fit_binary`] would
    /// to the last bit, but reading the rows once for all.
    pub(super) fn fit_questions(
        &self,
        rows: &SparseMatrix,
        questions: &[&[bool]],
        starts: &[Option<&[f64]>],
    ) -> Result<Vec<Logistic>> {
        const LANES: usize = 5;
        let mut fitted = Vec::new();
        // Even shares: six are read as three and three, not as five and one.
        let share = questions.len().div_ceil(questions.len().div_ceil(LANES).max(1)).max(1);
        for (questions, starts) in questions.chunks(share).zip(starts.chunks(share)) {
            match questions.len() {
                1 => self.extend_lanes::<1>(&mut fitted, rows, questions, starts)?,
                2 => self.extend_lanes::<2>(&mut fitted, rows, questions, starts)?,
                3 => self.extend_lanes::<3>(&mut fitted, rows, questions, starts)?,
                4 => self.extend_lanes::<4>(&mut fitted, rows, questions, starts)?,
                _ => self.extend_lanes::<LANES>(&mut fitted, rows, questions, starts)?,
            }
        }
        Ok(fitted)
    }

    fn extend_lanes<const K: usize>(
        &self,
        fitted: &mut Vec<Logistic>,
        rows: &SparseMatrix,
        questions: &[&[bool]],
        starts: &[Option<&[f64]>],
    ) -> Result<()> {
        let (questions, starts) =
            (std::array::from_fn(|k| questions[k]), std::array::from_fn(|k| starts[k]));
        fitted.extend(self.fit_lanes::<K>(rows, questions, starts)?);
        Ok(())
    }

    fn fit_lanes<const K: usize>(
        &self,
        rows: &SparseMatrix,
        positive: [&[bool]; K],
        starts: [Option<&[f64]>; K],
    ) -> Result<[Logistic; K]> {
        let counts = positive.map(|positive| {
            let positives = positive.iter().filter(|&&positive| positive).count();
            [positive.len() - positives, positives]
        });
        if counts.iter().flatten().any(|&count| count == 0) {
            return Err(one_class());
        }
        let costs = counts.map(|counts| [0, 1].map(|class| self.cost(&counts, class)));
        // The weight of a column that no row holds is 0.
        let (compact, columns) = rows.compact();
        let mut objective = Binary::new(&compact, positive, costs);
        let mut x = vec![[0.0; K]; objective.dimension()];
        for k in 0..K {
            let start = match self.solver {
                Solver::Sparse => starts[k].map(<[f64]>::to_vec),
                Solver::Linfa => {
                    self.check_unweighted()?;
                    Some(dense::fit_binary(rows, positive[k], self.c, self.max_iterations)?)
                }
            };
            match start {
                Some(start) => {
                    for (x, &column) in x.iter_mut().zip(&columns) {
                        x[k] = start[column as usize];
                    }
                    x[columns.len()][k] = start[rows.columns()];
                }
                // The optimum without any column.
                None => {
                    let weight = |class: usize| costs[k][class] * counts[k][class] as f64;
                    x[columns.len()][k] = libm::log(weight(1) / weight(0));
                }
            }
        }
        if self.solver == Solver::Sparse && starts.contains(&None) {
            objective.approach(&mut x, starts.map(|start| start.is_none()));
        }
        let looseness =
            starts.map(|start| if start.is_none() { AFTER_APPROACH } else { LOOSENESS });
        let reports = self.finish(&mut objective, &mut x, looseness);
        let mut lane = 0;
        Ok(reports.map(|report| {
            let mut weights = Array1::zeros(rows.columns());
            for (x, &column) in x.iter().zip(&columns) {
                weights[column as usize] = x[lane];
            }
            let intercept = x[columns.len()][lane];
            lane += 1;
            Logistic { weights, intercept, report }
        }))
    }

    /// Fits several classes; `start` holds the weights of the first column for all classes, of
    /// the second, …, and last the intercepts.
    pub(super) fn fit_softmax(
        &self,
        rows: &SparseMatrix,
        classes: usize,
        class: &[usize],
        start: Option<&[f64]>,
    ) -> Result<Softmaxed> {
        self.fit_classes(rows, Penalty::Plain, classes, class, start)
    }

    /// The same on columns that stand in `blocks` blocks, alike in each: the weights of a column
    /// in a block are a part shared by all blocks and a part of its own, with a penalty on either.
    pub(super) fn fit_tied(
        &self,
        rows: &SparseMatrix,
        blocks: usize,
        classes: usize,
        class: &[usize],
        start: Option<&[f64]>,
    ) -> Result<Softmaxed> {
        self.fit_classes(rows, Penalty::Tied { blocks }, classes, class, start)
    }

    fn fit_classes(
        &self,
        rows: &SparseMatrix,
        penalty: Penalty,
        classes: usize,
        class: &[usize],
        start: Option<&[f64]>,
    ) -> Result<Softmaxed> {
        let mut counts = vec![0; classes];
        for &class in class {
            counts[class] += 1;
        }
        if counts.iter().filter(|&&count| count > 0).count() < 2 {
            return Err(one_class());
        }
        let costs = class.iter().map(|&class| self.cost(&counts, class)).collect();
        let mut objective = Softmax::new(rows, classes, class, costs, penalty);
        let mut x = match self.solver {
            Solver::Sparse => {
                start.map_or_else(|| vec![0.0; objective.dimension()], |x| objective.fill_up(x))
            }
            Solver::Linfa => {
                self.check_unweighted()?;
                let x = dense::fit_softmax(rows, classes, class, self.c, self.max_iterations)?;
                objective.fill_up(&x)
            }
        };
        let [report] = self.finish(&mut objective, x.as_chunks_mut::<1>().0, [LOOSENESS]);
        let mut x = objective.strip(&x);
        let intercepts = x.split_off(rows.columns() * classes);
        let weights = Array2::from_shape_vec((rows.columns(), classes), x)
            .map_err(|error| Error::from(crate::error::ErrorKind::Numeric(error.to_string())))?;
        Ok(Softmaxed { weights, intercepts: Array1::from(intercepts), report })
    }

    /// `C` times the weight of a row of `class`.
    fn cost(&self, counts: &[usize], class: usize) -> f64 {
        let rows: usize = counts.iter().sum();
        let classes = counts.iter().filter(|&&count| count > 0).count();
        let balanced = rows as f64 / (classes * counts[class]) as f64;
        self.c
            * match self.class_weight {
                ClassWeight::None => 1.0,
                ClassWeight::Sqrt => balanced.sqrt(),
                ClassWeight::Balanced => balanced,
            }
    }

    fn check_unweighted(&self) -> Result<()> {
        match self.class_weight {
            ClassWeight::None => Ok(()),
            ClassWeight::Sqrt | ClassWeight::Balanced => Err(Error::parameter(
                "class-weight",
                "linfa-logistic takes no weights; give `--class-weight none`, or `--solver sparse`",
            )),
        }
    }

    /// Minimises with the sparse solver, or measures what the linfa solver reached.
    fn finish<const K: usize>(
        &self,
        objective: &mut impl Objective<K>,
        x: &mut [[f64; K]],
        looseness: [f64; K],
    ) -> [FitReport; K] {
        let mut gradient = vec![[0.0; K]; x.len()];
        objective.at_zero();
        objective.gradients(&vec![[0.0; K]; x.len()], [true; K], &mut gradient);
        let at_zero = dots(&gradient, &gradient).map(|square| square.sqrt().max(f64::MIN_POSITIVE));
        let (ends, tolerance) = match self.solver {
            Solver::Sparse => {
                let goals = std::array::from_fn(|k| Goal {
                    gradient_norm: self.tolerance * at_zero[k],
                    looseness: looseness[k],
                });
                (minimise(objective, x, goals, self.max_iterations), self.tolerance)
            }
            Solver::Linfa => {
                let values = objective.values(x);
                objective.gradients(x, [true; K], &mut gradient);
                let norms = dots(&gradient, &gradient).map(f64::sqrt);
                let mut ends = [Stopped::default(); K];
                for k in 0..K {
                    ends[k].objective = values[k];
                    ends[k].gradient_norm = norms[k];
                }
                (ends, LINFA_TOLERANCE)
            }
        };
        std::array::from_fn(|k| {
            let gradient_norm = ends[k].gradient_norm / at_zero[k];
            FitReport {
                solver: self.solver,
                iterations: (self.solver == Solver::Sparse).then_some(ends[k].iterations),
                objective: ends[k].objective,
                gradient_norm,
                converged: gradient_norm <= tolerance,
            }
        })
    }
}

fn one_class() -> Error {
    Error::training("all rows are of one class", "give rows of at least two classes")
}

impl<'a> Fit<&'a SparseMatrix, Array1<bool>, Error> for LogisticValidParams {
    type Object = Logistic;

    /// Fits two classes.
    ///
    /// # Errors
    ///
    /// When all rows are of one class; with the linfa solver, also when the dense matrix would
    /// not fit or class weights are asked for.
    fn fit(&self, dataset: &DatasetBase<&'a SparseMatrix, Array1<bool>>) -> Result<Logistic> {
        self.fit_binary(dataset.records(), &dataset.targets().to_vec(), None)
    }
}

impl<'a> Fit<&'a SparseMatrix, Array2<bool>, Error> for LogisticValidParams {
    type Object = Vec<Logistic>;

    /// Answers several yes-or-no questions about the same rows, a column of targets each: the same
    /// models as fitted one by one, in less time, since the rows are read for all together.
    ///
    /// # Errors
    ///
    /// As with one.
    fn fit(&self, dataset: &DatasetBase<&'a SparseMatrix, Array2<bool>>) -> Result<Vec<Logistic>> {
        let columns = dataset.targets().columns();
        let questions: Vec<Vec<bool>> = columns.into_iter().map(|column| column.to_vec()).collect();
        let questions: Vec<&[bool]> = questions.iter().map(Vec::as_slice).collect();
        self.fit_questions(dataset.records(), &questions, &vec![None; questions.len()])
    }
}

impl<'a> Fit<&'a SparseMatrix, Array1<usize>, Error> for LogisticValidParams {
    type Object = Softmaxed;

    /// Fits as many classes as the targets name, numbered from 0.
    ///
    /// # Errors
    ///
    /// As with two classes.
    fn fit(&self, dataset: &DatasetBase<&'a SparseMatrix, Array1<usize>>) -> Result<Softmaxed> {
        let classes = dataset.targets().iter().max().map_or(0, |&last| last + 1);
        self.fit_softmax(dataset.records(), classes, &dataset.targets().to_vec(), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linfa::traits::PredictInplace;
    use rand::{Rng, SeedableRng};

    /// 200 random rows of 8 values among 30 columns; the class depends on the first columns.
    fn problem(classes: usize) -> (SparseMatrix, Vec<usize>) {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let mut draw = |below: u32| random.next_u32() % below;
        let mut rows = SparseMatrix::new(30);
        let mut class = Vec::new();
        for _ in 0..200 {
            let mut columns: Vec<u32> = (0..8).map(|_| draw(30)).collect();
            columns.sort_unstable();
            columns.dedup();
            let noise = draw(4) == 0;
            let found = columns[0] as usize % classes;
            class.push(if noise { draw(classes as u32) as usize } else { found });
            rows.push_row(columns.iter().map(|&column| (column, 0.35)));
        }
        (rows, class)
    }

    fn largest_difference<'a>(
        a: impl IntoIterator<Item = &'a f64>,
        b: impl IntoIterator<Item = &'a f64>,
    ) -> f64 {
        a.into_iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn both_solvers_reach_the_same_optimum_whichever_class_is_larger() {
        let (rows, class) = problem(2);
        // linfa-logistic 0.8.1 takes the larger class for the positive one; try both.
        for flip in [false, true] {
            for share in [0.3, 1.0] {
                let keep: Vec<usize> = (0..rows.rows())
                    .filter(|&row| class[row] == 0 || (row as f64) < share * 200.0)
                    .collect();
                let rows = rows.select(&keep);
                let positive: Array1<bool> =
                    keep.iter().map(|&row| (class[row] == 1) != flip).collect();
                let dataset = DatasetBase::new(&rows, positive);
                let fit = |solver| LogisticParams::default().c(3.0).solver(solver).fit(&dataset);
                let (sparse, linfa): (Logistic, Logistic) =
                    (fit(Solver::Sparse).unwrap(), fit(Solver::Linfa).unwrap());
                assert!(sparse.report().converged && linfa.report().converged);
                let (a, b) = (sparse.probabilities(&rows), linfa.probabilities(&rows));
                assert!(largest_difference(&a, &b) < 1e-4);
                let predicted: Array1<bool> = sparse.default_target(&rows);
                assert_eq!(predicted.len(), rows.rows());
            }
        }
    }

    #[test]
    fn both_solvers_reach_the_same_optimum_with_several_classes() {
        let (rows, class) = problem(3);
        let dataset = DatasetBase::new(&rows, Array1::from(class));
        let fit = |solver| LogisticParams::default().c(3.0).solver(solver).fit(&dataset);
        let (sparse, linfa): (Softmaxed, Softmaxed) =
            (fit(Solver::Sparse).unwrap(), fit(Solver::Linfa).unwrap());
        let (a, b) = (sparse.probabilities(&rows), linfa.probabilities(&rows));
        assert!(largest_difference(&a, &b) < 1e-4);
        assert!(a.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12));
    }

    #[test]
    fn a_large_c_converges_although_probabilities_saturate() {
        for classes in [2, 3, 10] {
            let (rows, class) = problem(classes);
            for c in [100.0, 1e5] {
                let dataset = DatasetBase::new(&rows, Array1::from(class.clone()));
                let model: Softmaxed = LogisticParams::default().c(c).fit(&dataset).unwrap();
                assert!(model.report().converged, "{classes} classes, C {c}: {}", model.report());
                assert!(model.report().iterations.is_some_and(|taken| taken < 100));
            }
        }
    }

    #[test]
    fn a_fit_that_is_cut_short_says_so() {
        let (rows, class) = problem(2);
        let positive: Array1<bool> = class.iter().map(|&class| class == 1).collect();
        let dataset = DatasetBase::new(&rows, positive);
        let params = LogisticParams::default().c(1000.0).max_iterations(1);
        let model: Logistic = params.fit(&dataset).unwrap();
        assert!(!model.report().converged);
        assert!(model.report().to_string().ends_with("NOT converged"));
    }

    #[test]
    fn balanced_weights_equal_repeated_rows() {
        let (rows, class) = problem(2);
        let few: Vec<usize> = (0..200).filter(|&row| class[row] == 0 || row % 3 == 0).collect();
        let (ones, zeros): (Vec<usize>, Vec<usize>) = few.iter().partition(|&&row| class[row] == 1);
        // Doubling the rows of one class is the same as weighing them 2 : 1.
        let weigh = |rows_of: &[usize], repeat: usize| -> Vec<usize> {
            rows_of.iter().flat_map(|&row| std::iter::repeat_n(row, repeat)).collect()
        };
        let repeated = [weigh(&ones, zeros.len()), weigh(&zeros, ones.len())].concat();
        let fit = |keep: &[usize], weight, c| -> Logistic {
            let selected = rows.select(keep);
            let positive: Array1<bool> = keep.iter().map(|&row| class[row] == 1).collect();
            let params = LogisticParams::default().c(c).class_weight(weight).tolerance(1e-10);
            params.fit(&DatasetBase::new(&selected, positive)).unwrap()
        };
        let weighted = fit(&few, ClassWeight::Balanced, 1.0);
        let c = few.len() as f64 / (2 * ones.len() * zeros.len()) as f64;
        let plain = fit(&repeated, ClassWeight::None, c);
        assert!(largest_difference(weighted.weights(), plain.weights()) < 1e-8);
    }

    #[test]
    fn parameters_are_checked() {
        assert!(LogisticParams::default().c(0.0).check().is_err());
        assert!(LogisticParams::default().c(f64::NAN).check().is_err());
        assert!(LogisticParams::default().tolerance(1.0).check().is_err());
        let (rows, _) = problem(2);
        let dataset = DatasetBase::new(&rows, Array1::from_elem(200, true));
        let fit: Result<Logistic> = LogisticParams::default().fit(&dataset);
        assert!(fit.unwrap_err().to_string().contains("one class"));
    }
}
