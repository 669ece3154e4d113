//! A run whose changes wait: it sees a folder as it is and writes into a layer above it.
//!
//! The layer is an overlay mount (see [`OverlayMount`]) in the run's own mount namespace. After the run its
//! upper folder is read here, as data of a stranger: through handles, without following a link, whatever the
//! names. The [`Changes`] are shown, and then committed to the folder or discarded. A commit checks that
//! nothing it replaces has changed meanwhile, keeps what it replaces until all is done, and can be continued
//! or undone from its journal when it was cut short.

mod baseline;
mod changes;
mod commit;
mod diff;
mod discard;
mod error;
mod fresh;
mod journal;
mod mount;
mod node;
mod path;
mod root;
mod stage;
mod step;

pub use changes::{Change, Changes, What};
pub use commit::{Committed, Judgement, Pending, Progress};
pub use diff::{Diff, DiffLimits};
pub use error::LayerError;
pub use fresh::Layer;
pub(crate) use fresh::Lock;
pub use mount::OverlayMount;
pub use node::{Kind, Node};
pub use path::RelPath;
pub(crate) use root::{Root, names, remove_all, set_mode};
