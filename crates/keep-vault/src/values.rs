//! Giving secrets values, and the two ways in which a value leaves: to a person's terminal and to a run.

use crate::acts::{EditSecret, Expect, GetSecret, NewValue, RemoveSecret, SetSecret, UseSecrets};
use crate::contents::{Contents, Key, Secret, Source, Terms, Version};
use crate::error::VaultError;
use crate::listing::check_reach;
use crate::name::SecretName;
use crate::value::Value;
use crate::vault::Vault;
use keep_types::{Caller, Duration, Name, Namespace};
use std::collections::BTreeMap;

/// A value shorter than what output can be searched for is a decision of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// Refuse it.
    Refuse,
    /// Keep it, though it cannot be kept out of output and records.
    Allow,
}

/// Periods of rotation have bounds that catch slips of the unit.
const SHORTEST_PERIOD: Duration = Duration::days(1);
const LONGEST_PERIOD: Duration = Duration::days(3_660);

/// What was stored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Stored {
    /// Which secret.
    pub secret: Key,
    /// Which version of it the value is.
    pub version: u32,
}

/// A value on its way to whoever may have it.
#[derive(Debug)]
pub struct Taken {
    /// Which secret.
    pub key: Key,
    /// Its value.
    pub value: Value,
    /// Where the value came from.
    pub from: TakenFrom,
}

/// Where a used value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TakenFrom {
    /// The vault.
    Vault,
    /// An environment variable of the same name, which takes precedence.
    Environment,
}

impl Vault {
    /// Gives a secret a value: its first, or another.
    ///
    /// # Errors
    /// When the value does not fit, the gate refuses, or the vault cannot be written.
    pub async fn set(
        &self,
        caller: &Caller,
        key: Key,
        value: NewValue,
        terms: Terms,
        short: Short,
    ) -> Result<Stored, VaultError> {
        self.store_value(caller, key, value, terms, short, Expect::Anything).await
    }

    /// Gives a secret that exists another value.
    ///
    /// # Errors
    /// As for `set`, and when there is no such secret.
    pub async fn rotate(
        &self,
        caller: &Caller,
        key: Key,
        value: NewValue,
        short: Short,
    ) -> Result<Stored, VaultError> {
        check_reach(caller, &key)?;
        if self.look_as(caller).await?.find(&key).is_none() {
            return Err(VaultError::no_such(&key));
        }
        self.store_value(caller, key, value, Terms::default(), short, Expect::Present).await
    }

    async fn store_value(
        &self,
        caller: &Caller,
        key: Key,
        value: NewValue,
        terms: Terms,
        short: Short,
        expect: Expect,
    ) -> Result<Stored, VaultError> {
        check_terms(&terms)?;
        let proof = match &value {
            NewValue::Given { value, .. } => {
                check_given(value, short)?;
                self.ledger.hmac(value.reveal())
            }
            NewValue::Generated(_) => [0; 32],
        };
        let (by, made) = (caller.principal.clone(), self.now());
        let period = self.reader.config().rotate_every;
        let permit = self.gate.admit(caller, SetSecret { key, value, terms, expect, proof }).await?;
        self.change(permit, |contents, act| {
            if act.expect == Expect::Present && contents.find(&act.key).is_none() {
                return Err(VaultError::no_such(&act.key));
            }
            let (value, source) = match &act.value {
                NewValue::Given { value, source } => (value.clone(), *source),
                NewValue::Generated(recipe) => (recipe.draw()?, Source::Generated),
            };
            let new = Version { number: 0, value, made, by, source };
            let version = contents.set(&act.key, new, &act.terms, period)?;
            Ok(Stored { secret: act.key.clone(), version })
        })
        .await
    }

    /// Changes what is said of a secret; its values stay.
    ///
    /// # Errors
    /// When there is no such secret, or the gate refuses.
    pub async fn edit(&self, caller: &Caller, key: Key, terms: Terms) -> Result<(), VaultError> {
        check_terms(&terms)?;
        let permit = self.gate.admit(caller, EditSecret { key, terms }).await?;
        self.change(permit, |contents, act| contents.find_mut(&act.key)?.apply(&act.terms)).await
    }

    /// Removes a secret with all its versions.
    ///
    /// # Errors
    /// When there is no such secret, or the gate refuses.
    pub async fn remove(&self, caller: &Caller, key: Key) -> Result<(), VaultError> {
        check_reach(caller, &key)?;
        if self.look_as(caller).await?.find(&key).is_none() {
            return Err(VaultError::no_such(&key));
        }
        let permit = self.gate.admit(caller, RemoveSecret { key }).await?;
        self.change(permit, |contents, act| contents.remove(&act.key)).await
    }

    /// A value, for a person to see. Always asked, always recorded.
    ///
    /// # Errors
    /// When there is no such secret or version, or no person confirms it.
    pub async fn reveal(&self, caller: &Caller, key: Key, version: Option<u32>) -> Result<Value, VaultError> {
        // Nobody is asked about a secret that is not there.
        check_reach(caller, &key)?;
        let contents = self.look_as(caller).await?;
        value_of(&contents, &key, version)?;
        let permit = self.gate.admit(caller, GetSecret { key, version, program: "keep".into() }).await?;
        let act = permit.observe().await?;
        let contents = self.look(caller).await?;
        value_of(&contents, &act.key, act.version)
    }

    /// Values for a run. A variable of the same name in the environment takes precedence, as people
    /// expect. Each use leaves its record, with the program that gets the values.
    ///
    /// # Errors
    /// When one of them does not exist or has expired, or the gate refuses; then none is handed out.
    pub async fn take(
        &self,
        caller: &Caller,
        names: &[SecretName],
        profile: &Name,
        environment: &BTreeMap<String, String>,
        program: &str,
    ) -> Result<Vec<Taken>, VaultError> {
        let (given, wanted): (Vec<_>, Vec<_>) =
            names.iter().partition(|name| environment.contains_key(name.as_str()));
        let mut taken = Vec::with_capacity(names.len());
        for name in given {
            let key = Key { name: name.clone(), namespace: caller.home.clone(), profile: profile.clone() };
            let value = Value::new(environment[name.as_str()].clone().into_bytes());
            taken.push(Taken { key, value, from: TakenFrom::Environment });
        }
        if wanted.is_empty() {
            return Ok(taken);
        }
        let contents = self.look(caller).await?;
        let keys: Vec<_> = wanted
            .into_iter()
            .map(|name| resolve(&contents, caller, name, profile, None))
            .collect::<Result<_, _>>()?;
        let act = UseSecrets { keys, home: caller.home.clone(), program: program.to_owned() };
        let permit = self.gate.admit(caller, act).await?;
        let keys = permit.perform(|_, act| Ok::<_, VaultError>(act.keys.clone())).await?;
        let (contents, now) = (self.look(caller).await?, self.now());
        for key in keys {
            let secret = contents.find(&key).ok_or_else(|| VaultError::no_such(&key))?;
            if let (true, Some(at)) = (secret.expired(now), secret.expires) {
                return Err(VaultError::Expired { key: Box::new(key), at });
            }
            let value = value_of(&contents, &key, None)?;
            taken.push(Taken { key, value, from: TakenFrom::Vault });
        }
        Ok(taken)
    }

    /// The secret that a name means for this caller: the nearest of its session, its project and the
    /// global ones, or the one in the namespace that was named.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(
        &self,
        caller: &Caller,
        name: &SecretName,
        profile: &Name,
        namespace: Option<&Namespace>,
    ) -> Result<Key, VaultError> {
        let contents = self.look_as(caller).await?;
        resolve(&contents, caller, name, profile, namespace)
    }
}

fn resolve(
    contents: &Contents,
    caller: &Caller,
    name: &SecretName,
    profile: &Name,
    namespace: Option<&Namespace>,
) -> Result<Key, VaultError> {
    let places = namespace.map_or_else(|| caller.home.visible(), |only| vec![only.clone()]);
    let key = |namespace: &Namespace| Key {
        name: name.clone(),
        namespace: namespace.clone(),
        profile: profile.clone(),
    };
    places
        .iter()
        .filter(|place| caller.may_read(place))
        .map(key)
        .find(|key| contents.find(key).is_some())
        .ok_or_else(|| VaultError::no_such(&key(namespace.unwrap_or(&caller.home))))
}

fn value_of(contents: &Contents, key: &Key, version: Option<u32>) -> Result<Value, VaultError> {
    let secret: &Secret = contents.find(key).ok_or_else(|| VaultError::no_such(key))?;
    let found = match version {
        None => secret.current(),
        Some(number) => secret.versions.iter().find(|version| version.number == number),
    };
    found.map(|version| version.value.clone()).ok_or_else(|| VaultError::NoSuchVersion {
        key: Box::new(key.clone()),
        version: version.unwrap_or_default(),
        kept: secret.versions.len(),
    })
}

pub(crate) fn check_given(value: &Value, short: Short) -> Result<(), VaultError> {
    match value.reveal().len() {
        0 => Err(VaultError::EmptyValue),
        n if n < keep_redact::MIN_BYTES && short == Short::Refuse => Err(VaultError::ShortValue),
        _ => Ok(()),
    }
}

fn check_terms(terms: &Terms) -> Result<(), VaultError> {
    match terms.rotate_every {
        Some(Some(given)) if !(SHORTEST_PERIOD..=LONGEST_PERIOD).contains(&given) => {
            Err(VaultError::BadSpan { given, least: SHORTEST_PERIOD, most: LONGEST_PERIOD })
        }
        _ => Ok(()),
    }
}
