//! Numbers and byte strings as chunks and packs hold them.

use crate::TensorError;

/// Appends a number, seven bits a byte, lowest first; the top bit says that more follow.
pub(crate) fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes things off the front of untrusted bytes.
#[derive(Clone, Copy)]
pub(crate) struct Take<'a> {
    rest: &'a [u8],
    fault: fn(&'static str) -> TensorError,
}

impl<'a> Take<'a> {
    pub(crate) fn new(bytes: &'a [u8], fault: fn(&'static str) -> TensorError) -> Self {
        Self { rest: bytes, fault }
    }

    pub(crate) fn fault<T>(&self, why: &'static str) -> Result<T, TensorError> {
        Err((self.fault)(why))
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], TensorError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return self.fault("it ends too early");
        };
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], TensorError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, TensorError> {
        Ok(self.array::<1>()?[0])
    }

    /// A number in its one shortest form: a second spelling would be a second file with the same meaning.
    pub(crate) fn number(&mut self) -> Result<u64, TensorError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return self.fault("a number has more than 64 bits");
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 { self.fault("a number is padded") } else { Ok(value) };
            }
        }
        self.fault("a number has more than 64 bits")
    }

    /// A number that counts bytes in memory, and is therefore bounded before it is used.
    pub(crate) fn size(&mut self, limit: usize, what: &'static str) -> Result<usize, TensorError> {
        let size = self.number()?;
        match usize::try_from(size) {
            Ok(small) if small <= limit => Ok(small),
            _ => Err(TensorError::Limit { what, size, limit: limit as u64 }),
        }
    }

    /// A byte string with its length in front.
    pub(crate) fn string(&mut self, limit: usize, what: &'static str) -> Result<&'a [u8], TensorError> {
        let size = self.size(limit, what)?;
        self.bytes(size)
    }

    /// What is left, all of it.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_have_one_spelling() {
        for value in [0, 1, 127, 128, 300, 1 << 35, u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, value);
            let mut take = Take::new(&bytes, TensorError::Pack);
            assert_eq!(take.number().unwrap(), value);
            assert!(take.is_empty());
            for end in 0..bytes.len() {
                assert!(Take::new(&bytes[..end], TensorError::Pack).number().is_err());
            }
        }
        let bad: [&[u8]; 3] =
            [&[0x80, 0], &[0xff; 10], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]];
        for bytes in bad {
            assert!(Take::new(bytes, TensorError::Pack).number().is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_size_is_bounded_before_it_is_used() {
        let mut bytes = Vec::new();
        put_number(&mut bytes, u64::MAX);
        let error = Take::new(&bytes, TensorError::Pack).string(1000, "a name").unwrap_err();
        assert!(matches!(error, TensorError::Limit { limit: 1000, .. }));
    }
}
