//! A unit for a person's own service manager: everything that was given here, in a place where no variable of this
//! terminal is set any more.

use super::serve::At;
use crate::edge::{Failure, Session, program};
use keep_app::config::{KEYS, Surroundings};
use std::path::Path;

/// What the manager starts: words, and variables that they do not say.
struct Started {
    program: String,
    words: Vec<String>,
    variables: Vec<(String, String)>,
}

/// The unit that starts the server as it would start here.
pub(super) fn unit(session: &Session, at: &At) -> Result<String, Failure> {
    let around = session.surroundings()?;
    let mut words = vec!["serve".to_owned()];
    // Said as a flag, whichever way it came: what stands in one line is seen whole.
    let below = around.env.get("KEEP_HOME").filter(|home| !home.is_empty()).map(Path::new);
    if let Some(home) = around.home.as_deref().or(below) {
        words.extend(["--home".into(), text(&around.cwd.join(home))?]);
    }
    for (key, value) in &around.flags {
        words.extend(["--set".into(), format!("{key}={value}")]);
    }
    words.extend(at.words(&around.cwd)?);
    let variables = variables(around);
    written(&Started { program: text(&program()?)?, words, variables })
}

/// The variables that decide where things lie and how it is set. The manager has a home of its own, which need not be
/// this terminal's.
fn variables(around: Surroundings) -> Vec<(String, String)> {
    let below = around.home.is_some() || around.env.get("KEEP_HOME").is_some_and(|home| !home.is_empty());
    let is_place = |name: &str| match name {
        "HOME" => true,
        "XDG_DATA_HOME" | "XDG_CONFIG_HOME" | "XDG_STATE_HOME" => !below,
        _ => false,
    };
    let is_setting = |name: &str| KEYS.iter().any(|key| key.variable() == name);
    let counts =
        |name: &str, value: &str| is_setting(name) || (is_place(name) && Path::new(value).is_absolute());
    around.env.into_iter().filter(|(name, value)| counts(name, value)).collect()
}

/// A path as a unit can hold it.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Failure::usage(format!("{} is no text, and a unit is", path.display()), "name it by another path")
    })
}

/// What runs start inherits everything that a unit takes away, so little is. Not here, since it breaks programs that
/// agents run: `MemoryDenyWriteExecute` (whatever compiles as it runs: node, Java, browsers), `PrivateTmp` (projects
/// below /tmp are not there), `LockPersonality` (debuggers), `UMask` (what is built is readable by its owner alone;
/// Keep's own files have their modes without one). The families of sockets are those that a confined run may have
/// at most: AF_NETLINK is how a program learns which addresses there are.
fn written(started: &Started) -> Result<String, Failure> {
    let words = started.words.iter().chain([&started.program]);
    let mut all = words.chain(started.variables.iter().map(|(_, value)| value));
    if let Some(word) = all.find(|word| word.chars().any(char::is_control)) {
        return Err(Failure::usage(format!("{word:?} cannot stand in a unit"), "name it without such signs"));
    }
    let mut unit = String::from(
        "[Unit]\nDescription=Keep, one gate for what agents remember, run and store\n\n[Service]\n",
    );
    for (name, value) in &started.variables {
        unit.push_str(&format!("Environment={}\n", quoted(&format!("{name}={value}"))));
    }
    unit.push_str(&format!("ExecStart={}", quoted(&started.program)));
    for word in &started.words {
        // In what follows the program, a dollar is a variable.
        unit.push_str(&format!(" {}", quoted(&word.replace('$', "$$"))));
    }
    unit.push_str(
        "\nRestart=on-failure\nNoNewPrivileges=yes\n\
         RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK\n\n[Install]\nWantedBy=default.target\n",
    );
    Ok(unit)
}

/// One word, as systemd reads it: per cent signs and quotes have a meaning of their own.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('%', "%%").replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::{Started, written};

    fn started(program: &str, words: &[&str]) -> Started {
        let program = program.into();
        Started { program, words: words.iter().map(ToString::to_string).collect(), variables: Vec::new() }
    }

    #[test]
    fn every_word_stays_one() {
        let unit = written(&started("/opt/ke ep/100%\"x", &["serve", "--home", "/a $b"])).unwrap();
        let line = "ExecStart=\"/opt/ke ep/100%%\\\"x\" serve --home \"/a $$b\"\n";
        assert!(unit.contains(line), "{unit}");
        assert!(written(&started("/opt/keep", &["serve", "--home", "/a\nExecStop=/b"])).is_err());
    }

    #[test]
    fn nothing_is_taken_from_what_runs_start() {
        let unit = written(&started("/opt/keep", &["serve"])).unwrap();
        for breaks in ["MemoryDenyWriteExecute", "PrivateTmp", "LockPersonality", "UMask"] {
            assert!(!unit.contains(breaks), "{unit}");
        }
        assert!(unit.contains("AF_NETLINK"), "{unit}");
    }
}
