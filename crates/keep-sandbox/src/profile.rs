//! What a process may do.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A way to confine a process, the fastest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Landlock and seccomp, in the process itself.
    Landlock,
    /// Its own user, process, network and mount namespaces, and the former inside.
    Namespaces,
    /// A container of an engine that runs on this machine.
    Container,
}

impl Tier {
    /// All of them, the fastest first.
    pub const ALL: [Self; 3] = [Self::Landlock, Self::Namespaces, Self::Container];

    /// The tier of that name.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == word)
    }

    /// The tier as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Landlock => "landlock",
            Self::Namespaces => "namespaces",
            Self::Container => "container",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What may be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reads {
    /// Everything that is not hidden.
    Everything,
    /// What lies below these, and nothing else.
    Only(Vec<PathBuf>),
}

/// What may be reached over the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Nothing.
    None,
    /// These hosts, through a proxy that checks each connection. An empty list is nothing.
    Hosts(Vec<String>),
    /// Everything.
    All,
}

/// How much of the machine a process and all that it starts may use. What is not given is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Time from its start to its end.
    pub wall: Option<Duration>,
    /// Time on processors.
    pub cpu: Option<Duration>,
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Processes and threads.
    pub processes: Option<u64>,
    /// Open files of each process.
    pub open_files: Option<u64>,
    /// Bytes of each file that it writes.
    pub file_size: Option<u64>,
    /// Bytes in the private folder for temporary files.
    #[serde(default)]
    pub temporary: Option<u64>,
    /// Bytes that it says on its output and its errors, together.
    #[serde(default)]
    pub output: Option<u64>,
}

/// Which sockets on this machine a process may talk to, by path or by an abstract name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LocalSockets {
    /// None, not even its own. Whoever reaches the socket of a container engine or of a desktop is as good
    /// as outside.
    #[default]
    None,
    /// Those that lie below what it may read, and its own.
    Readable,
}

/// What of its caller's environment a process gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Names of variables that pass; a `*` at the end stands for any rest.
    pub pass: Vec<String>,
    /// Names that pass although they look like those of secrets. No `*` here.
    pub secret: Vec<String>,
    /// Variables that are set, whatever the caller has.
    pub set: Vec<(String, String)>,
}

/// What a process may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What it may read.
    pub read: Reads,
    /// Below which folders it may write, and which files.
    pub write: Vec<PathBuf>,
    /// What it may not even see.
    pub hide: Vec<PathBuf>,
    /// What it may not change although it lies below what it may write, whether or not it exists. One that
    /// does not exist is taken for a folder if it ends with a slash, else for a file.
    pub protect: Vec<PathBuf>,
    /// Whether it has a folder for temporary files of its own, which ends with it.
    pub private_tmp: bool,
    /// What it may reach.
    pub network: Network,
    /// Which sockets of this machine it may talk to.
    #[serde(default)]
    pub local_sockets: LocalSockets,
    /// What it gets of the environment.
    #[serde(default)]
    pub environment: Environment,
    /// How much it may use.
    pub limits: Limits,
}
