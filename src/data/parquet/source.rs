//! The bytes of a Parquet file, with its sizes checked before anything is made as large as they say.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek, SeekFrom, Take};

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};

use super::Read;

/// No page may be larger: writers end them at one megabyte or so, some at a hundred.
const LARGEST_PAGE: u64 = 256 << 20;

/// A file that is read in ranges.
#[derive(Debug)]
pub(super) struct Source {
    file: File,
    length: u64,
}

impl Source {
    pub(super) fn new(file: File) -> std::io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Source { file, length })
    }

    /// Reads what the file says of itself at its end.
    pub(super) fn metadata(&self) -> Read<ParquetMetaData> {
        ParquetMetaDataReader::new().parse_and_finish(&self.file)
    }

    fn range(&self, start: u64, length: u64) -> Read<Take<File>> {
        if start.checked_add(length).is_none_or(|end| end > self.length) {
            let problem = "a part lies beyond the end of the file";
            return Err(ParquetError::EOF(problem.to_owned()));
        }
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(start))?;
        Ok(file.take(length))
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Source {
    type T = BufReader<Take<File>>;

    /// Read one after another are headers of pages, and nothing else.
    fn get_read(&self, start: u64) -> Read<Self::T> {
        let mut reader = BufReader::new(self.range(start, self.length.saturating_sub(start))?);
        match uncompressed_size(reader.fill_buf()?) {
            Some(0..=LARGEST_PAGE) => Ok(reader),
            Some(size) => {
                let problem = format!("a page of {} MB", size >> 20);
                Err(ParquetError::General(problem))
            }
            None => Err(ParquetError::General("the header of a page is no such".to_owned())),
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> Read<Bytes> {
        let mut range = self.range(start, length as u64)?;
        let mut bytes = Vec::with_capacity(length);
        range.read_to_end(&mut bytes)?;
        match bytes.len() == length {
            true => Ok(bytes.into()),
            false => Err(ParquetError::EOF("the file ends too soon".to_owned())),
        }
    }
}

/// The size that a page's header says the page has when it is expanded: the second of its fields, in
/// Thrift's compact protocol, after the kind of page.
fn uncompressed_size(header: &[u8]) -> Option<u64> {
    /// A 32-bit number whose field is the next.
    const NEXT_I32: u8 = 0x15;
    let mut rest = header;
    let mut size = 0;
    for _ in 0..2 {
        rest = rest.strip_prefix(&[NEXT_I32])?;
        (size, rest) = varint(rest)?;
    }
    // Zigzag: the even numbers are those that are not negative.
    (size % 2 == 0).then_some(size / 2)
}

/// A number of seven bits a byte, the lowest first, and what follows.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (index, &byte) in bytes.iter().take(9).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Some((number, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_its_size() {
        assert_eq!(uncompressed_size(&[0x15, 0x00, 0x15, 0xd8, 0x04, 0x15]), Some(300));
        assert_eq!(uncompressed_size(&[0x15, 0x00, 0x15, 0x01]), None);
        assert_eq!(uncompressed_size(&[0x15, 0x00, 0x25, 0x02]), None);
        assert_eq!(uncompressed_size(&[0x15, 0x00, 0x15, 0xff]), None);
    }
}
