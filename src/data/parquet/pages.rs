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

impl PageReader for CheckedPages {
    fn get_next_page(&mut self) -> Read<Option<Page>> {
        let page = self.pages.get_next_page()?;
        let is_plausible = page.as_ref().is_none_or(|page| match page {
            // Every value of a dictionary takes a byte at least.
            Page::DictionaryPage { buf, num_values, .. } => *num_values as usize <= buf.len(),
            Page::DataPage { buf, num_values, encoding, .. } => {
                let levels = [self.column.max_rep_level(), self.column.max_def_level()].into_iter();
                let values =
                    levels.filter(|&highest| highest > 0).try_fold(&buf[..], behind_levels);
                lengths_fit(*encoding, values, *num_values)
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let levels = *def_levels_byte_len as usize + *rep_levels_byte_len as usize;
                lengths_fit(*encoding, buf.get(levels..), *num_values)
            }
        });
        match is_plausible {
            true => Ok(page),
            false => Err(ParquetError::General("a page holds less than it says".to_owned())),
        }
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
fn behind_levels(bytes: &[u8], _: i16) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.get(u32::from_le_bytes(*length) as usize..)
}

/// Whether a page whose values begin with a list of lengths says that there are no more of these
/// than values.
fn lengths_fit(encoding: Encoding, values: Option<&[u8]>, count: u32) -> bool {
    let lengths = || {
        let (_block, rest) = varint(values?)?;
        let (_parts, rest) = varint(rest)?;
        Some(varint(rest)?.0)
    };
    match encoding {
        Encoding::DELTA_LENGTH_BYTE_ARRAY => lengths().is_some_and(|said| said <= u64::from(count)),
        // A second list follows the first, which is not found without decoding that.
        Encoding::DELTA_BYTE_ARRAY => false,
        _ => true,
    }
}
