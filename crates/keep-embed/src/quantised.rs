//! Vectors as int8: a quarter of the room, and a dot product over integers.

/// A vector as int8 codes and the factor that brings them back.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    /// What one step of a code is worth.
    pub scale: f32,
    /// One code per dimension.
    pub codes: Vec<i8>,
}

impl Quantised {
    /// The short form of `vector`.
    #[must_use]
    pub fn of(vector: &[f32]) -> Self {
        let mut codes = vec![0; vector.len()];
        let scale = quantise(vector, &mut codes);
        Self { scale, codes }
    }

    /// The dot product with another, which for vectors of length one is their cosine.
    #[must_use]
    pub fn dot(&self, other: &Self) -> f32 {
        dot_codes(&self.codes, &other.codes) as f32 * self.scale * other.scale
    }
}

/// Writes the codes of `vector` into `codes` and returns their scale; zero for the zero vector.
///
/// # Panics
/// When the two have different lengths.
pub fn quantise(vector: &[f32], codes: &mut [i8]) -> f32 {
    assert_eq!(vector.len(), codes.len(), "a vector has one code per dimension");
    let largest = vector.iter().fold(0.0f32, |most, x| most.max(x.abs()));
    if largest == 0.0 {
        codes.fill(0);
        return 0.0;
    }
    let factor = 127.0 / largest;
    for (code, x) in codes.iter_mut().zip(vector) {
        *code = (x * factor).round() as i8;
    }
    largest / 127.0
}

/// The dot product of two vectors of codes; dimensions that only one has count for nothing.
#[must_use]
pub fn dot_codes(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(&x, &y)| i32::from(x) * i32::from(y)).sum()
}

/// The dot product of two vectors; dimensions that only one has count for nothing.
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Eight sums side by side, since the order of additions is fixed and one sum would wait for itself.
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0f32; 8];
    for (x, y) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum::<f32>()
}

/// Brings a vector to length one; the zero vector stays as it is.
pub fn normalise(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}
