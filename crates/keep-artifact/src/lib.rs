//! Artifacts: heavy files, stored small and checked whenever they are read.
//!
//! **Must not know:** surfaces; other engines; the environment, the home folder and the terminal.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod acts;
mod base;
mod charge;
mod compare;
mod copy;
mod effects;
mod engine;
mod error;
mod fence;
mod get;
mod look;
mod manifest;
mod name;
pub mod packing;
mod probes;
mod put;
mod repair;
mod scan;
mod schema;
mod shelf;
mod source;
mod store;
mod tend;
mod tidy;
mod verify;
mod weave;
mod window;

pub use charge::{Charge, InstallationId};
pub use compare::{Change, Difference, Moved};
pub use copy::{Copied, Synced};
pub use effects::Existing;
pub use engine::{Artifacts, Progress, Watch, unwatched};
pub use error::ArtifactError;
pub use fence::Fence;
pub use get::{Got, Wanted};
pub use look::{PartView, VersionView};
pub use manifest::{Shape, Sums, check_manifest};
pub use name::{Key, Reference, ReferenceError, Tag, Version};
pub use probes::probes;
pub use put::{Check, NewArtifact, Put};
pub use repair::Repaired;
pub use schema::SCHEMA;
pub use tend::{Collection, Fate, Plan, Retention, USUAL_GRACE};
pub use tidy::Tidied;
pub use verify::{Damage, Depth, Usage, Verified};
