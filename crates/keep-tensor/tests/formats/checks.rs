//! What holds of any bytes: one function for each parser. The fuzz targets call these, and the tests replay
//! the corpus through them.

use keep_tensor::codec::Codec;
use keep_tensor::format::cut::{Cutter, MAX, MIN, boundaries};
use keep_tensor::format::{Limits, layout};
use keep_tensor::pack::{EntryKind, PackReader};
use keep_tensor::pipeline::Workers;
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

/// A pack whose root is right, so that what is behind it is read: four bytes that say how many of the rest
/// are chunks, the chunks, and the index. Says whether it was taken for a pack.
pub(crate) fn pack(bytes: &[u8]) -> bool {
    let Some((size, rest)) = bytes.split_first_chunk::<4>() else { return false };
    let chunk_bytes = (u32::from_le_bytes(*size) as usize).min(rest.len());
    let (chunks, index) = rest.split_at(chunk_bytes);
    let header = b"\x8bKeepP\r\n\x01\0\0\0\0\0\0\0";
    let mut hasher = blake3::Hasher::new_derive_key("keep pack, version 1, root");
    let root = *hasher.update(header).update(index).finalize().as_bytes();
    let sizes = [chunks.len() as u64, index.len() as u64].map(u64::to_le_bytes).concat();
    let trailer = [&sizes[..], &root, &[0; 97], &header[..8]].concat();
    let Ok(mut pack) = PackReader::open(Cursor::new([&header[..], chunks, index, &trailer].concat())) else {
        return false;
    };
    let _ = pack.verify();
    let files = pack.entries().iter().filter_map(|entry| match &entry.kind {
        EntryKind::File(file) if file.raw_bytes() <= UNPACKED => Some((entry.path.clone(), file.clone())),
        _ => None,
    });
    for (path, file) in files.collect::<Vec<_>>() {
        exact_cover(&file.layout);
        let mut out = Vec::new();
        if let Ok(written) = pack.unpack(&path, None, Workers::Inline, &mut out) {
            assert_eq!((written, out.len() as u64), (file.raw_bytes(), file.raw_bytes()), "{path}");
        }
    }
    true
}

/// A few chunks can be named so often that they unpack to terabytes, which is no fault.
const UNPACKED: u64 = 16 << 20;

/// Regions that follow each other without a gap.
fn exact_cover(layout: &Layout) {
    let mut at = 0;
    for region in &layout.regions {
        assert_eq!(region.start, at);
        at += region.len;
    }
}

/// A stored chunk, after two bytes that say how large it was and one that says whether there is a base.
pub(crate) fn chunk(bytes: &[u8]) {
    let Some((head, stored)) = bytes.split_first_chunk::<3>() else { return };
    let mut out = vec![0; usize::from(u16::from_le_bytes([head[0], head[1]]))];
    let base = vec![head[2]; out.len()];
    let base = (head[2] != 0).then_some(base.as_slice());
    // Refusing it is as good as taking it, as long as it is one of them.
    let _ = Codec::new().expect("memory does not fail").decode(stored, base, &mut out);
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
