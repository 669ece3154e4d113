use crate::edge::{Failure, Session, visible};
use clap::Args;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep init\n  keep init --totp     also demand one-time codes for high and critical acts"
)]
pub(crate) struct Init {
    /// Set up one-time codes, and demand them for high and critical acts
    #[arg(long)]
    totp: bool,
}

impl Init {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (at, project, codes) = session.with(async |app, caller| {
            let root = std::env::current_dir().ok().and_then(|folder| keep_app::find_root(&folder));
            let project = match root {
                Some(root) => Some(app.bind_project(caller, root).await?),
                None => None,
            };
            let codes = if self.totp { Some(app.enrol_codes(caller).await?) } else { None };
            Ok((app.at().clone(), project, codes))
        })?;
        let view = json!({
            "data": at.data, "config": at.config, "state": at.state, "project": project,
            "totp": codes.as_ref().map(|codes| &codes.address),
        });
        session.show(&view, |out| {
            writeln!(out, "data        {}", visible(&at.data.display().to_string()))?;
            writeln!(out, "config      {}", visible(&at.config.display().to_string()))?;
            writeln!(out, "checkpoint  {}", visible(&at.state.join("checkpoint").display().to_string()))?;
            if let Some(project) = &project {
                writeln!(
                    out,
                    "project     {} at {}",
                    project.name,
                    visible(&project.root.display().to_string())
                )?;
            }
            if let Some(codes) = &codes {
                writeln!(out, "\nScan this with your authenticator, or enter {}:\n", codes.secret)?;
                if let Ok(code) = QrCode::new(&codes.address) {
                    writeln!(out, "{}", code.render::<Dense1x2>().quiet_zone(true).build())?;
                }
            }
            Ok(())
        })
    }
}
