use crate::app::App;
use crate::config::Surroundings;
use keep_redact::Redactor;
use keep_vault::{VaultConfig, redactor_at};
use std::borrow::Cow;

/// Replaces the values of secrets in what is said to whoever called. An error repeats what it was given,
/// and that may be a value that was typed in the wrong place.
#[derive(Clone, Default)]
pub struct Cleaner(Redactor);

impl Cleaner {
    /// A cleaner of the installation that these surroundings lead to. Nothing is made, and where nothing
    /// opens it cleans nothing.
    #[must_use]
    pub fn of_place(around: &Surroundings) -> Self {
        match around.installation() {
            Ok(at) => Self(redactor_at(&VaultConfig::in_folders(&at))),
            Err(_) => Self::default(),
        }
    }

    /// The bytes with a mark in place of every value.
    #[must_use]
    pub fn bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        self.0.bytes(bytes)
    }

    /// The text with a mark in place of every value.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        self.0.text(text).into_owned()
    }
}

impl App {
    /// What cleans messages of this installation's secrets; with the vault locked, nothing.
    #[must_use]
    pub fn cleaner(&self) -> Cleaner {
        Cleaner(self.gate.redactor().unwrap_or_default())
    }
}
