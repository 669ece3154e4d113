//! Rules that change while a server runs. The folders of the machine and the person are looked at; what changed
//! there is read once it has settled, and takes effect whole or not at all. A project's own rules stay as they were
//! when it was opened: programs write where they lie.

use crate::app::{App, load_rules};
use keep_gate::InForce;
use keep_policy::{Policy, PolicyError};
use keep_types::chain;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What tells a file from the same one before: where it lies, its inode, its size and when it changed.
type Mark = (PathBuf, [i64; 7]);

/// Which of a mark's numbers is the size.
const SIZE: usize = 2;

/// The rule files as they lie there; folders that cannot be read have a mark of their own.
type Marks = Vec<Mark>;

/// Which rules are in force, and which were found since.
pub(crate) struct RuleWatch {
    folders: [PathBuf; 2],
    pub(crate) in_force: InForce,
    state: Mutex<State>,
}

/// Where rules lie, and what lay there before they were read: what changes in between is found at the first look.
pub(crate) struct Marked {
    folders: [PathBuf; 2],
    marks: Marks,
}

struct State {
    obeyed: Marks,
    /// Found at the look before, and maybe still being written.
    settling: Option<Marks>,
    /// Found and not fit to be in force.
    broken: Option<(Marks, String)>,
    /// Why nothing is allowed.
    closed: Option<Arc<PolicyError>>,
}

/// What a look at the rules found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RulesNews {
    /// Nothing that was not known.
    Nothing,
    /// Other rules are in force now: so many.
    InForce(usize),
    /// They changed and do not load, so those from before stay in force.
    Broken(String),
}

impl Marked {
    pub(crate) fn now(folders: [PathBuf; 2]) -> Self {
        Self { marks: marks(&folders), folders }
    }
}

impl RuleWatch {
    /// Rules that do not load close the gate.
    pub(crate) fn new(marked: Marked, rules: Result<Policy, PolicyError>) -> Self {
        let Marked { folders, marks } = marked;
        let (policy, closed) = match rules {
            Ok(policy) => (policy, None),
            Err(error) => (Policy::closed(&error), Some(Arc::new(error))),
        };
        let state = State { obeyed: marks, settling: None, broken: None, closed };
        Self { folders, in_force: policy.into(), state: Mutex::new(state) }
    }

    pub(crate) fn closed_because(&self) -> Option<Arc<PolicyError>> {
        self.state().closed.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Looks whether the rules of the machine and the person changed; those that did and load are in force from
    /// now on. Meant to be asked again and again: a change counts from the second look that finds it the same.
    pub fn look_at_rules(&self) -> RulesNews {
        // A project that could not be read closed the gate; its rules are part of the whole.
        if self.project_unreadable {
            return RulesNews::Nothing;
        }
        let mut state = self.rules.state();
        let found = marks(&self.rules.folders);
        if found == state.obeyed {
            (state.settling, state.broken) = (None, None);
            return RulesNews::Nothing;
        }
        if state.settling.as_ref() != Some(&found) {
            state.settling = Some(found);
            return RulesNews::Nothing;
        }
        if state.broken.as_ref().is_some_and(|(known, _)| *known == found) {
            return RulesNews::Nothing;
        }
        match self.changed_rules(&found) {
            Ok(policy) => {
                let rules = policy.rules().len();
                self.rules.in_force.go_by(policy);
                (state.obeyed, state.settling, state.broken, state.closed) = (found, None, None, None);
                RulesNews::InForce(rules)
            }
            Err(why) => {
                state.broken = Some((found, why.clone()));
                RulesNews::Broken(why)
            }
        }
    }

    /// An empty file is what a write leaves that failed, and would take its rules away; whoever wants none removes
    /// the file.
    fn changed_rules(&self, found: &Marks) -> Result<Policy, String> {
        if let Some((path, _)) = found.iter().find(|(path, mark)| is_rules(path) && mark[SIZE] == 0) {
            return Err(format!("{} is empty", path.display()));
        }
        load_rules(&self.at, &self.settings.around, self.project.walked.as_ref())
            .map_err(|error| chain(&error).join(": "))
    }

    /// Why rules that were changed since are not in force, if that is so.
    #[must_use]
    pub fn broken_rules(&self) -> Option<String> {
        self.rules.state().broken.as_ref().map(|(_, why)| why.clone())
    }
}

fn marks(folders: &[PathBuf]) -> Marks {
    let mut all = Vec::new();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(folder) else {
            all.push((folder.clone(), mark(folder)));
            continue;
        };
        for entry in entries {
            let path = entry.map(|entry| entry.path()).unwrap_or_else(|_| folder.clone());
            if is_rules(&path) {
                all.push((path.clone(), mark(&path)));
            }
        }
    }
    all.sort();
    all
}

fn is_rules(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

/// Of what a link leads to, as it is read.
fn mark(path: &Path) -> [i64; 7] {
    match std::fs::metadata(path) {
        Ok(it) => [
            it.dev().cast_signed(),
            it.ino().cast_signed(),
            it.size().cast_signed(),
            it.mtime(),
            it.mtime_nsec(),
            it.ctime(),
            it.ctime_nsec(),
        ],
        Err(_) => [-1; 7],
    }
}

#[cfg(test)]
mod tests {
    use super::RulesNews;
    use crate::app::{App, Settings};
    use crate::config::{Standing, Surroundings};
    use keep_gate::AskNobody;
    use keep_policy::Decision;
    use std::path::Path;
    use std::sync::Arc;

    const DENY: &str = r#"format = 1
[[rule]]
id = "no-memories"
decision = "deny"
principals = ["agent:*"]
actions = ["memory.write"]
reason = "a test"
match = ["agent:z memory.write global low"]
"#;

    fn open(folder: &Path) -> App {
        let around = Surroundings {
            env: Default::default(),
            cwd: folder.to_owned(),
            home: Some(folder.join("home")),
            flags: Vec::new(),
            standing: Standing::Program,
            system: folder.join("system/config.toml"),
        };
        App::open(Settings { around, asker: Arc::new(AskNobody) }).unwrap()
    }

    fn denies(app: &App) -> bool {
        let said = app.explain(
            &"agent:z".parse().unwrap(),
            &keep_types::Action::of("memory.write"),
            &"project:demo".parse().unwrap(),
            keep_types::Risk::Low,
            keep_types::Channel::Cli,
        );
        said.decision == Decision::Deny
    }

    /// Two looks, as a change counts from the second on.
    fn looks(app: &App) -> RulesNews {
        assert_eq!(app.look_at_rules(), RulesNews::Nothing, "it may still be written");
        app.look_at_rules()
    }

    #[test]
    fn rules_are_obeyed_as_they_change() {
        let folder = tempfile::tempdir().unwrap();
        let app = open(folder.path());
        let rules = app.at().config.join("rules");
        assert_eq!(looks(&app), RulesNews::Nothing);
        keep_db::create_private_folder(&rules).unwrap();
        let file = rules.join("mine.toml");
        keep_db::replace_file(&file, DENY.as_bytes()).unwrap();
        assert!(!denies(&app));
        assert!(matches!(looks(&app), RulesNews::InForce(_)));
        assert!(denies(&app));
        // A link, as managers of dotfiles make: what it leads to counts.
        let target = folder.path().join("dotfiles.toml");
        std::fs::rename(&file, &target).unwrap();
        std::os::unix::fs::symlink(&target, &file).unwrap();
        assert!(matches!(looks(&app), RulesNews::InForce(_)));
        keep_db::replace_file(&target, DENY.replace("\"deny\"", "\"allow\"").as_bytes()).unwrap();
        assert!(matches!(looks(&app), RulesNews::InForce(_)));
        assert!(!denies(&app));
    }

    #[test]
    fn what_does_not_load_loosens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let app = open(folder.path());
        let rules = app.at().config.join("rules");
        keep_db::create_private_folder(&rules).unwrap();
        let file = rules.join("mine.toml");
        keep_db::replace_file(&file, DENY.as_bytes()).unwrap();
        looks(&app);
        for broken in ["", "format = 1\n[[rule]", "format = 2\n"] {
            keep_db::replace_file(&file, broken.as_bytes()).unwrap();
            let RulesNews::Broken(why) = looks(&app) else { panic!("{broken:?} was taken for rules") };
            assert_eq!(app.broken_rules(), Some(why));
            assert_eq!(app.look_at_rules(), RulesNews::Nothing, "it is said once");
            assert!(denies(&app), "{broken:?}");
        }
        keep_db::replace_file(&file, DENY.as_bytes()).unwrap();
        assert!(matches!(looks(&app), RulesNews::InForce(_)));
        assert_eq!(app.broken_rules(), None);
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(looks(&app), RulesNews::InForce(_)));
        assert!(!denies(&app), "a person took it away");
    }

    #[test]
    fn a_closed_gate_opens_with_rules_that_load() {
        let folder = tempfile::tempdir().unwrap();
        let rules = open(folder.path()).at().config.join("rules");
        keep_db::create_private_folder(&rules).unwrap();
        let file = rules.join("mine.toml");
        keep_db::replace_file(&file, b"broken").unwrap();
        let app = open(folder.path());
        assert!(denies(&app) && app.policy().closed.is_some());
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(looks(&app), RulesNews::InForce(_)));
        assert!(!denies(&app) && app.policy().closed.is_none());
    }
}
