//! What comes from another store, and is believed only once it was checked.

use crate::effects;
use crate::engine::blob_id;
use crate::error::ArtifactError;
use crate::manifest::{BundleRef, MAX_BUNDLE_BYTES, Manifest};
use crate::name::{Key, Tag, Version};
use crate::store::Found;
use bytes::Bytes;
use keep_blob::{BlobId, BlobStore};
use keep_tensor::Hash;

/// A version as another store holds it.
pub(super) struct Incoming {
    pub(super) id: BlobId,
    pub(super) raw: Bytes,
    pub(super) manifest: Manifest,
    pub(super) tags: Vec<Tag>,
}

impl Incoming {
    /// Reads what a name in a store leads to, which must be that very version: names are not hashed.
    pub(super) async fn read(other: &BlobStore, from: &Key, number: u64) -> Result<Self, ArtifactError> {
        let misnamed = || ArtifactError::Misnamed { name: format!("{}@{number}", from.name) };
        let entry = effects::named(other, from, number).await?.ok_or_else(|| no_version(from, number))?;
        let id = blob_id(&entry.manifest).ok_or_else(misnamed)?;
        let raw = other.get(&id).await?;
        let manifest = Manifest::from_bytes(&raw)?;
        let head = &manifest.head;
        if (&head.namespace, &head.name, head.number) != (&from.namespace, &from.name, number) {
            return Err(misnamed());
        }
        Ok(Self { id, raw, manifest, tags: entry.tags })
    }

    /// The same version under another name. The manifest says what it is called, so it is another blob;
    /// what it names stays where it is.
    pub(super) fn becomes(&mut self, key: &Key, number: u64) -> Result<(), ArtifactError> {
        let head = &mut self.manifest.head;
        if (&head.namespace, &head.name, head.number) == (&key.namespace, &key.name, number) {
            return Ok(());
        }
        (head.namespace, head.name, head.number) = (key.namespace.clone(), key.name.clone(), number);
        self.raw = self.manifest.to_bytes()?.into();
        self.id = BlobId::of(&self.raw);
        Ok(())
    }

    /// The number under which an artifact has this very version already.
    pub(super) fn is_among(&self, log: &[Found], key: &Key) -> Result<Option<u64>, ArtifactError> {
        let mut manifest = self.manifest.clone();
        for found in log {
            let head = &mut manifest.head;
            (head.namespace, head.name, head.number) =
                (key.namespace.clone(), key.name.clone(), found.number);
            if BlobId::of(&manifest.to_bytes()?) == found.manifest {
                return Ok(Some(found.number));
            }
        }
        Ok(None)
    }
}

fn no_version(key: &Key, number: u64) -> ArtifactError {
    ArtifactError::NoSuchVersion { key: Box::new(key.clone()), version: number.to_string() }
}

/// Which version of an artifact is meant in a store.
pub(super) async fn wanted_number(
    store: &BlobStore,
    key: &Key,
    version: &Version,
) -> Result<u64, ArtifactError> {
    if let Version::Number(number) = version {
        return Ok(*number);
    }
    let mut numbers: Vec<u64> = effects::names_in(store, &key.namespace)
        .await?
        .into_iter()
        .filter(|(name, _)| *name == key.name)
        .map(|(_, number)| number)
        .collect();
    numbers.sort_unstable();
    if numbers.is_empty() {
        return Err(ArtifactError::NotInStore { key: Box::new(key.clone()), url: store.url().to_string() });
    }
    let Version::Tagged(tag) = version else { return Ok(numbers.pop().unwrap_or_default()) };
    for number in numbers.into_iter().rev() {
        let entry = effects::named(store, key, number).await?;
        if entry.is_some_and(|entry| entry.tags.contains(tag)) {
            return Ok(number);
        }
    }
    Err(ArtifactError::NoSuchVersion { key: Box::new(key.clone()), version: version.to_string() })
}

/// Whether every chunk that the manifest sees in a bundle is there: the bundle is what its id says, but
/// what lies where in it only the manifest says.
pub(super) fn check_bundle(
    manifest: &Manifest,
    at: usize,
    bundle: &BundleRef,
    bytes: &[u8],
    chunks: &mut Vec<(Hash, BlobId, u32, u32)>,
) -> Result<(), ArtifactError> {
    if bytes.len() as u64 != bundle.bytes || bundle.bytes > MAX_BUNDLE_BYTES {
        return Err(ArtifactError::Manifest("a bundle has another size"));
    }
    for chunk in manifest.chunks.iter().filter(|chunk| chunk.bundle as usize == at) {
        let start = chunk.start as usize;
        let part = bytes.get(start..start + chunk.bytes as usize);
        if part.is_none_or(|part| Hash::of(part) != chunk.hash) {
            return Err(ArtifactError::Manifest("a chunk is not where it is said to be"));
        }
        chunks.push((chunk.hash, bundle.id, chunk.start, chunk.bytes));
    }
    Ok(())
}
