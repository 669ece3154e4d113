use super::Several;
use super::see::day;
use crate::edge::{Failure, Session, Table};
use clap::Args;
use keep_types::Duration;
use keep_vault::{DueFor, Unusual};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret due\n  keep secret due --within 30d --all --json\n\nExits with 1 when something is overdue, so that a schedule notices."
)]
pub(super) struct Due {
    #[command(flatten)]
    several: Several,
    /// How far to look ahead
    #[arg(long, default_value = "14d", value_name = "SPAN")]
    within: Duration,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep secret unused\n  keep secret unused --for 30d --all")]
pub(super) struct Unused {
    #[command(flatten)]
    several: Several,
    /// For how long nobody used it
    #[arg(long = "for", default_value = "90d", value_name = "SPAN")]
    span: Duration,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret anomalies\n  keep secret anomalies --within 7d --all\n\nUnusual is: a principal or program that never used the secret before, a burst, or an hour of the day at which it was never used."
)]
pub(super) struct Anomalies {
    #[command(flatten)]
    several: Several,
    /// How far to look back
    #[arg(long, default_value = "30d", value_name = "SPAN")]
    within: Duration,
}

impl Due {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (which, within) = (self.several.which(), self.within);
        let all = session.with(async |app, caller| Ok(app.vault().due(caller, &which, within).await?))?;
        let mut table = Table::new(&["name", "where", "profile", "what", "when"]);
        for due in &all {
            let what = match due.due_for {
                DueFor::Expiry if due.overdue => "expired",
                DueFor::Expiry => "expires",
                DueFor::Rotation => "rotate",
            };
            table.row([
                due.secret.name.to_string(),
                due.secret.namespace.to_string(),
                due.secret.profile.to_string(),
                what.to_owned(),
                day(&due.at.to_string()),
            ]);
        }
        session.show_table(&all, &table, "nothing is due")?;
        let overdue = all.iter().any(|due| due.overdue);
        Ok(if overdue { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

impl Unused {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (which, span) = (self.several.which(), self.span);
        let all = session.with(async |app, caller| {
            let since = app.now().minus(span);
            Ok(app.vault().unused(caller, &which, since).await?)
        })?;
        let mut table = Table::new(&["name", "where", "profile", "made", "last used"]);
        for unused in &all {
            let last = unused.usage.as_ref().map_or("never".into(), |usage| day(&usage.last.to_string()));
            table.row([
                unused.secret.name.to_string(),
                unused.secret.namespace.to_string(),
                unused.secret.profile.to_string(),
                day(&unused.created.to_string()),
                last,
            ]);
        }
        session.show_table(&all, &table, "every secret was used or made since")
    }
}

impl Anomalies {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (which, span) = (self.several.which(), self.within);
        let all = session.with(async |app, caller| {
            let since = app.now().minus(span);
            Ok(app.vault().anomalies(caller, &which, since).await?)
        })?;
        let mut table = Table::new(&["name", "when", "who", "program", "what", "record"]);
        for anomaly in &all {
            let what = match anomaly.what {
                Unusual::NewPrincipal => "first use by this principal",
                Unusual::NewProgram => "first use by this program",
                Unusual::Burst => "many uses in a minute",
                Unusual::Hour => "an unusual hour",
            };
            table.row([
                anomaly.secret.name.to_string(),
                anomaly.at.to_string(),
                anomaly.by.to_string(),
                anomaly.program.clone(),
                what.to_owned(),
                anomaly.seq.to_string(),
            ]);
        }
        session.show_table(&all, &table, "every use was like those before it")
    }
}
