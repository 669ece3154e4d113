//! A new file that is written both from front to back and from several threads.

use keep_tensor::WriteAt;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

/// A file that is empty when writing begins.
pub(crate) struct Blank<'f>(&'f File);

impl<'f> Blank<'f> {
    pub(crate) fn new(file: &'f File) -> Self {
        Self(file)
    }
}

impl WriteAt for Blank<'_> {
    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        FileExt::write_all_at(self.0, bytes, at)
    }
}

impl Write for Blank<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for Blank<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}
