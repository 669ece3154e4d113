//! Bytes in registers: loaded and stored, looked up, moved between a stack and the lanes that take or give
//! them, and widened to 16 bits and back.

use super::super::LANES;
use super::super::shares::MOST_SHARES;
use std::arch::x86_64::{
    __m256i, _mm_set_epi64x, _mm256_and_si256, _mm256_blendv_epi8, _mm256_broadcastsi128_si256,
    _mm256_extract_epi64, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_epi64x, _mm256_set1_epi16,
    _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_srli_epi16,
};

/// Bytes of a register.
pub(super) const WIDE: usize = 32;
/// Lanes that are moved at once.
pub(super) const GROUP: usize = 8;
/// Entries of a table.
pub(super) const TABLE: usize = 16;
/// A lane that nothing is moved to.
const NONE: u8 = 0x80;

/// For each choice of eight lanes, from where in eight bytes each takes its own: they are the last of these.
static TAKEN: [u64; 256] = moves(true);
/// For each choice of eight lanes, which they are.
static GIVEN: [u64; 256] = moves(false);

const fn moves(taken: bool) -> [u64; 256] {
    let mut all = [0; 256];
    let mut choice = 0;
    while choice < all.len() {
        let ones = choice.count_ones() as usize;
        let mut moves = [NONE; GROUP];
        let (mut lane, mut before) = (0, 0);
        while lane < GROUP {
            if choice >> lane & 1 == 1 {
                if taken {
                    moves[lane] = (GROUP - ones + before) as u8;
                } else {
                    moves[before] = lane as u8;
                }
                before += 1;
            }
            lane += 1;
        }
        all[choice] = u64::from_le_bytes(moves);
        choice += 1;
    }
    all
}

avx2! { fn register(words: [u64; 4]) -> __m256i {
    let [a, b, c, d] = words.map(u64::cast_signed);
    _mm256_set_epi64x(d, c, b, a)
} }

avx2! { pub(super) fn load(bytes: &[u8; WIDE]) -> __m256i {
    let (words, _) = bytes.as_chunks::<8>();
    register(std::array::from_fn(|at| u64::from_le_bytes(words[at])))
} }

avx2! { fn words(value: __m256i) -> [u64; 4] {
    [
        _mm256_extract_epi64::<0>(value),
        _mm256_extract_epi64::<1>(value),
        _mm256_extract_epi64::<2>(value),
        _mm256_extract_epi64::<3>(value),
    ]
    .map(i64::cast_unsigned)
} }

avx2! { pub(super) fn store(bytes: &mut [u8; WIDE], value: __m256i) {
    let (places, _) = bytes.as_chunks_mut::<8>();
    for (place, word) in places.iter_mut().zip(words(value)) {
        *place = word.to_le_bytes();
    }
} }

avx2! { pub(super) fn lanes(value: __m256i) -> u32 {
    _mm256_movemask_epi8(value).cast_unsigned()
} }

/// The moves of four groups, for an instruction that moves within halves of a register.
fn moves_of(table: &[u64; 256], lanes: u32) -> [u64; 4] {
    const SECOND: u64 = 0x0808_0808_0808_0808;
    let [a, b, c, d] = lanes.to_le_bytes().map(|choice| table[usize::from(choice)]);
    [a, b | SECOND, c, d | SECOND]
}

/// The eight bytes before `end`. There are so many as long as a lane of the row is left that may take one.
#[inline(always)]
fn window(before: &[u8; LANES], end: usize) -> u64 {
    let mut window = [0; GROUP];
    window.copy_from_slice(&before[end - GROUP..end]);
    u64::from_le_bytes(window)
}

avx2! {
    /// What the lanes take from the bytes before `left`, in these lanes, and zero in the others. Written out
    /// and not as a loop, so that nothing goes through memory.
    pub(super) fn pop(before: &[u8; LANES], left: &mut usize, lanes: u32) -> __m256i {
        let [a, b, c, _] = lanes.to_le_bytes().map(|choice| choice.count_ones() as usize);
        let d_end = *left;
        let start = d_end - lanes.count_ones() as usize;
        let (a_end, b_end, c_end) = (start + a, start + a + b, start + a + b + c);
        *left = start;
        let windows = [
            window(before, a_end),
            window(before, b_end),
            window(before, c_end),
            window(before, d_end),
        ];
        _mm256_shuffle_epi8(register(windows), register(moves_of(&TAKEN, lanes)))
    }
}

avx2! {
    /// Puts the lanes' bytes into a row's room, from `count` on.
    pub(super) fn push(room: &mut [u8], count: &mut usize, lanes: u32, values: __m256i) {
        let moved = words(_mm256_shuffle_epi8(values, register(moves_of(&GIVEN, lanes))));
        for (word, choice) in moved.into_iter().zip(lanes.to_le_bytes()) {
            room[*count..*count + GROUP].copy_from_slice(&word.to_le_bytes());
            *count += choice.count_ones() as usize;
        }
    }
}

avx2! { pub(super) fn tables<const TABLES: usize>(entries: &[u8; MOST_SHARES]) -> [__m256i; TABLES] {
    let (parts, _) = entries.as_chunks::<TABLE>();
    std::array::from_fn(|at| {
        let (words, _) = parts[at].as_chunks::<8>();
        let [low, high] = [words[0], words[1]].map(i64::from_le_bytes);
        _mm256_broadcastsi128_si256(_mm_set_epi64x(high, low))
    })
} }

avx2! { pub(super) fn look_up<const TABLES: usize>(tables: &[__m256i; TABLES], at: __m256i) -> __m256i {
    let in_two = |first: usize| {
        let low = _mm256_shuffle_epi8(tables[first], at);
        if TABLES == 1 {
            return low;
        }
        let high = _mm256_shuffle_epi8(tables[first + 1], at);
        _mm256_blendv_epi8(low, high, _mm256_slli_epi16::<3>(at))
    };
    if TABLES <= 2 {
        return in_two(0);
    }
    _mm256_blendv_epi8(in_two(0), in_two(2), _mm256_slli_epi16::<2>(at))
} }

avx2! {
    /// The even and the odd of 32 lanes of 16 bits whose low and high bytes these are.
    pub(super) fn to_words(low: __m256i, high: __m256i) -> [__m256i; 2] {
        [
            _mm256_or_si256(low_half(low), _mm256_slli_epi16::<8>(high)),
            _mm256_or_si256(_mm256_srli_epi16::<8>(low), high_half(high)),
        ]
    }
}

avx2! { pub(super) fn low_half(value: __m256i) -> __m256i {
    _mm256_and_si256(value, _mm256_set1_epi16(0xff))
} }

avx2! { pub(super) fn high_half(value: __m256i) -> __m256i {
    _mm256_and_si256(value, _mm256_set1_epi16(-256))
} }

avx2! { pub(super) fn low_bytes(even: __m256i, odd: __m256i) -> __m256i {
    _mm256_or_si256(low_half(even), _mm256_slli_epi16::<8>(odd))
} }

avx2! { pub(super) fn high_bytes(even: __m256i, odd: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_srli_epi16::<8>(even), high_half(odd))
} }
