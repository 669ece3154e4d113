//! Restoring versions.

use crate::acts::GetArtifact;
use crate::base::{Bases, RegionReader, as_chunk};
use crate::effects::{Above, Existing, Sparse, Target};
use crate::engine::{Artifacts, Progress, Watch, workers};
use crate::error::ArtifactError;
use crate::fence::Fence;
use crate::manifest::{EntryKind, FileEntry, Manifest, Shape, StoredChunk};
use crate::name::{Key, Reference};
use crate::shelf::Shelf;
use crate::store::Found;
use keep_blob::BlobId;
use keep_tensor::pipeline::{self, Chunk};
use keep_tensor::{Hash, Layout, TensorError, WriteAt};
use keep_types::{Caller, Namespace};
use serde::Serialize;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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
    /// What may be named, where whoever names it may not name every path.
    pub fence: Option<Fence>,
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
        match self.get_found(caller, &found, &wanted, Arc::clone(&watch)).await {
            Err(error) => {
                self.must_be_stored_anew(&found, error).await?;
                // Nothing has its place yet, and what was stored anew is under the same name.
                Box::pin(self.get(caller, wanted, watch)).await
            }
            got => got,
        }
    }

    /// Whether what a version is made of could not be read because a collection beside this, without a
    /// grace, has stored it anew. If it has not, that is the error: the one that there was, or a better one.
    async fn must_be_stored_anew(&self, found: &Found, error: ArtifactError) -> Result<(), ArtifactError> {
        if !error.is_damage() {
            return Err(error);
        }
        match self.stands(&found.key, found.number).await? {
            Some(now) if now.manifest == found.manifest => Err(error),
            Some(_) => Ok(()),
            None => Err(ArtifactError::RemovedMeanwhile(called(&found.key, found.number))),
        }
    }

    async fn get_found(
        &self,
        caller: &Caller,
        found: &Found,
        wanted: &Wanted,
        watch: Watch,
    ) -> Result<Got, ArtifactError> {
        let manifest = self.manifest_of(found).await?;
        let own_name = match (manifest.head.shape, manifest.head.entries.as_slice()) {
            (Shape::File, [only]) => only.path.clone(),
            _ => found.key.name.to_string(),
        };
        let path = wanted.here.join(wanted.to.clone().unwrap_or_else(|| own_name.into()));
        let above = if wanted.fence.is_some() { Above::LookedAt } else { Above::Named };
        let path = match &wanted.fence {
            Some(fence) => {
                let own = fence.clone();
                let path = self.compute(move |_| own.new_below(&path)).await??;
                let below = match manifest.head.shape {
                    Shape::File => &[],
                    Shape::Folder => manifest.head.entries.as_slice(),
                };
                fence.obeyed_by_none(&path, below.iter().map(|entry| entry.path.as_str()))?;
                path
            }
            None => path,
        };
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
        let (called, existing) = (called(&act.key, act.number), wanted.existing);
        let restored = self
            .compute(move |shelf| {
                let target = Target::at(&path, existing, above)?;
                Restorer::new(shelf, Arc::new(manifest), watch, called).restore(target)
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
        let (key, number) = (found.key.clone(), found.number);
        let called = called(&key, number);
        let act = GetArtifact { key, number, to: None, part: Some(path.clone()), replaces: false };
        let _act = self.gate.admit(caller, act).await?.observe().await?;
        let written = self
            .compute(move |shelf| {
                let restorer = Restorer::new(shelf, Arc::new(manifest), crate::engine::unwatched(), called);
                let pieces = piece.map_or(0..file.pieces.len(), |piece| piece..piece + 1);
                let written = restorer.pieces(&file, pieces, &mut out).map_err(ArtifactError::from);
                written.map_err(|error| restorer.blamed(&path, &file, error))
            })
            .await?;
        match written {
            Err(error) => {
                self.must_be_stored_anew(&found, error).await?;
                // What was written by now cannot be taken back.
                Err(ArtifactError::MovedMeanwhile)
            }
            written => written,
        }
    }

    /// A version's manifest, which must be that of this very version: a manifest that was put in the
    /// place of another has another id.
    pub(crate) async fn manifest_of(&self, found: &crate::store::Found) -> Result<Manifest, ArtifactError> {
        let read = self.shelf().manifest(&found.manifest).await;
        read.map_err(|error| match error.is_damage() {
            true => ArtifactError::Damaged {
                version: called(&found.key, found.number),
                part: "the list of what it is made of".into(),
                source: Box::new(error),
            },
            false => error,
        })
    }
}

/// A version in words.
pub(crate) fn called(key: &Key, number: u64) -> String {
    format!("version {number} of {key}")
}

fn tensor_at(file: &FileEntry, name: Option<&str>) -> Option<usize> {
    file.pieces.iter().position(|piece| piece.tensor.as_ref().is_some_and(|t| Some(t.name.as_str()) == name))
}

/// Tensors that one error names; a model has thousands.
const SHOWN_PARTS: usize = 8;

/// One version on its way out of the store.
pub(crate) struct Restorer {
    shelf: Shelf,
    manifest: Arc<Manifest>,
    watch: Watch,
    /// The version in words, for errors.
    called: String,
    done: AtomicU64,
}

impl Restorer {
    pub(crate) fn new(shelf: Shelf, manifest: Arc<Manifest>, watch: Watch, called: String) -> Self {
        Self { shelf, manifest, watch, called, done: AtomicU64::new(0) }
    }

    /// Restores the whole tree to its place.
    pub(crate) fn restore(&self, target: Target) -> Result<PathBuf, ArtifactError> {
        let entries = &self.manifest.head.entries;
        if let (Shape::File, [only]) = (self.manifest.head.shape, entries.as_slice())
            && let EntryKind::File(file) = &only.kind
        {
            let out = target.file()?;
            self.file(&only.path, file, &sized(&out, file)?)?;
            target.settle_file(&out, file.mode)?;
            return target.put_in_place();
        }
        target.make_folder()?;
        for entry in entries {
            match &entry.kind {
                EntryKind::Folder { .. } => target.folder_in(&entry.path)?,
                EntryKind::Link { target: to } => target.link_in(&entry.path, to)?,
                EntryKind::File(file) => {
                    let out = target.file_in(&entry.path)?;
                    self.file(&entry.path, file, &sized(&out, file)?)?;
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
    pub(crate) fn file(&self, path: &str, file: &FileEntry, out: &impl WriteAt) -> Result<(), ArtifactError> {
        let mut hasher = blake3::Hasher::new();
        let parts = self.parts(file, 0..file.pieces.len());
        let (mut ahead, bases) = (self.shelf.ahead(parts.fetched), parts.bases);
        let written = pipeline::restore_to(
            &parts.layout.regions,
            parts.chunks,
            |_, stored| ahead.next(stored),
            bases.as_base(),
            workers(),
            out,
            |raw| {
                hasher.update(raw);
                self.moved(raw.len() as u64);
            },
        );
        let bytes = written.map_err(|error| self.blamed(path, file, error.into()))?;
        let hash = Hash::from_bytes(*hasher.finalize().as_bytes());
        if bytes != file.bytes || hash != file.hash {
            let wrong = ArtifactError::Wrong { path: path.to_owned() };
            return Err(self.blamed(path, file, wrong));
        }
        Ok(())
    }

    /// The error of a file that cannot be restored, with the version and the tensors that it concerns where
    /// what is stored is at fault. Only then are the file's chunks read once more, to name all of them.
    fn blamed(&self, path: &str, file: &FileEntry, error: ArtifactError) -> ArtifactError {
        if !error.is_damage() {
            return error;
        }
        let parts = self.damaged_parts(file);
        let shown = parts.iter().take(SHOWN_PARTS).cloned().collect::<Vec<_>>().join(", ");
        let more = parts.len().saturating_sub(SHOWN_PARTS);
        let part = match (parts.is_empty(), more) {
            (true, _) => path.to_owned(),
            (false, 0) => format!("{path} ({shown})"),
            (false, more) => format!("{path} ({shown} and {more} more)"),
        };
        ArtifactError::Damaged { version: self.called.clone(), part, source: Box::new(error) }
    }

    /// The tensors of a file, and the bytes between them, that cannot be read as they were stored.
    pub(crate) fn damaged_parts(&self, file: &FileEntry) -> Vec<String> {
        let mut seen = HashMap::new();
        let mut parts = Vec::new();
        let mut at = 0u64;
        for piece in &file.pieces {
            let start = at;
            at += self.manifest.regions[piece.region as usize].what.bytes;
            if self.is_damaged(piece.region, &mut seen) {
                let name = piece.tensor.as_ref().map(|tensor| tensor.name.clone());
                parts.push(name.unwrap_or_else(|| format!("bytes {start} to {at}")));
            }
        }
        parts
    }

    /// Whether a region, or one that it differs from, cannot be read.
    fn is_damaged(&self, region: u32, seen: &mut HashMap<u32, bool>) -> bool {
        if let Some(known) = seen.get(&region) {
            return *known;
        }
        let read = |chunk: &StoredChunk| {
            let bundle = self.manifest.bundles[chunk.bundle as usize].id;
            self.shelf.wait(Shelf::chunk(&self.shelf.store, bundle, *chunk)).is_ok()
        };
        let own = !self.manifest.chunks_of(region).iter().all(read);
        let below = self.manifest.regions[region as usize].base;
        let damaged = own || below.is_some_and(|below| self.is_damaged(below, seen));
        seen.insert(region, damaged);
        damaged
    }

    /// Writes some pieces of a file, one behind the other.
    pub(crate) fn pieces(
        &self,
        file: &FileEntry,
        wanted: std::ops::Range<usize>,
        out: &mut (impl Write + Send),
    ) -> Result<u64, TensorError> {
        let parts = self.parts(file, wanted);
        let (mut ahead, bases) = (self.shelf.ahead(parts.fetched), parts.bases);
        let fetch = |_: &Chunk, stored: &mut Vec<u8>| ahead.next(stored);
        let regions = &parts.layout.regions;
        pipeline::restore(regions, parts.chunks, fetch, bases.as_base(), workers(), out)
    }

    /// What some pieces of a file are made of.
    fn parts(&self, file: &FileEntry, wanted: std::ops::Range<usize>) -> Parts {
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
        Parts { layout, chunks, fetched, bases: Bases { by_start, root: file.hash } }
    }

    fn moved(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Relaxed) + bytes;
        let all = self.manifest.head.sums.raw_bytes;
        (self.watch)(Progress { doing: "restoring", done, all, stored: None });
    }
}

/// What is restored: its chunks in order, where their stored bytes lie, and what differences apply to.
struct Parts {
    layout: Layout,
    chunks: Vec<Chunk>,
    fetched: Vec<(BlobId, StoredChunk)>,
    bases: Bases,
}

/// A new file, filled from several threads.
fn sized<'f>(out: &'f File, file: &FileEntry) -> Result<Sparse<'f>, ArtifactError> {
    Ok(Sparse::of(out, file.bytes).map_err(TensorError::Output)?)
}

/// Where nothing is kept of what is written.
pub(crate) struct Nowhere;

impl WriteAt for Nowhere {
    fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Ok(())
    }
}
