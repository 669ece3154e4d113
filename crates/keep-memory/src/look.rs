//! Looking at memories one by one and in lists.

use crate::acts;
use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::model::{Handle, Kind, Memory};
use crate::store::{self, ListFilter, Space, Stored};
use keep_types::{Caller, Namespace, Timestamp, Trust};
use rusqlite::Connection;
use serde::Serialize;

/// What a list shows.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Where to look.
    pub place: Where,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only with at least this trust.
    pub least_trust: Option<Trust>,
    /// Only what was said from this moment on.
    pub since: Option<Timestamp>,
    /// Only what was said before this moment.
    pub until: Option<Timestamp>,
    /// Only what is quarantined; it is in no other list.
    pub quarantined: bool,
    /// What is retired, too.
    pub retired: bool,
    /// Only what is pinned.
    pub pinned: bool,
    /// So many at most.
    pub most: usize,
}

/// A memory with how it read before.
#[derive(Clone, Debug, Serialize)]
pub struct History {
    /// As it is.
    pub now: Memory,
    /// As it was, the newest first.
    pub before: Vec<Memory>,
}

impl Memories {
    /// The newest memories that fit.
    ///
    /// # Errors
    /// When the gate refuses or the database cannot be read.
    pub async fn list(&self, caller: &Caller, wanted: &Wanted) -> Result<Vec<Memory>, MemoryError> {
        self.may_read(caller, &wanted.place).await?;
        let (looked, now) = (places(caller, &wanted.place), self.now());
        let filter = ListFilter {
            kind: wanted.kind.clone(),
            tag: wanted.tag.as_deref().map(str::to_lowercase),
            least_trust: wanted.least_trust,
            since: wanted.since,
            until: wanted.until,
            quarantined: wanted.quarantined,
            retired: wanted.retired,
            pinned: wanted.pinned,
            most: wanted.most,
        };
        self.db
            .read(move |tx| {
                let spaces = spaces_of(tx.sql(), looked.as_deref())?;
                let found = store::list(tx.sql(), &spaces, &filter, now)?;
                Ok(found.into_iter().map(|one| one.memory).collect())
            })
            .await
    }

    /// One memory. What is quarantined is shown, since it must be looked at to be released.
    ///
    /// # Errors
    /// When the gate refuses, or there is no such memory where the caller sees.
    pub async fn get(&self, caller: &Caller, place: &Where, handle: &Handle) -> Result<Memory, MemoryError> {
        self.may_read(caller, place).await?;
        Ok(self.find(caller, place, handle).await?.memory)
    }

    /// One memory with how it read before each of its edits.
    ///
    /// # Errors
    /// As for [`Memories::get`].
    pub async fn history(
        &self,
        caller: &Caller,
        place: &Where,
        handle: &Handle,
    ) -> Result<History, MemoryError> {
        self.may_read(caller, place).await?;
        let found = self.find(caller, place, handle).await?;
        let before = self.db.read(move |tx| store::versions(tx.sql(), found.seq)).await?;
        Ok(History { now: found.memory, before })
    }

    /// Asks the gate whether the caller may look there.
    pub(crate) async fn may_read(&self, caller: &Caller, place: &Where) -> Result<(), MemoryError> {
        let asked: Namespace = match place {
            Where::Only(place) => place.clone(),
            Where::Here | Where::Everywhere => caller.home.clone(),
        };
        let permit = self.gate.admit(caller, acts::read((), &asked)).await?;
        self.settle(&permit).await?;
        permit.observe().await?;
        Ok(())
    }

    /// The one memory that is meant, where the caller looks.
    pub(crate) async fn find(
        &self,
        caller: &Caller,
        place: &Where,
        handle: &Handle,
    ) -> Result<Stored, MemoryError> {
        let (looked, handle, now) = (places(caller, place), handle.clone(), self.now());
        self.db
            .read(move |tx| {
                let spaces = spaces_of(tx.sql(), looked.as_deref())?;
                store::by_handle(tx.sql(), &spaces, &handle, now)
            })
            .await
    }
}

/// The spaces that are looked at: those of these namespaces, or all.
pub(crate) fn spaces_of(sql: &Connection, looked: Option<&[Namespace]>) -> Result<Vec<Space>, MemoryError> {
    match looked {
        Some(places) => store::spaces(sql, places),
        None => store::all_spaces(sql),
    }
}
