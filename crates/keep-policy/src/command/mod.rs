//! Rules for commands: what a command line would run is judged part by part, and the strictest part
//! decides. What runs is worked out by `keep-shell`; who may run what stands here and in rule files.

mod decide;
mod pattern;
mod profile;
pub(crate) mod read;
mod rule;
mod suggest;

pub use decide::{CommandQuestion, CommandRuling, PartRuling};
pub use pattern::{HostPattern, PathPattern};
pub use profile::Profile;
pub use rule::CommandRule;
pub use suggest::{Unsuitable, suggest};
