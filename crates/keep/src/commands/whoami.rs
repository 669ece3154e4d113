use crate::edge::{Failure, Session};
use clap::Args;
use keep_types::Reach;
use std::process::ExitCode;

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep whoami\n  keep whoami --token-file ~/agent.token")]
pub(crate) struct Whoami {}

impl Whoami {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let view = session.with(async |app, caller| Ok(app.who(caller)))?;
        session.show(&view, |out| {
            writeln!(out, "{}", view.principal)?;
            writeln!(out, "because   {}", view.because)?;
            writeln!(out, "works in  {}", view.namespace)?;
            let reach = match &view.reach {
                Reach::Everything => "everything".to_owned(),
                Reach::Only(list) => list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            };
            writeln!(out, "reaches   {reach}")
        })
    }
}
