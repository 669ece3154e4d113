//! Stores anew what was chosen, and makes the manifests that say so. Nothing that stands is touched: what
//! comes out takes the place of the old in one transaction, or not at all.

use super::choose::Choice;
use super::field::Field;
use crate::base::{Bases, RegionReader};
use crate::effects::Pour;
use crate::engine::{Progress, Watch, workers};
use crate::error::ArtifactError;
use crate::manifest::{BundleRef, EntryKind, Manifest, StoredChunk, StoredRegion};
use crate::shelf::Shelf;
use crate::store::{Pending, Swap};
use crate::weave::unwrapped;
use keep_blob::BlobId;
use keep_db::Db;
use keep_gate::Started;
use keep_tensor::pipeline::{self, Chunk, Options};
use keep_tensor::{Format, Hash, Layout};
use keep_types::Act;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// How much of a region is read at once.
const PIECE: usize = 4 << 20;

/// What took the place of what.
#[derive(Debug, Default)]
pub(super) struct Carried {
    pub(super) manifests: Vec<(Swap, Vec<u8>)>,
    pub(super) chunks: Vec<(Hash, BlobId, u32, u32)>,
    pub(super) written_bytes: u64,
}

/// A chunk with the bundle that it lies in.
type Placed = (BundleRef, StoredChunk);

/// Where a chunk lay: its bundle, and its start there.
type Spot = (u32, u32);

/// A collection that stores anew.
pub(super) struct Carrier<'a, A> {
    pub(super) started: &'a Started<A>,
    pub(super) shelf: &'a Shelf,
    pub(super) db: &'a Db,
    pub(super) pending: Pending,
    pub(super) field: &'a mut Field,
    pub(super) choice: &'a Choice,
    pub(super) told: Told<'a>,
}

/// What is told of how far it is.
pub(super) struct Told<'a> {
    watch: &'a Watch,
    done: u64,
    /// About so many: what will be encoded was only tried out.
    all: u64,
}

impl<'a> Told<'a> {
    pub(super) fn new(watch: &'a Watch, all: u64) -> Self {
        Self { watch, done: 0, all }
    }

    fn written(&mut self, bytes: usize) {
        self.done += bytes as u64;
        let (done, all) = (self.done, self.all.max(self.done));
        (self.watch)(Progress { doing: "storing anew", done, all, stored: None });
    }
}

/// What lies in one new bundle: what the same versions use. So it goes when they go, and whoever is given
/// one of them is given nothing of another.
#[derive(Default)]
struct Load {
    moved: BTreeSet<(u32, u32)>,
    rebased: Vec<usize>,
}

impl<A: Act + Sync> Carrier<'_, A> {
    /// Which versions get a new manifest.
    pub(super) fn affected(field: &Field, choice: &Choice) -> Vec<usize> {
        let touched = |plot: &usize| {
            let mut chunks = field.plots[*plot].chunks.iter();
            choice.rebased.contains_key(plot) || chunks.any(|chunk| choice.emptied.contains(&chunk.bundle))
        };
        let all = 0..field.versions.len();
        let old = |version: &usize| {
            let shown = field.versions[*version].shown.iter().copied();
            let mut needed = Choice::default().needed(field, shown.clone());
            needed.extend(choice.needed(field, shown));
            needed.iter().any(touched)
        };
        all.filter(old).collect()
    }

    pub(super) fn carry(mut self, versions: &[usize]) -> Result<Carried, ArtifactError> {
        let mut carried = Carried::default();
        let (mut moved, mut encoded) = (HashMap::new(), HashMap::new());
        for load in self.loads().into_values() {
            let mut pour = Pour::new(self.shelf, self.db, self.pending);
            let own_moved = self.move_chunks(&mut pour, &load)?;
            let mut own_encoded = Vec::new();
            for plot in load.rebased {
                own_encoded.push((plot, self.encode(&mut pour, plot)?));
            }
            carried.written_bytes += pour.poured_bytes;
            let poured = pour.end(self.started)?;
            let placed = |chunk: StoredChunk| (poured.bundles[chunk.bundle as usize], chunk);
            moved.extend(own_moved.into_iter().map(|(spot, chunk)| (spot, placed(chunk))));
            let placed_all = |chunks: Vec<StoredChunk>| chunks.into_iter().map(placed).collect::<Vec<_>>();
            encoded.extend(own_encoded.into_iter().map(|(plot, chunks)| (plot, placed_all(chunks))));
            carried.chunks.extend(poured.new);
        }
        let mut unproved: HashSet<usize> = encoded.keys().copied().collect();
        for version in versions {
            let (manifest, swap) = self.rewrite(*version, &moved, &encoded)?;
            let bytes = manifest.0.to_bytes()?;
            // What cannot be read again must never take the place of what can.
            let read = Arc::new(Manifest::from_bytes(&bytes)?);
            let reader = RegionReader::new(self.shelf.clone(), read);
            for (plot, at) in manifest.1 {
                if unproved.remove(&plot) {
                    prove(&reader, at)?;
                }
            }
            carried.manifests.push((Swap { to: BlobId::of(&bytes), ..swap }, bytes));
        }
        Ok(carried)
    }

    /// What is poured, by which versions use it.
    fn loads(&self) -> BTreeMap<Vec<usize>, Load> {
        let mut users: HashMap<usize, Vec<usize>> = HashMap::new();
        for (version, standing) in self.field.versions.iter().enumerate() {
            for plot in self.choice.needed(self.field, standing.shown.iter().copied()) {
                users.entry(plot).or_default().push(version);
            }
        }
        let mut chunks: BTreeMap<(u32, u32), BTreeSet<usize>> = BTreeMap::new();
        let mut loads: BTreeMap<Vec<usize>, Load> = BTreeMap::new();
        for (plot, users) in users {
            if self.choice.rebased.contains_key(&plot) {
                loads.entry(users).or_default().rebased.push(plot);
                continue;
            }
            for chunk in &self.field.plots[plot].chunks {
                if self.choice.emptied.contains(&chunk.bundle) {
                    chunks.entry((chunk.bundle, chunk.start)).or_default().extend(&users);
                }
            }
        }
        for (spot, users) in chunks {
            loads.entry(users.into_iter().collect()).or_default().moved.insert(spot);
        }
        loads.values_mut().for_each(|load| load.rebased.sort_unstable());
        loads
    }

    fn move_chunks(
        &mut self,
        pour: &mut Pour<'_>,
        load: &Load,
    ) -> Result<Vec<(Spot, StoredChunk)>, ArtifactError> {
        if load.moved.is_empty() {
            return Ok(Vec::new());
        }
        let by_spot: HashMap<Spot, StoredChunk> = self
            .field
            .plots
            .iter()
            .flat_map(|plot| &plot.chunks)
            .filter(|chunk| load.moved.contains(&(chunk.bundle, chunk.start)))
            .map(|chunk| ((chunk.bundle, chunk.start), *chunk))
            .collect();
        let wanted: Vec<StoredChunk> = load.moved.iter().map(|spot| by_spot[spot]).collect();
        let located = wanted.iter().map(|chunk| (self.field.bundles[chunk.bundle as usize].id, *chunk));
        let mut ahead = self.shelf.ahead(located.collect());
        let (mut stored, mut moved) = (Vec::new(), Vec::with_capacity(wanted.len()));
        for old in &wanted {
            ahead.next(&mut stored)?;
            let chunk = crate::base::as_chunk(old, 0, 0);
            moved.push(((old.bundle, old.start), pour.pour(self.started, &chunk, &stored)?));
            self.told.written(stored.len());
        }
        Ok(moved)
    }

    fn reader(&mut self, plot: usize) -> Result<(RegionReader, u32), ArtifactError> {
        let (version, at) = self.field.plots[plot].home;
        let id = self.field.versions[version].manifest;
        let manifest = self.shelf.wait(self.shelf.manifest(&id))?;
        Ok((RegionReader::new(self.shelf.clone(), Arc::new(manifest)), at))
    }

    /// Encodes a region against its new base. Its bytes are held against their hash on the way: damage is
    /// not stored anew as if it were what was put.
    fn encode(&mut self, pour: &mut Pour<'_>, plot: usize) -> Result<Vec<StoredChunk>, ArtifactError> {
        let (own, at) = self.reader(plot)?;
        let region = own.manifest().region(at);
        let layout = Layout { format: Format::Opaque, note: None, regions: vec![region] };
        let by_start = match self.choice.base_of(self.field, plot) {
            Some(base) => HashMap::from([(0, self.reader(base)?)]),
            None => HashMap::new(),
        };
        let against = Bases { by_start, root: own.what(at).hash };
        let base = (!against.by_start.is_empty()).then_some(&against as &dyn keep_tensor::Base);
        let mut source = RegionSource::new(&own, at);
        let options = Options { workers: workers(), ..Options::default() };
        let mut chunks = Vec::new();
        let (started, told) = (self.started, &mut self.told);
        pipeline::encode(&mut source, &layout, base, options, |chunk: &Chunk, stored: &[u8]| {
            chunks.push(match pour.own(&chunk.hash) {
                Some(known) => StoredChunk { raw_bytes: chunk.raw_len, ..known },
                None => pour.pour(started, chunk, stored).map_err(io::Error::other)?,
            });
            told.written(stored.len());
            Ok(())
        })
        .map_err(unwrapped)?;
        if source.is_whole() {
            Ok(chunks)
        } else {
            Err(ArtifactError::Manifest("a region is not what it says"))
        }
    }

    /// The manifest of a version as it is to be, and which plot each of its encoded regions is.
    #[expect(clippy::type_complexity, reason = "two results of one pass, taken apart at once")]
    fn rewrite(
        &mut self,
        version: usize,
        moved: &HashMap<(u32, u32), Placed>,
        encoded: &HashMap<usize, Vec<Placed>>,
    ) -> Result<((Manifest, Vec<(usize, u32)>), Swap), ArtifactError> {
        let standing = self.field.versions[version].clone();
        let old = self.shelf.wait(self.shelf.manifest(&standing.manifest))?;
        let own = self.field.places(&old, None)?;
        let mut weave = Weave::new(self.field, self.choice, moved, encoded);
        let mut ats = HashMap::new();
        for (at, plot) in (0u32..).zip(&own) {
            if standing.shown.binary_search(plot).is_ok() {
                ats.insert(at, weave.take(*plot)?);
            }
        }
        let Weave { bundles, regions, chunks, taken, .. } = weave;
        let mut head = old.head;
        for entry in &mut head.entries {
            if let EntryKind::File(file) = &mut entry.kind {
                for piece in &mut file.pieces {
                    piece.region = *ats.get(&piece.region).ok_or(ArtifactError::Shifted)?;
                }
            }
        }
        for (plot, placed) in encoded {
            // Counted where it was first stored, and only there.
            if self.field.plots[*plot].home.0 == version {
                self.count(&mut head.sums, *plot, placed);
            }
        }
        let swap = Swap {
            version: standing.id,
            key: standing.key,
            number: standing.number,
            from: standing.manifest,
            to: standing.manifest,
            bundles: bundles.iter().map(|bundle| bundle.id).collect(),
            regions: ats,
            sums: head.sums,
        };
        let proofs = taken.into_iter().filter(|(plot, _)| encoded.contains_key(plot)).collect();
        Ok(((Manifest { head, bundles, regions, chunks }, proofs), swap))
    }

    fn count(&self, sums: &mut crate::manifest::Sums, plot: usize, placed: &[Placed]) {
        let before = &self.field.plots[plot];
        let old: u64 = before.chunks.iter().map(|chunk| u64::from(chunk.bytes)).sum();
        let new: u64 = placed.iter().map(|(_, chunk)| u64::from(chunk.bytes)).sum();
        sums.stored_bytes = (sums.stored_bytes + new).saturating_sub(old);
        if before.base.is_some() {
            sums.delta_raw_bytes = sums.delta_raw_bytes.saturating_sub(before.what.bytes);
            sums.delta_stored_bytes = sums.delta_stored_bytes.saturating_sub(old);
        }
        if self.choice.base_of(self.field, plot).is_some() {
            sums.delta_raw_bytes += before.what.bytes;
            sums.delta_stored_bytes += new;
        }
    }
}

/// The tables of one new manifest.
struct Weave<'a> {
    field: &'a Field,
    choice: &'a Choice,
    moved: &'a HashMap<(u32, u32), Placed>,
    encoded: &'a HashMap<usize, Vec<Placed>>,
    bundles: Vec<BundleRef>,
    by_id: HashMap<BlobId, u32>,
    regions: Vec<StoredRegion>,
    chunks: Vec<StoredChunk>,
    taken: HashMap<usize, u32>,
}

impl<'a> Weave<'a> {
    fn new(
        field: &'a Field,
        choice: &'a Choice,
        moved: &'a HashMap<(u32, u32), Placed>,
        encoded: &'a HashMap<usize, Vec<Placed>>,
    ) -> Self {
        let (bundles, by_id, regions) = (Vec::new(), HashMap::new(), Vec::new());
        let (chunks, taken) = (Vec::new(), HashMap::new());
        Self { field, choice, moved, encoded, bundles, by_id, regions, chunks, taken }
    }

    /// Takes a region in, behind what it differs from.
    fn take(&mut self, plot: usize) -> Result<u32, ArtifactError> {
        if let Some(at) = self.taken.get(&plot) {
            return Ok(*at);
        }
        let base = self.choice.base_of(self.field, plot).map(|base| self.take(base)).transpose()?;
        let depth = base.map_or(0, |base| self.regions[base as usize].depth + 1);
        let number = |count: usize| u32::try_from(count).map_err(|_| ArtifactError::TooMany);
        let first = number(self.chunks.len())?;
        let own: Vec<Placed> = match self.encoded.get(&plot) {
            Some(placed) => placed.clone(),
            None => self.field.plots[plot].chunks.iter().map(|chunk| self.placed(chunk)).collect(),
        };
        for (bundle, chunk) in &own {
            let bundle = match self.by_id.get(&bundle.id) {
                Some(at) => *at,
                None => {
                    let at = number(self.bundles.len())?;
                    self.bundles.push(*bundle);
                    self.by_id.insert(bundle.id, at);
                    at
                }
            };
            self.chunks.push(StoredChunk { bundle, ..*chunk });
        }
        let at = number(self.regions.len())?;
        let what = self.field.plots[plot].what;
        self.regions.push(StoredRegion { what, base, depth, first, count: number(own.len())? });
        self.taken.insert(plot, at);
        Ok(at)
    }

    fn placed(&self, chunk: &StoredChunk) -> Placed {
        let moved = self.moved.get(&(chunk.bundle, chunk.start));
        moved.map_or((self.field.bundles[chunk.bundle as usize], *chunk), |(bundle, new)| {
            (*bundle, StoredChunk { raw_bytes: chunk.raw_bytes, ..*new })
        })
    }
}

/// Reads a region as a restoration would and holds it against its hash: what it was is deleted next.
fn prove(reader: &RegionReader, at: u32) -> Result<(), ArtifactError> {
    let mut source = RegionSource::new(reader, at);
    io::copy(&mut source, &mut io::sink())
        .map_err(|error| unwrapped(keep_tensor::TensorError::Sink(error)))?;
    if source.is_whole() { Ok(()) } else { Err(ArtifactError::Manifest("a region is not what it says")) }
}

/// A stored region, read from its beginning to its end.
struct RegionSource<'a> {
    reader: &'a RegionReader,
    at: u32,
    read: u64,
    piece: Vec<u8>,
    given: usize,
    hasher: blake3::Hasher,
}

impl<'a> RegionSource<'a> {
    fn new(reader: &'a RegionReader, at: u32) -> Self {
        Self { reader, at, read: 0, piece: Vec::new(), given: 0, hasher: blake3::Hasher::new() }
    }

    fn is_whole(&self) -> bool {
        let what = self.reader.what(self.at);
        self.read == what.bytes && Hash::from_bytes(*self.hasher.finalize().as_bytes()) == what.hash
    }
}

impl Read for RegionSource<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.piece.len() {
            let left = self.reader.what(self.at).bytes - self.read;
            self.piece.resize(usize::try_from(left).map_or(PIECE, |left| left.min(PIECE)), 0);
            self.given = 0;
            if !self.piece.is_empty() {
                self.reader.read(self.at, self.read, &mut self.piece).map_err(io::Error::other)?;
                self.hasher.update(&self.piece);
                self.read += self.piece.len() as u64;
            }
        }
        let rest = &self.piece[self.given..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

impl Seek for RegionSource<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        // The codec goes to the beginning before it begins, and nowhere else.
        match to {
            SeekFrom::Start(0) if self.read == 0 => Ok(0),
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "this is read from its beginning")),
        }
    }
}
