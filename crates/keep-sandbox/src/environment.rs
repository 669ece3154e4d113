//! Which variables a confined command gets.

use crate::confine::inside::PROXY_ADDRESS;
use crate::egress::HostList;
use crate::profile::Environment;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Parts of names that say that the value is a secret. `KEY` alone would strike `KEYBOARD` and
/// `XKB_…`, so it has to be a word.
const SECRET_PARTS: &[&str] = &["SECRET", "TOKEN", "PASSW", "PASSPHRASE", "CREDENTIAL", "APIKEY", "PRIVATE"];
const SECRET_WORDS: &[&str] =
    &["KEY", "KEYS", "PAT", "PWD", "PASS", "AUTH", "DSN", "SALT", "COOKIE", "SESSION"];
/// Words that look like those and hold no secret, or that nothing works without.
const HARMLESS: &[&str] = &["PWD", "OLDPWD", "XDG_SESSION_TYPE"];

/// Variables that make the loader or an interpreter run code of the caller's choice before the command, or
/// that lead around the confinement's own. They pass only by being set.
const STEERING: &[&str] =
    &["LD_", "GCONV_PATH", "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "GLIBC_TUNABLES"];

/// Whether a name looks like that of a secret.
#[must_use]
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    if HARMLESS.contains(&name.as_str()) {
        return false;
    }
    SECRET_PARTS.iter().any(|part| name.contains(part))
        || name.split(['_', '-', '.']).any(|word| SECRET_WORDS.contains(&word))
}

fn steers(name: &str) -> bool {
    STEERING.iter().any(|known| match known.strip_suffix('_') {
        Some(_) => name.starts_with(known),
        None => name == *known,
    })
}

fn passes(rules: &Environment, name: &str) -> bool {
    let named = |pattern: &String| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    };
    if rules.secret.iter().any(|known| known == name) {
        return true;
    }
    rules.pass.iter().any(named) && !looks_secret(name) && !steers(name)
}

/// The variables that pass, those that are set last. A name that is not text never passes.
pub(crate) fn filter(rules: &Environment, given: &[(OsString, OsString)]) -> Vec<(OsString, OsString)> {
    let is_set = |name: &OsStr| rules.set.iter().any(|(set, _)| set.as_bytes() == name.as_bytes());
    let passing = given.iter().filter(|(name, _)| {
        name.to_str().is_some_and(|text| !text.contains('=') && passes(rules, text)) && !is_set(name)
    });
    let set = rules.set.iter().map(|(name, value)| (name.into(), value.into()));
    passing.cloned().chain(set).collect()
}

/// Sets one variable, whatever it was.
pub(crate) fn set(variables: &mut Vec<(OsString, OsString)>, name: &str, value: &str) {
    variables.retain(|(known, _)| known != name);
    variables.push((name.into(), value.into()));
}

/// Tells a command where its proxy is, in the words that programs look for. Programs reach `localhost`
/// directly, which is the sandbox itself, unless the list names this machine: then that is what is meant by
/// `localhost`, and the proxy leads there.
pub(crate) fn add_proxy(variables: &mut Vec<(OsString, OsString)>, hosts: &HostList) {
    const NAMES: [&str; 6] =
        ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
    const DIRECT: [&str; 2] = ["no_proxy", "NO_PROXY"];
    let proxy = format!("http://{PROXY_ADDRESS}");
    for name in NAMES {
        set(variables, name, &proxy);
    }
    let direct = if hosts.names_this_machine() { "" } else { "localhost,127.0.0.1,::1" };
    for name in DIRECT {
        set(variables, name, direct);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known() {
        for secret in [
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "OPENAI_API_KEY",
            "DB_PASSWORD",
            "PGPASSWORD",
            "MY_PASSPHRASE",
            "GH_PAT",
            "api_key",
            "SENTRY_DSN",
            "SSH_PRIVATE",
            "NPM_AUTH",
            "SSH_AUTH_SOCK",
        ] {
            assert!(looks_secret(secret), "{secret}");
        }
        for harmless in
            ["PATH", "HOME", "KEYBOARD", "PWD", "LANG", "TERM", "MONKEY", "CARGO_HOME", "COLORTERM"]
        {
            assert!(!looks_secret(harmless), "{harmless}");
        }
    }

    #[test]
    fn only_what_is_named_passes() {
        let rules = Environment {
            pass: vec!["PATH".into(), "LC_*".into(), "*".into()],
            secret: vec!["DEPLOY_TOKEN".into()],
            set: vec![("HOME".into(), "/inside".into())],
        };
        let given = ["PATH", "LC_ALL", "GITHUB_TOKEN", "DEPLOY_TOKEN", "HOME", "LD_PRELOAD", "BASH_ENV"]
            .map(|name| (name.into(), name.to_lowercase().into()));
        let names: Vec<_> =
            filter(&rules, &given).into_iter().map(|(name, value)| format!("{name:?}={value:?}")).collect();
        let expected = [
            r#""PATH"="path""#,
            r#""LC_ALL"="lc_all""#,
            r#""DEPLOY_TOKEN"="deploy_token""#,
            r#""HOME"="/inside""#,
        ];
        assert_eq!(names, expected);
        assert!(filter(&Environment::default(), &given).is_empty());
    }
}
