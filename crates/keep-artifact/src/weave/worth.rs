//! Whether a region is worth to be stored as a difference, and to what.

use super::MIN_REGION_BYTES;
use crate::base::RegionReader;
use crate::error::ArtifactError;
use crate::manifest::{Known, Manifest};
use keep_tensor::codec::{Codec, Content};
use keep_tensor::{Layout, Region, RegionKind, TensorError};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// A difference must save at least this much of what the region would take alone: less is not worth what
/// reading two regions costs at each restoration.
const MIN_GAIN_PERCENT: u64 = 5;
/// Where a region is tried out, and how much of it at each place.
const TRIES: u64 = 3;
const TRY_BYTES: u64 = 256 << 10;

/// The regions of the version before that lie where the wanted ones do: the tensor of the same name in
/// the file of the same path, or other bytes in the same order. One file that was put under another name
/// is still the same artifact's.
pub(super) fn counterparts(
    before: &Manifest,
    path: &str,
    layout: &Layout,
    wanted: &[(usize, Known)],
) -> Vec<Option<u32>> {
    let mut files = before.files();
    let only = if before.head.entries.len() == 1 { files.next() } else { None };
    let file = only.or_else(|| before.files().find(|(own, _)| *own == path));
    let Some((_, file)) = file else { return vec![None; wanted.len()] };
    let named: HashMap<&str, u32> = file
        .pieces
        .iter()
        .filter_map(|piece| Some((piece.tensor.as_ref()?.name.as_str(), piece.region)))
        .collect();
    let fits = |at: u32, known: &Known| {
        let other = &before.regions[at as usize].what;
        other.bytes == known.bytes && other.content == known.content
    };
    let find = |index: usize, known: &Known| {
        let at = match &layout.regions[index].kind {
            RegionKind::Tensor(tensor) => named.get(tensor.name.as_str()).copied(),
            RegionKind::Bytes => {
                file.pieces.get(index).filter(|piece| piece.tensor.is_none()).map(|piece| piece.region)
            }
        };
        at.filter(|at| fits(*at, known) && known.bytes >= MIN_REGION_BYTES)
    };
    wanted.iter().map(|(index, known)| find(*index, known)).collect()
}

/// Whether a region takes enough less as a difference, as measured at a few places of it.
pub(super) fn pays(
    file: &mut File,
    region: &Region,
    base: &RegionReader,
    at: u32,
) -> Result<bool, ArtifactError> {
    let content = match &region.kind {
        RegionKind::Bytes => Content::Bytes,
        RegionKind::Tensor(tensor) => Content::Elements(tensor.dtype),
    };
    let (mut codec, mut alone, mut differing) = (Codec::new()?, Vec::new(), Vec::new());
    let (mut alone_bytes, mut differing_bytes) = (0, 0);
    let step = region.len / TRIES / TRY_BYTES * TRY_BYTES;
    for number in 0..TRIES {
        let offset = number * step;
        let size = usize::try_from(TRY_BYTES.min(region.len - offset)).map_err(|_| ArtifactError::TooMany)?;
        let (mut raw, mut below) = (vec![0; size], vec![0; size]);
        file.seek(SeekFrom::Start(region.start + offset)).map_err(TensorError::Source)?;
        file.read_exact(&mut raw).map_err(TensorError::Source)?;
        base.read(at, offset, &mut below)?;
        codec.encode(content, &raw, None, &mut alone)?;
        codec.encode(content, &raw, Some(&below), &mut differing)?;
        alone_bytes += alone.len();
        differing_bytes += differing.len();
        if step == 0 {
            break;
        }
    }
    Ok(worth_a_base(differing_bytes as u64, alone_bytes as u64))
}

/// Whether a difference of so many bytes is worth what restoring it costs.
pub(crate) const fn worth_a_base(differing_bytes: u64, alone_bytes: u64) -> bool {
    differing_bytes.saturating_mul(100) <= alone_bytes.saturating_mul(100 - MIN_GAIN_PERCENT)
}
