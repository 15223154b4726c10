//! L2-regularised logistic regression on sparse rows.

use std::fmt;

use linfa::ParamGuard;
use linfa::dataset::DatasetBase;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::objective::{Binary, Objective, Softmax, dot, logistic, softmax};
use super::{dense, trust_region};
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

/// How a fit ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitReport {
    /// Which optimiser fitted.
    pub solver: Solver,
    /// Steps taken; not known of the linfa solver, which does not tell.
    pub iterations: Option<usize>,
    /// The objective at the end.
    pub objective: f64,
    /// The gradient's norm at the end, as a share of its norm at zero.
    pub gradient_norm: f64,
    /// Whether that is at most the tolerance asked for.
    pub converged: bool,
}

impl fmt::Display for FitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(iterations) = self.iterations {
            write!(f, "{iterations} iterations, ")?;
        }
        write!(
            f,
            "objective {:.4}, gradient {:.1e} of its start",
            self.objective, self.gradient_norm
        )?;
        match self.converged {
            true => Ok(()),
            false => write!(f, ", NOT converged"),
        }
    }
}

/// The linfa solver stops on its own account, sometimes early; what it reaches counts as converged
/// within this share of the gradient at zero. (Probabilities then differ from the optimum's by
/// less than 1e-4.)
const LINFA_TOLERANCE: f64 = 1e-4;

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
        let positives = positive.iter().filter(|&&positive| positive).count();
        if positives == 0 || positives == positive.len() {
            return Err(one_class());
        }
        let counts = [positive.len() - positives, positives];
        let costs = positive.iter().map(|&positive| self.cost(&counts, usize::from(positive)));
        let mut objective = Binary::new(rows, positive, costs.collect());
        let mut x = match self.solver {
            Solver::Sparse => start.map_or_else(|| vec![0.0; objective.dimension()], <[_]>::to_vec),
            Solver::Linfa => {
                self.check_unweighted()?;
                dense::fit_binary(rows, positive, self.c, self.max_iterations)?
            }
        };
        let report = self.finish(&mut objective, &mut x);
        let intercept = x.pop().unwrap_or_default();
        Ok(Logistic { weights: Array1::from(x), intercept, report })
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
        let mut counts = vec![0; classes];
        for &class in class {
            counts[class] += 1;
        }
        if counts.iter().filter(|&&count| count > 0).count() < 2 {
            return Err(one_class());
        }
        let costs = class.iter().map(|&class| self.cost(&counts, class)).collect();
        let mut objective = Softmax::new(rows, classes, class, costs);
        let mut x = match self.solver {
            Solver::Sparse => start.map_or_else(|| vec![0.0; objective.dimension()], <[_]>::to_vec),
            Solver::Linfa => {
                self.check_unweighted()?;
                dense::fit_softmax(rows, classes, class, self.c, self.max_iterations)?
            }
        };
        let report = self.finish(&mut objective, &mut x);
        let intercepts = x.split_off(rows.columns() * classes);
        let weights = Array2::from_shape_vec((rows.columns(), classes), x)
            .map_err(|error| Error::from(crate::error::ErrorKind::Numeric(error.to_string())))?;
        Ok(Softmaxed { weights, intercepts: Array1::from(intercepts), report })
    }

    fn cost(&self, counts: &[usize], class: usize) -> f64 {
        match self.class_weight {
            ClassWeight::None => self.c,
            ClassWeight::Balanced => {
                let rows: usize = counts.iter().sum();
                let classes = counts.iter().filter(|&&count| count > 0).count();
                self.c * rows as f64 / (classes * counts[class]) as f64
            }
        }
    }

    fn check_unweighted(&self) -> Result<()> {
        match self.class_weight {
            ClassWeight::None => Ok(()),
            ClassWeight::Balanced => Err(Error::parameter(
                "class-weight",
                "linfa-logistic takes no weights; use `--solver sparse`",
            )),
        }
    }

    /// Minimises with the sparse solver, or measures what the linfa solver reached.
    fn finish(&self, objective: &mut impl Objective, x: &mut [f64]) -> FitReport {
        let mut gradient = vec![0.0; x.len()];
        let mut norm_at = |objective: &mut _, x: &[f64]| {
            let value = Objective::value(objective, x);
            Objective::gradient(objective, x, &mut gradient);
            (value, dot(&gradient, &gradient).sqrt())
        };
        let (_, at_zero) = norm_at(objective, &vec![0.0; x.len()]);
        let at_zero = at_zero.max(f64::MIN_POSITIVE);
        let (iterations, value, norm, tolerance) = match self.solver {
            Solver::Sparse => {
                let target = self.tolerance * at_zero;
                let end = trust_region::minimise(objective, x, target, self.max_iterations);
                (Some(end.iterations), end.objective, end.gradient_norm, self.tolerance)
            }
            Solver::Linfa => {
                let (value, norm) = norm_at(objective, x);
                (None, value, norm, LINFA_TOLERANCE)
            }
        };
        let gradient_norm = norm / at_zero;
        FitReport {
            solver: self.solver,
            iterations,
            objective: value,
            gradient_norm,
            converged: gradient_norm <= tolerance,
        }
    }
}

fn one_class() -> Error {
    Error::training("all rows are of one class", "give rows of at least two classes")
}

/// A fitted logistic regression with two classes.
#[derive(Debug, Clone)]
pub struct Logistic {
    weights: Array1<f64>,
    intercept: f64,
    report: FitReport,
}

impl Logistic {
    /// One weight a column.
    pub fn weights(&self) -> &Array1<f64> {
        &self.weights
    }

    /// The log-odds of an empty row.
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// How the fit ended.
    pub fn report(&self) -> &FitReport {
        &self.report
    }

    /// `w·x + b` for every row: the log-odds of the positive class.
    pub fn scores(&self, rows: &SparseMatrix) -> Array1<f64> {
        let weights = self.weights.as_slice().unwrap_or_default();
        rows.iter().map(|row| row.dot(weights) + self.intercept).collect()
    }

    /// The probability of the positive class for every row.
    pub fn probabilities(&self, rows: &SparseMatrix) -> Array1<f64> {
        self.scores(rows).mapv(logistic)
    }

    /// Weights and intercept, to start another fit from.
    pub(super) fn variables(&self) -> Vec<f64> {
        self.weights.iter().copied().chain([self.intercept]).collect()
    }
}

/// A fitted logistic regression with several classes.
#[derive(Debug, Clone)]
pub struct Softmaxed {
    weights: Array2<f64>,
    intercepts: Array1<f64>,
    report: FitReport,
}

impl Softmaxed {
    /// `columns × classes` weights.
    pub fn weights(&self) -> &Array2<f64> {
        &self.weights
    }

    /// One intercept a class.
    pub fn intercepts(&self) -> &Array1<f64> {
        &self.intercepts
    }

    /// How the fit ended.
    pub fn report(&self) -> &FitReport {
        &self.report
    }

    /// `W x + b`, rows × classes.
    pub fn scores(&self, rows: &SparseMatrix) -> Array2<f64> {
        let mut scores = Array2::zeros((rows.rows(), self.intercepts.len()));
        for (row, mut scores) in rows.iter().zip(scores.rows_mut()) {
            scores.assign(&self.intercepts);
            for (&column, &value) in row.indices.iter().zip(row.values) {
                scores.scaled_add(f64::from(value), &self.weights.row(column as usize));
            }
        }
        scores
    }

    /// Probabilities, rows × classes; every row sums to 1.
    pub fn probabilities(&self, rows: &SparseMatrix) -> Array2<f64> {
        let mut scores = self.scores(rows);
        for mut row in scores.rows_mut() {
            if let Some(row) = row.as_slice_mut() {
                softmax(row);
            }
        }
        scores
    }
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

impl PredictInplace<SparseMatrix, Array1<bool>> for Logistic {
    fn predict_inplace(&self, rows: &SparseMatrix, positive: &mut Array1<bool>) {
        positive.assign(&self.scores(rows).mapv(|score| score >= 0.0));
    }

    fn default_target(&self, rows: &SparseMatrix) -> Array1<bool> {
        Array1::default(rows.rows())
    }
}

impl PredictInplace<SparseMatrix, Array1<usize>> for Softmaxed {
    fn predict_inplace(&self, rows: &SparseMatrix, class: &mut Array1<usize>) {
        for (scores, class) in self.scores(rows).rows().into_iter().zip(class) {
            *class = largest(scores.iter().copied());
        }
    }

    fn default_target(&self, rows: &SparseMatrix) -> Array1<usize> {
        Array1::default(rows.rows())
    }
}

/// The index of the largest value, the first among equals.
pub(super) fn largest(values: impl IntoIterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (index, value) in values.into_iter().enumerate() {
        if value > best.1 {
            best = (index, value);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;
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
