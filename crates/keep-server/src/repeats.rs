//! Requests that are sent again because their answer was lost. With the same key of the same principal, what
//! was done is answered again and not done again. Whole answers are kept here, in memory; that a request was
//! begun and done is on disk and outlives the server.

use keep_app::RequestKey;
use keep_types::{Digest, Duration, Timestamp};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers that are kept of one principal; its oldest goes first, and nobody else's.
const MOST: usize = 128;
/// A longer answer is not kept, so that all of them together stay small. Those of changes are short.
const MOST_ANSWER_BYTES: usize = 32 << 10;
/// Who sends again does so soon; a text that was answered may be forgotten before long.
const LASTS: Duration = Duration::from_ms(10 * 60_000);
/// The longest key: a random id with room to spare.
const MOST_KEY_BYTES: usize = 128;

/// What was answered to which key.
#[derive(Clone, Default)]
pub(crate) struct Repeats(Arc<Mutex<HashMap<RequestKey, Kept>>>);

struct Kept {
    request: Digest,
    at: Timestamp,
    /// None while it is being done.
    answer: Option<Vec<u8>>,
}

/// How a request with a key stands.
pub(crate) enum Standing {
    /// Nothing is known of it here: look on the disk.
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
    key: RequestKey,
}

/// Whether a key is one: short, visible text.
pub(crate) fn is_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= MOST_KEY_BYTES && text.bytes().all(|b| b.is_ascii_graphic())
}

impl Repeats {
    pub(crate) fn begin(&self, key: &RequestKey, request: Digest, now: Timestamp) -> Standing {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, kept| kept.answer.is_none() || now < kept.at.plus(LASTS));
        let own = |known: &RequestKey| known.principal() == key.principal();
        if all.keys().filter(|known| own(known)).count() >= MOST {
            let done = all.iter().filter(|(known, kept)| own(known) && kept.answer.is_some());
            let oldest = done.min_by_key(|(_, kept)| kept.at).map(|(known, _)| known.clone());
            oldest.map(|oldest| all.remove(&oldest));
        }
        match all.entry(key.clone()) {
            Entry::Vacant(place) => {
                place.insert(Kept { request, at: now, answer: None });
                Standing::Fresh(Doing { repeats: self.clone(), key: key.clone() })
            }
            Entry::Occupied(kept) => match kept.get() {
                kept if kept.request != request => Standing::Another,
                Kept { answer: Some(answer), .. } => Standing::Done(answer.clone()),
                Kept { answer: None, .. } => Standing::Running,
            },
        }
    }

    /// Keeps no answer any more: what they say was forgotten. That the requests were done stays known.
    pub(crate) fn forget_answers(&self) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, kept| kept.answer.is_none());
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
    use crate::guard::as_person;

    fn key(who: &str, key: &str) -> RequestKey {
        RequestKey::new(&as_person(who.parse().unwrap()), key)
    }

    fn done(repeats: &Repeats, key: &RequestKey, at: i64) {
        let Standing::Fresh(doing) = repeats.begin(key, Digest::of(b"one"), Timestamp::from_ms(at)) else {
            panic!("it is known")
        };
        doing.done(b"answer");
    }

    #[test]
    fn what_was_done_is_answered_again() {
        let (repeats, key) = (Repeats::default(), key("user:ann", "k"));
        let now = Timestamp::from_ms(0);
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let Standing::Fresh(doing) = repeats.begin(&key, one, now) else { panic!("it is fresh") };
        assert!(matches!(repeats.begin(&key, one, now), Standing::Running));
        drop(doing);
        done(&repeats, &key, 0);
        assert!(matches!(repeats.begin(&key, one, now), Standing::Done(answer) if answer == b"answer"));
        assert!(matches!(repeats.begin(&key, other, now), Standing::Another));
        assert!(matches!(repeats.begin(&key, one, now.plus(LASTS)), Standing::Fresh(_)));
        done(&repeats, &key, 1);
        repeats.forget_answers();
        assert!(matches!(repeats.begin(&key, one, now.plus(Duration::from_ms(1))), Standing::Fresh(_)));
    }

    #[test]
    fn they_stay_few_and_nobodys_push_out_anothers() {
        let repeats = Repeats::default();
        done(&repeats, &key("user:ann", "mine"), 0);
        for n in 0..2 * MOST as i64 {
            done(&repeats, &key("user:ben", &n.to_string()), n);
        }
        assert_eq!(repeats.0.lock().unwrap().len(), MOST + 1);
        let now = Timestamp::from_ms(2 * MOST as i64);
        let mine = repeats.begin(&key("user:ann", "mine"), Digest::of(b"one"), now);
        assert!(matches!(mine, Standing::Done(_)));
    }

    #[test]
    fn keys_are_short_and_visible() {
        for (key, want) in [("a", true), ("", false), ("a b", false), ("ä", false), (&"x".repeat(129), false)]
        {
            assert_eq!(is_key(key), want, "{key}");
        }
    }
}
