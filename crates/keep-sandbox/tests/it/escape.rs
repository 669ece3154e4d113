//! Ways out of confinement that somebody found, here or elsewhere, each tried for real.

use crate::place::{Outcome, Place, word};
use keep_sandbox::{LocalSockets, Network, Profile, Reads, Tier};
use std::fs;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

/// Both tiers, as far as a command that writes nothing goes.
fn both(place: &Place) -> [Profile; 2] {
    let profiles = [place.reading(), place.working()];
    let tiers = profiles.each_ref().map(|profile| place.sandbox.plan(profile).unwrap().tier());
    assert_eq!(tiers, [Tier::Landlock, Tier::Namespaces]);
    profiles
}

/// A program that says that it began, so that one which could not start refutes nothing.
fn python(text: &str) -> String {
    format!("python3 -c 'print(\"began\",flush=True); {text}'")
}

fn refused_after_it_began(done: &Outcome) {
    assert!(done.output.starts_with("began"), "{done:?}");
    refused(done);
}

fn refused(done: &Outcome) {
    assert!(!done.succeeded(), "{done:?}");
}

#[test]
fn credential_read() {
    let place = Place::new();
    let (folder, file) = (place.outside.join(".ssh"), place.outside.join("token"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("id"), "private").unwrap();
    fs::write(&file, "secret").unwrap();
    let hidden = Profile { hide: vec![folder.clone(), file.clone()], ..place.working() };
    let only: Vec<PathBuf> = ["/bin", "/usr", "/lib", "/lib64", "/etc"].map(PathBuf::from).into();
    let only = Profile { read: Reads::Only(only), ..place.reading() };
    let only_writing = Profile { write: vec![place.work.clone()], ..only.clone() };
    for profile in [hidden, only, only_writing] {
        let folder = word(&folder);
        let text = format!(
            "cat {folder}/id; ls {folder}; cat {}; cat /proc/self/root{folder}/id; echo over",
            word(&file)
        );
        let command = keep_sandbox::Command { folder: "/usr".into(), ..place.shell(&text) };
        let done = place.run_command(&profile, command).unwrap();
        assert_eq!(done.output, "over\n", "{done:?}");
    }
}

/// A plan may be kept; what it hides need not have been there when it was made.
#[test]
fn credential_that_comes_later() {
    let place = Place::new();
    let file = place.outside.join("token");
    for profile in both(&place) {
        let plan = place.sandbox.plan(&Profile { hide: vec![file.clone()], ..profile }).unwrap();
        fs::write(&file, "secret").unwrap();
        match plan.spawn(place.shell(&format!("cat {}", word(&file)))) {
            Ok(mut running) => {
                assert_eq!(plan.tier(), Tier::Namespaces);
                assert_eq!(crate::place::read(&mut running.take_output().unwrap()), "");
            }
            Err(why) => assert!(why.to_string().contains("since this was planned"), "{why}"),
        }
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn write_outside() {
    let place = Place::new();
    let target = place.outside.join("file");
    fs::write(&target, "before").unwrap();
    for profile in both(&place) {
        let target = word(&target);
        let text = format!(
            "echo x > {target}; chmod 777 {target}; rm {target}; mv {target} {target}2; ln {target} {}/hard; \
             touch -d 2001-01-01 {target}; truncate -s 0 {target}; mkdir {}/made; echo x > /proc/sys/kernel/core_pattern; \
             echo x > /etc/keep-was-here",
            word(&place.work),
            word(&place.outside)
        );
        let before = fs::metadata(place.outside.join("file")).unwrap();
        refused(&place.run(&profile, &text));
        let after = fs::metadata(place.outside.join("file")).unwrap();
        assert_eq!(fs::read_to_string(place.outside.join("file")).unwrap(), "before");
        assert_eq!(
            (before.permissions(), before.modified().unwrap()),
            (after.permissions(), after.modified().unwrap())
        );
        assert!(!place.outside.join("made").exists() && !place.work.join("hard").exists());
    }
}

#[test]
fn write_through_a_symlink() {
    let place = Place::new();
    let target = place.outside.join("file");
    fs::write(&target, "before").unwrap();
    let text = format!("ln -s {} link && echo x > link", word(&target));
    refused(&place.run(&place.working(), &text));
    assert_eq!(fs::read_to_string(&target).unwrap(), "before");
}

#[test]
fn write_through_a_folder_that_moves() {
    let place = Place::new();
    // Between the look at the profile and the start, somebody puts a link where the folder was.
    let sub = place.work.join("sub");
    fs::create_dir(&sub).unwrap();
    let profile = Profile { write: vec![sub.clone()], ..place.reading() };
    let plan = place.sandbox.plan(&profile).unwrap();
    fs::rename(&sub, place.work.join("moved")).unwrap();
    std::os::unix::fs::symlink(&place.outside, &sub).unwrap();
    let why = plan.spawn(place.shell(&format!("echo x > {}/file", word(&sub)))).unwrap_err();
    assert!(why.to_string().contains("take along"), "{why}");
    assert!(!place.outside.join("file").exists());
}

#[test]
fn protected_files_and_the_folders_above_them() {
    let place = Place::new();
    let git = place.work.join(".git");
    fs::create_dir_all(git.join("hooks")).unwrap();
    fs::write(git.join("config"), "safe").unwrap();
    let protect = vec![git.join("hooks"), git.join("config")];
    let profile = Profile { protect, ..place.working() };
    let done = place.run(
        &profile,
        "echo x > .git/config; echo x > .git/hooks/pre-commit; rm -rf .git/hooks; mv .git/config c; mv .git g; \
         mkdir -p .git/hooks; ln .git/config hard; touch .git/index && echo fine",
    );
    assert_eq!(done.output, "fine\n", "{done:?}");
    assert_eq!(fs::read_to_string(git.join("config")).unwrap(), "safe");
    assert!(!git.join("hooks/pre-commit").exists() && git.join("index").exists());
    assert!(!place.work.join("g").exists() && !place.work.join("hard").exists());
}

#[test]
fn protected_links() {
    let place = Place::new();
    let git = place.work.join(".git");
    fs::create_dir_all(&git).unwrap();
    fs::create_dir(place.work.join("hooks")).unwrap();
    fs::write(place.work.join("settings"), "safe").unwrap();
    std::os::unix::fs::symlink("../hooks", git.join("hooks")).unwrap();
    std::os::unix::fs::symlink("../settings", git.join("config")).unwrap();
    std::os::unix::fs::symlink("nowhere", place.work.join(".envrc")).unwrap();
    let protect = vec![git.join("hooks"), git.join("config"), place.work.join(".envrc")];
    let profile = Profile { protect, ..place.working() };
    let done = place.run(
        &profile,
        "rm -rf .git/hooks .git/config .envrc; mv .git g; mv .git/config c; echo x > .git/config; echo x > settings; \
         echo x > hooks/pre-commit; echo x > .envrc; echo x > nowhere; cat .git/config",
    );
    assert_eq!(done.output, "safe", "{done:?}");
    assert_eq!(fs::read_link(git.join("hooks")).unwrap().to_str(), Some("../hooks"));
    assert_eq!(fs::read_to_string(git.join("config")).unwrap(), "safe");
    assert_eq!(fs::read_dir(place.work.join("hooks")).unwrap().count(), 0);
    assert!(place.work.join(".envrc").is_symlink() && !place.work.join("nowhere").exists());
    // Below a link to a folder nothing can be kept in place.
    std::os::unix::fs::symlink(".git", place.work.join("link")).unwrap();
    let profile = Profile { protect: vec![place.work.join("link/hooks")], ..place.working() };
    assert!(place.sandbox.plan(&profile).unwrap_err().to_string().contains("is a link"));
}

#[test]
fn missing_file_creation() {
    let place = Place::new();
    let protect = [".mcp.json", ".vscode/", ".git/hooks/pre-commit"].map(|path| place.work.join(path));
    let profile = Profile { protect: protect.to_vec(), ..place.working() };
    let done = place.run(
        &profile,
        "echo x > .mcp.json; echo x > new; mv new .mcp.json; mkdir .vscode/x; echo x > .vscode/tasks.json; \
         mkdir -p .git/hooks; rm -rf .vscode .git .mcp.json; mv .git .g; ls -A",
    );
    assert_eq!(done.output, ".git\n.mcp.json\n.vscode\nnew\n", "{done:?}");
    let left: Vec<_> = fs::read_dir(&place.work).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["new"], "the placeholders are gone");
}

#[test]
fn proc_root() {
    let place = Place::new();
    let file = place.outside.join("secret");
    fs::write(&file, "secret").unwrap();
    let ours = std::process::id();
    for profile in both(&place) {
        let mut profile = profile;
        if profile.write.is_empty() {
            profile.read =
                Reads::Only(["/bin", "/usr", "/lib", "/lib64", "/etc", "/proc"].map(PathBuf::from).into());
        } else {
            profile.hide = vec![place.outside.clone()];
        }
        let file = word(&file);
        let text = format!(
            "for p in self 1 {ours}; do cat /proc/$p/root{file} /proc/$p/cwd/../outside/secret; \
             cat /proc/$p/environ; done | grep -c -e secret -e CARGO; true"
        );
        let command = keep_sandbox::Command {
            environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
            folder: "/usr".into(),
            ..place.shell(&text)
        };
        let done = place.run_command(&profile, command).unwrap();
        assert_eq!(done.output.trim(), "0", "{done:?}");
    }
}

/// The first process of the namespaces has more rights than the command, and the socket to the caller.
#[test]
fn the_first_process_is_out_of_reach() {
    let place = Place::new();
    let profile = Profile { private_tmp: true, ..place.working() };
    let done = place.run(
        &profile,
        "cat /proc/1/cmdline >/dev/null && echo there; kill -9 1; kill -STOP 1; for f in 0 1 2 3 4; do cat /proc/1/fd/$f && echo opened; done; cat /proc/1/mem /proc/1/maps; \
         ls /proc/1/root/; ls -A /dev /dev/shm; mknod /tmp/disk b 253 0; echo still",
    );
    let names: Vec<_> = done.output.split_whitespace().collect();
    let devices = [
        "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom",
        "zero",
    ];
    let mut expected = vec!["there", "/dev:"];
    expected.extend(devices);
    expected.extend(["/dev/shm:", "still"]);
    assert_eq!(names, expected, "{done:?}");
    assert!(done.error.contains("mknod"), "{done:?}");
}

#[test]
fn ptrace_and_signals() {
    let place = Place::new();
    let mut victim = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let number = victim.id();
    for profile in both(&place) {
        let text = format!("kill -9 {number}");
        refused(&place.run(&profile, &text));
        let attach = python(&format!(
            "import ctypes,sys; c=ctypes.CDLL(None,use_errno=True); sys.exit(0 if c.ptrace(16,{number},0,0)==0 or c.ptrace(0,0,0,0)==0 else 1)"
        ));
        refused_after_it_began(&place.run(&profile, &attach));
    }
    assert!(victim.try_wait().unwrap().is_none(), "it still runs");
    victim.kill().unwrap();
    victim.wait().unwrap();
}

#[test]
fn a_socket_of_the_host() {
    let place = Place::new();
    let path = place.work.join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let text = python(&format!(
        "import socket; s=socket.socket(socket.AF_UNIX); s.connect(\"{}\"); print(1)",
        word(&path)
    ));
    for profile in both(&place) {
        refused_after_it_began(&place.run(&profile, &text));
    }
    // Where it is granted it works, so the test above proves something.
    let granted = Profile { local_sockets: LocalSockets::Readable, ..place.working() };
    assert!(place.run(&granted, &text).succeeded());
    drop(listener);
}

#[test]
fn an_abstract_socket() {
    use std::os::linux::net::SocketAddrExt;
    let place = Place::new();
    let name = format!("keep-test-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    UnixStream::connect_addr(&address).unwrap();
    let text = python(&format!("import socket; s=socket.socket(socket.AF_UNIX); s.connect(\"\\0{name}\")"));
    let [reading, working] = both(&place);
    let granted = Profile { local_sockets: LocalSockets::Readable, ..working.clone() };
    let shared = Profile { network: Network::All, ..granted.clone() };
    for profile in [reading, working, granted, shared] {
        refused_after_it_began(&place.run(&profile, &text));
    }
}

#[test]
fn dns_and_the_metadata_address() {
    let place = Place::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connect = |to: &str, port: u16| {
        python(&format!("import socket; s=socket.socket(); s.settimeout(5); s.connect((\"{to}\",{port}))"))
    };
    let ask = python(
        "import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.sendto(b\"x\",(\"8.8.8.8\",53))",
    );
    for profile in both(&place) {
        for text in [connect("169.254.169.254", 80), connect("127.0.0.1", port), ask.clone()] {
            refused_after_it_began(&place.run(&profile, &text));
        }
        let all = Profile { network: Network::All, ..profile };
        assert!(place.run(&all, &connect("127.0.0.1", port)).succeeded());
    }
    // An empty list of hosts is nothing, not everything.
    let nobody = Profile { network: Network::Hosts(Vec::new()), ..place.working() };
    refused_after_it_began(&place.run(&nobody, &connect("127.0.0.1", port)));
}

#[test]
fn setuid() {
    let place = Place::new();
    for profile in both(&place) {
        let done = place.run(
            &profile,
            "grep -e NoNewPrivs -e CapEff -e CapBnd -e Seccomp: /proc/self/status; setpriv --reuid=12345 true",
        );
        assert!(done.output.contains("NoNewPrivs:\t1") && done.output.contains("Seccomp:\t2"), "{done:?}");
        assert!(done.output.contains("CapEff:\t0000000000000000"), "{done:?}");
        refused(&done);
    }
}

#[test]
fn mount_and_namespaces() {
    let place = Place::new();
    for profile in both(&place) {
        for text in [
            "mount -t tmpfs none /mnt",
            "umount /proc",
            "unshare -U true",
            "unshare -m true",
            "chroot / true",
            "nsenter -t 1 -m true",
            "unshare -r true",
        ] {
            refused(&place.run(&profile, text));
        }
    }
}

#[test]
fn calls_that_go_around() {
    let place = Place::new();
    // io_uring_setup, add_key, keyctl, bpf, userfaultfd, perf_event_open, clone3 with a new user namespace.
    let calls = if cfg!(target_arch = "x86_64") {
        [425, 248, 250, 321, 323, 298, 435]
    } else {
        [425, 217, 219, 280, 282, 241, 435]
    };
    for profile in both(&place) {
        for number in calls {
            let text = python(&format!(
                "import ctypes,sys; c=ctypes.CDLL(None,use_errno=True); r=c.syscall({number},0,0,0,0,0); \
                 sys.exit(1 if r==-1 and ctypes.get_errno() in (1,38) else 0)"
            ));
            refused_after_it_began(&place.run(&profile, &text));
        }
    }
}

#[test]
fn x32_calls_kill() {
    let place = Place::new();
    if cfg!(target_arch = "x86_64") {
        for profile in both(&place) {
            let text = python("import ctypes; c=ctypes.CDLL(None); c.syscall(0x40000000+39); print(1)");
            let done = place.run(&profile, &format!("{text}; exit 1"));
            assert_eq!(done.output, "began\n", "{done:?}");
        }
    }
}

#[test]
fn what_outlives_its_parent() {
    let place = Place::new();
    for profile in both(&place) {
        // Daemons of every kind: own session, own group, forked twice, signals ignored. They hold no stream of
        // ours, but each has a mark that can be found from outside.
        let mark = format!("{}{}", std::process::id(), if profile.write.is_empty() { 1 } else { 2 });
        let text = format!(
            "for i in 1 2 3; do (trap \"\" HUP TERM INT; setsid sh -c \"sleep 6{mark} & sleep 6{mark}\" >/dev/null \
             2>&1 &) & done; sleep 0.3; echo started"
        );
        let mut running = place.sandbox.plan(&profile).unwrap().spawn(place.shell(&text)).unwrap();
        let mut output = running.take_output().unwrap();
        let mut bytes = [0; 8];
        std::io::Read::read_exact(&mut output, &mut bytes).unwrap();
        let ended = running.wait().unwrap();
        assert!(ended.status.success());
        assert_eq!(with_word(&format!("6{mark}")), Vec::<String>::new(), "nothing is left");
    }
}

/// Processes of this machine that have this word among their own.
pub(crate) fn with_word(word: &str) -> Vec<String> {
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let numbers = processes.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    numbers
        .filter(|number| {
            let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|part| part == word.as_bytes())
        })
        .collect()
}

#[test]
fn dropping_a_run_ends_it() {
    let place = Place::new();
    for profile in both(&place) {
        let mut running =
            place.sandbox.plan(&profile).unwrap().spawn(place.shell("setsid sleep 600 & sleep 600")).unwrap();
        let mut output = running.take_output().unwrap();
        drop(running);
        // Every process had the pipe's other end; it is closed only when all are gone.
        assert_eq!(crate::place::read(&mut output), "");
    }
}
