//! Restoring versions.

use crate::acts::GetArtifact;
use crate::base::{Bases, RegionReader, as_chunk};
use crate::effects::{Existing, Target};
use crate::engine::{Artifacts, Progress, Watch, workers};
use crate::error::ArtifactError;
use crate::manifest::{EntryKind, FileEntry, Manifest, Shape};
use crate::name::{Key, Reference};
use crate::shelf::Shelf;
use keep_tensor::{Base, Hash, TensorError, pipeline};
use keep_types::{Caller, Namespace};
use serde::Serialize;
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// What is to be restored, and where.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which version.
    pub reference: Reference,
    /// In which namespace; without one the nearest that has it.
    pub namespace: Option<Namespace>,
    /// To which path; without one under its own name here.
    pub to: Option<PathBuf>,
    /// The folder that "here" is.
    pub here: PathBuf,
    /// What becomes of a file that is there.
    pub existing: Existing,
}

/// What was restored.
#[derive(Clone, Debug, Serialize)]
pub struct Got {
    /// Of which artifact.
    #[serde(flatten)]
    pub key: Key,
    /// Which version.
    pub version: u64,
    /// Where it lies now.
    pub path: PathBuf,
    /// How many files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Artifacts {
    /// Restores a version. Every chunk is checked as it is read and every file as a whole before it gets
    /// its name; what was stored comes back, or nothing does.
    ///
    /// # Errors
    /// When there is no such version, the place is taken, the store cannot be read or holds other bytes.
    pub async fn get(&self, caller: &Caller, wanted: Wanted, watch: Watch) -> Result<Got, ArtifactError> {
        let found = self.find(caller, wanted.namespace.as_ref(), &wanted.reference).await?;
        let manifest = self.manifest_of(&found).await?;
        let own_name = match (manifest.head.shape, manifest.head.entries.as_slice()) {
            (Shape::File, [only]) => only.path.clone(),
            _ => found.key.name.to_string(),
        };
        let path = wanted.here.join(wanted.to.unwrap_or_else(|| own_name.into()));
        let act = GetArtifact {
            key: found.key.clone(),
            number: found.number,
            to: Some(path),
            part: None,
            replaces: wanted.existing == Existing::Replace,
        };
        let permit = self.gate.admit(caller, act).await?;
        let act = permit.observe().await?;
        let path = act.to.ok_or(ArtifactError::Worker)?;
        let (files, bytes) = (manifest.head.sums.files, manifest.head.sums.raw_bytes);
        let restored = self
            .compute(move |shelf| {
                let target = Target::at(&path, wanted.existing)?;
                Restorer::new(shelf, Arc::new(manifest), watch).restore(target)
            })
            .await??;
        Ok(Got { key: act.key, version: act.number, path: restored, files, bytes })
    }

    /// Writes one file of a version, or one tensor of it, to a sink.
    ///
    /// # Errors
    /// When there is no such version or part of it, or it cannot be read as it was stored. What was
    /// written by then is a correct beginning.
    pub async fn cat<W: Write + Send + 'static>(
        &self,
        caller: &Caller,
        wanted: &Reference,
        namespace: Option<&Namespace>,
        (path, tensor): (Option<String>, Option<String>),
        mut out: W,
    ) -> Result<u64, ArtifactError> {
        let found = self.find(caller, namespace, wanted).await?;
        let manifest = self.manifest_of(&found).await?;
        let missing = |what, name: String| ArtifactError::NoSuchPart {
            reference: Box::new(wanted.clone()),
            what,
            name,
        };
        let mut files = manifest.files();
        let chosen = match path {
            None if manifest.head.entries.len() == 1 => files.next(),
            None => files.find(|(_, file)| tensor_at(file, tensor.as_deref()).is_some()),
            Some(ref path) => files.find(|(own, _)| own == path),
        }
        .map(|(path, file)| (path.to_owned(), file.clone()));
        drop(files);
        let (path, file) = chosen.ok_or_else(|| missing("file", path.unwrap_or_default()))?;
        let piece = match &tensor {
            None => None,
            Some(name) => Some(tensor_at(&file, Some(name)).ok_or_else(|| missing("tensor", name.clone()))?),
        };
        let (key, number) = (found.key, found.number);
        let act = GetArtifact { key, number, to: None, part: Some(path), replaces: false };
        let _act = self.gate.admit(caller, act).await?.observe().await?;
        self.compute(move |shelf| {
            let restorer = Restorer::new(shelf, Arc::new(manifest), crate::engine::unwatched());
            let pieces = piece.map_or(0..file.pieces.len(), |piece| piece..piece + 1);
            Ok(restorer.pieces(&file, pieces, &mut out)?)
        })
        .await?
    }

    /// A version's manifest, which must be that of this very version: a manifest that was put in the
    /// place of another has another id.
    pub(crate) async fn manifest_of(&self, found: &crate::store::Found) -> Result<Manifest, ArtifactError> {
        self.shelf().manifest(&found.manifest).await
    }
}

fn tensor_at(file: &FileEntry, name: Option<&str>) -> Option<usize> {
    file.pieces.iter().position(|piece| piece.tensor.as_ref().is_some_and(|t| Some(t.name.as_str()) == name))
}

/// One version on its way out of the store.
pub(crate) struct Restorer {
    shelf: Shelf,
    manifest: Arc<Manifest>,
    watch: Watch,
    done: std::cell::Cell<u64>,
}

impl Restorer {
    pub(crate) fn new(shelf: Shelf, manifest: Arc<Manifest>, watch: Watch) -> Self {
        Self { shelf, manifest, watch, done: std::cell::Cell::new(0) }
    }

    /// Restores the whole tree to its place.
    pub(crate) fn restore(&self, target: Target) -> Result<PathBuf, ArtifactError> {
        let entries = &self.manifest.head.entries;
        if let (Shape::File, [only]) = (self.manifest.head.shape, entries.as_slice())
            && let EntryKind::File(file) = &only.kind
        {
            let mut out = target.file()?;
            self.file(&only.path, file, &mut out)?;
            target.settle_file(&out, file.mode)?;
            return target.put_in_place();
        }
        target.make_folder()?;
        for entry in entries {
            match &entry.kind {
                EntryKind::Folder { .. } => target.folder_in(&entry.path)?,
                EntryKind::Link { target: to } => target.link_in(&entry.path, to)?,
                EntryKind::File(file) => {
                    let mut out = target.file_in(&entry.path)?;
                    self.file(&entry.path, file, &mut out)?;
                    target.settle_file(&out, file.mode)?;
                }
            }
        }
        // Innermost first: a folder that loses its own write permission is already full.
        for entry in entries.iter().rev() {
            if let EntryKind::Folder { mode } = entry.kind {
                target.settle_folder(Some(&entry.path), Some(mode))?;
            }
        }
        target.settle_folder(None, Some(0o755))?;
        target.put_in_place()
    }

    /// Restores one file and holds it against its hash.
    pub(crate) fn file(
        &self,
        path: &str,
        file: &FileEntry,
        out: &mut impl Write,
    ) -> Result<(), ArtifactError> {
        let mut hashing = Hashing { out, hasher: blake3::Hasher::new() };
        let bytes = self.pieces(file, 0..file.pieces.len(), &mut hashing)?;
        let hash = Hash::from_bytes(*hashing.hasher.finalize().as_bytes());
        if bytes != file.bytes || hash != file.hash {
            return Err(ArtifactError::Wrong { path: path.to_owned() });
        }
        Ok(())
    }

    /// Writes some pieces of a file, one behind the other.
    pub(crate) fn pieces(
        &self,
        file: &FileEntry,
        wanted: std::ops::Range<usize>,
        out: &mut impl Write,
    ) -> Result<u64, TensorError> {
        let layout = self.manifest.layout(file);
        let reader = RegionReader::new(self.shelf.clone(), Arc::clone(&self.manifest));
        let (mut chunks, mut fetched, mut by_start) = (Vec::new(), Vec::new(), HashMap::new());
        for index in wanted {
            let at = file.pieces[index].region;
            if let Some(base) = self.manifest.regions[at as usize].base {
                by_start.insert(layout.regions[index].start, (reader.clone(), base));
            }
            let mut offset = 0;
            for chunk in self.manifest.chunks_of(at) {
                chunks.push(as_chunk(chunk, index, offset));
                fetched.push((self.manifest.bundles[chunk.bundle as usize].id, *chunk));
                offset += u64::from(chunk.raw_bytes);
            }
        }
        let bases = Bases { by_start, root: file.hash };
        let base = (!bases.by_start.is_empty()).then_some(&bases as &dyn Base);
        let mut ahead = self.shelf.ahead(fetched);
        let mut counting = Counting { out, restorer: self };
        pipeline::restore(
            &layout.regions,
            chunks,
            |_, stored| ahead.next(stored),
            base,
            workers(),
            &mut counting,
        )
    }

    fn moved(&self, bytes: u64) {
        self.done.set(self.done.get() + bytes);
        let (done, all) = (self.done.get(), self.manifest.head.sums.raw_bytes);
        (self.watch)(Progress { doing: "restoring", done, all, stored: None });
    }
}

/// Tells how much went through.
struct Counting<'a, W> {
    out: &'a mut W,
    restorer: &'a Restorer,
}

impl<W: Write> Write for Counting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = Write::write(self.out, bytes)?;
        self.restorer.moved(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Hashes what goes through.
struct Hashing<'a, W> {
    out: &'a mut W,
    hasher: blake3::Hasher,
}

impl<W: Write> Write for Hashing<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = Write::write(self.out, bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
