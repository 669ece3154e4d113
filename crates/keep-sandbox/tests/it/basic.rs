//! What a confined command can still do.

use crate::place::{Place, word};
use keep_sandbox::{Command, EndedBy, Environment, Network, Plan, Profile, Reads, SandboxError, Tier};
use std::io::ErrorKind;

#[test]
fn a_shell_runs_under_landlock() {
    let place = Place::new();
    let profile = place.reading();
    assert_eq!(place.sandbox.plan(&profile).unwrap().tier(), Tier::Landlock);
    let done =
        place.run(&profile, "echo said; echo wrong >&2; echo x > /dev/null; cat /etc/passwd | wc -l; exit 7");
    assert!(done.output.starts_with("said\n"), "{done:?}");
    assert_eq!(done.error, "wrong\n");
    assert_eq!(done.ended.status.code(), Some(7));
    assert_eq!(done.ended.by, EndedBy::Itself);
    assert!(done.ended.usage.largest_bytes > 0);
}

#[test]
fn a_shell_works_in_namespaces() {
    let place = Place::new();
    let profile = place.working();
    assert_eq!(place.sandbox.capabilities().unwrap().namespaces, Ok(()));
    assert_eq!(place.sandbox.plan(&profile).unwrap().tier(), Tier::Namespaces);
    let done = place.run(
        &profile,
        "echo made > here; cat here; ls /proc | grep -c '^[0-9]'; hostname; id -u; chmod 600 here; exit 5",
    );
    assert_eq!(done.ended.status.code(), Some(5), "{done:?}");
    assert!(done.output.starts_with("made\n"), "{done:?}");
    assert_eq!(std::fs::read_to_string(place.work.join("here")).unwrap(), "made\n");
}

#[test]
fn the_fastest_tier_that_can_express_all_of_it() {
    let place = Place::new();
    let (hidden, work) = (place.outside.clone(), place.work.clone());
    let only = Reads::Only(vec!["/usr".into(), hidden.clone()]);
    let table = [
        (place.reading(), Some(Tier::Landlock)),
        (Profile { read: only.clone(), ..place.reading() }, Some(Tier::Landlock)),
        (Profile { network: Network::All, ..place.reading() }, Some(Tier::Landlock)),
        // Nothing is there, or nothing of it can be seen: nothing to hide.
        (Profile { hide: vec![hidden.join("none")], ..place.reading() }, Some(Tier::Landlock)),
        (Profile { read: only, hide: vec![work.clone()], ..place.reading() }, Some(Tier::Landlock)),
        (Profile { hide: vec![hidden.clone()], ..place.reading() }, Some(Tier::Namespaces)),
        (Profile { private_tmp: true, ..place.reading() }, Some(Tier::Namespaces)),
        (
            Profile { network: Network::Hosts(vec!["example.org".into()]), ..place.reading() },
            Some(Tier::Namespaces),
        ),
        (Profile { network: Network::Hosts(Vec::new()), ..place.reading() }, Some(Tier::Landlock)),
        (place.working(), Some(Tier::Namespaces)),
        // Contradictions, and what leaves nothing to confine.
        (Profile { hide: vec![work.clone()], ..place.working() }, None),
        (Profile { protect: vec![work.clone()], ..place.working() }, None),
        (Profile { write: vec!["/".into()], ..place.reading() }, None),
        (Profile { write: vec![work.join("none")], ..place.reading() }, None),
        (Profile { write: vec!["relative".into()], ..place.reading() }, None),
    ];
    for (profile, expected) in table {
        let planned = place.sandbox.plan(&profile);
        assert_eq!(planned.as_ref().ok().map(Plan::tier), expected, "{profile:?}: {planned:?}");
        let Err(refusal) = planned else { continue };
        assert_eq!(refusal.reasons.len(), 3, "{refusal}");
    }
}

#[test]
fn what_cannot_be_run_is_said() {
    let place = Place::new();
    for profile in [place.reading(), place.working()] {
        for (program, expected) in [("no-such-program", "No such file"), ("/etc/passwd", "Permission denied")]
        {
            let command = Command { program: program.into(), ..place.shell("") };
            let why = place.run_command(&profile, command).unwrap_err();
            let SandboxError::Program { source, .. } = &why else { panic!("{why:?}") };
            assert!(source.to_string().contains(expected) || source.kind() == ErrorKind::NotFound, "{why:?}");
        }
        let command = Command { folder: "/no/such/folder".into(), ..place.shell("true") };
        let why = place.run_command(&profile, command).unwrap_err();
        assert_eq!(why.to_string(), "cannot enter the folder /no/such/folder in the sandbox");
    }
    assert_eq!(std::fs::read_dir(place.work.with_file_name("state/placeholders")).unwrap().count(), 0);
}

#[test]
fn a_tree_is_built_of_what_may_be_read() {
    let place = Place::new();
    std::fs::write(place.outside.join("file"), "seen").unwrap();
    let link = place.work.with_file_name("link");
    std::os::unix::fs::symlink(&place.outside, &link).unwrap();
    let mut read: Vec<_> = ["/bin", "/usr", "/lib", "/lib64", "/etc/ld.so.cache"].map(Into::into).to_vec();
    read.push(link.clone());
    let profile = Profile { read: Reads::Only(read), private_tmp: true, ..place.working() };
    let text = format!(
        "cat {0}/file; echo x > {0}/file; ls /; echo made > out; echo t > /tmp/t; cat /etc/passwd",
        word(&link)
    );
    let done = place.run(&profile, &text);
    let names: Vec<_> = done.output.strip_prefix("seen").unwrap().split_whitespace().collect();
    assert_eq!(names, ["bin", "dev", "etc", "lib", "lib64", "proc", "tmp", "usr"], "{done:?}");
    assert_eq!(std::fs::read_to_string(place.work.join("out")).unwrap(), "made\n");
    assert!(!std::path::Path::new("/tmp/t").exists());
    assert!(done.error.contains("Read-only") && done.error.contains("/etc/passwd"), "{done:?}");
}

#[test]
fn variables_pass_by_name() {
    let place = Place::new();
    let environment = Environment {
        pass: vec!["PATH".into(), "PLAIN".into(), "MY_TOKEN".into()],
        set: vec![("SET".into(), "here".into())],
        ..Environment::default()
    };
    let profile = Profile { environment, ..place.reading() };
    let mut command = place.shell("env | grep -v -e ^PWD= -e ^_= -e ^PATH= -e ^SHLVL= | sort");
    for (name, value) in [("PLAIN", "1"), ("MY_TOKEN", "2"), ("OTHER", "3")] {
        command.environment.push((name.into(), value.into()));
    }
    assert_eq!(place.run_command(&profile, command).unwrap().output, "PLAIN=1\nSET=here\n");
}
