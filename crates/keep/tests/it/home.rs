//! A home of one test's own, and ways to run the program in it.

use crate::terminal::Terminal;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The binary under test.
pub(crate) const KEEP: &str = env!("CARGO_BIN_EXE_keep");

pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    moved: Option<PathBuf>,
    /// Variables that every command in it sees.
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// What a run said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), moved: None, variables: Vec::new() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.moved.clone().unwrap_or_else(|| self.folder.path().join("home"))
    }

    /// The home lies elsewhere from now on.
    pub(crate) fn move_to(&mut self, path: PathBuf) {
        self.moved = Some(path);
    }

    /// A command in this home that inherits nothing that could name another.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("KEEP_HOME", self.path())
            .env("TERM", "xterm")
            .envs(self.variables.iter().cloned())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program as a script or an agent would: with no terminal.
    pub(crate) fn keep(&self, words: &[&str]) -> Said {
        Said::of(self.command(KEEP).args(words).output().unwrap())
    }

    /// Runs it and expects it to succeed.
    pub(crate) fn ok(&self, words: &[&str]) -> String {
        let said = self.keep(words);
        assert_eq!(said.code, 0, "{words:?}: {said:?}");
        said.out
    }

    /// Runs the program at a terminal of a person's own, who has typed these lines before
    /// they were asked for.
    pub(crate) fn at_terminal(&self, words: &[&str], typed: &str) -> Said {
        let terminal = self.terminal(KEEP, words);
        // The terminal's own end-of-file character answers every further question with none.
        terminal.type_in(&format!("{typed}\x04"));
        terminal.end(&|| false).unwrap()
    }

    /// Runs the program at such a terminal, and types each answer when its question shows. A hidden
    /// prompt throws away what was typed before it.
    pub(crate) fn converse(&self, words: &[&str], exchange: &[(&str, &str)]) -> Said {
        self.converse_with(KEEP, words, exchange)
    }

    /// The same with any program.
    pub(crate) fn converse_with(&self, program: &str, words: &[&str], exchange: &[(&str, &str)]) -> Said {
        self.converse_unless(&|| false, program, words, exchange).unwrap()
    }

    /// The same, ended without an answer as soon as the run is `spoiled`.
    pub(crate) fn converse_unless(
        &self,
        spoiled: &dyn Fn() -> bool,
        program: &str,
        words: &[&str],
        exchange: &[(&str, &str)],
    ) -> Option<Said> {
        let mut terminal = self.terminal(program, words);
        for (question, answer) in exchange {
            if terminal.shows(question, spoiled) {
                terminal.type_in(answer);
            }
        }
        terminal.end(spoiled)
    }

    fn terminal(&self, program: &str, words: &[&str]) -> Terminal {
        let mut command = self.command(program);
        command.args(words);
        Terminal::start(command)
    }

    pub(crate) fn json(&self, words: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.ok(words)).unwrap()
    }
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}
