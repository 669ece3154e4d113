//! A place to try confinement in, and what the confined program does there.

use crate::command::{Command, Stream, Streams};
use crate::engine::Engine;
use crate::profile::{Profile, Tier};
use crate::running::Ended;
use crate::sandbox::Sandbox;
use crate::script::Script;
use crate::stage::{Line, Message, PROGRAM, Stage};
use std::ffi::CString;
use std::fs;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Folders for a command, with a file to hide from it.
pub(super) struct Trial {
    sandbox: Sandbox,
    pub(super) work: PathBuf,
    /// What every profile may read, and where the program lies.
    pub(super) readable: PathBuf,
    pub(super) program: PathBuf,
    pub(super) secret: PathBuf,
    /// Who owns what the command may write, where that may not be root.
    owner: Option<u32>,
    _scratch: TempDir,
}

/// A user that owns nothing else.
const NOBODY: u32 = 65_534;

/// How a run went.
pub(super) struct Done {
    pub(super) answers: Vec<i64>,
    pub(super) ended: Ended,
    /// Open for as long as any process of the run is.
    pub(super) line: Line,
}

impl Trial {
    pub(super) fn new(tier: Tier, engine: &Engine) -> Result<Self, String> {
        let fault = |why: std::io::Error| why.to_string();
        let scratch = tempfile::tempdir().map_err(fault)?;
        let root = scratch.path().canonicalize().map_err(fault)?;
        let [work, readable, hidden] = ["work", "readable", "hidden"].map(|name| root.join(name));
        for folder in [&work, &readable, &hidden] {
            fs::create_dir(folder).map_err(fault)?;
        }
        let (program, secret) = (readable.join("program"), hidden.join("secret"));
        fs::write(&secret, "secret").map_err(fault)?;
        fs::write(&program, PROGRAM).map_err(fault)?;
        // What the kernel must refuse is refused for no other reason, whoever the command runs as.
        for path in [&root, &work, &readable, &hidden, &program, &secret] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(fault)?;
        }
        let as_root = rustix::process::geteuid().is_root();
        let owner = (tier == Tier::Container && as_root).then_some(NOBODY);
        let sandbox =
            Sandbox::open_with(root.join("state"), engine.clone()).map_err(|why| why.to_string())?;
        let trial = Self { sandbox, work, readable, program, secret, owner, _scratch: scratch };
        trial.hand_over(&trial.work)?;
        Ok(trial)
    }

    /// Gives something to whoever the command runs as.
    pub(super) fn hand_over(&self, path: &Path) -> Result<(), String> {
        let given = self.owner.map(|owner| chown(path, Some(owner), Some(owner)));
        given.transpose().map(drop).map_err(|why| why.to_string())
    }

    pub(super) fn lacks(&self, tier: Tier) -> Option<String> {
        self.sandbox.inner.lacks(tier)
    }

    /// What the kernel answered to each question of a script.
    pub(super) fn answers(&self, profile: &Profile, tier: Tier, script: Script) -> Result<Vec<i64>, String> {
        self.run(profile, tier, script).map(|done| done.answers)
    }

    /// Runs a script confined, as the command itself.
    pub(super) fn run(&self, profile: &Profile, tier: Tier, mut script: Script) -> Result<Done, String> {
        script.exit();
        let (line, theirs) = Line::pair(&script, &[]).map_err(|why| whole(&why))?;
        let command = Command {
            program: self.program.clone(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: "/".into(),
            streams: Streams::Three {
                input: Stream::Given(theirs),
                output: Stream::Nothing,
                error: Stream::Nothing,
            },
        };
        let plan = self.sandbox.plan_in(profile, tier).map_err(|why| why.to_string())?;
        let mut running = plan.spawn(command).map_err(|why| whole(&why))?;
        let ended = running.wait().map_err(|why| whole(&why))?;
        let mut answers = Vec::new();
        while let Some(message) = line.waiting().map_err(|why| why.to_string())? {
            match message {
                Message::Value(value) => answers.push(value),
                Message::Failed { step, errno } => return Err(format!("step {step} failed with {errno}")),
                _ => {}
            }
        }
        Ok(Done { answers, ended, line })
    }

    /// A socket that a program of this machine listens on, and its address.
    pub(super) fn local_server(&self) -> Result<(UnixListener, Vec<u8>), String> {
        let path = self.readable.join("socket");
        let server = UnixListener::bind(&path).map_err(|why| why.to_string())?;
        self.hand_over(&path)?;
        let mut address = (libc::AF_UNIX as u16).to_ne_bytes().to_vec();
        address.extend_from_slice(path.as_os_str().as_bytes());
        address.push(0);
        Ok((server, address))
    }
}

fn whole(why: &dyn std::error::Error) -> String {
    let source = why.source().map(|source| format!(": {source}"));
    format!("{why}{}", source.unwrap_or_default())
}

/// Runs a script as nothing but a process of this one, and waits for it.
pub(super) fn unconfined(script: &Script) -> Result<Line, String> {
    let stage = Stage::start(script, &[]).map_err(|why| whole(&why))?;
    stage.reap().map_err(|why| why.to_string())?;
    Ok(stage.into_line())
}

/// A server of this machine and its address.
pub(super) fn server() -> Result<(TcpListener, Vec<u8>), String> {
    let server = TcpListener::bind("127.0.0.1:0").map_err(|why| why.to_string())?;
    let port = server.local_addr().map_err(|why| why.to_string())?.port();
    let mut address = vec![0; 16];
    address[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
    address[2..4].copy_from_slice(&port.to_be_bytes());
    address[4..8].copy_from_slice(&[127, 0, 0, 1]);
    Ok((server, address))
}

/// Asks what the kernel says to opening a file.
pub(super) fn opening(script: &mut Script, path: &Path, flags: i32) {
    // A path of a temporary folder of ours holds no zero.
    let path = script.text(&CString::new(path.as_os_str().as_bytes()).unwrap_or_default());
    let (here, mode) = (libc::AT_FDCWD, 0o600);
    script.ask(libc::SYS_openat, [here.into(), path.into(), flags.into(), mode.into()]);
}

/// Makes a folder, if that is possible.
pub(super) fn making(script: &mut Script, path: &Path) {
    let path = script.text(&CString::new(path.as_os_str().as_bytes()).unwrap_or_default());
    script.try_call(libc::SYS_mkdirat, [libc::AT_FDCWD.into(), path.into(), 0o700.into()]);
}

pub(super) fn sleep(script: &mut Script, time: Duration) {
    let time = script.words(&[time.as_secs(), u64::from(time.subsec_nanos())]);
    script.try_call(libc::SYS_nanosleep, [time.into(), 0.into()]);
}

/// Asks for memory and fills it.
pub(super) fn use_memory(script: &mut Script, bytes: u64) {
    let (access, how) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let filled = how | libc::MAP_POPULATE;
    let bytes = crate::script::Arg::Is(bytes.cast_signed());
    script.ask(libc::SYS_mmap, [0.into(), bytes, access.into(), filled.into(), (-1).into(), 0.into()]);
    // Where memory is looked at only every now and then, that takes a moment.
    sleep(script, Duration::from_millis(200));
    script.ask(libc::SYS_getpid, []);
}

/// Starts a process that leaves its session and outlives the program for so long, if it can.
pub(super) fn leave_something(script: &mut Script, time: Duration) {
    let child = script.fork((libc::CLONE_VM | libc::SIGCHLD).into());
    script.exit();
    script.child(&child);
    script.try_call(libc::SYS_setsid, []);
    sleep(script, time);
}
