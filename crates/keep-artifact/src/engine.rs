//! The engine: what every operation on artifacts works with.

use crate::charge::InstallationId;
use crate::error::ArtifactError;
use crate::name::Reference;
use crate::shelf::Shelf;
use crate::store::{self, Found};
use keep_blob::{BlobId, BlobStore};
use keep_db::Db;
use keep_gate::Gate;
use keep_tensor::pipeline::Workers;
use keep_types::{Caller, Clock, Namespace, Reach, Timestamp};
use std::num::NonZeroUsize;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Threads that encode and decode at most. More only wait for the disk.
const MAX_WORKERS: usize = 16;

/// How far an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub doing: &'static str,
    /// Bytes that are done.
    pub done: u64,
    /// Bytes in all.
    pub all: u64,
    /// Bytes that had to be stored for it, where that is what happens.
    pub stored: Option<u64>,
}

/// Hears how far an operation is, from whichever thread it runs on.
pub type Watch = Arc<dyn Fn(Progress) + Send + Sync>;

/// For whoever does not care how far it is.
#[must_use]
pub fn unwatched() -> Watch {
    Arc::new(|_| {})
}

/// The artifacts of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Artifacts {
    pub(crate) store: BlobStore,
    pub(crate) db: Db,
    pub(crate) gate: Gate,
    pub(crate) id: InstallationId,
    clock: Arc<dyn Clock>,
}

impl Artifacts {
    /// The artifacts of this installation behind this store, whose acts pass this gate.
    #[must_use]
    pub fn new(store: BlobStore, db: Db, gate: Gate, clock: Arc<dyn Clock>, id: InstallationId) -> Self {
        Self { store, db, gate, id, clock }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The store as the blocking parts read it.
    pub(crate) fn shelf(&self) -> Shelf {
        self.shelf_of(&self.store)
    }

    /// Another store likewise.
    pub(crate) fn shelf_of(&self, store: &BlobStore) -> Shelf {
        Shelf { store: store.clone(), runtime: Handle::current() }
    }

    /// Runs computation where it holds nobody up.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(Shelf) -> T + Send + 'static,
    ) -> Result<T, ArtifactError> {
        let shelf = self.shelf();
        tokio::task::spawn_blocking(move || work(shelf)).await.map_err(|_| ArtifactError::Worker)
    }

    /// The version that is meant: in the namespace that was named, or the nearest that the caller sees.
    pub(crate) async fn find(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        reference: &Reference,
    ) -> Result<Found, ArtifactError> {
        let places = namespace.map_or_else(|| caller.home.visible(), |only| vec![only.clone()]);
        let places: Vec<_> = places.into_iter().filter(|place| caller.may_read(place)).collect();
        let (name, version) = (reference.name.clone(), reference.version.clone());
        self.db.read(move |tx| store::find_version(tx.sql(), &places, &name, &version)).await
    }

    /// The namespaces whose artifacts a caller is shown; none: all of them.
    pub(crate) fn seen_by(caller: &Caller, everywhere: bool) -> Option<Vec<Namespace>> {
        if everywhere && caller.reach == Reach::Everything {
            return None;
        }
        let mut places = caller.home.visible();
        if everywhere && let Reach::Only(allowed) = &caller.reach {
            places.extend(allowed.iter().flat_map(Namespace::visible));
        }
        places.sort();
        places.dedup();
        Some(places.into_iter().filter(|place| caller.may_read(place)).collect())
    }
}

/// As many threads as there are processors.
pub(crate) fn workers() -> Workers {
    let count = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_WORKERS);
    NonZeroUsize::new(count).filter(|count| count.get() > 1).map_or(Workers::Inline, Workers::Threads)
}

/// An id from hex text, as names in a store give it.
pub(crate) fn blob_id(text: &str) -> Option<BlobId> {
    text.parse().ok()
}
