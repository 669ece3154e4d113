//! The readers of tensor files: real files, damaged ones and hostile ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod checks;
mod corpus;
mod cut;
mod damage;
mod gguf;
mod input;
mod npy;
mod pickled;
mod safetensors;
mod torch;
mod zip;
mod zipped;

use keep_tensor::format::{Limits, layout};
use keep_tensor::{Dtype, Layout, RegionKind};
use std::io::Cursor;
use std::path::Path;

/// A committed file.
fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)).unwrap()
}

/// The layout of `bytes`, which is always exact, whatever they are.
fn read(bytes: &[u8], name: &str) -> Layout {
    read_within(bytes, name, &Limits::default())
}

fn read_within(bytes: &[u8], name: &str, limits: &Limits) -> Layout {
    let found = layout(&mut Cursor::new(bytes), bytes.len() as u64, name, limits).unwrap();
    checks::exact(&found, bytes.len() as u64);
    found
}

/// One line for each tensor: name, type, shape, and its first bytes.
fn tensors(layout: &Layout, bytes: &[u8]) -> Vec<String> {
    let line = |region: &keep_tensor::Region| match &region.kind {
        RegionKind::Bytes => None,
        RegionKind::Tensor(info) => {
            let start = usize::try_from(region.start).unwrap();
            let end = start + usize::try_from(region.len).unwrap().min(8);
            let head: String = bytes[start..end].iter().map(|byte| format!("{byte:02x}")).collect();
            Some(format!("{} {:?} {:?} {head}", info.name, info.dtype, info.shape))
        }
    };
    layout.regions.iter().filter_map(line).collect()
}

/// The file is one run of bytes, with a note that says `why`.
fn check_refused(bytes: &[u8], why: &str) {
    let layout = read(bytes, "");
    assert_eq!(layout.format, keep_tensor::Format::Opaque);
    assert!(layout.regions.len() <= 1);
    let note = layout.note.unwrap_or_default();
    assert!(note.contains(why), "{note:?} does not say {why:?}");
}

/// The first elements of an arange, as they lie in a file.
fn ramp(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::Bool => "01000100",
        _ if dtype.width() == 1 && !matches!(dtype, Dtype::F8E4M3 | Dtype::F8E5M2) => "00010203",
        Dtype::F8E4M3 => "00384044",
        Dtype::F8E5M2 => "003c4042",
        Dtype::F16 => "0000003c00400042",
        Dtype::Bf16 => "0000803f00404040",
        Dtype::F32 => "000000000000803f",
        Dtype::U16 | Dtype::I16 => "0000010002000300",
        Dtype::U32 | Dtype::I32 => "0000000001000000",
        _ => "0000000000000000",
    }
}
