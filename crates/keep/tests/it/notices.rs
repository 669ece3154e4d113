//! Notices on the desktop of whoever started a server.

use crate::home::{Home, KEEP};
use crate::terminal::Terminal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// Stands in for what shows notices: it writes down what it is given, whole or not at all.
fn stand_in(folder: &Path) -> String {
    let (program, said) = (folder.join("notify-send"), folder.join("said"));
    let script = format!(
        "#!/bin/sh\nprintf '%s|' \"$@\" >> {0}.part\nprintf '\\n' >> {0}.part\ncp {0}.part {0}.new\nmv {0}.new {0}\n",
        said.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
    format!("{}:/usr/bin:/bin", folder.display())
}

#[test]
fn a_server_tells_its_person_that_something_waits_and_nothing_of_what() {
    let mut home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let path = stand_in(folder.path());
    home.variables = vec![
        ("PATH", path),
        ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent".into()),
        ("KEEP_APPROVALS_NOTICE", "desktop".into()),
    ];
    let mut up = home.command(KEEP);
    up.args(["up", "--port", "0"]);
    let mut terminal = Terminal::start(up);
    assert!(terminal.shows("Ctrl-C ends it", &|| false), "it does not serve");
    // What waited when it looked first is on the dashboard alone, so the first may be too early.
    let said = folder.path().join("said");
    let mut asked = 0;
    while !said.exists() {
        asked += 1;
        let branch = format!("branch-{asked}-of-nobody-else");
        let pushed = home.keep(&["exec", "--", "git", "push", "--force", "origin", &branch]);
        assert_eq!(pushed.code, 8, "it does not wait: {pushed:?}");
        std::thread::sleep(Duration::from_secs(1));
    }
    terminal.type_in("\x03");
    assert_eq!(terminal.end(&|| false).unwrap().code, 0);
    let said = fs::read_to_string(said).unwrap();
    let first = said.lines().next().unwrap();
    assert!(first.starts_with("--app-name=Keep|--|Keep: agent:"), "{first}");
    assert!(first.contains("waits for you|exec.run in ") && first.contains("high risk"), "{first}");
    assert!(!said.contains("nobody-else") && !said.contains("git"), "{said}");
    // It is told by the server alone.
    let told = said.lines().count();
    assert!(told <= asked, "{told} notices of {asked} requests: {said}");
}

/// Without what shows notices nothing pretends that they come.
#[test]
fn the_doctor_says_how_somebody_learns_that_something_waits() {
    let mut home = Home::new();
    // However wide the terminal is.
    let doctor = |home: &Home| home.ok(&["doctor"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(doctor(&home).contains("the terminal's bell"));
    let folder = tempfile::tempdir().unwrap();
    home.variables = vec![("PATH", "/nonexistent".into()), ("KEEP_APPROVALS_NOTICE", "desktop".into())];
    assert!(doctor(&home).contains("there is no `notify-send` on the PATH"));
    home.variables[0].1 = stand_in(folder.path());
    assert!(doctor(&home).contains("there is no bus of a desktop's session"));
    home.variables.push(("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent".into()));
    assert!(doctor(&home).contains("on the desktop, by notify-send"));
}
