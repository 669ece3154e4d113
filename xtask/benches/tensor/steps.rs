//! What one step of a training costs beside the step before.

use crate::row::Row;
use crate::{Res, ratio};
use keep_tensor::format::{self, Limits};
use keep_tensor::pipeline::{Options, encode};
use keep_tensor::{Base, FileBase, Hash, Layout};
use std::io::Cursor;
use std::path::Path;

/// Each step, and the one before it.
const PAIRS: &[(&str, &str, &str, &str)] = &[
    ("step delta low0-low1 ratio", "low0", "low1", "bf16"),
    ("step delta low0-low8 ratio", "low0", "low8", "bf16"),
    ("step delta mid0-mid1 ratio", "mid0", "mid1", "bf16"),
    ("step delta mid0-mid10 ratio", "mid0", "mid10", "bf16"),
    ("step delta fp32 mid0-mid1 ratio", "mid0", "mid1", "fp32"),
];

/// The rows of all pairs.
pub(crate) fn rows(folder: &Path) -> Res<Vec<Row>> {
    let pair = |(name, old, new, kind): &(&str, &str, &str, &str)| {
        let path = |step| folder.join(format!("{step}.{kind}.safetensors"));
        Ok(ratio(name, against(&path(old), &path(new))?))
    };
    PAIRS.iter().map(pair).collect()
}

fn read(path: &Path) -> Res<(Vec<u8>, Layout)> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let layout = format::layout(&mut Cursor::new(&bytes), bytes.len() as u64, "", &Limits::default())?;
    Ok((bytes, layout))
}

fn against(old: &Path, new: &Path) -> Res<f64> {
    let (old, old_layout) = read(old)?;
    let (new, layout) = read(new)?;
    let base = FileBase::new(Cursor::new(&old), old_layout, Hash::of(&old));
    let base: &dyn Base = &base;
    let totals = encode(&mut Cursor::new(&new), &layout, Some(base), Options::default(), |_, _| Ok(()))?;
    Ok(totals.raw_bytes as f64 / totals.stored_bytes as f64)
}
