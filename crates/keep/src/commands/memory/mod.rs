//! `keep remember`, `keep recall` and `keep memory …`.

mod carry;
mod change;
mod forget;
mod link;
mod look;
mod recall;
mod remember;
mod tend;

pub(crate) use recall::RecallWords;
pub(crate) use remember::Remember;

use crate::edge::{Failure, Session};
use clap::{Args, Subcommand};
use keep_memory::Where;
use keep_types::{Id, MemoryKind, Namespace};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep remember \"we chose Postgres because of its JSON\" --kind decision --tag db\n  keep memory ls --kind decision\n  keep memory show 01kar3m7\n  keep memory forget 01kar3m7\n\nA memory is named by its id, or by enough of its first characters."
)]
pub(crate) struct Memory {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List memories, the newest first
    Ls(look::Ls),
    /// Show a memory with all that is known of it
    Show(look::Show),
    /// Show how a memory read before its edits
    History(look::HistoryWords),
    /// Change a memory; how it read before stays readable
    Edit(change::EditWords),
    /// Put a new memory in another's place
    Supersede(change::Supersede),
    /// Link a memory to another
    Link(link::LinkWords),
    /// Take a link away
    Unlink(link::Unlink),
    /// Show what lies around a memory
    Graph(link::GraphWords),
    /// Keep a memory from decaying and from being proposed for removal
    #[command(after_help = "EXAMPLES:\n  keep memory pin 01kar3m7")]
    Pin(change::One),
    /// Take a pin away
    #[command(after_help = "EXAMPLES:\n  keep memory unpin 01kar3m7")]
    Unpin(change::One),
    /// Set when a memory ends, or remove what has expired
    Expire(change::Expire),
    /// Keep a memory from being recalled until a person releases it
    Quarantine(change::Quarantine),
    /// List what waits in quarantine for a person
    Quarantined(look::Quarantined),
    /// Let a quarantined memory be recalled
    #[command(after_help = "EXAMPLES:\n  keep memory release 01kar3m7")]
    Release(change::One),
    /// Count memories by kind and trust
    Stats(look::StatsWords),
    /// Put the memories that serve a task best into a prompt
    Context(carry::ContextWords),
    /// Write memories out to a file
    Export(carry::Export),
    /// Take memories in from files
    Import(carry::Import),
    /// Say what is worth least by now, and have recall count it so
    Decay(tend::DecayWords),
    /// Find memories that say the same, and propose what to do
    Dupes(carry::DupesWords),
    /// Embed anew what another embedder embedded
    Reembed(tend::Reembed),
    /// Check the index, and make what is damaged again
    Check(carry::Check),
    /// Remove memories for good, with everything that follows from them
    Forget(forget::Forget),
}

impl Memory {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self.what {
            What::Ls(command) => command.run(session),
            What::Show(command) => command.run(session),
            What::History(command) => command.run(session),
            What::Edit(command) => command.run(session),
            What::Supersede(command) => command.run(session),
            What::Link(command) => command.run(session),
            What::Unlink(command) => command.run(session),
            What::Graph(command) => command.run(session),
            What::Pin(command) => command.pin(session, true),
            What::Unpin(command) => command.pin(session, false),
            What::Expire(command) => command.run(session),
            What::Quarantine(command) => command.run(session),
            What::Quarantined(command) => command.run(session),
            What::Release(command) => command.release(session),
            What::Stats(command) => command.run(session),
            What::Context(command) => command.run(session),
            What::Export(command) => command.run(session),
            What::Import(command) => command.run(session),
            What::Decay(command) => command.run(session),
            What::Dupes(command) => command.run(session),
            What::Reembed(command) => command.run(session),
            What::Check(command) => command.run(session),
            What::Forget(command) => command.run(session),
        }
    }
}

/// Where memories are looked for.
#[derive(Args, Clone, Default)]
struct Place {
    /// Only here: global, project:NAME, session:PROJECT/ID [default: where you are, and above]
    #[arg(short, long)]
    namespace: Option<Namespace>,
    /// In every namespace, not only those seen from here
    #[arg(short, long, conflicts_with = "namespace")]
    all: bool,
}

impl From<Place> for Where {
    fn from(place: Place) -> Self {
        match place {
            Place { all: true, .. } => Self::Everywhere,
            Place { namespace: Some(only), .. } => Self::Only(only),
            Place { namespace: None, .. } => Self::Here,
        }
    }
}

/// As much of an id as tells it from others, in all likelihood: the time, and twenty random bits.
const SHORT: usize = 14;

/// An id short enough for a line, and long enough to be typed back.
fn short(id: Id<MemoryKind>) -> String {
    let id = id.to_string();
    id.trim_start_matches("mem_").chars().take(SHORT).collect()
}

/// The day of a moment.
fn day(moment: keep_types::Timestamp) -> String {
    moment.to_string().chars().take(10).collect()
}
