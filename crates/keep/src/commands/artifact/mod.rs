//! `keep artifact …`.

mod care;
mod copy;
mod look;
mod put;

use crate::edge::{Failure, Progress, Session};
use clap::{Args, Subcommand};
use keep_artifact::Watch;
use keep_types::Namespace;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact put model ./model.safetensors --tag step=1200\n  keep artifact ls\n  keep artifact log model\n  keep artifact get model@step=1200 --to ./restored.safetensors\n\nA version is named MODEL, MODEL@7, MODEL@best or MODEL@step=1200."
)]
pub(crate) struct Artifact {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Store a file or folder as the next version of an artifact
    Put(put::PutWords),
    /// Restore a version
    Get(put::Get),
    /// Write a file of a version, or one tensor of it, to the output
    Cat(put::Cat),
    /// List artifacts, or what is in one
    Ls(look::Ls),
    /// List the versions of an artifact
    Log(look::Log),
    /// Say what differs between two versions, and what that costs
    Diff(look::Diff),
    /// Mark a version, or take marks from it
    Tag(care::TagWords),
    /// Remove a version, or all of them
    Rm(care::Rm),
    /// Show what a plan would keep; with --apply remove the rest
    Keep(care::KeepWords),
    /// Show what nothing uses any more; with --apply delete it
    Gc(care::Gc),
    /// Say which installation tends the store, or tend it in its place
    Owner(care::Owner),
    /// Check that what is stored is what was stored; put it right
    Verify(care::Verify),
    /// Say what artifacts take, and what saved how much
    Du(look::Du),
    /// Copy a version to another store
    Push(copy::Push),
    /// Take a version over from another store
    Pull(copy::Pull),
    /// Copy to and from another store what either side lacks
    Sync(copy::Sync),
}

impl Artifact {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self.what {
            What::Put(command) => command.run(session),
            What::Get(command) => command.run(session),
            What::Cat(command) => command.run(session),
            What::Ls(command) => command.run(session),
            What::Log(command) => command.run(session),
            What::Diff(command) => command.run(session),
            What::Tag(command) => command.run(session),
            What::Rm(command) => command.run(session),
            What::Keep(command) => command.run(session),
            What::Gc(command) => command.run(session),
            What::Owner(command) => command.run(session),
            What::Verify(command) => command.run(session),
            What::Du(command) => command.run(session),
            What::Push(command) => command.run(session),
            What::Pull(command) => command.run(session),
            What::Sync(command) => command.run(session),
        }
    }
}

/// Where an artifact is looked for.
#[derive(Args, Clone, Default)]
struct Place {
    /// Where it belongs: global, project:NAME [default: where you are]
    #[arg(short, long)]
    namespace: Option<Namespace>,
}

/// A bar that moves from whichever thread does the work.
fn watch(session: &Session) -> Watch {
    let bar = Mutex::new(Progress::of_bytes(session));
    Arc::new(move |at| {
        bar.lock().unwrap_or_else(PoisonError::into_inner).bytes(at.doing, at.done, at.all, at.stored);
    })
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1024.0, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// How much less a thing takes, as a factor.
fn ratio(raw: u64, stored: u64) -> String {
    if stored == 0 { "–".into() } else { format!("{:.2}x", raw as f64 / stored as f64) }
}
