//! Chooses the eight bytes of each form that the scan looks for.
//!
//! Not simply the first eight: ten thousand tokens may share a prefix, and then each sight of the prefix
//! would mean ten thousand comparisons. The window is the stretch of a form that the fewest forms share
//! and that is least like ordinary text.

use crate::forms::{Form, Forms, Wrap};

/// Bytes in a window; every form has at least that many.
pub(crate) const WINDOW: usize = crate::MIN_BYTES;

/// Positions looked at in a form. Enough to step past a common prefix, few enough to be quick.
const POSITIONS: usize = 8;
/// Positions looked at when those found nothing but windows that many forms share.
const MORE_POSITIONS: usize = 4096;
/// Beyond that counting gets coarser instead of larger.
const MAX_COUNTERS: usize = 1 << 22;
/// Forms on one window from which the search for a rarer one is worth the time.
const CROWD: u16 = 16;

/// How many plain bytes another form on the same window weighs.
const TIMES_WEIGH: u32 = 4;

/// The best window of a form so far.
struct Choice {
    cost: u32,
    times: u16,
    offset: usize,
}

/// Which part of a form's duty a window has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Duty {
    /// Finds the form where it stands unbroken.
    Whole,
    /// Finds it unbroken, and broken by line breaks outside of the window.
    WholeAndWrapped,
    /// Finds it only where the other window of the pair is broken.
    Wrapped,
}

/// A window, as a number, and where it stands in which form.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub(crate) key: u64,
    pub(crate) offset: usize,
    pub(crate) form: u32,
    pub(crate) duty: Duty,
}

/// The window at `at`; whoever calls made sure that it is there.
pub(crate) fn key(bytes: &[u8], at: usize) -> u64 {
    let window = bytes[at..at + WINDOW].first_chunk().expect("the slice is one window long");
    u64::from_le_bytes(*window)
}

/// Spreads a window over all bits.
pub(crate) fn mix(key: u64) -> u64 {
    let folded = (key ^ (key >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    folded ^ (folded >> 32)
}

/// The windows for all forms. A form that may be wrapped gets two, side by side: a line break can stand
/// in one of them or between them, and the next is further off than both are long.
pub(crate) fn choose(forms: &Forms) -> Vec<Window> {
    let all: Vec<usize> = (0..forms.all().len()).collect();
    let mut chosen = vec![0; all.len()];
    let crowded = choose_from(forms, &all, POSITIONS, &mut chosen);
    choose_from(forms, &crowded, MORE_POSITIONS, &mut chosen);

    let mut windows = Vec::with_capacity(2 * all.len());
    for (index, form) in forms.all().iter().enumerate() {
        let bytes = forms.bytes(form);
        let id = u32::try_from(index).expect("memory ends before four thousand million forms");
        let mut add = |offset, duty| windows.push(Window { key: key(bytes, offset), offset, form: id, duty });
        if is_paired(form) {
            add(chosen[index], Duty::WholeAndWrapped);
            add(chosen[index] + WINDOW, Duty::Wrapped);
        } else {
            add(chosen[index], Duty::Whole);
        }
    }
    windows
}

fn is_paired(form: &Form) -> bool {
    form.wrap == Wrap::Lines && form.len() >= 2 * WINDOW
}

/// Chooses an offset for each of these forms and returns those for which only crowded ones were seen.
fn choose_from(forms: &Forms, which: &[usize], positions: usize, chosen: &mut [usize]) -> Vec<usize> {
    let looks = which.iter().map(|index| forms.all()[*index].len().min(positions)).sum();
    let mut seen = Sketch::for_windows(looks);
    for index in which {
        let form = &forms.all()[*index];
        let bytes = forms.bytes(form);
        for at in offsets(form, positions) {
            seen.count(key(bytes, at));
        }
    }
    let mut crowded = Vec::new();
    for index in which {
        let form = &forms.all()[*index];
        let bytes = forms.bytes(form);
        let mut best = Choice { cost: u32::MAX, times: 0, offset: 0 };
        for offset in offsets(form, positions) {
            let window = key(bytes, offset);
            let times = seen.times(window);
            if TIMES_WEIGH * u32::from(times) < best.cost {
                let cost = TIMES_WEIGH * u32::from(times) + plainness(window);
                if cost < best.cost {
                    best = Choice { cost, times, offset };
                }
            }
        }
        chosen[*index] = best.offset;
        if best.times >= CROWD {
            crowded.push(*index);
        }
    }
    crowded
}

/// About so many offsets, evenly spread over a form, and the last.
fn offsets(form: &Form, positions: usize) -> impl Iterator<Item = usize> + use<> {
    let needed = if is_paired(form) { 2 * WINDOW } else { WINDOW };
    let last = form.len() - needed;
    (0..last).step_by(last.div_ceil(positions).max(1)).chain([last])
}

/// How much a window is like what fills ordinary output: repeated bytes, small letters, blanks. Set-up
/// asks this tens of thousands of times, hence the arithmetic on all eight bytes at once.
fn plainness(window: u64) -> u32 {
    let plain =
        window.to_le_bytes().map(|byte| u8::from(byte.is_ascii_lowercase() | matches!(byte, b' '..=b'/')));
    let repeats = |distance: u32| zero_bytes(window ^ window.rotate_left(8 * distance));
    u64::from_le_bytes(plain).count_ones() + 2 * (repeats(1) + repeats(2) + repeats(3))
}

fn zero_bytes(word: u64) -> u32 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // The high bit of each byte stays clear only where neither the low bits nor the high bit was set.
    (!(((word & LOW) + LOW) | word | LOW)).count_ones()
}

/// Counts windows approximately: different ones may share a counter, none is counted too low.
struct Sketch {
    counters: Vec<u16>,
    shift: u32,
}

impl Sketch {
    fn for_windows(windows: usize) -> Self {
        let bits = windows.clamp(64, MAX_COUNTERS / 2).next_power_of_two().ilog2() + 1;
        Self { counters: vec![0; 1 << bits], shift: u64::BITS - bits }
    }

    fn slot(&self, window: u64) -> usize {
        usize::try_from(mix(window).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift)
            .expect("a slot is below the number of counters")
    }

    fn count(&mut self, window: u64) {
        let slot = self.slot(window);
        self.counters[slot] = self.counters[slot].saturating_add(1);
    }

    fn times(&self, window: u64) -> u16 {
        self.counters[self.slot(window)]
    }
}
