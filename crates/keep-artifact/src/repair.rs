//! Putting stored objects right that are damaged or gone, with those of another store. Objects are named by
//! their hash, so whatever has the name is the right one.

use crate::acts::Repair;
use crate::effects;
use crate::engine::{Artifacts, Progress, Watch};
use crate::error::ArtifactError;
use crate::name::Reference;
use crate::tend::failed;
use keep_blob::{BlobError, BlobId, BlobStore};
use keep_gate::{Outcome, Started};
use keep_types::{Act, Caller, ErrorKind, Explain, Namespace};
use serde::Serialize;
use serde_json::json;
use std::collections::HashSet;

/// What a repair came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Repaired {
    /// Stored objects that are whole again.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that the other store lacks, or holds damaged as well.
    pub lost: Vec<String>,
}

impl Artifacts {
    /// Brings every object of these versions that is damaged here or gone from another store, one artifact's
    /// or all that the caller sees.
    ///
    /// # Errors
    /// When the gate refuses, there is no such artifact, or one of the stores fails. That the other store
    /// lacks an object is no error but what is found.
    pub async fn repair(
        &self,
        caller: &Caller,
        (namespace, reference): (Option<&Namespace>, Option<&Reference>),
        other: &BlobStore,
        watch: Watch,
    ) -> Result<Repaired, ArtifactError> {
        let versions = match reference {
            Some(reference) => vec![self.find(caller, namespace, reference).await?],
            None => self.seen(caller, namespace).await?,
        };
        let mut looked = HashSet::new();
        let mut broken = Vec::new();
        let mut manifests = Vec::new();
        for one in &versions {
            if looked.insert(one.manifest) && !self.object_is_whole(&one.manifest).await? {
                broken.push(one.manifest);
            }
            manifests.push(one.manifest);
        }
        // Which bundles a version has stands in its manifest, so a damaged one is read over there.
        for id in manifests {
            let manifest = match self.shelf().manifest(&id).await {
                Ok(manifest) => manifest,
                Err(error) if error.is_damage() => match self.shelf_of(other).manifest(&id).await {
                    Ok(manifest) => manifest,
                    Err(error) if error.is_damage() => continue,
                    Err(error) => return Err(error),
                },
                Err(error) => return Err(error),
            };
            for bundle in manifest.bundles {
                if looked.insert(bundle.id) && !self.object_is_whole(&bundle.id).await? {
                    broken.push(bundle.id);
                }
                let done = looked.len() as u64;
                watch(Progress { doing: "looking", done, all: done, stored: None });
            }
        }
        if broken.is_empty() {
            return Ok(Repaired::default());
        }
        let act = Repair { store: other.url().to_string(), objects: broken.len() };
        let started = self.gate.admit(caller, act).await?.begin().await?;
        match self.bring(&started, &broken, other).await {
            Ok(repaired) => {
                let found = json!({ "objects": repaired.objects, "lost": repaired.lost.len() });
                started.finish(Outcome::Done(found)).await?;
                Ok(repaired)
            }
            Err(error) => Err(failed(started, error).await),
        }
    }

    async fn object_is_whole(&self, id: &BlobId) -> Result<bool, ArtifactError> {
        match self.store.get(id).await {
            Ok(_) => Ok(true),
            Err(error) if is_damage(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn bring<A: Act>(
        &self,
        started: &Started<A>,
        broken: &[BlobId],
        other: &BlobStore,
    ) -> Result<Repaired, ArtifactError> {
        let mut repaired = Repaired::default();
        for id in broken {
            match other.get(id).await {
                Ok(bytes) => {
                    repaired.bytes += bytes.len() as u64;
                    effects::put_again(started, &self.store, bytes).await?;
                    repaired.objects += 1;
                }
                Err(error) if is_damage(&error) => repaired.lost.push(id.to_string()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(repaired)
    }
}

fn is_damage(error: &BlobError) -> bool {
    matches!(error, BlobError::NotFound(_)) || error.kind() == ErrorKind::Tampered
}
