//! Memory: what agents and people want to find again, and how it is found: by its words, by its meaning,
//! by what was said around it, by who said it and when. No language model and no network.
//!
//! Memories lie in the database, in one transaction with the record of whatever changes them ([`Memories`]);
//! how they are ranked is measured by `cargo xtask eval memory` ([`rank`]).
//!
//! **Must not know:** surfaces, other engines, the environment, the home folder and the terminal.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod acts;
pub mod alike;
pub mod care;
mod carry;
mod change;
mod checked;
pub mod context;
pub mod decay;
mod dupes;
mod engine;
mod error;
mod expire;
mod fade;
mod forget;
pub mod index;
mod limits;
mod links;
mod look;
pub mod model;
mod offline;
mod past;
pub mod picture;
pub mod portable;
mod probes;
pub mod rank;
mod recall;
mod reembed;
mod remember;
mod schema;
mod screen;
mod stats;
mod store;
mod take_in;
mod tally;
mod tend;

pub use carry::{Exported, Form};
pub use change::Edit;
pub use dupes::Dupes;
pub use engine::{Memories, Where};
pub use error::MemoryError;
pub use expire::any_expired;
pub use fade::{Decay, Faded};
pub use forget::Forgotten;
pub use limits::Limits;
pub use links::{Graph, LinkTerms};
pub use look::{History, Wanted};
pub use probes::probes;
pub use recall::{Asked, Leg, RELEVANT, Recall, Recalled};
pub use reembed::Reembedded;
pub use remember::Remembered;
pub use schema::SCHEMA;
pub use screen::OnSecret;
pub use stats::Stats;
pub use take_in::Imported;
pub use tend::Checkup;
