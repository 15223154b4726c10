//! Flat arrays that are owned, embedded in the program or mapped from a file.
//!
//! One of the two places of the crate with `unsafe`: mapping a file. The other is `features/prefetch.rs`.

use std::fmt;
use std::fs::File;
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::sync::Arc;

use bytemuck::Pod;

/// The bytes of a model file.
#[derive(Clone)]
pub(crate) enum Storage {
    /// Part of the program.
    Embedded(&'static [u8]),
    /// A mapped file.
    Mapped(Arc<memmap2::Mmap>),
}

impl Storage {
    /// Maps a file for reading.
    pub(crate) fn map(file: &File) -> std::io::Result<Self> {
        // SAFETY: the mapping is read-only, and every use of it treats the bytes as plain data:
        // numbers of which every bit pattern is valid, and text that is checked again wherever it
        // is used. Should another process change the file meanwhile, results are wrong, as with
        // any file that changes while it is read; should it cut the file short, the system stops
        // the program. framescope itself never writes into a model file: it renames a new one over
        // the old, and the mapping keeps the old one.
        #[expect(unsafe_code, reason = "mapping makes loading a model independent of its size")]
        let map = unsafe { memmap2::Mmap::map(file) }?;
        Ok(Storage::Mapped(Arc::new(map)))
    }
}

impl Deref for Storage {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Storage::Embedded(bytes) => bytes,
            Storage::Mapped(map) => map,
        }
    }
}

/// A flat array of plain numbers.
pub(crate) struct Tensor<T: Pod>(Repr<T>);

enum Repr<T: Pod> {
    Owned(Arc<Vec<T>>),
    /// `range` of `storage` is aligned for `T` and holds a whole number of them.
    Borrowed {
        storage: Storage,
        range: Range<usize>,
        of: PhantomData<T>,
    },
}

impl<T: Pod> Tensor<T> {
    /// A view into `storage`, or a copy where the bytes are not aligned for `T`.
    ///
    /// `None` when the range is out of bounds or no whole number of `T`.
    pub(crate) fn view(storage: &Storage, range: Range<usize>) -> Option<Self> {
        let bytes = storage.get(range.clone())?;
        if bytes.len() % size_of::<T>() != 0 {
            return None;
        }
        Some(Tensor(match bytemuck::try_cast_slice::<u8, T>(bytes) {
            Ok(_) => Repr::Borrowed { storage: storage.clone(), range, of: PhantomData },
            Err(_) => Repr::Owned(Arc::new(bytemuck::allocation::pod_collect_to_vec(bytes))),
        }))
    }
}

impl<T: Pod> Deref for Tensor<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Repr::Owned(values) => values,
            Repr::Borrowed { storage, range, .. } => bytemuck::cast_slice(&storage[range.clone()]),
        }
    }
}

impl<T: Pod> From<Vec<T>> for Tensor<T> {
    fn from(values: Vec<T>) -> Self {
        Tensor(Repr::Owned(Arc::new(values)))
    }
}

impl<T: Pod> Clone for Tensor<T> {
    fn clone(&self) -> Self {
        Tensor(match &self.0 {
            Repr::Owned(values) => Repr::Owned(values.clone()),
            Repr::Borrowed { storage, range, .. } => {
                Repr::Borrowed { storage: storage.clone(), range: range.clone(), of: PhantomData }
            }
        })
    }
}

impl<T: Pod> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({} values)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_checked_and_copied_where_unaligned() {
        #[repr(align(8))]
        struct Aligned([u8; 16]);
        static BYTES: Aligned = Aligned([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        let storage = Storage::Embedded(&BYTES.0);
        let view = |range| Tensor::<u32>::view(&storage, range);
        assert_eq!(&*view(0..8).unwrap(), [1, 2]);
        assert_eq!(&*view(1..9).unwrap(), [0x0200_0000, 0x0300_0000]);
        assert!(view(0..6).is_none());
        assert!(view(8..24).is_none());
    }
}
