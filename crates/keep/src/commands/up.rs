//! `keep up`: the server with everything a person needs to begin.

use super::serve::{At, serve};
use super::unit::unit;
use crate::edge::{Failure, Session};
use clap::Args;
use keep_server::Server;
use keep_types::PrincipalKind;
use serde_json::json;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep up\n  keep up --port 0\n\nWITH THE SERVICE MANAGER:\n  mkdir -p ~/.config/systemd/user\n  keep up --unit > ~/.config/systemd/user/keep.service\n  systemctl --user daemon-reload\n  systemctl --user enable --now keep\n  loginctl enable-linger     so that it runs without you being logged in\n\nIt prints where the dashboard is and a code that signs you in, once. Started without a person at the terminal, it prints no code; `keep open` at a terminal of your own does. Ctrl-C ends it, and with it the runs that it began."
)]
pub(crate) struct Up {
    #[command(flatten)]
    at: At,
    /// Print a systemd user unit that starts this, and do nothing else
    #[arg(long)]
    unit: bool,
}

impl Up {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        self.at.check()?;
        if self.unit {
            let unit = unit(session, &self.at)?;
            return session.show(&json!({ "unit": unit }), |out| write!(out, "{unit}"));
        }
        serve(session, &self.at, |server, who| announce(session, server, who))
    }
}

fn announce(session: &Session, server: &Server, who: &keep_types::Principal) -> Result<(), Failure> {
    let names = server.names();
    let code = match who.kind() {
        PrincipalKind::User => server.sign_in_code(who)?,
        PrincipalKind::Agent | PrincipalKind::Service => None,
    };
    let keep = session.keep();
    let (programs, dashboard) = (names.programs(), names.dashboard());
    let view = json!({
        "address": programs, "pid": std::process::id(),
        "dashboard": code.as_ref().map(|_| &dashboard), "code": code,
    });
    let shown = session.show(&view, |out| {
        writeln!(out, "Keep is up.")?;
        if let Some(code) = &code {
            writeln!(out, "  dashboard  {dashboard}")?;
            writeln!(out, "  code       {code}   signs you in once, within ten minutes")?;
        } else {
            writeln!(out, "  dashboard  at a terminal of your own: {keep} open")?;
        }
        writeln!(out, "  programs   {programs}   with a token from `{keep} token create`")?;
        writeln!(out, "  agents     {keep} connect claude   in the project's folder")?;
        writeln!(out, "Ctrl-C ends it.")
    });
    shown.map(|_| ())
}
