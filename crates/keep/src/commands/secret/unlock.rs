use super::put::as_text;
use crate::edge::{Failure, Session, ask_hidden};
use clap::Args;
use keep_types::Duration;
use keep_vault::{HolderProgram, VaultError};
use serde_json::json;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep unlock\n  keep unlock --for 30m\n\nA process of its own holds the key, locked into memory, until the time is over or `keep lock`. The passphrase is typed unseen, or read from standard input with --stdin."
)]
pub(crate) struct Unlock {
    /// For how long
    #[arg(long = "for", default_value = "8h", value_name = "SPAN")]
    span: Duration,
    /// Read the passphrase from standard input
    #[arg(long)]
    stdin: bool,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep lock")]
pub(crate) struct Lock {}

impl Unlock {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let program = std::env::current_exe()
            .map_err(|e| Failure::file("finding the program", std::path::Path::new("keep"), e))?;
        let until = session.with(async |app, caller| {
            // Nobody is asked for a passphrase that does not exist.
            if !app.vault().has_passphrase()? {
                return Err(VaultError::NoPassphrase.into());
            }
            let passphrase =
                as_text(if self.stdin { from_stdin()? } else { ask_hidden("Passphrase (unseen): ")? })?;
            let holder = HolderProgram { program: program.clone(), words: &[super::hold::WORD] };
            Ok(app.vault().unlock(caller, &passphrase, self.span, &holder).await?)
        })?;
        session.show(&json!({ "until": until }), |out| writeln!(out, "unlocked until {until}"))
    }
}

fn from_stdin() -> Result<zeroize::Zeroizing<Vec<u8>>, Failure> {
    // Longer than anybody types; a file given by mistake is not read whole.
    const MOST: u64 = 4 << 10;
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(MOST as usize));
    std::io::Read::read_to_end(&mut std::io::Read::take(std::io::stdin().lock(), MOST), &mut bytes)
        .map_err(|e| Failure::file("reading", std::path::Path::new("standard input"), e))?;
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    Ok(bytes)
}

impl Lock {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let held = session.with(async |app, caller| Ok(app.vault().lock(caller).await?))?;
        session.show(&json!({ "held": held }), |out| match held {
            true => writeln!(out, "locked"),
            false => writeln!(out, "nothing was unlocked"),
        })
    }
}
