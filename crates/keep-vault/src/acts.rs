//! What the vault asks the gate for. No act says a value: values are bound by an HMAC under the
//! installation's key, so that an approval is good for one value and its digest tells nothing.

use crate::contents::{Key, RecipientEntry, Source, Terms};
use crate::generate::Recipe;
use crate::keys::Identity;
use crate::value::Value;
use age::secrecy::SecretString;
use keep_types::{Act, ActFacts, Action, FieldHasher, Namespace, Risk, SecretsIn, Timestamp, Touch};
use serde_json::json;
use std::sync::Arc;

/// Where a new value comes from.
#[derive(Clone, Debug)]
pub enum NewValue {
    /// It was given.
    Given {
        /// The value.
        value: Value,
        /// How.
        source: Source,
    },
    /// It is drawn at random when the act is admitted.
    Generated(Recipe),
}

/// Giving a secret a value: its first, or another.
pub(crate) struct SetSecret {
    pub(crate) key: Key,
    pub(crate) value: NewValue,
    pub(crate) terms: Terms,
    /// Whether it must or must not exist already.
    pub(crate) expect: Expect,
    /// The HMAC of a given value.
    pub(crate) proof: [u8; 32],
}

/// What is expected of a secret that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    Anything,
    Present,
}

impl Act for SetSecret {
    fn facts(&self) -> ActFacts {
        let (action, verb) = match self.expect {
            Expect::Anything => ("secret.set", "set"),
            Expect::Present => ("secret.rotate", "rotate"),
        };
        let (source, recipe) = match &self.value {
            NewValue::Given { source, .. } => (*source, String::new()),
            NewValue::Generated(recipe) => (Source::Generated, recipe.to_string()),
        };
        let terms = json!({ "note": self.terms.note, "expires": self.terms.expires, "rotate_every": self.terms.rotate_every });
        ActFacts {
            action: Action::of(action),
            namespace: self.key.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("{verb} the secret {} ({})", self.key, source.as_str()),
            detail: json!({ "secret": self.key, "source": source, "recipe": recipe, "terms": terms }),
            bound: FieldHasher::new(action)
                .field("key", self.key.to_string())
                .field("proof", self.proof)
                .field("recipe", recipe)
                .field("terms", terms.to_string())
                .finish(),
            exact: None,
        }
    }
}

/// Changing what is said of a secret.
pub(crate) struct EditSecret {
    pub(crate) key: Key,
    pub(crate) terms: Terms,
}

impl Act for EditSecret {
    fn facts(&self) -> ActFacts {
        let terms = json!({ "note": self.terms.note, "expires": self.terms.expires, "rotate_every": self.terms.rotate_every });
        ActFacts {
            action: Action::of("secret.edit"),
            namespace: self.key.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("edit what is said of the secret {}", self.key),
            bound: FieldHasher::new("secret.edit")
                .field("key", self.key.to_string())
                .field("terms", terms.to_string())
                .finish(),
            detail: json!({ "secret": self.key, "terms": terms }),
            exact: None,
        }
    }
}

/// Removing a secret with all its versions.
pub(crate) struct RemoveSecret {
    pub(crate) key: Key,
}

impl Act for RemoveSecret {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("secret.remove"),
            namespace: self.key.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::High,
            summary: format!("remove the secret {} with all its versions", self.key),
            detail: json!({ "secret": self.key }),
            bound: FieldHasher::new("secret.remove").field("key", self.key.to_string()).finish(),
            exact: None,
        }
    }
}

/// Showing a value to the person at the terminal.
pub(crate) struct GetSecret {
    pub(crate) key: Key,
    pub(crate) version: Option<u32>,
    pub(crate) program: String,
}

impl Act for GetSecret {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("secret.get"),
            namespace: self.key.namespace.clone(),
            touch: Touch::Read,
            risk: Risk::Critical,
            summary: format!("show the value of the secret {}", self.key),
            detail: json!({ "secrets": [self.key], "version": self.version, "program": self.program }),
            bound: FieldHasher::new("secret.get")
                .field("key", self.key.to_string())
                .field("version", self.version.unwrap_or_default().to_be_bytes())
                .finish(),
            exact: None,
        }
    }
}

/// Handing values to a run.
pub(crate) struct UseSecrets {
    pub(crate) keys: Vec<Key>,
    pub(crate) home: Namespace,
    pub(crate) program: String,
}

impl Act for UseSecrets {
    fn facts(&self) -> ActFacts {
        let names: Vec<_> = self.keys.iter().map(ToString::to_string).collect();
        ActFacts {
            action: Action::of("secret.use"),
            namespace: self.home.clone(),
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("hand {} to {}", names.join(", "), self.program),
            detail: json!({ "secrets": self.keys, "program": self.program }),
            bound: FieldHasher::new("secret.use")
                .field("keys", names.join("\n"))
                .field("program", &self.program)
                .finish(),
            exact: None,
        }
    }

    /// The program's name is recorded and nothing else of it.
    fn secrets(&self) -> SecretsIn {
        SecretsIn::Scrubbed
    }
}

/// Looking at names, terms and uses; never at values.
pub(crate) struct LookAtSecrets {
    pub(crate) home: Namespace,
}

impl Act for LookAtSecrets {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("secret.list"),
            namespace: self.home.clone(),
            touch: Touch::Read,
            risk: Risk::Low,
            summary: "list secrets by name".into(),
            detail: json!({}),
            bound: FieldHasher::new("secret.list").finish(),
            exact: None,
        }
    }
}

/// Taking assignments over from a `.env` file.
pub(crate) struct ImportSecrets {
    pub(crate) entries: Vec<(Key, Value)>,
    pub(crate) replace: Replace,
    pub(crate) home: Namespace,
    pub(crate) proof: [u8; 32],
}

/// What an import does with names that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// Leaves them and says so.
    No,
    /// Gives them the new value.
    Yes,
}

impl Act for ImportSecrets {
    fn facts(&self) -> ActFacts {
        let keys: Vec<_> = self.entries.iter().map(|(key, _)| key).collect();
        ActFacts {
            action: Action::of("secret.import"),
            namespace: self.home.clone(),
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("import {} secrets", keys.len()),
            detail: json!({ "import": keys, "replace": self.replace == Replace::Yes }),
            bound: FieldHasher::new("secret.import")
                .field("keys", json!(keys).to_string())
                .field("replace", [u8::from(self.replace == Replace::Yes)])
                .field("proof", self.proof)
                .finish(),
            exact: None,
        }
    }
}

/// Encrypting values to somebody else.
pub(crate) struct ExportSecrets {
    pub(crate) keys: Vec<Key>,
    pub(crate) recipients: Vec<String>,
    pub(crate) home: Namespace,
}

impl Act for ExportSecrets {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("secret.export"),
            namespace: self.home.clone(),
            touch: Touch::Change,
            risk: Risk::Critical,
            summary: format!("encrypt {} secrets to {}", self.keys.len(), self.recipients.join(", ")),
            detail: json!({ "secrets": self.keys, "recipients": self.recipients, "program": "keep" }),
            bound: FieldHasher::new("secret.export")
                .field("keys", json!(self.keys).to_string())
                .field("recipients", self.recipients.join("\n"))
                .finish(),
            exact: None,
        }
    }
}

/// Making the vault before its first secret.
pub(crate) struct MakeVault {
    pub(crate) identity: Arc<Identity>,
    pub(crate) passphrase: Option<SecretString>,
    pub(crate) recipients: Vec<RecipientEntry>,
    /// The HMAC of the passphrase.
    pub(crate) proof: Option<[u8; 32]>,
}

impl Act for MakeVault {
    fn facts(&self) -> ActFacts {
        let recipients: Vec<_> = self.recipients.iter().map(|entry| &entry.recipient).collect();
        let protected = self.passphrase.is_some();
        // Others who can read the vault are a critical matter whenever they are added.
        let risk = if recipients.is_empty() { Risk::Medium } else { Risk::Critical };
        ActFacts {
            action: Action::of("secret.make_vault"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk,
            summary: "make the vault".into(),
            detail: json!({ "recipients": recipients, "passphrase": protected }),
            bound: FieldHasher::new("secret.make_vault")
                .field("recipients", json!(recipients).to_string())
                .field("passphrase", self.proof.unwrap_or_default())
                .finish(),
            exact: None,
        }
    }
}

/// What becomes of the identity's passphrase.
#[derive(Clone, Debug)]
pub enum Passphrase {
    /// It has none.
    None,
    /// It has this one.
    New(SecretString),
}

/// A new identity for the vault, and its passphrase.
pub(crate) struct Rekey {
    pub(crate) passphrase: Passphrase,
    pub(crate) recover_with: Option<Identity>,
}

impl Act for Rekey {
    fn facts(&self) -> ActFacts {
        let protected = matches!(self.passphrase, Passphrase::New(_));
        let recovered = self.recover_with.is_some();
        ActFacts {
            action: Action::of("secret.rekey"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Critical,
            summary: "give the vault a new identity".into(),
            detail: json!({ "passphrase": protected, "recovered": recovered }),
            bound: FieldHasher::new("secret.rekey")
                .field("passphrase", [u8::from(protected)])
                .field("recovered", [u8::from(recovered)])
                .finish(),
            exact: None,
        }
    }
}

/// Letting somebody else read the vault, or no longer.
pub(crate) struct Share {
    pub(crate) change: ShareChange,
}

pub(crate) enum ShareChange {
    Add(RecipientEntry),
    Remove(String),
}

impl Act for Share {
    fn facts(&self) -> ActFacts {
        let (action, recipient, summary) = match &self.change {
            ShareChange::Add(entry) => {
                let to = &entry.recipient;
                ("secret.share", to, format!("let {to} ({}) read the whole vault", entry.label))
            }
            ShareChange::Remove(to) => ("secret.unshare", to, format!("no longer encrypt the vault to {to}")),
        };
        ActFacts {
            action: Action::of(action),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Critical,
            detail: json!({ "recipient": recipient }),
            bound: FieldHasher::new(action).field("recipient", recipient).field("summary", &summary).finish(),
            summary,
            exact: None,
        }
    }
}

/// Opening a locked vault for a while.
pub(crate) struct Unlock {
    pub(crate) until: Timestamp,
}

impl Act for Unlock {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("secret.unlock"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("unlock the vault until {}", self.until),
            detail: json!({ "until": self.until }),
            bound: FieldHasher::new("secret.unlock").field("until", self.until.to_string()).finish(),
            exact: None,
        }
    }
}

/// Forgetting the unlocked key.
pub(crate) struct LockVault;

impl Act for LockVault {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("secret.lock"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Low,
            summary: "lock the vault".into(),
            detail: json!({}),
            bound: FieldHasher::new("secret.lock").finish(),
            exact: None,
        }
    }
}

/// Going on with a vault file that is not the one on record.
pub(crate) struct AcceptVault {
    pub(crate) reason: String,
    pub(crate) was: String,
    pub(crate) version: Option<u64>,
}

impl Act for AcceptVault {
    fn facts(&self) -> ActFacts {
        let summary = match self.version {
            Some(version) => format!("go on with version {version} of the vault, although {}", self.was),
            None => format!("start with an empty vault, although {}", self.was),
        };
        ActFacts {
            action: Action::of("secret.accept"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Critical,
            detail: json!({ "reason": self.reason, "was": self.was, "version": self.version }),
            bound: FieldHasher::new("secret.accept")
                .field("summary", &summary)
                .field("reason", &self.reason)
                .finish(),
            summary,
            exact: None,
        }
    }
}

/// Recording that a write happened whose process ended before it could say so.
pub(crate) struct SettleVault {
    pub(crate) version: u64,
}

impl Act for SettleVault {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("secret.settle"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Low,
            summary: format!("version {} of the vault was written before its writer ended", self.version),
            detail: json!({ "version": self.version }),
            bound: FieldHasher::new("secret.settle").field("version", self.version.to_be_bytes()).finish(),
            exact: None,
        }
    }
}
