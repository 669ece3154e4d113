//! A folder with a home, a project and an outside, and runs in it with and without confinement.

use super::trial;
use crate::bench::starts;
use crate::chore::{self, Chore, start_error};
use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use tempfile::TempDir;

/// Seconds after which a run is ended, confined or not; far more than any takes.
const PATIENCE: &str = "240";

/// What Keep's exit says when policy does not admit a command, and when it asks.
const DENIED: i32 = 3;
const PENDING: i32 = 8;

/// How something runs.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// As it is.
    Unconfined,
    /// By `keep exec`, which judges the command first.
    Keep {
        /// The program.
        program: PathBuf,
        /// How much memory it may use.
        memory_mib: u32,
    },
    /// The same under settings that let everything but what is critical run unasked, and confined no less: as if a
    /// person had said yes.
    KeepAfterYes {
        /// The program.
        program: PathBuf,
        /// How much memory it may use.
        memory_mib: u32,
    },
    /// By the sandbox alone: the example of its crate, which asks nobody.
    Sandbox {
        /// The program.
        program: PathBuf,
        /// How much memory it may use.
        memory_mib: u32,
    },
}

/// How a run ended, and where it is written what it said.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) said: PathBuf,
}

impl Outcome {
    /// Whether Keep refused it, or wants a person to answer first, so that nothing ran.
    pub(crate) fn was_not_admitted(&self) -> Result<bool, Chore> {
        // As docs/exit-codes.md has them; a command may end so as well, but says no such thing.
        let code = self.status.code();
        let refused = matches!(code, Some(DENIED | PENDING));
        Ok(refused && chore::read_lossy(&self.said)?.lines().any(|line| line.starts_with("error: ")))
    }

    /// The end of what it said, for whoever has to find out why.
    pub(crate) fn last_words(&self) -> String {
        const MOST: usize = 300;
        let said = fs::read(&self.said).unwrap_or_default();
        let said = String::from_utf8_lossy(&said[said.len().saturating_sub(MOST)..]).into_owned();
        said.trim().replace('\n', " | ")
    }
}

/// Where everything happens. The project lies at one path whatever is in it, since programs write paths into
/// files.
pub(crate) struct Place {
    scratch: TempDir,
    made: BTreeSet<String>,
    prelude: String,
}

impl Place {
    pub(crate) fn new() -> Result<Self, Chore> {
        let prelude = chore::read(&trial::folder().join("prelude.sh"))?;
        let place = Self { scratch: scratch()?, made: BTreeSet::new(), prelude };
        for name in ["home", "repositories"] {
            make(&place.at(name))?;
        }
        let script = chore::read(&trial::folder().join("home.sh"))?;
        place.outside(&place.home(), &script)?;
        Ok(place)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// The home folder of whoever works here.
    pub(crate) fn home(&self) -> PathBuf {
        self.at("home")
    }

    /// The folder that is worked in.
    pub(crate) fn project(&self) -> PathBuf {
        self.at("project")
    }

    /// A folder that a repository may need beside the project.
    fn beside(&self) -> PathBuf {
        self.at("beside")
    }

    /// A folder that nothing confined has any business in.
    pub(crate) fn beyond(&self) -> PathBuf {
        self.at("outside")
    }

    /// Puts a fresh copy of a repository in the project's place, which it makes the first time. The folder
    /// beyond is emptied.
    pub(crate) fn lay_out(&mut self, repository: &str) -> Result<(), Chore> {
        let places = [self.project(), self.beside()];
        let kept = ["project", "beside"].map(|name| self.at("repositories").join(repository).join(name));
        empty(&self.beyond())?;
        if !self.made.contains(repository) {
            for place in &places {
                empty(place)?;
            }
            let script = trial::folder().join("repositories").join(format!("{repository}.sh"));
            self.outside(&self.project(), &chore::read(&script)?)?;
            make(&self.at("repositories").join(repository))?;
            for (place, kept) in places.iter().zip(&kept) {
                fs::rename(place, kept).map_err(Chore::file(kept))?;
            }
            self.made.insert(repository.to_owned());
        }
        for (place, kept) in places.iter().zip(&kept) {
            remove(place)?;
            let mut copy = Command::new("cp");
            chore::run(copy.args(["--archive", "--no-target-directory"]).arg(kept).arg(place))?;
        }
        Ok(())
    }

    /// Keeps what is in the project's place under another name.
    pub(crate) fn set_aside(&self, name: &str) -> Result<PathBuf, Chore> {
        let aside = self.at(name);
        remove(&aside)?;
        fs::rename(self.project(), &aside).map_err(Chore::file(&aside))?;
        Ok(aside)
    }

    /// Runs a script outside; what it says is shown only when it fails.
    pub(crate) fn outside(&self, folder: &Path, script: &str) -> Result<(), Chore> {
        let done = self.bash(&Way::Unconfined, folder, script, false)?;
        if done.status.success() {
            return Ok(());
        }
        Err(Chore::form(&"a script of the trials", &format!("{}: {}", done.status, done.last_words())))
    }

    /// Whether a script outside succeeds.
    pub(crate) fn is_so(&self, script: &str) -> Result<bool, Chore> {
        Ok(self.bash(&Way::Unconfined, &self.beyond(), script, false)?.status.success())
    }

    /// Runs a script in the project.
    pub(crate) fn run(&self, way: &Way, script: &str) -> Result<Outcome, Chore> {
        self.bash(way, &self.project(), script, false)
    }

    /// Runs a script in the project, at a terminal from which somebody reads on when it is over.
    pub(crate) fn run_at_terminal(&self, way: &Way, script: &str) -> Result<Outcome, Chore> {
        self.bash(way, &self.project(), script, true)
    }

    fn bash(&self, way: &Way, folder: &Path, script: &str, terminal: bool) -> Result<Outcome, Chore> {
        if let Way::Keep { memory_mib, .. } | Way::KeepAfterYes { memory_mib, .. } = way {
            self.set(*memory_mib, matches!(way, Way::KeepAfterYes { .. }))?;
        }
        let whole = format!("{}{}\n{script}", self.variables(), self.prelude);
        let mut words: Vec<OsString> = self.words(way);
        words.extend(["bash", "-euo", "pipefail", "-c", &whole].map(OsString::from));
        let mut command = Command::new("timeout");
        if terminal {
            let helper = trial::folder().join("terminal.py");
            command.args(["--foreground", "--kill-after=5", PATIENCE, "python3"]).arg(helper);
            command.arg(self.beyond().join("typed"));
        } else {
            command.args(["--kill-after=5", PATIENCE]);
        }
        let said = self.at("said");
        let file = File::create(&said).map_err(Chore::file(&said))?;
        let second = file.try_clone().map_err(Chore::file(&said))?;
        command.args(words).current_dir(folder).env_clear().envs(self.environment());
        command.stdin(Stdio::null()).stdout(file).stderr(second);
        let status = command.status().map_err(|source| start_error(&command, source))?;
        Ok(Outcome { status, said })
    }

    /// Where Keep has its own folders.
    fn keep_home(&self) -> PathBuf {
        self.at("keep")
    }

    fn set(&self, mib: u32, unasked: bool) -> Result<(), Chore> {
        let folder = self.keep_home().join("config");
        // Keep refuses folders that others can get at.
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(Chore::file(&folder))?;
        let file = folder.join("config.toml");
        // As little as the sandbox alone lets a command say: a trial should not fill the disk to find a limit.
        let profile = if unasked { "full-trust" } else { "workspace" };
        let text = format!("[exec]\nmemory_mib = {mib}\noutput_mib = 16\nprofile = \"{profile}\"\n");
        fs::write(&file, text).map_err(Chore::file(&file))
    }

    /// What stands before a command that runs so.
    fn words(&self, way: &Way) -> Vec<OsString> {
        match way {
            Way::Unconfined => Vec::new(),
            Way::Keep { program, .. } | Way::KeepAfterYes { program, .. } => {
                vec![program.into(), "exec".into(), "--profile".into(), "workspace".into(), "--".into()]
            }
            Way::Sandbox { program, memory_mib } => {
                let (state, home, project) = (self.at("state"), self.home(), self.project());
                vec![program.into(), state.into(), home.into(), project.into(), memory_mib.to_string().into()]
            }
        }
    }

    /// Paths for scripts, in their text: a confined one does not get any variable.
    fn variables(&self) -> String {
        let line = |name: &str, path: &Path| format!("{name}='{}'\n", path.display());
        line("PROJECT", &self.project())
            + &line("BESIDE", &self.beside())
            + &line("OUTSIDE", &self.beyond())
            + &line("HEARD", &self.at("heard"))
    }

    /// The environment of a developer, apart from what this very process was given.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut all: Vec<(OsString, OsString)> = vec![
            ("HOME".into(), self.home().into()),
            ("USER".into(), "developer".into()),
            ("LANG".into(), "C.UTF-8".into()),
            ("PLUM_TOKEN".into(), "plum".into()),
            ("KEEP_HOME".into(), self.keep_home().into()),
            ("KEEP_REPOSITORY".into(), chore::root().into()),
        ];
        all.extend(["PATH", "PYENV_ROOT"].iter().filter_map(|name| Some((name.into(), env::var_os(name)?))));
        // The toolchain and the crates that are there already lie in the home of whoever runs this.
        let own = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        for (name, usual) in [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")] {
            all.push((name.into(), env::var_os(name).unwrap_or_else(|| own.join(usual).into())));
        }
        all
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What trials leave may be folders that nobody may enter; a leftover below target/ harms nobody.
        let _ = remove(self.scratch.path());
    }
}

/// A folder below target/, or where other temporary files lie that stay when `/tmp` is a run's own: whoever
/// has this repository in `/tmp` does not want to measure that.
fn scratch() -> Result<TempDir, Chore> {
    const LASTING: &str = "/var/tmp";
    if chore::root().starts_with("/tmp") {
        return tempfile::tempdir_in(LASTING).map_err(Chore::file(Path::new(LASTING)));
    }
    starts::scratch()
}

fn make(path: &Path) -> Result<(), Chore> {
    fs::create_dir(path).map_err(Chore::file(path))
}

fn empty(path: &Path) -> Result<(), Chore> {
    remove(path)?;
    make(path)
}

/// Removes a folder if it is there, also one whose folders were closed.
fn remove(path: &Path) -> Result<(), Chore> {
    if !path.exists() {
        return Ok(());
    }
    if fs::remove_dir_all(path).is_ok() {
        return Ok(());
    }
    let mut open = Command::new("chmod");
    open.args(["--recursive", "u+rwX"]).arg(path);
    chore::run(&mut open)?;
    fs::remove_dir_all(path).map_err(Chore::file(path))
}
