//! Asking the processor for memory before it is needed.

/// Starts to fetch the line of the processor's caches in which an element of `slice` lies, and goes
/// on without waiting. Does nothing for an index out of bounds or on another architecture.
///
/// A loop over some thirty look-ups in tables too large for the nearest caches first fetches all of
/// them, then reads them: the waits overlap however long the work on each is.
#[inline]
pub(super) fn prefetch<T>(slice: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(element) = slice.get(index) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction is part of every x86-64 processor, changes nothing but caches and
        // faults on no address; this one is that of a shared reference.
        #[expect(
            unsafe_code,
            reason = "15 % of the scorer's time; the language has no safe word for it"
        )]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(element).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slice, index);
}
