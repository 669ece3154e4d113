//! Tools that speak to a service of the user's own: what their verbs do to it.

use super::Act;
use super::apply::Used;
use crate::effect::{Effect, Kind, Place, Traffic};
use crate::path::locate;
use crate::word::Sort;

/// Verbs that answer with what a service says of its things, and leave nothing behind here or there.
const ASKING: &[&str] = &[
    "about",
    "can",
    "cat",
    "check",
    "current",
    "describe",
    "diagnostic",
    "diff",
    "events",
    "explain",
    "get",
    "head",
    "help",
    "history",
    "info",
    "inspect",
    "list",
    "log",
    "logs",
    "lookup",
    "ls",
    "ps",
    "read",
    "report",
    "search",
    "show",
    "size",
    "snapshots",
    "stat",
    "status",
    "tail",
    "top",
    "validate",
    "version",
    "view",
    "watch",
    "who",
    "whoami",
];

/// Verbs that ask, too, but bring something here, print what should not be seen, or run what the
/// workspace says on the way.
const FETCHING: &[&str] = &[
    "cluster", "download", "dump", "estimate", "export", "fetch", "find", "plan", "preview", "print",
    "query", "scan", "test",
];

/// Verbs that change what a service keeps.
const CHANGING: &[&str] = &[
    "add",
    "annotate",
    "apply",
    "archive",
    "attach",
    "cancel",
    "clear",
    "close",
    "copy",
    "cordon",
    "cp",
    "create",
    "delete",
    "deploy",
    "destroy",
    "detach",
    "disable",
    "down",
    "drain",
    "drop",
    "edit",
    "enable",
    "exec",
    "execute",
    "forget",
    "grant",
    "import",
    "invoke",
    "label",
    "login",
    "logout",
    "merge",
    "modify",
    "move",
    "mv",
    "patch",
    "promote",
    "prune",
    "publish",
    "purge",
    "put",
    "reboot",
    "register",
    "release",
    "remove",
    "replace",
    "reset",
    "restart",
    "restore",
    "revoke",
    "rm",
    "rollback",
    "rollout",
    "rotate",
    "run",
    "scale",
    "send",
    "set",
    "start",
    "stop",
    "subscribe",
    "sync",
    "tag",
    "taint",
    "terminate",
    "truncate",
    "unregister",
    "unsubscribe",
    "untag",
    "up",
    "update",
    "upload",
];

/// Pieces of an operation's name that hand out a key to something.
const KEYS: &[&str] = &[
    "access-token",
    "authorization-token",
    "get-credentials",
    "login-password",
    "print-access",
    "secret-value",
    "session-token",
];

/// Pieces of a word that say an answer may hold more than names, or be written to a file.
const MORE_THAN_NAMES: &[&str] = &[
    "connection",
    "credential",
    "export",
    "key",
    "kubeconfig",
    "kv",
    "media",
    "object",
    "output",
    "parameter",
    "password",
    "sdk",
    "secret",
    "token",
    "userdata",
    "values",
    "var",
];

/// Pieces of the name of one of `aws`'s flags that say whom to ask, whom to believe or what to read. The
/// others are parameters of an operation.
const STEERING: &[&str] =
    &["addr", "bundle", "cert", "config", "endpoint", "file", "json", "proxy", "url", "verify", "yaml"];

/// Flags of the other tools that choose among what a service says, or how it is shown.
const CHOOSING: &[&str] = &[
    "-A",
    "-L",
    "-a",
    "-f",
    "-h",
    "-l",
    "-n",
    "-o",
    "-q",
    "-v",
    "-w",
    "--all",
    "--all-namespaces",
    "--assignee",
    "--author",
    "--branch",
    "--comments",
    "--context",
    "--follow",
    "--format",
    "--help",
    "--json",
    "--label",
    "--limit",
    "--log",
    "--log-failed",
    "--max-results",
    "--namespace",
    "--no-headers",
    "--output",
    "--page-size",
    "--profile",
    "--project",
    "--query",
    "--quiet",
    "--region",
    "--search",
    "--selector",
    "--show-labels",
    "--since",
    "--sort-by",
    "--stat",
    "--state",
    "--status",
    "--tail",
    "--verbose",
    "--version",
    "--watch",
    "--web",
];

impl Act<'_, '_> {
    /// Whether the verbs among the words ask or change.
    pub(super) fn verbs(&mut self, used: &Used) {
        let words: Vec<String> =
            used.operands.iter().take(4).map(|word| word.text.to_ascii_lowercase()).collect();
        if words.iter().any(|word| KEYS.iter().any(|part| word.contains(part))) {
            self.effects.push(Effect::Act { kind: Kind::Credential });
        }
        let mut found = words.iter().filter_map(|word| traffic_of(word).map(|traffic| (word, traffic)));
        let first = found.next();
        // `restore`, `release` and `run` are things too, when a verb follows.
        let traffic = match first {
            Some((word, _)) if matches!(word.as_str(), "restore" | "release" | "run") => {
                words.get(1).and_then(|word| traffic_of(word))
            }
            _ => None,
        };
        let traffic = traffic.or(first.map(|(_, traffic)| traffic)).unwrap_or(Traffic::Change);
        // Names of secrets are no secrets, where listing them is all that is asked.
        let lists = |word: &str| {
            matches!(verb_of(word), "list" | "ls" | "whoami" | "status" | "version" | "help" | "lookup")
        };
        let mut verbs = words.iter().filter(|word| traffic_of(word).is_some()).peekable();
        let keys = words.iter().any(|word| ["key", "connection"].iter().any(|part| word.contains(part)));
        let names_only = verbs.peek().is_some() && verbs.all(|word| lists(word)) && !keys;
        if names_only && traffic <= Traffic::Fetch && self.shows_plainly() {
            self.effects.retain(|effect| !matches!(effect, Effect::Act { kind: Kind::Credential }));
        }
        let only_asks =
            traffic == Traffic::Query && (names_only || says_names(&words)) && self.steers_nowhere();
        let traffic = if traffic == Traffic::Query && !only_asks { Traffic::Fetch } else { traffic };
        self.effects.push(Effect::Network { traffic, host: None });
    }

    /// Whether no flag shows more than is shown usually.
    fn shows_plainly(&self) -> bool {
        !self.argv.iter().any(|word| word.text.starts_with("--show") || matches!(&*word.text, "--raw" | "-t"))
    }

    /// Whether every word is known, and neither a word nor a variable set here says whom to ask, what to
    /// run, or a place outside the workspace: then it is the service that the user's own settings name
    /// that answers.
    fn steers_nowhere(&self) -> bool {
        // `VAULT_ADDR` and its like are spelled so; a loop's variable is not.
        if self.shell.variables.keys().any(|name| name.contains(|c: char| c.is_ascii_uppercase())) {
            return false;
        }
        let aws = self.argv.first().is_some_and(|word| word.text.ends_with("aws"));
        self.argv.iter().skip(1).all(|word| {
            let text = word.text.as_str();
            let (name, value) = match text.split_once('=') {
                Some((name, value)) if text.starts_with('-') => (name, value),
                _ if text.starts_with('-') => (text, ""),
                _ => ("", text),
            };
            let chooses = name.is_empty() || if aws { !steers(name) } else { CHOOSING.contains(&name) };
            word.sort == Sort::Known && chooses && !names_a_host(value) && self.stays(value, word)
        })
    }

    /// Whether a word, were it a path, lies where nothing hangs on it.
    fn stays(&self, value: &str, word: &crate::word::Word) -> bool {
        let word = super::apply::part_of(word, value);
        locate(&word, &self.shell.folders, self.shell.context).iter().all(|(_, place)| {
            matches!(
                place,
                Place::Stream | Place::Workspace | Place::WorkspaceRoot | Place::Output | Place::Temporary
            )
        })
    }
}

/// Whether an operation such as `get-queue-attributes` answers with nothing but names and settings.
fn says_names(words: &[String]) -> bool {
    let mut verbs = words.iter().filter(|word| traffic_of(word).is_some()).peekable();
    let lists = |word: &String| matches!(verb_of(word), "list" | "describe" | "head");
    let keys =
        words.iter().any(|word| matches!(word.as_str(), "key" | "keys") || word.contains("connection"));
    verbs.peek().is_some() && verbs.all(lists) && !keys
        || !words.iter().any(|word| MORE_THAN_NAMES.iter().any(|part| word.contains(part)))
}

/// The first piece of `list-queues`.
fn verb_of(word: &str) -> &str {
    word.split(['-', '_', ':', '.', '/']).next().unwrap_or_default()
}

/// Whether one of `aws`'s flags steers it, also where it is cut short.
fn steers(flag: &str) -> bool {
    let name = flag.trim_start_matches('-');
    let cut_short = ["endpoint-url", "ca-bundle", "cli-input-json", "no-verify-ssl"];
    !flag.starts_with("--")
        || cut_short.iter().any(|whole| whole.starts_with(name))
        || name != "profile" && STEERING.iter().any(|part| name.contains(part))
}

/// `https://host`, `host:port`, `user@host`, `remote,option=`, `host.example/path`; not a name of Amazon's.
fn names_a_host(value: &str) -> bool {
    if value.starts_with("arn:") {
        return false;
    }
    let first = value.split('/').next().unwrap_or_default();
    value.contains([':', '@'])
        || value.contains(char::is_whitespace)
        || value.contains(',') && value.contains('=')
        || value.split_once('=').is_some_and(|(name, _)| name.contains('.'))
        || value.contains('/') && first.contains('.')
}

fn traffic_of(word: &str) -> Option<Traffic> {
    let verb = verb_of(word);
    let is_among = |verbs: &[&str]| verbs.contains(&verb);
    if is_among(ASKING) {
        Some(Traffic::Query)
    } else if is_among(FETCHING) && word != "cluster" {
        Some(Traffic::Fetch)
    } else if is_among(CHANGING) {
        Some(Traffic::Change)
    } else {
        None
    }
}
