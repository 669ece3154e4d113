//! What a confined command can still do.

use crate::place::Place;
use keep_sandbox::{EndedBy, Tier};

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
    assert_eq!(place.sandbox.capabilities().namespaces, Ok(()));
    assert_eq!(place.sandbox.plan(&profile).unwrap().tier(), Tier::Namespaces);
    let done = place.run(
        &profile,
        "echo made > here; cat here; ls /proc | grep -c '^[0-9]'; hostname; id -u; chmod 600 here; exit 5",
    );
    assert_eq!(done.ended.status.code(), Some(5), "{done:?}");
    assert!(done.output.starts_with("made\n"), "{done:?}");
    assert_eq!(std::fs::read_to_string(place.work.join("here")).unwrap(), "made\n");
}
