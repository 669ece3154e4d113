//! How much a memory still matters. Pure: what was given and the time in, a number out; nothing is changed
//! and nothing removed here.
//!
//! ```text
//! worth = least + (importance - least) · 2^(-age / life)
//! age   = now - the latest of: recorded, edited, recalled
//! life  = half-life of its kind · (1 + log2(1 + recalls) / 2)
//! least = importance / 10
//! ```
//!
//! So a worth halves in a half-life, starts anew when the memory is edited or recalled, and halves more
//! slowly the more often it was: three recalls double the half-life. It never falls under a tenth, so what
//! mattered much stays above what never did. A pinned memory keeps its importance.

use crate::model::Memory;
use keep_types::Timestamp;

/// Half-lives in days. What binds a project fades slowest, what happened or was to be done fastest.
const HALF_LIVES: &[(&str, f64)] = &[
    ("constraint", 730.0),
    ("decision", 730.0),
    ("architecture", 730.0),
    ("preference", 365.0),
    ("pattern", 365.0),
    ("reference", 365.0),
    ("entity", 365.0),
    ("bugfix", 180.0),
    ("insight", 180.0),
    ("event", 60.0),
    ("task", 30.0),
];
/// Of a kind of one's own.
const OTHER_DAYS: f64 = 180.0;
/// The part of its importance that a memory keeps.
const LEAST: f64 = 0.1;

/// In how many days a memory of this kind loses half of its worth, when nobody recalls it.
#[must_use]
pub fn half_life_days(kind: &str) -> f64 {
    HALF_LIVES.iter().find(|(known, _)| *known == kind).map_or(OTHER_DAYS, |(_, days)| *days)
}

/// What a worth follows from, without the text.
#[derive(Clone, Copy, Debug)]
pub struct Life<'k> {
    /// How much it was given.
    pub importance: u8,
    /// It does not fade.
    pub pinned: bool,
    /// Its kind's name.
    pub kind: &'k str,
    /// When it was last written, edited or recalled.
    pub last: Timestamp,
    /// How often it was recalled.
    pub recalls: u64,
}

impl Life<'_> {
    /// What it is worth at this moment: at most its importance, and at least a tenth of it.
    #[must_use]
    pub fn worth(&self, now: Timestamp) -> f64 {
        let importance = f64::from(self.importance);
        if self.pinned {
            return importance;
        }
        // A clock that was set back makes nothing worth more than it is.
        let age_days = (now.ms() - self.last.ms()).max(0) as f64 / 86_400_000.0;
        let life = half_life_days(self.kind) * (1.0 + (1.0 + self.recalls as f64).log2() / 2.0);
        let least = LEAST * importance;
        least + (importance - least) * (-age_days / life).exp2()
    }

    /// As how important recall counts it: its worth in whole numbers, at least one.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> u8 {
        (self.worth(now).round() as u8).clamp(1, self.importance.max(1))
    }
}

/// What a memory is worth at this moment.
#[must_use]
pub fn worth(memory: &Memory, now: Timestamp) -> f64 {
    let last = memory.recorded_at.max(memory.edited_at).max(memory.recalled_at.unwrap_or(memory.recorded_at));
    let (importance, pinned) = (memory.importance.get(), memory.pinned);
    Life { importance, pinned, kind: memory.kind.as_str(), last, recalls: memory.recalls }.worth(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portable::tests::memory;
    use keep_types::Duration;
    use proptest::prelude::*;

    fn fresh() -> Memory {
        Memory { pinned: false, recalls: 0, recalled_at: None, kind: "task".parse().unwrap(), ..memory(1) }
    }

    fn after(memory: &Memory, days: u64) -> f64 {
        worth(memory, memory.edited_at.plus(Duration::days(days)))
    }

    #[test]
    fn a_half_life_halves_what_can_be_lost() {
        let task = fresh();
        assert!((after(&task, 0) - 5.0).abs() < 1e-9);
        assert!((after(&task, 30) - 2.75).abs() < 1e-9);
        assert!((after(&task, 60) - 1.625).abs() < 1e-9);
        assert!((after(&task, 100_000) - 0.5).abs() < 1e-9);
        let own = Memory { kind: "recipe".parse().unwrap(), ..fresh() };
        assert!((after(&own, 180) - 2.75).abs() < 1e-9);
    }

    #[test]
    fn recalls_slow_it_and_a_pin_stops_it() {
        let recalled = Memory { recalls: 3, ..fresh() };
        assert!((after(&recalled, 60) - 2.75).abs() < 1e-9);
        let lately =
            Memory { recalls: 1, recalled_at: Some(fresh().edited_at.plus(Duration::days(30))), ..fresh() };
        assert!((after(&lately, 30) - 5.0).abs() < 1e-9);
        assert!((after(&Memory { pinned: true, ..fresh() }, 9_999) - 5.0).abs() < 1e-9);
        assert!((worth(&fresh(), Timestamp::from_ms(0)) - 5.0).abs() < 1e-9, "before it was written");
    }

    proptest! {
        #[test]
        fn it_only_falls_and_stays_in_its_bounds(days in 0u64..5_000, more in 0u64..5_000, recalls in 0u64..1_000_000, importance in 1u8..=10) {
            let memory = Memory { recalls, importance: importance.try_into().unwrap(), ..fresh() };
            let (now, later) = (after(&memory, days), after(&memory, days + more));
            prop_assert!(later <= now && now <= f64::from(importance) && later >= 0.1 * f64::from(importance) - 1e-9);
            let often = Memory { recalls: recalls + 1, ..memory.clone() };
            prop_assert!(after(&often, days) >= now);
        }
    }
}
