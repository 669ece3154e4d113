//! What a file is stored as a difference to.

use crate::{Hash, Layout, Region, RegionKind, TensorError};
use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

/// The file that differences are made against and applied to. Asked by several threads at once.
pub trait Base: Sync {
    /// What the base is called: the root of its pack, or whatever a store names an artifact by.
    fn root(&self) -> Hash;

    /// Fills `out` with what the base has for these bytes of a region of the other file, or says that it
    /// has no counterpart. For the same question the answer must be the same when encoding and decoding.
    ///
    /// # Errors
    /// When the base cannot be read.
    fn fetch(&self, region: &Region, offset: u64, out: &mut [u8]) -> Result<bool, TensorError>;

    /// Where a region's counterpart begins, in a base that lies open as a file. What is stored as a
    /// difference to such a base takes this down, so that restoring it does not depend on how the base's
    /// format is read by then.
    fn starts_at(&self, region: &Region) -> Option<u64> {
        let _ = region;
        None
    }
}

/// Which region of a base belongs to a region of another file: the tensor of the same name, type and
/// size, or the other bytes of the same place and size.
#[derive(Debug, Default)]
pub(crate) struct Counterparts {
    tensors: HashMap<String, usize>,
    bytes: HashMap<(u64, u64), usize>,
}

impl Counterparts {
    pub(crate) fn new(regions: &[Region]) -> Self {
        let mut found = Self::default();
        for (at, region) in regions.iter().enumerate() {
            match &region.kind {
                RegionKind::Tensor(tensor) => _ = found.tensors.entry(tensor.name.clone()).or_insert(at),
                RegionKind::Bytes => _ = found.bytes.insert((region.start, region.len), at),
            }
        }
        found
    }

    /// The index of the counterpart among the base's regions.
    pub(crate) fn find(&self, region: &Region, regions: &[Region]) -> Option<usize> {
        let RegionKind::Tensor(tensor) = &region.kind else {
            return self.bytes.get(&(region.start, region.len)).copied();
        };
        let at = *self.tensors.get(&tensor.name)?;
        let RegionKind::Tensor(other) = &regions[at].kind else { return None };
        (other.dtype == tensor.dtype && regions[at].len == region.len).then_some(at)
    }
}

/// A base that lies open as a file, not packed.
#[derive(Debug)]
pub struct FileBase<R> {
    source: Mutex<R>,
    places: Places,
    root: Hash,
}

/// Where counterparts lie.
#[derive(Debug)]
enum Places {
    /// As the base's own layout says.
    Found { regions: Vec<Region>, counterparts: Counterparts },
    /// As was taken down: by where a region begins in the other file.
    Told(HashMap<u64, u64>),
}

impl<R: Read + Seek + Send> FileBase<R> {
    /// A base from a file, its layout, and what it is called.
    pub fn new(source: R, layout: Layout, root: Hash) -> Self {
        let counterparts = Counterparts::new(&layout.regions);
        let places = Places::Found { regions: layout.regions, counterparts };
        Self { source: Mutex::new(source), places, root }
    }

    /// A base of which is known where the counterparts of another file's regions begin: for each that has
    /// one, where the region begins and where its counterpart does.
    pub fn told(source: R, starts: impl IntoIterator<Item = (u64, u64)>, root: Hash) -> Self {
        let places = Places::Told(starts.into_iter().collect());
        Self { source: Mutex::new(source), places, root }
    }
}

impl<R: Read + Seek + Send> Base for FileBase<R> {
    fn root(&self) -> Hash {
        self.root
    }

    fn fetch(&self, region: &Region, offset: u64, out: &mut [u8]) -> Result<bool, TensorError> {
        let Some(start) = self.starts_at(region) else { return Ok(false) };
        let at = start.checked_add(offset).ok_or(TensorError::Layout)?;
        // A panic between the two calls leaves nothing half done: each fetch seeks before it reads.
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        source.seek(SeekFrom::Start(at)).map_err(TensorError::Base)?;
        source.read_exact(out).map_err(TensorError::Base)?;
        Ok(true)
    }

    fn starts_at(&self, region: &Region) -> Option<u64> {
        match &self.places {
            Places::Found { regions, counterparts } => {
                Some(regions[counterparts.find(region, regions)?].start)
            }
            Places::Told(starts) => starts.get(&region.start).copied(),
        }
    }
}
