//! Files to encode, made from a seed.

use keep_tensor::{Dtype, Format, Layout, Region, RegionKind, TensorInfo};

/// A small generator; the tests need variety, not quality.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// About a normal distribution.
    pub(crate) fn weight(&mut self) -> f32 {
        let sum: f32 = (0..6).map(|_| self.below(1 << 20) as f32 / (1 << 20) as f32).sum();
        (sum - 3.0) * 0.05
    }
}

/// Weights as bf16.
pub(crate) fn bf16(count: usize, random: &mut Random) -> Vec<u8> {
    (0..count).flat_map(|_| ((random.weight().to_bits() >> 16) as u16).to_le_bytes()).collect()
}

/// The same weights after a step that moves one in `one_in` to a neighbouring value.
pub(crate) fn stepped(bytes: &[u8], one_in: u64, random: &mut Random) -> Vec<u8> {
    bytes
        .chunks_exact(2)
        .flat_map(|lane| {
            let value = u16::from_le_bytes([lane[0], lane[1]]);
            let moved = if random.below(one_in) == 0 { value.wrapping_add(1) } else { value };
            moved.to_le_bytes()
        })
        .collect()
}

/// One part of a file.
pub(crate) type Part<'a> = (Option<(&'a str, Dtype)>, &'a [u8]);

/// A file of these parts: a name makes a tensor, none makes other bytes.
pub(crate) fn file(parts: &[Part<'_>]) -> (Vec<u8>, Layout) {
    let mut bytes = Vec::new();
    let mut regions = Vec::new();
    for (tensor, part) in parts {
        let kind = match tensor {
            None => RegionKind::Bytes,
            Some((name, dtype)) => RegionKind::Tensor(TensorInfo {
                name: (*name).to_owned(),
                dtype: *dtype,
                shape: vec![(part.len() / dtype.width()) as u64],
            }),
        };
        regions.push(Region { start: bytes.len() as u64, len: part.len() as u64, kind });
        bytes.extend_from_slice(part);
    }
    (bytes, Layout { format: Format::Safetensors, note: None, regions })
}
