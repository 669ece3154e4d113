//! Which way a plane is coded, guessed from a sample of it.

use super::entropy::{Effort, Entropy};
use super::plane::Way;
use crate::TensorError;

/// Under this many bits saved of a byte's eight, coding costs more time than it is worth: the fractions of
/// weights would save 0.03.
const WORTH_BITS: f32 = 0.12;

/// The logarithm of a positive number, to five digits. Not the library's: that differs in its last digit from
/// machine to machine, and so would, once in a while, what is encoded.
pub(super) fn log2(value: f32) -> f32 {
    let bits = value.to_bits();
    let exponent = (bits >> 23) as f32 - 127.0;
    let fraction = f32::from_bits(bits & 0x007f_ffff | 0x3f80_0000);
    let ratio = (fraction - 1.0) / (fraction + 1.0);
    let square = ratio * ratio;
    let series = ratio * (1.0 + square * (1.0 / 3.0 + square * (1.0 / 5.0 + square * (1.0 / 7.0))));
    exponent + series * (2.0 / std::f32::consts::LN_2)
}

/// A guess at how a plane would best be coded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guess {
    pub(crate) way: Way,
    /// Bits of each byte after it.
    pub(crate) bits: f32,
}

/// Whether matches may be found that counting single bytes does not show.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matches {
    Try,
    /// Only when the sample has more equal neighbours than its counts explain.
    IfRepeating,
}

/// Guesses from a sample.
pub(crate) fn guess(
    sample: &[u8],
    matches: Matches,
    entropy: &mut Entropy,
    scratch: &mut Vec<u8>,
) -> Result<Guess, TensorError> {
    let shape = Shape::of(sample);
    if shape.most == sample.len() {
        return Ok(Guess { way: Way::Constant(shape.usual), bits: 0.0 });
    }
    let (order, skewed) = shape.bits();
    let mut best = Guess { way: Way::Frame(Effort::Huffman), bits: order };
    if let Some(bits) = skewed
        && bits < order
    {
        best = Guess { way: Way::Sparse(shape.usual), bits };
    }
    if matches == Matches::Try || shape.repeats(sample) {
        scratch.clear();
        let size = entropy.compress(sample, Effort::Matches, scratch)?;
        let bits = size as f32 * 8.0 / sample.len() as f32;
        if bits < best.bits {
            best = Guess { way: Way::Frame(Effort::Matches), bits };
        }
    }
    if best.bits > 8.0 - WORTH_BITS {
        best = Guess { way: Way::Store, bits: 8.0 };
    }
    Ok(best)
}

struct Shape {
    counts: [u32; 256],
    total: usize,
    usual: u8,
    most: usize,
}

impl Shape {
    fn of(sample: &[u8]) -> Self {
        let mut counts = [0; 256];
        for byte in sample {
            counts[usize::from(*byte)] += 1;
        }
        let (usual, most) = (0..=255u8)
            .map(|byte| (byte, counts[usize::from(byte)]))
            .max_by_key(|(byte, count)| (*count, u8::MAX - byte))
            .unwrap_or((0, 0));
        Self { counts, total: sample.len(), usual, most: most as usize }
    }

    /// Bits of a byte under Huffman codes, and as distances to and values of the unusual ones when the
    /// usual byte is more than half of all, which is where a Huffman code wastes its first bit.
    fn bits(&self) -> (f32, Option<f32>) {
        let total = self.total as f32;
        let others = (self.total - self.most) as f32;
        let mut kinds = 0.0;
        let mut sum = 0.0;
        for (byte, count) in self.counts.iter().enumerate() {
            if *count > 0 && byte != usize::from(self.usual) {
                kinds += 1.0;
                sum += *count as f32 * log2(*count as f32);
            }
        }
        // A sample shows fewer kinds than there are, and so looks more orderly than the whole: Miller and
        // Madow's correction.
        let bias = (kinds / (2.0 * std::f32::consts::LN_2)) / total;
        let rest = if others > 0.0 { log2(others) - sum / others } else { 0.0 };
        let usual = self.most as f32 / total;
        if usual <= 0.5 {
            let all = log2(total) - (sum + self.most as f32 * log2(self.most as f32)) / total;
            return (all + bias + 0.03, None);
        }
        let place = -usual * log2(usual) - (1.0 - usual) * log2(1.0 - usual);
        let values = (1.0 - usual) * rest.max(1.0);
        (1.0 + values + bias, Some(place * 1.03 + values + bias))
    }

    fn repeats(&self, sample: &[u8]) -> bool {
        let neighbours = sample.windows(2).filter(|pair| pair[0] == pair[1]).count() as f32;
        let total = self.total as f32;
        let expected: f32 =
            self.counts.iter().map(|count| *count as f32 * *count as f32).sum::<f32>() / total;
        neighbours > expected * 1.25 + 32.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_right_to_four_digits() {
        for value in
            (1..5000).map(|step| step as f32 * 0.37).chain([1e-6, 0.25, 0.999_999, 1.0, 2.0, 65_536.0])
        {
            assert!((log2(value) - value.log2()).abs() < 1e-4, "{value}");
        }
    }

    #[test]
    fn each_kind_of_plane_is_guessed_its_way() {
        let mut entropy = Entropy::new().unwrap();
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(0x9e37_79b1).rotate_left(13) ^ 0x5bd1;
            state >> 8
        };
        let mut way = |sample: Vec<u8>| {
            guess(&sample, Matches::IfRepeating, &mut entropy, &mut Vec::new()).unwrap().way
        };
        assert_eq!(way(vec![3; 2048]), Way::Constant(3));
        assert_eq!(way((0..2048).map(|_| noise() as u8).collect()), Way::Store);
        assert_eq!(
            way((0..2048).map(|_| (noise() & noise() & 31) as u8).collect()),
            Way::Frame(Effort::Huffman)
        );
        assert_eq!(way((0..2048).map(|_| u8::from(noise() % 40 == 0)).collect()), Way::Sparse(0));
        assert_eq!(way((0..2048u32).map(|at| (at / 64 * 7) as u8).collect()), Way::Frame(Effort::Matches));
    }
}
