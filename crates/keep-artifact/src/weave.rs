//! How a version comes to be: region by region, from what is stored already, from differences to the
//! version before, or anew.

mod known;
mod worth;

pub(crate) use worth::worth_a_base;

use crate::base::{Bases, RegionReader};
use crate::effects::{Pour, shape_of};
use crate::engine::{Progress, Watch, workers};
use crate::error::ArtifactError;
use crate::manifest::{
    BundleRef, Entry, EntryKind, FileEntry, Known, MAX_DEPTH, Manifest, Piece, StoredChunk, StoredRegion,
    Sums,
};
use crate::put::Check;
use crate::scan::{Scanned, scan};
use crate::shelf::Shelf;
use crate::source::{Item, ItemKind, Source};
use crate::store::Pending;
use crate::window::Window;
use keep_blob::BlobId;
use keep_db::Db;
use keep_gate::Started;
use keep_tensor::pipeline::{self, Chunk, Options};
use keep_tensor::{Hash, RegionKind, TensorError};
use keep_types::{Act, Namespace};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::Arc;
use worth::{counterparts, pays};

/// A region carried for its differences: its number in this manifest, and where it is read in the version
/// before.
type RegionBase = (u32, (RegionReader, u32));

/// Smaller regions are stored again rather than looked up.
const MIN_REGION_BYTES: u64 = 4096;
/// A version that differences may be made against.
pub(crate) struct Previous {
    pub(crate) id: BlobId,
    pub(crate) reader: RegionReader,
}

/// What a put may build on.
pub(crate) struct KnownThings {
    /// The namespace whose view of what is stored counts.
    pub(crate) home: Namespace,
    pub(crate) previous: Option<Previous>,
    pub(crate) check: Check,
}

/// What comes out: everything of a manifest but its name.
pub(crate) struct Woven {
    pub(crate) entries: Vec<Entry>,
    pub(crate) bundles: Vec<BundleRef>,
    pub(crate) regions: Vec<StoredRegion>,
    pub(crate) chunks: Vec<StoredChunk>,
    pub(crate) sums: Sums,
    /// The regions whose bytes were seen here, by which they may be known again.
    pub(crate) seen: Vec<(Known, u32)>,
    pub(crate) new_chunks: Vec<(Hash, BlobId, u32, u32)>,
    /// Regions and chunks that are stored already, but not as they were, and so were stored anew.
    pub(crate) stored_anew: u64,
}

/// One put, while it runs.
pub(crate) struct Loom<'a, A> {
    started: &'a Started<A>,
    shelf: &'a Shelf,
    db: &'a Db,
    built_on: KnownThings,
    watch: Watch,
    pour: Pour<'a>,
    regions: Vec<StoredRegion>,
    chunks: Vec<StoredChunk>,
    known: HashMap<Known, u32>,
    manifests: HashMap<BlobId, Option<Arc<Manifest>>>,
    taken: HashMap<(BlobId, u32), Option<u32>>,
    seen: Vec<(Known, u32)>,
    sums: Sums,
    stored_anew: u64,
    hashed: u64,
    done: u64,
    all: u64,
}

impl<'a, A: Act + Sync> Loom<'a, A> {
    pub(crate) fn new(
        started: &'a Started<A>,
        shelf: &'a Shelf,
        db: &'a Db,
        pending: Pending,
        built_on: KnownThings,
        watch: Watch,
    ) -> Self {
        let mut manifests = HashMap::new();
        if let Some(previous) = &built_on.previous {
            manifests.insert(previous.id, Some(Arc::clone(previous.reader.manifest())));
        }
        Self {
            started,
            shelf,
            db,
            built_on,
            watch,
            pour: Pour::new(shelf, db, pending),
            regions: Vec::new(),
            chunks: Vec::new(),
            known: HashMap::new(),
            manifests,
            taken: HashMap::new(),
            seen: Vec::new(),
            sums: Sums::default(),
            stored_anew: 0,
            hashed: 0,
            done: 0,
            all: 0,
        }
    }

    /// Stores everything of a source.
    pub(crate) fn weave(mut self, source: &Source) -> Result<Woven, ArtifactError> {
        self.all = source.raw_bytes;
        let mut entries = Vec::with_capacity(source.items.len());
        for item in &source.items {
            let kind = match &item.kind {
                ItemKind::Folder { mode } => EntryKind::Folder { mode: *mode },
                ItemKind::Link { target } => EntryKind::Link { target: target.clone() },
                ItemKind::File => EntryKind::File(self.file(source, item)?),
            };
            entries.push(Entry { path: item.path.clone(), kind });
        }
        self.sums.stored_bytes = self.pour.poured_bytes;
        let poured = self.pour.end(self.started)?;
        Ok(Woven {
            entries,
            bundles: poured.bundles,
            regions: self.regions,
            chunks: self.chunks,
            sums: self.sums,
            seen: self.seen,
            new_chunks: poured.new,
            stored_anew: self.stored_anew,
        })
    }

    fn file(&mut self, source: &Source, item: &Item) -> Result<FileEntry, ArtifactError> {
        let path = source.whole(&item.path);
        let mut file = source.file(&item.path)?;
        let (mode, bytes) = shape_of(&file, &path)?;
        let (watch, before, all) = (Arc::clone(&self.watch), self.hashed, self.all);
        let mut read = 0;
        let scanned = scan(&mut file, bytes, &path, |count| {
            read += count;
            watch(Progress { doing: "reading", done: before + read, all, stored: None });
        })?;
        self.hashed += bytes;
        let mut at = Vec::with_capacity(scanned.regions.len());
        let mut wanted: Vec<(usize, Known)> = Vec::new();
        for (index, known) in scanned.regions.iter().enumerate() {
            // The same bytes twice in one file are encoded once.
            let again = wanted.iter().any(|(_, other)| other == known);
            let found = if again { None } else { self.find(known)? };
            if found.is_none() && !again {
                wanted.push((index, *known));
            }
            if found.is_some() || again {
                self.sums.same_region_bytes += known.bytes;
                self.done += known.bytes;
            }
            at.push(found);
        }
        self.tell();
        self.encode(&mut file, &path, &scanned, item, &wanted)?;
        if shape_of(&file, &path)?.1 != bytes {
            return Err(ArtifactError::Changed(path));
        }
        let pieces =
            scanned.regions.iter().zip(&scanned.layout.regions).zip(&at).map(|((known, region), at)| {
                let region_at = at.or_else(|| self.known.get(known).copied()).ok_or(ArtifactError::Worker)?;
                let tensor = match &region.kind {
                    RegionKind::Tensor(tensor) => Some(tensor.clone()),
                    RegionKind::Bytes => None,
                };
                Ok(Piece { region: region_at, tensor })
            });
        let pieces = pieces.collect::<Result<_, ArtifactError>>()?;
        self.sums.files += 1;
        self.sums.raw_bytes += bytes;
        let (format, note) = (scanned.layout.format, scanned.layout.note);
        Ok(FileEntry { mode, bytes, hash: scanned.hash, format, note, pieces })
    }

    fn tell(&self) {
        let stored = Some(self.pour.poured_bytes);
        (self.watch)(Progress { doing: "storing", done: self.done, all: self.all, stored });
    }

    fn push(
        &mut self,
        what: Known,
        base: Option<u32>,
        depth: u8,
        chunks: &[StoredChunk],
    ) -> Result<u32, ArtifactError> {
        let number = |count: usize| u32::try_from(count).map_err(|_| ArtifactError::TooMany);
        let (at, first, count) =
            (number(self.regions.len())?, number(self.chunks.len())?, number(chunks.len())?);
        self.chunks.extend_from_slice(chunks);
        self.regions.push(StoredRegion { what, base, depth, first, count });
        Ok(at)
    }

    /// Encodes the regions of a file that are not stored yet. Should what they would differ from turn out
    /// to be damaged half way through, they are stored without it; chunks that were poured by then serve
    /// where they fit.
    fn encode(
        &mut self,
        file: &mut File,
        path: &std::path::Path,
        scanned: &Scanned,
        item: &Item,
        wanted: &[(usize, Known)],
    ) -> Result<(), ArtifactError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let bases = self.bases(file, scanned, item, wanted)?;
        let (sums, done, differs) = (self.sums, self.done, bases.iter().any(Option::is_some));
        match self.encode_against(file, path, scanned, wanted, bases) {
            Err(error) if differs && error.is_damage() => {
                (self.sums, self.done) = (sums, done);
                self.stored_anew += 1;
                self.encode_against(file, path, scanned, wanted, vec![None; wanted.len()])
            }
            other => other,
        }
    }

    fn encode_against(
        &mut self,
        file: &mut File,
        path: &std::path::Path,
        scanned: &Scanned,
        wanted: &[(usize, Known)],
        bases: Vec<Option<RegionBase>>,
    ) -> Result<(), ArtifactError> {
        let (mut window, shown) = Window::new(file, &scanned.layout, wanted);
        let by_start = shown
            .regions
            .iter()
            .zip(&bases)
            .filter_map(|(region, base)| Some((region.start, base.as_ref()?.1.clone())));
        let against = Bases { by_start: by_start.collect(), root: scanned.hash };
        let base = (!against.by_start.is_empty()).then_some(&against as &dyn keep_tensor::Base);
        let mut woven: Vec<Vec<StoredChunk>> = vec![Vec::new(); wanted.len()];
        let options = Options { workers: workers(), ..Options::default() };
        let encoded = pipeline::encode(&mut window, &shown, base, options, |chunk, stored| {
            let kept = self.chunk(chunk, stored).map_err(io::Error::other)?;
            woven[chunk.region].push(kept);
            Ok(())
        });
        match encoded {
            Ok(_) if window.held_still() => {}
            Ok(_) | Err(TensorError::SourceLength) => return Err(ArtifactError::Changed(path.to_owned())),
            Err(error) => return Err(unwrapped(error)),
        }
        for (((_, known), base), chunks) in wanted.iter().zip(bases).zip(woven) {
            let (base, depth) =
                base.map_or((None, 0), |(at, _)| (Some(at), self.regions[at as usize].depth + 1));
            let at = self.push(*known, base, depth, &chunks)?;
            self.known.insert(*known, at);
            if known.bytes >= MIN_REGION_BYTES {
                self.seen.push((*known, at));
            }
        }
        Ok(())
    }

    /// Keeps one encoded chunk, unless its bytes are stored already.
    fn chunk(&mut self, chunk: &Chunk, stored: &[u8]) -> Result<StoredChunk, ArtifactError> {
        self.done += u64::from(chunk.raw_len);
        self.tell();
        if Pour::worth_finding(stored)
            && let Some(found) = self.find_chunk(chunk)?
        {
            self.sums.same_chunk_bytes += u64::from(chunk.raw_len);
            return Ok(StoredChunk { raw_bytes: chunk.raw_len, ..found });
        }
        if chunk.needs_base {
            self.sums.delta_raw_bytes += u64::from(chunk.raw_len);
            self.sums.delta_stored_bytes += stored.len() as u64;
        }
        self.pour.pour(self.started, chunk, stored)
    }

    /// For each wanted region the one of the version before that it is worth to be a difference to.
    fn bases(
        &mut self,
        file: &mut File,
        scanned: &Scanned,
        item: &Item,
        wanted: &[(usize, Known)],
    ) -> Result<Vec<Option<RegionBase>>, ArtifactError> {
        let Some(previous) = &self.built_on.previous else { return Ok(vec![None; wanted.len()]) };
        let (id, reader) = (previous.id, previous.reader.clone());
        let counterparts = counterparts(reader.manifest(), &item.path, &scanned.layout, wanted);
        let mut bases = Vec::with_capacity(wanted.len());
        for ((index, _), counterpart) in wanted.iter().zip(counterparts) {
            let Some(at) = counterpart else {
                bases.push(None);
                continue;
            };
            let deep = reader.manifest().regions[at as usize].depth >= MAX_DEPTH;
            let worth = !deep
                && match pays(file, &scanned.layout.regions[*index], &reader, at) {
                    Err(error) if error.is_damage() => false,
                    measured => measured?,
                };
            let taken = if worth { self.take(id, at)? } else { None };
            bases.push(taken.map(|own| (own, (reader.clone(), at))));
        }
        Ok(bases)
    }
}

/// An error of ours that went through the codec comes out as itself.
pub(crate) fn unwrapped(error: TensorError) -> ArtifactError {
    match error {
        TensorError::Sink(inner) => match inner.downcast::<ArtifactError>() {
            Ok(ours) => ours,
            Err(other) => TensorError::Sink(other).into(),
        },
        other => other.into(),
    }
}
