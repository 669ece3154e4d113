//! The rows, 32 bytes at a time, for processors with AVX2 and no more.
//!
//! As in the wide loops the low and the high bytes of 32 states are a register each. These processors look up
//! bytes in tables of 16 only, so that a share is found by counting the edges below a place, and what belongs
//! to it in as many tables as there are sixteens of shares: mostly one. Bytes are put on a stack and taken
//! off it eight lanes at a time, with moves that are listed for every choice of lanes.

macro_rules! avx2 {
    ($(#[$doc:meta])* $vis:vis fn $name:ident$(<const $param:ident: usize>)?($($arg:ident: $kind:ty),*) $(-> $out:ty)? $body:block) => {
        $(#[$doc])*
        #[inline]
        #[target_feature(enable = "avx2,popcnt")]
        $vis fn $name$(<const $param: usize>)?($($arg: $kind),*) $(-> $out)? $body
    };
}

mod registers;

use self::registers::{
    GROUP, TABLE, WIDE, high_bytes, high_half, lanes, load, look_up, low_bytes, low_half, pop, push, store,
    tables, to_words,
};
use super::shares::{MOST_SHARES, Shares};
use super::{Ends, LANES, Stacks};
use std::arch::x86_64::{
    __m256i, _mm256_add_epi8, _mm256_add_epi16, _mm256_and_si256, _mm256_andnot_si256, _mm256_blendv_epi8,
    _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_cmpgt_epi16, _mm256_max_epu8, _mm256_min_epu8,
    _mm256_mulhi_epu16, _mm256_mullo_epi16, _mm256_or_si256, _mm256_set1_epi8, _mm256_set1_epi16,
    _mm256_setzero_si256, _mm256_srli_epi16, _mm256_sub_epi8, _mm256_sub_epi16, _mm256_xor_si256,
};

/// Registers of a row.
const PARTS: usize = LANES / WIDE;

/// Whether this processor can.
pub(super) fn can() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt")
}

/// Edges between numbers that go up, for a comparison that takes bytes as signed.
struct Edges {
    edges: [__m256i; MOST_SHARES],
    count: usize,
}

avx2! {
    /// The highest numbers before each edge.
    fn edges(before: &[u8]) -> Edges {
        let mut edges = [_mm256_setzero_si256(); MOST_SHARES];
        for (edge, before) in edges.iter_mut().zip(before) {
            *edge = _mm256_set1_epi8((before ^ 0x80).cast_signed());
        }
        Edges { edges, count: before.len().min(MOST_SHARES) }
    }
}

avx2! {
    /// How many edges are below each number.
    fn below(edges: &Edges, numbers: &[__m256i; PARTS]) -> [__m256i; PARTS] {
        let numbers = numbers.map(|part| _mm256_xor_si256(part, _mm256_set1_epi8(-128)));
        let mut counts = [_mm256_setzero_si256(); PARTS];
        for edge in &edges.edges[..edges.count] {
            for (count, number) in counts.iter_mut().zip(numbers) {
                *count = _mm256_sub_epi8(*count, _mm256_cmpgt_epi8(number, *edge));
            }
        }
        counts
    }
}

/// How the shares of bytes are found.
struct Owning<const TABLES: usize> {
    values: [__m256i; TABLES],
    edges: Edges,
    rest: __m256i,
    /// The first byte that has a share, if those that have are in a row.
    first: Option<__m256i>,
}

avx2! { fn owning<const TABLES: usize>(shares: &Shares) -> Owning<TABLES> {
    let own = &shares.bytes[..shares.own];
    let first = own.first().filter(|_| own.windows(2).all(|two| two[1] - two[0] == 1));
    Owning {
        values: tables(&shares.bytes),
        edges: edges(own),
        rest: _mm256_set1_epi8(shares.own as i8),
        first: first.map(|first| _mm256_set1_epi8(first.cast_signed())),
    }
} }

avx2! {
    /// The shares of a row's bytes. The bytes with shares are in order, so that those below one are as many as
    /// its share's number, if it has one; where they are in a row, that is how far it is from the first.
    fn owners<const TABLES: usize>(owning: &Owning<TABLES>, bytes: &[__m256i; PARTS]) -> [__m256i; PARTS] {
        if let Some(first) = owning.first {
            return bytes.map(|part| _mm256_min_epu8(_mm256_sub_epi8(part, first), owning.rest));
        }
        let numbers = below(&owning.edges, bytes);
        std::array::from_fn(|part| {
            let own = _mm256_cmpeq_epi8(look_up(&owning.values, numbers[part]), bytes[part]);
            _mm256_blendv_epi8(owning.rest, numbers[part], own)
        })
    }
}

/// A row's states.
struct Row {
    low: [__m256i; PARTS],
    high: [__m256i; PARTS],
}

avx2! { fn row_of(states: &[u16; LANES]) -> Row {
    let byte = |which: usize, part: usize| {
        load(&std::array::from_fn(|at| states[part * WIDE + at].to_le_bytes()[which]))
    };
    Row { low: std::array::from_fn(|part| byte(0, part)), high: std::array::from_fn(|part| byte(1, part)) }
} }

avx2! { fn put_back(row: &Row, states: &mut [u16; LANES]) {
    for (part, states) in states.as_chunks_mut::<WIDE>().0.iter_mut().enumerate() {
        let (mut low, mut high) = ([0; WIDE], [0; WIDE]);
        store(&mut low, row.low[part]);
        store(&mut high, row.high[part]);
        for ((state, low), high) in states.iter_mut().zip(low).zip(high) {
            *state = u16::from_le_bytes([low, high]);
        }
    }
} }

avx2! {
    /// Divides even or odd lanes, which are under 256 times the size.
    fn divide(state: __m256i, size: __m256i, inverse: __m256i) -> [__m256i; 2] {
        let quotient = _mm256_mulhi_epu16(state, inverse);
        let over = _mm256_sub_epi16(state, _mm256_mullo_epi16(quotient, size));
        let right = _mm256_cmpgt_epi16(size, over);
        let one_more = _mm256_add_epi16(_mm256_set1_epi16(1), right);
        [_mm256_add_epi16(quotient, one_more), _mm256_sub_epi16(over, _mm256_andnot_si256(right, size))]
    }
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn encode_rows<const TABLES: usize>(
    rows: &[[u8; LANES]],
    shares: &Shares,
    states: &mut [u16; LANES],
    stacks: &mut Stacks,
) {
    let sizes = tables::<TABLES>(&shares.sizes);
    let starts = tables::<TABLES>(&shares.starts);
    let inverses = shares.inverses();
    let inverse_low = tables::<TABLES>(&inverses.map(|inverse| inverse as u8));
    let inverse_high = tables::<TABLES>(&inverses.map(|inverse| (inverse >> 8) as u8));
    let rest = _mm256_set1_epi8(shares.own as i8);
    let owning = owning::<TABLES>(shares);
    let mut state = row_of(states);
    for row in rows.iter().rev() {
        let (parts, _) = row.as_chunks::<WIDE>();
        let bytes: [__m256i; PARTS] = std::array::from_fn(|part| load(&parts[part]));
        let shares = owners(&owning, &bytes);
        let room = &mut stacks.bytes[stacks.bytes_len..][..LANES + GROUP];
        let mut count = 0;
        for part in 0..PARTS {
            let share = shares[part];
            for lane in ones(lanes(_mm256_cmpeq_epi8(share, rest))) {
                stacks.rest[stacks.rest_len] = parts[part][lane];
                stacks.rest_len += 1;
            }
            let size = look_up(&sizes, share);
            let full = _mm256_cmpeq_epi8(_mm256_max_epu8(state.high[part], size), state.high[part]);
            push(room, &mut count, lanes(full), state.low[part]);
            let low = _mm256_blendv_epi8(state.low[part], state.high[part], full);
            let high = _mm256_andnot_si256(full, state.high[part]);
            let [even, odd] = to_words(low, high);
            let [inverse_even, inverse_odd] =
                to_words(look_up(&inverse_low, share), look_up(&inverse_high, share));
            let [quotient_even, over_even] = divide(even, low_half(size), inverse_even);
            let [quotient_odd, over_odd] = divide(odd, _mm256_srli_epi16::<8>(size), inverse_odd);
            state.high[part] = low_bytes(quotient_even, quotient_odd);
            state.low[part] = _mm256_add_epi8(low_bytes(over_even, over_odd), look_up(&starts, share));
        }
        stacks.bytes_len += count;
    }
    put_back(&state, states);
}

/// The lanes of a mask, from the first.
fn ones(mask: u32) -> impl Iterator<Item = usize> {
    let mut left = mask;
    std::iter::from_fn(move || {
        let lane = left.trailing_zeros() as usize;
        left &= left.wrapping_sub(1);
        (lane < WIDE).then_some(lane)
    })
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn decode_rows<const TABLES: usize>(
    rows: &mut [[u8; LANES]],
    shares: &Shares,
    states: &mut [u16; LANES],
    bytes: &mut &[u8],
    rest: &mut &[u8],
) -> Option<()> {
    let values = tables::<TABLES>(&shares.bytes);
    let sizes = tables::<TABLES>(&shares.sizes);
    let starts = tables::<TABLES>(&shares.starts);
    let rest_share = _mm256_set1_epi8(shares.own as i8);
    let mut before_edges = [0; MOST_SHARES];
    for (before, start) in before_edges.iter_mut().zip(&shares.starts[1..]) {
        *before = start.wrapping_sub(1);
    }
    let edges = edges(&before_edges[..shares.own]);
    let mut state = row_of(states);
    let mut ends = Ends::default();
    for row in rows {
        let before = ends.before(bytes);
        let numbers = below(&edges, &state.low);
        let mut left = LANES;
        let (parts, _) = row.as_chunks_mut::<WIDE>();
        for part in (0..PARTS).rev() {
            let share = numbers[part];
            store(&mut parts[part], look_up(&values, share));
            let mut is_rest = lanes(_mm256_cmpeq_epi8(share, rest_share));
            while let Some(lane) = is_rest.checked_ilog2() {
                let (top, below) = rest.split_last()?;
                (parts[part][lane as usize], *rest) = (*top, below);
                is_rest ^= 1 << lane;
            }
            let size = look_up(&sizes, share);
            let within = _mm256_sub_epi8(state.low[part], look_up(&starts, share));
            let high = state.high[part];
            let even = _mm256_mullo_epi16(low_half(high), low_half(size));
            let odd = _mm256_mulhi_epu16(high_half(high), high_half(size));
            let even = _mm256_add_epi16(even, low_half(within));
            let odd = _mm256_add_epi16(odd, _mm256_srli_epi16::<8>(within));
            let (low, high) = (low_bytes(even, odd), high_bytes(even, odd));
            let short = _mm256_cmpeq_epi8(high, _mm256_setzero_si256());
            let taken = pop(before, &mut left, lanes(short));
            state.high[part] = _mm256_or_si256(high, _mm256_and_si256(low, short));
            state.low[part] = _mm256_or_si256(_mm256_andnot_si256(short, low), taken);
        }
        *bytes = &bytes[..bytes.len().checked_sub(LANES - left)?];
    }
    put_back(&state, states);
    Some(())
}

/// As `plain::encode`; [`can`] has said that it may be called.
pub(super) fn encode(rows: &[[u8; LANES]], shares: &Shares, states: &mut [u16; LANES], stacks: &mut Stacks) {
    #[expect(unsafe_code, reason = "the only way into code for newer instructions")]
    // SAFETY: whoever calls has asked the processor for these instructions; the function is safe in all else.
    unsafe {
        match shares.own / TABLE {
            0 => encode_rows::<1>(rows, shares, states, stacks),
            1 => encode_rows::<2>(rows, shares, states, stacks),
            _ => encode_rows::<4>(rows, shares, states, stacks),
        }
    }
}

/// As `plain::decode`; [`can`] has said that it may be called.
pub(super) fn decode(
    rows: &mut [[u8; LANES]],
    shares: &Shares,
    states: &mut [u16; LANES],
    bytes: &mut &[u8],
    rest: &mut &[u8],
) -> bool {
    #[expect(unsafe_code, reason = "the only way into code for newer instructions")]
    // SAFETY: whoever calls has asked the processor for these instructions; the function is safe in all else.
    let done = unsafe {
        match shares.own / TABLE {
            0 => decode_rows::<1>(rows, shares, states, bytes, rest),
            1 => decode_rows::<2>(rows, shares, states, bytes, rest),
            _ => decode_rows::<4>(rows, shares, states, bytes, rest),
        }
    };
    done.is_some()
}
