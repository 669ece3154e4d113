use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Against whom a promise holds; SECURITY.md describes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adversary {
    /// An agent or program that Keep confined, or that talks to Keep with a token.
    Confined,
    /// A hostile repository, file, package, memory or web page.
    HostileInput,
    /// Another user of the machine, or a thief of the disk or the bucket.
    OtherUser,
    /// A program running unconfined as you.
    Unconfined,
    /// No one: a crash, a full disk, a bad sector.
    Accident,
}

/// Where one installation lies. Probes open it themselves, as any program could.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The data folder (`keep.db`, `blobs/`, `index/`).
    pub data: PathBuf,
    /// The configuration folder (`config.toml`, `rules/`, keys).
    pub config: PathBuf,
    /// The state folder (`checkpoint`, logs).
    pub state: PathBuf,
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict", content = "reason")]
pub enum Verdict {
    /// The promise holds.
    Pass,
    /// It does not, and how that shows.
    Fail(String),
    /// It cannot be checked here, and why.
    NotApplicable(String),
}

/// One promise of SECURITY.md: its id, in words, and against whom.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Promise {
    /// Its id, such as `LEDGER-2`; SECURITY.md uses the same.
    pub id: &'static str,
    /// The promise in one sentence.
    pub claim: &'static str,
    /// Against whom it holds.
    pub against: Adversary,
}

/// How a promise is broken, to see that its check notices.
#[derive(Clone, Copy)]
pub enum Twin {
    /// Changes a scratch installation.
    Installation(fn(&Installation) -> Result<(), String>),
    /// Where the program alone keeps a promise, nothing in an installation can break it: the same check
    /// then runs with a stand-in for that part of the program, one that lacks what is promised.
    Program(fn(&Installation) -> Verdict),
}

/// A check of one promise on a real installation, and its twin.
#[derive(Clone, Copy)]
pub struct Probe {
    /// What is promised.
    pub promise: Promise,
    /// Looks; changes nothing of the installation.
    pub run: fn(&Installation) -> Verdict,
    /// Breaks the promise.
    pub twin: Twin,
}

impl Probe {
    /// Breaks the promise and says what the check makes of it, which must be that it fails.
    ///
    /// # Errors
    /// Why the scratch installation could not be broken.
    pub fn run_broken(&self, scratch: &Installation) -> Result<Verdict, String> {
        match self.twin {
            Twin::Installation(breaks) => breaks(scratch).map(|()| (self.run)(scratch)),
            Twin::Program(check) => Ok(check(scratch)),
        }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("promise", &self.promise).finish_non_exhaustive()
    }
}
