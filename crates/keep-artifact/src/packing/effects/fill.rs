//! Unpacking everything: a file beside its name, or a folder beside its place, which then take it.

use super::base_of;
use super::fresh::Fresh;
use super::stage::Stage;
use crate::effects::Sparse;
use crate::packing::acts::Unpack;
use crate::packing::bases::Bases;
use crate::packing::error::PackingError;
use crate::packing::links;
use crate::packing::paths::{self, Top};
use crate::packing::report::UnpackReport;
use crate::packing::watch::Watch;
use keep_gate::Started;
use keep_tensor::pack::{Entry, EntryKind, PackReader, PackedFile};
use keep_tensor::{Base, ReadAt, TensorError};
use std::io::{Read, Seek};

/// Unpacks everything to where the act says.
pub(super) fn everything<R: Read + Seek + Send + ReadAt>(
    pack: &PackReader<R>,
    started: &Started<Unpack>,
    bases: &Bases,
    watch: &Watch,
) -> Result<UnpackReport, PackingError> {
    let act = started.act();
    let top = paths::top(pack.entries());
    let mut report = UnpackReport::new(act);
    let all = pack.entries().iter().map(|entry| match &entry.kind {
        EntryKind::File(file) => file.raw_bytes(),
        _ => 0,
    });
    watch.expect(all.sum());
    if let Top::File(path) = top {
        let file = pack.file(&path).map_err(|e| PackingError::tensor("unpacking", &act.pack, e))?;
        let mut fresh = Fresh::make(&act.to, file.mode & 0o777)?;
        report.raw_bytes = restore(pack, act, bases, watch, &path, fresh.file())?;
        report.files = 1;
        fresh.put(act.existing)?;
        return Ok(report);
    }
    let entries = pack.entries().to_vec();
    check_links(&top, &entries, act)?;
    let stage = Stage::make(&act.to, act.existing)?;
    for entry in &entries {
        if watch.is_stopped() {
            return Err(PackingError::Interrupted);
        }
        let below = paths::inside(&top, &entry.path);
        match &entry.kind {
            EntryKind::Folder { .. } => {
                stage.folder(below)?;
                report.folders += 1;
            }
            EntryKind::Link { target } => {
                stage.link(below, target)?;
                report.links += 1;
            }
            EntryKind::File(file) => {
                let out = stage.file(below, file.mode)?;
                report.raw_bytes += restore(pack, act, bases, watch, &entry.path, &out)?;
                out.sync_all().map_err(|e| PackingError::file("syncing", &stage.shown(below), e))?;
                report.files += 1;
            }
        }
    }
    stage.put(&top, &entries)?;
    Ok(report)
}

fn restore<R: Read + Seek + Send + ReadAt>(
    pack: &PackReader<R>,
    act: &Unpack,
    bases: &Bases,
    watch: &Watch,
    path: &str,
    out: &std::fs::File,
) -> Result<u64, PackingError> {
    let base = base_of(&act.pack, pack, bases, path)?;
    let base = base.as_ref().map(|base| &**base as &dyn Base);
    let bytes = pack.file(path).map(PackedFile::raw_bytes);
    let done = bytes.and_then(|bytes| {
        let out = Sparse::of(out, bytes).map_err(TensorError::Output)?;
        pack.unpack_at(path, base, act.workers, &watch.raw(out))
    });
    done.map_err(|error| match error {
        TensorError::Output(_) => PackingError::tensor("writing", &act.to, error),
        error => PackingError::tensor("unpacking", &act.pack, error),
    })
}

/// A pack from elsewhere may hold links that ours do not.
fn check_links(top: &Top, entries: &[Entry], act: &Unpack) -> Result<(), PackingError> {
    for entry in entries {
        let EntryKind::Link { target } = &entry.kind else { continue };
        let below = paths::inside(top, &entry.path);
        if !links::stays(below.matches('/').count(), target) {
            let path = act.to.join(below);
            return Err(PackingError::LinkOut { path, target: target.clone() });
        }
    }
    Ok(())
}
