//! Unpacking into a folder that holds something, killed at every step: the next run takes it back.

use super::Desk;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// More calls of one kind than unpacking makes here.
const MAX_CALLS: usize = 60;

/// What a folder holds: bytes of files, targets of links, nothing for folders.
fn tree(top: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for path in super::names(top) {
        let holds = if path.is_symlink() {
            Some(fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes())
        } else {
            path.is_file().then(|| fs::read(&path).unwrap())
        };
        found.insert(path.strip_prefix(top).unwrap().to_owned(), holds);
    }
    found
}

fn copy(desk: &Desk, from: &str, to: &str) {
    let _ = fs::remove_dir_all(desk.at(to));
    assert!(Command::new("cp").arg("-a").args([desk.at(from), desk.at(to)]).status().unwrap().success());
}

/// A folder, what it holds after unpacking over it, and the pack.
fn prepared() -> Desk {
    let desk = Desk::new();
    for (path, text) in [("a", "old a"), ("b", "old b"), ("deep/c", "old c"), ("other", "of others")] {
        desk.write(&format!("old/{path}"), text.as_bytes());
    }
    for path in ["a", "b", "deep/c", "deep/d", "more/e"] {
        desk.write(&format!("run/{path}"), format!("new {path}").as_bytes());
    }
    symlink("a", desk.at("run/link")).unwrap();
    fs::create_dir(desk.at("run/hollow")).unwrap();
    desk.ok("pack run");
    copy(&desk, "old", "new");
    desk.ok("unpack run.keep -o new --force");
    assert_ne!(tree(&desk.at("old")), tree(&desk.at("new")));
    desk
}

/// Unpacks over a copy of the folder with a kill at a call; says whether it came to that.
fn killed(desk: &Desk, call: &str, nth: usize, other: Option<&str>) -> bool {
    copy(desk, "old", "there");
    let log = desk.at("strace.log");
    let kill = format!("inject={call}:signal=KILL:when={nth}");
    let trace = format!("trace={call},renameat2");
    let mut words = vec!["-f", "-q", "-o", log.to_str().unwrap(), "-e", &trace, "-e", &kill];
    words.extend(other.map(|other| ["-e", other]).into_iter().flatten());
    words.extend([crate::home::KEEP, "unpack", "run.keep", "-o", "there", "--force"]);
    desk.home.converse_with("strace", &words, &[]);
    fs::read_to_string(&log).unwrap().contains("killed by SIGKILL")
}

fn strike(calls: &[&str], other: Option<&str>) {
    let desk = prepared();
    let (old, new) = (tree(&desk.at("old")), tree(&desk.at("new")));
    let (mut mixed, mut undone, mut whole) = (0, 0, 0);
    for call in calls {
        for nth in 1.. {
            assert!(nth < MAX_CALLS, "{call} is called without end");
            if !killed(&desk, call, nth, other) {
                break;
            }
            let mut left = tree(&desk.at("there"));
            left.retain(|path, _| !path.to_str().unwrap().starts_with(".keep-"));
            // The next run is refused, since the folder is not empty, but sets it right before.
            let said = desk.run("unpack run.keep -o there");
            assert_eq!(said.code, 7, "{call} {nth}: {said:?}");
            let settled = tree(&desk.at("there"));
            assert!(settled == old || settled == new, "{call} {nth}: {left:?} became {settled:?}");
            mixed += usize::from(left != old && left != new);
            undone += usize::from(settled == old);
            whole += usize::from(settled == new);
            desk.ok("unpack run.keep -o there --force");
            assert!(tree(&desk.at("there")) == new, "{call} {nth}");
        }
    }
    assert!(mixed > 3 && undone > mixed && whole > 0, "{mixed} mixed, {undone} undone, {whole} whole");
}

#[test]
fn what_is_killed_halfway_is_undone_by_the_next_run() {
    strike(&["renameat2", "mkdirat", "ftruncate", "unlinkat"], None);
}

#[test]
fn so_it_is_where_files_cannot_change_places() {
    strike(&["linkat", "renameat", "ftruncate", "unlinkat"], Some("inject=renameat2:error=EINVAL"));
}

#[test]
fn what_others_changed_since_is_kept_and_named() {
    let desk = prepared();
    // The fourth is put after others were.
    assert!(killed(&desk, "renameat2", 4, None));
    let replaced: Vec<_> = ["a", "b"]
        .into_iter()
        .filter(|name| fs::read(desk.at(&format!("there/{name}"))).unwrap().starts_with(b"new"))
        .collect();
    let name = replaced.first().expect("something was replaced");
    desk.write(&format!("there/{name}"), b"mine");
    desk.fails("unpack run.keep -o there --force", 7, "now lies in");
    assert_eq!(fs::read(desk.at(&format!("there/{name}"))).unwrap(), b"mine");
    let kept = super::names(&desk.at("there"))
        .into_iter()
        .any(|path| path.is_file() && fs::read(&path).unwrap() == format!("old {name}").as_bytes());
    assert!(kept, "the only copy of {name} is gone");
}
