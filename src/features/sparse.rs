//! A sparse matrix by rows.

use std::cmp::Reverse;

use linfa::dataset::Records;

/// Compressed sparse rows: `rows × columns`, column ids rising within a row.
///
/// `linfa` has no sparse records of its own; through [`Records`] this matrix stands in a
/// `DatasetBase` like any other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SparseMatrix {
    /// Where each row starts in `indices` and `values`; one more at the end.
    offsets: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
    columns: usize,
}

/// One row: column ids, rising, and the value at each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SparseRow<'a> {
    /// Column ids.
    pub indices: &'a [u32],
    /// The values at them.
    pub values: &'a [f32],
}

/// How many columns [`SparseMatrix::compact`] puts first: with five numbers each, they stay in a
/// cache of 512 kB.
const FREQUENT_COLUMNS: usize = 8192;

impl SparseMatrix {
    /// An empty matrix with room for `columns` columns.
    pub fn new(columns: usize) -> Self {
        SparseMatrix { offsets: vec![0], indices: Vec::new(), values: Vec::new(), columns }
    }

    /// Adds a row of (column, value) pairs with rising columns.
    ///
    /// # Panics
    ///
    /// When a column lies outside the matrix.
    pub fn push_row(&mut self, row: impl IntoIterator<Item = (u32, f32)>) {
        for (column, value) in row {
            assert!((column as usize) < self.columns, "column {column} of {}", self.columns);
            self.indices.push(column);
            self.values.push(value);
        }
        self.offsets.push(self.indices.len());
    }

    /// These rows, then those of another matrix with the same columns.
    #[must_use]
    pub(super) fn joined(mut self, below: SparseMatrix) -> SparseMatrix {
        let stored = self.stored();
        self.indices.extend(below.indices);
        self.values.extend(below.values);
        self.offsets.extend(below.offsets[1..].iter().map(|offset| stored + offset));
        self
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of stored values.
    pub fn stored(&self) -> usize {
        self.values.len()
    }

    /// A row.
    pub fn row(&self, row: usize) -> SparseRow<'_> {
        let range = self.offsets[row]..self.offsets[row + 1];
        SparseRow { indices: &self.indices[range.clone()], values: &self.values[range] }
    }

    /// All rows.
    pub fn iter(&self) -> impl Iterator<Item = SparseRow<'_>> {
        (0..self.rows()).map(|row| self.row(row))
    }

    /// The rows named, in that order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> SparseMatrix {
        let mut selected = SparseMatrix::new(self.columns);
        for &row in rows {
            let row = self.row(row);
            selected.indices.extend_from_slice(row.indices);
            selected.values.extend_from_slice(row.values);
            selected.offsets.push(selected.indices.len());
        }
        selected
    }

    /// The same rows without the columns that no row holds a value in, and the columns that are
    /// left: the most frequent first, ties by number, as many as stay in a cache, and the others as
    /// they appear. What a row reads then mostly lies close together, which matters where vectors
    /// over all columns are longer than a cache. Entries stay in their places within a row, so that
    /// their columns no longer rise.
    #[must_use]
    pub fn compact(&self) -> (SparseMatrix, Vec<u32>) {
        let mut frequency = vec![0_u32; self.columns];
        for &column in &self.indices {
            frequency[column as usize] += 1;
        }
        let mut columns: Vec<u32> =
            (0..self.columns as u32).filter(|&column| frequency[column as usize] > 0).collect();
        let most_frequent = |&column: &u32| (Reverse(frequency[column as usize]), column);
        if columns.len() > FREQUENT_COLUMNS {
            columns.select_nth_unstable_by_key(FREQUENT_COLUMNS, most_frequent);
            columns.truncate(FREQUENT_COLUMNS);
        }
        columns.sort_unstable_by_key(most_frequent);
        let mut position = vec![u32::MAX; self.columns];
        for (new, &old) in (0..).zip(&columns) {
            position[old as usize] = new;
        }
        let place = |&column: &u32| {
            let position = &mut position[column as usize];
            if *position == u32::MAX {
                *position = columns.len() as u32;
                columns.push(column);
            }
            *position
        };
        let indices = self.indices.iter().map(place).collect();
        let (offsets, values) = (self.offsets.clone(), self.values.clone());
        (SparseMatrix { offsets, indices, values, columns: columns.len() }, columns)
    }

    /// The same matrix, dense.
    pub fn to_dense(&self) -> ndarray::Array2<f64> {
        let mut dense = ndarray::Array2::zeros((self.rows(), self.columns));
        for (row, sparse) in self.iter().enumerate() {
            for (&column, &value) in sparse.indices.iter().zip(sparse.values) {
                dense[(row, column as usize)] = f64::from(value);
            }
        }
        dense
    }
}

impl SparseRow<'_> {
    /// Column and value, columns rising.
    pub fn iter(&self) -> impl Iterator<Item = (u32, f32)> {
        self.indices.iter().copied().zip(self.values.iter().copied())
    }

    /// The inner product with a dense vector.
    pub fn dot(&self, weights: &[f64]) -> f64 {
        let pairs = self.indices.iter().zip(self.values);
        pairs.map(|(&column, &value)| f64::from(value) * weights[column as usize]).sum()
    }

    /// Adds `factor` times this row to a dense vector.
    pub fn add_to(&self, factor: f64, sum: &mut [f64]) {
        for (&column, &value) in self.indices.iter().zip(self.values) {
            sum[column as usize] += factor * f64::from(value);
        }
    }
}

impl Records for SparseMatrix {
    type Elem = f32;

    fn nsamples(&self) -> usize {
        self.rows()
    }

    fn nfeatures(&self) -> usize {
        self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_stored_selected_and_multiplied() {
        let mut matrix = SparseMatrix::new(3);
        matrix.push_row([(0, 1.0), (2, 2.0)]);
        matrix.push_row([]);
        matrix.push_row([(1, 3.0)]);
        assert_eq!(matrix.row(0).dot(&[1.0, 10.0, 100.0]), 201.0);
        let mut sum = [0.0; 3];
        matrix.row(2).add_to(2.0, &mut sum);
        assert_eq!(sum, [0.0, 6.0, 0.0]);
        let selected = matrix.select(&[2, 0]);
        assert_eq!((selected.rows(), selected.stored()), (2, 3));
        assert_eq!(selected.to_dense()[(1, 2)], 2.0);
        let (compact, columns) = matrix.select(&[0, 1, 0]).compact();
        assert_eq!((compact.columns(), columns), (2, vec![0, 2]));
        assert_eq!(compact.row(0).indices, [0, 1]);
        matrix.push_row([(1, 1.0), (2, 1.0)]);
        let (compact, columns) = matrix.select(&[2, 3]).compact();
        assert_eq!((compact.columns(), columns), (2, vec![1, 2]));
        let (compact, columns) = matrix.select(&[0, 3]).compact();
        assert_eq!((compact.columns(), columns), (3, vec![2, 0, 1]));
        assert_eq!(compact.row(0).indices, [1, 0]);
    }
}
