//! How an element is cut into byte planes, and how two elements are subtracted.

use crate::Dtype;

/// The integers that a tensor is read as: what follows from an element's type and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lanes {
    /// Bytes of one lane: 1, 2, 4 or 8.
    pub(crate) width: usize,
    /// Whether a lane is turned left by one bit before it is cut. In a float that puts the sign below the
    /// fraction, which is as random, and lets the top plane start with the exponent: all of it, and nothing
    /// else, in bf16 and f32.
    pub(crate) turn: bool,
}

impl Lanes {
    /// The parts of a complex number are lanes of their own, so it is read as pairs of floats are.
    pub(crate) fn of(dtype: Dtype) -> Self {
        let (width, turn) = match dtype {
            Dtype::Bool | Dtype::U8 | Dtype::I8 | Dtype::F8E4M3 | Dtype::F8E5M2 => (1, false),
            Dtype::U16 | Dtype::I16 => (2, false),
            Dtype::F16 | Dtype::Bf16 => (2, true),
            Dtype::U32 | Dtype::I32 => (4, false),
            Dtype::F32 | Dtype::C64 => (4, true),
            Dtype::U64 | Dtype::I64 => (8, false),
            Dtype::F64 | Dtype::C128 => (8, true),
        };
        Self { width, turn }
    }

    pub(crate) fn code(self) -> u8 {
        self.width as u8 | if self.turn { 0x10 } else { 0 }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        let lanes = Self { width: usize::from(code & 0x0f), turn: code & 0x10 != 0 };
        (matches!(lanes.width, 1 | 2 | 4 | 8) && lanes.code() == code).then_some(lanes)
    }
}

/// One width's kernels. All of them read and write as many whole lanes as the planes are long.
macro_rules! width {
    ($split:ident, $join:ident, $subtract:ident, $add:ident, $word:ty, $bytes:literal, [$($plane:ident $at:literal),+]) => {
        #[inline(always)]
        fn $split(raw: &[u8], planes: &mut [u8], turn: u32) {
            let count = raw.len() / $bytes;
            let mut planes = planes.chunks_exact_mut(count);
            $(let $plane = planes.next().expect("one plane for each byte of a lane");)+
            let (words, _) = raw.as_chunks::<$bytes>();
            $(let $plane = &mut $plane[..count];)+
            for (at, word) in words.iter().enumerate() {
                let lane = <$word>::from_le_bytes(*word).rotate_left(turn);
                $($plane[at] = (lane >> ($at * 8)) as u8;)+
            }
        }

        #[inline(always)]
        fn $join(planes: &[&[u8]], raw: &mut [u8], turn: u32) {
            let (words, _) = raw.as_chunks_mut::<$bytes>();
            let count = words.len();
            $(let $plane = &planes[$at][..count];)+
            for (at, word) in words.iter_mut().enumerate() {
                let lane = $(<$word>::from($plane[at]) << ($at * 8))|+;
                *word = lane.rotate_right(turn).to_le_bytes();
            }
        }

        /// The difference as a signed number whose lowest bit is its sign, so that small steps both ways
        /// leave the upper planes empty.
        #[inline(always)]
        fn $subtract(raw: &[u8], base: &[u8], out: &mut [u8]) {
            let (words, _) = raw.as_chunks::<$bytes>();
            let (bases, _) = base.as_chunks::<$bytes>();
            let (outs, _) = out.as_chunks_mut::<$bytes>();
            for ((word, base), out) in words.iter().zip(bases).zip(outs) {
                let step = <$word>::from_le_bytes(*word).wrapping_sub(<$word>::from_le_bytes(*base));
                let sign = (0 as $word).wrapping_sub(step >> (<$word>::BITS - 1));
                *out = ((step << 1) ^ sign).to_le_bytes();
            }
        }

        #[inline(always)]
        fn $add(raw: &mut [u8], base: &[u8]) {
            let (words, _) = raw.as_chunks_mut::<$bytes>();
            let (bases, _) = base.as_chunks::<$bytes>();
            for (word, base) in words.iter_mut().zip(bases) {
                let folded = <$word>::from_le_bytes(*word);
                let step = (folded >> 1) ^ (0 as $word).wrapping_sub(folded & 1);
                *word = <$word>::from_le_bytes(*base).wrapping_add(step).to_le_bytes();
            }
        }
    };
}

width!(split_1, join_1, subtract_1, add_1, u8, 1, [a 0]);
width!(split_2, join_2, subtract_2, add_2, u16, 2, [a 0, b 1]);
width!(split_4, join_4, subtract_4, add_4, u32, 4, [a 0, b 1, c 2, d 3]);
width!(split_8, join_8, subtract_8, add_8, u64, 8, [a 0, b 1, c 2, d 3, e 4, f 5, g 6, h 7]);

/// Cuts whole lanes into planes that lie one after the other, lowest byte first.
pub(crate) fn split(lanes: Lanes, raw: &[u8], planes: &mut [u8]) {
    let turn = u32::from(lanes.turn);
    if raw.is_empty() {
        return;
    }
    match lanes.width {
        1 => split_1(raw, planes, turn),
        2 => split_2(raw, planes, turn),
        4 => split_4(raw, planes, turn),
        _ => split_8(raw, planes, turn),
    }
}

/// Puts planes together again; `planes` are those of [`split`], lowest byte first.
pub(crate) fn join(lanes: Lanes, planes: &[&[u8]], raw: &mut [u8]) {
    let turn = u32::from(lanes.turn);
    match lanes.width {
        1 => join_1(planes, raw, turn),
        2 => join_2(planes, raw, turn),
        4 => join_4(planes, raw, turn),
        _ => join_8(planes, raw, turn),
    }
}

/// The folded differences of two runs of whole lanes, lane by lane.
pub(crate) fn subtract(width: usize, raw: &[u8], base: &[u8], out: &mut [u8]) {
    match width {
        1 => subtract_1(raw, base, out),
        2 => subtract_2(raw, base, out),
        4 => subtract_4(raw, base, out),
        _ => subtract_8(raw, base, out),
    }
}

/// Undoes [`subtract`] in place.
pub(crate) fn add(width: usize, raw: &mut [u8], base: &[u8]) {
    match width {
        1 => add_1(raw, base),
        2 => add_2(raw, base),
        4 => add_4(raw, base),
        _ => add_8(raw, base),
    }
}
