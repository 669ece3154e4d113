use crate::edge::{Failure, Flow, Session, visible};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct Sign {
    /// The pack
    pack: PathBuf,
    /// The file of the key, as `keep pack key` made it
    #[arg(long, value_name = "KEYFILE")]
    key: PathBuf,
}

#[derive(Args)]
pub(super) struct Key {
    /// The file to write; it must not exist
    to: PathBuf,
}

impl Sign {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let flow = Flow::begin(session, "signing")?;
        let signer = session.with(async |app, caller| {
            Ok(app.packing().sign(caller, &self.pack, &self.key, flow.watch()).await?)
        })?;
        drop(flow);
        let path = self.pack.display().to_string();
        session.show(&json!({ "path": path, "signer": signer }), |out| {
            session.hang(out, &format!("{} is signed by ", visible(&path)), 2, &signer.to_string())
        })
    }
}

impl Key {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let signer =
            session.with(async |app, caller| Ok(app.packing().make_key(caller, &self.to).await?))?;
        let path = self.to.display().to_string();
        session.show(&json!({ "path": path, "signer": signer }), |out| {
            writeln!(out, "{}", visible(&path))?;
            session.hang(out, "  signer ", 9, &signer.to_string())?;
            session.hang(
                out,
                "  ",
                2,
                "Who has this file signs as you. Give others the signer, for --require-signer.",
            )
        })
    }
}
