//! Copying versions between stores. What is there already is not copied again, so a copy that was cut
//! short goes on where it was.

mod incoming;

use crate::acts::Copy;
use crate::effects;
use crate::engine::{Artifacts, Progress, Watch, blob_id};
use crate::error::ArtifactError;
use crate::manifest::{BundleRef, Manifest};
use crate::name::{Key, Reference};
use crate::put::Check;
use crate::store::{self, Found, NewVersion, Pending};
use crate::tend::failed;
use incoming::{Incoming, check_bundle, wanted_number};
use keep_blob::{BlobError, BlobId, BlobStore};
use keep_gate::{Outcome, Started};
use keep_tensor::Hash;
use keep_types::{Act, Caller, ErrorKind, Explain, Name, Namespace};
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
    /// Versions that both have and that are not the same, as `NAME@NUMBER`.
    pub diverged: Vec<String>,
}

/// What a pull may do to the store of its own installation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Into {
    /// Everything that it takes.
    Own,
    /// Nothing: another tends it, and what is pulled lies in it already.
    SameStore,
}

impl Artifacts {
    /// Copies a version to another store.
    ///
    /// # Errors
    /// When there is no such version, a bundle of it is damaged here, the other store cannot take it, is
    /// being collected or has another version of that number, or the gate refuses.
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
        let act = Copy { action: "artifact.push", key, number, store: other.url().to_string() };
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
        let (key, number) = (found.key.clone(), found.number);
        let there = effects::named(other, &key, number).await?;
        let already = there.is_some();
        let manifest = self.manifest_of(found).await?;
        if let Some(entry) = there.filter(|entry| entry.manifest != found.manifest.to_string()) {
            let Some((id, theirs)) = self.same_elsewhere(found, other, &entry.manifest).await? else {
                return Err(ArtifactError::Diverged { key: Box::new(key), number });
            };
            effects::name_version(started, other, (&key, number), id, &found.tags).await?;
            return Ok(Copied { key, version: number, bytes: total(&theirs), moved_bytes: 0, already });
        }
        let needed = manifest.bundles.iter().map(|bundle| bundle.id).chain([found.manifest]);
        let announced = effects::announce(started, other, self.id, needed).await?;
        let pushed = async {
            let moved_bytes = self.push_bundles(started, &manifest, other, watch).await?;
            // The manifest after what it names, and the name after the manifest: whoever finds a name
            // finds everything.
            let bytes = self.store.get(&found.manifest).await?;
            effects::put_blob(started, other, bytes).await?;
            if !effects::still_announced(other, &announced).await? {
                return Err(ArtifactError::Collected);
            }
            effects::name_version(started, other, (&key, number), found.manifest, &found.tags).await?;
            Ok(moved_bytes)
        };
        let pushed = pushed.await;
        // A store that does not answer is not asked once more; a collection there takes the announcement
        // for dead in time.
        if !matches!(&pushed, Err(error) if error.kind() == ErrorKind::Unavailable) {
            effects::retract(started, other, announced).await?;
        }
        Ok(Copied { key, version: number, bytes: total(&manifest), moved_bytes: pushed?, already })
    }

    /// The manifest of a version that another store has in another way, when it restores the same.
    async fn same_elsewhere(
        &self,
        found: &Found,
        other: &BlobStore,
        manifest: &str,
    ) -> Result<Option<(BlobId, Manifest)>, ArtifactError> {
        let misnamed = || ArtifactError::Misnamed { name: format!("{}@{}", found.key.name, found.number) };
        let id = blob_id(manifest).ok_or_else(misnamed)?;
        let theirs = Manifest::from_bytes(&other.get(&id).await?)?;
        let same = theirs.restores_the_same(&self.manifest_of(found).await?);
        Ok(same.then_some((id, theirs)))
    }

    async fn push_bundles<A: Act>(
        &self,
        started: &Started<A>,
        manifest: &Manifest,
        other: &BlobStore,
        watch: &Watch,
    ) -> Result<u64, ArtifactError> {
        let (mut moved_bytes, mut done, all) = (0, 0, total(manifest));
        for bundle in &manifest.bundles {
            if !holds(other, bundle).await? {
                let bytes = self.store.get(&bundle.id).await?;
                effects::put_blob(started, other, bytes).await?;
                moved_bytes += bundle.bytes;
            }
            done += bundle.bytes;
            watch(Progress { doing: "pushing", done, all, stored: None });
        }
        Ok(moved_bytes)
    }

    /// Takes a version over from another store: everything is checked on the way, chunk by chunk. It keeps
    /// its number, or becomes the next version of the other name that it is given.
    ///
    /// # Errors
    /// When the other store has no such version or holds other bytes, when the number is taken here, when
    /// another installation tends the store here, or the gate refuses.
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
        let into = self.pulls_into(from, to, other).await?;
        let act = Copy { action: "artifact.pull", key: to.clone(), number, store: other.url().to_string() };
        let permit = self.gate.admit(caller, act).await?;
        let mut incoming = Incoming::read(other, from, number).await?;
        let bytes = total(&incoming.manifest);
        let own = to.clone();
        let log = self.db.read(move |tx| store::log(tx.sql(), &own)).await?;
        let same = match incoming.is_among(&log, to)? {
            Some(version) => Some(version),
            // Stored anew here or there it is another manifest, which restores the same.
            None => match log.iter().find(|one| from == to && one.number == number) {
                Some(one) if self.manifest_of(one).await?.restores_the_same(&incoming.manifest) => {
                    Some(number)
                }
                _ => None,
            },
        };
        if let Some(version) = same {
            return Ok(Copied { key: to.clone(), version, bytes, moved_bytes: 0, already: true });
        }
        let kept = (from == to).then_some(number);
        let (started, pending) = store::begin(permit, to, kept).await?;
        incoming.becomes(to, pending.number)?;
        let taken = self.take_over(&started, pending, &incoming, (other, into), &watch).await;
        let (version, moved_bytes) = match taken {
            Ok(taken) => taken,
            Err(error) => return Err(self.give_up(started, pending, error).await),
        };
        if into == Into::Own {
            let name = (to, pending.number);
            let named = effects::name_version(&started, &self.store, name, incoming.id, &incoming.tags).await;
            if let Err(error) = named {
                // The name may stand all the same, so the next collection takes it away with the rest.
                return Err(failed(started, error).await);
            }
        }
        store::finish(started, pending, version).await?;
        Ok(Copied { key: to.clone(), version: pending.number, bytes, moved_bytes, already: false })
    }

    /// Whether what is pulled may be written here. Where another tends the store, only what it holds
    /// already can be taken note of, under its own name.
    async fn pulls_into(&self, from: &Key, to: &Key, other: &BlobStore) -> Result<Into, ArtifactError> {
        if from == to && other.url() == self.store.url() && !self.tends().await? {
            return Ok(Into::SameStore);
        }
        self.must_tend().await?;
        Ok(Into::Own)
    }

    async fn take_over<A: Act>(
        &self,
        started: &Started<A>,
        pending: Pending,
        incoming: &Incoming,
        (other, into): (&BlobStore, Into),
        watch: &Watch,
    ) -> Result<(NewVersion, u64), ArtifactError> {
        let Incoming { id, raw, manifest, tags } = incoming;
        if into == Into::Own {
            effects::claim(started, &self.store, self.id, self.now()).await?;
        }
        let (mut moved_bytes, mut done, all) = (0, 0, total(manifest));
        let mut chunks = Vec::new();
        for (at, bundle) in manifest.bundles.iter().enumerate() {
            store::hold_new(started, &self.db, pending, bundle.id, bundle.bytes).await?;
            if !self.has_whole(manifest, at, bundle, &mut chunks).await? {
                if into == Into::SameStore {
                    return Err(BlobError::NotFound(format!("blob {}", bundle.id)).into());
                }
                let bytes = other.get(&bundle.id).await?;
                check_bundle(manifest, at, bundle, &bytes, &mut chunks)?;
                effects::put_again(started, &self.store, bytes).await?;
                moved_bytes += bundle.bytes;
            }
            done += bundle.bytes;
            watch(Progress { doing: "pulling", done, all, stored: None });
        }
        store::hold_new(started, &self.db, pending, *id, raw.len() as u64).await?;
        if into == Into::Own {
            effects::put_blob(started, &self.store, raw.clone()).await?;
        }
        let head = &manifest.head;
        let version = NewVersion {
            manifest: *id,
            made: head.made,
            by: head.by.clone(),
            sums: head.sums,
            tags: tags.clone(),
            bundles: manifest.bundles.iter().map(|bundle| bundle.id).collect(),
            // What another says of the bytes of whole regions was not seen here, so nothing that is put
            // later is taken to be the same because of it.
            regions: Vec::new(),
            chunks,
        };
        Ok((version, moved_bytes))
    }

    /// Whether a bundle is here already. Where reading is cheap it is read, so that one that is damaged is
    /// brought anew; from a bucket it would cost as much as bringing it.
    async fn has_whole(
        &self,
        manifest: &Manifest,
        at: usize,
        bundle: &BundleRef,
        chunks: &mut Vec<(Hash, BlobId, u32, u32)>,
    ) -> Result<bool, ArtifactError> {
        if !holds(&self.store, bundle).await? {
            return Ok(false);
        }
        if self.usual_check() == Check::Sizes {
            return Ok(true);
        }
        match self.store.get(&bundle.id).await {
            Ok(bytes) => check_bundle(manifest, at, bundle, &bytes, chunks).map(|()| true),
            Err(error) if error.kind() == ErrorKind::Tampered => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives the other store every version that it lacks, and takes every one that is missing here, of
    /// the artifacts of one namespace. What both have and is not the same is left alone and told.
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
        for found in own.iter() {
            let name = (found.key.name.clone(), found.number);
            if !theirs.contains(&name) {
                let watch = Watch::clone(&watch);
                synced.pushed.push(self.push_found(caller, found.clone(), other, watch).await?);
                continue;
            }
            let entry = effects::named(other, &found.key, found.number).await?;
            if let Some(entry) = entry.filter(|entry| entry.manifest != found.manifest.to_string())
                && self.same_elsewhere(found, other, &entry.manifest).await?.is_none()
            {
                synced.diverged.push(format!("{}@{}", name.0, name.1));
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
