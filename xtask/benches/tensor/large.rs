//! A file larger than any memory should have to be, and the step after it.

use crate::Res;
use keep_tensor::RegionKind;
use keep_tensor::format::{self, Limits};
use std::fs::File;
use std::io::{BufWriter, Cursor, Write};
use std::path::Path;

/// Writes two bf16 safetensors files of about this size: the weights of a model again and again, each time
/// a little different, so that no part is stored once for two; and the same with one value in a hundred
/// moved.
pub(crate) fn make(model: &Path, bytes: u64, old: &Path, new: &Path) -> Res<()> {
    let weights = std::fs::read(model)?;
    let layout = format::layout(&mut Cursor::new(&weights), weights.len() as u64, "", &Limits::default())?;
    let tensors: Vec<_> = layout
        .regions
        .iter()
        .filter(|region| matches!(region.kind, RegionKind::Tensor(_)))
        .map(|region| &weights[region.start as usize..(region.start + region.len) as usize])
        .collect();
    let once: usize = tensors.iter().map(|tensor| tensor.len()).sum();
    let copies = bytes.div_ceil(once as u64);
    let header = header(&tensors, copies)?;
    let mut files = [BufWriter::new(File::create(old)?), BufWriter::new(File::create(new)?)];
    for file in &mut files {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
    }
    let mut noise = 1u64;
    for _ in 0..copies {
        for tensor in &tensors {
            let (mut first, mut second) = (tensor.to_vec(), tensor.to_vec());
            for (a, b) in first.chunks_exact_mut(2).zip(second.chunks_exact_mut(2)) {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let low = (noise >> 60) as u8 & 3;
                a[0] ^= low;
                b[0] = a[0] ^ u8::from((noise >> 32).is_multiple_of(100));
            }
            files[0].write_all(&first)?;
            files[1].write_all(&second)?;
        }
    }
    for file in &mut files {
        file.flush()?;
    }
    Ok(())
}

fn header(tensors: &[&[u8]], copies: u64) -> Res<Vec<u8>> {
    let mut entries = serde_json::Map::new();
    let mut at = 0;
    for copy in 0..copies {
        for (number, tensor) in tensors.iter().enumerate() {
            let entry = serde_json::json!({
                "dtype": "BF16", "shape": [tensor.len() / 2], "data_offsets": [at, at + tensor.len()],
            });
            entries.insert(format!("copy.{copy}.{number}"), entry);
            at += tensor.len();
        }
    }
    Ok(serde_json::to_vec(&entries)?)
}
