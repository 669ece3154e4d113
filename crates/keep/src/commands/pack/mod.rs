//! `keep pack …`

mod look;
mod sign;

use crate::edge::{Failure, Flow, Session, size, visible};
use clap::{Args, Subcommand};
use keep_artifact::packing::{Existing, PackReport, PackWanted};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    subcommand_negates_reqs = true,
    override_usage = "keep pack [OPTIONS] <FILE|DIR>\n       keep pack ls|verify|cat|sign|key ...",
    after_help = "EXAMPLES:\n  keep pack model.safetensors\n  keep pack step2/ --base step1.keep -o step2.keep\n  keep pack ls step2.keep --tensors\n  keep pack cat step2.keep lm_head.weight -o head.bin\n  keep pack key ~/pack.key && keep pack model.pt --sign ~/pack.key\n\nA file that is called like a subcommand is packed as ./ls. Links are stored as links; one that leads out of its folder is refused. Nobody can read a pack who could not read every file in it."
)]
pub(crate) struct Pack {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    make: Make,
}

#[derive(Subcommand)]
enum What {
    /// Show what a pack holds, who signed it and which base it needs
    #[command(after_help = "EXAMPLES:\n  keep pack ls step2.keep --tensors")]
    Ls(look::Ls),
    /// Check a pack: its index, its signature and every stored byte
    #[command(after_help = "EXAMPLES:\n  keep pack verify step2.keep --restore --base step1.keep")]
    Verify(look::Verify),
    /// Write the elements of one tensor, reading no other
    #[command(
        after_help = "EXAMPLES:\n  keep pack cat step2.keep lm_head.weight --base step1.keep -o head.bin"
    )]
    Cat(look::Cat),
    /// Sign a pack in place
    #[command(after_help = "EXAMPLES:\n  keep pack sign step1.keep --key ~/pack.key")]
    Sign(sign::Sign),
    /// Make a key that signs packs
    #[command(after_help = "EXAMPLES:\n  keep pack key ~/pack.key")]
    Key(sign::Key),
}

#[derive(Args)]
struct Make {
    /// What to pack
    #[arg(required = true, value_name = "FILE|DIR")]
    source: Option<PathBuf>,
    /// Store what differs from this pack or plain file; again for what that is itself a difference to
    #[arg(long, value_name = "PACK|FILE")]
    base: Vec<PathBuf>,
    /// Where the pack goes [default: its name with .keep, beside it]
    #[arg(short, long, value_name = "OUT")]
    out: Option<PathBuf>,
    /// Sign it with the key in this file
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,
    #[command(flatten)]
    jobs: Jobs,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

/// How much of the machine is used.
#[derive(Args, Clone, Copy)]
pub(super) struct Jobs {
    /// How many threads work [default: one per core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

impl Jobs {
    pub(super) fn count(self) -> NonZeroUsize {
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.jobs.unwrap_or_else(cores)
    }
}

pub(super) fn existing(force: bool) -> Existing {
    if force { Existing::Replace } else { Existing::Keep }
}

impl Pack {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let Some(what) = self.what else { return self.make.run(session) };
        if self.make.is_given() {
            return Err(Failure::usage(
                "words for making a pack stand before a subcommand",
                "write the subcommand first; a file of its name is packed as ./NAME",
            ));
        }
        match what {
            What::Ls(command) => command.run(session),
            What::Verify(command) => command.run(session),
            What::Cat(command) => command.run(session),
            What::Sign(command) => command.run(session),
            What::Key(command) => command.run(session),
        }
    }
}

impl Make {
    fn is_given(&self) -> bool {
        self.source.is_some()
            || !self.base.is_empty()
            || self.out.is_some()
            || self.sign.is_some()
            || self.jobs.jobs.is_some()
            || self.force
    }

    fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let source = self.source.ok_or_else(|| {
            Failure::usage("what to pack is missing", "name a file or a folder; see `keep pack --help`")
        })?;
        let wanted = PackWanted {
            source,
            out: self.out,
            bases: self.base,
            existing: existing(self.force),
            key: self.sign,
            jobs: self.jobs.count(),
        };
        let flow = Flow::begin(session, "packing")?;
        let report =
            session.with(async |app, caller| Ok(app.packing().pack(caller, wanted, flow.watch()).await?))?;
        drop(flow);
        show(session, &report)
    }
}

fn show(session: &Session, report: &PackReport) -> Result<ExitCode, Failure> {
    for note in &report.notes {
        session.say(&format!("{}: {}", note.path, note.note));
    }
    session.show(report, |out| {
        let ratio = report.raw_bytes as f64 / report.stored_bytes.max(1) as f64;
        writeln!(out, "{}", visible(&report.path.display().to_string()))?;
        writeln!(out, "  {} → {}, {ratio:.2}x", size(report.raw_bytes), size(report.stored_bytes))?;
        if let Some(base) = report.base {
            let (some, all) = (report.differences, report.chunks);
            session.hang(out, "  base   ", 9, &format!("{base}, {some} of {all} pieces are differences"))?;
        }
        if let Some(signer) = report.signer {
            session.hang(out, "  signer ", 9, &signer.to_string())?;
        }
        session.hang(out, "  root   ", 9, &report.root.to_string())
    })
}
