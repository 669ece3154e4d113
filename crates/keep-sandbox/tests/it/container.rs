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

/// One container, and everything that a command tries in order to get out of it.
#[test]
fn ways_out_of_a_container() {
    let Some(yard) = Yard::new() else { return };
    let Place { work, outside, .. } = &yard.place;
    let hidden = outside.join("hidden");
    fs::create_dir_all(work.join(".git/hooks")).unwrap();
    fs::create_dir(&hidden).unwrap();
    for (file, text) in
        [(hidden.join("key"), "secret"), (outside.join("file"), "before"), (work.join(".git/config"), "safe")]
    {
        fs::write(&file, text).unwrap();
        std::os::unix::fs::chown(&file, Some(OWNER), Some(OWNER)).unwrap();
    }
    for folder in [&hidden, &work.join(".git"), &work.join(".git/hooks")] {
        std::os::unix::fs::chown(folder, Some(OWNER), Some(OWNER)).unwrap();
    }
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let protect = [".git/hooks", ".git/config", ".mcp.json", ".vscode/"].map(|path| work.join(path));
    let profile = Profile { hide: vec![hidden.clone()], protect: protect.to_vec(), ..yard.place.working() };
    let (outside, hidden) = (word(outside), word(&hidden));
    let text = format!(
        "try() {{ \"$@\" 2>/dev/null && echo \"$@\"; }}
         try cat {hidden}/key; try ls {hidden}; try cat /proc/1/root{hidden}/key; try cat /proc/1/environ
         try sh -c 'echo x > {outside}/file'; try chmod 777 {outside}/file; try rm {outside}/file
         try sh -c 'echo x > .git/config'; try sh -c 'echo x > .git/hooks/pre-commit'; try mv .git g
         try sh -c 'echo x > .mcp.json'; try rm -rf .mcp.json; try mkdir .vscode/x; try mv .vscode v
         try mount -t tmpfs none /mnt; try unshare -U true; try unshare -m true; try chroot / true
         try setpriv --reuid=0 true; try kill -9 1; try sh -c 'echo x > /run/x'; try sh -c 'echo x > /.keep/x'
         try sh -c 'echo x > /etc/x'; try sh -c 'echo 1 > /proc/sys/kernel/core_pattern'; try mknod d b 8 0
         try python3 -c 'import socket; socket.create_connection((\"127.0.0.1\",{port}),2)'
         try python3 -c 'import socket; socket.socket(socket.AF_UNIX)'
         try python3 -c 'import ctypes,sys; sys.exit(0 if ctypes.CDLL(None).ptrace(0,0,0,0)==0 else 1)'
         try ls /proc/1/fd
         grep -e ^Cap -e NoNew /proc/self/status | sort -u -k2; echo fine > fine"
    );
    let done = yard.run(&profile, &text);
    assert_eq!(done.output, "CapInh:\t0000000000000000\nNoNewPrivs:\t1\n", "{done:?}");
    assert_eq!(fs::read_to_string(Path::new(&outside).join("file")).unwrap(), "before");
    let mut left: Vec<_> = fs::read_dir(work).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [".git", "fine"], "the placeholders are gone");
    // Nothing but what is named can be read, and the same command still runs.
    let only: Vec<PathBuf> = ["/bin", "/usr", "/lib", "/lib64"].map(PathBuf::from).into();
    let profile = Profile { read: Reads::Only(only), private_tmp: true, ..yard.place.working() };
    let done = yard.run(&profile, &format!("cat {outside}/file; cat fine; echo t > /tmp/t; ls /"));
    assert!(done.output.starts_with("fine\n") && done.output.contains("bin\n"), "{done:?}");
    assert!(!done.output.contains("root") && !done.output.contains("home"), "{done:?}");
    yard.nothing_is_left();
}

/// What `keep attest` promises of the other tiers is so in containers, too.
#[test]
fn the_promises_hold_in_a_container() {
    let Some(service) = Service::start() else { return };
    let engine = Engine { sockets: vec![service.socket()], root: Root::Machine };
    for (id, verdict) in keep_sandbox::verdicts(&engine) {
        assert_eq!(verdict, keep_types::Verdict::Pass, "{id}");
    }
    assert_eq!(service.containers(), "");
    assert!(service.say(&["images", "--quiet"]).lines().count() > 0, "it was the engine that was tried");
}

#[test]
fn limits_hold_in_a_container() {
    let Some(yard) = Yard::new() else { return };
    let with = |limits| Profile { limits, ..yard.place.working() };
    let none = Limits::default();
    let wall = Limits { wall: Some(Duration::from_millis(500)), ..none };
    let done = yard.run(&with(wall), "trap 'echo tidied; exit 3' TERM; sleep 600 & wait");
    assert_eq!((done.ended.by, done.ended.status.code()), (EndedBy::Wall, Some(3)), "{done:?}");
    let memory = Limits { memory: Some(64 << 20), processes: Some(20), ..none };
    let done = yard.run(&with(memory), "x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done");
    assert_eq!(done.ended.by, EndedBy::Memory, "{done:?}");
    let done = yard.run(
        &with(Limits { open_files: Some(16), file_size: Some(4096), output: Some(1000), ..memory }),
        "ulimit -n; head -c 100000 /dev/zero > big; wc -c < big; i=0; \
         while [ $i -lt 60 ]; do sleep 600 & i=$((i+1)); done; echo all",
    );
    assert_eq!(done.output.split_whitespace().collect::<Vec<_>>(), ["16", "4096"], "{done:?}");
    assert!(done.error.contains("fork") && !done.succeeded(), "{done:?}");
    let done = yard.run(&with(Limits { output: Some(1000), ..none }), "yes");
    assert_eq!((done.ended.by, done.output.len()), (EndedBy::Output, 1000));
    yard.nothing_is_left();
}

#[test]
fn a_container_ends_with_its_run() {
    let Some(yard) = Yard::new() else { return };
    let mark = format!("8{}", std::process::id());
    let text =
        format!("trap 'echo asked; exit 9' TERM; setsid sleep {mark} & echo ready; sleep {mark} & wait");
    let start = || {
        let mut running = yard.start(&yard.place.working(), yard.place.shell(&text)).unwrap();
        let mut output = running.take_output().unwrap();
        let mut word = [0; 6];
        output.read_exact(&mut word).unwrap();
        (running, output)
    };
    let (mut running, mut output) = start();
    assert_ne!(yard.service.containers(), "");
    running.stopper().terminate();
    assert_eq!(read(&mut output), "asked\n");
    assert_eq!(running.wait().unwrap().status.code(), Some(9));
    let (mut running, mut output) = start();
    running.stopper().kill();
    assert_eq!(read(&mut output), "");
    assert_eq!(running.wait().unwrap().status.signal(), Some(libc::SIGKILL));
    let (running, _output) = start();
    drop(running);
    assert_eq!(crate::escape::with_word(&mark), Vec::<String>::new());
    yard.nothing_is_left();
}

#[test]
fn a_terminal_and_a_proxy_reach_into_a_container() {
    let Some(yard) = Yard::new() else { return };
    let streams = Streams::Terminal { rows: 40, columns: 120 };
    let text = "stty size; test -t 0 && test -t 1 && echo all; read x; echo got $x; echo mine > /dev/tty";
    let command = Command { streams, ..yard.place.shell(text) };
    let mut running = yard.start(&yard.place.working(), command).unwrap();
    let (mut typed, mut shown) = running.take_terminal().unwrap().unwrap();
    typed.write_all(b"word\n").unwrap();
    let said = read(&mut shown);
    for expected in ["40 120", "all", "got word", "mine"] {
        assert!(said.contains(expected), "{expected}: {said:?}");
    }
    assert!(running.wait().unwrap().status.success());

    let network = Network::Hosts(vec!["example.org".into()]);
    let text = format!(
        "python3 -c 'import socket; s=socket.create_connection((\"127.0.0.1\",{})); s.send(b\"hello\"); \
         print(s.recv(9).decode())'",
        PROXY_ADDRESS.port()
    );
    let profile = Profile { network, ..yard.place.working() };
    let mut running = yard.start(&profile, yard.place.shell(&text)).unwrap();
    let (mut connection, _) = running.take_proxy().unwrap().accept().unwrap();
    let mut bytes = [0; 5];
    connection.read_exact(&mut bytes).unwrap();
    connection.write_all(b"answer").unwrap();
    drop(connection);
    assert_eq!(read(&mut running.take_output().unwrap()), "answer\n");
    assert!(running.wait().unwrap().status.success());
}

#[test]
fn what_a_container_cannot_express_is_refused() {
    let Some(yard) = Yard::new() else { return };
    let Place { work, outside, .. } = &yard.place;
    let working = yard.place.working();
    std::os::unix::fs::symlink("elsewhere", work.join("link")).unwrap();
    let linked = Profile { protect: vec![work.join("link")], ..working.clone() };
    assert!(yard.refused(&linked).contains("is a link"));
    std::os::unix::fs::chown(outside, Some(0), Some(0)).unwrap();
    let rooted = Profile { write: vec![outside.clone()], ..working.clone() };
    assert!(yard.refused(&rooted).contains("belongs to root"));
    std::os::unix::fs::chown(outside, Some(1), Some(1)).unwrap();
    let shared = Profile { write: vec![work.clone(), outside.clone()], ..working.clone() };
    assert!(yard.refused(&shared).contains("another user"));

    // A folder that somebody moved since, and put a link in its place.
    let sub = work.join("sub");
    fs::create_dir(&sub).unwrap();
    std::os::unix::fs::chown(&sub, Some(OWNER), Some(OWNER)).unwrap();
    let moved = Profile { write: vec![sub.clone()], ..working };
    let plan = yard.place.sandbox.plan_in(&moved, Tier::Container).unwrap();
    fs::rename(&sub, work.join("moved")).unwrap();
    std::os::unix::fs::symlink(outside, &sub).unwrap();
    std::os::unix::fs::lchown(&sub, Some(OWNER), Some(OWNER)).unwrap();
    let why = plan.spawn(yard.place.shell("true")).unwrap_err();
    assert!(why.to_string().contains("is a link since"), "{why}");
    // A program that is not there leaves nothing behind, either.
    let command = Command { program: "/no/such".into(), ..yard.place.shell("") };
    let why = yard.start(&yard.place.reading(), command).unwrap_err();
    assert!(matches!(why, SandboxError::Program { .. }), "{why:?}");
    yard.nothing_is_left();
}

#[test]
fn an_engine_that_is_not_there_is_a_refusal_with_a_hint() {
    let place = Place::new();
    let sockets = vec![place.outside.join("none")];
    let engine = Engine { sockets, root: Root::Machine };
    let sandbox = Sandbox::open_with(place.work.with_file_name("other"), engine).unwrap();
    std::os::unix::fs::chown(&place.work, Some(1).filter(|_| rustix::process::geteuid().is_root()), None)
        .unwrap();
    let refused = sandbox.plan_in(&place.working(), Tier::Container).unwrap_err().to_string();
    assert!(refused.contains("no container engine listens") && refused.contains("DOCKER_HOST"), "{refused}");
    assert!(sandbox.capabilities().unwrap().container.unwrap_err().contains("no container engine"));
}

#[test]
fn an_image_is_pinned_and_never_fetched() {
    let Some(service) = Service::start() else { return };
    let tar = service.socket().with_file_name("image.tar");
    let folder = service.socket().with_file_name("image");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("of-the-image"), "image").unwrap();
    fs::set_permissions(folder.join("of-the-image"), fs::Permissions::from_mode(0o644)).unwrap();
    let made =
        std::process::Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(&folder).arg(".").status();
    assert!(made.unwrap().success());
    let id = service.say(&["import", "--quiet", tar.to_str().unwrap()]);
    let id = id.trim();
    let id = if id.starts_with("sha256:") { id.to_owned() } else { format!("sha256:{id}") };
    let yard = Yard::with(service, Root::Image(id));
    let only: Vec<PathBuf> = ["/bin", "/usr", "/lib", "/lib64"].map(PathBuf::from).into();
    let profile = Profile { read: Reads::Only(only), ..yard.place.working() };
    let command =
        Command { program: "/bin/sh".into(), ..yard.place.shell("cat /of-the-image; cat /etc/hostname") };
    let mut running = yard.start(&profile, command).unwrap();
    assert!(read(&mut running.take_output().unwrap()).starts_with("image"));
    running.wait().unwrap();
    assert!(yard.refused(&yard.place.working()).contains("name what is to be read"));
    yard.nothing_is_left();

    let other = |root: &str| {
        let engine = Engine { sockets: vec![yard.service.socket()], root: Root::Image(root.into()) };
        let sandbox = Sandbox::open_with(yard.scratch.path().join("other"), engine).unwrap();
        let plan = sandbox.plan_in(&profile, Tier::Container).map_err(|why| why.to_string())?;
        let command = Command { program: "/bin/sh".into(), ..yard.place.shell("true") };
        plan.spawn(command).map(drop).map_err(|why| why.to_string())
    };
    assert!(other("debian:latest").unwrap_err().contains("name it with its digest"));
    let missing = format!("sha256:{}", "0a".repeat(32));
    assert!(other(&missing).unwrap_err().contains("never fetched"));
}

/// Says to the test below that it is the one to be killed.
const VICTIM: &str = "KEEP_SANDBOX_TEST_CONTAINED";

/// Run on its own this does nothing; run by the test below it starts a container and waits to be killed.
#[test]
fn victim() {
    let Some(root) = std::env::var_os(VICTIM).map(PathBuf::from) else { return };
    let engine = Engine {
        sockets: vec![std::env::var_os("KEEP_SANDBOX_TEST_ENGINE").unwrap().into()],
        root: Root::Machine,
    };
    let place = Place::at(Sandbox::open_with(root.join("state"), engine).unwrap(), root.join("work"));
    let plan = place.sandbox.plan_in(&place.working(), Tier::Container).unwrap();
    let text = format!("echo runs; sleep 8{}", std::process::id());
    let mut running = plan.spawn(place.shell(&text)).unwrap();
    running.take_output().unwrap().read_exact(&mut [0; 5]).unwrap();
    println!("contained");
    let _ = running.wait();
}

#[test]
fn the_container_of_a_killed_caller_ends_and_is_removed_by_the_next() {
    use std::io::BufRead;
    let Some(yard) = Yard::new() else { return };
    let root = yard.place.work.parent().unwrap();
    let mut victim = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "container::victim", "--nocapture"])
        .env(VICTIM, root)
        .env("KEEP_SANDBOX_TEST_ENGINE", yard.service.socket())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufReader::new(victim.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "contained"), "it ended before its command ran");
    assert_ne!(yard.service.containers(), "");
    victim.kill().unwrap();
    victim.wait().unwrap();
    let mark = format!("8{}", victim.id());
    while !crate::escape::with_word(&mark).is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let engine = Engine { sockets: vec![yard.service.socket()], root: Root::Machine };
    Sandbox::open_with(root.join("state"), engine).unwrap();
    yard.nothing_is_left();
}
