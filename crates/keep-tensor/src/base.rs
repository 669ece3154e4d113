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
    regions: Vec<Region>,
    counterparts: Counterparts,
    root: Hash,
}

impl<R: Read + Seek + Send> FileBase<R> {
    /// A base from a file, its layout, and what it is called.
    pub fn new(source: R, layout: Layout, root: Hash) -> Self {
        let counterparts = Counterparts::new(&layout.regions);
        Self { source: Mutex::new(source), regions: layout.regions, counterparts, root }
    }
}

impl<R: Read + Seek + Send> Base for FileBase<R> {
    fn root(&self) -> Hash {
        self.root
    }

    fn fetch(&self, region: &Region, offset: u64, out: &mut [u8]) -> Result<bool, TensorError> {
        let Some(at) = self.counterparts.find(region, &self.regions) else { return Ok(false) };
        // A panic between the two calls leaves nothing half done: each fetch seeks before it reads.
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        source.seek(SeekFrom::Start(self.regions[at].start + offset)).map_err(TensorError::Base)?;
        source.read_exact(out).map_err(TensorError::Base)?;
        Ok(true)
    }
}
