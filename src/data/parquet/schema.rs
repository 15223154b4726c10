//! What a Parquet file holds.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::schema::types::{ColumnDescriptor, Type};

use super::source::Source;
use super::{damaged, guarded};
use crate::data::table::check_header;
use crate::error::{Error, Place, Result, listed};

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bool,
    Whole,
    /// Whole numbers that are not negative, of so many bits.
    Unsigned(u8),
    Real,
    Date,
    /// So many parts a second.
    Time(i64),
    /// Since 1970, so many parts a second.
    Timestamp {
        parts: i64,
        is_utc: bool,
    },
    /// With so many digits behind the point.
    Decimal(usize),
    Uuid,
}

/// A column that can be read as texts.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) kind: Kind,
    /// Its place among the columns of a row group.
    pub(super) leaf: usize,
}

/// A Parquet file that was opened, and what it says of itself.
#[derive(Debug)]
pub(in crate::data) struct ParquetFile {
    pub(in crate::data) place: Place,
    pub(super) source: Arc<Source>,
    pub(super) metadata: Arc<ParquetMetaData>,
    /// Names of the columns that can be read, in order.
    pub(in crate::data) names: Vec<String>,
    pub(super) columns: Vec<Column>,
    /// Names of those that cannot.
    pub(in crate::data) left_out: Vec<String>,
}

impl ParquetFile {
    /// Opens a file and reads its footer.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is no Parquet file.
    pub(in crate::data) fn open(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            let problem = "Parquet is not read from standard input";
            return Err(Error::data(Place::input(path), problem, "name a file"));
        }
        let fail = |error| Error::io(path, "read", error);
        let place = Place::file_of_rows(path);
        let file = File::open(path).map_err(fail)?;
        let source = Source::new(file).map_err(fail)?;
        check_marks(&source, &place)?;
        let metadata = guarded(&place, || source.metadata())?;
        let mut file = ParquetFile {
            place: place.clone(),
            source: Arc::new(source),
            metadata: Arc::new(metadata),
            names: Vec::new(),
            columns: Vec::new(),
            left_out: Vec::new(),
        };
        file.find_columns();
        check_header(&file.names, &place)?;
        Ok(file)
    }

    fn find_columns(&mut self) {
        let metadata = self.metadata.clone();
        let schema = metadata.file_metadata().schema_descr();
        let mut before = None;
        for leaf in 0..schema.num_columns() {
            // A group has several columns.
            let root = schema.get_column_root_idx(leaf);
            if before.replace(root) == Some(root) {
                continue;
            }
            let name = schema.get_column_root(leaf).name().to_owned();
            match kind_of(schema.get_column_root(leaf), &schema.column(leaf)) {
                Some(kind) => {
                    self.names.push(name);
                    self.columns.push(Column { kind, leaf });
                }
                None => self.left_out.push(name),
            }
        }
    }

    /// The size of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.source.len()
    }

    /// What to know about columns that are not read.
    pub(in crate::data) fn notice(&self) -> Option<String> {
        let (place, names) = (&self.place, listed(&self.left_out));
        (!self.left_out.is_empty()).then(|| {
            format!("{place}: left out, since they hold no single texts or numbers: {names}")
        })
    }
}

/// A Parquet file begins and ends with the same four bytes.
fn check_marks(source: &Source, place: &Place) -> Result<()> {
    let mark = |start| guarded(place, || source.get_bytes(start, 4));
    if source.len() < 12 || &mark(0)?[..] != b"PAR1" {
        let problem = "this is no Parquet file";
        return Err(Error::data(place.clone(), problem, "check its name, or write it again"));
    }
    match &mark(source.len() - 4)?[..] {
        b"PAR1" => Ok(()),
        b"PARE" => Err(damaged(place, "they are encrypted")),
        _ => Err(damaged(place, "the file ends too soon")),
    }
}

/// What a column holds; `None` where it holds neither single values nor lists of labels.
fn kind_of(root: &Type, column: &ColumnDescriptor) -> Option<Kind> {
    let is_labels = root.name() == "labels" && column.max_rep_level() == 1;
    if !root.is_primitive() {
        return (is_labels && is_list(root))
            .then(|| kind_of_values(column))
            .flatten()
            .filter(|kind| *kind == Kind::Text);
    }
    // A repeated column without a group around it is a list too.
    match root.get_basic_info().repetition() {
        Repetition::REPEATED => None,
        _ => kind_of_values(column),
    }
}

/// Whether a group is a list of single values.
fn is_list(group: &Type) -> bool {
    let info = group.get_basic_info();
    let is_said = matches!(info.logical_type_ref(), Some(LogicalType::List))
        || info.converted_type() == ConvertedType::LIST;
    let only = |group: &Type| match group.get_fields() {
        [field] => Some(field.clone()),
        _ => None,
    };
    // A list holds a repeated group, which holds its elements.
    let inner = only(group).filter(|inner| inner.is_group()).and_then(|inner| only(&inner));
    is_said && inner.is_some_and(|element| element.is_primitive())
}

fn kind_of_values(column: &ColumnDescriptor) -> Option<Kind> {
    use LogicalType as L;
    let scale = |scale: i32| usize::try_from(scale).ok().filter(|&scale| scale <= 38);
    Some(match (column.physical_type(), column.logical_type_ref()) {
        (Physical::BYTE_ARRAY, Some(L::String | L::Enum | L::Json)) => Kind::Text,
        (Physical::BYTE_ARRAY, None) => match column.converted_type() {
            ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON => Kind::Text,
            _ => return None,
        },
        (Physical::FIXED_LEN_BYTE_ARRAY, Some(L::Uuid)) if column.type_length() == 16 => Kind::Uuid,
        (Physical::BOOLEAN, _) => Kind::Bool,
        (Physical::FLOAT | Physical::DOUBLE, _) => Kind::Real,
        (Physical::INT96, _) => Kind::Timestamp { parts: 1_000_000_000, is_utc: false },
        (_, Some(L::Decimal(decimal))) => Kind::Decimal(scale(decimal.scale)?),
        (Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY, _) => return None,
        (_, Some(L::Date)) => Kind::Date,
        (_, Some(L::Time(time))) => Kind::Time(parts(&time.unit)),
        (_, Some(L::Timestamp(time))) => {
            Kind::Timestamp { parts: parts(&time.unit), is_utc: time.is_adjusted_to_u_t_c }
        }
        (_, Some(L::Integer(whole))) if !whole.is_signed => {
            Kind::Unsigned(u8::try_from(whole.bit_width).ok()?)
        }
        (_, _) => match column.converted_type() {
            ConvertedType::DATE => Kind::Date,
            ConvertedType::TIME_MILLIS => Kind::Time(1000),
            ConvertedType::TIME_MICROS => Kind::Time(1_000_000),
            ConvertedType::TIMESTAMP_MILLIS => Kind::Timestamp { parts: 1000, is_utc: true },
            ConvertedType::TIMESTAMP_MICROS => Kind::Timestamp { parts: 1_000_000, is_utc: true },
            ConvertedType::DECIMAL => Kind::Decimal(scale(column.type_scale())?),
            _ => Kind::Whole,
        },
    })
}

fn parts(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    }
}
