//! Commands that are run: what they get, what they may do, and what is left of them.

mod asking;
mod confining;
mod ending;
mod own;
mod secrets;
mod streams;
mod trying;

use crate::home::{Home, KEEP, Said};
use std::fs;
use std::path::PathBuf;

/// A project of one test's own, with Keep's folders beside it.
struct Work {
    home: Home,
}

impl Work {
    fn new() -> Self {
        let mut home = Home::new();
        let root = home.folder.path().canonicalize().unwrap();
        // Neither the workspace nor the person's home holds the other, as on any machine.
        for folder in ["work", "work/.git", "work/.git/hooks", "ann", "ann/.ssh"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        fs::write(root.join("ann/.ssh/id_ed25519"), "a key of nobody's\n").unwrap();
        fs::write(root.join("work/.git/config"), "[core]\n").unwrap();
        home.variables.push(("HOME", root.join("ann").display().to_string()));
        // What is said at the first use is said before any of the tests.
        home.ok(&["status"]);
        Self { home }
    }

    fn root(&self) -> PathBuf {
        self.home.folder.path().canonicalize().unwrap()
    }

    fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// The program as an agent runs it, in the project.
    fn command(&self, words: &[&str]) -> std::process::Command {
        let mut command = self.home.command(KEEP);
        command.args(words).current_dir(self.work());
        command
    }

    /// With a shell between, as agents have one: else a person who is started from here, too, would descend from
    /// whoever asks.
    fn keep(&self, words: &[&str]) -> Said {
        let mut command = self.home.command("sh");
        command.args(["-c", "\"$0\" \"$@\"; exit $?", KEEP]).args(words).current_dir(self.work());
        Said::of(command.output().unwrap())
    }

    /// A line, as an agent runs it.
    fn sh(&self, line: &str) -> Said {
        self.keep(&["sh", line])
    }

    /// The program as a person runs it at a terminal, in the project.
    fn person(&self, words: &[&str], typed: &str) -> Said {
        let terminal = crate::terminal::Terminal::start(self.command(words));
        terminal.type_in(&format!("{typed}\x04"));
        terminal.end(&|| false).unwrap()
    }

    fn rules(&self, text: &str) {
        let folder = self.home.path().join("config/rules");
        keep_private(&folder);
        fs::write(folder.join("own.toml"), format!("format = 1\n{text}")).unwrap();
    }

    fn json(&self, words: &[&str]) -> serde_json::Value {
        let said = self.keep(words);
        assert_eq!(said.code, 0, "{words:?}: {said:?}");
        serde_json::from_str(&said.out).unwrap()
    }
}

fn keep_private(folder: &std::path::Path) {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).unwrap();
}
