//! The file of rules that a person saves while answering.

use crate::app::rule_sources;
use crate::config::Surroundings;
use crate::error::AppError;
use crate::shell::{Judging, judge};
use crate::shell_ask::CheckCommand;
use keep_gate::{Covered, RuleBook, RuleDraft};
use keep_policy::{Decision, Layer, Policy, Source};
use keep_types::{Installation, chain};
use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// What the file starts with; whatever a person writes into it later stays as it is.
const HEAD: &str = "# Rules that were saved while answering. Edit them as you like: nothing here is written but new\n\
     # rules at the end.\nformat = 1\n";
/// Hosts that are named when it is said what a rule covers; the rule itself names them all.
const SHOWN_HOSTS: usize = 8;

/// `rules/commands.toml` of the person whose installation it is.
pub(crate) struct UserRules {
    at: Installation,
    around: Surroundings,
}

impl UserRules {
    pub(crate) fn new(at: &Installation, around: &Surroundings) -> Self {
        Self { at: at.clone(), around: around.clone() }
    }

    fn folder(&self) -> PathBuf {
        self.at.config.join("rules")
    }

    /// The draft, and the whole file as it would be with it.
    fn prepare(&self, rule: &str, covered: &Covered<'_>) -> Result<(RuleDraft, String), String> {
        let said = |error: &AppError| chain(error).join(": ");
        let command = CheckCommand::read(covered.detail)
            .ok_or_else(|| "only a rule about a command can be saved".to_owned())?;
        let file = self.folder().join("commands.toml");
        let before = read(&file)?;
        let text = own_names(&only_allows(rule, &command.command)?, &before)?;
        let whole = joined(&before, &text);
        let policy = self.policy_with(&file, &whole, &command.cwd).map_err(|e| said(&e))?;
        let judging = Judging {
            around: &self.around,
            cwd: &command.cwd,
            principal: covered.principal,
            namespace: covered.namespace,
            profile: command.profile,
        };
        let judged = judge(&policy, &judging, &command.command).map_err(|e| said(&e))?;
        match judged.ruling.decision {
            Decision::Allow => Ok((RuleDraft { file, text }, whole)),
            Decision::Ask => Err(format!("it would still be asked about: {}", judged.ruling.reason)),
            Decision::Deny => Err(format!("it would still be denied: {}", judged.ruling.reason)),
        }
    }

    /// All rules as they would be in the folder where the command runs, with this text in the file.
    fn policy_with(&self, file: &Path, text: &str, cwd: &Path) -> Result<Policy, AppError> {
        let project = crate::find_root(cwd).map(|root| crate::trust::walk(&root)).transpose();
        let project = project.map_err(AppError::Trust)?;
        let mut sources = rule_sources(&self.at, &self.around, project.as_ref())?;
        let name = file.display().to_string();
        sources.retain(|source| source.layer != Layer::User || source.name != name);
        sources.push(Source { layer: Layer::User, name, text: text.to_owned() });
        Ok(Policy::load(sources)?)
    }
}

impl RuleBook for UserRules {
    fn draft(&self, rule: &str, covered: &Covered<'_>) -> Result<RuleDraft, String> {
        Ok(self.prepare(rule, covered)?.0)
    }

    fn save(&self, draft: &RuleDraft, covered: &Covered<'_>) -> Result<(), String> {
        let said = |error: keep_db::DbError| chain(&error).join(": ");
        keep_db::create_private_folder(&self.folder()).map_err(said)?;
        // A link, as managers of dotfiles make, stays one: its target is what changes.
        let target = draft.file.canonicalize().unwrap_or_else(|_| draft.file.clone());
        let folder = target.parent().unwrap_or(Path::new("/"));
        let lock = File::open(folder).map_err(|e| format!("opening {}: {e}", folder.display()))?;
        // Two answers at once would each write a file without the other's rule.
        flock(&lock, FlockOperation::LockExclusive)
            .map_err(|e| format!("locking {}: {e}", folder.display()))?;
        let (now, whole) = self.prepare(&draft.text, covered)?;
        if now != *draft {
            return Err("the rules changed while the question was open; answer it again".into());
        }
        keep_db::replace_file(&target, whole.as_bytes()).map_err(said)
    }
}

/// The file's text; a file that is not there has none.
fn read(file: &Path) -> Result<String, String> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(format!("reading {}: {error}", file.display())),
    }
}

/// The new rules below everything that stands there, none of which changes.
fn joined(before: &str, text: &str) -> String {
    let before = if before.trim().is_empty() { HEAD } else { before };
    format!("{}\n\n{}\n", before.trim_end_matches('\n'), text)
}

/// The rule, if it is what it was offered as: rules that allow, each with the exact command as its example.
fn only_allows(rule: &str, command: &str) -> Result<DocumentMut, String> {
    let document: DocumentMut = rule.parse().map_err(|e| format!("the rule cannot be read: {e}"))?;
    let is_fit = |table: &Table| {
        let allows = table.get("decision").and_then(Item::as_str) == Some("allow");
        let shown = table.get("match").and_then(Item::as_array);
        allows && shown.is_some_and(|list| list.iter().any(|text| text.as_str() == Some(command)))
    };
    let rules = document.get("command").and_then(Item::as_array_of_tables);
    match rules {
        Some(rules) if document.len() == 1 && rules.iter().all(is_fit) => Ok(document),
        _ => Err("the rule is not one for this very command".into()),
    }
}

/// The rules under names that nothing in the file has yet: a name stands for one rule.
fn own_names(rules: &DocumentMut, before: &str) -> Result<String, String> {
    let there: DocumentMut = before.parse().map_err(|e| format!("the rule file cannot be read: {e}"))?;
    let id_of = |table: &Table| table.get("id").and_then(Item::as_str).map(str::to_owned);
    let mut taken: BTreeSet<String> = ["rule", "command"]
        .iter()
        .filter_map(|kind| there.get(kind).and_then(Item::as_array_of_tables))
        .flat_map(|tables| tables.iter().filter_map(id_of).collect::<Vec<_>>())
        .collect();
    let mut rules = rules.clone();
    let tables = rules.get_mut("command").and_then(Item::as_array_of_tables_mut);
    for table in tables.into_iter().flat_map(ArrayOfTables::iter_mut) {
        let wanted = id_of(table).unwrap_or_else(|| "command".to_owned());
        let free = (1..)
            .map(|n: u32| if n == 1 { wanted.clone() } else { format!("{wanted}-{n}") })
            .find(|name| !taken.contains(name))
            .unwrap_or(wanted);
        table.insert("id", value(&free));
        taken.insert(free);
    }
    Ok(rules.to_string().trim_end().to_owned())
}

/// What a rule lets happen beside the command that it was made for, in words for a person.
pub(crate) fn covers(rule: &str) -> String {
    let Ok(document) = rule.parse::<DocumentMut>() else { return String::new() };
    let tables = document.get("command").and_then(Item::as_array_of_tables);
    let each: Vec<String> = tables.into_iter().flat_map(ArrayOfTables::iter).map(one_covers).collect();
    format!(
        "it lets everybody run, in every folder and unasked: {}. What is critical, unreadable or unknown is \
         still asked about, and a denial still wins",
        each.join("; ")
    )
}

fn one_covers(table: &Table) -> String {
    let texts = |item: Option<&Item>| -> Vec<String> {
        let list = item.and_then(Item::as_array).into_iter().flatten();
        list.map(|value| match value.as_array() {
            // One place of the prefix, with the words that will do there.
            Some(words) => words.iter().filter_map(|word| word.as_str()).collect::<Vec<_>>().join("|"),
            None => value.as_str().unwrap_or_default().to_owned(),
        })
        .collect()
    };
    let risk = table.get("max_risk").and_then(Item::as_str).unwrap_or("high");
    let hosts = texts(table.get("hosts"));
    let to = match hosts.as_slice() {
        [] => String::new(),
        hosts if hosts.len() > SHOWN_HOSTS => format!(", to {} hosts alone", hosts.len()),
        hosts => format!(", to {} alone", hosts.join(", ")),
    };
    let words = texts(table.get("argv")).join(" ");
    let paths = texts(table.get("paths"));
    let changing = match paths.as_slice() {
        [] => String::new(),
        paths => format!(", changing {} alone", paths.join(", ")),
    };
    match table.get("exact").and_then(Item::as_bool) {
        Some(true) => format!("`{words}` to the letter, up to risk {risk}{to}{changing}"),
        _ => format!("`{words} …` up to risk {risk}{to}{changing}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{UserRules, covers, joined, only_allows, own_names};
    use crate::config::{Standing, Surroundings};
    use keep_gate::{Covered, RuleBook};
    use keep_types::{Installation, Namespace, Principal};
    use std::os::unix::fs::symlink;
    use std::path::Path;

    const RULE: &str = "[[command]]\nid = \"git-push\"\ndecision = \"allow\"\nargv = [[\"git\"], [\"push\"]]\nmax_risk = \"high\"\nhosts = [\"example.org\"]\nreason = \"approved by a person\"\nmatch = [\"git push x\"]\n";

    #[test]
    fn what_a_hand_wrote_stays_as_it_is() {
        let mine = "# mine\nformat = 1   # the format\n\n[[rule]]\nid='git-push' # odd, and mine\n";
        let rule = only_allows(RULE, "git push x").unwrap();
        let text = own_names(&rule, mine).unwrap();
        assert!(text.starts_with("[[command]]\nid = \"git-push-2\"\n"), "{text}");
        let whole = joined(mine, &text);
        assert!(whole.starts_with(mine.trim_end()), "{whole}");
        // Once more: the name is taken by now.
        assert!(own_names(&rule, &whole).unwrap().contains("\"git-push-3\""));
        assert!(joined("", &text).starts_with("# Rules that were saved"), "{}", joined("", &text));
    }

    #[test]
    fn a_rule_for_something_else_is_none() {
        assert!(only_allows(RULE, "git push y").is_err(), "another command");
        for (from, to) in [("\"allow\"", "\"deny\""), ("[[command]]", "format = 1\n[[command]]"), ("=", "")] {
            assert!(only_allows(&RULE.replacen(from, to, 1), "git push x").is_err(), "{to}");
        }
        assert!(only_allows("", "").is_err());
    }

    fn rules_in(folder: &Path) -> UserRules {
        let at = Installation {
            data: folder.join("data"),
            config: folder.join("config"),
            state: folder.join("state"),
        };
        let around = Surroundings {
            env: Default::default(),
            cwd: folder.to_owned(),
            home: None,
            flags: Vec::new(),
            standing: Standing::Person,
            system: folder.join("system/config.toml"),
        };
        UserRules::new(&at, &around)
    }

    #[test]
    fn what_is_saved_is_what_was_shown() {
        let folder = tempfile::tempdir().unwrap();
        let rules = rules_in(folder.path());
        let detail = serde_json::json!({
            "command": "git push x", "cwd": folder.path(), "profile": "workspace",
        });
        let covered = Covered {
            principal: &Principal::unknown_agent(),
            namespace: &Namespace::Global,
            detail: &detail,
        };
        let rule = RULE.replace("hosts = [\"example.org\"]\n", "");
        let draft = rules.draft(&rule, &covered).unwrap();
        // Another answer took the name while this question was open.
        keep_db::create_private_folder(draft.file.parent().unwrap()).unwrap();
        let other = draft.text.replace("push", "fetch");
        let target = folder.path().join("dotfiles.toml");
        std::fs::write(&target, format!("{}\n{}", other.replace("git-fetch", "git-push"), "# the end"))
            .unwrap();
        symlink(&target, &draft.file).unwrap();
        let refused = rules.save(&draft, &covered).unwrap_err();
        assert!(refused.contains("changed while"), "{refused}");
        let draft = rules.draft(&rule, &covered).unwrap();
        rules.save(&draft, &covered).unwrap();
        assert!(draft.file.symlink_metadata().unwrap().is_symlink(), "a link stays one");
        let text = std::fs::read_to_string(&target).unwrap();
        assert!(text.contains("# the end\n\n[[command]]\nid = \"git-push-2\"\n"), "{text}");
        // A rule that would not help is no draft, nor is one beside a file that does not load.
        assert!(rules.draft(&rule.replace("high", "low"), &covered).is_err(), "a lower risk");
        std::fs::write(&target, "format = 2\n").unwrap();
        assert!(rules.draft(&rule, &covered).is_err());
    }

    #[test]
    fn what_else_it_covers_is_said() {
        assert!(
            covers(RULE).starts_with(
                "it lets everybody run, in every folder and unasked: `git push …` up to risk high, to \
                 example.org alone."
            ),
            "{}",
            covers(RULE)
        );
    }
}
