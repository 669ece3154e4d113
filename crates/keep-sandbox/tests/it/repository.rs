//! A workspace that is a repository, or is none: what the guards leave to see, and ways around them by git.

use crate::place::Place;
use keep_sandbox::{Profile, runs_later};
use std::fs;
use std::path::Path;

fn guarded(place: &Place) -> Profile {
    Profile { protect: runs_later(&place.work, &place.outside), ..place.working() }
}

fn git(folder: &Path, words: &[&str]) {
    let done = std::process::Command::new("git").args(words).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn nothing_is_left_where_there_is_no_repository() {
    let place = Place::new();
    let done = place.run(&guarded(&place), "ls -A; echo x > HEAD; git init");
    assert!(done.output.contains(".git\n") && !done.succeeded(), "{done:?}");
    assert_eq!(fs::read_dir(&place.work).unwrap().count(), 0);
}

#[test]
fn git_overlooks_placeholders() {
    let place = Place::new();
    git(&place.work, &["init", "--quiet"]);
    fs::create_dir_all(place.work.join(".git/info")).unwrap();
    fs::write(place.work.join(".git/info/exclude"), "ignored").unwrap();
    fs::write(place.work.join("ignored"), "").unwrap();
    fs::write(place.work.join("mine"), "").unwrap();
    let done = place.run(&guarded(&place), "git add --all; git diff --cached --name-only; git clean -fd");
    assert!(done.succeeded(), "{done:?}");
    assert_eq!(done.output, "mine\n", "{done:?}");
    assert_eq!(fs::read_to_string(place.work.join(".git/info/exclude")).unwrap(), "ignored");
}

#[test]
fn a_list_that_leads_to_a_secret_shows_nothing() {
    let place = Place::new();
    git(&place.work, &["init", "--quiet"]);
    fs::create_dir_all(place.work.join(".git/info")).unwrap();
    let _ = fs::remove_file(place.work.join(".git/info/exclude"));
    let secret = place.outside.join("secret");
    fs::write(&secret, "secret").unwrap();
    std::os::unix::fs::symlink(&secret, place.work.join(".git/info/exclude")).unwrap();
    let profile = Profile { hide: vec![secret.clone()], ..guarded(&place) };
    let done = place.run(&profile, &format!("cat .git/info/exclude {}; echo over", secret.display()));
    assert_eq!(done.output, "over\n", "{done:?}");
}

#[test]
fn settings_by_another_folder() {
    let place = Place::new();
    git(&place.work, &["init", "--quiet"]);
    fs::create_dir_all(place.work.join(".git/modules/part")).unwrap();
    fs::write(place.work.join(".git/modules/part/HEAD"), "ref: refs/heads/main").unwrap();
    fs::write(place.work.join(".git/modules/part/config"), "safe").unwrap();
    let text = "cp -r .git common; echo ../common > .git/commondir; rm -f .git/commondir; \
                echo x > .git/modules/part/config; git status > /dev/null && echo works";
    let done = place.run(&guarded(&place), text);
    assert_eq!(done.output, "works\n", "{done:?}");
    assert!(!place.work.join(".git/commondir").exists());
    assert_eq!(fs::read_to_string(place.work.join(".git/modules/part/config")).unwrap(), "safe");
}

#[test]
fn a_program_that_runs_as_its_owner() {
    let place = Place::new();
    let text = "cp /bin/true mine; chmod 755 mine && echo plain; chmod u+s mine; chmod 2755 mine; \
                python3 -c 'import os; os.umask(0); os.open(\"made\", os.O_CREAT | os.O_WRONLY, 0o4755)'; echo over";
    let done = place.run(&place.working(), text);
    assert_eq!(done.output, "plain\nover\n", "{done:?}");
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(place.work.join("mine")).unwrap());
    assert_eq!(mode & 0o7777, 0o755);
    assert!(!place.work.join("made").exists());
}

#[test]
fn this_machine_has_a_name() {
    let place = Place::new();
    let done = place.run(&place.working(), "getent ahostsv4 localhost");
    assert!(done.output.starts_with("127.0.0.1 "), "{done:?}");
}
