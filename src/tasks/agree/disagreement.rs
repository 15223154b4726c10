//! Where coders disagree, the gravest cases first.

use super::Codings;
use crate::stats::{Weights, disagreement_shares};

/// A sentence on which coders disagree about a frame, or about the stance towards it.
#[derive(Debug, Clone, PartialEq)]
pub struct Disagreement {
    /// The frame; with ` (stance)` behind it where those who gave it took different stances.
    pub label: String,
    /// The sentence, as an index into [`Codings::units`].
    pub unit: usize,
    /// Its share in the observed disagreement of the alpha of the frame, or of the stance given it.
    pub share: f64,
}

impl Codings {
    /// Every sentence and frame that coders disagree on, by its share in the disagreement that
    /// alpha counts: settling the first ones raises alpha most. Equal shares keep their order.
    pub fn disagreements(&self) -> Vec<Disagreement> {
        let mut all = Vec::new();
        for (frame, entry) in self.codebook.frames.iter().enumerate() {
            let stance = (format!("{} (stance)", entry.name), self.stance_table(frame));
            for (label, table) in [(entry.name.clone(), self.frame_table(frame)), stance] {
                let shares = disagreement_shares(&table, &Weights::identity(table.values));
                let graver = shares.into_iter().enumerate().filter(|(_, share)| *share > 0.0);
                let label = &label;
                all.extend(graver.map(|(unit, share)| Disagreement {
                    label: label.clone(),
                    unit,
                    share,
                }));
            }
        }
        all.sort_by(|a, b| b.share.total_cmp(&a.share));
        all
    }
}
