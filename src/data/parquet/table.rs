//! Whole tables, such as label files.

use std::path::Path;

use super::rows::ParquetRows;
use super::schema::ParquetFile;
use crate::data::input::{LONGEST, PIECE_BYTES};
use crate::data::skip::{Extent, Faults};
use crate::data::table::{Table, TableRow};
use crate::error::{Error, Result};

/// A table in memory may be so many times larger than its file, as what is compressed otherwise.
const MOST_EXPANSION: u64 = 500;

/// Reads a whole file; rows are counted instead of lines. Rows at fault are left out where `faults`
/// are not to stop it.
///
/// # Errors
///
/// When it cannot be read, is no Parquet file or damaged, or expands beyond all measure.
pub(in crate::data) fn read_table(path: &Path, faults: &mut Faults) -> Result<Table> {
    let file = ParquetFile::open(path)?;
    let (place, header) = (file.place.clone(), file.names.clone());
    let left_out = file.notice();
    let bound = (LONGEST as u64).max(MOST_EXPANSION * file.bytes());
    let wanted = vec![true; header.len()];
    let mut reader = ParquetRows::new(file, wanted);
    let (mut rows, mut bytes) = (Vec::new(), 0);
    loop {
        let (found, error) = reader.next_rows(PIECE_BYTES);
        for row in found.iter() {
            match row.fault {
                None => {
                    let cell = |column| row.cells.get(column).to_owned();
                    let cells = (0..header.len()).map(cell).collect();
                    rows.push(TableRow { line: row.line, cells });
                }
                Some(fault) => faults.add(fault.error(&place, &header), Extent::Row, None)?,
            }
        }
        if let Some(error) = error {
            if rows.is_empty() {
                return Err(error);
            }
            faults.add(error, Extent::Rest { line: reader.read + 1 }, None)?;
            break;
        }
        if found.count() == 0 {
            break;
        }
        bytes += (found.len() + found.count() * header.len() * size_of::<String>()) as u64;
        if bytes > bound {
            let problem = format!("the table takes more than {MOST_EXPANSION} times its file");
            let remedy = "this is no label file that people wrote; split it if it is";
            return Err(Error::data(place, problem, remedy));
        }
    }
    let nulls = header.iter().zip(&reader.nulls).find(|(name, _)| *name == "labels");
    let nulls = nulls.map(|(_, &nulls)| nulls).filter(|&nulls| nulls > 0).map(|nulls| {
        format!(
            "{place}: `labels` is null in {nulls} rows, read as no frame (write `?` for not coded)"
        )
    });
    let notices: Vec<String> = left_out.into_iter().chain(nulls).collect();
    let notice = (!notices.is_empty()).then(|| notices.join("; "));
    Ok(Table { place, header, rows, notice, digest: None })
}
