use crate::edge::{Failure, Session, Table};
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep config show\n  keep config show --origin\n  keep config get approvals.expiry\n  keep config set approvals.expiry 5m"
)]
pub(crate) struct Config {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Show every setting
    #[command(
        after_help = "EXAMPLES:\n  keep config show --origin\n  keep config show --schema > config.schema.json"
    )]
    Show {
        /// Say where each value came from
        #[arg(long)]
        origin: bool,
        /// Print the JSON Schema of the configuration file instead
        #[arg(long, conflicts_with = "origin")]
        schema: bool,
    },
    /// Show one setting
    #[command(after_help = "EXAMPLES:\n  keep config get approvals.expiry")]
    Get {
        /// Its name
        key: String,
    },
    /// Change one setting in your own file
    #[command(
        after_help = "EXAMPLES:\n  keep config set approvals.expiry 5m\n  keep config set approvals.expiry --default"
    )]
    Set {
        /// Its name
        key: String,
        /// Its value
        #[arg(required_unless_present = "default")]
        value: Option<String>,
        /// Take it out of the file, so that the default counts again
        #[arg(long, conflicts_with = "value")]
        default: bool,
    },
}

impl Config {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self.what {
            What::Show { schema: true, .. } => {
                let schema = keep_app::config::schema();
                session.show(&schema, |out| writeln!(out, "{schema:#}"))
            }
            What::Show { origin, .. } => {
                let view = session.with(async |app, _| Ok(app.settings()))?;
                let mut table = if origin {
                    Table::new(&["key", "value", "from"])
                } else {
                    Table::new(&["key", "value", "what"])
                };
                for row in &view.settings {
                    let last = if origin { row.origin.to_string() } else { row.doc.to_owned() };
                    table.row([row.key, &row.value.to_string(), &last]);
                }
                session.show_table(&view, &table, "there are no settings")
            }
            What::Get { key } => {
                let row = session.with(async |app, _| Ok(app.setting(&key)?))?;
                session.show(&row, |out| writeln!(out, "{}", row.value))
            }
            What::Set { key, value, .. } => {
                let edit =
                    session.with(async |app, caller| Ok(app.set_config(caller, key, value).await?))?;
                session.show(&edit, |out| match &edit.after {
                    Some(value) => writeln!(out, "{} = {value}", edit.key),
                    None => writeln!(out, "{} has its default again", edit.key),
                })
            }
        }
    }
}
