//! Bytes that are read and written at any place, by several threads at once.

use std::io::{self, ErrorKind};
use std::sync::{Mutex, PoisonError};

/// Bytes that several threads read at once, each where it wants.
pub trait ReadAt: Sync {
    /// Reads some bytes from a place on; none at the end.
    ///
    /// # Errors
    /// When they cannot be read.
    fn read_at(&self, out: &mut [u8], at: u64) -> io::Result<usize>;

    /// Fills `out` with the bytes from a place on.
    ///
    /// # Errors
    /// When they cannot be read, or end before; then the kind is [`ErrorKind::UnexpectedEof`].
    fn read_exact_at(&self, mut out: &mut [u8], mut at: u64) -> io::Result<()> {
        while !out.is_empty() {
            match self.read_at(out, at) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => (out, at) = (&mut out[count..], at + count as u64),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Where several threads write at once, each at its place.
pub trait WriteAt: Sync {
    /// Writes all of these bytes from a place on.
    ///
    /// # Errors
    /// When they cannot be written.
    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;
}

impl ReadAt for [u8] {
    fn read_at(&self, out: &mut [u8], at: u64) -> io::Result<usize> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, out: &mut [u8], at: u64) -> io::Result<usize> {
        self.as_slice().read_at(out, at)
    }
}

/// In memory, where what was not written is zero.
impl WriteAt for Mutex<Vec<u8>> {
    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let at = usize::try_from(at).map_err(|_| ErrorKind::OutOfMemory)?;
        let mut all = self.lock().unwrap_or_else(PoisonError::into_inner);
        let end = at + bytes.len();
        if all.len() < end {
            all.resize(end, 0);
        }
        all[at..end].copy_from_slice(bytes);
        Ok(())
    }
}

/// Reads from front to back what can be read anywhere.
#[derive(Debug)]
pub(crate) struct Onward<'a, S: ?Sized> {
    pub(crate) source: &'a S,
    pub(crate) at: u64,
}

impl<S: ReadAt + ?Sized> io::Read for Onward<'_, S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(out, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
