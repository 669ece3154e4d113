//! Copying versions between stores. What is there already is not copied again, so a copy that was cut
//! short goes on where it was.

use crate::acts::Copy;
use crate::effects;
use crate::engine::{Artifacts, Progress, Watch, blob_id};
use crate::error::ArtifactError;
use crate::manifest::{BundleRef, MAX_BUNDLE_BYTES, Manifest};
use crate::name::{Key, Reference, Version};
use crate::store::{self, Found, NewVersion, Pending};
use crate::tend::failed;
use keep_blob::{BlobError, BlobId, BlobStore};
use keep_gate::{Outcome, Started};
use keep_tensor::Hash;
use keep_types::{Act, Caller, Name, Namespace};
use serde::Serialize;
use serde_json::json;

/// What a copy came to.
#[derive(Clone, Debug, Serialize)]
pub struct Copied {
    /// Of which artifact.
    #[serde(flatten)]
    pub key: Key,
    /// Which version.
    pub version: u64,
    /// Bytes of it in the store.
    pub bytes: u64,
    /// Bytes that had to be moved.
    pub moved_bytes: u64,
    /// Whether the other side had it already.
    pub already: bool,
}

/// What both sides had to give each other.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Synced {
    /// Versions that went to the other store.
    pub pushed: Vec<Copied>,
    /// Versions that came from it.
    pub pulled: Vec<Copied>,
}

impl Artifacts {
    /// Copies a version to another store.
    ///
    /// # Errors
    /// When there is no such version, a bundle of it is damaged here, the other store cannot take it or
    /// has another version of that number, or the gate refuses.
    pub async fn push(
        &self,
        caller: &Caller,
        (namespace, reference): (Option<&Namespace>, &Reference),
        other: &BlobStore,
        watch: Watch,
    ) -> Result<Copied, ArtifactError> {
        let found = self.find(caller, namespace, reference).await?;
        self.push_found(caller, found, other, watch).await
    }

    async fn push_found(
        &self,
        caller: &Caller,
        found: Found,
        other: &BlobStore,
        watch: Watch,
    ) -> Result<Copied, ArtifactError> {
        let (key, number) = (found.key.clone(), found.number);
        let act = Copy { action: "artifact.push", key: key.clone(), number, store: other.url().to_string() };
        let started = self.gate.admit(caller, act).await?.begin().await?;
        let pushed = self.push_started(&started, &found, other, &watch).await;
        match pushed {
            Ok(copied) => {
                started.finish(Outcome::Done(json!({ "moved_bytes": copied.moved_bytes }))).await?;
                Ok(copied)
            }
            Err(error) => Err(failed(started, error).await),
        }
    }

    async fn push_started<A: Act>(
        &self,
        started: &Started<A>,
        found: &Found,
        other: &BlobStore,
        watch: &Watch,
    ) -> Result<Copied, ArtifactError> {
        let (key, number) = (&found.key, found.number);
        let there = effects::named(other, key, number).await?;
        let diverged = || ArtifactError::Diverged { key: Box::new(key.clone()), number };
        let already = there.is_some();
        let manifest = self.manifest_of(found).await?;
        if let Some(entry) = there.filter(|entry| entry.manifest != found.manifest.to_string()) {
            // Stored in another way there: what counts is what it restores.
            let id = blob_id(&entry.manifest).ok_or_else(diverged)?;
            let theirs = Manifest::from_bytes(&other.get(&id).await?)?;
            if !theirs.restores_the_same(&manifest) {
                return Err(diverged());
            }
            effects::name_version(started, other, (key, number), id, &found.tags).await?;
            return Ok(Copied {
                key: key.clone(),
                version: number,
                bytes: total(&theirs),
                moved_bytes: 0,
                already,
            });
        }
        let mut moved_bytes = 0;
        let (mut done, all) = (0, total(&manifest));
        for bundle in &manifest.bundles {
            if !holds(other, bundle).await? {
                let bytes = self.store.get(&bundle.id).await?;
                effects::put_blob(started, other, bytes).await?;
                moved_bytes += bundle.bytes;
            }
            done += bundle.bytes;
            watch(Progress { doing: "pushing", done, all, stored: None });
        }
        // The manifest after what it names, and the name after the manifest: whoever finds a name finds
        // everything.
        let bytes = self.store.get(&found.manifest).await?;
        effects::put_blob(started, other, bytes).await?;
        effects::name_version(started, other, (key, number), found.manifest, &found.tags).await?;
        Ok(Copied { key: key.clone(), version: number, bytes: all, moved_bytes, already })
    }

    /// Takes a version over from another store: everything is checked on the way, chunk by chunk.
    ///
    /// # Errors
    /// When the other store has no such version or holds other bytes, when the number is taken here, or
    /// the gate refuses.
    pub async fn pull(
        &self,
        caller: &Caller,
        (namespace, reference, known_as): (Option<&Namespace>, &Reference, Option<&Name>),
        other: &BlobStore,
        watch: Watch,
    ) -> Result<Copied, ArtifactError> {
        let namespace = namespace.unwrap_or(&caller.home).clone();
        let from = Key { namespace: namespace.clone(), name: reference.name.clone() };
        if !caller.may_read(&namespace) {
            return Err(ArtifactError::NoSuchArtifact { name: from.to_string() });
        }
        let number = wanted_number(other, &from, &reference.version).await?;
        let name = known_as.unwrap_or(&reference.name).clone();
        self.pull_number(caller, (&from, number), &Key { namespace, name }, other, watch).await
    }

    async fn pull_number(
        &self,
        caller: &Caller,
        (from, number): (&Key, u64),
        to: &Key,
        other: &BlobStore,
        watch: Watch,
    ) -> Result<Copied, ArtifactError> {
        let act = Copy { action: "artifact.pull", key: to.clone(), number, store: other.url().to_string() };
        let permit = self.gate.admit(caller, act).await?;
        let misnamed = || ArtifactError::Misnamed { name: format!("{}@{number}", from.name) };
        let entry = effects::named(other, from, number).await?.ok_or_else(|| no_version(from, number))?;
        let id = blob_id(&entry.manifest).ok_or_else(misnamed)?;
        let raw = other.get(&id).await?;
        let manifest = Manifest::from_bytes(&raw)?;
        let head = &manifest.head;
        if (&head.namespace, &head.name, head.number) != (&from.namespace, &from.name, number) {
            return Err(misnamed());
        }
        let all = total(&manifest);
        let own = to.clone();
        let log = self.db.read(move |tx| store::log(tx.sql(), &own)).await?;
        let same = match log.iter().find(|one| one.number == number) {
            Some(one) => one.manifest == id || self.manifest_of(one).await?.restores_the_same(&manifest),
            None => false,
        };
        if same {
            let (key, version) = (to.clone(), number);
            return Ok(Copied { key, version, bytes: all, moved_bytes: 0, already: true });
        }
        let (started, pending) = store::begin(permit, to, Some(number)).await?;
        let taken = self.take_over(&started, pending, (to, id), (&manifest, raw), other, &watch, &entry.tags);
        match taken.await {
            Ok((version, moved_bytes)) => {
                store::finish(started, pending, version).await?;
                Ok(Copied { key: to.clone(), version: number, bytes: all, moved_bytes, already: false })
            }
            Err(error) => Err(self.give_up(started, pending, error).await),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a pull, with all that the pull knows")]
    async fn take_over<A: Act>(
        &self,
        started: &Started<A>,
        pending: Pending,
        (key, id): (&Key, BlobId),
        (manifest, raw): (&Manifest, bytes::Bytes),
        other: &BlobStore,
        watch: &Watch,
        tags: &[crate::name::Tag],
    ) -> Result<(NewVersion, u64), ArtifactError> {
        let (mut moved_bytes, mut done, all) = (0, 0, total(manifest));
        let mut chunks = Vec::new();
        for (at, bundle) in manifest.bundles.iter().enumerate() {
            self.hold(started, pending, bundle.id, bundle.bytes).await?;
            if !holds(&self.store, bundle).await? {
                let bytes = other.get(&bundle.id).await?;
                check_bundle(manifest, at, bundle, &bytes, &mut chunks)?;
                effects::put_blob(started, &self.store, bytes).await?;
                moved_bytes += bundle.bytes;
            }
            done += bundle.bytes;
            watch(Progress { doing: "pulling", done, all, stored: None });
        }
        self.hold(started, pending, id, raw.len() as u64).await?;
        effects::put_blob(started, &self.store, raw).await?;
        effects::name_version(started, &self.store, (key, pending.number), id, tags).await?;
        let head = &manifest.head;
        let version = NewVersion {
            manifest: id,
            made: head.made,
            by: head.by.clone(),
            sums: head.sums,
            tags: tags.to_vec(),
            bundles: manifest.bundles.iter().map(|bundle| bundle.id).collect(),
            // What another says of the bytes of whole regions was not seen here, so nothing that is put
            // later is taken to be the same because of it.
            regions: Vec::new(),
            chunks,
        };
        Ok((version, moved_bytes))
    }

    async fn hold<A: Act>(
        &self,
        started: &Started<A>,
        pending: Pending,
        id: BlobId,
        bytes: u64,
    ) -> Result<(), ArtifactError> {
        store::hold_new(started, &self.db, pending, id, bytes).await
    }

    /// Gives the other store every version that it lacks, and takes every one that is missing here, of
    /// the artifacts of one namespace.
    ///
    /// # Errors
    /// As for `push` and `pull`; what was copied by then stays.
    pub async fn sync(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        other: &BlobStore,
        watch: Watch,
    ) -> Result<Synced, ArtifactError> {
        let namespace = namespace.unwrap_or(&caller.home).clone();
        if !caller.may_read(&namespace) {
            return Ok(Synced::default());
        }
        self.may_look(caller).await?;
        let places = vec![namespace.clone()];
        let own = self.db.read(move |tx| store::list(tx.sql(), Some(&places))).await?;
        let theirs = effects::names_in(other, &namespace).await?;
        let mut synced = Synced::default();
        for found in &own {
            let has = theirs.iter().any(|(name, number)| *name == found.key.name && *number == found.number);
            if !has {
                let watch = Watch::clone(&watch);
                synced.pushed.push(self.push_found(caller, found.clone(), other, watch).await?);
            }
        }
        for (name, number) in theirs {
            if own.iter().any(|found| found.key.name == name && found.number == number) {
                continue;
            }
            let key = Key { namespace: namespace.clone(), name };
            let watch = Watch::clone(&watch);
            synced.pulled.push(self.pull_number(caller, (&key, number), &key, other, watch).await?);
        }
        Ok(synced)
    }
}

fn total(manifest: &Manifest) -> u64 {
    manifest.bundles.iter().map(|bundle| bundle.bytes).sum()
}

async fn holds(store: &BlobStore, bundle: &BundleRef) -> Result<bool, ArtifactError> {
    match store.size(&bundle.id).await {
        Ok(size) => Ok(size == bundle.bytes),
        Err(BlobError::NotFound(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn no_version(key: &Key, number: u64) -> ArtifactError {
    ArtifactError::NoSuchVersion { key: Box::new(key.clone()), version: number.to_string() }
}

async fn wanted_number(store: &BlobStore, key: &Key, version: &Version) -> Result<u64, ArtifactError> {
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
        return Err(ArtifactError::NoSuchArtifact { name: key.to_string() });
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
fn check_bundle(
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
