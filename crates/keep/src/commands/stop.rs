use crate::edge::{Failure, Session, counted, visible};
use clap::Args;
use keep_gate::Withdrawn;
use serde_json::json;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep stop\n  keep stop --reason \"the agent went astray\"\n\nAnybody may stop; only a person may resume. Requests that wait are withdrawn, and so are approvals that nobody has used: `keep inbox --all` lists them, and whoever asked can ask anew after `keep resume`. What runs already goes on to its end."
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
            let reason = visible(&view.stop.reason);
            writeln!(out, "stopped: every act is denied until `keep resume` ({reason})")?;
            let Withdrawn { waiting, approved } = view.withdrawn;
            if waiting > 0 {
                writeln!(out, "withdrawn: {}, which can be asked anew", counted(waiting, "waiting request"))?;
            }
            if approved > 0 {
                writeln!(out, "withdrawn: {} that nobody had used", counted(approved, "approval"))?;
            }
            Ok(())
        })
    }
}

impl Resume {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        session.with(async |app, caller| Ok(app.gate().resume(caller).await?))?;
        session.show(&json!({ "stopped": null }), |out| writeln!(out, "acts may happen again"))
    }
}
