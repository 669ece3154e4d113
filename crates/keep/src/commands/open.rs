//! `keep open`: the way in to the dashboard of a server that runs already.

use crate::edge::{Failure, Holder, Session};
use clap::Args;
use keep_types::PrincipalKind;
use serde_json::json;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep open\n\nIt prints where the dashboard is, and makes a code that signs you in, once and within ten minutes. A person confirms that at a terminal of their own. The address ends in .localhost, which browsers lead to this machine; where one does not, write the name into /etc/hosts beside 127.0.0.1. From another machine, `ssh -L 8717:127.0.0.1:8717 HOST` leads there, with the same port at both ends."
)]
pub(crate) struct Open {}

impl Open {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (dashboard, code) = session.with(async |app, caller| {
            if caller.principal.kind() != PrincipalKind::User {
                return Err(Failure::NoPerson { who: caller.principal.to_string() });
            }
            let dashboard = Holder::dashboard(&app.at().state)?.ok_or_else(|| {
                Failure::usage("nothing serves this installation", "`keep up` starts a server")
            })?;
            Ok((dashboard, app.offer_sign_in(caller).await?))
        })?;
        session.show(&json!({ "dashboard": dashboard, "code": code }), |out| {
            writeln!(out, "dashboard  {dashboard}")?;
            writeln!(out, "code       {code}   signs you in once, within ten minutes")
        })
    }
}
