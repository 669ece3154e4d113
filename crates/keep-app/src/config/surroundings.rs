use super::error::ConfigError;
use keep_types::Installation;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Who set the flags and the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A person at their own terminal: they count in full.
    Person,
    /// A program, or nobody knows who: they only narrow what guards something, since a repository can
    /// hold a launcher's file that sets them.
    Program,
}

/// Whether the closure of a project's files is the one that was pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trusted {
    /// It is, byte for byte.
    Yes,
    /// It was never pinned, or has changed.
    No,
}

/// A project's settings as read through its root's handle.
#[derive(Clone, Debug)]
pub struct ProjectSettings {
    /// Name and text of `.keep/keep.toml`, then of what it includes.
    pub files: Vec<(String, String)>,
    /// Whether what they widen counts.
    pub trusted: Trusted,
}

/// Everything outside that the configuration depends on, handed in by whoever may look at it.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The environment, as far as it is UTF-8.
    pub env: BTreeMap<String, String>,
    /// The working folder.
    pub cwd: PathBuf,
    /// `--home`.
    pub home: Option<PathBuf>,
    /// Settings from flags, as key and text.
    pub flags: Vec<(String, String)>,
    /// Who set the flags and the environment.
    pub standing: Standing,
    /// The system's file, normally `/etc/keep/config.toml`.
    pub system: PathBuf,
}

impl Surroundings {
    /// Where the installation lies: below `--home` or `KEEP_HOME` (`data/`, `config/`, `state/`), else in
    /// the folders of the XDG variables, which must be absolute to count.
    ///
    /// # Errors
    /// When `KEEP_HOME` is relative, or nothing says where home is.
    pub fn installation(&self) -> Result<Installation, ConfigError> {
        if let Some(home) = &self.home {
            return Ok(below(&self.cwd.join(home)));
        }
        if let Some(home) = self.env.get("KEEP_HOME").filter(|home| !home.is_empty()) {
            if !Path::new(home).is_absolute() {
                return Err(ConfigError::Relative { variable: "KEEP_HOME", value: home.clone() });
            }
            return Ok(below(Path::new(home)));
        }
        let absolute =
            |variable: &str| self.env.get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = |variable: &str, usual: &str| {
            absolute(variable)
                .or_else(|| absolute("HOME").map(|home| home.join(usual)))
                .map(|folder| folder.join("keep"))
                .ok_or(ConfigError::NoHome)
        };
        Ok(Installation {
            data: folder("XDG_DATA_HOME", ".local/share")?,
            config: folder("XDG_CONFIG_HOME", ".config")?,
            state: folder("XDG_STATE_HOME", ".local/state")?,
        })
    }
}

fn below(home: &Path) -> Installation {
    Installation { data: home.join("data"), config: home.join("config"), state: home.join("state") }
}
