//! Signals that would end the program in the middle of its work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Signals that ask the program to end, noted instead of obeyed: whoever works looks here.
pub(super) struct Signals(Arc<AtomicUsize>);

impl Signals {
    /// Notes signals from now on. The second one ends the program at once, as the first would have.
    pub(super) fn note() -> Self {
        let (noted, again) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        for signal in [SIGINT, SIGTERM] {
            // In this order: what the first signal sets is found by the second. A signal that
            // cannot be noted ends the program as it always does.
            let _ = flag::register_conditional_default(signal, again.clone())
                .and_then(|_| flag::register(signal, again.clone()))
                .and_then(|_| flag::register_usize(signal, noted.clone(), signal as usize));
        }
        Signals(noted)
    }

    /// The number of the signal that came.
    pub(super) fn noted(&self) -> Option<u8> {
        u8::try_from(self.0.load(Ordering::Relaxed)).ok().filter(|&signal| signal > 0)
    }
}

/// A file that grows beyond a limit is to be an error of writing like any other, not the end of the
/// program.
pub(super) fn survive_size_limits() {
    // Where this fails all is as it was.
    #[cfg(unix)]
    let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}
