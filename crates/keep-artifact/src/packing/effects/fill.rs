//! Unpacking everything: a file beside its name, or a folder beside its place, which then take it.

use super::base_of;
use super::fresh::Fresh;
use super::stage::Stage;
use crate::packing::acts::Unpack;
use crate::packing::bases::Bases;
use crate::packing::error::PackingError;
use crate::packing::links;
use crate::packing::paths::{self, Top};
use crate::packing::report::UnpackReport;
use crate::packing::watch::Watch;
use keep_gate::Started;
use keep_tensor::pack::{Entry, EntryKind, PackReader};
use keep_tensor::{Base, TensorError};
use std::io::{BufWriter, Read, Seek, Write};

/// Unpacks everything to where the act says.
pub(super) fn everything<R: Read + Seek>(
    pack: &mut PackReader<R>,
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
                let mut out = stage.file(below, file.mode)?;
                report.raw_bytes += restore(pack, act, bases, watch, &entry.path, &mut out)?;
                out.sync_all().map_err(|e| PackingError::file("syncing", &stage.shown(below), e))?;
                report.files += 1;
            }
        }
    }
    stage.put(&top, &entries)?;
    Ok(report)
}

fn restore<R: Read + Seek>(
    pack: &mut PackReader<R>,
    act: &Unpack,
    bases: &Bases,
    watch: &Watch,
    path: &str,
    out: &mut std::fs::File,
) -> Result<u64, PackingError> {
    let base = base_of(&act.pack, pack, bases, path)?;
    let base = base.as_ref().map(|base| &**base as &dyn Base);
    let mut out = BufWriter::with_capacity(super::BUFFER_BYTES, watch.raw(out));
    let done = pack.unpack(path, base, act.workers, &mut out).and_then(|bytes| {
        out.flush().map_err(TensorError::Output)?;
        Ok(bytes)
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
