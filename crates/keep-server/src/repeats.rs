//! Requests that are sent again because their answer was lost. With the same key of the same principal, what
//! was done is answered again and not done again. Whole answers are kept here, in memory; that a request was
//! begun and done is on disk and outlives the server.

use keep_types::{Digest, Duration, Principal, Timestamp};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers that are kept; the oldest goes first.
const MOST: usize = 1_024;
/// A longer answer is not kept, so that all of them together stay small. Those of changes are short.
const MOST_ANSWER_BYTES: usize = 32 << 10;
/// Who sends again does so soon.
const LASTS: Duration = Duration::from_ms(24 * 3_600_000);
/// The longest key: a random id with room to spare.
const MOST_KEY_BYTES: usize = 128;

/// What was answered to which key.
#[derive(Clone, Default)]
pub(crate) struct Repeats(Arc<Mutex<HashMap<(Principal, String), Kept>>>);

struct Kept {
    request: Digest,
    at: Timestamp,
    /// None while it is being done.
    answer: Option<Vec<u8>>,
}

/// How a request with a key stands.
pub(crate) enum Standing {
    /// It was not seen before: do it, and say what came of it.
    Fresh(Doing),
    /// It was done, and this was the answer.
    Done(Vec<u8>),
    /// It is being done at this moment.
    Running,
    /// The key was used for another request.
    Another,
}

/// A request that is being done. Unless it is done when this goes, nothing is known of it here any more.
pub(crate) struct Doing {
    repeats: Repeats,
    key: (Principal, String),
}

/// Whether a key is one: short, visible text.
pub(crate) fn is_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= MOST_KEY_BYTES && text.bytes().all(|b| b.is_ascii_graphic())
}

impl Repeats {
    pub(crate) fn begin(&self, who: &Principal, key: &str, request: Digest, now: Timestamp) -> Standing {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, kept| kept.answer.is_none() || now < kept.at.plus(LASTS));
        if all.len() >= MOST {
            let done = all.iter().filter(|(_, kept)| kept.answer.is_some());
            let oldest = done.min_by_key(|(_, kept)| kept.at).map(|(key, _)| key.clone());
            oldest.map(|key| all.remove(&key));
        }
        let key = (who.clone(), key.to_owned());
        match all.entry(key.clone()) {
            Entry::Vacant(place) => {
                place.insert(Kept { request, at: now, answer: None });
                Standing::Fresh(Doing { repeats: self.clone(), key })
            }
            Entry::Occupied(kept) => match kept.get() {
                kept if kept.request != request => Standing::Another,
                Kept { answer: Some(answer), .. } => Standing::Done(answer.clone()),
                Kept { answer: None, .. } => Standing::Running,
            },
        }
    }
}

impl Doing {
    /// It was done, and this is the answer.
    pub(crate) fn done(self, answer: &[u8]) {
        if answer.len() <= MOST_ANSWER_BYTES {
            let mut all = self.repeats.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(kept) = all.get_mut(&self.key) {
                kept.answer = Some(answer.to_owned());
            }
        }
    }
}

impl Drop for Doing {
    fn drop(&mut self) {
        let mut all = self.repeats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(&self.key).is_some_and(|kept| kept.answer.is_none()) {
            all.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_answered_again() {
        let (repeats, who) = (Repeats::default(), Principal::unknown_agent());
        let now = Timestamp::from_ms(0);
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let Standing::Fresh(doing) = repeats.begin(&who, "k", one, now) else { panic!("it is fresh") };
        assert!(matches!(repeats.begin(&who, "k", one, now), Standing::Running));
        drop(doing);
        let Standing::Fresh(doing) = repeats.begin(&who, "k", one, now) else { panic!("it failed before") };
        doing.done(b"answer");
        assert!(matches!(repeats.begin(&who, "k", one, now), Standing::Done(answer) if answer == b"answer"));
        assert!(matches!(repeats.begin(&who, "k", other, now), Standing::Another));
        let another: Principal = "agent:other".parse().unwrap();
        assert!(
            matches!(repeats.begin(&another, "k", one, now), Standing::Fresh(_)),
            "a key is its principal's"
        );
        assert!(matches!(repeats.begin(&who, "k", one, now.plus(LASTS)), Standing::Fresh(_)));
    }

    #[test]
    fn they_stay_few() {
        let (repeats, who) = (Repeats::default(), Principal::unknown_agent());
        for n in 0..2 * MOST as i64 {
            let now = Timestamp::from_ms(n);
            let standing = repeats.begin(&who, &n.to_string(), Digest::of(b""), now);
            let Standing::Fresh(doing) = standing else { panic!("each key is new") };
            doing.done(b"x");
        }
        assert!(repeats.0.lock().unwrap().len() <= MOST);
    }

    #[test]
    fn keys_are_short_and_visible() {
        for (key, want) in [("a", true), ("", false), ("a b", false), ("ä", false), (&"x".repeat(129), false)]
        {
            assert_eq!(is_key(key), want, "{key}");
        }
    }
}
