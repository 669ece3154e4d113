//! By how much the elements of two tensors differ.

use keep_tensor::Dtype;
use serde::Serialize;

/// How many elements differ, and by how much where they are floats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Moved {
    /// Elements in all; bytes where it is no tensor.
    pub elements: u64,
    /// Those of other bits than before.
    pub changed: u64,
    /// The largest difference of two floats.
    pub largest: Option<f64>,
    /// The root of the mean square of all differences, those that are zero too.
    pub rms: Option<f64>,
    /// The root of the mean square of what was there before, which the others can be held against.
    pub rms_before: Option<f64>,
    /// Changed floats that are not finite on one side, which the three above leave out.
    pub not_finite: u64,
}

/// Adds up differences, piece by piece.
pub(super) struct Measure {
    dtype: Option<Dtype>,
    moved: Moved,
    squares: f64,
    squares_before: f64,
    largest: f64,
}

impl Measure {
    /// For elements of a type; without one for bytes.
    pub(super) fn new(dtype: Option<Dtype>) -> Self {
        Self { dtype, moved: Moved::default(), squares: 0.0, squares_before: 0.0, largest: 0.0 }
    }

    /// The next bytes of both, as many of each and whole elements of them.
    pub(super) fn add(&mut self, before: &[u8], after: &[u8]) {
        let width = self.dtype.map_or(1, Dtype::width);
        for (old, new) in before.chunks_exact(width).zip(after.chunks_exact(width)) {
            self.moved.elements += 1;
            let same = old == new;
            self.moved.changed += u64::from(!same);
            let Some((old, new)) =
                self.dtype.and_then(|dtype| Some((value(dtype, old)?, value(dtype, new)?)))
            else {
                continue;
            };
            let finite = |(re, im): (f64, f64)| re.is_finite() && im.is_finite();
            if !finite(old) || !finite(new) {
                self.moved.not_finite += u64::from(!same);
                continue;
            }
            let square = |(re, im): (f64, f64)| re * re + im * im;
            let distance = square((new.0 - old.0, new.1 - old.1));
            self.squares_before += square(old);
            self.squares += distance;
            self.largest = self.largest.max(distance.sqrt());
        }
    }

    pub(super) fn end(self) -> Moved {
        let Self { dtype, moved, squares, squares_before, largest } = self;
        if !dtype.is_some_and(is_float) || moved.elements == 0 {
            return moved;
        }
        let mean = |sum: f64| Some((sum / moved.elements as f64).sqrt());
        Moved { largest: Some(largest), rms: mean(squares), rms_before: mean(squares_before), ..moved }
    }
}

fn is_float(dtype: Dtype) -> bool {
    value(dtype, &[0; 16][..dtype.width()]).is_some()
}

/// What an element's bytes stand for: its real and its imaginary part. None when it is no float.
fn value(dtype: Dtype, bytes: &[u8]) -> Option<(f64, f64)> {
    let half = |at: usize| u32::from(bytes[at]) | u32::from(bytes[at + 1]) << 8;
    let single = |at: usize| f64::from(f32::from_bits(half(at) | half(at + 2) << 16));
    let double = |at: usize| {
        let mut raw = [0; 8];
        raw.copy_from_slice(&bytes[at..at + 8]);
        f64::from_le_bytes(raw)
    };
    let real = match dtype {
        // This type has no infinities: all of its largest exponent but the last are numbers.
        Dtype::F8E4M3 if bytes[0] & 0x7f == 0x7f => f64::NAN,
        Dtype::F8E4M3 => small(u32::from(bytes[0]), 4, 3),
        Dtype::F8E5M2 if bytes[0] & 0x7c == 0x7c => unnumbered(bytes[0] & 3 == 0),
        Dtype::F8E5M2 => small(u32::from(bytes[0]), 5, 2),
        Dtype::F16 if half(0) & 0x7c00 == 0x7c00 => unnumbered(half(0) & 0x3ff == 0),
        Dtype::F16 => small(half(0), 5, 10),
        Dtype::Bf16 => f64::from(f32::from_bits(half(0) << 16)),
        Dtype::F32 => single(0),
        Dtype::F64 => double(0),
        Dtype::C64 => return Some((single(0), single(4))),
        Dtype::C128 => return Some((double(0), double(8))),
        _ => return None,
    };
    Some((real, 0.0))
}

/// Whether it is infinite or no number does not matter here, only that it is not finite.
fn unnumbered(infinite: bool) -> f64 {
    if infinite { f64::INFINITY } else { f64::NAN }
}

/// A finite float of few bits, from its sign, exponent and fraction.
fn small(bits: u32, exponent_bits: u32, fraction_bits: u32) -> f64 {
    let bias = (1 << (exponent_bits - 1)) - 1;
    let exponent = ((bits >> fraction_bits) & ((1 << exponent_bits) - 1)) as i32;
    let fraction = f64::from(bits & ((1 << fraction_bits) - 1)) / f64::from(1 << fraction_bits);
    let negative = bits >> (exponent_bits + fraction_bits) & 1 == 1;
    let size = match exponent {
        0 => fraction * f64::powi(2.0, 1 - bias),
        _ => (1.0 + fraction) * f64::powi(2.0, exponent - bias),
    };
    if negative { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_floats_are_what_their_formats_say() {
        let check = |dtype, bytes: &[u8], expected: f64| {
            let (real, imaginary) = value(dtype, bytes).unwrap();
            assert!(real == expected || real.is_nan() && expected.is_nan(), "{dtype:?} {bytes:?}: {real}");
            assert_eq!(imaginary, 0.0);
        };
        for (bits, expected) in
            [(0x38, 1.0), (0xb8, -1.0), (0x7e, 448.0), (0x01, 0.001_953_125), (0x7f, f64::NAN)]
        {
            check(Dtype::F8E4M3, &[bits], expected);
        }
        for (bits, expected) in [(0x3c, 1.0), (0x7b, 57_344.0), (0x7c, f64::INFINITY), (0x7d, f64::NAN)] {
            check(Dtype::F8E5M2, &[bits], expected);
        }
        for (bits, expected) in
            [(0x3c00_u16, 1.0), (0x7bff, 65_504.0), (0x0001, 5.960_464_477_539_063e-8), (0xc000, -2.0)]
        {
            check(Dtype::F16, &bits.to_le_bytes(), expected);
        }
        check(Dtype::Bf16, &0x4049_u16.to_le_bytes(), 3.140_625);
        check(Dtype::F32, &1.5_f32.to_le_bytes(), 1.5);
        check(Dtype::F64, &(-1e300_f64).to_le_bytes(), -1e300);
        assert_eq!(value(Dtype::I32, &[1; 4]), None);
    }

    #[test]
    fn differences_add_up() {
        let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
        let mut measure = Measure::new(Some(Dtype::F32));
        measure.add(&bytes(&[1.0, 2.0]), &bytes(&[1.0, 5.0]));
        measure.add(&bytes(&[2.0, f32::NAN]), &bytes(&[-2.0, 1.0]));
        let moved = measure.end();
        assert_eq!((moved.elements, moved.changed, moved.not_finite), (4, 3, 1));
        assert_eq!((moved.largest, moved.rms, moved.rms_before), (Some(4.0), Some(2.5), Some(1.5)));
        let mut measure = Measure::new(Some(Dtype::C64));
        measure.add(&bytes(&[1.0, 1.0]), &bytes(&[4.0, 5.0]));
        assert_eq!(measure.end().largest, Some(5.0));
        let mut measure = Measure::new(None);
        measure.add(b"abc", b"abd");
        let moved = measure.end();
        assert_eq!((moved.elements, moved.changed, moved.rms), (3, 1, None));
    }
}
