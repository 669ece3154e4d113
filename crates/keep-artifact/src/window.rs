//! Some regions of a file, one behind the other, as if they were the file: what is stored already is not
//! read again. What is read is hashed again, so that a file that changes between the two passes is found
//! out before anything is recorded of it.

use crate::manifest::Known;
use keep_tensor::{Hash, Layout, Region};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The regions of a file that are to be encoded.
pub(crate) struct Window<'a> {
    file: &'a mut File,
    /// Where each lies in the file, where it starts here, and what it must be.
    parts: Vec<(u64, u64, Known)>,
    bytes: u64,
    at: u64,
    part: usize,
    hasher: blake3::Hasher,
    changed: bool,
}

impl<'a> Window<'a> {
    /// A window, and the layout of what shows in it.
    pub(crate) fn new(file: &'a mut File, layout: &Layout, wanted: &[(usize, Known)]) -> (Self, Layout) {
        let (mut parts, mut regions, mut start) = (Vec::new(), Vec::new(), 0);
        for (index, known) in wanted {
            let region = &layout.regions[*index];
            parts.push((region.start, start, *known));
            regions.push(Region { start, len: region.len, kind: region.kind.clone() });
            start += region.len;
        }
        let shown = Layout { format: layout.format, note: None, regions };
        let hasher = blake3::Hasher::new();
        (Self { file, parts, bytes: start, at: 0, part: 0, hasher, changed: false }, shown)
    }

    /// Whether everything that was read is what it was before.
    pub(crate) fn held_still(&self) -> bool {
        !self.changed && self.part == self.parts.len()
    }
}

impl Read for Window<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some((place, start, known)) = self.parts.get(self.part) else { return Ok(0) };
        let within = self.at - start;
        let left = known.bytes - within;
        let want = usize::try_from(left).map_or(out.len(), |left| left.min(out.len()));
        if want == 0 {
            return Ok(0);
        }
        self.file.seek(SeekFrom::Start(place + within))?;
        let got = self.file.read(&mut out[..want])?;
        self.hasher.update(&out[..got]);
        self.at += got as u64;
        if within + got as u64 == known.bytes {
            self.changed |= Hash::from_bytes(*self.hasher.finalize().as_bytes()) != known.hash;
            self.hasher.reset();
            self.part += 1;
        }
        Ok(got)
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
        };
        // The codec reads from the beginning to the end; a hash can be made of nothing else.
        match to {
            Some(0) => {
                (self.at, self.part) = (0, 0);
                self.hasher.reset();
            }
            Some(to) if to == self.at => {}
            _ => return Err(io::Error::new(io::ErrorKind::Unsupported, "this is read from its beginning")),
        }
        Ok(self.at)
    }
}
