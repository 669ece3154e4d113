use crate::edge::{Failure, Session};
use clap::Args;
use keep_types::{Probe, Verdict};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep attest\n  keep attest --json\n  keep attest --self-test   break a scratch installation in each promise, and see it found\n\nExits with 5 when a promise is broken."
)]
pub(crate) struct Attest {
    /// Check the checks: each must find what its twin breaks in a scratch installation
    #[arg(long)]
    self_test: bool,
}

/// The exit code of a broken promise: tampered.
const BROKEN: u8 = 5;

impl Attest {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        if self.self_test { self_test(session) } else { attest(session) }
    }
}

/// The promises of the house, and those of its server.
fn probes() -> Vec<Probe> {
    let mut all = keep_app::probes();
    all.extend(keep_server::probes());
    all
}

fn attest(session: &Session) -> Result<ExitCode, Failure> {
    let at = session.with(async |app, _| Ok(app.at().clone()))?;
    let results = keep_app::attest(&probes(), &at, |_| {});
    session.show(&results, |out| {
        for result in &results {
            let (mark, reason) = match &result.verdict {
                Verdict::Pass => (session.green("pass"), None),
                Verdict::Fail(reason) => (session.red("FAIL"), Some(reason)),
                Verdict::NotApplicable(reason) => (session.dim("n/a "), Some(reason)),
            };
            session.hang(out, &format!("{mark}  {:9} ", result.promise.id), 16, result.promise.claim)?;
            if let Some(reason) = reason {
                session.hang(out, &" ".repeat(18), 18, reason)?;
            }
        }
        Ok(())
    })?;
    let broken = results.iter().any(|result| matches!(result.verdict, Verdict::Fail(_)));
    Ok(if broken { ExitCode::from(BROKEN) } else { ExitCode::SUCCESS })
}

fn self_test(session: &Session) -> Result<ExitCode, Failure> {
    let results = keep_app::self_test(&probes(), |_| {})?;
    session.show(&results, |out| {
        for result in &results {
            let mark = if result.holds() { session.green("told apart") } else { session.red("NOT TOLD  ") };
            session.hang(out, &format!("{mark}  {:9} ", result.promise.id), 22, result.promise.claim)?;
            if !result.holds() {
                writeln!(out, "            sound: {:?}", result.sound)?;
                writeln!(out, "            broken: {:?}", result.broken)?;
            }
        }
        Ok(())
    })?;
    let all = results.iter().all(keep_app::SelfTested::holds);
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
}
