use crate::edge::{Failure, Session};
use clap::Args;
use keep_types::chain;
use std::process::ExitCode;

/// The word by which the program is told to hold a key. `keep unlock` says it, nobody else.
pub(super) const WORD: &str = "hold-key";

/// Holds an unlocked key for others; started by `keep unlock`.
#[derive(Args)]
pub(crate) struct HoldKey {}

impl HoldKey {
    pub(crate) fn run(self, _: &Session) -> Result<ExitCode, Failure> {
        match keep_vault::hold() {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => {
                // Whoever started it reads this instead of `ready`.
                println!("{}", chain(&error).join(": "));
                Ok(ExitCode::FAILURE)
            }
        }
    }
}
