//! The file, read here and there and never beyond its length.

use super::stop::{Stop, unfit};
use std::io::{self, Read, Seek, SeekFrom};

/// How many first bytes the formats are told apart by.
const START: u64 = 16;

/// Input that can be read at any place.
pub(super) trait Input: Read + Seek {}
impl<T: Read + Seek> Input for T {}

/// A file of known length.
pub(super) struct Source<'a> {
    input: &'a mut dyn Input,
    len: u64,
}

impl<'a> Source<'a> {
    pub(super) fn new(input: &'a mut dyn Input, len: u64) -> Self {
        Self { input, len }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The first bytes; fewer when the file has no more.
    pub(super) fn start(&mut self) -> io::Result<Vec<u8>> {
        self.fetch(0, self.len.min(START))
    }

    /// The `len` bytes at `start`, which must lie in the file; `what` names them for a person. The caller
    /// has bounded `len`.
    pub(super) fn read(&mut self, start: u64, len: u64, what: &str) -> Result<Vec<u8>, Stop> {
        if start.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(unfit(format!("{what} reaches beyond the end of the file")));
        }
        Ok(self.fetch(start, len)?)
    }

    /// Grows with what arrives, so a length that the input does not keep costs nothing.
    fn fetch(&mut self, start: u64, len: u64) -> io::Result<Vec<u8>> {
        self.input.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        let read = (&mut *self.input).take(len).read_to_end(&mut bytes)?;
        if read as u64 == len {
            return Ok(bytes);
        }
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is shorter than it was said to be"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn an_input_shorter_than_it_was_said_to_be_is_an_error_of_the_input() {
        let mut input = Cursor::new([1, 2, 3]);
        let mut source = Source::new(&mut input, 1 << 40);
        assert_eq!(source.read(0, 3, "it").unwrap(), [1, 2, 3]);
        assert!(matches!(source.read(0, 4, "it"), Err(Stop::Io(_))));
        assert!(matches!(source.read(u64::MAX, 4, "it"), Err(Stop::Unfit(_))));
    }
}
