//! A first pass over a file: what its regions are, and the hash of each.

use crate::error::ArtifactError;
use crate::manifest::{Known, content_of};
use keep_tensor::format::{self, Limits};
use keep_tensor::{Hash, Layout};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// How much is read at once.
const PIECE: usize = 1 << 20;

/// What a file is made of.
pub(crate) struct Scanned {
    pub(crate) layout: Layout,
    pub(crate) hash: Hash,
    pub(crate) regions: Vec<Known>,
}

/// Lays a file out and hashes it, as a whole and region by region, in one pass.
pub(crate) fn scan(
    file: &mut File,
    bytes: u64,
    path: &Path,
    mut moved: impl FnMut(u64),
) -> Result<Scanned, ArtifactError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let layout = format::layout(file, bytes, name, &Limits::default())
        .map_err(|source| ArtifactError::Layout { path: path.to_owned(), source })?;
    let failed = |error| ArtifactError::file("reading", path, error);
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut whole = blake3::Hasher::new();
    // The hash of a file that is one region is the region's, too.
    let single = layout.regions.len() == 1;
    let mut buffer = vec![0; PIECE];
    let mut regions = Vec::with_capacity(layout.regions.len());
    for region in &layout.regions {
        let mut own = blake3::Hasher::new();
        let mut left = region.len;
        while left > 0 {
            let want = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
            let got = file.read(&mut buffer[..want]).map_err(failed)?;
            if got == 0 {
                return Err(ArtifactError::Changed(path.to_owned()));
            }
            whole.update(&buffer[..got]);
            if !single {
                own.update(&buffer[..got]);
            }
            left -= got as u64;
            moved(got as u64);
        }
        let hash = if single { whole.finalize() } else { own.finalize() };
        let hash = Hash::from_bytes(*hash.as_bytes());
        regions.push(Known { hash, bytes: region.len, content: content_of(&region.kind) });
    }
    let hash = Hash::from_bytes(*whole.finalize().as_bytes());
    Ok(Scanned { layout, hash, regions })
}
