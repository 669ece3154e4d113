//! A pack that is read: opened, and checked.

use super::bases::Bases;
use super::error::PackingError;
use super::places::canonical;
use super::report::VerifyReport;
use super::shared::Shared;
use super::signer::Signer;
use super::watch::Watch;
use super::{Check, TensorWanted, effects, paths, workers};
use keep_tensor::pack::{EntryKind, PackReader};
use keep_tensor::{Base, RegionKind, TensorError};
use std::fs::File;
use std::path::{Path, PathBuf};

/// A pack that was opened, with its index checked.
pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) source: Shared,
    pub(super) pack: PackReader<Shared>,
}

impl Opened {
    pub(super) fn signer(&self) -> Option<String> {
        self.pack.signer().map(|key| Signer(*key).to_string())
    }

    /// The file that a tensor is in.
    pub(super) fn file_of(&self, wanted: &TensorWanted) -> Result<String, PackingError> {
        let has = |name: &str, kind: &EntryKind| match kind {
            EntryKind::File(file) => {
                wanted.file.as_deref().is_none_or(|file| file == name)
                    && file.layout.regions.iter().any(|region| match &region.kind {
                        RegionKind::Tensor(tensor) => tensor.name == wanted.tensor,
                        RegionKind::Bytes => false,
                    })
            }
            _ => false,
        };
        let files = self.pack.entries().iter().filter(|entry| has(&entry.path, &entry.kind));
        let mut files: Vec<String> = files.map(|entry| entry.path.clone()).collect();
        match (files.pop(), files.is_empty()) {
            (Some(file), true) => Ok(file),
            (Some(file), false) => {
                files.push(file);
                Err(PackingError::Ambiguous { tensor: wanted.tensor.clone(), files })
            }
            (None, _) => {
                let (pack, tensor) = (self.path.clone(), wanted.tensor.clone());
                Err(PackingError::NoTensor { pack, tensor })
            }
        }
    }
}

/// Opens a pack, which the one who is wanted must have signed.
pub(super) fn open(path: &Path, wanted: Option<&Signer>) -> Result<Opened, PackingError> {
    let path = canonical(path)?;
    let file = File::open(&path).map_err(|e| PackingError::file("opening", &path, e))?;
    if !file.metadata().is_ok_and(|meta| meta.is_file()) {
        let fault = TensorError::Pack("it is no file");
        return Err(PackingError::tensor("opening", &path, fault));
    }
    let source = Shared::new(file);
    let pack = PackReader::open(source.clone()).map_err(|e| PackingError::tensor("opening", &path, e))?;
    let opened = Opened { path, source, pack };
    match wanted {
        Some(wanted) if opened.pack.require_signer(&wanted.0).is_err() => Err(PackingError::Signer {
            wanted: wanted.to_string(),
            given: opened.signer(),
            pack: opened.path,
        }),
        _ => Ok(opened),
    }
}

/// Reads a pack as thoroughly as is asked.
pub(super) fn check_pack(
    opened: &Opened,
    check: &Check,
    watch: &Watch,
) -> Result<VerifyReport, PackingError> {
    let failed = |error| PackingError::tensor("checking", &opened.path, error);
    let size = opened.source.len().map_err(|e| PackingError::file("reading", &opened.path, e))?;
    let mut pack = PackReader::open(watch.raw(opened.source.clone())).map_err(failed)?;
    watch.expect(size);
    let totals = pack.verify().map_err(failed)?;
    if let Check::Restored { bases, jobs } = check {
        let bases = Bases::open(bases)?;
        let mut nowhere = watch.raw(std::io::sink());
        watch.expect(size + totals.raw_bytes);
        let mut pack = PackReader::open(opened.source.clone()).map_err(failed)?;
        for (_, path) in paths::files(opened.pack.entries()) {
            let base = effects::base_of(&opened.path, &pack, &bases, &path)?;
            let base = base.as_ref().map(|base| &**base as &dyn Base);
            pack.unpack(&path, base, workers(*jobs), &mut nowhere).map_err(failed)?;
        }
    }
    Ok(VerifyReport {
        path: opened.path.clone(),
        root: opened.pack.root(),
        signer: opened.pack.signer().copied().map(Signer),
        raw_bytes: totals.raw_bytes,
        stored_bytes: totals.stored_bytes,
        chunks: totals.chunks,
        restored: matches!(check, Check::Restored { .. }),
    })
}
