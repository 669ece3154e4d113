//! A folder to run things in, and the shortest way to do so.

use keep_sandbox::{
    Command, Ended, Environment, Limits, LocalSockets, Network, Profile, Reads, Sandbox, SandboxError,
    Streams,
};
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A sandbox with a workspace.
pub(crate) struct Place {
    pub(crate) sandbox: Sandbox,
    pub(crate) work: PathBuf,
    pub(crate) outside: PathBuf,
    _scratch: Option<TempDir>,
}

/// How a run ended and what it said.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) ended: Ended,
    pub(crate) output: String,
    pub(crate) error: String,
}

impl Outcome {
    pub(crate) fn succeeded(&self) -> bool {
        self.ended.status.success()
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap();
        let (work, outside) = (root.join("work"), root.join("outside"));
        std::fs::create_dir(&work).unwrap();
        std::fs::create_dir(&outside).unwrap();
        let sandbox = Sandbox::open(root.join("state")).unwrap();
        Self { sandbox, work, outside, _scratch: Some(scratch) }
    }

    /// One that somebody else made, and removes.
    pub(crate) fn at(sandbox: Sandbox, work: PathBuf) -> Self {
        let outside = work.with_file_name("outside");
        Self { sandbox, work, outside, _scratch: None }
    }

    /// Reads everything, writes nothing, reaches nothing: what the landlock tier can do.
    pub(crate) fn reading(&self) -> Profile {
        Profile {
            read: Reads::Everything,
            write: Vec::new(),
            hide: Vec::new(),
            protect: Vec::new(),
            private_tmp: false,
            network: Network::None,
            local_sockets: LocalSockets::None,
            environment: Environment { pass: vec!["*".to_owned()], ..Environment::default() },
            limits: Limits::default(),
        }
    }

    /// The same, and writes the workspace.
    pub(crate) fn working(&self) -> Profile {
        Profile { write: vec![self.work.clone()], ..self.reading() }
    }

    pub(crate) fn shell(&self, text: &str) -> Command {
        Command {
            program: "sh".into(),
            arguments: ["-c", text].map(OsString::from).to_vec(),
            environment: std::env::vars_os().collect(),
            folder: self.work.clone(),
            streams: Streams::piped(),
        }
    }

    pub(crate) fn run(&self, profile: &Profile, text: &str) -> Outcome {
        self.try_run(profile, text).unwrap()
    }

    pub(crate) fn try_run(&self, profile: &Profile, text: &str) -> Result<Outcome, SandboxError> {
        self.run_command(profile, self.shell(text))
    }

    pub(crate) fn run_command(&self, profile: &Profile, command: Command) -> Result<Outcome, SandboxError> {
        let mut running = self.sandbox.plan(profile)?.spawn(command)?;
        let (mut output, mut error) = (running.take_output().unwrap(), running.take_error().unwrap());
        let reader = std::thread::spawn(move || read(&mut error));
        let output = read(&mut output);
        let error = reader.join().unwrap();
        Ok(Outcome { ended: running.wait()?, output, error })
    }
}

pub(crate) fn read(from: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A path as a word of a command line.
pub(crate) fn word(path: &Path) -> String {
    path.display().to_string()
}
