//! A new file that is filled from several threads, each part at its place.

use keep_tensor::WriteAt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// A file that has its size and nothing else yet. What is zero in it takes no room.
pub(crate) struct Sparse<'f>(&'f File);

impl<'f> Sparse<'f> {
    /// Gives a file that is empty its size.
    pub(crate) fn of(file: &'f File, bytes: u64) -> io::Result<Self> {
        file.set_len(bytes)?;
        Ok(Self(file))
    }
}

impl WriteAt for Sparse<'_> {
    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        // It is zero already.
        if is_zero(bytes) { Ok(()) } else { FileExt::write_all_at(self.0, bytes, at) }
    }
}

/// Ends at the first byte that is not; of zeros, it compares as many at once as the machine can.
fn is_zero(bytes: &[u8]) -> bool {
    let (parts, rest) = bytes.as_chunks::<64>();
    parts.iter().all(|part| *part == [0; 64]) && rest.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zeros_are_zero() {
        for size in [0, 1, 63, 64, 65, 200] {
            let mut bytes = vec![0; size];
            assert!(is_zero(&bytes), "{size}");
            for at in 0..size {
                bytes[at] = 1;
                assert!(!is_zero(&bytes), "{at} of {size}");
                bytes[at] = 0;
            }
        }
    }
}
