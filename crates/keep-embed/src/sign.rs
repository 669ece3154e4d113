//! Vectors as one bit per dimension, for a first look at very many.

/// How many dimensions a code covers; further ones are left out.
pub const SIGN_DIMENSIONS: usize = 256;

/// The signs of a vector's first 256 dimensions after a fixed rotation, 32 bytes. Two vectors that point the
/// same way differ in few bits, so the nearest by bits are the candidates whose exact products are worth
/// computing.
///
/// The rotation spreads what a vector says over all bits: the table's first dimensions say far more than
/// its last, and the plain signs would count both alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SignCode(pub [u64; 4]);

impl SignCode {
    /// The code of `vector`; dimensions that it lacks count as zero.
    #[must_use]
    pub fn of(vector: &[f32]) -> Self {
        let mut turned = [0.0; SIGN_DIMENSIONS];
        for (at, (to, x)) in turned.iter_mut().zip(vector).enumerate() {
            *to = if FLIPS[at / 64] >> (at % 64) & 1 == 1 { -x } else { *x };
        }
        hadamard(&mut turned);
        let mut words = [0; 4];
        for (word, values) in words.iter_mut().zip(turned.as_chunks::<64>().0) {
            *word = values.iter().rev().fold(0, |bits, &x| bits << 1 | u64::from(x > 0.0));
        }
        Self(words)
    }

    /// In how many bits the two differ, at most 256.
    #[must_use]
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

impl SignCode {
    /// How long one is as bytes, each of its words with its lowest byte first.
    pub const BYTES: usize = SIGN_DIMENSIONS / 8;

    /// Appends in how many bits this differs from each of these codes.
    pub fn distances(&self, codes: &[[u8; Self::BYTES]], out: &mut Vec<u16>) {
        let wanted: [[u8; 8]; 4] = self.0.map(u64::to_le_bytes);
        count(&wanted, codes, out);
    }
}

#[inline(always)]
fn plain(wanted: &[[u8; 8]; 4], codes: &[[u8; SignCode::BYTES]], out: &mut Vec<u16>) {
    out.extend(codes.iter().map(|code| {
        let (words, _) = code.as_chunks::<8>();
        let differing = words
            .iter()
            .zip(wanted)
            .map(|(a, b)| (u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b)).count_ones());
        differing.sum::<u32>() as u16
    }));
}

/// Without an instruction for it, counting a word's bits takes a dozen others, and a search over many memories does
/// little else.
#[cfg(target_arch = "x86_64")]
fn count(wanted: &[[u8; 8]; 4], codes: &[[u8; SignCode::BYTES]], out: &mut Vec<u16>) {
    #[target_feature(enable = "popcnt")]
    fn with_popcnt(wanted: &[[u8; 8]; 4], codes: &[[u8; SignCode::BYTES]], out: &mut Vec<u16>) {
        plain(wanted, codes, out);
    }
    if is_x86_feature_detected!("popcnt") {
        #[expect(unsafe_code, reason = "the only way into code for newer instructions")]
        // SAFETY: the processor was just asked for this instruction; the function is safe in all else.
        return unsafe { with_popcnt(wanted, codes, out) };
    }
    plain(wanted, codes, out);
}

/// Other processors that are built for have it always.
#[cfg(not(target_arch = "x86_64"))]
fn count(wanted: &[[u8; 8]; 4], codes: &[[u8; SignCode::BYTES]], out: &mut Vec<u16>) {
    plain(wanted, codes, out);
}

/// Which dimensions change their sign before they are mixed: arbitrary, and the same for good, because
/// stored codes follow from it.
const FLIPS: [u64; 4] = [draw(1), draw(2), draw(3), draw(4)];

/// The `n`th number of the generator splitmix64, started at zero.
const fn draw(n: u64) -> u64 {
    let x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// Sums and differences at every distance: a rotation, but for a factor that no sign depends on. With the
/// flips before it every dimension reaches every bit, at eight additions a number instead of 256 products.
fn hadamard(values: &mut [f32; SIGN_DIMENSIONS]) {
    let mut half = 1;
    while half < SIGN_DIMENSIONS {
        for pair in values.chunks_exact_mut(2 * half) {
            let (low, high) = pair.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
}
