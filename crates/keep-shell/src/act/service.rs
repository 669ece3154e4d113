//! Tools that speak to a service of the user's own: what their verbs do to it.

use super::Act;
use super::apply::Used;
use crate::effect::{Effect, Kind, Place, Traffic};
use crate::path::locate;
use crate::word::Sort;

/// Verbs that answer with what a service says of its things, and leave nothing behind here or there.
const ASKING: &[&str] = &[
    "about",
    "audit",
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
    "credential",
    "export",
    "kubeconfig",
    "media",
    "object",
    "output",
    "parameter",
    "password",
    "sdk",
    "secret",
    "token",
];

/// Pieces of a flag's name that say whom to ask, whom to believe, what to run or where to write.
const STEERING: &[&str] = &[
    "addr", "broker", "cert", "cmd", "command", "config", "connect", "dest", "dir", "endpoint", "exec",
    "file", "gateway", "hook", "host", "insecure", "plugin", "proxy", "registry", "render", "save", "server",
    "socket", "uri", "url", "verify", "write",
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
        // Names of secrets are no secrets.
        let names_only = words.iter().any(|word| {
            matches!(word.as_str(), "list" | "ls" | "whoami" | "status" | "version" | "help" | "lookup")
        });
        if names_only && traffic <= Traffic::Fetch {
            self.effects.retain(|effect| !matches!(effect, Effect::Act { kind: Kind::Credential }));
        }
        let only_asks =
            traffic == Traffic::Query && (names_only || says_names(&words)) && self.steers_nowhere();
        let traffic = if traffic == Traffic::Query && !only_asks { Traffic::Fetch } else { traffic };
        self.effects.push(Effect::Network { traffic, host: None });
    }

    /// Whether every word is known, and neither a word nor a variable set here says whom to ask, what to
    /// run, or a place outside the workspace: then it is the service that the user's own settings name
    /// that answers.
    fn steers_nowhere(&self) -> bool {
        // `VAULT_ADDR` and its like are spelled so; a loop's variable is not.
        if self.shell.variables.keys().any(|name| name.contains(|c: char| c.is_ascii_uppercase())) {
            return false;
        }
        self.argv.iter().skip(1).all(|word| {
            let (name, value) = match word.text.split_once('=') {
                Some((name, value)) if name.starts_with('-') => (name, value),
                _ if word.text.starts_with('-') => (&*word.text, ""),
                _ => ("", &*word.text),
            };
            word.sort == Sort::Known && !steers(name) && !value.contains("://") && self.stays(value, word)
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
    words.iter().any(|word| matches!(verb_of(word), "list" | "describe" | "head"))
        || !words.iter().any(|word| MORE_THAN_NAMES.iter().any(|part| word.contains(part)))
}

/// The first piece of `list-queues`.
fn verb_of(word: &str) -> &str {
    word.split(['-', '_', ':', '.', '/']).next().unwrap_or_default()
}

fn steers(flag: &str) -> bool {
    // `-s` and `-H` name the server in the tools that have no longer word for it.
    let name = flag.trim_start_matches('-');
    matches!(flag, "-s" | "-H") || name != "profile" && STEERING.iter().any(|part| name.contains(part))
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
