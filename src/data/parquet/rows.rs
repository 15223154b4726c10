//! Rows of a Parquet file, some thousand at a time.

use parquet::file::serialized_reader::SerializedPageReader;

use super::column::OpenColumn;
use super::schema::{Column, ParquetFile};
use super::{Read, guarded};
use crate::data::record::Cells;
use crate::error::{Error, Place, Result};

/// Rows that are decoded together: enough that a column's pages are not gone back to for every row,
/// few enough that long articles take little memory.
const BATCH: usize = 256;

/// Rows in which nearly nothing stands are handed on when there are so many.
const MOST_ROWS: usize = 1 << 14;

/// Some rows, cell after cell.
#[derive(Debug, Default)]
pub(in crate::data) struct CellRows {
    text: String,
    /// Where the cells end, counted from the beginning of their row.
    ends: Vec<usize>,
    /// How many columns there are.
    columns: usize,
    /// The number of the first row in the file, from 1.
    first: u64,
    /// Cells that are not UTF-8, by row and column; of a row only the first.
    faults: Vec<CellFault>,
}

/// A cell that is not UTF-8: the only fault that is one of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::data) struct CellFault {
    /// The row of the file, from 1.
    line: u64,
    column: usize,
}

impl CellFault {
    /// `columns`: their names.
    pub(in crate::data) fn error(self, file: &Place, columns: &[String]) -> Error {
        let place = file.line(self.line).column(&columns[self.column]);
        let remedy = "write the file again with texts in UTF-8";
        Error::data(place, "this cell is not UTF-8", remedy)
    }
}

/// A row.
pub(in crate::data) struct CellRow<'a> {
    pub(in crate::data) cells: Cells<'a>,
    /// Its number in the file, from 1.
    pub(in crate::data) line: u64,
    /// What is wrong with it; its cell is empty then.
    pub(in crate::data) fault: Option<CellFault>,
}

impl CellRows {
    /// The rows, one after another.
    pub(in crate::data) fn iter(&self) -> impl Iterator<Item = CellRow<'_>> {
        let (mut rest, mut faults) = (self.text.as_str(), self.faults.iter().copied().peekable());
        let rows = self.ends.chunks_exact(self.columns.max(1)).zip(self.first..);
        rows.map(move |(ends, line)| {
            let (text, after) = rest.split_at(ends.last().copied().unwrap_or(0));
            rest = after;
            let fault = faults.next_if(|fault| fault.line == line);
            CellRow { cells: Cells { text, ends }, line, fault }
        })
    }

    /// How many rows there are.
    pub(in crate::data) fn count(&self) -> usize {
        self.ends.len() / self.columns.max(1)
    }

    /// In bytes of text.
    pub(in crate::data) fn len(&self) -> usize {
        self.text.len()
    }
}

/// Reads the rows of a file, of which it holds a page a column.
pub(in crate::data) struct ParquetRows {
    file: ParquetFile,
    /// Whether each column is read; the cells of others are empty.
    wanted: Vec<bool>,
    /// The row group that is read next.
    group: usize,
    /// The columns of the one before it, those that are read.
    open: Vec<Option<OpenColumn>>,
    /// How many rows it has still to give.
    left: usize,
    /// How many rows were read, for errors.
    pub(in crate::data) read: u64,
    /// How many cells of each column hold nothing.
    pub(super) nulls: Vec<u64>,
}

impl ParquetRows {
    /// Reads from the first row on the columns that are `wanted`, one of them at least.
    pub(in crate::data) fn new(file: ParquetFile, wanted: Vec<bool>) -> Self {
        let nulls = vec![0; wanted.len()];
        ParquetRows { file, wanted, group: 0, open: Vec::new(), left: 0, read: 0, nulls }
    }

    /// The next rows, of about so many bytes; none at the end. Where the file is damaged come the rows
    /// before that, and the error.
    pub(in crate::data) fn next_rows(&mut self, bytes: usize) -> (CellRows, Option<Error>) {
        let (columns, first) = (self.wanted.len(), self.read + 1);
        let mut rows = CellRows { columns, first, ..CellRows::default() };
        let error = self.fill(&mut rows, bytes).err();
        (rows, error)
    }

    fn fill(&mut self, rows: &mut CellRows, bytes: usize) -> Result<()> {
        while rows.text.len() < bytes && rows.count() < MOST_ROWS {
            if self.left == 0 {
                if self.group == self.file.metadata.num_row_groups() {
                    break;
                }
                let place = self.file.place.clone();
                guarded(&place, || self.open_group())?;
                continue;
            }
            self.read_batch(rows)?;
        }
        Ok(())
    }

    fn open_group(&mut self) -> Read<()> {
        let metadata = self.file.metadata.clone();
        let group = metadata.row_group(self.group);
        self.group += 1;
        self.left = usize::try_from(group.num_rows())?;
        let open = |(column, &wanted): (&Column, &bool)| {
            if !wanted {
                return Ok(None);
            }
            let chunk = group.column(column.leaf);
            let pages =
                SerializedPageReader::new(self.file.source.clone(), chunk, self.left, None)?;
            let described = chunk.column_descr_ptr();
            Ok(Some(OpenColumn::new(column.kind, described, Box::new(pages))))
        };
        self.open = self.file.columns.iter().zip(&self.wanted).map(open).collect::<Read<_>>()?;
        Ok(())
    }

    fn read_batch(&mut self, rows: &mut CellRows) -> Result<()> {
        let count = self.left.min(BATCH);
        let place = &self.file.place;
        for (column, nulls) in self.open.iter_mut().zip(&mut self.nulls) {
            let Some(column) = column else { continue };
            guarded(place, || column.read(count))?;
            *nulls += column.batch.nulls;
        }
        for row in 0..count {
            let start = rows.text.len();
            for column in &self.open {
                rows.text.push_str(column.as_ref().map_or("", |column| column.batch.cell(row)));
                rows.ends.push(rows.text.len() - start);
            }
        }
        let batch = rows.faults.len();
        for (column, open) in self.open.iter().enumerate() {
            let faults = open.iter().flat_map(|open| &open.batch.faults);
            rows.faults
                .extend(faults.map(|&row| CellFault { line: self.read + row as u64 + 1, column }));
        }
        rows.faults[batch..].sort_unstable();
        rows.faults.dedup_by_key(|fault| fault.line);
        self.left -= count;
        self.read += count as u64;
        Ok(())
    }
}
