//! What people bring and take away: codebooks, label files, documents, tables, folds.

mod article_table;
mod codebook;
mod columns;
mod compression;
mod delimiter;
mod digest;
mod document;
mod encoding;
pub mod exchange;
mod fold;
mod folder;
#[cfg(feature = "html")]
mod html;
mod input;
mod journal;
mod label;
mod label_file;
mod metadata;
mod output;
#[cfg(feature = "parquet")]
mod parquet;
mod piece;
mod reading;
mod record;
mod row_chunk;
mod skip;
mod skip_file;
mod spool;
mod table;
mod table_sink;
mod table_stream;

pub use article_table::{ArticleColumns, ArticleRow, ArticleTable, ArticleTables, Carried};
pub use codebook::{Choice, Codebook, Frame, Stance};
pub use columns::ColumnKind;
pub(crate) use compression::stem;
pub use compression::{Compression, uncompressed_path};
pub(crate) use digest::bytes_digest;
pub use digest::{file_digest, state_digest};
pub use document::{Document, DocumentKind, documents};
pub use fold::{Folds, grouped_stratified_folds};
pub use journal::Run;
pub use label::{Coding, Label, LabelSet};
pub use label_file::{LabelFile, LabelSchema, LabelledRow, group_indices};
pub use metadata::Metadata;
pub use output::{AtomicFile, RowFormat, Rows, TableFormat};
#[cfg(feature = "parquet")]
pub use parquet::{assemble_framed, framed_unit};
pub use piece::{Piece, Pieces, Position, TextPart};
pub use reading::Reading;
pub use row_chunk::RowChunk;
pub(crate) use skip::Faults;
pub use skip::{Extent, OnError, Skipped, Tally};
pub use skip_file::SkipFile;
pub use spool::Spool;
pub use table::{Table, TableRow};
pub use table_sink::TableSink;
