use super::Item;
use super::words::Words;

/// The part of their words together that both have, from which on two texts are the same but for wording.
const SAME_WORDS: f32 = 0.8;
/// With vectors this near, so many will do.
const NEAR_COSINE: f32 = 0.92;
const NEAR_WORDS: f32 = 0.55;
/// One text holds the other when this part of its words is in it.
const HELD: f32 = 0.9;
/// Shorter texts are compared more strictly: everything holds three words.
const LEAST_STEMS: usize = 4;
/// The part of the words together that a short text has of one that says a little more.
const HELD_SHORT: f32 = 0.6;
/// Two texts speak of the same thing when half of their words are the same, and at least so many.
const SAME_SUBJECT: f32 = 0.5;
const LEAST_SHARED: usize = 2;

/// Words of which each says the opposite of the other, as stems.
const OPPOSITES: &[(&str, &str)] = &[
    ("on", "off"),
    ("enabl", "disabl"),
    ("true", "fals"),
    ("alway", "never"),
    ("allow", "deni"),
    ("allow", "forbid"),
    ("yes", "no"),
    ("accept", "reject"),
    ("public", "privat"),
    ("requir", "option"),
    ("mandatori", "option"),
    ("sync", "async"),
    ("add", "remov"),
    ("like", "dislik"),
    ("love", "hate"),
    ("start", "stop"),
    ("open", "close"),
    ("increas", "decreas"),
    ("old", "new"),
];

/// What two memories are to each other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// They say the same.
    Same { words: f32, cosine: f32 },
    /// The first holds all that the second says, and more.
    Holds { words: f32, cosine: f32 },
    /// The second holds the first.
    HeldBy { words: f32, cosine: f32 },
    /// They speak of the same and may not both be true.
    Against { why: &'static str },
}

/// A pair with its judgement.
pub(super) struct Judged {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) found: Found,
}

/// Judges a pair, if there is anything to say.
pub(super) fn judge(a: &Item<'_>, a_words: &Words, b: &Item<'_>, b_words: &Words) -> Option<Found> {
    let cosine = a.vector.dot(b.vector);
    if a_words.whole == b_words.whole {
        return (!a_words.stems.is_empty() || a.memory.text == b.memory.text)
            .then_some(Found::Same { words: 1.0, cosine });
    }
    let (both, only_a, only_b) = a_words.compare(b_words);
    let all = both + only_a.len() + only_b.len();
    let words = both as f32 / all.max(1) as f32;
    if words >= SAME_SUBJECT
        && both >= LEAST_SHARED
        && let Some(why) = against(a_words, &only_a, b_words, &only_b)
    {
        return Some(Found::Against { why });
    }
    let (a_count, b_count) = (a_words.stems.len(), b_words.stems.len());
    if a_count.min(b_count) < LEAST_STEMS {
        return short((a_words, &only_a), (b_words, &only_b), both).map(|so| so.found(words, cosine));
    }
    if words >= SAME_WORDS || cosine >= NEAR_COSINE && words >= NEAR_WORDS {
        return Some(Found::Same { words, cosine });
    }
    // What a text says with a number or a negation may be taken back by the other's.
    let part = both as f32 / a_count.min(b_count) as f32;
    if part >= HELD && a_words.negations.min(1) == b_words.negations.min(1) {
        return Some(if a_count >= b_count {
            Found::Holds { words: part, cosine }
        } else {
            Found::HeldBy { words: part, cosine }
        });
    }
    None
}

/// What two texts are to each other of which one has a few words only.
enum Short {
    Same,
    Turned,
    Holds,
    HeldBy,
}

impl Short {
    /// A short text that another holds is linked with it and not replaced: what is said of a case is not
    /// what was said of all of them. That is what a part of the words below one means.
    fn found(self, words: f32, cosine: f32) -> Found {
        match self {
            Self::Same => Found::Same { words, cosine },
            Self::Turned => Found::Against { why: "they have the same words in another order" },
            Self::Holds => Found::Holds { words, cosine },
            Self::HeldBy => Found::HeldBy { words, cosine },
        }
    }
}

fn short((a, only_a): (&Words, &[&str]), (b, only_b): (&Words, &[&str]), both: usize) -> Option<Short> {
    if both < LEAST_SHARED || a.negations.min(1) != b.negations.min(1) {
        return None;
    }
    let part = both as f32 / (both + only_a.len() + only_b.len()) as f32;
    match (only_a.is_empty(), only_b.is_empty()) {
        (true, true) if a.order == b.order => Some(Short::Same),
        (true, true) => Some(Short::Turned),
        (false, true) if part >= HELD_SHORT => Some(Short::Holds),
        (true, false) if part >= HELD_SHORT => Some(Short::HeldBy),
        _ => None,
    }
}

/// Why two texts about the same thing may not both be true.
fn against(a: &Words, only_a: &[&str], b: &Words, only_b: &[&str]) -> Option<&'static str> {
    let number = |words: &[&str]| words.iter().any(|word| word.bytes().any(|byte| byte.is_ascii_digit()));
    let opposite = OPPOSITES
        .iter()
        .any(|(x, y)| only_a.contains(x) && only_b.contains(y) || only_a.contains(y) && only_b.contains(x));
    if opposite {
        Some("one says the opposite of a word of the other")
    } else if number(only_a) && number(only_b) {
        Some("they differ in a number")
    } else if (a.negations == 0) != (b.negations == 0) {
        Some("one says no where the other does not")
    } else if only_a.len() == 1 && only_b.len() == 1 {
        Some("they differ in one word")
    } else {
        None
    }
}
