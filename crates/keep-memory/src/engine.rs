//! The engine: what every operation on memories works with.

use crate::error::MemoryError;
use crate::index::{Cache, Keep};
use crate::limits::Limits;
use crate::store;
use crate::tally::Tally;
use keep_db::Db;
use keep_embed::Embedder;
use keep_gate::{Gate, Permit};
use keep_types::{
    Act, Caller, Channel, Clock, Id, MemoryKind, Namespace, PrincipalKind, Reach, Timestamp, Trust,
};
use std::sync::Arc;

/// The memories of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Memories {
    pub(crate) db: Db,
    pub(crate) gate: Gate,
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) limits: Limits,
    pub(crate) cache: Arc<Cache>,
    tally: Arc<Tally>,
    clock: Arc<dyn Clock>,
}

/// Which namespaces an operation looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Where {
    /// Where the caller is, and what is seen from there.
    #[default]
    Here,
    /// One namespace alone.
    Only(Namespace),
    /// Every namespace that the caller may read.
    Everywhere,
}

impl Memories {
    /// The memories in this database, whose acts pass this gate.
    #[must_use]
    pub fn new(
        db: Db,
        gate: Gate,
        clock: Arc<dyn Clock>,
        embedder: Arc<dyn Embedder>,
        limits: Limits,
        keep: Keep,
    ) -> Self {
        Self { db, gate, embedder, limits, cache: Arc::new(Cache::new(keep)), tally: Arc::default(), clock }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn monotonic_ns(&self) -> u64 {
        self.clock.monotonic_ns()
    }

    pub(crate) fn new_id(&self) -> Result<Id<MemoryKind>, MemoryError> {
        let mut random = [0; 10];
        getrandom::fill(&mut random).map_err(|_| MemoryError::Random)?;
        Ok(Id::from_parts(self.now(), random))
    }

    /// Counts a recall of these memories. Nothing waits for it: a count that is lost harms nobody.
    pub(crate) fn count<A: Act>(&self, permit: &Permit<A>, seqs: &[i64]) {
        let recalls = self.tally.add(seqs, self.now());
        if !recalls.is_empty() {
            drop(store::count_recalls(permit, &self.db, recalls));
        }
    }

    /// Writes the counts that wait, for whoever is about to look at them.
    pub(crate) async fn settle<A: Act>(&self, permit: &Permit<A>) -> Result<(), MemoryError> {
        let recalls = self.tally.take();
        if recalls.is_empty() {
            return Ok(());
        }
        store::count_recalls(permit, &self.db, recalls).await
    }

    /// Runs computation where it holds nobody up.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Embedder) -> T + Send + 'static,
    ) -> Result<T, MemoryError> {
        let embedder = Arc::clone(&self.embedder);
        tokio::task::spawn_blocking(move || work(embedder.as_ref())).await.map_err(|_| MemoryError::Worker)
    }
}

/// The namespaces that are looked at, the nearest first; none stands for all that there are.
pub(crate) fn places(caller: &Caller, wanted: &Where) -> Option<Vec<Namespace>> {
    let mut found = match wanted {
        Where::Here => caller.home.visible(),
        Where::Only(place) => vec![place.clone()],
        Where::Everywhere => match &caller.reach {
            Reach::Everything => return None,
            Reach::Only(allowed) => allowed.iter().flat_map(Namespace::visible).collect(),
        },
    };
    let mut seen = Vec::new();
    found.retain(|place| {
        let fresh = caller.may_read(place) && !seen.contains(place);
        seen.push(place.clone());
        fresh
    });
    Some(found)
}

/// How far what this caller says may be believed. Only a person at their own terminal is believed as a
/// person: whoever else speaks in a person's name came by another way.
pub(crate) fn trust_of(caller: &Caller) -> Trust {
    match (caller.principal.kind(), caller.channel) {
        (PrincipalKind::User, Channel::Terminal) => Trust::User,
        _ => Trust::Agent,
    }
}
