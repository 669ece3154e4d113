use crate::edge::{Failure, Session, visible};
use clap::Args;
use keep_app::PolicyStatus;
use keep_app::words::Health;
use keep_vault::VaultState;
use std::process::ExitCode;

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep status\n  keep status --json")]
pub(crate) struct Status {}

impl Status {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let view = session.with(async |app, caller| Ok(app.status(caller).await?))?;
        session.show(&view, |out| {
            let ledger = match &view.ledger {
                Health::Empty => session.green("empty"),
                Health::Anchored { .. } => session.green("anchored"),
                Health::Unanchored => session.yellow("unanchored: its checkpoint is gone"),
                Health::Mismatch { reason } => session.red(&format!("MISMATCH: {}", visible(reason))),
            };
            writeln!(out, "you       {} in {}", view.principal, view.namespace)?;
            writeln!(out, "data      {}", visible(&view.data.display().to_string()))?;
            writeln!(out, "ledger    {} records, {ledger}", view.records)?;
            match &view.policy {
                PolicyStatus::Loaded { rules, version } => {
                    writeln!(out, "policy    {rules} rules, version {}", version.short())?;
                }
                PolicyStatus::Closed { reason } => {
                    writeln!(out, "policy    {}", session.red(&format!("CLOSED: {}", visible(reason))))?;
                }
            }
            let vault = match &view.vault {
                VaultState::Absent => "no secrets yet".to_owned(),
                VaultState::Open => "open: it has no passphrase".to_owned(),
                VaultState::Unlocked { until } => session.green(&format!("unlocked until {until}")),
                VaultState::Locked => session.yellow("locked: `keep unlock`"),
                VaultState::Broken { reason } => session.red(&format!("BROKEN: {}", visible(reason))),
            };
            writeln!(out, "vault     {vault}")?;
            match view.waiting {
                0 => writeln!(out, "inbox     nothing waits")?,
                n => writeln!(out, "inbox     {}", session.yellow(&format!("{n} waiting: `keep inbox`")))?,
            }
            if let Some(stop) = &view.stopped {
                let text = format!("STOPPED since {} by {}: {}", stop.since, stop.by, visible(&stop.reason));
                writeln!(out, "switch    {}", session.red(&text))?;
            }
            Ok(())
        })
    }
}
