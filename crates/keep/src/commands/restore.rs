use crate::edge::{Failure, Session, visible};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep restore ~/keep-backup.db\n\nThe replaced database is kept. The ledger starts a new epoch that records both heads."
)]
pub(crate) struct Restore {
    /// The backup to put in the database's place
    from: PathBuf,
}

impl Restore {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let view = session.with_owned(async |app, caller| app.restore(caller, &self.from).await)?;
        session.show(&view, |out| {
            writeln!(out, "restored from {}", visible(&view.from.display().to_string()))?;
            match &view.replaced {
                Some(path) => {
                    writeln!(out, "what was there is kept in {}", visible(&path.display().to_string()))
                }
                None => Ok(()),
            }
        })
    }
}
