//! The vault: secrets in one signed age file, and the few ways in which a value may leave it.
//!
//! A value comes in from standard input, a file, a prompt or a random draw. It leaves to a person's
//! terminal, to a run, or encrypted to somebody named. Everything else that is known of secrets (names,
//! versions, when they are due) can be listed; how they were used is read from the ledger.
//!
//! **Must not know:** where secrets are used; surfaces; the environment, the home folder and the terminal.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod acts;
mod contents;
pub mod dotenv;
mod effects;
mod error;
mod exposure;
mod generate;
mod head;
mod hold;
mod keyring;
mod keys;
mod listing;
mod name;
mod probes;
mod protect;
mod reader;
mod schema;
mod seal;
mod store;
#[cfg(test)]
mod tests;
mod transfer;
mod unlock;
mod usage;
mod value;
mod values;
mod vault;

pub use acts::{NewValue, Passphrase, Replace};
pub use contents::{KEPT_VERSIONS, Key, MAX_SECRETS, RecipientEntry, Source, Terms};
pub use effects::hook;
pub use error::VaultError;
pub use exposure::{Exposure, ExposureError, Missed, Scope, What, look, look_at_index};
pub use generate::{Alphabet, Recipe};
pub use hold::hold;
pub use keyring::NewVault;
pub use keys::Identity;
pub use listing::{Due, DueFor, SecretView, Unused, Used, VersionView, Which};
pub use name::{SecretName, SecretNameError};
pub use probes::probes;
pub use protect::protect_process;
pub use reader::{Reader, VaultConfig, VaultState, redactor_at};
pub use schema::SCHEMA;
pub use transfer::{ImportInto, ImportReport};
pub use unlock::HolderProgram;
pub use usage::{Anomaly, Unusual, Usage};
pub use value::{MAX_VALUE_BYTES, Value};
pub use values::{Short, Stored, Taken, TakenFrom};
pub use vault::Vault;

/// A passphrase on its way here; it is wiped when it goes.
pub use age::secrecy::SecretString as PassphraseText;
