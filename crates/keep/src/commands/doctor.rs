use crate::edge::{Failure, Progress, Session};
use clap::Args;
use keep_app::Finding;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep doctor\n  keep doctor --json\n\nExits with 1 when something is broken."
)]
pub(crate) struct Doctor {}

impl Doctor {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let mut progress = Progress::new(session, "verifying records");
        let checks = session.with(async |app, caller| {
            Ok(app.doctor(caller, &mut |done, all| progress.set(done, all)).await?)
        })?;
        drop(progress);
        session.show(&checks, |out| {
            for check in &checks {
                let mark = match check.finding {
                    Finding::Ok => session.green("ok  "),
                    Finding::Warn => session.yellow("warn"),
                    Finding::Fail => session.red("FAIL"),
                };
                session.hang(out, &format!("{mark}  {:9} ", check.name), 16, &check.detail)?;
                if let Some(hint) = &check.hint {
                    session.hang(out, &format!("{:16}hint: ", ""), 22, hint)?;
                }
            }
            Ok(())
        })?;
        let broken = checks.iter().any(|check| check.finding == Finding::Fail);
        Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
