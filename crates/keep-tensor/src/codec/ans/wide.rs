//! The rows, 64 bytes at a time, for processors whose registers are that wide and look up bytes in other
//! registers (AVX-512 with VBMI and VBMI2).
//!
//! The low and the high bytes of 64 states are a register each: the low bytes are the places that are looked
//! up, and taking a byte off a stack is a move from one register to the other. Only the product needs 16
//! bits, and is made of the even and the odd lanes apart.

use super::shares::{PLACES, Shares};
use super::{LANES, Stacks};
use std::arch::x86_64::{
    __m512i, _mm512_add_epi8, _mm512_add_epi16, _mm512_and_si512, _mm512_cmpge_epu8_mask,
    _mm512_cmpge_epu16_mask, _mm512_loadu_si512, _mm512_mask_blend_epi8, _mm512_mask_expandloadu_epi8,
    _mm512_mask_sub_epi16, _mm512_maskz_compress_epi8, _mm512_maskz_mov_epi8, _mm512_movepi8_mask,
    _mm512_mulhi_epu16, _mm512_mullo_epi16, _mm512_permutex2var_epi8, _mm512_permutexvar_epi8,
    _mm512_set1_epi16, _mm512_slli_epi16, _mm512_srli_epi16, _mm512_storeu_si512, _mm512_sub_epi8,
    _mm512_sub_epi16, _mm512_testn_epi8_mask,
};

/// Bytes of a register.
const WIDE: usize = 64;
/// The odd bytes of a register.
const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;

/// Whether this processor can.
pub(super) fn can() -> bool {
    is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
}

macro_rules! wide {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $kind:ty),*) $(-> $out:ty)? $body:block) => {
        $(#[$doc])*
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi2,popcnt")]
        fn $name($($arg: $kind),*) $(-> $out)? $body
    };
}

wide! { fn load(bytes: &[u8; WIDE]) -> __m512i {
    #[expect(unsafe_code, reason = "a load takes a pointer")]
    // SAFETY: the array is as long as the register, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
} }

wide! { fn store(bytes: &mut [u8; WIDE], value: __m512i) {
    #[expect(unsafe_code, reason = "a store takes a pointer")]
    // SAFETY: the array is as long as the register, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), value) }
} }

wide! {
    /// Puts as many bytes as the mask has ones off the end of a stack into their lanes.
    fn pop(stack: &mut &[u8], mask: u64, into: __m512i) -> Option<__m512i> {
        let (before, taken) = stack.split_at_checked(stack.len().checked_sub(mask.count_ones() as usize)?)?;
        *stack = before;
        #[expect(unsafe_code, reason = "a load takes a pointer")]
        // SAFETY: the instruction reads one byte for each one of the mask, and the slice has as many.
        let filled = unsafe { _mm512_mask_expandloadu_epi8(into, mask, taken.as_ptr().cast()) };
        Some(filled)
    }
}

wide! {
    /// Puts the lanes of the mask on a stack, which has room for a whole register.
    fn push(stack: &mut [u8], len: &mut usize, mask: u64, lanes: __m512i) {
        if let Some(room) = stack[*len..].first_chunk_mut() {
            store(room, _mm512_maskz_compress_epi8(mask, lanes));
            *len += mask.count_ones() as usize;
        }
    }
}

/// A table of 256 bytes.
type Table = [__m512i; 4];

wide! { fn table(bytes: &[u8; PLACES]) -> Table {
    let (parts, _) = bytes.as_chunks::<WIDE>();
    [load(&parts[0]), load(&parts[1]), load(&parts[2]), load(&parts[3])]
} }

wide! { fn look_up(table: &Table, at: __m512i) -> __m512i {
    let low = _mm512_permutex2var_epi8(table[0], at, table[1]);
    let high = _mm512_permutex2var_epi8(table[2], at, table[3]);
    _mm512_mask_blend_epi8(_mm512_movepi8_mask(at), low, high)
} }

wide! {
    /// The even and the odd of 64 lanes of 16 bits whose low and high bytes these are.
    fn to_words(low: __m512i, high: __m512i) -> [__m512i; 2] {
        [
            _mm512_mask_blend_epi8(ODD, low, _mm512_slli_epi16::<8>(high)),
            _mm512_mask_blend_epi8(ODD, _mm512_srli_epi16::<8>(low), high),
        ]
    }
}

wide! { fn low_bytes(even: __m512i, odd: __m512i) -> __m512i {
    _mm512_mask_blend_epi8(ODD, even, _mm512_slli_epi16::<8>(odd))
} }

wide! { fn high_bytes(even: __m512i, odd: __m512i) -> __m512i {
    _mm512_mask_blend_epi8(ODD, _mm512_srli_epi16::<8>(even), odd)
} }

/// Half a row's states.
#[derive(Clone, Copy)]
struct Half {
    low: __m512i,
    high: __m512i,
}

wide! { fn halves(states: &[u16; LANES]) -> [Half; 2] {
    let mut halves = [[[0; WIDE]; 2]; 2];
    for (at, state) in states.iter().enumerate() {
        let [low, high] = state.to_le_bytes();
        halves[at / WIDE][0][at % WIDE] = low;
        halves[at / WIDE][1][at % WIDE] = high;
    }
    let half = |[low, high]: &[[u8; WIDE]; 2]| Half { low: load(low), high: load(high) };
    [half(&halves[0]), half(&halves[1])]
} }

wide! { fn put_back(halves: &[Half; 2], states: &mut [u16; LANES]) {
    for (half, states) in halves.iter().zip(states.chunks_exact_mut(WIDE)) {
        let (mut low, mut high) = ([0; WIDE], [0; WIDE]);
        store(&mut low, half.low);
        store(&mut high, half.high);
        for ((state, low), high) in states.iter_mut().zip(low).zip(high) {
            *state = u16::from_le_bytes([low, high]);
        }
    }
} }

/// What belongs to each share.
struct Sharing {
    sizes: __m512i,
    starts: __m512i,
}

wide! { fn sharing(shares: &Shares) -> Sharing {
    Sharing { sizes: load(&shares.sizes), starts: load(&shares.starts) }
} }

wide! {
    /// Divides even or odd lanes, which are under 256 times the size.
    fn divide(state: __m512i, size: __m512i, inverse: __m512i) -> [__m512i; 2] {
        let quotient = _mm512_mulhi_epu16(state, inverse);
        let over = _mm512_sub_epi16(state, _mm512_mullo_epi16(quotient, size));
        let one_less = _mm512_cmpge_epu16_mask(over, size);
        [
            _mm512_mask_sub_epi16(quotient, one_less, quotient, _mm512_set1_epi16(-1)),
            _mm512_mask_sub_epi16(over, one_less, over, size),
        ]
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi2,popcnt")]
fn encode_rows(rows: &[[u8; LANES]], shares: &Shares, states: &mut [u16; LANES], stacks: &mut Stacks) {
    let owners = table(&shares.of_bytes());
    let Sharing { sizes, starts } = sharing(shares);
    let inverses = shares.inverses();
    let inverse_low = load(&inverses.map(|inverse| inverse as u8));
    let inverse_high = load(&inverses.map(|inverse| (inverse >> 8) as u8));
    let (mut bytes_len, mut rest_len) = (stacks.bytes_len, stacks.rest_len);
    let mut halves = halves(states);
    for row in rows.iter().rev() {
        for (half, bytes) in halves.iter_mut().zip(row.as_chunks::<WIDE>().0) {
            let bytes = load(bytes);
            let share = look_up(&owners, bytes);
            let is_rest = _mm512_movepi8_mask(share);
            if is_rest != 0 {
                push(&mut stacks.rest, &mut rest_len, is_rest, bytes);
            }
            let size = _mm512_permutexvar_epi8(share, sizes);
            let start = _mm512_permutexvar_epi8(share, starts);
            let full = _mm512_cmpge_epu8_mask(half.high, size);
            push(&mut stacks.bytes, &mut bytes_len, full, half.low);
            let low = _mm512_mask_blend_epi8(full, half.low, half.high);
            let high = _mm512_maskz_mov_epi8(!full, half.high);
            let [even, odd] = to_words(low, high);
            let [inverse_even, inverse_odd] = to_words(
                _mm512_permutexvar_epi8(share, inverse_low),
                _mm512_permutexvar_epi8(share, inverse_high),
            );
            let size_even = _mm512_and_si512(size, _mm512_set1_epi16(0xff));
            let [quotient_even, over_even] = divide(even, size_even, inverse_even);
            let [quotient_odd, over_odd] = divide(odd, _mm512_srli_epi16::<8>(size), inverse_odd);
            half.high = low_bytes(quotient_even, quotient_odd);
            half.low = _mm512_add_epi8(low_bytes(over_even, over_odd), start);
        }
    }
    put_back(&halves, states);
    (stacks.bytes_len, stacks.rest_len) = (bytes_len, rest_len);
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi2,popcnt")]
fn decode_rows(
    rows: &mut [[u8; LANES]],
    shares: &Shares,
    states: &mut [u16; LANES],
    bytes: &mut &[u8],
    rest: &mut &[u8],
) -> Option<()> {
    let owners = table(&shares.of_places());
    let Sharing { sizes, starts } = sharing(shares);
    let values = load(&shares.bytes);
    let low_half = _mm512_set1_epi16(0xff);
    let high_half = _mm512_set1_epi16(-256);
    let (mut left, mut rest_left) = (*bytes, *rest);
    let mut halves = halves(states);
    for row in rows {
        for (half, row) in halves.iter_mut().zip(row.as_chunks_mut::<WIDE>().0).rev() {
            let share = look_up(&owners, half.low);
            let mut value = _mm512_permutexvar_epi8(share, values);
            let is_rest = _mm512_movepi8_mask(share);
            if is_rest != 0 {
                value = pop(&mut rest_left, is_rest, value)?;
            }
            store(row, value);
            let size = _mm512_permutexvar_epi8(share, sizes);
            let within = _mm512_sub_epi8(half.low, _mm512_permutexvar_epi8(share, starts));
            let even = _mm512_add_epi16(
                _mm512_mullo_epi16(_mm512_and_si512(half.high, low_half), _mm512_and_si512(size, low_half)),
                _mm512_and_si512(within, low_half),
            );
            let odd = _mm512_add_epi16(
                _mm512_mulhi_epu16(_mm512_and_si512(half.high, high_half), _mm512_and_si512(size, high_half)),
                _mm512_srli_epi16::<8>(within),
            );
            let (low, high) = (low_bytes(even, odd), high_bytes(even, odd));
            let short = _mm512_testn_epi8_mask(high, high);
            half.high = _mm512_mask_blend_epi8(short, high, low);
            half.low = pop(&mut left, short, low)?;
        }
    }
    put_back(&halves, states);
    (*bytes, *rest) = (left, rest_left);
    Some(())
}

/// As `plain::encode`; [`can`] has said that it may be called.
pub(super) fn encode(rows: &[[u8; LANES]], shares: &Shares, states: &mut [u16; LANES], stacks: &mut Stacks) {
    #[expect(unsafe_code, reason = "the only way into code for newer instructions")]
    // SAFETY: whoever calls has asked the processor for these instructions; the function is safe in all else.
    unsafe {
        encode_rows(rows, shares, states, stacks);
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
    unsafe { decode_rows(rows, shares, states, bytes, rest) }.is_some()
}
