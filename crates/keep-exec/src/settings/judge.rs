//! Which changes are harmless.

use super::parse::{Entry, entries};
use std::collections::BTreeSet;

/// What was changed, by name, when all of it may be taken over; otherwise why not. Nothing for no change.
///
/// Harmless is what makes no git run a program, read other settings, or talk to another place than the person
/// chose: a new remote is one that they have to name, and a branch may follow only a remote that was there.
pub(crate) fn changes(before: &[u8], after: &[u8]) -> Result<Vec<String>, String> {
    let (before, after) = (entries(before)?, entries(after)?);
    let parts_of = |section: &str| -> BTreeSet<&str> {
        before.iter().filter(|one| one.section == section).filter_map(|one| one.part.as_deref()).collect()
    };
    let (remotes, submodules) = (parts_of("remote"), parts_of("submodule"));
    let is_new = |one: &Entry| match (one.section.as_str(), one.part.as_deref()) {
        ("remote", Some(part)) => !remotes.contains(part),
        ("submodule", Some(part)) => !submodules.contains(part),
        _ => false,
    };
    let is_free = |one: &&Entry| is_loose(one) || is_new(one);
    let kept = |all: &[Entry]| all.iter().filter(|one| !is_free(one)).cloned().collect::<Vec<_>>();
    let (held, found) = (kept(&before), kept(&after));
    if held != found {
        return Err(match found.iter().find(|one| !held.contains(one)) {
            Some(one) => format!("`{}` is not for a run to set", one.name()),
            None => "a run may not take settings away, or put them in another order".to_owned(),
        });
    }
    let fresh: Vec<&Entry> = after.iter().filter(is_free).filter(|one| !before.contains(one)).collect();
    if let Some(one) = fresh.iter().find(|one| !is_harmless(one, &remotes)) {
        let value = one.value.as_deref().unwrap_or_default();
        return Err(format!("`{}` may not be set to `{}` by a run", one.name(), value.escape_debug()));
    }
    let gone = before.iter().filter(is_free).filter(|one| !after.contains(one));
    let names: BTreeSet<String> = fresh.into_iter().chain(gone).map(Entry::name).collect();
    Ok(names.into_iter().collect())
}

/// Settings whose order among the others does not matter, and that a run may set anew or take away.
fn is_loose(one: &Entry) -> bool {
    matches!(
        (one.section.as_str(), one.part.is_some(), one.key.as_str()),
        ("branch", true, "remote" | "merge" | "rebase")
            | ("user", false, "name" | "email")
            | ("pull", false, "rebase" | "ff")
            | ("push", false, "autosetupremote")
    )
}

fn is_harmless(one: &Entry, remotes: &BTreeSet<&str>) -> bool {
    let Some(value) = one.value.as_deref() else { return false };
    match (one.section.as_str(), one.part.as_deref(), one.key.as_str()) {
        ("branch", Some(part), key) => {
            is_branch(part)
                && match key {
                    "remote" => value == "." || remotes.contains(value),
                    "merge" => value.strip_prefix("refs/heads/").is_some_and(is_branch),
                    _ => is_switch(value) || value == "merges",
                }
        }
        ("remote", Some(part), "url") => is_name(part) && is_ordinary(value),
        // As `git remote add` writes it, for all branches or for one.
        ("remote", Some(part), "fetch") => {
            let of = value.strip_prefix("+refs/heads/").and_then(|rest| rest.split_once(":refs/remotes/"));
            is_name(part)
                && of.is_some_and(|(branch, to)| {
                    (branch == "*" || is_branch(branch))
                        && to.strip_prefix(part) == Some(&format!("/{branch}"))
                })
        }
        ("submodule", Some(part), "url") => is_branch(part) && is_ordinary(value),
        ("submodule", Some(part), "active") => is_branch(part) && is_switch(value),
        ("user", None, _) => {
            !value.starts_with('-')
                && value
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '.' | '@' | '-' | '_' | '+'))
        }
        ("pull", None, "ff") => is_switch(value) || value == "only",
        ("pull" | "push", None, _) => is_switch(value),
        _ => false,
    }
}

fn is_switch(value: &str) -> bool {
    matches!(value, "true" | "false")
}

/// The name of a remote.
fn is_name(text: &str) -> bool {
    is_branch(text) && !text.contains('/')
}

/// A name with plain letters that leads nowhere.
fn is_branch(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['-', '/', '.'])
        && !text.contains("..")
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '+'))
}

/// A place that git reaches by itself, without a helper that the place names and without a word that another
/// program takes for an option.
fn is_ordinary(url: &str) -> bool {
    let plain =
        url.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '`' | '$' | '|' | '<' | '>' | '"' | '\''));
    if !plain || url.is_empty() || url.starts_with('-') || url.contains("::") || url.contains("@-") {
        return false;
    }
    match url.split_once("://") {
        Some((scheme, rest)) => {
            matches!(scheme, "https" | "http" | "ssh" | "git" | "file") && !rest.starts_with('-')
        }
        // A path, or `user@host:path`.
        None => url.split_once(':').is_none_or(|(host, _)| host.contains('/') || is_host(host)),
    }
}

fn is_host(text: &str) -> bool {
    !text.starts_with('-')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@'))
}

#[cfg(test)]
mod tests {
    use super::changes;

    const BEFORE: &str = "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = https://example.org/x\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n[branch \"main\"]\n\tremote = origin\n\tmerge = refs/heads/main\n";

    fn with(more: &str) -> Result<Vec<String>, String> {
        changes(BEFORE.as_bytes(), format!("{BEFORE}{more}").as_bytes())
    }

    #[test]
    fn ordinary_work_is_taken_over() {
        assert_eq!(with(""), Ok(vec![]));
        assert_eq!(
            with(
                "[remote \"mirror\"]\n\turl = ./upstream.git\n\tfetch = +refs/heads/*:refs/remotes/mirror/*\n"
            ),
            Ok(vec!["remote.mirror.fetch".into(), "remote.mirror.url".into()])
        );
        assert_eq!(
            with("[branch \"feature/a\"]\n\tremote = origin\n\tmerge = refs/heads/feature/a\n")
                .map(|all| all.len()),
            Ok(2)
        );
        assert!(with("[user]\n\tname = Ann O. Nym\n\temail = ann@example.org\n").is_ok());
        assert!(with("[remote \"fork\"]\n\turl = git@example.org:ann/x.git\n").is_ok());
        // A branch that is gone takes its settings along.
        let gone = BEFORE.split("[branch").next().unwrap_or_default();
        assert_eq!(changes(BEFORE.as_bytes(), gone.as_bytes()).map(|all| all.len()), Ok(2));
    }

    #[test]
    fn whatever_could_run_something_or_lead_elsewhere_is_not() {
        for more in [
            "[core]\n\tfsmonitor = ./watch\n",
            "[core]\n\thooksPath = hooks\n",
            "[core]\n\tsshCommand = ./x\n",
            "[alias]\n\tst = !./x\n",
            "[include]\n\tpath = ../evil\n",
            "[includeIf \"gitdir:.\"]\n\tpath = evil\n",
            "[filter \"x\"]\n\tclean = ./x\n",
            "[diff \"x\"]\n\ttextconv = ./x\n",
            "[credential]\n\thelper = ./x\n",
            "[url \"ext::x\"]\n\tinsteadOf = https://\n",
            "[remote \"origin\"]\n\turl = https://evil.example/\n",
            "[remote \"origin\"]\n\tpushurl = https://evil.example/\n",
            "[remote \"new\"]\n\turl = ext::sh -c x\n",
            "[remote \"new\"]\n\turl = ext::x\n",
            "[remote \"new\"]\n\turl = --upload-pack=./x\n",
            "[remote \"new\"]\n\turl = ssh://-oProxyCommand=x/y\n",
            "[remote \"new\"]\n\turl = -oProxyCommand=x:y\n",
            "[remote \"new\"]\n\tvcs = x\n",
            "[remote \"new\"]\n\tuploadpack = ./x\n",
            "[remote \"new\"]\n\treceivepack = ./x\n",
            "[remote \"new\"]\n\tproxy = http://evil.example\n",
            "[remote \"new\"]\n\tfetch = +refs/heads/*:refs/heads/*\n",
            "[remote \"new\"]\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
            "[remote \"new\"]\n\turl = ./x\n[branch \"main\"]\n\tremote = new\n",
            "[branch \"other\"]\n\tremote = ext::x\n",
            "[branch \"other\"]\n\tremote = ./x\n",
            "[branch \"other\"]\n\tpushRemote = new\n",
            "[remote]\n\tpushDefault = new\n",
            "[submodule \"x\"]\n\tupdate = !./x\n",
            "[submodule \"x\"]\n\turl = -x\n",
            "[user]\n\temail = $(./x)\n",
            "[user]\n\tsigningkey = x\n",
            "[gpg]\n\tprogram = ./x\n",
            "[core] fsmonitor = ./watch\n",
            "[pull]\n\trebase = x\n",
            "[branch \"other\"]\n\tremote\n",
        ] {
            assert!(with(more).is_err(), "{more}");
        }
        let moved = BEFORE.replace("https://example.org/x", "https://evil.example/x");
        assert!(changes(BEFORE.as_bytes(), moved.as_bytes()).is_err());
        assert!(changes(BEFORE.as_bytes(), b"").is_err());
        // Turned round, what comes last would be another.
        let (one, other) = ("[core]\n\tx = 1\n\tx = 2\n", "[core]\n\tx = 2\n\tx = 1\n");
        assert!(changes(one.as_bytes(), other.as_bytes()).is_err());
    }
}
