//! Which way a plane is coded, guessed from a sample of it.

use super::entropy::{Effort, Entropy};
use super::plane::Way;
use crate::TensorError;

/// Under this many bits saved of a byte's eight, coding costs more time than it is worth: the fractions of
/// weights would save 0.03.
const WORTH_BITS: f32 = 0.12;

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
                sum += *count as f32 * (*count as f32).log2();
            }
        }
        // A sample shows fewer kinds than there are, and so looks more orderly than the whole: Miller and
        // Madow's correction.
        let bias = (kinds / (2.0 * std::f32::consts::LN_2)) / total;
        let rest = if others > 0.0 { others.log2() - sum / others } else { 0.0 };
        let usual = self.most as f32 / total;
        if usual <= 0.5 {
            let all = total.log2() - (sum + self.most as f32 * (self.most as f32).log2()) / total;
            return (all + bias + 0.03, None);
        }
        let place = -usual * usual.log2() - (1.0 - usual) * (1.0 - usual).log2();
        let values = (1.0 - usual) * rest.max(1.0);
        (1.0 + values + bias, Some(place * 1.03 + values + bias))
    }

    fn repeats(&self, sample: &[u8]) -> bool {
        let neighbours = sample.windows(2).filter(|pair| pair[0] == pair[1]).count() as f32;
        let total = self.total as f32;
        let expected: f32 = self.counts.iter().map(|count| (*count as f32).powi(2)).sum::<f32>() / total;
        neighbours > expected * 1.25 + 32.0
    }
}
