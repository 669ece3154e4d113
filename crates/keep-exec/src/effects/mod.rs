//! What a run does to the world: it is started, listened to and ended here, and nowhere else.

mod caches;
mod egress;
mod guarded;
mod live;
mod plan;
mod processes;
mod pump;
mod settings;
mod slot;
mod spool;
mod tries;

pub(crate) use caches::{forget, sizes, tidy};
pub(crate) use live::{During, Over, live};
pub(crate) use plan::{Cell, plan};
pub use processes::{Process, Processes};
pub(crate) use pump::Cleaning;
pub(crate) use settings::take_over;
pub(crate) use slot::{Waiting, slot};
pub use spool::Heard;
pub(crate) use spool::{Spool, cancel, hear, processes};
pub(crate) use tries::{commit, discard, lay, read};
