//! The records of a table of separated cells, in buffers that are used again.
//!
//! `csv_core` parses. The `csv` crate around it would copy what it reads once more, and check and
//! hand on every cell for itself.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::error::{Place, Result};
use crate::text::decode_part;

/// The cells of a row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cells<'a> {
    /// One after another.
    pub(super) text: &'a str,
    /// Where each ends.
    pub(super) ends: &'a [usize],
}

impl<'a> Cells<'a> {
    /// A cell.
    pub(super) fn get(self, index: usize) -> &'a str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[index]]
    }
}

/// Reads record after record, of any number of cells.
pub(super) struct Records<'a> {
    reader: Reader,
    input: &'a [u8],
    position: usize,
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// How many of `ends` are of this record.
    count: usize,
}

impl<'a> Records<'a> {
    /// Begins with the first record of `input`.
    pub(super) fn new(delimiter: u8, input: &'a [u8]) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        let (cells, ends) = (vec![0; 1 << 12], vec![0; 1 << 4]);
        Records { reader, input, position: 0, cells, ends, count: 0 }
    }

    /// How many bytes of the input were read.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Reads the next record. `false`: there is none.
    pub(super) fn read(&mut self) -> bool {
        let mut written = 0;
        self.count = 0;
        loop {
            let (result, read, wrote, ended) = self.reader.read_record(
                &self.input[self.position..],
                &mut self.cells[written..],
                &mut self.ends[self.count..],
            );
            self.position += read;
            written += wrote;
            self.count += ended;
            match result {
                // Asked once more, with nothing, it ends the last record.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.cells.resize(2 * self.cells.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::Record => return true,
                ReadRecordResult::End => return false,
            }
        }
    }

    /// Where the cells of the record end.
    pub(super) fn ends(&self) -> &[usize] {
        &self.ends[..self.count]
    }

    /// The cells of the record.
    ///
    /// # Errors
    ///
    /// When they are not UTF-8.
    pub(super) fn cells(&self, file: &Place) -> Result<Cells<'_>> {
        let ends = self.ends();
        let bytes = &self.cells[..ends.last().copied().unwrap_or(0)];
        Ok(Cells { text: decode_part(bytes, file, 1)?, ends })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn records_are_those_of_the_csv_crate(text in "[ab,é\"\r\n]{0,40}", times in 0..2000_usize) {
            let text = format!("{text}{}", text.repeat(times / 20));
            let mut records = Records::new(b',', text.as_bytes());
            let mut reader = csv::ReaderBuilder::new();
            let mut reader = reader.has_headers(false).flexible(true).from_reader(text.as_bytes());
            for expected in reader.records() {
                prop_assert!(records.read());
                let cells = records.cells(&Place::file("t.csv")).unwrap();
                let found: Vec<&str> = (0..cells.ends.len()).map(|cell| cells.get(cell)).collect();
                let expected = expected.unwrap();
                prop_assert_eq!(found, expected.iter().collect::<Vec<_>>());
            }
            prop_assert!(!records.read());
        }
    }
}
