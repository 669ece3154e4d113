use crate::edge::{Failure, Session};
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep version --json")]
pub(crate) struct Version {}

impl Version {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let version = env!("CARGO_PKG_VERSION");
        let view = json!({ "version": version, "os": std::env::consts::OS, "arch": std::env::consts::ARCH });
        session.show(&view, |out| writeln!(out, "keep {version}"))
    }
}
