//! The container tier's outer half: an engine on this machine, asked through its socket.
//!
//! An engine is trusted to make a container; what it made is looked at from inside before the command runs:
//! every granted, protected and covered path by what lies there and how it is mounted, and who the first
//! process is. So neither an engine that reads a request differently nor a link that somebody put in a
//! folder's place goes unseen.

mod binds;
mod connection;
mod image;
mod note;
mod run;
mod settings;
mod user;

pub(crate) use binds::{Reach, links_cannot_be_held};
pub(crate) use connection::Connection;
pub(crate) use note::sweep;
pub(crate) use run::{Container, Job, Net, start};
pub(crate) use settings::unpinned;
pub use settings::{Engine, Root};
pub(crate) use user::of as user_of;
