//! `keep up`: the server with everything a person needs to begin.

use super::serve::{At, serve};
use crate::edge::{Failure, Session};
use clap::Args;
use keep_server::Server;
use keep_types::PrincipalKind;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep up\n  keep up --port 0\n  keep up --unit > ~/.config/systemd/user/keep.service\n\nIt prints where the dashboard is and a code that signs you in, once. Started without a person at the\nterminal, it prints no code. Ctrl-C ends it; what was begun is finished first."
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
        if self.unit {
            let program = std::env::current_exe()
                .map_err(|e| Failure::file("finding this program at", Path::new("/proc/self/exe"), e))?;
            let unit = unit(&program.display().to_string(), self.at.port);
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
            writeln!(out, "  dashboard  no code: nobody is known to sit at this terminal")?;
        }
        writeln!(out, "  programs   {programs}   with a token from `keep token create`")?;
        writeln!(out, "  agents     claude mcp add keep -- keep mcp")?;
        writeln!(out, "Ctrl-C ends it.")
    });
    shown.map(|_| ())
}

/// A unit for a person's own service manager. The data folder stays writable; what the service never needs
/// is taken away.
fn unit(program: &str, port: u16) -> String {
    // Systemd reads % and quotes in its own way.
    let program = program.replace('%', "%%").replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "[Unit]\nDescription=Keep, one gate for what agents remember, run and store\n\n\
         [Service]\nExecStart=\"{program}\" serve --port {port}\nRestart=on-failure\nNoNewPrivileges=yes\n\
         PrivateTmp=yes\nRestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\nLockPersonality=yes\n\
         MemoryDenyWriteExecute=yes\nUMask=0077\n\n[Install]\nWantedBy=default.target\n"
    )
}

#[cfg(test)]
mod tests {
    use super::unit;

    #[test]
    fn a_program_with_a_strange_name_stays_one_word() {
        let unit = unit("/opt/ke ep/100%\"x", 0);
        assert!(unit.contains("ExecStart=\"/opt/ke ep/100%%\\\"x\" serve --port 0\n"), "{unit}");
    }
}
