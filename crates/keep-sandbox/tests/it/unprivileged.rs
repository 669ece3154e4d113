//! Everything once more as a user who has no rights and no entry anywhere.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{env, fs};

/// Nobody has this number.
const STRANGER: u32 = 54_321;

#[test]
fn everything_again_without_privileges() {
    if fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)).unwrap() != 0 {
        // Then the other tests ran so already.
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (program, temporary) = (scratch.path().join("it"), scratch.path().join("tmp"));
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    fs::create_dir(&temporary).unwrap();
    std::os::unix::fs::chown(&temporary, Some(STRANGER), Some(STRANGER)).unwrap();
    let done = Command::new(&program)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("TMPDIR", &temporary)
        .current_dir("/")
        .uid(STRANGER)
        .gid(STRANGER)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("escape::credential_read ... ok"), "{said}");
}
