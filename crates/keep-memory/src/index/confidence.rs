//! How likely it is that anything found answers the question.

use super::search::Found;

/// A number from 0 to 1.
pub(super) fn confidence(found: &[Found]) -> f32 {
    found.first().map_or(0.0, |best| (best.score / 2.0).clamp(0.0, 1.0))
}
