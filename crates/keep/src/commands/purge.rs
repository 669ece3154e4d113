use crate::edge::{Failure, Session, visible};
use clap::Args;
use keep_types::Duration;
use serde_json::json;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep purge                     erase details older than ledger.detail_retention\n  keep purge --older-than 90d\n  keep purge --all               remove this installation"
)]
pub(crate) struct Purge {
    /// Erase details older than this instead of the configured retention
    #[arg(long, value_name = "SPAN")]
    older_than: Option<Duration>,
    /// Remove the whole installation: database, ledger, keys, backups, settings
    #[arg(long, conflicts_with = "older_than")]
    all: bool,
}

impl Purge {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        if self.all {
            let report = session.with_owned(async |app, caller| app.purge(caller).await)?;
            return session.show(&report, |out| {
                for path in &report.removed {
                    writeln!(out, "removed {}", visible(&path.display().to_string()))?;
                }
                for path in &report.left {
                    let path = visible(&path.display().to_string());
                    writeln!(out, "left {path}: something else lies in it")?;
                }
                Ok(())
            });
        }
        let erased =
            session.with(async |app, caller| Ok(app.erase_old_details(caller, self.older_than).await?))?;
        session.show(&json!({ "erased": erased }), |out| {
            writeln!(out, "{erased} details erased; their records and proofs stay")
        })
    }
}
