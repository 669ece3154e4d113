//! Signing in to the dashboard: the codes that a person makes at their terminal, and the record of each
//! sign-in. The server checks and holds the sessions.

use crate::app::App;
use crate::error::AppError;
use keep_gate::{Outcome, fresh_id};
use keep_types::{
    Act, ActFacts, Action, Caller, Digest, Duration, FieldHasher, Namespace, Principal, Risk, Timestamp,
    TokenKind, Touch,
};
use serde_json::json;
use std::path::PathBuf;

/// Where a code's digest lies until it is used. A server may have been started by a service manager, which
/// has no terminal to show a code at; the folder is readable by its owner alone.
const OFFER: &str = "sign-in";
/// A code that is not used by then was forgotten.
const LASTS: Duration = Duration::from_ms(10 * 60_000);
/// Letters of a code: eighty bits, so that nobody need count tries.
const LETTERS: usize = 16;

/// Signing in. The surface has checked the code; this is its record.
struct SignIn;

/// That something about the server is not as it should be.
struct Alert {
    key: &'static str,
    says: String,
}

impl Act for Alert {
    fn facts(&self) -> ActFacts {
        let mut facts = facts("server.alert", Risk::Low, format!("note an alert about {}", self.key));
        facts.detail = json!({ "about": self.key, "reason": self.says });
        facts
    }
}

/// Making a code: whoever has it can answer for the person. Tokens are made by people alone, and so is this.
struct Offer(Principal);

fn facts(action: &'static str, risk: Risk, summary: String) -> ActFacts {
    ActFacts {
        action: Action::of(action),
        namespace: Namespace::Global,
        touch: Touch::Change,
        risk,
        bound: FieldHasher::new(action).field("summary", &summary).finish(),
        summary,
        detail: json!({}),
        exact: None,
    }
}

impl Act for SignIn {
    fn facts(&self) -> ActFacts {
        facts("dashboard.sign_in", Risk::Low, "sign in to the dashboard".into())
    }
}

impl Act for Offer {
    fn facts(&self) -> ActFacts {
        let summary = format!("make a code that signs {} in to the dashboard", self.0);
        facts("token.sign_in", Risk::Critical, summary)
    }
}

impl App {
    /// Leaves the record that this person signed in to the dashboard.
    ///
    /// # Errors
    /// When the gate refuses, as it does while everything is stopped, or the ledger takes no record.
    pub async fn signed_in(&self, caller: &Caller) -> Result<(), AppError> {
        let permit = self.gate.admit(caller, SignIn).await?;
        permit.perform(|_, SignIn| Ok::<_, AppError>(())).await
    }

    /// Leaves a record that something about the server is not as it should be, for whoever follows the log.
    ///
    /// # Errors
    /// When the gate refuses, as it does while everything is stopped, or the ledger takes no record.
    pub async fn note_alert(&self, caller: &Caller, key: &'static str, says: &str) -> Result<(), AppError> {
        let permit = self.gate.admit(caller, Alert { key, says: says.to_owned() }).await?;
        permit.perform(|_, Alert { .. }| Ok::<_, AppError>(())).await
    }

    /// Makes a code that signs this person in to the dashboard of whatever serves this installation, once
    /// and soon. The one before is no good any more.
    ///
    /// # Errors
    /// When no person confirms it, or it cannot be written down.
    pub async fn offer_sign_in(&self, caller: &Caller) -> Result<String, AppError> {
        let permit = self.gate.admit(caller, Offer(caller.principal.clone())).await?;
        let started = permit.begin().await?;
        let id = fresh_id::<TokenKind>(self.now())?.to_string();
        let letters = &id[id.len() - LETTERS..];
        let expires = self.now().plus(LASTS);
        let line = format!("{} {} {}\n", Digest::of(letters.as_bytes()), caller.principal, expires.ms());
        let written = keep_db::replace_file(&self.offer_path(), line.as_bytes());
        let outcome = match &written {
            Ok(()) => Outcome::Done(json!({ "expires": expires })),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        started.finish(outcome).await?;
        written?;
        let groups: Vec<&str> = (0..LETTERS).step_by(4).map(|at| &letters[at..at + 4]).collect();
        Ok(groups.join("-"))
    }

    /// Whom this code signs in, which is used up by that.
    ///
    /// # Errors
    /// When what was written down cannot be read or removed.
    pub fn accept_sign_in(&self, code: &str) -> Result<Option<Principal>, AppError> {
        let path = self.offer_path();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(AppError::file("reading", &path, error)),
        };
        let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
        let Some(person) = offered(&text, &letters.to_ascii_lowercase(), self.now()) else { return Ok(None) };
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(Some(person)),
            // Somebody else used it in this very moment.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(AppError::file("removing", &path, error)),
        }
    }

    fn offer_path(&self) -> PathBuf {
        self.at.state.join(OFFER)
    }
}

/// Whom the letters sign in, by what was written down. Digests are compared: how long that takes tells
/// nothing of the code.
fn offered(text: &str, letters: &str, now: Timestamp) -> Option<Principal> {
    let mut words = text.split_whitespace();
    let (digest, person, expires) = (words.next()?, words.next()?, words.next()?);
    let good = digest.parse() == Ok(Digest::of(letters.as_bytes())) && now.ms() < expires.parse().ok()?;
    if good { person.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::offered;
    use keep_types::{Digest, Timestamp};

    #[test]
    fn only_the_right_code_in_time() {
        let text = format!("{} user:ann 1000\n", Digest::of(b"abc"));
        for (text, letters, now, want) in [
            (text.as_str(), "abc", 999, true),
            (&text, "abc", 1000, false),
            (&text, "abd", 0, false),
            ("", "abc", 0, false),
            ("x user:ann 1000", "abc", 0, false),
        ] {
            assert_eq!(offered(text, letters, Timestamp::from_ms(now)).is_some(), want, "{text}{letters}");
        }
    }
}
