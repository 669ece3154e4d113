//! `keep unpack …`

use super::pack::{Jobs, existing};
use crate::edge::{Failure, Flow, Session, counted, size, visible};
use clap::Args;
use keep_artifact::packing::{Signer, UnpackWanted};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep unpack model.safetensors.keep\n  keep unpack step3.keep --base step2.keep --base step1.keep\n  keep unpack run.keep -o restored/ --require-signer ed25519:…\n\nNothing is overwritten without --force, no mode becomes wider, no link is followed, and what fails leaves nothing behind. What is killed while it replaces files in a folder is undone by the next run into that folder."
)]
pub(crate) struct Unpack {
    /// The pack
    pack: PathBuf,
    /// The file, or the new or empty folder, to make [default: its own name, here]
    #[arg(short, long, value_name = "OUT")]
    out: Option<PathBuf>,
    /// The base that it needs; again for what that is itself a difference to
    #[arg(long, value_name = "PACK|FILE")]
    base: Vec<PathBuf>,
    /// Refuse it unless this key signed it
    #[arg(long, value_name = "KEY")]
    require_signer: Option<Signer>,
    #[command(flatten)]
    jobs: Jobs,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

impl Unpack {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let wanted = UnpackWanted {
            pack: self.pack,
            out: self.out,
            bases: self.base,
            existing: existing(self.force),
            signer: self.require_signer,
            jobs: self.jobs.count(),
        };
        let flow = Flow::begin(session, "unpacking")?;
        let report = session
            .with(async |app, caller| Ok(app.packing().unpack(caller, wanted, flow.watch()).await?))?;
        drop(flow);
        session.show(&report, |out| {
            let path = visible(&report.path.display().to_string());
            writeln!(out, "{path}: {}, {}", counted(report.files, "file"), size(report.raw_bytes))
        })
    }
}
