//! What is to be run, apart from how it is confined.

use crate::error::SandboxError;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// One of a command's three streams.
#[derive(Debug, Default)]
pub enum Stream {
    /// Nothing to read, and what is written is lost.
    #[default]
    Nothing,
    /// A pipe whose other end the caller gets.
    Pipe,
    /// This descriptor.
    Given(OwnedFd),
}

/// Where a command reads and writes.
#[derive(Debug)]
pub enum Streams {
    /// Three streams.
    Three {
        /// What it reads.
        input: Stream,
        /// What it says.
        output: Stream,
        /// What it says of errors.
        error: Stream,
    },
    /// A terminal of its own, of so many rows and columns.
    Terminal {
        /// How high.
        rows: u16,
        /// How wide.
        columns: u16,
    },
}

impl Streams {
    /// Nothing to read, and a pipe for each of the others.
    #[must_use]
    pub fn piped() -> Self {
        Self::Three { input: Stream::Nothing, output: Stream::Pipe, error: Stream::Pipe }
    }
}

/// What is to be run.
#[derive(Debug)]
pub struct Command {
    /// The program: a path, or a name that is looked for in the `PATH` that the command gets.
    pub program: PathBuf,
    /// The words after its name.
    pub arguments: Vec<OsString>,
    /// The caller's environment, of which the profile lets some through.
    pub environment: Vec<(OsString, OsString)>,
    /// The folder that it starts in.
    pub folder: PathBuf,
    /// Where it reads and writes.
    pub streams: Streams,
}

/// A text for the kernel, which ends texts with a zero.
pub(crate) fn text(text: &OsStr) -> Result<CString, SandboxError> {
    CString::new(text.as_bytes()).map_err(|_| SandboxError::ZeroByte(text.to_string_lossy().into_owned()))
}

/// The path of a program as `execvp` would find it.
pub(crate) fn find(program: &Path, folder: &Path, path: Option<&OsStr>) -> Result<PathBuf, SandboxError> {
    let failed = |source| SandboxError::Program { program: program.to_owned(), source };
    if program.as_os_str().as_bytes().contains(&b'/') {
        return Ok(folder.join(program));
    }
    // What the C library takes when there is no such variable.
    let path = path.unwrap_or(OsStr::new("/bin:/usr/bin"));
    std::env::split_paths(path)
        .map(|place| folder.join(place).join(program))
        .find(|candidate| {
            candidate.is_file() && rustix::fs::access(candidate, rustix::fs::Access::EXEC_OK).is_ok()
        })
        .ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}
