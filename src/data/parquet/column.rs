//! A column that is being read, batch by batch.

use std::fmt::Write;
use std::sync::Arc;

use parquet::column::page::PageReader;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescPtr;

use super::Read;
use super::pages::CheckedPages;
use super::schema::Kind;

/// A column of a row group.
pub(super) struct OpenColumn {
    kind: Kind,
    reader: ColumnReader,
    pub(super) batch: Batch,
}

/// The cells that were read last.
pub(super) struct Batch {
    /// The level at which a value is there.
    present: i16,
    is_list: bool,
    /// What stands beside the values: at which level each is, and which begin a row.
    levels: Vec<i16>,
    repeated: Vec<i16>,
    text: String,
    /// Where each cell ends.
    ends: Vec<usize>,
    /// How many cells hold nothing.
    pub(super) nulls: u64,
    /// The cells that are not what they should be.
    pub(super) faults: Vec<usize>,
}

impl OpenColumn {
    pub(super) fn new(kind: Kind, column: ColumnDescPtr, pages: Box<dyn PageReader>) -> Self {
        let batch = Batch {
            present: column.max_def_level(),
            is_list: column.max_rep_level() > 0,
            levels: Vec::new(),
            repeated: Vec::new(),
            text: String::new(),
            ends: Vec::new(),
            nulls: 0,
            faults: Vec::new(),
        };
        let pages = CheckedPages { pages, column: Arc::clone(&column) };
        OpenColumn { kind, reader: get_column_reader(column, Box::new(pages)), batch }
    }

    /// Reads the next `count` cells.
    pub(super) fn read(&mut self, count: usize) -> Read<()> {
        let OpenColumn { kind, reader, batch } = self;
        let whole = |value: i64, text: &mut String| {
            kind.write_whole(value, text);
            Some(())
        };
        // With a point or an exponent, as they are written elsewhere.
        let real = |value: f64, text: &mut String| write!(text, "{value:?}").ok();
        match reader {
            ColumnReader::BoolColumnReader(reader) => {
                batch.read(reader, count, |value, text| write!(text, "{value}").ok())
            }
            ColumnReader::Int32ColumnReader(reader) => {
                batch.read(reader, count, |&value, text| whole(i64::from(value), text))
            }
            ColumnReader::Int64ColumnReader(reader) => {
                batch.read(reader, count, |&value, text| whole(value, text))
            }
            ColumnReader::Int96ColumnReader(reader) => {
                batch.read(reader, count, |value, text| whole(value.to_nanos(), text))
            }
            ColumnReader::FloatColumnReader(reader) => {
                batch.read(reader, count, |value, text| write!(text, "{value:?}").ok())
            }
            ColumnReader::DoubleColumnReader(reader) => {
                batch.read(reader, count, |&value, text| real(value, text))
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                batch.read(reader, count, |value, text| kind.write_bytes(value.data(), text))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                batch.read(reader, count, |value, text| kind.write_bytes(value.data(), text))
            }
        }
    }
}

impl Batch {
    /// A cell.
    pub(super) fn cell(&self, row: usize) -> &str {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[row]]
    }

    /// Reads `count` cells; `write` appends a value, or says that it is not what it should be.
    fn read<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        count: usize,
        write: impl Fn(&T::T, &mut String) -> Option<()>,
    ) -> Read<()> {
        self.levels.clear();
        self.repeated.clear();
        self.text.clear();
        self.ends.clear();
        self.faults.clear();
        self.nulls = 0;
        let mut values = Vec::new();
        let (levels, repeated) = (Some(&mut self.levels), Some(&mut self.repeated));
        let (rows, _, slots) = reader.read_records(count, levels, repeated, &mut values)?;
        let too_few = || ParquetError::General("a column is shorter than it says".to_owned());
        let mut values = values.iter();
        for slot in 0..slots {
            let begins = !self.is_list || self.repeated[slot] == 0;
            if begins && slot > 0 {
                self.ends.push(self.text.len());
            }
            let level = if self.present == 0 { 0 } else { self.levels[slot] };
            if level == self.present {
                if !begins {
                    self.text.push('|');
                }
                let value = values.next().ok_or_else(too_few)?;
                if write(value, &mut self.text).is_none() {
                    self.faults.push(self.ends.len());
                }
            } else if level == 0 {
                self.nulls += 1;
            }
        }
        if slots > 0 {
            self.ends.push(self.text.len());
        }
        match rows == count && self.ends.len() == count {
            true => Ok(()),
            false => Err(too_few()),
        }
    }
}
