//! Storing anew what takes more room than it needs: what differs from versions that are gone, and what is
//! left in bundles that are mostly waste.

mod carry;
mod choose;
mod field;

use crate::effects;
use crate::engine::{Artifacts, Watch};
use crate::error::ArtifactError;
use crate::name::Key;
use crate::shelf::Shelf;
use crate::store::{self, Found, Pending};
use crate::tend::failed;
use carry::{Carried, Carrier, Told};
use choose::{Choice, choose};
use field::Field;
use keep_gate::Started;
use keep_types::{Act, chain};
use serde::Serialize;
use std::collections::HashSet;

/// What is stored anew so that more can go.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tidied {
    /// Versions whose parts are stored in another way.
    pub versions: usize,
    /// Tensors and other runs that are encoded anew.
    pub reencoded: usize,
    /// Their bytes, restored.
    pub reencoded_bytes: u64,
    /// Bytes that are written for it; before it is done, about so many.
    pub written_bytes: u64,
    /// Bundles that nothing uses then.
    pub bundles: usize,
    /// Their bytes, which go after the grace.
    pub freed_bytes: u64,
    /// Why it was not done, where it could not be.
    pub failed_because: Option<String>,
}

impl Tidied {
    fn failed(error: &ArtifactError) -> Self {
        Self { failed_because: Some(chain(error).join(": ")), ..Self::default() }
    }
}

/// What was found, and what is to be done about it.
pub(crate) struct Tidying {
    field: Field,
    choice: Choice,
    versions: Vec<usize>,
}

impl Tidying {
    pub(crate) fn sums(&self) -> Tidied {
        let plots: HashSet<usize> = self.choice.rebased.keys().copied().collect();
        Tidied {
            versions: self.versions.len(),
            reencoded: plots.len(),
            reencoded_bytes: plots.iter().map(|plot| self.field.plots[*plot].what.bytes).sum(),
            written_bytes: self.choice.written_bytes(),
            bundles: self.choice.freed,
            freed_bytes: self.choice.freed_bytes,
            failed_because: None,
        }
    }
}

impl Artifacts {
    /// What is worth to be stored anew; none if nothing is.
    pub(crate) async fn untidy(&self) -> Result<Option<Tidying>, ArtifactError> {
        let all = self.db.read(|tx| store::list(tx.sql(), None)).await?;
        let (mut field, unread) = self.compute(move |shelf| Field::read(&shelf, all)).await??;
        let pins = self.db.read(move |tx| store::pins(tx.sql(), &unread)).await?;
        field.pin(&pins);
        let tidying = self
            .compute(move |shelf| {
                let choice = choose(&shelf, &field)?;
                let versions = Carrier::<crate::acts::Collect>::affected(&field, &choice);
                Ok::<_, ArtifactError>(Tidying { field, choice, versions })
            })
            .await??;
        Ok(Some(tidying).filter(|tidying| !tidying.choice.is_empty()))
    }

    /// Stores anew what is worth it. That it cannot be done is told and no more: everything then stays
    /// as it was.
    pub(crate) async fn tidy<A: Act + Sync + Send + 'static>(
        &self,
        started: Started<A>,
        watch: Watch,
    ) -> Result<(Started<A>, Option<Tidied>), ArtifactError> {
        let tidying = match self.untidy().await {
            Ok(Some(tidying)) => tidying,
            Ok(None) => return Ok((started, None)),
            Err(error) => return Ok((started, Some(Tidied::failed(&error)))),
        };
        let sums = tidying.sums();
        let ids = tidying.versions.iter().map(|at| tidying.field.versions[*at].id).collect();
        let pendings = match store::begin_rewrite(&started, &self.db, ids).await {
            Ok(pendings) => pendings,
            Err(error) => return Ok((started, Some(Tidied::failed(&error)))),
        };
        let Some(lead) = pendings.first().copied() else { return Ok((started, None)) };
        let db = self.db.clone();
        let (started, carried) = self
            .compute(move |shelf| {
                let carried = carry(&started, &shelf, (&db, lead), tidying, &watch);
                (started, carried)
            })
            .await?;
        let done = match carried {
            Ok(carried) => self.put_in_place(&started, lead, carried).await,
            Err(error) => Err(error),
        };
        if let Ok((_, names)) = &done {
            for (key, number) in names {
                if let Err(error) = self.settle_name(&started, key, *number).await {
                    // The names still say what is about to go, so nothing goes: this stays on record as
                    // under way, and the next collection writes the names first.
                    return Err(failed(started, error).await);
                }
            }
        }
        let ended = store::end_rewrite(&started, &self.db, pendings, self.now()).await;
        let tidied = match done.and_then(|(written_bytes, _)| ended.map(|()| written_bytes)) {
            Ok(written_bytes) => Tidied { written_bytes, ..sums },
            Err(error) => Tidied::failed(&error),
        };
        Ok((started, Some(tidied)))
    }

    /// The manifests are stored, then take their places together. Gives back what was written, and whose
    /// names are to follow.
    async fn put_in_place<A: Act>(
        &self,
        started: &Started<A>,
        lead: Pending,
        carried: Carried,
    ) -> Result<(u64, Vec<(Key, u64)>), ArtifactError> {
        let Carried { manifests, chunks, mut written_bytes } = carried;
        let mut swaps = Vec::with_capacity(manifests.len());
        for (swap, bytes) in manifests {
            written_bytes += bytes.len() as u64;
            store::hold_new(started, &self.db, lead, swap.to, bytes.len() as u64).await?;
            effects::put_blob(started, &self.store, bytes.into()).await?;
            swaps.push(swap);
        }
        let names = swaps.iter().map(|swap| (swap.key.clone(), swap.number)).collect();
        store::swap(started, &self.db, swaps, chunks).await?;
        Ok((written_bytes, names))
    }

    /// Makes a version's name in the store say what the tables say, also while others change them.
    pub(crate) async fn settle_name<A: Act>(
        &self,
        started: &Started<A>,
        key: &Key,
        number: u64,
    ) -> Result<(), ArtifactError> {
        let mut now = self.stands(key, number).await?;
        loop {
            match &now {
                Some(found) => {
                    let (manifest, tags) = (found.manifest, &found.tags);
                    effects::name_version(started, &self.store, (key, number), manifest, tags).await?;
                }
                None => effects::unname_version(started, &self.store, key, number).await?,
            }
            let after = self.stands(key, number).await?;
            let said = |found: &Option<Found>| found.as_ref().map(|one| (one.manifest, one.tags.clone()));
            if said(&after) == said(&now) {
                return Ok(());
            }
            now = after;
        }
    }

    /// A version as the tables know it now; none when they do not.
    pub(crate) async fn stands(&self, key: &Key, number: u64) -> Result<Option<Found>, ArtifactError> {
        let key = key.clone();
        let log = self.db.read(move |tx| store::log(tx.sql(), &key)).await?;
        Ok(log.into_iter().find(|one| one.number == number))
    }
}

fn carry<A: Act + Sync>(
    started: &Started<A>,
    shelf: &Shelf,
    (db, pending): (&keep_db::Db, Pending),
    tidying: Tidying,
    watch: &Watch,
) -> Result<Carried, ArtifactError> {
    let Tidying { mut field, choice, versions } = tidying;
    let told = Told::new(watch, choice.written_bytes());
    Carrier { started, shelf, db, pending, field: &mut field, choice: &choice, told }.carry(&versions)
}
