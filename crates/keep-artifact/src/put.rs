//! Storing a file or folder as the next version of an artifact.

use crate::acts::PutArtifact;
use crate::base::RegionReader;
use crate::effects;
use crate::engine::{Artifacts, Watch};
use crate::error::ArtifactError;
use crate::fence::Fence;
use crate::manifest::{Head, Manifest, Sums};
use crate::name::{Key, Tag};
use crate::source::Source;
use crate::store::{self, NewVersion, Pending};
use crate::tend::failed;
use crate::weave::{KnownThings, Loom, Previous, Woven};
use keep_blob::{BlobId, BlobUrl};
use keep_gate::Started;
use keep_types::{Act, Caller, Timestamp, chain};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

/// What is to be stored.
#[derive(Clone, Debug)]
pub struct NewArtifact {
    /// As which artifact.
    pub key: Key,
    /// The file or folder.
    pub path: PathBuf,
    /// Marks on the version.
    pub tags: Vec<Tag>,
    /// How what is stored already is looked at before it is relied on; without a word as is usual for the
    /// store.
    pub check: Option<Check>,
    /// What may be named, where whoever names it may not name every path.
    pub fence: Option<Fence>,
}

/// How what is stored already is looked at before a new version relies on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// That it is there and has its size: usual for a bucket, where reading costs as much as storing.
    Sizes,
    /// That its bytes are what was stored: usual for a folder.
    Bytes,
}

/// What was stored.
#[derive(Clone, Debug, Serialize)]
pub struct Put {
    /// As which artifact.
    #[serde(flatten)]
    pub key: Key,
    /// As which version of it.
    pub version: u64,
    /// The manifest's id in the store.
    pub manifest: String,
    /// When it was put.
    pub made: Timestamp,
    /// By whom.
    pub by: String,
    /// Marks on the version.
    pub tags: Vec<Tag>,
    /// What it holds and what it cost.
    #[serde(flatten)]
    pub sums: Sums,
    /// Why no differences to the version before were stored, where it could not be read.
    pub no_base_because: Option<String>,
    /// Parts that were stored already and are damaged there or gone, so that they were stored anew.
    pub stored_anew: u64,
}

impl Artifacts {
    /// Stores a file or folder. When this returns, everything is durable and on record.
    ///
    /// # Errors
    /// When it cannot be read, the gate refuses, or the store cannot take it; then nothing is recorded
    /// and what was stored waits for the next collection.
    pub async fn put(&self, caller: &Caller, new: NewArtifact, watch: Watch) -> Result<Put, ArtifactError> {
        let (path, fence) = (new.path.clone(), new.fence);
        let source = self.compute(move |_| Source::open(&path, fence.as_ref())).await??;
        let key = new.key.clone();
        let act = PutArtifact {
            key: new.key,
            path: new.path,
            tags: new.tags,
            bytes: source.raw_bytes,
            files: source.items.len(),
        };
        self.must_tend().await?;
        let check = new.check.unwrap_or_else(|| self.usual_check());
        let permit = self.gate.admit(caller, act).await?;
        let by = permit.principal().to_string();
        let (previous, no_base_because) = self.previous(&key).await?;
        let (started, pending) = store::begin(permit, &key, None).await?;
        if let Err(error) = effects::claim(&started, &self.store, self.id, self.now()).await {
            return Err(self.give_up(started, pending, error).await);
        }
        let shape = source.shape;
        let (db, home) = (self.db.clone(), key.namespace.clone());
        let (started, woven) = self
            .compute(move |shelf| {
                let known = KnownThings { home, previous, check };
                let woven = Loom::new(&started, &shelf, &db, pending, known, watch).weave(&source);
                (started, woven)
            })
            .await?;
        let woven = match woven {
            Ok(woven) => woven,
            Err(error) => return Err(self.give_up(started, pending, error).await),
        };
        let tags = started.act().tags.clone();
        let head = Head {
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            number: pending.number,
            made: self.now(),
            by,
            shape,
            entries: woven.entries.clone(),
            sums: woven.sums,
        };
        let (sums, stored_anew) = (head.sums, woven.stored_anew);
        let (made, by) = (head.made, head.by.clone());
        let manifest = self.name_and_record(started, pending, head, woven, tags.clone()).await?;
        let (version, manifest) = (pending.number, manifest.to_string());
        Ok(Put { key, version, manifest, made, by, tags, sums, no_base_because, stored_anew })
    }

    /// How what is stored already is looked at in this store.
    pub(crate) fn usual_check(&self) -> Check {
        match self.store.url() {
            BlobUrl::S3 { .. } => Check::Sizes,
            BlobUrl::Folder(_) | BlobUrl::Memory => Check::Bytes,
        }
    }

    /// The last version of the artifact, as what differences are made against. One that cannot be read
    /// is no reason not to store the next, and the caller is told.
    async fn previous(&self, key: &Key) -> Result<(Option<Previous>, Option<String>), ArtifactError> {
        let wanted = key.clone();
        let log = self.db.read(move |tx| store::log(tx.sql(), &wanted)).await?;
        let Some(last) = log.first() else { return Ok((None, None)) };
        match self.shelf().manifest(&last.manifest).await {
            Ok(manifest) => {
                let reader = RegionReader::new(self.shelf(), Arc::new(manifest));
                Ok((Some(Previous { id: last.manifest, reader }), None))
            }
            Err(error) => Ok((None, Some(chain(&error).join(": ")))),
        }
    }

    /// Stores the manifest, names it, and records the version.
    async fn name_and_record<A: Act>(
        &self,
        started: Started<A>,
        pending: Pending,
        head: Head,
        woven: Woven,
        tags: Vec<Tag>,
    ) -> Result<BlobId, ArtifactError> {
        let key = Key { namespace: head.namespace.clone(), name: head.name.clone() };
        let (made, by, sums) = (head.made, head.by.clone(), head.sums);
        let Woven { bundles, regions, chunks, seen, new_chunks, .. } = woven;
        let ids = bundles.iter().map(|bundle| bundle.id).collect();
        let manifest = Manifest { head, bundles, regions, chunks };
        let stored = self.store_manifest(&started, pending, &manifest).await;
        let id = match stored {
            Ok(id) => id,
            Err(error) => return Err(self.give_up(started, pending, error).await),
        };
        let name = (&key, pending.number);
        if let Err(error) = effects::name_version(&started, &self.store, name, id, &tags).await {
            // The name may stand all the same, so the next collection takes it away with the rest.
            return Err(failed(started, error).await);
        }
        let version = NewVersion {
            manifest: id,
            made,
            by,
            sums,
            tags,
            bundles: ids,
            regions: seen,
            chunks: new_chunks,
        };
        store::finish(started, pending, version).await?;
        Ok(id)
    }

    async fn store_manifest<A: Act>(
        &self,
        started: &Started<A>,
        pending: Pending,
        manifest: &Manifest,
    ) -> Result<BlobId, ArtifactError> {
        let bytes = manifest.to_bytes()?;
        // What cannot be read again must never be recorded as stored.
        Manifest::from_bytes(&bytes)?;
        let (id, size) = (BlobId::of(&bytes), bytes.len() as u64);
        store::hold_new(started, &self.db, pending, id, size).await?;
        effects::put_blob(started, &self.store, bytes.into()).await?;
        // Whoever took the store over meanwhile knows nothing of this version's number.
        self.must_tend().await?;
        Ok(id)
    }

    /// Records that a put came to nothing, and hands its error on.
    pub(crate) async fn give_up<A: Act>(
        &self,
        started: Started<A>,
        pending: Pending,
        error: ArtifactError,
    ) -> ArtifactError {
        let why = chain(&error).join(": ");
        match store::abandon(started, pending, why, self.now()).await {
            Ok(()) => error,
            // That nothing can be recorded any more is the graver of the two.
            Err(graver) => graver,
        }
    }
}
