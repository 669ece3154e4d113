//! Whether what is stored is what was stored, and what it takes.

use crate::engine::{Artifacts, Progress, Watch};
use crate::error::ArtifactError;
use crate::get::{Nowhere, Restorer, called};
use crate::manifest::Manifest;
use crate::name::Reference;
use crate::shelf::Shelf;
use crate::store::{self, Found};
use keep_types::{Caller, Namespace, chain};
use serde::Serialize;
use std::sync::Arc;

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Every file is restored to nowhere and held against its hash.
    All,
    /// This many chunks of each version, drawn at random, are read and held against theirs.
    Sample(usize),
}

/// What is wrong with a version.
#[derive(Clone, Debug, Serialize)]
pub struct Damage {
    /// Of which artifact.
    pub artifact: String,
    /// Which version.
    pub version: u64,
    /// Which file, where that is known.
    pub file: Option<String>,
    /// Which tensors of the file, or which bytes between them; all of it where none is named.
    pub parts: Vec<String>,
    /// What is wrong.
    pub problem: String,
}

/// What a verification came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verified {
    /// Versions that were looked at.
    pub versions: usize,
    /// Bytes that were restored or read.
    pub bytes: u64,
    /// What is wrong.
    pub damaged: Vec<Damage>,
}

/// What artifacts take, as far as the caller sees them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Usage {
    /// Versions.
    pub versions: usize,
    /// Bytes of all of them, restored.
    pub logical_bytes: u64,
    /// Bytes that they take in the store.
    pub stored_bytes: u64,
    /// Bytes that were stored already, as whole tensors and files.
    pub saved_by_same_regions: u64,
    /// Bytes that were stored already, as chunks.
    pub saved_by_same_chunks: u64,
    /// Bytes saved by storing differences.
    pub saved_by_differences: u64,
    /// Bytes saved by coding what is new.
    pub saved_by_coding: u64,
}

impl Artifacts {
    /// Looks whether versions are whole: one artifact's, or all that the caller sees.
    ///
    /// # Errors
    /// When the gate refuses or there is no such artifact. Damage is no error but what is found.
    pub async fn verify(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        reference: Option<&Reference>,
        depth: Depth,
        watch: Watch,
    ) -> Result<Verified, ArtifactError> {
        self.may_look(caller).await?;
        let versions = match reference {
            Some(reference) => vec![self.find(caller, namespace, reference).await?],
            None => self.seen(caller, namespace).await?,
        };
        let all = versions.iter().map(|one| one.sums.raw_bytes).sum();
        let mut verified = Verified::default();
        for one in versions {
            verified.versions += 1;
            let before = verified.bytes;
            let moved = Arc::clone(&watch);
            let inside: Watch = Arc::new(move |at| {
                moved(Progress { doing: "verifying", done: before + at.done, all, stored: None });
            });
            match self.manifest_of(&one).await {
                Err(error) => {
                    verified.damaged.push(damage(&one, Fault { file: None, parts: Vec::new(), error }));
                }
                Ok(manifest) => self.verify_one(&one, manifest, depth, inside, &mut verified).await?,
            }
        }
        Ok(verified)
    }

    pub(crate) async fn seen(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
    ) -> Result<Vec<Found>, ArtifactError> {
        let places = match namespace {
            Some(only) if caller.may_read(only) => Some(vec![only.clone()]),
            Some(_) => Some(Vec::new()),
            None => Self::seen_by(caller, true),
        };
        self.db.read(move |tx| store::list(tx.sql(), places.as_deref())).await
    }

    async fn verify_one(
        &self,
        one: &Found,
        manifest: Manifest,
        depth: Depth,
        watch: Watch,
        verified: &mut Verified,
    ) -> Result<(), ArtifactError> {
        let manifest = Arc::new(manifest);
        let found = match depth {
            Depth::All => {
                let called = called(&one.key, one.number);
                self.compute(move |shelf| whole(shelf, &manifest, &watch, called)).await?
            }
            Depth::Sample(count) => self.compute(move |shelf| sample(&shelf, &manifest, count)).await??,
        };
        verified.bytes += found.0;
        verified.damaged.extend(found.1.into_iter().map(|fault| damage(one, fault)));
        Ok(())
    }

    /// What the artifacts that the caller sees take.
    ///
    /// # Errors
    /// When the gate refuses or the database cannot be read.
    pub async fn usage(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
    ) -> Result<Usage, ArtifactError> {
        self.may_look(caller).await?;
        let versions = self.seen(caller, namespace).await?;
        let ids: Vec<i64> = versions.iter().map(|one| one.id).collect();
        let stored_bytes = self.db.read(move |tx| store::all_bundles(tx.sql(), &ids)).await?;
        let mut usage = Usage { versions: versions.len(), stored_bytes, ..Usage::default() };
        for Found { sums, .. } in &versions {
            let differences = sums.delta_raw_bytes.saturating_sub(sums.delta_stored_bytes);
            let known = sums.same_region_bytes + sums.same_chunk_bytes;
            usage.logical_bytes += sums.raw_bytes;
            usage.saved_by_same_regions += sums.same_region_bytes;
            usage.saved_by_same_chunks += sums.same_chunk_bytes;
            usage.saved_by_differences += differences;
            let rest = sums.raw_bytes.saturating_sub(known + differences + sums.stored_bytes);
            usage.saved_by_coding += rest;
        }
        Ok(usage)
    }
}

/// What was found wrong with a file, or with a version as a whole.
struct Fault {
    file: Option<String>,
    parts: Vec<String>,
    error: ArtifactError,
}

type Faults = (u64, Vec<Fault>);

fn damage(one: &Found, fault: Fault) -> Damage {
    // What `parts` says need not be said again.
    let problem = match &fault.error {
        ArtifactError::Damaged { source, .. } => chain(source.as_ref()),
        error => chain(error),
    };
    Damage {
        artifact: one.key.to_string(),
        version: one.number,
        file: fault.file,
        parts: fault.parts,
        problem: problem.join(": "),
    }
}

fn whole(shelf: Shelf, manifest: &Arc<Manifest>, watch: &Watch, called: String) -> Faults {
    let restorer = Restorer::new(shelf, Arc::clone(manifest), Arc::clone(watch), called);
    let (mut bytes, mut wrong) = (0, Vec::new());
    for (path, file) in manifest.files() {
        match restorer.file(path, file, &Nowhere) {
            Ok(()) => bytes += file.bytes,
            Err(error) => {
                let parts = if error.is_damage() { restorer.damaged_parts(file) } else { Vec::new() };
                wrong.push(Fault { file: Some(path.to_owned()), parts, error });
            }
        }
    }
    (bytes, wrong)
}

fn sample(shelf: &Shelf, manifest: &Arc<Manifest>, count: usize) -> Result<Faults, ArtifactError> {
    let (mut bytes, mut wrong) = (0, Vec::new());
    for _ in 0..count.min(manifest.chunks.len()) {
        let mut draw = [0; 8];
        getrandom::fill(&mut draw).map_err(|_| ArtifactError::Random)?;
        let at = u64::from_le_bytes(draw) % manifest.chunks.len() as u64;
        let chunk = manifest.chunks[usize::try_from(at).map_err(|_| ArtifactError::TooMany)?];
        let bundle = manifest.bundles[chunk.bundle as usize].id;
        match shelf.wait(Shelf::chunk(&shelf.store, bundle, chunk)) {
            Ok(read) => bytes += read.len() as u64,
            Err(error) => wrong.push(Fault { file: None, parts: Vec::new(), error: error.into() }),
        }
    }
    Ok((bytes, wrong))
}
