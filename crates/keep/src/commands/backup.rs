use crate::edge::{Failure, Progress, Session, visible};
use clap::Args;
use keep_app::words::Verify;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep backup ~/keep-backup.db\n  keep backup ~/keep-backup.db --verify\n\nA backup holds the database. It never holds the keys beside it, nor what opens the vault."
)]
pub(crate) struct Backup {
    /// The file to write; it must not exist
    to: PathBuf,
    /// Read the backup back and check it page by page
    #[arg(long)]
    verify: bool,
}

impl Backup {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let verify = if self.verify { Verify::Yes } else { Verify::No };
        let mut progress = Progress::new(session, "copying pages");
        let report = session.with(async |app, caller| {
            Ok(app.backup(caller, self.to, verify, &mut |done, all| progress.set(done, all)).await?)
        })?;
        drop(progress);
        session.show(&report, |out| {
            let checked = if report.verified { ", checked" } else { "" };
            let path = visible(&report.path.display().to_string());
            writeln!(out, "{path}: {} KiB{checked}", report.size_bytes.div_ceil(1024))
        })
    }
}
