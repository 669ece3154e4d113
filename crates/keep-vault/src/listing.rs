//! What may be known of secrets without knowing them.

use crate::acts::LookAtSecrets;
use crate::contents::{Contents, Key, Secret, Source};
use crate::error::VaultError;
use crate::name::SecretName;
use crate::usage::{self, Anomaly, Usage};
use crate::vault::{Looked, Vault};
use keep_types::{Caller, Duration, Name, Namespace, Principal, Timestamp};
use serde::Serialize;

/// Which secrets to list; what is absent does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Of this name.
    pub name: Option<SecretName>,
    /// Of this profile.
    pub profile: Option<Name>,
    /// In this namespace alone; without it, all that the caller's own place sees.
    pub namespace: Option<Namespace>,
    /// In every namespace within the caller's reach.
    pub everywhere: bool,
}

/// What is said of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecretView {
    /// Its name.
    pub name: SecretName,
    /// Where it belongs.
    pub namespace: Namespace,
    /// Which of several values of that name.
    pub profile: Name,
    /// The number of its value in force.
    pub version: u32,
    /// When that value was made.
    pub changed: Timestamp,
    /// By whom.
    pub changed_by: Principal,
    /// How it came in.
    pub source: Source,
    /// When the secret was made.
    pub created: Timestamp,
    /// When it stops being good.
    pub expires: Option<Timestamp>,
    /// How often its value is to change.
    pub rotate_every: Option<Duration>,
    /// When its value is to change next.
    pub rotation_due: Option<Timestamp>,
    /// Whether it is over already.
    pub expired: bool,
    /// A line for people.
    pub note: String,
}

/// One of the values that a secret has or had, without the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionView {
    /// Its number.
    pub version: u32,
    /// When it was made.
    pub made: Timestamp,
    /// By whom.
    pub by: Principal,
    /// How it came in.
    pub source: Source,
    /// Whether it is the one in force.
    pub current: bool,
}

/// Why a secret wants attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DueFor {
    /// It is over, or will be.
    Expiry,
    /// Its value is to change.
    Rotation,
}

/// A secret that wants attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Due {
    /// Which.
    pub secret: Key,
    /// What for.
    pub due_for: DueFor,
    /// When, or since when.
    pub at: Timestamp,
    /// Whether that has passed.
    pub overdue: bool,
}

/// A secret that nobody used for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// Which.
    pub secret: Key,
    /// When it was made.
    pub created: Timestamp,
    /// How it was used, if ever.
    pub usage: Option<Usage>,
}

/// A secret with how it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Used {
    /// What is said of it.
    #[serde(flatten)]
    pub view: SecretView,
    /// How it was used, as far as the ledger has the details.
    pub usage: Option<Usage>,
}

impl Vault {
    /// The secrets that a caller may know of.
    ///
    /// # Errors
    /// When the vault does not open.
    pub async fn list(&self, caller: &Caller, which: &Which) -> Result<Vec<SecretView>, VaultError> {
        let contents = self.look_as(caller).await?;
        let now = self.now();
        Ok(seen(&contents, caller, which).map(|secret| view(secret, now)).collect())
    }

    /// The same with how each was used, from the ledger.
    ///
    /// # Errors
    /// When the vault or the ledger cannot be read.
    pub async fn list_with_usage(&self, caller: &Caller, which: &Which) -> Result<Vec<Used>, VaultError> {
        let views = self.list(caller, which).await?;
        let mut summed = usage::summed(&usage::uses(&self.ledger).await?);
        let with_usage = |view: SecretView| {
            let usage = summed.remove(&view.key());
            Used { view, usage }
        };
        Ok(views.into_iter().map(with_usage).collect())
    }

    /// The values that a secret has and had, newest first, without the values.
    ///
    /// # Errors
    /// When there is no such secret.
    pub async fn history(&self, caller: &Caller, key: &Key) -> Result<Vec<VersionView>, VaultError> {
        let contents = self.look_as(caller).await?;
        check_reach(caller, key)?;
        let secret = contents.find(key).ok_or_else(|| VaultError::no_such(key))?;
        let newest = secret.versions.last().map(|version| version.number);
        let one = |version: &crate::contents::Version| VersionView {
            version: version.number,
            made: version.made,
            by: version.by.clone(),
            source: version.source,
            current: Some(version.number) == newest,
        };
        Ok(secret.versions.iter().rev().map(one).collect())
    }

    /// Secrets that are over or whose value is to change within a span, the most urgent first.
    ///
    /// # Errors
    /// When the vault does not open.
    pub async fn due(
        &self,
        caller: &Caller,
        which: &Which,
        within: Duration,
    ) -> Result<Vec<Due>, VaultError> {
        let now = self.now();
        let horizon = now.plus(within);
        let mut all = Vec::new();
        for view in self.list(caller, which).await? {
            let moments = [(DueFor::Expiry, view.expires), (DueFor::Rotation, view.rotation_due)];
            for (due_for, at) in moments {
                if let Some(at) = at.filter(|at| *at <= horizon) {
                    all.push(Due { secret: view.key(), due_for, at, overdue: at <= now });
                }
            }
        }
        all.sort_by_key(|due| due.at);
        Ok(all)
    }

    /// Secrets that nobody used for so long, nor made.
    ///
    /// # Errors
    /// When the vault or the ledger cannot be read.
    pub async fn unused(
        &self,
        caller: &Caller,
        which: &Which,
        since: Timestamp,
    ) -> Result<Vec<Unused>, VaultError> {
        let all = self.list_with_usage(caller, which).await?;
        let idle = |used: &Used| {
            used.view.created < since && used.usage.as_ref().is_none_or(|usage| usage.last < since)
        };
        let unused =
            |used: Used| Unused { secret: used.view.key(), created: used.view.created, usage: used.usage };
        Ok(all.into_iter().filter(idle).map(unused).collect())
    }

    /// Uses since a moment that are not like those before them.
    ///
    /// # Errors
    /// When the vault or the ledger cannot be read.
    pub async fn anomalies(
        &self,
        caller: &Caller,
        which: &Which,
        since: Timestamp,
    ) -> Result<Vec<Anomaly>, VaultError> {
        let permit = self.gate.admit(caller, LookAtSecrets { home: caller.home.clone() }).await?;
        permit.observe().await?;
        let mut found = usage::anomalies(&usage::uses(&self.ledger).await?, since);
        found.retain(|anomaly| is_wanted(&anomaly.secret, caller, which));
        Ok(found)
    }

    /// Opens the vault for a caller who may know what is in it, though not the values.
    pub(crate) async fn look_as(&self, caller: &Caller) -> Result<Looked, VaultError> {
        let permit = self.gate.admit(caller, LookAtSecrets { home: caller.home.clone() }).await?;
        permit.observe().await?;
        self.look(caller).await
    }
}

impl SecretView {
    /// Which secret it is about.
    #[must_use]
    pub fn key(&self) -> Key {
        Key { name: self.name.clone(), namespace: self.namespace.clone(), profile: self.profile.clone() }
    }
}

/// A secret out of a caller's reach does not exist for it.
pub(crate) fn check_reach(caller: &Caller, key: &Key) -> Result<(), VaultError> {
    if caller.may_read(&key.namespace) { Ok(()) } else { Err(VaultError::no_such(key)) }
}

/// The secrets that are wanted and that the caller may know of.
pub(crate) fn seen<'c>(
    contents: &'c Contents,
    caller: &'c Caller,
    which: &'c Which,
) -> impl Iterator<Item = &'c Secret> {
    contents.secrets.iter().filter(move |secret| is_wanted(&secret.key, caller, which))
}

fn is_wanted(key: &Key, caller: &Caller, which: &Which) -> bool {
    let place = match (&which.namespace, which.everywhere) {
        (Some(only), _) => key.namespace == *only,
        (None, true) => true,
        (None, false) => caller.home.sees(&key.namespace),
    };
    place
        && caller.may_read(&key.namespace)
        && which.name.as_ref().is_none_or(|name| key.name == *name)
        && which.profile.as_ref().is_none_or(|profile| key.profile == *profile)
}

fn view(secret: &Secret, now: Timestamp) -> SecretView {
    let current = secret.current().expect("a secret has a value from the moment it is made");
    SecretView {
        name: secret.key.name.clone(),
        namespace: secret.key.namespace.clone(),
        profile: secret.key.profile.clone(),
        version: current.number,
        changed: current.made,
        changed_by: current.by.clone(),
        source: current.source,
        created: secret.created,
        expires: secret.expires,
        rotate_every: secret.rotate_every,
        rotation_due: secret.rotation_due(),
        expired: secret.expired(now),
        note: secret.note.clone(),
    }
}
