//! The model file: safetensors, mapped into memory.
//!
//! Tensors hold everything long; one metadata entry holds the rest as JSON. Nothing in it depends
//! on when or where a model was trained, so that the same training gives the same bytes.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use bytemuck::Pod;
use safetensors::tensor::{Dtype, Metadata, SafeTensorError, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::classifier::{Classifier, ModelCard};
use super::linear::Linear;
use super::stance::{StanceModel, stance_shares};
use crate::data::{AtomicFile, Codebook, bytes_digest};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{SignalList, Tfidf, TfidfTensors, Vocabulary};
use crate::storage::{Storage, Tensor};

/// The version of the format that this program writes, and the newest it reads.
pub const FORMAT_VERSION: u32 = 1;

/// The name of the metadata entry.
const ENTRY: &str = "framescope";

/// The name of the tensor that holds the CRC-32 of the file, in which its own four bytes are zero.
const CHECKSUM: &str = "checksum";

/// The built-in model, aligned so that its arrays can be used in place.
#[repr(C, align(16))]
struct Aligned<T: ?Sized>(T);
static BUILT_IN: &Aligned<[u8]> =
    &Aligned(*include_bytes!("../../models/industrial-policy.framescope"));

#[derive(Serialize, Deserialize)]
struct Header {
    format_version: u32,
    /// Whether there is a checksum; the first files had none.
    #[serde(default)]
    has_checksum: bool,
    codebook: Codebook,
    card: ModelCard,
}

/// Only what every version has, to tell a newer file from a damaged one.
#[derive(Deserialize)]
struct AnyHeader {
    format_version: u32,
}

impl Classifier {
    /// The model that comes with the program, for industrial policy in English.
    ///
    /// # Errors
    ///
    /// When the program was built around a model file that it cannot read.
    pub fn built_in() -> Result<Self> {
        Self::from_storage(&Storage::Embedded(&BUILT_IN.0), Path::new("the built-in model"))
    }

    /// The SHA-256 of the model that comes with the program, in hexadecimal: that of its file.
    pub fn built_in_digest() -> String {
        bytes_digest(&BUILT_IN.0)
    }

    /// Opens a model file, which must not be changed while it is open.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is empty, damaged, cut short, of another kind or newer than this
    /// program.
    pub fn open(path: &Path) -> Result<Self> {
        let read = |error| Error::io(path, "read", error);
        let file = File::open(path).map_err(read)?;
        let metadata = file.metadata().map_err(read)?;
        if metadata.is_dir() {
            return Err(fault(path, "this is a folder"));
        }
        if metadata.len() == 0 {
            return Err(fault(path, "the file is empty"));
        }
        Self::from_storage(&Storage::map(&file).map_err(read)?, path)
    }

    fn from_storage(storage: &Storage, path: &Path) -> Result<Self> {
        let foreign = || fault(path, "this is no framescope model");
        let (header_length, metadata) = SafeTensors::read_metadata(storage).map_err(|_| {
            // A header that starts like one of ours but does not fit its file was damaged.
            let start = storage.get(8..64).unwrap_or_default();
            match start.windows(ENTRY.len()).any(|window| window == ENTRY.as_bytes()) {
                true => fault(path, "the model file is damaged or cut short"),
                false => foreign(),
            }
        })?;
        let entry = metadata.metadata().as_ref().and_then(|entries| entries.get(ENTRY));
        let entry = entry.ok_or_else(foreign)?;
        let damaged = |what: &str| fault(path, &format!("the model file is damaged ({what})"));
        let AnyHeader { format_version } =
            serde_json::from_str(entry).map_err(|_| damaged("its metadata cannot be read"))?;
        if format_version > FORMAT_VERSION {
            let problem = format!(
                "the model has format version {format_version}, this program reads up to \
                 {FORMAT_VERSION}"
            );
            let remedy = "use a newer framescope";
            return Err(ErrorKind::Model { path: path.to_owned(), problem, remedy }.into());
        }
        let header: Header =
            serde_json::from_str(entry).map_err(|_| damaged("its metadata cannot be read"))?;
        let tensors = Tensors { storage, metadata: &metadata, start: header_length + 8 };
        let is_expected = header.has_checksum || metadata.info(CHECKSUM).is_some();
        if is_expected && tensors.are_checked() && !tensors.checksum_holds() {
            return Err(damaged("its checksum differs"));
        }
        build(header, &tensors).map_err(|what| damaged(&what))
    }

    /// Writes the model file, whole or not at all.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut file = AtomicFile::create_plain(path)?;
        self.write(&mut file, path)?;
        file.commit()
    }

    /// Writes the bytes of a model file; `path` names it in errors.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write(&self, writer: &mut impl Write, path: &Path) -> Result<()> {
        let header = Header {
            format_version: FORMAT_VERSION,
            has_checksum: true,
            codebook: self.codebook.clone(),
            card: self.card.clone(),
        };
        let json = serde_json::to_string(&header)
            .map_err(|error| Error::from(ErrorKind::Numeric(error.to_string())))?;
        let (words, chars, idf) = self.tfidf.tensors();
        let (calibration, thresholds) = (&self.calibration, &self.thresholds);
        let calibration: Vec<f64> =
            calibration.iter().flat_map(|line| [line.slope, line.intercept]).collect();
        let mut views = Vec::new();
        let mut add = |name: &str, dtype: Dtype, bytes: &[u8]| {
            views.push((name.to_owned(), dtype, bytes.to_vec()));
        };
        for (block, vocabulary) in [("words", words), ("chars", chars)] {
            let (bytes, offsets, slots) = vocabulary.tensors();
            add(&format!("{block}.bytes"), Dtype::U8, bytes);
            add(&format!("{block}.offsets"), Dtype::U32, bytemuck::cast_slice(offsets));
            add(&format!("{block}.slots"), Dtype::U32, bytemuck::cast_slice(slots));
        }
        add("idf", Dtype::F32, bytemuck::cast_slice(idf));
        let linear = |name: &str, linear: &Linear, add: &mut dyn FnMut(&str, Dtype, &[u8])| {
            let weights = bytemuck::cast_slice(&linear.weights);
            add(&format!("{name}.weights"), Dtype::F32, weights);
            let intercepts = bytemuck::cast_slice(&linear.intercepts);
            add(&format!("{name}.intercepts"), Dtype::F64, intercepts);
        };
        linear("frames", &self.frames, &mut add);
        add("frames.calibration", Dtype::F64, bytemuck::cast_slice(&calibration));
        add("frames.thresholds", Dtype::F64, bytemuck::cast_slice(thresholds));
        if let Some(stance) = &self.stance {
            linear("stances", &stance.linear, &mut add);
        }
        add(CHECKSUM, Dtype::U8, &[0; 4]);
        let views: Vec<(String, TensorView<'_>)> = views
            .iter()
            .map(|(name, dtype, bytes)| {
                let length = bytes.len() * 8 / dtype.bitsize();
                let view = TensorView::new(*dtype, vec![length], bytes);
                view.map(|view| (name.clone(), view))
            })
            .collect::<Result<_, _>>()
            .map_err(|error| Error::from(ErrorKind::Numeric(error.to_string())))?;
        // One entry only: the order of several would differ from run to run.
        let entries = HashMap::from([(ENTRY.to_owned(), json)]);
        let fail = |error: SafeTensorError| Error::from(ErrorKind::Numeric(error.to_string()));
        let mut bytes = safetensors::serialize(views, Some(entries)).map_err(fail)?;
        let (header_length, metadata) = SafeTensors::read_metadata(&bytes).map_err(fail)?;
        if let Some(range) = checksum_range(&metadata, header_length + 8) {
            let checksum = checksum(&bytes, &range);
            bytes[range].copy_from_slice(&checksum);
        }
        writer.write_all(&bytes).map_err(|error| Error::io(path, "write", error))
    }
}

/// Where the checksum of a file stands.
fn checksum_range(metadata: &Metadata, start: usize) -> Option<Range<usize>> {
    let info = metadata.info(CHECKSUM).filter(|info| info.dtype == Dtype::U8)?;
    let (from, to) = info.data_offsets;
    (to.checked_sub(from)? == 4).then_some(start.checked_add(from)?..start.checked_add(to)?)
}

/// That of a file in which it stands at `range`.
fn checksum(bytes: &[u8], range: &Range<usize>) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..range.start]);
    hasher.update(&[0; 4]);
    hasher.update(&bytes[range.end..]);
    hasher.finalize().to_le_bytes()
}

fn fault(path: &Path, problem: &str) -> Error {
    let remedy = "give a file written by `framescope train`";
    ErrorKind::Model { path: path.to_owned(), problem: problem.to_owned(), remedy }.into()
}

struct Tensors<'a> {
    storage: &'a Storage,
    metadata: &'a Metadata,
    /// Where the data behind the header start.
    start: usize,
}

impl Tensors<'_> {
    fn get<T: Pod>(&self, name: &str, dtype: Dtype) -> Result<Tensor<T>, String> {
        let info = self.metadata.info(name).filter(|info| info.dtype == dtype);
        let (from, to) = info.ok_or_else(|| format!("no `{name}`"))?.data_offsets;
        let range = self.start.checked_add(from).zip(self.start.checked_add(to));
        range
            .and_then(|(from, to)| Tensor::view(self.storage, from..to))
            .ok_or_else(|| format!("`{name}` lies outside the file"))
    }

    /// Whether the checksum is that of the file.
    fn checksum_holds(&self) -> bool {
        let range = checksum_range(self.metadata, self.start);
        let range = range.filter(|range| range.end <= self.storage.len());
        range.is_some_and(|range| checksum(self.storage, &range) == self.storage[range])
    }

    /// Whether values are to be looked at. Those of the built-in model were when the program was
    /// tested; to read all of its pages would take longer than to classify an article.
    fn are_checked(&self) -> bool {
        !matches!(self.storage, Storage::Embedded(_))
    }

    fn vocabulary(&self, block: &str) -> Result<Vocabulary, String> {
        Ok(Vocabulary::from_tensors(
            self.get(&format!("{block}.bytes"), Dtype::U8)?,
            self.get(&format!("{block}.offsets"), Dtype::U32)?,
            self.get(&format!("{block}.slots"), Dtype::U32)?,
            self.are_checked(),
        )?)
    }

    fn linear(&self, name: &str, columns: usize, outputs: usize) -> Result<Linear, String> {
        let linear = Linear {
            weights: self.get(&format!("{name}.weights"), Dtype::F32)?,
            intercepts: self.get(&format!("{name}.intercepts"), Dtype::F64)?,
        };
        match linear.fits(columns, outputs) && (!self.are_checked() || linear.is_finite()) {
            true => Ok(linear),
            false => Err(format!("the weights of the {name} do not fit")),
        }
    }
}

fn build(header: Header, tensors: &Tensors<'_>) -> Result<Classifier, String> {
    let Header { codebook, card, .. } = header;
    let (frames, stances) = (codebook.frames.len(), codebook.stances.len());
    let counts_fit = card.frame_counts.len() == frames
        && card.stance_counts.len() == frames
        && card.stance_counts.iter().all(|counts| counts.len() == stances)
        && card.c.len() == frames
        && card.calibrated.len() == frames;
    if frames == 0 || !counts_fit {
        return Err("its card does not fit its codebook".to_owned());
    }
    let tfidf = TfidfTensors {
        words: tensors.vocabulary("words")?,
        chars: tensors.vocabulary("chars")?,
        idf: tensors.get("idf", Dtype::F32)?,
    };
    let signals = match card.signals {
        true => SignalList::of_codebook(&codebook),
        false => Vec::new(),
    };
    let mut card = card;
    card.features = card.features.with_signals(signals);
    let tfidf = Tfidf::from_tensors(card.features.clone(), tfidf, tensors.are_checked())?;
    let columns = tfidf.columns();
    let lines = tensors.get::<f64>("frames.calibration", Dtype::F64)?;
    let thresholds = tensors.get::<f64>("frames.thresholds", Dtype::F64)?.to_vec();
    let finite = lines.iter().chain(&thresholds).all(|value| value.is_finite());
    if lines.len() != 2 * frames || thresholds.len() != frames || !finite {
        return Err("calibration and thresholds do not fit".to_owned());
    }
    let calibration = lines
        .chunks_exact(2)
        .map(|line| Calibration { slope: line[0], intercept: line[1] })
        .collect();
    let stance = match card.stance_c {
        None => None,
        Some(_) if stances == 0 => return Err("it has stance weights but no stances".to_owned()),
        Some(_) => {
            let linear = tensors.linear("stances", columns, frames * stances)?;
            let shares = stance_shares(&card.stance_counts, stances);
            Some(StanceModel { linear, stances, shares })
        }
    };
    let frames = tensors.linear("frames", columns, frames)?;
    Ok(Classifier { codebook, tfidf, frames, calibration, thresholds, stance, card })
}
