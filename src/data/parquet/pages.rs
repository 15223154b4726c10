//! Pages whose counts are checked before they are decoded.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescPtr;

use super::Read;
use super::source::varint;

/// The pages of a column. What is decoded makes room for as many values as a page says, so that no
/// page may say more than it can hold.
pub(super) struct CheckedPages {
    pub(super) pages: Box<dyn PageReader>,
    pub(super) column: ColumnDescPtr,
}

impl CheckedPages {
    fn check(&self, page: &Page) -> Read<()> {
        let is_plausible = match page {
            // Every value of a dictionary takes a byte at least.
            Page::DictionaryPage { buf, num_values, .. } => *num_values as usize <= buf.len(),
            Page::DataPage { encoding: Encoding::DELTA_BYTE_ARRAY, .. }
            | Page::DataPageV2 { encoding: Encoding::DELTA_BYTE_ARRAY, .. } => {
                // It holds two lists of lengths, the second of which is only found by decoding.
                let problem = "the encoding DELTA_BYTE_ARRAY; let the writer use another";
                return Err(ParquetError::NYI(problem.to_owned()));
            }
            Page::DataPage {
                buf, num_values, encoding: Encoding::DELTA_LENGTH_BYTE_ARRAY, ..
            } => {
                let levels = [self.column.max_rep_level(), self.column.max_def_level()];
                let mut levels = levels.into_iter().filter(|&highest| highest > 0);
                let values = levels.try_fold(&buf[..], |rest, _| behind_levels(rest));
                lengths_fit(values, *num_values)
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding: Encoding::DELTA_LENGTH_BYTE_ARRAY,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let levels = *def_levels_byte_len as usize + *rep_levels_byte_len as usize;
                lengths_fit(buf.get(levels..), *num_values)
            }
            _ => true,
        };
        match is_plausible {
            true => Ok(()),
            false => Err(ParquetError::General("a page holds less than it says".to_owned())),
        }
    }
}

impl PageReader for CheckedPages {
    fn get_next_page(&mut self) -> Read<Option<Page>> {
        let page = self.pages.get_next_page()?;
        page.as_ref().map_or(Ok(()), |page| self.check(page))?;
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Read<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Read<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Read<bool> {
        self.pages.at_record_boundary()
    }
}

impl Iterator for CheckedPages {
    type Item = Read<Page>;

    fn next(&mut self) -> Option<Read<Page>> {
        self.get_next_page().transpose()
    }
}

/// What follows levels that begin with their length.
fn behind_levels(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.get(u32::from_le_bytes(*length) as usize..)
}

/// Whether values that begin with a list of lengths say that there are no more of these than values.
fn lengths_fit(values: Option<&[u8]>, count: u32) -> bool {
    let lengths = || {
        let (_block, rest) = varint(values?)?;
        let (_parts, rest) = varint(rest)?;
        Some(varint(rest)?.0)
    };
    lengths().is_some_and(|said| said <= u64::from(count))
}
