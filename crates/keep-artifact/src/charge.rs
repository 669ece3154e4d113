//! Who is in charge of a store. Several installations may share one: all read it and push to it, and one
//! tends it, which means that it puts into it, removes from it and deletes what nothing uses there. What
//! the others have put into it is known by its name in the store and stays as long as the name does.

use crate::acts::TakeOver;
use crate::effects;
use crate::engine::{Artifacts, blob_id};
use crate::error::ArtifactError;
use crate::store::{self, Sweepable};
use crate::tend::failed;
use keep_blob::{BlobError, BlobId};
use keep_gate::{Outcome, Started};
use keep_types::{Act, Caller, Duration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

/// A push or a collection in another installation that has said nothing for this long is taken for dead.
const SILENCE: Duration = Duration::days(1);

/// Which installation is meant: a number that tells nothing else of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstallationId([u8; 16]);

/// Who tends a store.
#[derive(Clone, Debug, Serialize)]
pub struct Charge {
    /// The store.
    pub store: String,
    /// Who tends it; nobody does before the first put.
    pub installation: Option<InstallationId>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Whether that is this installation.
    pub own: bool,
}

impl InstallationId {
    /// Of a secret that only this installation has, or what is derived from one.
    #[must_use]
    pub fn new(derived: [u8; 32]) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&derived[..16]);
        Self(id)
    }
}

impl Artifacts {
    /// Who tends the store.
    ///
    /// # Errors
    /// When the gate refuses or the store cannot be read.
    pub async fn charge(&self, caller: &Caller) -> Result<Charge, ArtifactError> {
        self.may_look(caller).await?;
        let mark = effects::tended_by(&self.store).await?;
        Ok(Charge {
            store: self.store.url().to_string(),
            own: mark.as_ref().is_some_and(|mark| mark.installation == self.id),
            installation: mark.as_ref().map(|mark| mark.installation),
            since: mark.map(|mark| mark.since),
        })
    }

    /// Tends the store from now on, in the place of whoever does now. The other must have no put under way:
    /// it finds out before its next one is named.
    ///
    /// # Errors
    /// When the gate refuses, another does the same at this moment, or something is being deleted there.
    pub async fn take_charge(&self, caller: &Caller, reason: &str) -> Result<Charge, ArtifactError> {
        if reason.trim().is_empty() {
            return Err(ArtifactError::NoReason);
        }
        let from = effects::tended_by(&self.store).await?.map(|mark| mark.installation);
        let act = TakeOver { store: self.store.url().to_string(), from, reason: reason.to_owned() };
        let started = self.gate.admit(caller, act).await?.begin().await?;
        let (now, ids) = (self.now(), (from, self.id));
        match effects::take_over(&started, &self.store, ids, (now, now.minus(SILENCE))).await {
            Ok(()) => started.finish(Outcome::Done(json!({ "tends": self.id }))).await?,
            Err(error) => return Err(failed(started, error).await),
        }
        self.charge(caller).await
    }

    /// Whether the store is this installation's to change; one that nobody tends is.
    pub(crate) async fn tends(&self) -> Result<bool, ArtifactError> {
        match self.must_tend().await {
            Ok(()) => Ok(true),
            Err(ArtifactError::OtherOwner { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// An error when another tends the store.
    pub(crate) async fn must_tend(&self) -> Result<(), ArtifactError> {
        match effects::tended_by(&self.store).await? {
            Some(mark) if mark.installation != self.id => Err(ArtifactError::OtherOwner {
                url: self.store.url().to_string(),
                installation: mark.installation,
                since: mark.since,
            }),
            _ => Ok(()),
        }
    }

    /// Of what is condemned, that which others rely on: what names in the store lead to that the tables
    /// know nothing of, and what pushes under way have announced. From now until `deleted` nobody begins to
    /// rely on anything.
    pub(crate) async fn begin_deleting<A: Act>(
        &self,
        started: &Started<A>,
        found: &Sweepable,
    ) -> Result<HashSet<BlobId>, ArtifactError> {
        effects::begin_collecting(started, &self.store, self.id, self.now()).await?;
        if found.bundles.is_empty() {
            return Ok(HashSet::new());
        }
        let mut needed = effects::announced(started, &self.store, self.now().minus(SILENCE)).await?;
        let own = self.db.read(|tx| store::list(tx.sql(), None)).await?;
        let own: HashSet<(String, BlobId)> =
            own.iter().map(|one| (effects::object_text(&one.key, one.number), one.manifest)).collect();
        for (name, entry) in effects::all_names(&self.store).await? {
            let misnamed = || ArtifactError::Misnamed { name: name.clone() };
            let manifest = blob_id(&entry.manifest).ok_or_else(misnamed)?;
            if own.contains(&(name, manifest)) {
                continue;
            }
            needed.insert(manifest);
            match self.shelf().manifest(&manifest).await {
                Ok(read) => needed.extend(read.bundles.iter().map(|bundle| bundle.id)),
                // A name that leads nowhere needs nothing.
                Err(ArtifactError::Blob(BlobError::NotFound(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(needed)
    }

    /// Whatever was to be deleted is.
    pub(crate) async fn deleted<A: Act>(&self, started: &Started<A>) -> Result<(), ArtifactError> {
        effects::end_collecting(started, &self.store, self.id).await
    }
}

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstallationId({self})")
    }
}

impl FromStr for InstallationId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "an installation is named by 32 digits of base sixteen";
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong);
        }
        let mut id = [0; 16];
        for (at, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| wrong)?;
        }
        Ok(Self(id))
    }
}

impl TryFrom<String> for InstallationId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<InstallationId> for String {
    fn from(id: InstallationId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_named_by_its_digits() {
        let id = InstallationId::new([0xa5; 32]);
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "a5", &"g".repeat(32), &"é".repeat(16), &"+1".repeat(16)] {
            assert!(bad.parse::<InstallationId>().is_err(), "{bad:?}");
        }
    }
}
