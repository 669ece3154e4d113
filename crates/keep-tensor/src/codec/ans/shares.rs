//! How the 256 places of a table are shared between the bytes of a plane.

use crate::TensorError;
use crate::codec::choose::log2;
use crate::wire::Take;

/// Places of the table.
pub(super) const PLACES: usize = 256;
/// The most shares there may be: as many as a register of a wide processor has bytes, so that what belongs
/// to a share is looked up in one instruction.
pub(super) const MOST_SHARES: usize = 64;
/// Marks the share of the rest among the numbers of shares.
pub(super) const REST: u8 = 0x80;
/// A byte that is rarer than one in so many is left to the rest, which costs eight bits on top, rather than
/// take a whole place of 256.
const RARE: u64 = 1024;

/// The shares: one for each byte that is common, in order, and one for the rest of them after these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shares {
    /// How many bytes have a share of their own.
    pub(super) own: usize,
    /// Whose each share is; zero for that of the rest.
    pub(super) bytes: [u8; MOST_SHARES],
    /// How many places each has. Those that are not there have one, so that nothing is ever divided by zero.
    pub(super) sizes: [u8; MOST_SHARES],
    /// Where the places of each begin.
    pub(super) starts: [u8; MOST_SHARES],
}

impl Shares {
    /// Shares for bytes that occur so often. The rest always has one: the counts are those of a sample.
    pub(super) fn of(counts: &[u32; 256]) -> Self {
        let total: u64 = counts.iter().map(|count| u64::from(*count)).sum();
        let mut common: Vec<u8> =
            (0..=255u8).filter(|byte| u64::from(counts[usize::from(*byte)]) * RARE > total).collect();
        common.sort_by_key(|byte| (u32::MAX - counts[usize::from(*byte)], *byte));
        common.truncate(MOST_SHARES - 1);
        common.sort_unstable();
        let mut weights: Vec<u64> = common.iter().map(|byte| u64::from(counts[usize::from(*byte)])).collect();
        let known: u64 = weights.iter().sum();
        weights.push(total - known);
        let sizes = divide(&weights, total);
        let mut shares = Self::empty(common.len());
        shares.bytes[..common.len()].copy_from_slice(&common);
        shares.sizes[..sizes.len()].copy_from_slice(&sizes);
        shares.lay_out();
        shares
    }

    fn empty(own: usize) -> Self {
        Self { own, bytes: [0; MOST_SHARES], sizes: [1; MOST_SHARES], starts: [0; MOST_SHARES] }
    }

    fn lay_out(&mut self) {
        let mut start = 0u8;
        for (place, size) in self.starts.iter_mut().zip(self.sizes) {
            *place = start;
            start = start.wrapping_add(size);
        }
    }

    /// What they come to for bytes that occur so often, in bits of a byte.
    pub(super) fn bits(&self, counts: &[u32; 256]) -> f32 {
        let owner = self.of_bytes();
        let (mut bits, mut total) = (0.0, 0.0);
        for (byte, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let share = usize::from(owner[byte] & !REST);
            let beside = if owner[byte] & REST == 0 { 0.0 } else { 8.0 };
            bits += *count as f32 * (8.0 - log2(f32::from(self.sizes[share])) + beside);
            total += *count as f32;
        }
        bits / total
    }

    /// For each share, 65536 divided by its size, or a little less: the product with a state is then, 16 bits
    /// further up, the quotient or one less.
    pub(super) fn inverses(&self) -> [u16; MOST_SHARES] {
        self.sizes.map(|size| u16::try_from(65_536 / u32::from(size)).unwrap_or(u16::MAX))
    }

    /// For each byte, its share; marked if that is the rest's.
    pub(super) fn of_bytes(&self) -> [u8; 256] {
        let mut of = [self.own as u8 | REST; 256];
        for (share, byte) in self.bytes[..self.own].iter().enumerate() {
            of[usize::from(*byte)] = share as u8;
        }
        of
    }

    /// For each place, its share; marked if that is the rest's.
    pub(super) fn of_places(&self) -> [u8; PLACES] {
        let mut of = [self.own as u8 | REST; PLACES];
        for share in 0..self.own {
            let start = usize::from(self.starts[share]);
            of[start..start + usize::from(self.sizes[share])].fill(share as u8);
        }
        of
    }

    /// Appends how many bytes have shares, which, and how large each is.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.push(self.own as u8);
        out.extend_from_slice(&self.bytes[..self.own]);
        out.extend_from_slice(&self.sizes[..self.own]);
    }

    /// Reads what [`Shares::put`] wrote. What is accepted is one division of all places.
    pub(super) fn take(take: &mut Take<'_>) -> Result<Self, TensorError> {
        let own = usize::from(take.byte()?);
        if own >= MOST_SHARES {
            return take.fault("a plane has too many shares");
        }
        let bytes = take.bytes(own)?;
        let sizes = take.bytes(own)?;
        let places: usize = sizes.iter().map(|size| usize::from(*size)).sum();
        if places >= PLACES || sizes.contains(&0) || !bytes.is_sorted_by(|a, b| a < b) {
            return take.fault("the shares of a plane do not fit together");
        }
        let mut shares = Self::empty(own);
        shares.bytes[..own].copy_from_slice(bytes);
        shares.sizes[..own].copy_from_slice(sizes);
        // With no other share that of the rest would be all 256, which no byte can say.
        let Ok(rest) = u8::try_from(PLACES - places) else {
            return take.fault("the shares of a plane do not fit together");
        };
        shares.sizes[own] = rest;
        shares.lay_out();
        Ok(shares)
    }
}

/// Divides the places by weight, at least one to each, all of them together. In whole numbers, so that every
/// machine divides alike.
fn divide(weights: &[u64], total: u64) -> Vec<u8> {
    let most = PLACES - weights.len() + 1;
    let mut sizes: Vec<usize> = weights
        .iter()
        .map(|weight| ((weight * PLACES as u64 / total.max(1)) as usize).clamp(1, most.min(255)))
        .collect();
    let mut sum: usize = sizes.iter().sum();
    // One place more or less for a share of `size` changes what its bytes cost by about their number over
    // `size` and a half.
    while sum < PLACES {
        let gain = |at: &usize| (weights[*at] << 16) / (2 * sizes[*at] as u64 + 1);
        let best =
            (0..sizes.len()).filter(|at| sizes[*at] < 255).max_by_key(|at| (gain(at), u64::MAX - *at as u64));
        let Some(best) = best else { break };
        sizes[best] += 1;
        sum += 1;
    }
    while sum > PLACES {
        let loss = |at: &usize| (weights[*at] << 16) / (2 * sizes[*at] as u64 - 1);
        let Some(best) = (0..sizes.len()).filter(|at| sizes[*at] > 1).min_by_key(|at| (loss(at), *at)) else {
            break;
        };
        sizes[best] -= 1;
        sum -= 1;
    }
    sizes.iter().map(|size| *size as u8).collect()
}
