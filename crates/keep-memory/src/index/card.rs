//! What is known of one memory beside its words and its vector, in a fixed width.

use super::Place;
use super::entry::Standing;
use crate::model::{Kind, Validity};
use crate::rank::Day;
use keep_types::{Timestamp, Trust};

/// No neighbour.
pub(super) const NOBODY: Place = Place::MAX;
/// No speaker.
pub(super) const UNSAID: u16 = u16::MAX;
/// No moment.
const NEVER: i64 = i64::MIN;

/// There is a memory here.
pub(super) const LIVE: u8 = 1;
/// It is kept from being recalled.
pub(super) const HELD: u8 = 2;
/// It has times of its own beside the card.
pub(super) const TIMED: u8 = 4;
/// It is pinned.
pub(super) const PINNED: u8 = 8;
/// It asks something.
pub(super) const ASKS: u8 = 16;
/// It speaks of a time.
pub(super) const SPEAKS_OF_TIME: u8 = 32;

/// A card. Without [`LIVE`] nothing in it says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) before: Place,
    pub(super) after: Place,
    pub(super) recorded: i64,
    pub(super) said: i64,
    /// A hash of the kind's name; there is no list of kinds to keep.
    pub(super) kind: u32,
    pub(super) length: u16,
    pub(super) speaker: u16,
    pub(super) flags: u8,
    pub(super) trust: u8,
    pub(super) importance: u8,
    pub(super) embedder: u8,
}

impl Card {
    /// How long one is in a leaf.
    pub(super) const BYTES: usize = 36;
    /// Where in that its length stands.
    pub(super) const LENGTH_AT: usize = 28;

    /// No memory.
    pub(super) const EMPTY: Self = Self {
        before: NOBODY,
        after: NOBODY,
        recorded: 0,
        said: NEVER,
        kind: 0,
        length: 0,
        speaker: UNSAID,
        flags: 0,
        trust: 0,
        importance: 0,
        embedder: 0,
    };

    pub(super) fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn set(&mut self, flag: u8, on: bool) {
        self.flags = if on { self.flags | flag } else { self.flags & !flag };
    }

    /// Takes over how the memory stands, but for the times that are not on the card.
    pub(super) fn stand(&mut self, standing: &Standing) {
        self.kind = kind_number(&standing.kind);
        self.trust = trust_number(standing.trust);
        self.importance = standing.importance;
        self.recorded = standing.recorded_at.ms();
        self.set(HELD, standing.held);
        self.set(PINNED, standing.pinned);
        self.set(TIMED, !Times::of(standing).is_empty());
    }

    pub(super) fn recorded(&self) -> Timestamp {
        Timestamp::from_ms(self.recorded)
    }

    pub(super) fn set_said(&mut self, said: Option<Timestamp>) {
        self.said = said.map_or(NEVER, Timestamp::ms);
    }

    pub(super) fn said(&self) -> Option<Timestamp> {
        (self.said != NEVER).then(|| Timestamp::from_ms(self.said))
    }

    /// The day on which it was said, where that is known.
    pub(super) fn day(&self) -> Option<Day> {
        day_of(self.said()?)
    }

    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        out.extend(self.before.to_le_bytes());
        out.extend(self.after.to_le_bytes());
        out.extend(self.recorded.to_le_bytes());
        out.extend(self.said.to_le_bytes());
        out.extend(self.kind.to_le_bytes());
        out.extend(self.length.to_le_bytes());
        out.extend(self.speaker.to_le_bytes());
        out.extend([self.flags, self.trust, self.importance, self.embedder]);
    }

    pub(super) fn read(bytes: &[u8; Self::BYTES]) -> Self {
        let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let eight = |at: usize| i64::from_le_bytes(std::array::from_fn(|n| bytes[at + n]));
        let two = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        Self {
            before: u32::from_le_bytes(four(0)),
            after: u32::from_le_bytes(four(4)),
            recorded: eight(8),
            said: eight(16),
            kind: u32::from_le_bytes(four(24)),
            length: two(Self::LENGTH_AT),
            speaker: two(30),
            flags: bytes[32],
            trust: bytes[33],
            importance: bytes[34],
            embedder: bytes[35],
        }
    }
}

/// The day of a moment, in UTC as everything here.
pub(super) fn day_of(moment: Timestamp) -> Option<Day> {
    let moment = jiff::Timestamp::from_millisecond(moment.ms()).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(moment).date())
}

/// A number that stands for a kind. Two names may share one in four thousand million pairs, and whoever
/// reads the memory afterwards sees its kind.
pub(super) fn kind_number(kind: &Kind) -> u32 {
    kind.as_str().bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Trust as a number that has its order.
pub(super) fn trust_number(trust: Trust) -> u8 {
    match trust {
        Trust::Document => 0,
        Trust::Tool => 1,
        Trust::Agent => 2,
        Trust::User => 3,
    }
}

/// The times that few memories have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) retired: Option<Timestamp>,
    pub(super) valid: Validity,
    pub(super) expires: Option<Timestamp>,
}

impl Times {
    /// How long they are in a leaf.
    pub(super) const BYTES: usize = 32;

    pub(super) fn of(standing: &Standing) -> Self {
        Self { retired: standing.retired_at, valid: standing.valid, expires: standing.expires_at }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        for time in [self.retired, self.valid.from, self.valid.to, self.expires] {
            out.extend(time.map_or(NEVER, Timestamp::ms).to_le_bytes());
        }
    }

    pub(super) fn read(bytes: &[u8; Self::BYTES]) -> Self {
        let (words, _) = bytes.as_chunks::<8>();
        let time = |at: usize| {
            let ms = i64::from_le_bytes(words[at]);
            (ms != NEVER).then(|| Timestamp::from_ms(ms))
        };
        Self { retired: time(0), valid: Validity { from: time(1), to: time(2) }, expires: time(3) }
    }
}
