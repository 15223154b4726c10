//! Fits by `linfa-logistic` on a dense copy of the rows.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use ndarray::Array1;

use crate::error::{Error, ErrorKind, Result};
use crate::features::SparseMatrix;

/// Bytes that the dense matrix may take.
const MOST_BYTES: usize = 1_000_000_000;

/// The norm of linfa's gradient to stop at. It also stops when the cost no longer falls, and then
/// does not say so: the caller measures what was reached.
const GRADIENT_TOLERANCE: f64 = 1e-9;

/// Refuses rows whose dense matrix would be over the limit.
pub(super) fn check_size(rows: usize, columns: usize) -> Result<()> {
    let bytes = rows.saturating_mul(columns).saturating_mul(size_of::<f64>());
    if bytes > MOST_BYTES {
        return Err(Error::training(
            format!(
                "{} sentences × {} features are {:.1} GB as the dense matrix linfa-logistic needs, \
                 over the limit of {:.1} GB",
                rows,
                columns,
                bytes as f64 / 1e9,
                MOST_BYTES as f64 / 1e9,
            ),
            "use `--solver sparse`, which reaches the same optimum, or raise `--min-df`",
        ));
    }
    Ok(())
}

fn dense(rows: &SparseMatrix) -> Result<ndarray::Array2<f64>> {
    check_size(rows.rows(), rows.columns())?;
    Ok(rows.to_dense())
}

fn failed(error: linfa_logistic::error::Error) -> Error {
    ErrorKind::Numeric(format!("linfa-logistic: {error}; use `--solver sparse`")).into()
}

/// Weights, then the intercept, of the positive class.
pub(super) fn fit_binary(
    rows: &SparseMatrix,
    positive: &[bool],
    c: f64,
    max_iterations: usize,
) -> Result<Vec<f64>> {
    let dataset = DatasetBase::new(dense(rows)?, Array1::from(positive.to_vec()));
    let model = LogisticRegression::default()
        .alpha(1.0 / c)
        .gradient_tolerance(GRADIENT_TOLERANCE)
        .max_iterations(max_iterations as u64)
        .fit(&dataset)
        .map_err(failed)?;
    // Version 0.8.1 takes the larger class for the positive one (its issue #393), so the sign of
    // the weights has to be asked for.
    let sign = if model.labels().pos.class { 1.0 } else { -1.0 };
    Ok(model.params().iter().copied().chain([model.intercept()]).map(|x| sign * x).collect())
}

/// Weights by column and class, then the intercepts.
pub(super) fn fit_softmax(
    rows: &SparseMatrix,
    classes: usize,
    class: &[usize],
    c: f64,
    max_iterations: usize,
) -> Result<Vec<f64>> {
    let dataset = DatasetBase::new(dense(rows)?, Array1::from(class.to_vec()));
    let model = MultiLogisticRegression::default()
        .alpha(1.0 / c)
        .gradient_tolerance(GRADIENT_TOLERANCE)
        .max_iterations(max_iterations as u64)
        .fit(&dataset)
        .map_err(failed)?;
    // Its classes are those it has seen, in an order of its own.
    let mut variables = vec![0.0; (rows.columns() + 1) * classes];
    let intercepts = rows.columns() * classes;
    for (index, &class) in model.classes().iter().enumerate() {
        for (column, weight) in model.params().column(index).iter().enumerate() {
            variables[column * classes + class] = *weight;
        }
        variables[intercepts + class] = model.intercept()[index];
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_over_the_limit_is_refused_before_it_is_made() {
        let mut rows = SparseMatrix::new(1 << 28);
        rows.push_row([]);
        rows.push_row([(5, 1.0)]);
        let error = fit_binary(&rows, &[true, false], 1.0, 10).unwrap_err();
        assert!(error.to_string().contains("use `--solver sparse`"));
    }
}
