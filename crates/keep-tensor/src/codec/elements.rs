//! Chunks of elements: the plan, from a sample, and the planes that come of it.

use super::choose::{Matches, guess};
use super::groups::Groups;
use super::kernel::{Planes, PlanesMut, add, join, rooms, split, subtract};
use super::lanes::Lanes;
use super::plane::{PlaneCodec, STORED_FIRST, Way};
use super::{CHECK_BYTES, check};
use crate::TensorError;
use crate::wire::Take;

/// Lanes that a guess looks at, in as many pieces.
const SAMPLE_LANES: usize = 2048;
const SAMPLE_PIECES: usize = 4;
/// A difference that does not come out at this part of what the chunk is guessed to need alone is
/// compared with that in earnest, since guesses may be off by as much.
const CLEARLY: f32 = 0.95;

/// Fewer lanes are not put into groups.
const WORTH_GROUPS: usize = 2048;

/// What is cut into planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The elements.
    Alone,
    /// Their folded differences to the base's.
    Steps,
    /// The same, put together by the base's exponents.
    GroupedSteps,
    /// The bits in which they differ from the base's.
    Flips,
}

/// How a chunk is to be coded, and how many bits each lane is then guessed to need.
#[derive(Clone, Copy)]
struct Plan {
    form: Form,
    ways: [Way; 8],
    bits: f32,
}

/// What is needed for chunks of elements.
pub(crate) struct ElementCodec {
    planes: PlaneCodec,
    cut: Vec<u8>,
    changes: Vec<u8>,
    sample: Vec<u8>,
    sample_base: Vec<u8>,
    trial: Vec<u8>,
    second: Vec<u8>,
    ordered: Vec<u8>,
    tops: Vec<u8>,
}

impl ElementCodec {
    pub(crate) fn new(planes: PlaneCodec) -> Self {
        let [cut, changes, sample, sample_base, trial, second, ordered, tops] = [const { Vec::new() }; 8];
        Self { planes, cut, changes, sample, sample_base, trial, second, ordered, tops }
    }

    pub(crate) fn planes(&mut self) -> &mut PlaneCodec {
        &mut self.planes
    }

    /// Replaces what `out` holds by the method that `method_of` names and the chunk. `base` is as long as
    /// `raw`.
    pub(crate) fn encode(
        &mut self,
        lanes: Lanes,
        raw: &[u8],
        base: Option<&[u8]>,
        method_of: impl Fn(Form) -> u8,
        out: &mut Vec<u8>,
    ) -> Result<(), TensorError> {
        let (whole, _) = raw.split_at(raw.len() - raw.len() % lanes.width);
        let alone = self.plan_alone(lanes, whole)?;
        let Some(base) = base else {
            return self.encode_as(&alone, lanes, raw, None, &method_of, out);
        };
        let best = self.plan_beside(alone, lanes, whole, base)?;
        self.encode_as(&best, lanes, raw, Some(base), &method_of, out)?;
        let expected = alone.bits / 8.0 * (whole.len() / lanes.width) as f32;
        if best.form != Form::Alone && out.len() as f32 > expected * CLEARLY {
            let mut other = std::mem::take(&mut self.second);
            self.encode_as(&alone, lanes, raw, None, &method_of, &mut other)?;
            if other.len() <= out.len() {
                std::mem::swap(out, &mut other);
            }
            self.second = other;
        }
        Ok(())
    }

    fn encode_as(
        &mut self,
        plan: &Plan,
        lanes: Lanes,
        raw: &[u8],
        base: Option<&[u8]>,
        method_of: &impl Fn(Form) -> u8,
        out: &mut Vec<u8>,
    ) -> Result<(), TensorError> {
        let (whole, tail) = raw.split_at(raw.len() - raw.len() % lanes.width);
        let mut head = [0; 2 + CHECK_BYTES + 8];
        let mut tags_at = 1;
        head[0] = method_of(plan.form);
        if let (Some(base), true) = (base, plan.form != Form::Alone) {
            head[1..][..CHECK_BYTES].copy_from_slice(&check(base));
            tags_at += CHECK_BYTES;
        }
        head[tags_at] = lanes.code();
        tags_at += 1;
        let head = &head[..tags_at + lanes.width];
        let count = whole.len() / lanes.width;
        let ways = &plan.ways[..lanes.width];
        let stored = ways.iter().filter(|way| **way == Way::Store).count();
        // Planes that are stored are cut straight into their place. What is there from the chunk before is
        // overwritten, so it is not cleared first.
        let size = head.len() + stored * count;
        out.resize(size, 0);
        out[..head.len()].copy_from_slice(head);
        let mut in_place = out[head.len()..].chunks_exact_mut(count.max(1));
        let mut apart = room(&mut self.cut, count * (lanes.width - stored)).chunks_exact_mut(count.max(1));
        let mut planes: PlanesMut<'_> = Default::default();
        for (plane, way) in planes.iter_mut().zip(ways) {
            let from = if *way == Way::Store { &mut in_place } else { &mut apart };
            *plane = from.next().unwrap_or_default();
        }
        let mut ends = vec![count];
        match (plan.form, base) {
            (Form::GroupedSteps, Some(base)) => {
                let base = &base[..whole.len()];
                let groups = Groups::new(lanes, base, &mut self.tops);
                let changes = room(&mut self.changes, whole.len());
                subtract(lanes.width, whole, base, changes);
                let ordered = room(&mut self.ordered, whole.len());
                groups.gather(lanes, &self.tops, changes, ordered);
                split(lanes.unturned(), ordered, &mut planes);
                ends = groups.ends;
            }
            _ => cut(plan.form, lanes, whole, base, &mut self.changes, &mut planes),
        }
        let mut apart = self.cut.chunks_exact(count.max(1));
        for (at, way) in ways.iter().enumerate() {
            out[tags_at + at] = match way {
                Way::Store => STORED_FIRST,
                way => self.planes.encode(apart.next().unwrap_or_default(), &ends, *way, out)?,
            };
        }
        out.extend_from_slice(tail);
        Ok(())
    }

    pub(crate) fn decode(
        &mut self,
        form: Form,
        take: &mut Take<'_>,
        base: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<(), TensorError> {
        let Some(lanes) = Lanes::from_code(take.byte()?) else {
            return take.fault("its elements have an unknown width");
        };
        let (whole, tail) = out.split_at_mut(out.len() - out.len() % lanes.width);
        let count = whole.len() / lanes.width;
        let tags = take.bytes(lanes.width)?;
        let mut planes: Planes<'_> = [&[]; 8];
        for (plane, tag) in planes.iter_mut().zip(tags) {
            if *tag == STORED_FIRST {
                *plane = take.bytes(count)?;
            }
        }
        let groups = match (form, base) {
            (Form::GroupedSteps, Some(base)) if lanes.width > 1 => {
                Some(Groups::new(lanes, &base[..whole.len()], &mut self.tops))
            }
            (Form::GroupedSteps, _) => return take.fault("its elements have no exponents"),
            _ => None,
        };
        let one = [count];
        let ends = groups.as_ref().map_or(one.as_slice(), |groups| &groups.ends);
        let rooms = rooms(room(&mut self.cut, whole.len()), count, lanes.width);
        for ((plane, tag), room) in planes.iter_mut().zip(tags).zip(rooms) {
            if *tag != STORED_FIRST {
                *plane = self.planes.decode(*tag, ends, take, room)?;
            }
        }
        match (form, base) {
            (Form::Steps, Some(base)) => {
                join(lanes.unturned(), &planes, whole);
                add(lanes.width, whole, base);
            }
            (Form::GroupedSteps, Some(base)) => {
                if let Some(groups) = groups {
                    let ordered = room(&mut self.ordered, whole.len());
                    join(lanes.unturned(), &planes, ordered);
                    groups.spread(lanes, &self.tops, ordered, whole);
                    add(lanes.width, whole, base);
                }
            }
            (Form::Flips, Some(base)) => {
                join(lanes, &planes, whole);
                whole.iter_mut().zip(base).for_each(|(byte, base)| *byte ^= base);
            }
            _ => join(lanes, &planes, whole),
        }
        tail.copy_from_slice(take.bytes(tail.len())?);
        Ok(())
    }

    fn plan_alone(&mut self, lanes: Lanes, whole: &[u8]) -> Result<Plan, TensorError> {
        sample(whole, lanes.width, &mut self.sample);
        self.guess_form(Form::Alone, lanes)
    }

    /// The best of the plan that needs no base and those that do.
    fn plan_beside(
        &mut self,
        alone: Plan,
        lanes: Lanes,
        whole: &[u8],
        base: &[u8],
    ) -> Result<Plan, TensorError> {
        sample(&base[..whole.len()], lanes.width, &mut self.sample_base);
        let mut best = alone;
        for form in [Form::Steps, Form::Flips] {
            let other = self.guess_form(form, lanes)?;
            if other.bits < best.bits {
                best = other;
            }
        }
        if best.form == Form::Steps && lanes.turn && whole.len() / lanes.width >= WORTH_GROUPS {
            best.form = Form::GroupedSteps;
        }
        Ok(best)
    }

    fn guess_form(&mut self, form: Form, lanes: Lanes) -> Result<Plan, TensorError> {
        let matches = if lanes.turn { Matches::IfRepeating } else { Matches::Try };
        let count = self.sample.len() / lanes.width;
        let mut planes = rooms(room(&mut self.cut, self.sample.len()), count, lanes.width);
        cut(form, lanes, &self.sample, Some(&self.sample_base), &mut self.changes, &mut planes);
        let mut plan = Plan { form, ways: [Way::Store; 8], bits: 0.0 };
        for (way, plane) in plan.ways.iter_mut().zip(planes).take(lanes.width) {
            let guess = guess(plane, matches, &mut self.planes.entropy, &mut self.trial)?;
            *way = guess.way;
            plan.bits += guess.bits;
        }
        Ok(plan)
    }
}

/// The first bytes of a buffer that only grows: what it holds is overwritten, so none of it is cleared.
fn room(buffer: &mut Vec<u8>, size: usize) -> &mut [u8] {
    if buffer.len() < size {
        buffer.resize(size, 0);
    }
    &mut buffer[..size]
}

fn cut(
    form: Form,
    lanes: Lanes,
    whole: &[u8],
    base: Option<&[u8]>,
    changes: &mut Vec<u8>,
    planes: &mut PlanesMut<'_>,
) {
    match (form, base) {
        (Form::Steps, Some(base)) => {
            let changes = room(changes, whole.len());
            subtract(lanes.width, whole, base, changes);
            split(lanes.unturned(), changes, planes);
        }
        (Form::Flips, Some(base)) => {
            let changes = room(changes, whole.len());
            for ((change, byte), base) in changes.iter_mut().zip(whole).zip(base) {
                *change = byte ^ base;
            }
            split(lanes, changes, planes);
        }
        _ => split(lanes, whole, planes),
    }
}

/// Takes evenly spread pieces of whole lanes; all of them when there are few.
fn sample(whole: &[u8], width: usize, out: &mut Vec<u8>) {
    out.clear();
    if whole.len() <= SAMPLE_LANES * width {
        out.extend_from_slice(whole);
        return;
    }
    let piece = SAMPLE_LANES / SAMPLE_PIECES * width;
    let lanes = (whole.len() - piece) / width;
    for at in 0..SAMPLE_PIECES {
        let start = lanes * at / (SAMPLE_PIECES - 1) * width;
        out.extend_from_slice(&whole[start..start + piece]);
    }
}
