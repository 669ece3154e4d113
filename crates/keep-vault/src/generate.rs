//! Random values.

use crate::error::VaultError;
use crate::value::Value;
use std::fmt;
use zeroize::Zeroizing;

/// Which characters a generated value is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alphabet {
    /// Letters and digits: fits everywhere, needs no quoting.
    #[default]
    Letters,
    /// Lower-case hex digits.
    Hex,
    /// Letters, digits and punctuation, for places that demand it.
    Symbols,
}

/// What value to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Of which characters.
    pub alphabet: Alphabet,
    /// How many.
    pub length: usize,
}

impl Default for Recipe {
    /// 32 letters and digits: 190 random bits.
    fn default() -> Self {
        Self { alphabet: Alphabet::Letters, length: 32 }
    }
}

/// A shorter value is neither hard to guess nor recognisable in output.
pub(crate) const SHORTEST: usize = 16;
/// A longer one serves nobody.
pub(crate) const LONGEST: usize = 1_024;

impl Alphabet {
    fn characters(self) -> &'static [u8] {
        const ALL: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~!@#%^*+=:,?";
        match self {
            Self::Hex => &ALL[..16],
            Self::Letters => &ALL[..62],
            Self::Symbols => ALL,
        }
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = match self.alphabet {
            Alphabet::Letters => "letters and digits",
            Alphabet::Hex => "hex digits",
            Alphabet::Symbols => "letters, digits and punctuation",
        };
        write!(f, "{} {of}", self.length)
    }
}

impl Recipe {
    /// Draws a value. Bytes beyond the last whole multiple of the alphabet are drawn again, so that
    /// every character is as likely as any other.
    pub(crate) fn draw(self) -> Result<Value, VaultError> {
        if !(SHORTEST..=LONGEST).contains(&self.length) {
            return Err(VaultError::BadLength { given: self.length });
        }
        let characters = self.alphabet.characters();
        let fair = 256 - 256 % characters.len();
        let mut value = Vec::with_capacity(self.length);
        let mut bytes = Zeroizing::new([0u8; 64]);
        while value.len() < self.length {
            getrandom::fill(&mut *bytes).map_err(VaultError::Random)?;
            let drawn = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
            let wanted = self.length - value.len();
            value.extend(drawn.take(wanted).map(|byte| characters[byte % characters.len()]));
        }
        Ok(Value::new(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_comes_up_and_no_other() {
        for alphabet in [Alphabet::Letters, Alphabet::Hex, Alphabet::Symbols] {
            let mut seen = std::collections::BTreeSet::new();
            for _ in 0..20 {
                let value = Recipe { alphabet, length: LONGEST }.draw().unwrap();
                assert_eq!(value.reveal().len(), LONGEST);
                seen.extend(value.reveal().iter().copied());
            }
            let wanted = alphabet.characters().iter().copied().collect();
            assert_eq!(seen, wanted, "{alphabet:?}");
        }
    }

    #[test]
    fn lengths_have_bounds() {
        for length in [0, SHORTEST - 1, LONGEST + 1] {
            assert!(Recipe { alphabet: Alphabet::Hex, length }.draw().is_err());
        }
    }
}
