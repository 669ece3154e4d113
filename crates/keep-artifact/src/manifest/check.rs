//! Whether a manifest is sound in itself. A manifest from another's bucket is untrusted text.

use super::{EntryKind, FileEntry, MAX_DEPTH, Manifest, Shape, content_of};
use crate::error::ArtifactError;
use keep_tensor::RegionKind;
use keep_tensor::codec::MAX_CHUNK_BYTES;
use keep_tensor::pack::check_path;
use std::collections::HashMap;

/// A bundle is held in memory while it is copied. Those written here are a quarter of this.
pub(crate) const MAX_BUNDLE_BYTES: u64 = 64 << 20;

type Checked = Result<(), ArtifactError>;

const fn wrong(what: &'static str) -> ArtifactError {
    ArtifactError::Manifest(what)
}

impl Manifest {
    pub(super) fn check(&self) -> Checked {
        if self.bundles.iter().any(|bundle| bundle.bytes > MAX_BUNDLE_BYTES) {
            return Err(wrong("a bundle is larger than any that is written"));
        }
        self.check_chunks()?;
        self.check_regions()?;
        self.check_tree()?;
        let mut raw = 0u64;
        for (_, file) in self.files() {
            self.check_file(file)?;
            raw = raw.checked_add(file.bytes).ok_or(wrong("its files are too large"))?;
        }
        if raw != self.head.sums.raw_bytes {
            return Err(wrong("its files do not add up"));
        }
        match (self.head.shape, self.head.entries.as_slice()) {
            (Shape::Folder, _) => Ok(()),
            (Shape::File, [only]) if matches!(only.kind, EntryKind::File(_)) => Ok(()),
            (Shape::File, _) => Err(wrong("it is said to be one file and is not")),
        }
    }

    fn check_chunks(&self) -> Checked {
        for chunk in &self.chunks {
            let bundle = self.bundles.get(chunk.bundle as usize).ok_or(wrong("a chunk lies in no bundle"))?;
            if u64::from(chunk.start) + u64::from(chunk.bytes) > bundle.bytes {
                return Err(wrong("a chunk lies outside its bundle"));
            }
            if chunk.raw_bytes == 0 || chunk.raw_bytes as usize > MAX_CHUNK_BYTES {
                return Err(wrong("a chunk has a size that none has"));
            }
        }
        Ok(())
    }

    fn check_regions(&self) -> Checked {
        for (at, region) in self.regions.iter().enumerate() {
            let end = region.first.checked_add(region.count).ok_or(wrong("a region's chunks"))? as usize;
            let chunks = self
                .chunks
                .get(region.first as usize..end)
                .ok_or(wrong("a region's chunks are not there"))?;
            let bytes: u64 = chunks.iter().map(|chunk| u64::from(chunk.raw_bytes)).sum();
            if bytes != region.what.bytes || bytes == 0 {
                return Err(wrong("a region's chunks do not add up"));
            }
            if usize::from(region.what.content) > super::DTYPES.len() {
                return Err(wrong("a region is of an unknown type"));
            }
            match region.base {
                None if region.depth == 0 => {}
                Some(base) if (base as usize) < at => {
                    let below = &self.regions[base as usize];
                    let fits = below.what.bytes == bytes && below.what.content == region.what.content;
                    if !fits || region.depth != below.depth + 1 || region.depth > MAX_DEPTH {
                        return Err(wrong("a region does not fit the one it differs from"));
                    }
                }
                _ => return Err(wrong("a region differs from one that does not stand before it")),
            }
        }
        Ok(())
    }

    fn check_file(&self, file: &FileEntry) -> Checked {
        let mut bytes = 0u64;
        for piece in &file.pieces {
            let region =
                self.regions.get(piece.region as usize).ok_or(wrong("a piece of a file is not there"))?;
            let kind = piece.tensor.clone().map_or(RegionKind::Bytes, RegionKind::Tensor);
            if content_of(&kind) != region.what.content {
                return Err(wrong("a piece of a file has another type than its region"));
            }
            bytes = bytes.checked_add(region.what.bytes).ok_or(wrong("a file is too large"))?;
        }
        if bytes == file.bytes { Ok(()) } else { Err(wrong("a file's pieces do not add up")) }
    }

    /// Each path once and below the folder, nothing beneath what is no folder, no link that leads out.
    fn check_tree(&self) -> Checked {
        let mut folders = HashMap::new();
        for entry in &self.head.entries {
            check_path(&entry.path).map_err(ArtifactError::Path)?;
            let is_folder = matches!(entry.kind, EntryKind::Folder { .. });
            if folders.insert(entry.path.as_str(), is_folder).is_some() {
                return Err(wrong("a path is there twice"));
            }
            if let EntryKind::Link { target } = &entry.kind
                && !stays_inside(&entry.path, target)
            {
                return Err(ArtifactError::LinkOut { path: entry.path.clone().into() });
            }
        }
        for entry in &self.head.entries {
            for (at, _) in entry.path.match_indices('/') {
                if folders.get(&entry.path[..at]) != Some(&true) {
                    return Err(wrong("a path lies beneath what is no folder"));
                }
            }
        }
        Ok(())
    }
}

/// Whether a link at this path, followed by name, stays below the folder of the whole.
pub(crate) fn stays_inside(path: &str, target: &str) -> bool {
    if target.is_empty() || target.starts_with('/') || target.contains('\0') {
        return false;
    }
    let mut depth = path.matches('/').count();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return false,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    true
}
