//! The loops over elements: cutting them into planes, putting them together, and differences.
//!
//! They are written plainly and compiled three times, for what every x86-64 processor has, for AVX2 and
//! for AVX-512: on what every processor has they take up to half of the time, on the last next to nothing.
//! What they compute is the same.

use super::lanes::Lanes;

/// As many planes as the widest lane has bytes. Those over the width are empty.
pub(crate) type Planes<'a> = [&'a [u8]; 8];
/// The same, to be written.
pub(crate) type PlanesMut<'a> = [&'a mut [u8]; 8];

/// One width's loops. All of them treat as many whole lanes as the shortest of what they are given has.
macro_rules! width {
    ($split:ident, $join:ident, $subtract:ident, $add:ident, $tops:ident, $word:ty, $bytes:literal, [$($plane:ident $at:literal),+]) => {
        #[inline(always)]
        fn $split(raw: &[u8], planes: &mut PlanesMut<'_>, turn: u32) {
            let (words, _) = raw.as_chunks::<$bytes>();
            let count = words.len();
            let [$($plane,)+ ..] = planes;
            $(let $plane = &mut $plane[..count];)+
            for (at, word) in words.iter().enumerate() {
                let lane = <$word>::from_le_bytes(*word).rotate_left(turn);
                $($plane[at] = (lane >> ($at * 8)) as u8;)+
            }
        }

        #[inline(always)]
        fn $join(planes: &Planes<'_>, raw: &mut [u8], turn: u32) {
            let (words, _) = raw.as_chunks_mut::<$bytes>();
            let count = words.len();
            let [$($plane,)+ ..] = planes;
            $(let $plane = &$plane[..count];)+
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

        #[inline(always)]
        fn $tops(raw: &[u8], tops: &mut [u8]) {
            for (top, word) in tops.iter_mut().zip(raw.as_chunks::<$bytes>().0) {
                *top = (<$word>::from_le_bytes(*word).rotate_left(1) >> (<$word>::BITS - 8)) as u8;
            }
        }
    };
}

width!(split_1, join_1, subtract_1, add_1, tops_1, u8, 1, [a 0]);
width!(split_2, join_2, subtract_2, add_2, tops_2, u16, 2, [a 0, b 1]);
width!(split_4, join_4, subtract_4, add_4, tops_4, u32, 4, [a 0, b 1, c 2, d 3]);
width!(split_8, join_8, subtract_8, add_8, tops_8, u64, 8, [a 0, b 1, c 2, d 3, e 4, f 5, g 6, h 7]);

/// Makes a function out of four loops, compiled for three kinds of processor.
macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $kind:ty),+), $width:expr, [$one:expr, $two:expr, $four:expr, $eight:expr]) => {
        $(#[$doc])*
        pub(crate) fn $name($($arg: $kind),+) {
            #[inline(always)]
            fn plain($($arg: $kind),+) {
                match $width {
                    1 => $one,
                    2 => $two,
                    4 => $four,
                    _ => $eight,
                }
            }
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $kind),+) {
                    plain($($arg),+);
                }
                #[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl,avx512vbmi")]
                fn avx512($($arg: $kind),+) {
                    plain($($arg),+);
                }
                if is_x86_feature_detected!("avx512vbmi") && is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl") {
                    #[expect(unsafe_code, reason = "the only way into code for newer instructions")]
                    // SAFETY: the processor was just asked for these instructions, of which VBMI implies
                    // the foundation and AVX2; the function is safe in all else.
                    return unsafe { avx512($($arg),+) };
                }
                if is_x86_feature_detected!("avx2") {
                    #[expect(unsafe_code, reason = "the only way into code for newer instructions")]
                    // SAFETY: the processor was just asked for these instructions; the function is safe in
                    // all else.
                    return unsafe { avx2($($arg),+) };
                }
            }
            plain($($arg),+);
        }
    };
}

kernel! {
    /// Cuts whole lanes into planes, lowest byte first.
    split(lanes: Lanes, raw: &[u8], planes: &mut PlanesMut<'_>), lanes.width, [
        split_1(raw, planes, lanes.turn()),
        split_2(raw, planes, lanes.turn()),
        split_4(raw, planes, lanes.turn()),
        split_8(raw, planes, lanes.turn())
    ]
}

kernel! {
    /// Puts planes together again.
    join(lanes: Lanes, planes: &Planes<'_>, raw: &mut [u8]), lanes.width, [
        join_1(planes, raw, lanes.turn()),
        join_2(planes, raw, lanes.turn()),
        join_4(planes, raw, lanes.turn()),
        join_8(planes, raw, lanes.turn())
    ]
}

kernel! {
    /// The folded differences of two runs of whole lanes, lane by lane.
    subtract(width: usize, raw: &[u8], base: &[u8], out: &mut [u8]), width, [
        subtract_1(raw, base, out),
        subtract_2(raw, base, out),
        subtract_4(raw, base, out),
        subtract_8(raw, base, out)
    ]
}

kernel! {
    /// Undoes [`subtract`] in place.
    add(width: usize, raw: &mut [u8], base: &[u8]), width, [
        add_1(raw, base),
        add_2(raw, base),
        add_4(raw, base),
        add_8(raw, base)
    ]
}

kernel! {
    /// The highest byte of each lane turned by a bit: in a float the exponent, or its upper bits, or all of
    /// it and the fraction's.
    tops(width: usize, raw: &[u8], tops: &mut [u8]), width, [
        tops_1(raw, tops),
        tops_2(raw, tops),
        tops_4(raw, tops),
        tops_8(raw, tops)
    ]
}

/// Cuts a buffer into planes of `count` bytes, as many as a lane has bytes.
pub(crate) fn rooms(buffer: &mut [u8], count: usize, width: usize) -> PlanesMut<'_> {
    let mut rest = buffer;
    std::array::from_fn(|at| {
        let (room, after) = std::mem::take(&mut rest).split_at_mut(if at < width { count } else { 0 });
        rest = after;
        room
    })
}
