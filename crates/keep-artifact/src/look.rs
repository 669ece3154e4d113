//! Looking at what is there: names, versions, their parts. Bytes are not read.

use crate::acts::LookAtArtifacts;
use crate::engine::Artifacts;
use crate::error::ArtifactError;
use crate::manifest::{EntryKind, Sums};
use crate::name::{Key, Reference, Tag};
use crate::store::{self, Found};
use keep_types::{Caller, Namespace, Timestamp};
use serde::Serialize;

/// A version as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct VersionView {
    /// Of which artifact.
    #[serde(flatten)]
    pub key: Key,
    /// Its number.
    pub version: u64,
    /// Marks on it.
    pub tags: Vec<Tag>,
    /// When it was put.
    pub made: Timestamp,
    /// By whom.
    pub by: String,
    /// Its manifest's id in the store.
    pub manifest: String,
    /// What it holds and what it cost.
    #[serde(flatten)]
    pub sums: Sums,
}

/// A file, folder or link of a version, or a tensor of a file.
#[derive(Clone, Debug, Serialize)]
pub struct PartView {
    /// The path within the artifact.
    pub path: String,
    /// The tensor within the file.
    pub tensor: Option<String>,
    /// What it is: a file's format, a tensor's type and extents, `folder`, or where a link leads.
    pub what: String,
    /// Its bytes.
    pub bytes: u64,
}

impl From<Found> for VersionView {
    fn from(found: Found) -> Self {
        Self {
            key: found.key,
            version: found.number,
            tags: found.tags,
            made: found.made,
            by: found.by,
            manifest: found.manifest.to_string(),
            sums: found.sums,
        }
    }
}

impl Artifacts {
    pub(crate) async fn may_look(&self, caller: &Caller) -> Result<(), ArtifactError> {
        let act = LookAtArtifacts { namespace: caller.home.clone() };
        self.gate.admit(caller, act).await?.observe().await?;
        Ok(())
    }

    /// The last version of each artifact that the caller sees.
    ///
    /// # Errors
    /// When the gate refuses or the database cannot be read.
    pub async fn list(&self, caller: &Caller, everywhere: bool) -> Result<Vec<VersionView>, ArtifactError> {
        self.may_look(caller).await?;
        let places = Self::seen_by(caller, everywhere);
        let all = self.db.read(move |tx| store::list(tx.sql(), places.as_deref())).await?;
        let mut last: Vec<VersionView> = Vec::new();
        for found in all {
            match last.last_mut() {
                Some(view) if view.key == found.key => *view = found.into(),
                _ => last.push(found.into()),
            }
        }
        Ok(last)
    }

    /// All versions of an artifact, the newest first.
    ///
    /// # Errors
    /// When there is none, or the gate refuses.
    pub async fn log(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        reference: &Reference,
    ) -> Result<Vec<VersionView>, ArtifactError> {
        self.may_look(caller).await?;
        let found = self.find(caller, namespace, reference).await?;
        let log = self.db.read(move |tx| store::log(tx.sql(), &found.key)).await?;
        Ok(log.into_iter().map(Into::into).collect())
    }

    /// What is in a version.
    ///
    /// # Errors
    /// When there is none, or its manifest cannot be read.
    pub async fn parts(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        reference: &Reference,
    ) -> Result<Vec<PartView>, ArtifactError> {
        self.may_look(caller).await?;
        let found = self.find(caller, namespace, reference).await?;
        let manifest = self.manifest_of(&found).await?;
        let mut parts = Vec::new();
        for entry in &manifest.head.entries {
            let part = |tensor: Option<String>, what, bytes| PartView {
                path: entry.path.clone(),
                tensor,
                what,
                bytes,
            };
            match &entry.kind {
                EntryKind::Folder { .. } => parts.push(part(None, "folder".into(), 0)),
                EntryKind::Link { target } => parts.push(part(None, format!("link to {target}"), 0)),
                EntryKind::File(file) => {
                    let what = format!("{:?}", file.format).to_lowercase();
                    let what = file.note.as_ref().map_or(what.clone(), |note| format!("{what}: {note}"));
                    parts.push(part(None, what, file.bytes));
                    for piece in &file.pieces {
                        let Some(tensor) = &piece.tensor else { continue };
                        let what = format!("{:?} {:?}", tensor.dtype, tensor.shape).to_lowercase();
                        let bytes = manifest.regions[piece.region as usize].what.bytes;
                        parts.push(part(Some(tensor.name.clone()), what, bytes));
                    }
                }
            }
        }
        Ok(parts)
    }
}
