//! Moments as people type them: a day, a moment, or how long ago or from now.

use keep_types::{Duration, Timestamp};
use std::str::FromStr;

/// Text that is neither.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no moment; use a day (2026-11-21), a moment (2026-11-21T09:30:00Z) or a span (7d)")]
pub(crate) struct MomentError(String);

/// A moment, or a span back from now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ago(pub(crate) Timestamp);

/// A moment, or a span from now on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ahead(pub(crate) Timestamp);

fn parsed(text: &str, moved: fn(Timestamp, Duration) -> Timestamp) -> Result<Timestamp, MomentError> {
    if let Ok(span) = text.parse::<Duration>() {
        return Ok(moved(now(), span));
    }
    text.parse()
        .or_else(|_| format!("{text}T00:00:00Z").parse())
        .map_err(|_| MomentError(text.chars().take(80).collect()))
}

/// The time, for words that are relative to it.
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl FromStr for Ago {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        parsed(text, Timestamp::minus).map(Self)
    }
}

impl FromStr for Ahead {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        parsed(text, Timestamp::plus).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ago, Ahead};

    #[test]
    fn days_moments_and_spans() {
        let day: Ago = "2026-11-21".parse().unwrap();
        assert_eq!(day.0.to_string(), "2026-11-21T00:00:00.000Z");
        let moment: Ahead = "2026-11-21T09:30:00Z".parse().unwrap();
        assert_eq!(moment.0.to_string(), "2026-11-21T09:30:00.000Z");
        let (back, on): (Ago, Ahead) = ("7d".parse().unwrap(), "7d".parse().unwrap());
        assert!(on.0.ms() - back.0.ms() >= 14 * 24 * 3_600_000);
        for wrong in ["", "soon", "2026-13-01", "7 d", "2026-11-21 9:30"] {
            assert!(wrong.parse::<Ago>().is_err(), "{wrong}");
        }
    }
}
