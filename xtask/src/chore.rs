//! How a chore fails, and the small things that all chores share.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};
use std::{fmt, fs, io};

/// Why a chore did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Chore {
    /// The words on the command line were not understood.
    #[error("{0}")]
    Usage(String),
    /// A check found something; each line is one finding.
    #[error("{check}: {} problem{}\n  {}", findings.len(), if findings.len() == 1 { "" } else { "s" }, findings.join("\n  "))]
    Found {
        /// The check's name.
        check: &'static str,
        /// One line each.
        findings: Vec<String>,
    },
    /// Something the chore needs is not on this machine.
    #[error("missing: {what}\n  hint: {hint}")]
    Missing {
        /// What is missing.
        what: String,
        /// How to get it.
        hint: String,
    },
    /// A program could not be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program ran and failed.
    #[error("{command} failed ({status})")]
    Failed {
        /// The command line.
        command: String,
        /// Its status.
        status: ExitStatus,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A text was not in the form that a chore reads.
    #[error("cannot read {what}: {why}")]
    Form {
        /// Whose.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Chore {
    /// 2 for a request that cannot be met as asked, 1 for everything else.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Chore::Usage(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }

    /// An I/O error with its path.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Chore + '_ {
        move |source| Chore::File { path: path.to_owned(), source }
    }

    /// A text in the wrong form.
    pub(crate) fn form(what: &dyn fmt::Display, why: &dyn fmt::Display) -> Chore {
        Chore::Form { what: what.to_string(), why: why.to_string() }
    }
}

/// The repository's root folder.
pub(crate) fn root() -> &'static Path {
    // The compiled-in path serves `cargo xtask`, which always builds where it runs.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in a folder of the workspace")
}

/// A file that a build makes, such as `release/keep`.
pub(crate) fn built(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join(name)
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Result<String, Chore> {
    fs::read_to_string(path).map_err(Chore::file(path))
}

/// Reads a file that need not be text.
pub(crate) fn read_lossy(path: &Path) -> Result<String, Chore> {
    let bytes = fs::read(path).map_err(Chore::file(path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `Ok` without findings, otherwise the error that lists them.
pub(crate) fn report(check: &'static str, findings: Vec<String>, fine: &str) -> Result<(), Chore> {
    if findings.is_empty() {
        println!("{check}: {fine}");
        Ok(())
    } else {
        Err(Chore::Found { check, findings })
    }
}

/// Cargo as if it were started by hand.
pub(crate) fn cargo() -> Command {
    by_hand(Command::new(env!("CARGO")))
}

/// A command without what Cargo told this program about its own package: build scripts that look at that (ring's
/// does) would run again, and everything above them be built anew each time.
pub(crate) fn by_hand(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text == "OUT_DIR" || text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command in the repository's root and waits; its output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<(), Chore> {
    let status = command.current_dir(root()).status().map_err(|source| start_error(command, source))?;
    checked(command, status)
}

/// Runs a command and returns what it wrote to its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, Chore> {
    let done = command
        .current_dir(root())
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|source| start_error(command, source))?;
    checked(command, done.status)?;
    String::from_utf8(done.stdout).map_err(|why| Chore::form(&line_of(command), &why))
}

/// The error of a command that did not start.
pub(crate) fn start_error(command: &Command, source: io::Error) -> Chore {
    Chore::Start { program: command.get_program().to_string_lossy().into_owned(), source }
}

/// An error unless the status is success.
pub(crate) fn checked(command: &Command, status: ExitStatus) -> Result<(), Chore> {
    if status.success() { Ok(()) } else { Err(Chore::Failed { command: line_of(command), status }) }
}

fn line_of(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
