use crate::error::DbError;
use rusqlite::Connection;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// State that many jobs of one group share and that is written once before their commit, such as the
/// frontier of a Merkle tree. It is read afresh in every group, since other processes write too.
pub trait GroupState: Clone + Send + 'static {
    /// Reads the state at its first use in a group.
    ///
    /// # Errors
    /// When it cannot be read.
    fn load(sql: &Connection) -> Result<Self, DbError>;

    /// Writes the state before the group's commit.
    ///
    /// # Errors
    /// When it cannot be written; the whole group then fails.
    fn flush(&mut self, sql: &Connection) -> Result<(), DbError>;
}

/// A [`GroupState`] whose type is forgotten.
trait Held: Any + Send {
    fn copy(&self) -> Box<dyn Held>;
    fn flush(&mut self, sql: &Connection) -> Result<(), DbError>;
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<S: GroupState> Held for S {
    fn copy(&self) -> Box<dyn Held> {
        Box::new(self.clone())
    }
    fn flush(&mut self, sql: &Connection) -> Result<(), DbError> {
        GroupState::flush(self, sql)
    }
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// The states of one group, and how they were before the running job.
#[derive(Default)]
pub(crate) struct States {
    now: HashMap<TypeId, Box<dyn Held>>,
    before_job: HashMap<TypeId, Option<Box<dyn Held>>>,
}

impl States {
    pub(crate) fn get<S: GroupState>(&mut self, sql: &Connection) -> Result<&mut S, DbError> {
        let key = TypeId::of::<S>();
        if !self.before_job.contains_key(&key) {
            self.before_job.insert(key, self.now.get(&key).map(|held| (**held).copy()));
        }
        let held = match self.now.entry(key) {
            Entry::Occupied(held) => held.into_mut(),
            Entry::Vacant(place) => place.insert(Box::new(S::load(sql)?)),
        };
        Ok((**held).as_any().downcast_mut().expect("the key is the type's own id"))
    }

    /// The running job is over and its changes stay.
    pub(crate) fn keep(&mut self) {
        self.before_job.clear();
    }

    /// The running job failed: everything is as it was before it.
    pub(crate) fn put_back(&mut self) {
        for (key, before) in self.before_job.drain() {
            match before {
                Some(held) => self.now.insert(key, held),
                None => self.now.remove(&key),
            };
        }
    }

    pub(crate) fn flush(&mut self, sql: &Connection) -> Result<(), DbError> {
        self.now.values_mut().try_for_each(|held| held.flush(sql))
    }
}
