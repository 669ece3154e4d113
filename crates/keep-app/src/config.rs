//! Typed configuration in layers: flags over environment over project over user over system over the
//! defaults. Nothing here reads the environment: who calls hands in a [`Surroundings`].
//!
//! No environment file (`.env`, `.envrc` and the like) is ever read, so no repository can move Keep's
//! home or any setting by one. What a launcher puts into a program's environment reaches us all the
//! same; therefore the environment and the flags of a program that acts for itself only narrow what
//! guards something ([`Standing::Program`]).

mod document;
mod edit;
mod error;
mod keys;
mod layers;
mod probe;
mod schema;
mod surroundings;
mod value;

pub use document::{Document, Reader, read};
pub use edit::{Edit, check_text, set, unset};
pub use error::ConfigError;
pub use keys::{KEYS, Key, Narrower, ProjectRule, find};
pub use layers::{Change, Effective, Notice, Origin, Row, Values, load, load_changed};
pub use probe::probes;
pub use schema::schema;
pub use surroundings::{ProjectSettings, Standing, Surroundings, Trusted};
pub use value::{Choice, Kind, NoticeBy, SECRET_PREFIX, Value};

#[cfg(test)]
mod tests;
