//! Rows collected column by column, for formats that hold columns.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColumnKind {
    /// Texts.
    #[default]
    Text,
    /// Whole numbers.
    Whole,
    /// Numbers, some of which may be missing.
    Real,
}

/// The values of a column.
#[derive(Debug)]
pub(super) enum Column {
    /// One after another, and where each ends.
    Text {
        bytes: Vec<u8>,
        ends: Vec<usize>,
    },
    Whole(Vec<i64>),
    /// Those that are there, and for every row whether it has one (1) or not (0).
    Real {
        values: Vec<f64>,
        present: Vec<i16>,
    },
}

/// Columns that are filled row by row, value by value.
#[derive(Debug)]
pub(super) struct Columns {
    columns: Vec<Column>,
    /// Of the next value.
    next: usize,
}

impl Columns {
    pub(super) fn new(kinds: &[ColumnKind]) -> Self {
        let column = |kind: &ColumnKind| match kind {
            ColumnKind::Text => Column::Text { bytes: Vec::new(), ends: Vec::new() },
            ColumnKind::Whole => Column::Whole(Vec::new()),
            ColumnKind::Real => Column::Real { values: Vec::new(), present: Vec::new() },
        };
        Columns { columns: kinds.iter().map(column).collect(), next: 0 }
    }

    /// Adds a text, or the number that it shows.
    pub(super) fn text(&mut self, text: &str) {
        match self.column() {
            Column::Text { bytes, ends } => {
                bytes.extend_from_slice(text.as_bytes());
                ends.push(bytes.len());
            }
            Column::Whole(values) => values.push(text.parse().unwrap_or_default()),
            Column::Real { .. } => {
                self.next -= 1;
                self.real(text.parse().ok());
            }
        }
    }

    /// Adds a whole number.
    pub(super) fn whole(&mut self, number: usize) {
        match self.column() {
            // No text and no table has more rows or code points.
            Column::Whole(values) => values.push(i64::try_from(number).unwrap_or(i64::MAX)),
            _ => {
                self.next -= 1;
                self.text(&number.to_string());
            }
        }
    }

    /// Adds a number, or that there is none.
    pub(super) fn real(&mut self, number: Option<f64>) {
        match self.column() {
            Column::Real { values, present } => {
                values.extend(number);
                present.push(i16::from(number.is_some()));
            }
            _ => {
                self.next -= 1;
                self.text(&number.map(|number| number.to_string()).unwrap_or_default());
            }
        }
    }

    /// The column of the next value.
    fn column(&mut self) -> &mut Column {
        self.next += 1;
        &mut self.columns[self.next - 1]
    }

    /// Ends a row.
    pub(super) fn end_row(&mut self) {
        debug_assert_eq!(self.next, self.columns.len());
        self.next = 0;
    }

    /// The columns, all of the same length.
    #[cfg(feature = "parquet")]
    pub(super) fn finish(self) -> Vec<Column> {
        self.columns
    }
}
