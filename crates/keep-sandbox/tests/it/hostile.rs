//! What somebody tried who looked for a way out, beyond the ways that others found.

use crate::place::{Place, word};
use keep_sandbox::{Network, Profile, Tier};
use std::fs;
use std::os::unix::fs::MetadataExt;

/// A program that says `began`, and each thing that worked.
fn python(lines: &[&str]) -> String {
    let mut text = String::from(
        "import ctypes, fcntl, os, socket, sys\nC = ctypes.CDLL(None, use_errno=True)\n\
         def tries(name, what):\n    try:\n        r = what()\n        if r is not False and r != -1: print(name)\n    except OSError: pass\n\
         print(\"began\")\n",
    );
    text.push_str(&lines.join("\n"));
    text
}

fn nothing_worked(place: &Place, profile: &Profile, lines: &[&str]) {
    let script = place.outside.join("program.py");
    fs::write(&script, python(lines)).unwrap();
    let done = place.run(profile, &format!("python3 {}", word(&script)));
    assert_eq!(done.output, "began\n", "{done:?}");
}

/// A named pipe is opened for writing on what is mounted read-only, too: only Landlock refuses that.
#[test]
fn a_named_pipe_of_the_host() {
    let place = Place::new();
    let pipe = place.outside.join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o666.into(), 0).unwrap();
    let line = format!("tries('write', lambda: os.open('{0}', os.O_WRONLY | os.O_NONBLOCK))", word(&pipe));
    let both = format!("tries('both', lambda: os.open('{0}', os.O_RDWR | os.O_NONBLOCK))", word(&pipe));
    // Somebody reads, so that opening it would work.
    let _reader = fs::File::options().read(true).write(true).open(&pipe).unwrap();
    for profile in [place.reading(), place.working()] {
        nothing_worked(&place, &profile, &[&line, &both]);
    }
}

/// The kernel takes the lower half of a request's number, and so must the filter.
#[test]
fn requests_with_more_bits_than_the_kernel_reads() {
    let place = Place::new();
    let lines = [
        "tty = os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY)",
        "b = ctypes.create_string_buffer(b'x')",
        "for n in (0x5412, 0x541c, 0x100005412, 0xffffffff00005412):",
        "    tries(hex(n), lambda: C.syscall(16, tty, ctypes.c_ulong(n), b))",
    ];
    if cfg!(target_arch = "x86_64") {
        nothing_worked(&place, &place.working(), &lines);
    }
}

#[test]
fn other_families_of_sockets() {
    let place = Place::new();
    // Packets, keys of the kernel's cryptography, virtual machines, Bluetooth, IPsec, XDP, QIPCRTR, and netlink
    // for anything but routes (audit, events of devices, connectors).
    let lines = [
        "for f, k, p in ((17,3,3),(38,5,0),(40,1,0),(31,3,1),(15,3,2),(44,3,0),(42,2,0),(16,3,9),(16,3,15),(16,3,11)):",
        "    tries((f, p), lambda: socket.socket(f, k, p))",
        "tries('raw', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))",
    ];
    for profile in [place.reading(), place.working()] {
        nothing_worked(&place, &profile, &lines);
        nothing_worked(&place, &Profile { network: Network::All, ..profile }, &lines);
    }
}

/// Handles that only name a file are no way to write it.
#[test]
fn descriptors_opened_again() {
    let place = Place::new();
    let (outside, guarded) = (place.outside.join("file"), place.work.join("guarded"));
    for file in [&outside, &guarded] {
        fs::write(file, "before").unwrap();
    }
    let profile = Profile { protect: vec![guarded.clone()], ..place.working() };
    let [outside_word, guarded_word] = [word(&outside), word(&guarded)];
    let lines = [
        format!("for p in ('{outside_word}', '{guarded_word}'):"),
        "    for how in (os.O_PATH, os.O_RDONLY):".to_owned(),
        "        fd = os.open(p, how)".to_owned(),
        "        tries('again', lambda: os.open(f'/proc/self/fd/{fd}', os.O_WRONLY))".to_owned(),
        "        tries('link', lambda: os.link(f'/proc/self/fd/{fd}', 'hard', follow_symlinks=True))"
            .to_owned(),
        "        tries('mode', lambda: os.chmod(f'/proc/self/fd/{fd}', 0o777))".to_owned(),
        "        tries('time', lambda: os.utime(f'/proc/self/fd/{fd}'))".to_owned(),
        "        tries('attribute', lambda: os.setxattr(f'/proc/self/fd/{fd}', 'user.x', b'x'))".to_owned(),
        "        tries('cut', lambda: os.truncate(f'/proc/self/fd/{fd}', 0))".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let before = [&outside, &guarded].map(|file| fs::metadata(file).unwrap().ctime_nsec());
    nothing_worked(&place, &profile, &lines);
    assert_eq!(before, [&outside, &guarded].map(|file| fs::metadata(file).unwrap().ctime_nsec()));
    // A temporary folder that lies elsewhere is none of the run's, and names exchanged lead nowhere.
    let exchange = format!(
        "tries('exchange', lambda: C.renameat2(-100, b'{guarded_word}', -100, b'free', 2)); open('free', 'w')"
    );
    nothing_worked(&place, &profile, &["open('free', 'w').close()", &exchange]);
    assert_eq!(fs::read_to_string(&guarded).unwrap(), "before");
}

/// Limits of the caller, and of any other process of its user, are not the run's to set.
#[test]
fn limits_of_others() {
    let place = Place::new();
    let ours = std::process::id();
    let lines = [
        format!("tries('limit', lambda: C.prlimit({ours}, 0, (ctypes.c_ulong * 2)(1, 1), None))"),
        "tries('parent', lambda: C.prlimit(os.getppid(), 0, (ctypes.c_ulong * 2)(1, 1), None))".to_owned(),
        format!("tries('signal', lambda: C.syscall(434, {ours}, 0) >= 0 and C.kill({ours}, 0))"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let [reading, working] = [place.reading(), place.working()];
    assert_eq!(place.sandbox.plan(&reading).unwrap().tier(), Tier::Landlock);
    nothing_worked(&place, &reading, &lines);
    let profile = Profile { private_tmp: false, ..working };
    nothing_worked(&place, &profile, &[lines[0], lines[2]]);
}

/// Marks of an overlay that a command makes itself would remove or hide files when its changes are committed.
#[test]
fn marks_of_a_layer_made_by_hand() {
    let place = Place::new();
    fs::create_dir(place.work.join("kept")).unwrap();
    fs::write(place.work.join("kept/file"), "kept").unwrap();
    let layer = keep_sandbox::layer::Layer::create(&place.outside.join("try"), &place.work).unwrap();
    let plan = place.sandbox.plan_over(&place.working(), &layer).unwrap();
    let script = place.outside.join("program.py");
    let lines = [
        "tries('whiteout', lambda: os.mknod('gone', 0o020000 | 0o600, 0))",
        "os.mkdir('made')",
        "for n in ('opaque', 'whiteout', 'redirect', 'metacopy'):",
        "    for p in ('kept', 'made'):",
        "        tries(n, lambda: os.setxattr(p, 'trusted.overlay.' + n, b'y'))",
        "        try: os.setxattr(p, 'user.overlay.' + n, b'y')",
        "        except OSError: pass",
    ];
    fs::write(&script, python(&lines)).unwrap();
    let mut running = plan.spawn(place.shell(&format!("python3 {}", word(&script)))).unwrap();
    assert_eq!(crate::place::read(&mut running.take_output().unwrap()), "began\n");
    running.wait().unwrap();
    let changes = layer.changes().unwrap();
    let found: Vec<String> = changes.entries.iter().map(|one| one.path.to_string()).collect();
    assert_eq!(found, ["made"], "nothing of what was there is gone");
}
