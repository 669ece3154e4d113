use crate::edge::{Failure, Session, visible};
use clap::Args;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep trust --show      what this project's settings consist of\n  keep trust             trust them as they are now\n  keep trust --revoke    trust them no longer"
)]
pub(crate) struct Trust {
    /// Only show the files and how they stand
    #[arg(long, conflicts_with = "revoke")]
    show: bool,
    /// Trust this project no longer
    #[arg(long)]
    revoke: bool,
}

impl Trust {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let view = session.with(async |app, caller| {
            let view = app.trust_here()?;
            for change in &view.changes {
                session.say(&format!("{:?} {}", change.how, change.path).to_lowercase());
            }
            Ok(match (self.show, self.revoke) {
                (true, _) => view,
                (_, true) => app.untrust_project(caller).await?,
                _ => app.trust_project(caller).await?,
            })
        })?;
        session.show(&view, |out| {
            let trusted = if view.trusted { session.green("trusted") } else { session.yellow("not trusted") };
            writeln!(out, "{}: {trusted}", visible(&view.root.display().to_string()))?;
            view.files.iter().try_for_each(|file| writeln!(out, "  {}", visible(file)))
        })
    }
}
