//! The files that admitted acts write.

mod fill;
mod fresh;
mod stage;
mod undo;

use super::acts::{Existing, MakeKey, PackFiles, SignPack, Unpack, Wanted};
use super::bases::Bases;
use super::blank::Blank;
use super::error::PackingError;
use super::paths;
use super::report::{PackReport, UnpackReport};
use super::shared::Shared;
use super::source::{Item, ItemKind, Source};
use super::watch::{Counted, Watch};
use fresh::Fresh;
use keep_gate::Started;
use keep_tensor::format::{self, Limits};
use keep_tensor::pack::{PackReader, PackWriter};
use keep_tensor::pipeline::{Options, Totals};
use keep_tensor::{Base, Hash, TensorError};
use std::io::Write;
use std::path::Path;

/// Writes a pack.
pub(crate) fn pack(started: &Started<PackFiles>, watch: &Watch) -> Result<PackReport, PackingError> {
    let act = started.act();
    let source = Source::list(&act.source)?;
    let bases = Bases::open(&act.bases)?;
    if source.is_folder() {
        bases.check_for_folder()?;
    }
    watch.expect(source.bytes());
    // Nobody may read the pack who could not read all that is in it.
    let mut fresh = Fresh::make(&act.out, source.common_mode() | 0o600)?;
    let failed = |error| PackingError::tensor("writing", &act.out, error);
    let out = watch.stored(Blank::new(fresh.file()));
    let mut writer = PackWriter::new(out, bases.root()).map_err(failed)?;
    let mut report =
        PackReport::new(&act.out, bases.root(), act.key.as_ref().map(super::signer::Key::signer));
    for item in &source.items {
        let path = join(&act.name, &item.path);
        match &item.kind {
            ItemKind::Folder { mode } => writer.folder(&path, *mode).map_err(failed)?,
            ItemKind::Link { target } => writer.link(&path, target).map_err(failed)?,
            ItemKind::File { .. } => {
                let added = add(&mut writer, act, &source, item, &path, &bases, watch)?;
                report.add(&path, added);
            }
        }
        report.count(&item.kind);
    }
    let (_, root) = writer.finish(act.key.as_ref().map(|key| &key.0)).map_err(failed)?;
    report.root = root;
    report.stored_bytes = fresh.put(act.existing)?;
    Ok(report)
}

/// Adds one file to a pack; says what came of it, and what is to be said of its format.
fn add(
    writer: &mut PackWriter<Counted<'_, Blank<'_>>>,
    act: &PackFiles,
    source: &Source,
    item: &Item,
    path: &str,
    bases: &Bases,
    watch: &Watch,
) -> Result<(Totals, Option<String>), PackingError> {
    let ItemKind::File { mode, seen } = item.kind else { return Ok((Totals::default(), None)) };
    let shown = source.shown(item);
    let mut file = source.open(item)?;
    source.check(item, &file, seen)?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let layout = format::layout(&mut file, seen.len, name, &Limits::default())
        .map_err(|e| PackingError::file("reading", &shown, std::io::Error::other(e)))?;
    let base = match bases.root() {
        Some(root) => bases.counterpart(root, &item.path, None)?,
        None => None,
    };
    let base = base.as_ref().map(|base| &**base as &dyn Base);
    let options = Options { workers: act.workers, ..Options::default() };
    let file = Shared::new(file);
    let counted = watch.raw(file.clone());
    let totals =
        writer.file_at(path, mode, &counted, &layout, base, options).map_err(|error| match error {
            TensorError::SourceLength => PackingError::Changed(shown.clone()),
            TensorError::Sink(_) => PackingError::tensor("writing", &act.out, error),
            error => PackingError::tensor("packing", &shown, error),
        })?;
    source.check(item, file.file(), seen)?;
    Ok((totals, layout.note))
}

/// Writes out what a pack holds, or one tensor of it.
pub(crate) fn unpack(started: &Started<Unpack>, watch: &Watch) -> Result<UnpackReport, PackingError> {
    let act = started.act();
    let failed = |error| PackingError::tensor("unpacking", &act.pack, error);
    let mut pack = PackReader::open(watch.stored(act.source.clone())).map_err(failed)?;
    if pack.root() != act.root {
        return Err(PackingError::Changed(act.pack.clone()));
    }
    let bases = Bases::open(&act.bases)?;
    let report = match &act.wanted {
        Wanted::Everything => fill::everything(&pack, started, &bases, watch)?,
        Wanted::Tensor { file, tensor } => {
            let base = base_of(&act.pack, &pack, &bases, file)?;
            let mut fresh = Fresh::make(&act.to, pack.file(file).map_err(failed)?.mode & 0o666)?;
            let mut out = watch.raw(fresh.file());
            let base = base.as_ref().map(|base| &**base as &dyn Base);
            let bytes = pack.cat(file, tensor, base, act.workers, &mut out).map_err(failed)?;
            fresh.put(act.existing)?;
            UnpackReport { files: 1, raw_bytes: bytes, ..UnpackReport::new(act) }
        }
    };
    Ok(report)
}

/// What a file of a pack is restored with; an error that names the base when that is missing.
pub(crate) fn base_of<R: std::io::Read + std::io::Seek>(
    shown: &Path,
    pack: &PackReader<R>,
    bases: &Bases,
    path: &str,
) -> Result<Option<Box<dyn Base + Send>>, PackingError> {
    let failed = |error| PackingError::tensor("unpacking", shown, error);
    let file = pack.file(path).map_err(failed)?;
    let (Some(needed), true) = (pack.base_root(), file.needs_base()) else {
        return Ok(None);
    };
    let below = paths::inside(&paths::top(pack.entries()), path).to_owned();
    let found = bases.counterpart(needed, &below, file.base_starts())?;
    if found.is_none() {
        return Err(PackingError::Base { pack: shown.to_owned(), needed, given: bases.root() });
    }
    Ok(found)
}

/// Signs a pack: beside it, then in its place.
pub(crate) fn sign(started: &Started<SignPack>, watch: &Watch) -> Result<Hash, PackingError> {
    let act = started.act();
    let failed = |error| PackingError::tensor("signing", &act.pack, error);
    let file_error = |error| PackingError::file("signing", &act.pack, error);
    watch.expect(act.source.len().map_err(file_error)?);
    let mode = std::fs::metadata(&act.pack).map_err(file_error)?;
    let mut fresh = Fresh::make(&act.pack, 0o600)?;
    fresh.set_mode(&mode)?;
    let mut source = watch.raw(act.source.clone());
    let root =
        keep_tensor::pack::sign(&mut source, &act.key.0, &mut watch.stored(fresh.file())).map_err(failed)?;
    if root != act.root {
        return Err(PackingError::Changed(act.pack.clone()));
    }
    fresh.put(Existing::Replace)?;
    Ok(root)
}

/// Writes a new key, for its owner's eyes only.
pub(crate) fn make_key(started: &Started<MakeKey>) -> Result<(), PackingError> {
    let act = started.act();
    let mut fresh = Fresh::make(&act.to, 0o600)?;
    let text = act.key.to_text();
    fresh.file().write_all(text.as_bytes()).map_err(|e| PackingError::file("writing", &act.to, e))?;
    fresh.put(Existing::Keep)?;
    Ok(())
}

fn join(name: &str, below: &str) -> String {
    if below.is_empty() { name.to_owned() } else { format!("{name}/{below}") }
}
