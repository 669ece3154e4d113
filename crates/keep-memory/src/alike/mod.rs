//! Memories that say nearly the same: found by their words and their vectors, and proposed as a plan. Pure:
//! nothing is merged here, and what a plan proposes is applied by somebody or not at all.
//!
//! Candidates come from hashes: of the words (minimum hashes in bands) and of the vector (its sign code in
//! bands), each with a limit on how many of one bucket are compared, so a hundred thousand memories take
//! seconds and not hours. Each pair is then judged by what is compared exactly: the words that both have,
//! the cosine, and where the two differ. A pair that differs in a number, a negation or one word is a
//! suspected contradiction and no duplicate; it is a hint for whoever decides.
//!
//! Where there are more than fit at once, each first leaves a print behind ([`Print`]); whatever may be alike
//! falls into one family ([`families`]), and families are then planned together, as many as fit.
//!
//! Only memories of the same namespace are compared. Nothing is proposed that would put a memory in the
//! place of one with higher trust or of a pinned one. A turn of a conversation is a record of what was said
//! and is compared with nothing.

mod candidates;
mod pair;
mod plan;
mod print;
mod words;

pub use plan::{Group, Hint, Plan, Step};
pub use print::{Print, families};

use crate::model::{Memory, Source};
use candidates::Candidates;
use keep_embed::{Quantised, SignCode};
use pair::{Judged, judge};
use words::Words;

/// A memory to be compared, with what the index has of it. The code and the vector are those of its own
/// text, or where the index mixes neighbours in, of that; they only help to find and to confirm.
#[derive(Clone, Copy, Debug)]
pub struct Item<'m> {
    /// The memory.
    pub memory: &'m Memory,
    /// The signs of its vector.
    pub code: SignCode,
    /// Its vector.
    pub vector: &'m Quantised,
}

/// What could be made simpler about these memories. The plan is the same whatever their order. What is
/// retired, in quarantine or a turn of a conversation is passed over.
#[must_use]
pub fn plan(items: &[Item<'_>]) -> Plan {
    let mut items: Vec<&Item<'_>> = items.iter().filter(|item| is_compared(item.memory)).collect();
    items.sort_by_key(|item| item.memory.id);
    items.dedup_by_key(|item| (item.memory.id, item.memory.namespace.clone()));
    let words: Vec<Words> = items.iter().map(|item| Words::of(&item.memory.text)).collect();
    let pairs = Candidates::new(&items, &words).pairs();
    let mut judged = Vec::new();
    for (a, b) in pairs {
        if items[a].memory.namespace == items[b].memory.namespace
            && let Some(found) = judge(items[a], &words[a], items[b], &words[b])
        {
            judged.push(Judged { a, b, found });
        }
    }
    plan::make(&items, &words, judged)
}

/// Whether a memory is compared with others.
pub(crate) fn is_compared(memory: &Memory) -> bool {
    let is_turn = matches!(memory.source, Source::Conversation { .. });
    memory.retired_at.is_none() && memory.quarantine.is_none() && !is_turn
}

#[cfg(test)]
mod tests;
