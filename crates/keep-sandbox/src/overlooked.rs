//! What git is told to overlook: the placeholders of a run.
//!
//! A placeholder is seen by the command as an empty file or folder that nobody made, and git would list it as
//! new and take it into the next commit. So the command sees, in the place of its repository's
//! `info/exclude`, the same file with the placeholders added. Git's variables for settings would do the same
//! and replace the person's own list of what to overlook.

use crate::paths;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The most of a list that is shown with more: it lies in a small file system in memory.
const MOST_BYTES: u64 = 128 << 10;

/// A file that a command sees with another content than it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overlooked {
    /// Where it lies; no link leads there.
    pub(crate) path: PathBuf,
    /// What is seen.
    pub(crate) content: Vec<u8>,
}

/// The lists of the repositories that placeholders lie in. A repository without a list, or with one that is no
/// file or too large, keeps what it has: git then shows the placeholders.
pub(crate) fn overlooked(placeholders: &[PathBuf]) -> Vec<Overlooked> {
    let mut all: Vec<Overlooked> = Vec::new();
    for placeholder in placeholders {
        let Some((top, list)) = repository(placeholder) else { continue };
        let Some(line) = placeholder.strip_prefix(&top).ok().and_then(line) else { continue };
        if let Some(known) = all.iter_mut().find(|known| known.path == list) {
            known.content.extend(line);
            continue;
        }
        if let Some(mut content) = read(&list) {
            if content.last().is_some_and(|last| *last != b'\n') {
                content.push(b'\n');
            }
            content.extend(line);
            all.push(Overlooked { path: list, content });
        }
    }
    all
}

/// The top folder of the repository that something lies in, and where its list is.
fn repository(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let found = |top: &&Path| top.join(".git").symlink_metadata().is_ok();
    let top = path.ancestors().skip(1).find(found)?;
    let git = top.join(".git");
    if path.starts_with(&git) {
        return None;
    }
    let folder = if git.is_dir() { git } else { shared_folder(&git)? };
    // What a repository says of itself may be a command's work: a link could make of the list any file that
    // the command may not see.
    let list = paths::resolve(&folder.join("info/exclude")).ok().filter(|list| list.links.is_empty())?;
    Some((top.to_owned(), list.path))
}

/// A small file to which no link leads, also when somebody puts one there meanwhile.
fn read(path: &Path) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS).ok()?);
    file.metadata().ok().filter(|found| found.is_file() && found.len() <= MOST_BYTES)?;
    let mut content = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut content).ok()?;
    Some(content)
}

/// The folder that a linked worktree shares with its repository, as the file in the place of `.git` names it.
fn shared_folder(file: &Path) -> Option<PathBuf> {
    let own = named(file, b"gitdir: ")?;
    named(&own.join("commondir"), b"")
}

/// The path that a short file names, from the folder that the file lies in.
fn named(file: &Path, before: &[u8]) -> Option<PathBuf> {
    let path = read(file)?.strip_prefix(before)?.trim_ascii_end().to_vec();
    Some(file.parent()?.join(PathBuf::from(OsString::from_vec(path))))
}

/// A path as a pattern that means it and nothing else; none for what a line cannot hold.
fn line(path: &Path) -> Option<Vec<u8>> {
    let name = path.as_os_str().as_bytes();
    if name.contains(&b'\n') {
        return None;
    }
    let mut line = vec![b'/'];
    for &byte in name {
        if matches!(byte, b'\\' | b'*' | b'?' | b'[' | b' ') {
            line.push(b'\\');
        }
        line.push(byte);
    }
    line.push(b'\n');
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_list_that_is_a_link_shows_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let top = scratch.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("work/.git/info")).unwrap();
        fs::write(top.join("key"), "secret").unwrap();
        symlink("../../../key", top.join("work/.git/info/exclude")).unwrap();
        assert_eq!(overlooked(&[top.join("work/.envrc")]), []);
    }

    #[test]
    fn placeholders_are_added_to_the_list_of_their_repository() {
        let scratch = tempfile::tempdir().unwrap();
        let top = scratch.path().canonicalize().unwrap();
        let list = top.join(".git/info/exclude");
        fs::create_dir_all(top.join(".git/info")).unwrap();
        fs::create_dir_all(top.join("a [b]")).unwrap();
        let of = |names: &[&str]| overlooked(&names.iter().map(|name| top.join(name)).collect::<Vec<_>>());
        assert_eq!(of(&[".envrc"]), [], "there is no list");
        fs::write(&list, "mine").unwrap();
        let expected =
            Overlooked { path: list.clone(), content: b"mine\n/.envrc\n/a\\ \\[b]/.keep\n".to_vec() };
        assert_eq!(of(&[".envrc", ".git/config", "a [b]/.keep"]), [expected]);
        // A linked worktree shares its list with the others.
        let linked = scratch.path().canonicalize().unwrap().join("a [b]");
        fs::create_dir_all(top.join(".git/worktrees/linked")).unwrap();
        fs::write(top.join(".git/worktrees/linked/commondir"), "../..\n").unwrap();
        let text = format!("gitdir: {}\n", top.join(".git/worktrees/linked").display());
        fs::write(linked.join(".git"), text).unwrap();
        let found = overlooked(&[linked.join(".envrc")]);
        assert_eq!(found, [Overlooked { path: list, content: b"mine\n/.envrc\n".to_vec() }]);
    }
}
