//! What holds of any bytes: one function for each parser. The fuzz targets call these, and the tests replay
//! the corpus through them.

use keep_tensor::format::cut::{Cutter, MAX, MIN, boundaries};
use keep_tensor::format::{Limits, layout};
use keep_tensor::{Layout, RegionKind};
use std::collections::HashSet;
use std::io::Cursor;

/// The layout covers the file exactly, each tensor has the bytes that its shape says, and no two have one
/// name.
pub(crate) fn exact(layout: &Layout, len: u64) {
    let mut at = 0;
    let mut names = HashSet::new();
    let mut was_bytes = false;
    for region in &layout.regions {
        assert_eq!(region.start, at);
        assert!(region.len > 0);
        at += region.len;
        match &region.kind {
            RegionKind::Bytes => assert!(!was_bytes, "two regions of bytes follow each other"),
            RegionKind::Tensor(info) => {
                let size = info.shape.iter().product::<u64>() * info.dtype.width() as u64;
                assert_eq!(size, region.len, "{info:?}");
                assert!(names.insert(&info.name), "two tensors are named {:?}", info.name);
            }
        }
        was_bytes = region.kind == RegionKind::Bytes;
    }
    assert_eq!(at, len);
}

/// Any file.
pub(crate) fn file(bytes: &[u8]) {
    let len = bytes.len() as u64;
    let found = layout(&mut Cursor::new(bytes), len, "", &Limits::default());
    exact(&found.expect("memory does not fail"), len);
}

/// A safetensors file with this header.
pub(crate) fn safetensors(header: &[u8]) {
    file(&[&(header.len() as u64).to_le_bytes(), header, &[7; 64]].concat());
}

/// A torch archive with this pickle, and storages of several sizes.
pub(crate) fn torch(pickle: &[u8]) {
    let mut zip = super::zipped::Zip::default().with("m/data.pkl", pickle);
    for (key, len) in [("0", 8), ("1", 4), ("2", 1), ("3", 24), ("4", 16)] {
        zip = zip.with(&format!("m/data/{key}"), &[7; 24][..len]);
    }
    file(&zip.done());
}

/// A zip archive, after the four bytes that say so.
pub(crate) fn zip(rest: &[u8]) {
    file(&[b"PK\x03\x04", rest].concat());
}

/// A NumPy array with this header.
pub(crate) fn npy(header: &[u8]) {
    file(&[b"\x93NUMPY\x02\0", &(header.len() as u32).to_le_bytes()[..], header, &[7; 64]].concat());
}

/// A GGUF file, after the four bytes that say so.
pub(crate) fn gguf(rest: &[u8]) {
    file(&[b"GGUF", rest].concat());
}

/// Bytes cut whole and bit by bit. The first two say how large the bits are; the rest is repeated, since
/// nothing shorter than a piece has a cut.
pub(crate) fn cut(bytes: &[u8]) {
    let Some((size, seed)) = bytes.split_first_chunk::<2>() else { return };
    let size = usize::from(u16::from_le_bytes(*size)) * 16 + 1;
    if seed.is_empty() {
        return;
    }
    let bytes = seed.repeat((MAX + MIN).div_ceil(seed.len()));
    let whole = boundaries(&bytes);
    assert_eq!(in_parts(&bytes, size), whole);
    let mut start = 0;
    for end in &whole {
        assert!(end - start <= MAX && (end - start >= MIN || *end == bytes.len()));
        start = *end;
    }
    assert_eq!(start, bytes.len());
}

/// Where the pieces of bytes end that arrive in parts of one size.
pub(crate) fn in_parts(bytes: &[u8], size: usize) -> Vec<usize> {
    let mut cutter = Cutter::default();
    let (mut ends, mut at) = (Vec::new(), 0);
    for mut part in bytes.chunks(size) {
        while let Some(taken) = cutter.push(part) {
            at += taken;
            ends.push(at);
            part = &part[taken..];
        }
        at += part.len();
    }
    if cutter.pending() > 0 {
        ends.push(at);
    }
    ends
}
