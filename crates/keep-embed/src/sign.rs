//! Vectors as one bit per dimension, for a first look at very many.

/// How many dimensions a code covers; further ones are left out.
pub const SIGN_DIMENSIONS: usize = 256;

/// The signs of a vector's first 256 dimensions, 32 bytes. Two vectors that point the same way differ in few
/// bits, so the nearest by bits are the candidates whose exact products are worth computing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SignCode(pub [u64; 4]);

impl SignCode {
    /// The code of `vector`; a dimension that it lacks counts as not positive.
    #[must_use]
    pub fn of(vector: &[f32]) -> Self {
        let mut words = [0; 4];
        for (at, &x) in vector.iter().take(SIGN_DIMENSIONS).enumerate() {
            words[at / 64] |= u64::from(x > 0.0) << (at % 64);
        }
        Self(words)
    }

    /// In how many dimensions the two differ.
    #[must_use]
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}
