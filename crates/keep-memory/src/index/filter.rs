//! Which memories may be found.

use super::cache::View;
use super::card::{self, Card, HELD, LIVE, TIMED};
use super::{LEAF, Place, SpaceId};
use crate::model::Kind;
use keep_types::{Timestamp, Trust};
use std::collections::BTreeMap;

/// What narrows a search. The default admits all that is recalled today.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// Only these kinds; all where there are none.
    pub kinds: Vec<Kind>,
    /// Only what may be believed at least so far.
    pub least_trust: Option<Trust>,
    /// Only what was said or happened in this span; what has no such time counts as of when it was recorded.
    pub said: Span,
    /// Only what was recorded in this span.
    pub recorded: Span,
    /// The moment as of which is asked.
    pub as_of: AsOf,
    /// Also what is kept from being recalled.
    pub include_held: bool,
    /// Only these places, sorted, in each space; spaces that are not named have none.
    pub only: Option<BTreeMap<SpaceId, Vec<Place>>>,
}

/// From a moment on, until before another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// From when on.
    pub from: Option<Timestamp>,
    /// Before when.
    pub to: Option<Timestamp>,
}

impl Span {
    fn holds(&self, moment: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= moment) && self.to.is_none_or(|to| moment < to)
    }
}

/// A past moment on either axis; now where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsOf {
    /// What was on record then.
    pub recorded: Option<Timestamp>,
    /// What was true then.
    pub valid: Option<Timestamp>,
}

/// The filters, worked out for one search.
pub(super) struct Admission<'q> {
    filters: &'q Filters,
    kinds: Vec<u32>,
    least_trust: u8,
    now: Timestamp,
    /// Nothing but the default is asked for.
    plain: bool,
}

impl<'q> Admission<'q> {
    pub(super) fn new(filters: &'q Filters, now: Timestamp) -> Self {
        let plain = filters.kinds.is_empty()
            && filters.least_trust.is_none()
            && filters.said == Span::default()
            && filters.recorded == Span::default()
            && filters.as_of == AsOf::default()
            && filters.only.is_none();
        Self {
            filters,
            kinds: filters.kinds.iter().map(card::kind_number).collect(),
            least_trust: filters.least_trust.map_or(0, card::trust_number),
            now,
            plain,
        }
    }

    /// Whether nothing but the default is asked for.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether the memory at this place may be found.
    pub(super) fn admits(&self, view: &View, place: Place, card: &Card) -> bool {
        if self.plain && card.flags & (LIVE | HELD | TIMED) == LIVE {
            return true;
        }
        if !card.is(LIVE) || card.is(HELD) && !self.filters.include_held {
            return false;
        }
        let of = self.filters;
        (self.kinds.is_empty() || self.kinds.contains(&card.kind))
            && card.trust >= self.least_trust
            && of.said.holds(card.said().unwrap_or(card.recorded()))
            && of.recorded.holds(card.recorded())
            && of.only.as_ref().is_none_or(|only| {
                only.get(&view.space).is_some_and(|places| places.binary_search(&place).is_ok())
            })
            && self.is_current(view, place, card)
    }

    /// Whether it was on record, and true, at the moments asked for.
    fn is_current(&self, view: &View, place: Place, card: &Card) -> bool {
        let asked = self.filters.as_of;
        if asked.recorded.is_some_and(|moment| card.recorded() > moment) {
            return false;
        }
        if !card.is(TIMED) {
            return true;
        }
        let times = view.leaves()[(place / LEAF) as usize].sheet.times((place % LEAF) as usize);
        times.retired.is_none_or(|retired| retired > asked.recorded.unwrap_or(self.now))
            && times.valid.holds_at(asked.valid.unwrap_or(self.now))
            && times.expires.is_none_or(|expires| expires > self.now)
    }
}
