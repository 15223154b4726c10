//! Writing: units of rows, each a whole small Parquet file, put together into one.
//!
//! A unit holds one row group, whose columns are encoded plainly, without dictionaries, and compressed.
//! So pages of several units, one after another, are a column as well: row groups as large as readers
//! like them come about without a value being decoded.

use std::fs::File;
use std::io::{self, Read as _, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{
    Compression, ConvertedType, LogicalType, Repetition, Type as Physical, ZstdLevel,
};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::Read;
use crate::data::columns::{Column, ColumnKind};
use crate::data::output::RowFormat;

/// A row group is closed when it has so many rows: what DuckDB and others work on at a time.
const GROUP_ROWS: i64 = 120_000;

/// Rows as a whole small Parquet file with one row group; with none where there are no rows.
pub(in crate::data) fn encode(format: &RowFormat, columns: Vec<Column>) -> io::Result<Vec<u8>> {
    let encode = || {
        let mut writer = SerializedFileWriter::new(Vec::new(), schema(format)?, properties()?)?;
        if columns.first().is_some_and(|column| column.rows() > 0) {
            let mut group = writer.next_row_group()?;
            for column in columns {
                let mut chunk = group.next_column()?.ok_or_else(unlike)?;
                write_column(&mut chunk, column)?;
                chunk.close()?;
            }
            group.close()?;
        }
        writer.into_inner()
    };
    encode().map_err(as_io)
}

impl Column {
    fn rows(&self) -> usize {
        match self {
            Column::Text { ends, .. } => ends.len(),
            Column::Whole(values) => values.len(),
            Column::Real { present, .. } => present.len(),
        }
    }
}

fn write_column(chunk: &mut SerializedColumnWriter<'_>, column: Column) -> Read<()> {
    match column {
        Column::Text { bytes, ends } => {
            let bytes = Bytes::from(bytes);
            let mut start = 0;
            let cell = |end| ByteArray::from(bytes.slice(std::mem::replace(&mut start, end)..end));
            let cells: Vec<ByteArray> = ends.into_iter().map(cell).collect();
            chunk.typed::<ByteArrayType>().write_batch(&cells, None, None)?;
        }
        Column::Whole(values) => {
            chunk.typed::<Int64Type>().write_batch(&values, None, None)?;
        }
        Column::Real { values, present } => {
            chunk.typed::<DoubleType>().write_batch(&values, Some(&present), None)?;
        }
    }
    Ok(())
}

fn schema(format: &RowFormat) -> Read<TypePtr> {
    let column = |(name, kind): (&str, ColumnKind)| {
        let (physical, repetition) = match kind {
            ColumnKind::Text => (Physical::BYTE_ARRAY, Repetition::REQUIRED),
            ColumnKind::Whole => (Physical::INT64, Repetition::REQUIRED),
            ColumnKind::Real => (Physical::DOUBLE, Repetition::OPTIONAL),
        };
        let column = Type::primitive_type_builder(name, physical).with_repetition(repetition);
        let column = match kind {
            ColumnKind::Text => column
                .with_logical_type(Some(LogicalType::String))
                .with_converted_type(ConvertedType::UTF8),
            _ => column,
        };
        Ok(Arc::new(column.build()?))
    };
    let columns = format.columns().map(column).collect::<Read<Vec<_>>>()?;
    Ok(Arc::new(Type::group_type_builder("schema").with_fields(columns).build()?))
}

/// Nothing that differs from run to run is written. Smallest and largest values would tell nothing of
/// texts and probabilities in no order.
fn properties() -> Read<Arc<WriterProperties>> {
    let properties = WriterProperties::builder()
        .set_created_by(concat!("framescope version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true);
    Ok(Arc::new(properties.build()))
}

/// Puts units together into one Parquet file, in their order and without decoding them. `units`: where
/// in `file` each stands. The `format` is that of their rows.
///
/// # Errors
///
/// When they cannot be read, are not units of these columns, or the result cannot be written.
pub(in crate::data) fn assemble<W: Write + Send>(
    format: &RowFormat,
    file: &File,
    units: &[Range<u64>],
    to: W,
) -> io::Result<W> {
    let assemble = || {
        let mut writer = SerializedFileWriter::new(to, schema(format)?, properties()?)?;
        let (mut group, mut rows) = (Vec::new(), 0);
        for range in units {
            let unit = Unit::read(file, range.clone())?;
            rows += unit.metadata.file_metadata().num_rows();
            // A unit without rows has nothing to add.
            group.extend((unit.metadata.num_row_groups() > 0).then_some(unit));
            if rows >= GROUP_ROWS {
                append(&mut writer, file, &std::mem::take(&mut group))?;
                rows = 0;
            }
        }
        if rows > 0 {
            append(&mut writer, file, &group)?;
        }
        writer.into_inner()
    };
    assemble().map_err(as_io)
}

/// Appends units as one row group.
fn append<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    file: &File,
    units: &[Unit],
) -> Read<()> {
    let mut group = writer.next_row_group()?;
    let Some(first) = units.first() else { return Ok(()) };
    for index in 0..first.metadata.row_group(0).num_columns() {
        let (mut pages, mut rows) = (Pages { file: file.try_clone()?, ranges: Vec::new() }, 0);
        let (mut compressed, mut uncompressed) = (0, 0);
        for unit in units {
            let group = unit.metadata.row_group(0);
            let chunk = group.columns().get(index).ok_or_else(unlike)?;
            let (start, length) = chunk.byte_range();
            pages.ranges.push(unit.start + start..unit.start + start + length);
            rows += group.num_rows();
            compressed += chunk.compressed_size();
            uncompressed += chunk.uncompressed_size();
        }
        let chunk = first.metadata.row_group(0).column(index);
        let metadata = ColumnChunkMetaData::builder(chunk.column_descr_ptr())
            .set_compression_codec(chunk.compression_codec())
            .set_encodings_mask(*chunk.encodings_mask())
            .set_total_compressed_size(compressed)
            .set_total_uncompressed_size(uncompressed)
            .set_num_values(rows)
            .set_data_page_offset(0)
            .build()?;
        let closed = ColumnCloseResult {
            bytes_written: u64::try_from(compressed)?,
            rows_written: u64::try_from(rows)?,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        group.append_column(&pages, closed)?;
    }
    group.close()?;
    Ok(())
}

/// A unit in the file of all.
struct Unit {
    start: u64,
    metadata: ParquetMetaData,
}

impl Unit {
    fn read(file: &File, range: Range<u64>) -> Read<Self> {
        let mut file = file.try_clone()?;
        file.seek(SeekFrom::Start(range.start))?;
        let mut bytes = Vec::new();
        file.take(range.end - range.start).read_to_end(&mut bytes)?;
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&Bytes::from(bytes))?;
        Ok(Unit { start: range.start, metadata })
    }
}

/// The pages of a column, from several units.
struct Pages {
    file: File,
    ranges: Vec<Range<u64>>,
}

impl Length for Pages {
    fn len(&self) -> u64 {
        self.ranges.iter().map(|range| range.end - range.start).sum()
    }
}

impl ChunkReader for Pages {
    type T = Joined;

    fn get_read(&self, _: u64) -> Read<Joined> {
        let ranges = self.ranges.clone().into_iter();
        Ok(Joined { file: self.file.try_clone()?, ranges, left: 0 })
    }

    fn get_bytes(&self, _: u64, _: usize) -> Read<Bytes> {
        Err(unlike())
    }
}

/// Reads ranges of a file one after another.
struct Joined {
    file: File,
    ranges: std::vec::IntoIter<Range<u64>>,
    /// How much of the range that is being read is left.
    left: u64,
}

impl io::Read for Joined {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            let Some(range) = self.ranges.next() else { return Ok(0) };
            self.file.seek(SeekFrom::Start(range.start))?;
            self.left = range.end - range.start;
        }
        let read = io::Read::by_ref(&mut self.file).take(self.left).read(buffer)?;
        self.left -= read as u64;
        match read {
            0 if !buffer.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(read),
        }
    }
}

fn unlike() -> ParquetError {
    ParquetError::General("the units have different columns".to_owned())
}

fn as_io(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}
