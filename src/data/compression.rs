//! Compressed files, expanded while they are read and compressed while they are written.

use std::borrow::Cow;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// A stream may hold so many times its own size. Text is compressed to a tenth, a monotonous table
/// to a hundredth; gzip reaches a thousandth with one byte over and over.
const MOST_EXPANSION: u64 = 500;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}

impl Compression {
    /// The compression that a file's ending says.
    pub fn of_path(path: &Path) -> Option<Self> {
        let ending = path.extension()?;
        [Compression::Gzip, Compression::Zstd]
            .into_iter()
            .find(|compression| ending.eq_ignore_ascii_case(compression.ending()))
    }

    /// The compression that the first bytes of a file say.
    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Compression::Gzip),
            // A frame, or one to skip, with which some programs begin.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Some(Compression::Zstd)
            }
            _ => None,
        }
    }

    /// The ending of its files, without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Compression::Gzip => "gz",
            Compression::Zstd => "zst",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        }
    }
}

/// A path without the ending that says how the file is compressed.
pub fn uncompressed_path(path: &Path) -> Cow<'_, Path> {
    match Compression::of_path(path) {
        Some(_) => Cow::Owned(path.with_extension("")),
        None => Cow::Borrowed(path),
    }
}

/// The name of a file without its endings: that of its compression, and that of its format.
pub(crate) fn stem(path: &Path) -> String {
    let plain: PathBuf = uncompressed_path(path).into_owned();
    plain.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Expands what is compressed and hands on what is not. `named`: the compression that the file's
/// ending says. From `free` bytes on, a stream that expands more than anything people wrote is an
/// error.
pub(super) fn expand<'r>(
    mut reader: Box<dyn Read + Send + 'r>,
    named: Option<Compression>,
    free: u64,
) -> io::Result<Box<dyn Read + Send + 'r>> {
    let mut head = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut head)?;
    let found = Compression::of_bytes(&head);
    let reader = io::Cursor::new(head).chain(reader);
    let counted = Counted { reader, read: 0 };
    let stream = match (found, named) {
        (None, None) => return Ok(Box::new(counted.reader)),
        (None, Some(named)) => return Err(misnamed(named)),
        (Some(Compression::Gzip), _) => Stream::Gzip(MultiGzDecoder::new(counted)),
        (Some(Compression::Zstd), _) => Stream::Zstd(zstd::Decoder::new(counted)?),
    };
    Ok(Box::new(Expander { stream, expanded: 0, free }))
}

/// [`expand`] for bytes that are all there.
pub(super) fn expand_whole(
    bytes: &mut Vec<u8>,
    named: Option<Compression>,
    free: u64,
) -> io::Result<()> {
    if Compression::of_bytes(bytes).or(named).is_some() {
        let compressed = std::mem::take(bytes);
        expand(Box::new(&compressed[..]), named, free)?.read_to_end(bytes)?;
    }
    Ok(())
}

fn misnamed(named: Compression) -> io::Error {
    let (ending, name) = (named.ending(), named.name());
    let problem = format!("its name ends in .{ending}, but it holds no {name} data");
    io::Error::new(io::ErrorKind::InvalidData, format!("{problem}; rename it or copy it again"))
}

/// Counts what is read.
struct Counted<R> {
    reader: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

enum Stream<R: Read> {
    Gzip(MultiGzDecoder<Counted<R>>),
    Zstd(zstd::Decoder<'static, BufReader<Counted<R>>>),
}

/// A compressed stream.
struct Expander<R: Read> {
    stream: Stream<R>,
    expanded: u64,
    free: u64,
}

impl<R: Read> Expander<R> {
    fn compression(&self) -> Compression {
        match self.stream {
            Stream::Gzip(_) => Compression::Gzip,
            Stream::Zstd(_) => Compression::Zstd,
        }
    }

    /// How many compressed bytes were read.
    fn compressed(&self) -> u64 {
        match &self.stream {
            Stream::Gzip(stream) => stream.get_ref().read,
            Stream::Zstd(stream) => stream.get_ref().get_ref().read,
        }
    }

    fn fault(&self, source: io::Error) -> io::Error {
        // The system could not read, or asks to try again.
        if source.raw_os_error().is_some() || source.kind() == io::ErrorKind::Interrupted {
            return source;
        }
        let name = self.compression().name();
        let problem = match source.kind() {
            io::ErrorKind::UnexpectedEof => format!("the {name} data end too soon"),
            _ => format!("the {name} data are damaged ({source})"),
        };
        io::Error::new(io::ErrorKind::InvalidData, format!("{problem}; copy the file again"))
    }
}

impl<R: Read> Read for Expander<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.stream {
            Stream::Gzip(stream) => stream.read(buffer),
            Stream::Zstd(stream) => stream.read(buffer),
        };
        let read = read.map_err(|source| self.fault(source))?;
        self.expanded += read as u64;
        if self.expanded > self.free && self.expanded / MOST_EXPANSION > self.compressed() {
            let name = self.compression().name();
            let problem =
                format!("the {name} data expand to more than {MOST_EXPANSION} times their size");
            let remedy = "this is no text that people wrote; expand the file first if it is";
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{problem}; {remedy}")));
        }
        Ok(read)
    }
}

/// Writes a stream, compressed or as it is. The same bytes give the same file: no time or name is
/// written.
pub(super) enum Compressor<W: Write> {
    Plain(BufWriter<W>),
    Gzip(GzEncoder<BufWriter<W>>),
    Zstd(zstd::Encoder<'static, BufWriter<W>>),
}

impl<W: Write> Compressor<W> {
    pub(super) fn new(writer: W, compression: Option<Compression>) -> io::Result<Self> {
        let writer = BufWriter::with_capacity(1 << 16, writer);
        Ok(match compression {
            None => Compressor::Plain(writer),
            Some(Compression::Gzip) => {
                Compressor::Gzip(GzEncoder::new(writer, flate2::Compression::default()))
            }
            Some(Compression::Zstd) => {
                let mut encoder = zstd::Encoder::new(writer, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                encoder.include_checksum(true)?;
                Compressor::Zstd(encoder)
            }
        })
    }

    /// Ends the stream and hands back what it was written to.
    pub(super) fn finish(self) -> io::Result<W> {
        let writer = match self {
            Compressor::Plain(writer) => writer,
            Compressor::Gzip(encoder) => encoder.finish()?,
            Compressor::Zstd(encoder) => encoder.finish()?,
        };
        writer.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Compressor::Plain(writer) => writer.write(bytes),
            Compressor::Gzip(encoder) => encoder.write(bytes),
            Compressor::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Compressor::Plain(writer) => writer.flush(),
            Compressor::Gzip(encoder) => encoder.flush(),
            Compressor::Zstd(encoder) => encoder.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Compression; 2] = [Compression::Gzip, Compression::Zstd];

    fn compressed(bytes: &[u8], compression: Compression) -> Vec<u8> {
        let mut compressor = Compressor::new(Vec::new(), Some(compression)).unwrap();
        compressor.write_all(bytes).unwrap();
        compressor.finish().unwrap()
    }

    fn expanded(mut bytes: Vec<u8>, named: Option<Compression>) -> Result<Vec<u8>, String> {
        match expand_whole(&mut bytes, named, 1 << 20) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn streams_are_known_by_their_first_bytes_and_may_be_several() {
        for compression in BOTH {
            let two = [compressed(b"Exports ", compression), compressed(b"rose.", compression)];
            assert_eq!(expanded(two.concat(), None).unwrap(), b"Exports rose.");
        }
        assert_eq!(expanded(b"plain".to_vec(), None).unwrap(), b"plain");
        let message = expanded(b"plain".to_vec(), Some(Compression::Gzip)).unwrap_err();
        assert!(message.contains("holds no gzip data"), "{message}");
    }

    #[test]
    fn damage_and_loss_are_told() {
        for compression in BOTH {
            let whole = compressed(&b"Exports rose once more. ".repeat(100), compression);
            for cut in 4..whole.len() {
                let message = expanded(whole[..cut].to_vec(), None).unwrap_err();
                assert!(message.contains("end too soon"), "{cut}: {message}");
            }
            let mut damaged = whole.clone();
            let at = damaged.len() - 6;
            damaged[at] ^= 0xff;
            let message = expanded(damaged, None).unwrap_err();
            assert!(message.contains("data are damaged"), "{message}");
        }
    }

    #[test]
    fn what_expands_beyond_all_text_is_refused() {
        for compression in BOTH {
            let zeros = compressed(&vec![0; 4 << 20], compression);
            let message = expanded(zeros, None).unwrap_err();
            assert!(message.contains("more than 500 times their size"), "{message}");
        }
    }

    #[test]
    fn endings_of_compression_come_off() {
        assert_eq!(uncompressed_path(Path::new("a/b.csv.GZ")), Path::new("a/b.csv"));
        assert_eq!(stem(Path::new("a/b.csv.zst")), "b");
        assert_eq!(stem(Path::new("a/b.c.csv")), "b.c");
    }
}
