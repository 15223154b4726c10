//! Tables in Parquet: files in, files out.
//!
//! Read are the columns that are asked for, batch by batch, each value as the text that a CSV would
//! have; so what follows need not know of the format. Written are units of some thousand rows, each a
//! whole small file, which are put together without being decoded.
//!
//! Columns are read and written by the `parquet` crate, without Arrow.

mod cell;
mod column;
mod pages;
mod rows;
mod schema;
mod source;
mod table;
mod unit;
mod units;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use ::parquet::errors::ParquetError;

pub(super) use rows::{CellRows, ParquetRows};
pub(super) use schema::ParquetFile;
pub(super) use table::read_table;
pub(super) use unit::encode;
pub(super) use units::Units;
pub use units::{assemble_framed, framed_unit};

use crate::error::{Error, Place, Result};

/// What the `parquet` crate gives back.
type Read<T> = std::result::Result<T, ParquetError>;

thread_local! {
    /// Whether this thread reads what may be damaged.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs what reads a file that may be damaged. The `parquet` crate panics on some of these; that is
/// an error like any other here, and nothing is printed.
fn guarded<T>(place: &Place, read: impl FnOnce() -> Read<T>) -> Result<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                usual(panic);
            }
        }));
    });
    GUARDED.set(true);
    // Whatever was half read is given up together with the file.
    let result = catch_unwind(AssertUnwindSafe(read));
    GUARDED.set(false);
    match result {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) => Err(damaged(place, &reason(error))),
        Err(_) => Err(damaged(place, "they contradict themselves")),
    }
}

/// What is wrong, without the name of the kind of error before it.
fn reason(error: ParquetError) -> String {
    match error {
        // What this program was built without, such as Brotli.
        ParquetError::General(problem) if problem.contains("Disabled feature at compile time") => {
            "they are compressed by a method that framescope does not know; let the writer use zstd \
             or snappy"
                .to_owned()
        }
        ParquetError::General(problem) | ParquetError::EOF(problem) => problem,
        ParquetError::NYI(problem) => format!("not supported: {problem}"),
        other => other.to_string(),
    }
}

fn damaged(place: &Place, reason: &str) -> Error {
    let problem = format!("the Parquet data cannot be read ({reason})");
    Error::data(place.clone(), problem, "copy or write the file again")
}
