//! What is worth to be stored in another way: regions that differ from what no version shows any more,
//! and bundles of which little is used.

use super::field::Field;
use crate::base::RegionReader;
use crate::error::ArtifactError;
use crate::shelf::Shelf;
use crate::weave::worth_a_base;
use keep_tensor::RegionKind;
use keep_tensor::codec::{Codec, Content};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// What is saved must be more than this: a manifest is written anew for it, at least.
const MIN_GAIN_BYTES: u64 = 4096;
/// A bundle of which less than half is used is given up for a smaller one.
const LIVE_SHARE: u64 = 2;
/// Where a region is tried out, and how much of it at each place. More places than a put tries: a wrong
/// guess here costs writing everything anew.
const TRIES: u64 = 8;
const TRY_BYTES: u64 = 512 << 10;

/// A region that is encoded anew, against another base or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rebase {
    pub(super) plot: usize,
    pub(super) base: Option<usize>,
    /// What it will take, as tried out.
    pub(super) bytes: u64,
}

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) rebased: HashMap<usize, Rebase>,
    /// Bundles that nothing of what remains may lie in.
    pub(super) emptied: HashSet<u32>,
    /// Bytes of stored chunks that are copied from them.
    pub(super) moved_bytes: u64,
    /// Bytes of bundles that go, and how many those are.
    pub(super) freed_bytes: u64,
    pub(super) freed: usize,
}

impl Choice {
    pub(super) fn is_empty(&self) -> bool {
        self.rebased.is_empty() && self.emptied.is_empty()
    }

    /// Bytes that are written.
    pub(super) fn written_bytes(&self) -> u64 {
        self.moved_bytes + self.rebased.values().map(|one| one.bytes).sum::<u64>()
    }

    /// What a region differs from afterwards.
    pub(super) fn base_of(&self, field: &Field, plot: usize) -> Option<usize> {
        self.rebased.get(&plot).map_or(field.plots[plot].base, |rebase| rebase.base)
    }

    /// The regions that are needed for these, themselves among them.
    pub(super) fn needed(&self, field: &Field, shown: impl Iterator<Item = usize>) -> HashSet<usize> {
        let mut needed = HashSet::new();
        for plot in shown {
            let mut next = Some(plot);
            while let Some(plot) = next.filter(|plot| needed.insert(*plot)) {
                next = self.base_of(field, plot);
            }
        }
        needed
    }
}

/// Weighs what can be done and takes what frees the most.
pub(super) fn choose(shelf: &Shelf, field: &Field) -> Result<Choice, ArtifactError> {
    let groups = tried(shelf, field)?;
    let all = || groups.iter().flat_map(|group| &group.rebased);
    let good = || groups.iter().filter(|group| group.gains).flat_map(|group| &group.rebased);
    let repacked = settle(field, &mut std::iter::empty());
    let mut best = repacked;
    for other in [settle(field, &mut all()), settle(field, &mut good())] {
        if net(&other) > net(&best) {
            best = other;
        }
    }
    Ok(if net(&best) >= i128::from(MIN_GAIN_BYTES) { best } else { Choice::default() })
}

fn net(choice: &Choice) -> i128 {
    i128::from(choice.freed_bytes) - i128::from(choice.written_bytes())
}

/// What these rebases lead to: which chunks are still used, and so which bundles are worth emptying.
fn settle(field: &Field, rebased: &mut dyn Iterator<Item = &Rebase>) -> Choice {
    let mut choice = Choice { rebased: rebased.map(|one| (one.plot, *one)).collect(), ..Choice::default() };
    let mut live: BTreeMap<u32, HashMap<u32, u32>> = BTreeMap::new();
    let shown = (0..field.plots.len()).filter(|plot| field.plots[*plot].shown);
    for plot in choice.needed(field, shown) {
        if !choice.rebased.contains_key(&plot) {
            for chunk in &field.plots[plot].chunks {
                live.entry(chunk.bundle).or_default().insert(chunk.start, chunk.bytes);
            }
        }
    }
    for (at, bundle) in (0..).zip(&field.bundles) {
        if field.pinned.contains(&at) {
            continue;
        }
        let used: u64 = live.get(&at).map_or(0, |own| own.values().map(|bytes| u64::from(*bytes)).sum());
        if used == 0 || used * LIVE_SHARE < bundle.bytes && bundle.bytes - used >= MIN_GAIN_BYTES {
            choice.moved_bytes += used;
            choice.freed_bytes += bundle.bytes;
            choice.freed += 1;
            choice.emptied.insert(at);
        }
    }
    choice
}

/// Regions that differ from the same ones, none of which is shown, as they would be stored without those.
struct Group {
    rebased: Vec<Rebase>,
    /// Whether they would take less than they and those take now.
    gains: bool,
}

fn tried(shelf: &Shelf, field: &Field) -> Result<Vec<Group>, ArtifactError> {
    // By the lowest of what is not shown: above it everything that is not shown hangs together.
    let (mut dependants, mut ghosts) = (BTreeMap::<usize, Vec<usize>>::new(), HashMap::<usize, u64>::new());
    let size = |plot: usize| field.plots[plot].chunks.iter().map(|chunk| u64::from(chunk.bytes)).sum::<u64>();
    for (at, plot) in field.plots.iter().enumerate() {
        let Some(base) = plot.base.filter(|base| !field.plots[*base].shown) else { continue };
        if plot.shown {
            dependants.entry(lowest(field, base)).or_default().push(at);
        }
    }
    for at in (0..field.plots.len()).filter(|at| !field.plots[*at].shown) {
        *ghosts.entry(lowest(field, at)).or_default() += size(at);
    }
    let mut tryer = Tryer { shelf, field, codec: Codec::new()?, readers: HashMap::new() };
    let mut groups = Vec::new();
    for (root, mut plots) in dependants {
        plots.sort_by_key(|plot| field.plots[*plot].home);
        let below = field.plots[root].base;
        let (mut rebased, mut first) = (Vec::new(), None);
        for plot in plots {
            let candidates = [below, first];
            let tried = tryer.best(plot, candidates.into_iter().flatten());
            // What cannot be read as it was stored stays as it is.
            let Ok((base, bytes)) = tried else { continue };
            rebased.push(Rebase { plot, base, bytes });
            first = first.or(Some(plot));
        }
        let now: u64 =
            rebased.iter().map(|one| size(one.plot)).sum::<u64>() + ghosts.get(&root).copied().unwrap_or(0);
        let gains = now > rebased.iter().map(|one| one.bytes).sum::<u64>();
        groups.push(Group { rebased, gains });
    }
    Ok(groups)
}

/// The last of those below a region, itself among them, that no version shows.
fn lowest(field: &Field, plot: usize) -> usize {
    let mut at = plot;
    while let Some(below) = field.plots[at].base.filter(|below| !field.plots[*below].shown) {
        at = below;
    }
    at
}

/// Tries out how regions would be stored.
struct Tryer<'a> {
    shelf: &'a Shelf,
    field: &'a Field,
    codec: Codec,
    readers: HashMap<usize, RegionReader>,
}

impl Tryer<'_> {
    /// The base that a region is best stored against, and what it then takes, about.
    fn best(
        &mut self,
        plot: usize,
        candidates: impl Iterator<Item = usize>,
    ) -> Result<(Option<usize>, u64), ArtifactError> {
        let alone = self.bytes(plot, None)?;
        let mut best = (None, alone);
        for base in candidates {
            let bytes = self.bytes(plot, Some(base))?;
            if worth_a_base(bytes, alone) && bytes < best.1 {
                best = (Some(base), bytes);
            }
        }
        Ok(best)
    }

    fn bytes(&mut self, plot: usize, base: Option<usize>) -> Result<u64, ArtifactError> {
        let len = self.field.plots[plot].what.bytes;
        let (own, at) = self.reader(plot)?;
        let below = base.map(|base| self.reader(base)).transpose()?;
        let content = match own.manifest().region(at).kind {
            RegionKind::Bytes => Content::Bytes,
            RegionKind::Tensor(tensor) => Content::Elements(tensor.dtype),
        };
        let step = len.div_ceil(TRIES).next_multiple_of(TRY_BYTES);
        let (mut offset, mut raw_bytes, mut bytes) = (0, 0, 0);
        while offset < len {
            let size = usize::try_from(TRY_BYTES.min(len - offset)).map_err(|_| ArtifactError::TooMany)?;
            let (mut raw, mut under, mut out) = (vec![0; size], vec![0; size], Vec::new());
            own.read(at, offset, &mut raw)?;
            if let Some((reader, at)) = &below {
                reader.read(*at, offset, &mut under)?;
            }
            self.codec.encode(content, &raw, below.is_some().then_some(&under[..]), &mut out)?;
            raw_bytes += size as u64;
            bytes += out.len() as u64;
            offset += step;
        }
        let scaled = u128::from(bytes) * u128::from(len) / u128::from(raw_bytes.max(1));
        Ok(u64::try_from(scaled).unwrap_or(u64::MAX))
    }

    fn reader(&mut self, plot: usize) -> Result<(RegionReader, u32), ArtifactError> {
        let (version, at) = self.field.plots[plot].home;
        if let Some(reader) = self.readers.get(&version) {
            return Ok((reader.clone(), at));
        }
        let id = self.field.versions[version].manifest;
        let manifest = self.shelf.wait(self.shelf.manifest(&id))?;
        let reader = RegionReader::new(self.shelf.clone(), Arc::new(manifest));
        self.readers.insert(version, reader.clone());
        Ok((reader, at))
    }
}
