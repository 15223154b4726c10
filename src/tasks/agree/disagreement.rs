//! Where coders disagree, the gravest cases first.

use super::Codings;
use crate::stats::{Weights, disagreement_shares};

/// A sentence on which coders disagree about a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Disagreement {
    /// The frame.
    pub label: String,
    /// The sentence, as an index into [`Codings::units`].
    pub unit: usize,
    /// Its share in the observed disagreement of the frame's alpha.
    pub share: f64,
}

impl Codings {
    /// Every sentence and frame that coders disagree on, by its share in the disagreement that
    /// alpha counts: settling the first ones raises alpha most. Equal shares keep their order.
    pub fn disagreements(&self) -> Vec<Disagreement> {
        let mut all = Vec::new();
        for (frame, entry) in self.codebook.frames.iter().enumerate() {
            let shares = disagreement_shares(&self.frame_table(frame), &Weights::identity(2));
            let graver = shares.into_iter().enumerate().filter(|(_, share)| *share > 0.0);
            all.extend(graver.map(|(unit, share)| Disagreement {
                label: entry.name.clone(),
                unit,
                share,
            }));
        }
        all.sort_by(|a, b| b.share.total_cmp(&a.share));
        all
    }
}
