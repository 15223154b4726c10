//! Tests of differences, corrected for their number.

use super::shares::Estimates;
use super::{Correction, Family, FrameComparison};
use crate::stats::{Value, benjamini_hochberg, holm};

/// Corrects the p-values of all differences as one family; `None` where nothing was tested.
pub(super) fn test(of: &Estimates<'_>, frames: &mut [FrameComparison]) -> Option<Family> {
    let all = || frames.iter().flat_map(|frame| &frame.differences);
    let p_values: Vec<Value> = all().map(|difference| difference.p).collect();
    if p_values.is_empty() {
        return None;
    }
    let mut quantities: Vec<&str> = Vec::new();
    for difference in all() {
        if !quantities.contains(&difference.quantity.as_str()) {
            quantities.push(&difference.quantity);
        }
    }
    let of_frames = match frames.len() {
        1 => "the frame".to_owned(),
        count => format!("{count} frames"),
    };
    let description = format!(
        "{} of {of_frames}, between all pairs of {} groups",
        quantities.join(" and "),
        of.results.groups()
    );
    let correction = of.options.correction;
    let adjusted = match correction {
        Correction::Holm => holm(&p_values),
        Correction::BenjaminiHochberg => benjamini_hochberg(&p_values),
    };
    let differences = frames.iter_mut().flat_map(|frame| &mut frame.differences);
    differences.zip(adjusted).for_each(|(difference, p)| difference.p_adjusted = p);
    let tests = p_values.iter().filter(|p| p.is_ok()).count();
    Some(Family { tests, correction, description, naive: of.coded.is_none() })
}
