//! The container tier, with a real engine that belongs to the test.

use crate::place::{Outcome, Place, read, word};
use keep_sandbox::{
    Command, EndedBy, Engine, Limits, Network, PROXY_ADDRESS, Profile, Reads, Root, Running, Sandbox,
    SandboxError, Stream, Streams, Tier,
};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Who owns the workspace, since a container's command is never root.
const OWNER: u32 = 43_210;

/// Podman with storage of its own, gone with the test.
pub(crate) struct Service {
    child: Child,
    folder: TempDir,
}

impl Service {
    /// Nothing, and a word about why, where it cannot be had.
    pub(crate) fn start() -> Option<Self> {
        let why = if !rustix::process::geteuid().is_root() {
            Some("an engine of its own needs root")
        } else if !["podman", "runc"].iter().all(|name| on_path(name)) {
            Some("podman and runc are not installed")
        } else {
            None
        };
        if let Some(why) = why {
            println!("SKIPPED: {why}");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("eng").tempdir().unwrap();
        let mut command = Self::podman(folder.path());
        command.args(["system", "service", "--time=0"]);
        command.arg(format!("unix://{}", folder.path().join("s").display()));
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut service = Self { child, folder };
        while std::os::unix::net::UnixStream::connect(service.socket()).is_err() {
            if let Some(status) = service.child.try_wait().unwrap() {
                let log = fs::read_to_string(service.folder.path().join("log")).unwrap();
                panic!("podman ended with {status}: {log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(service)
    }

    fn podman(folder: &Path) -> std::process::Command {
        let mut command = std::process::Command::new("podman");
        for (option, name) in [("--root", "root"), ("--runroot", "run"), ("--tmpdir", "tmp")] {
            command.arg(option).arg(folder.join(name));
        }
        // Nothing stays mounted with this driver, and images without files cost it nothing.
        command.args(["--storage-driver", "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs"]);
        command.args(["--events-backend", "none"]);
        command
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    fn say(&self, words: &[&str]) -> String {
        let done = Self::podman(self.folder.path()).args(words).output().unwrap();
        assert!(done.status.success(), "{words:?}: {done:?}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// Containers that the engine knows, running or not.
    fn containers(&self) -> String {
        self.say(&["ps", "--all", "--quiet"])
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// A workspace that belongs to somebody, and an engine.
struct Yard {
    place: Place,
    service: Service,
    scratch: TempDir,
}

impl Yard {
    fn new() -> Option<Self> {
        Some(Self::with(Service::start()?, Root::Machine))
    }

    fn with(service: Service, root: Root) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let above = scratch.path().canonicalize().unwrap();
        fs::set_permissions(&above, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["work", "outside"] {
            fs::create_dir(above.join(name)).unwrap();
            std::os::unix::fs::chown(above.join(name), Some(OWNER), Some(OWNER)).unwrap();
        }
        let engine = Engine { sockets: vec![service.socket()], root };
        let sandbox = Sandbox::open_with(above.join("state"), engine).unwrap();
        Self { place: Place::at(sandbox, above.join("work")), service, scratch }
    }

    fn start(&self, profile: &Profile, command: Command) -> Result<Running, SandboxError> {
        let plan = self.place.sandbox.plan_in(profile, Tier::Container)?;
        assert_eq!(plan.tier(), Tier::Container);
        plan.spawn(command)
    }

    fn run(&self, profile: &Profile, text: &str) -> Outcome {
        let mut running = self.start(profile, self.place.shell(text)).unwrap();
        let (mut output, mut error) = (running.take_output().unwrap(), running.take_error().unwrap());
        let reader = std::thread::spawn(move || read(&mut error));
        let output = read(&mut output);
        let error = reader.join().unwrap();
        Outcome { ended: running.wait().unwrap(), output, error }
    }

    fn refused(&self, profile: &Profile) -> String {
        self.place.sandbox.plan_in(profile, Tier::Container).unwrap_err().to_string()
    }

    fn nothing_is_left(&self) {
        assert_eq!(self.service.containers(), "");
        let notes = fs::read_dir(self.scratch.path().join("state/containers")).unwrap();
        assert_eq!(notes.count(), 0);
    }
}

#[test]
fn a_command_runs_in_a_container() {
    let Some(yard) = Yard::new() else { return };
    let profile = Profile { private_tmp: true, ..yard.place.working() };
    let streams = Streams::Three { input: Stream::Pipe, output: Stream::Pipe, error: Stream::Pipe };
    let text = "cat > made; id -u; hostname; pwd; echo t > /tmp/t; echo wrong >&2; exit 5";
    let mut running = yard.start(&profile, Command { streams, ..yard.place.shell(text) }).unwrap();
    running.take_input().unwrap().write_all(b"typed").unwrap();
    let expected = format!("{OWNER}\nkeep\n{}\n", word(&yard.place.work));
    assert_eq!(read(&mut running.take_output().unwrap()), expected);
    assert_eq!(read(&mut running.take_error().unwrap()), "wrong\n");
    let ended = running.wait().unwrap();
    assert_eq!((ended.by, ended.status.code()), (EndedBy::Itself, Some(5)));
    assert_eq!(fs::read_to_string(yard.place.work.join("made")).unwrap(), "typed");
    assert!(!Path::new("/tmp/t").exists());
    yard.nothing_is_left();
}
