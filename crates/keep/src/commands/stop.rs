use crate::edge::{Failure, Session, visible};
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep stop\n  keep stop --reason \"the agent went astray\"\n\nAnybody may stop; only a person may resume."
)]
pub(crate) struct Stop {
    /// Why, for whoever finds it stopped
    #[arg(long, default_value = "no reason was given")]
    reason: String,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep resume")]
pub(crate) struct Resume {}

impl Stop {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let view = session.with(async |app, caller| Ok(app.gate().stop(caller, self.reason).await?))?;
        session.show(&view, |out| {
            writeln!(out, "stopped: every act is denied until `keep resume` ({})", visible(&view.reason))
        })
    }
}

impl Resume {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        session.with(async |app, caller| Ok(app.gate().resume(caller).await?))?;
        session.show(&json!({ "stopped": null }), |out| writeln!(out, "acts may happen again"))
    }
}
