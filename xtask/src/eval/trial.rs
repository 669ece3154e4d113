//! What is tried, as the files in `xtask/trials/` say it.

use crate::chore::{self, Chore, root};
use crate::tools;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::{Path, PathBuf};

/// A task of an ordinary day. Its scripts run one after the other, each as a run of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Task {
    /// Its name.
    pub(crate) name: String,
    /// What it starts from: a script in `repositories/`.
    pub(crate) repository: String,
    /// Programs that it needs, each with the package that has it where the names differ: `rg:ripgrep`.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    /// Scripts for bash.
    pub(crate) run: Vec<String>,
    /// How the last of them ends.
    #[serde(default)]
    pub(crate) exit: i32,
    /// What is not compared.
    #[serde(default)]
    pub(crate) varies: Vec<Varying>,
    /// Why it is known to differ, once that is understood.
    pub(crate) differs_because: Option<String>,
}

/// A part of what a task leaves that differs between any two runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Varying {
    /// A pattern of paths.
    pub(crate) path: String,
    /// Why.
    #[expect(dead_code, reason = "it has to be written down, and whoever reads the file reads it")]
    because: String,
}

/// A way out that somebody may try.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Escape {
    /// Its name.
    pub(crate) name: String,
    /// What it starts from.
    #[serde(default = "plain")]
    pub(crate) repository: String,
    /// Programs that it needs.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    /// What is there before, made outside.
    #[serde(default)]
    pub(crate) before: String,
    /// What is tried, inside.
    pub(crate) attempt: String,
    /// Whether it runs at a terminal.
    #[serde(default)]
    pub(crate) terminal: bool,
    /// Succeeds outside when the attempt got through.
    pub(crate) through: String,
    /// Why it is known to get through, once that is understood.
    pub(crate) through_because: Option<String>,
}

fn plain() -> String {
    "plain".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tasks {
    task: Vec<Task>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Escapes {
    escape: Vec<Escape>,
}

/// Where it all lies.
pub(crate) fn folder() -> PathBuf {
    root().join("xtask/trials")
}

/// All tasks, by file and place in it.
pub(crate) fn tasks() -> Result<Vec<Task>, Chore> {
    let files: Vec<Tasks> = read_all("tasks")?;
    Ok(files.into_iter().flat_map(|file| file.task).collect())
}

/// All escapes, by file and place in it.
pub(crate) fn escapes() -> Result<Vec<Escape>, Chore> {
    let files: Vec<Escapes> = read_all("escapes")?;
    Ok(files.into_iter().flat_map(|file| file.escape).collect())
}

fn read_all<T: DeserializeOwned>(name: &str) -> Result<Vec<T>, Chore> {
    let folder = folder().join(name);
    let entries = fs::read_dir(&folder).map_err(Chore::file(&folder))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Chore::file(&folder))?;
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Chore> {
    toml::from_str(&chore::read(path)?).map_err(|why| Chore::form(&path.display(), &why))
}

/// Makes sure that the programs are there; the error says which is not.
pub(crate) fn provide(needs: &[String]) -> Result<(), Chore> {
    for need in needs {
        let (program, package) = need.split_once(':').unwrap_or((need, need));
        tools::system(program, package)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_trials_can_be_read_and_are_enough() {
        let (tasks, escapes) = (tasks().unwrap(), escapes().unwrap());
        assert!(tasks.len() >= 60, "{}", tasks.len());
        let names: BTreeSet<&str> =
            tasks.iter().map(|task| &*task.name).chain(escapes.iter().map(|escape| &*escape.name)).collect();
        assert_eq!(names.len(), tasks.len() + escapes.len(), "a name stands twice");
        let repositories = tasks.iter().map(|task| &task.repository);
        for repository in repositories.chain(escapes.iter().map(|escape| &escape.repository)) {
            let script = folder().join("repositories").join(format!("{repository}.sh"));
            assert!(script.is_file(), "{}", script.display());
        }
    }
}
