//! What several installations that share a store tell each other there: who tends it, and what is on its
//! way into it.

use crate::charge::InstallationId;
use crate::error::ArtifactError;
use bytes::Bytes;
use keep_blob::{BlobError, BlobId, BlobStore, ObjectName, Precondition, Tag};
use keep_gate::Started;
use keep_ledger::owner;
use keep_types::{Act, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Where it stands who tends the store.
const MARK: &str = "artifact/tended-by";
/// Below which name pushes that are under way stand.
const PUSHES: &str = "artifact/push";
/// Somebody who changes the mark this often in between is not to be outwaited.
const ATTEMPTS: usize = 8;

/// Who tends a store: only that installation puts into it, removes from it and collects in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) format: u32,
    pub(crate) installation: InstallationId,
    pub(crate) since: Timestamp,
    /// Who deletes what nothing uses, while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) collecting: Option<Collecting>,
}

/// A collection under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Collecting {
    /// The process, as its own installation knows it.
    pub(crate) by: String,
    pub(crate) since: Timestamp,
}

impl Mark {
    fn of(installation: InstallationId, since: Timestamp) -> Self {
        Self { format: 1, installation, since, collecting: None }
    }

    /// Whether somebody deletes right now, as far as that can be told: a process of one's own installation
    /// that is gone does not.
    fn is_collecting(&self, me: InstallationId) -> bool {
        self.collecting.as_ref().is_some_and(|one| self.installation != me || owner::lives(&one.by))
    }
}

fn name(text: &str) -> Result<ObjectName, ArtifactError> {
    Ok(text.parse()?)
}

fn other(store: &BlobStore, mark: &Mark) -> ArtifactError {
    ArtifactError::OtherOwner {
        url: store.url().to_string(),
        installation: mark.installation,
        since: mark.since,
    }
}

/// Who tends a store, if anybody does.
pub(crate) async fn tended_by(store: &BlobStore) -> Result<Option<Mark>, ArtifactError> {
    Ok(read(store).await?.map(|(mark, _)| mark))
}

async fn read(store: &BlobStore) -> Result<Option<(Mark, Tag)>, ArtifactError> {
    match store.get_named(&name(MARK)?).await {
        Ok(named) => {
            let wrong = |_| ArtifactError::Misnamed { name: MARK.to_owned() };
            let mark: Mark = serde_json::from_slice(&named.bytes).map_err(wrong)?;
            match mark.format {
                1 => Ok(Some((mark, named.tag))),
                newer => Err(ArtifactError::ManifestVersion(u64::from(newer))),
            }
        }
        Err(BlobError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Changes the mark from what it is to what it should be, if it should be another. Of several who do so at
/// once each sees what the one before it left; and one whose answer was lost finds its own work done.
async fn change(
    store: &BlobStore,
    to: impl Fn(Option<&Mark>) -> Result<Option<Mark>, ArtifactError>,
) -> Result<(), ArtifactError> {
    for _ in 0..ATTEMPTS {
        let seen = read(store).await?;
        let Some(next) = to(seen.as_ref().map(|(mark, _)| mark))? else { return Ok(()) };
        let bytes = serde_json::to_vec(&next).map_err(|_| ArtifactError::Manifest("the store's mark"))?;
        let only_if = seen.map_or(Precondition::Absent, |(_, tag)| Precondition::Matches(tag));
        match store.put_named(&name(MARK)?, bytes.into(), only_if).await {
            Ok(_) => return Ok(()),
            Err(BlobError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(BlobError::Conflict { name: MARK.to_owned() }.into())
}

/// Becomes the one who tends a store that nobody tends; fine when it is this installation already.
pub(crate) async fn claim<A: Act>(
    _: &Started<A>,
    store: &BlobStore,
    me: InstallationId,
    now: Timestamp,
) -> Result<(), ArtifactError> {
    change(store, |seen| match seen {
        None => Ok(Some(Mark::of(me, now))),
        Some(mark) if mark.installation == me => Ok(None),
        Some(mark) => Err(other(store, mark)),
    })
    .await
}

/// Becomes the one who tends a store in another's place. Of two who try at once the second is told of the
/// first.
pub(crate) async fn take_over<A: Act>(
    _: &Started<A>,
    store: &BlobStore,
    (from, me): (Option<InstallationId>, InstallationId),
    (now, stale): (Timestamp, Timestamp),
) -> Result<(), ArtifactError> {
    change(store, |seen| match seen {
        None => Ok(Some(Mark::of(me, now))),
        Some(mark) if mark.installation == me => Ok(None),
        Some(mark) if Some(mark.installation) != from => Err(other(store, mark)),
        Some(mark) if mark.collecting.as_ref().is_some_and(|one| one.since >= stale) => {
            Err(ArtifactError::BeingCollected { url: store.url().to_string() })
        }
        Some(_) => Ok(Some(Mark::of(me, now))),
    })
    .await
}

/// Says in the store that things are about to be deleted there: whoever sees it pushes nothing.
pub(crate) async fn begin_collecting<A: Act>(
    _: &Started<A>,
    store: &BlobStore,
    me: InstallationId,
    now: Timestamp,
) -> Result<(), ArtifactError> {
    let by = owner::own();
    change(store, |seen| match seen {
        Some(mark) if mark.installation != me => Err(other(store, mark)),
        Some(mark) if mark.collecting.as_ref().is_some_and(|one| one.by == by) => Ok(None),
        Some(mark) if mark.is_collecting(me) => {
            Err(ArtifactError::BeingCollected { url: store.url().to_string() })
        }
        seen => {
            let mark = seen.cloned().unwrap_or_else(|| Mark::of(me, now));
            Ok(Some(Mark { collecting: Some(Collecting { by: by.clone(), since: now }), ..mark }))
        }
    })
    .await
}

/// Says that it is over.
pub(crate) async fn end_collecting<A: Act>(
    _: &Started<A>,
    store: &BlobStore,
    me: InstallationId,
) -> Result<(), ArtifactError> {
    change(store, |seen| match seen {
        Some(mark) if mark.installation != me => Err(other(store, mark)),
        Some(mark) if mark.collecting.is_some() => Ok(Some(Mark { collecting: None, ..mark.clone() })),
        _ => Ok(None),
    })
    .await
}

/// What a push will need in a store, written there before it looks what is there already.
#[derive(Serialize, Deserialize)]
struct Announcement {
    format: u32,
    blobs: Vec<String>,
}

/// A push under way.
pub(crate) struct Announced {
    name: ObjectName,
}

/// Says in a store what is about to be relied on there, so that a collection leaves it. Either this sees
/// the collection and gives up, or the collection sees this.
pub(crate) async fn announce<A: Act>(
    started: &Started<A>,
    store: &BlobStore,
    me: InstallationId,
    blobs: impl Iterator<Item = BlobId>,
) -> Result<Announced, ArtifactError> {
    let mut draw = [0; 16];
    getrandom::fill(&mut draw).map_err(|_| ArtifactError::Random)?;
    let text: String = draw.iter().map(|byte| format!("{byte:02x}")).collect();
    let announced = Announced { name: name(&format!("{PUSHES}/{text}"))? };
    let said = Announcement { format: 1, blobs: blobs.map(|id| id.to_string()).collect() };
    let bytes = serde_json::to_vec(&said).map_err(|_| ArtifactError::Manifest("an announcement"))?;
    store.put_named(&announced.name, Bytes::from(bytes), Precondition::Absent).await?;
    if tended_by(store).await?.is_some_and(|mark| mark.is_collecting(me)) {
        retract(started, store, announced).await?;
        return Err(ArtifactError::BeingCollected { url: store.url().to_string() });
    }
    Ok(announced)
}

/// Whether an announcement still stands: one that took so long that it was taken for dead protects nothing
/// any more.
pub(crate) async fn still_announced(store: &BlobStore, announced: &Announced) -> Result<bool, ArtifactError> {
    match store.get_named(&announced.name).await {
        Ok(_) => Ok(true),
        Err(BlobError::NotFound(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Takes an announcement back: the push is over, one way or the other.
pub(crate) async fn retract<A: Act>(
    _: &Started<A>,
    store: &BlobStore,
    announced: Announced,
) -> Result<(), ArtifactError> {
    Ok(store.delete_named(&announced.name).await?)
}

/// What pushes that are under way need. Announcements from before the moment are of pushes that died, and
/// are taken away.
pub(crate) async fn announced<A: Act>(
    _: &Started<A>,
    store: &BlobStore,
    before: Timestamp,
) -> Result<HashSet<BlobId>, ArtifactError> {
    let folder = name(PUSHES)?;
    let (mut pages, mut needed) = (store.list_named(Some(&folder)), HashSet::new());
    while let Some(page) = pages.next().await? {
        for entry in page {
            if entry.modified < before {
                store.delete_named(&entry.name).await?;
                continue;
            }
            let said = match store.get_named(&entry.name).await {
                Ok(named) => named,
                // It ended since it was listed.
                Err(BlobError::NotFound(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let wrong = |_| ArtifactError::Misnamed { name: entry.name.to_string() };
            let said: Announcement = serde_json::from_slice(&said.bytes).map_err(wrong)?;
            needed.extend(said.blobs.iter().filter_map(|id| id.parse::<BlobId>().ok()));
        }
    }
    Ok(needed)
}
