//! A home of one test's own, and ways to run the program in it.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The binary under test.
pub(crate) const KEEP: &str = env!("CARGO_BIN_EXE_keep");

pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
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
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A command in this home that inherits nothing that could name another.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("KEEP_HOME", self.path())
            .env("TERM", "xterm")
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

    /// Runs the program at a terminal of a person's own, who types these lines.
    pub(crate) fn at_terminal(&self, words: &[&str], typed: &str) -> Said {
        // `script` (util-linux) gives the command a terminal; it takes a line for a shell, so every
        // word is quoted.
        let quoted: Vec<_> = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect();
        let line = format!("{KEEP} {}", quoted.join(" "));
        let mut child = self
            .command("script")
            .args(["--quiet", "--return", "--echo", "never", "--command", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("`script` of util-linux is there");
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), typed.as_bytes()).unwrap();
        Said::of(child.wait_with_output().unwrap())
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
