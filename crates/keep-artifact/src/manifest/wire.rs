//! The bytes of a manifest: a head in JSON, then three tables of records of one size each, all
//! little-endian. docs/artifact-format.md describes it for others.

use super::{BundleRef, Head, Known, Manifest, StoredChunk, StoredRegion};
use crate::error::ArtifactError;
use keep_blob::BlobId;
use keep_tensor::Hash;

const MAGIC: &[u8; 8] = b"keepart\0";
/// Readers refuse what they do not know; writers write the newest.
const VERSION: u64 = 1;
const FIXED: usize = 48;
const BUNDLE: usize = 40;
const REGION: usize = 56;
const CHUNK: usize = 48;
const NO_BASE: u32 = u32::MAX;

impl Manifest {
    /// The manifest as it is stored.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, ArtifactError> {
        let head = serde_json::to_vec(&self.head).map_err(|_| ArtifactError::Manifest("its head"))?;
        let tables = self.bundles.len() * BUNDLE + self.regions.len() * REGION + self.chunks.len() * CHUNK;
        let mut out = Vec::with_capacity(FIXED + head.len() + tables);
        out.extend_from_slice(MAGIC);
        let counts = [head.len(), self.bundles.len(), self.regions.len(), self.chunks.len()];
        out.extend_from_slice(&VERSION.to_le_bytes());
        for count in counts {
            out.extend_from_slice(&(count as u64).to_le_bytes());
        }
        out.extend_from_slice(&head);
        for bundle in &self.bundles {
            out.extend_from_slice(bundle.id.as_bytes());
            out.extend_from_slice(&bundle.bytes.to_le_bytes());
        }
        for region in &self.regions {
            out.extend_from_slice(region.what.hash.as_bytes());
            out.extend_from_slice(&region.what.bytes.to_le_bytes());
            out.extend_from_slice(&[region.what.content, region.depth, 0, 0]);
            for number in [region.base.unwrap_or(NO_BASE), region.first, region.count] {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        for chunk in &self.chunks {
            out.extend_from_slice(chunk.hash.as_bytes());
            for number in [chunk.bundle, chunk.start, chunk.bytes, chunk.raw_bytes] {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        Ok(out)
    }

    /// Reads a manifest. What comes out is sound in itself: every number lies within what it points
    /// into, sizes add up, and no path leads out of a folder.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let manifest = Self::unchecked(bytes)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Reads what is there, and believes it. Only the twin of a probe does so.
    pub(crate) fn unchecked(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let mut at = Cursor(bytes);
        if at.take(MAGIC.len())? != MAGIC {
            return Err(ArtifactError::Manifest("it does not begin like one"));
        }
        let version = at.u64()?;
        if version != VERSION {
            return Err(ArtifactError::ManifestVersion(version));
        }
        let [head, bundles, regions, chunks] = [at.size()?, at.size()?, at.size()?, at.size()?];
        let head = at.take(head)?;
        let bundles = at.records(bundles, BUNDLE, |mut at| {
            Ok(BundleRef { id: BlobId::from_bytes(at.hash()?), bytes: at.u64()? })
        })?;
        let regions = at.records(regions, REGION, |mut at| {
            let (hash, bytes) = (Hash::from_bytes(at.hash()?), at.u64()?);
            let &[content, depth, _, _] = at.take(4)? else {
                return Err(ArtifactError::Manifest("a region"));
            };
            let base = Some(at.u32()?).filter(|base| *base != NO_BASE);
            let what = Known { hash, bytes, content };
            Ok(StoredRegion { what, base, depth, first: at.u32()?, count: at.u32()? })
        })?;
        let chunks = at.records(chunks, CHUNK, |mut at| {
            Ok(StoredChunk {
                hash: Hash::from_bytes(at.hash()?),
                bundle: at.u32()?,
                start: at.u32()?,
                bytes: at.u32()?,
                raw_bytes: at.u32()?,
            })
        })?;
        if !at.0.is_empty() {
            return Err(ArtifactError::Manifest("there is more behind its end"));
        }
        let head: Head = serde_json::from_slice(head).map_err(ArtifactError::ManifestHead)?;
        Ok(Self { head, bundles, regions, chunks })
    }
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ArtifactError> {
        let taken = self.0.split_at_checked(count);
        let (taken, left) = taken.ok_or(ArtifactError::Manifest("it ends too early"))?;
        self.0 = left;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ArtifactError> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| ArtifactError::Manifest("it ends too early"))
    }

    fn hash(&mut self) -> Result<[u8; 32], ArtifactError> {
        self.array()
    }

    fn u32(&mut self) -> Result<u32, ArtifactError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, ArtifactError> {
        self.array().map(u64::from_le_bytes)
    }

    fn size(&mut self) -> Result<usize, ArtifactError> {
        usize::try_from(self.u64()?).map_err(|_| ArtifactError::Manifest("a table is too large"))
    }

    /// A table. Its size is held against what is there before any memory is set aside.
    fn records<T>(
        &mut self,
        count: usize,
        size: usize,
        read: impl Fn(Cursor<'a>) -> Result<T, ArtifactError>,
    ) -> Result<Vec<T>, ArtifactError> {
        let bytes = count.checked_mul(size).ok_or(ArtifactError::Manifest("a table is too large"))?;
        self.take(bytes)?.chunks_exact(size).map(|record| read(Cursor(record))).collect()
    }
}

/// A hash as hex in JSON.
pub(super) mod hex_hash {
    use keep_tensor::Hash;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(hash)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = String::deserialize(deserializer)?;
        let id: keep_blob::BlobId = text.parse().map_err(de::Error::custom)?;
        Ok(Hash::from_bytes(*id.as_bytes()))
    }
}
