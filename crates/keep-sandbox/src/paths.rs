//! Paths of a profile, as they lie on this machine.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// More links than the kernel follows.
const MOST_LINKS: usize = 40;

/// A path without links, and the links that led there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// Where it leads.
    pub(crate) path: PathBuf,
    /// Each link on the way, and what it says.
    pub(crate) links: Vec<(PathBuf, PathBuf)>,
    /// Whether something lies there.
    pub(crate) is_folder: bool,
}

/// Follows a path to where it leads now.
pub(crate) fn resolve(path: &Path) -> io::Result<Resolved> {
    // Most of what profiles hide is not there, and one look tells.
    path.symlink_metadata()?;
    let walk = walk(path, |_, _| true)?;
    match walk.missing {
        Some(_) => Err(io::ErrorKind::NotFound.into()),
        None => Ok(Resolved { is_folder: walk.path.is_dir(), path: walk.path, links: walk.links }),
    }
}

/// As far as a path leads.
struct Walk {
    path: PathBuf,
    links: Vec<(PathBuf, PathBuf)>,
    /// The first part that is not there, and whether more would follow.
    missing: Option<(OsString, bool)>,
    /// A link that may not be followed.
    refused: Option<PathBuf>,
}

/// Follows a path link by link, as far as `follow` lets it: that is asked of each link, and told whether
/// anything comes after it.
fn walk(path: &Path, mut follow: impl FnMut(&Path, bool) -> bool) -> io::Result<Walk> {
    if !path.is_absolute() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an absolute path"));
    }
    let mut left: Vec<OsString> = parts(path);
    let mut walk = Walk { path: PathBuf::from("/"), links: Vec::new(), missing: None, refused: None };
    while let Some(part) = left.pop() {
        if part == ".." {
            walk.path.pop();
            continue;
        }
        let next = walk.path.join(&part);
        match next.symlink_metadata() {
            Ok(found) if found.is_symlink() => {
                if !follow(&next, !left.is_empty()) {
                    walk.refused = Some(next);
                    return Ok(walk);
                }
                if walk.links.len() == MOST_LINKS {
                    return Err(io::Error::other("too many links"));
                }
                let target = next.read_link()?;
                if target.is_absolute() {
                    walk.path = PathBuf::from("/");
                }
                left.extend(parts(&target));
                walk.links.push((next, target));
            }
            Ok(_) => walk.path = next,
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                walk.missing = Some((part, !left.is_empty()));
                return Ok(walk);
            }
            // Below a file there is nothing.
            Err(why) if why.kind() == io::ErrorKind::NotADirectory => return Ok(walk),
            Err(why) => return Err(why),
        }
    }
    Ok(walk)
}

/// The parts of a path, the last first.
fn parts(path: &Path) -> Vec<OsString> {
    let mut parts: Vec<OsString> = path
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect();
    parts.reverse();
    parts
}

/// A path that must not change, although it lies below one that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guarded {
    /// The path, or the first part of it that is not there.
    pub(crate) path: PathBuf,
    /// Folders between it and what may be written, which must stay where they are.
    pub(crate) pins: Vec<PathBuf>,
    /// What is there.
    pub(crate) state: State,
}

/// What lies at a guarded path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// A folder.
    Folder,
    /// Something else.
    File,
    /// Nothing, and a folder would have to be there.
    NoFolder,
    /// Nothing, and a file would be there.
    NoFile,
    /// A link, which is as good as what it leads to and is guarded besides that.
    Link,
}

/// What has to be guarded so that a path below one of those that may be written stays as it is: nothing when
/// it lies below none; the links at its end and what they lead to, otherwise the path itself. An error says
/// why it cannot be guarded.
pub(crate) fn guard(path: &Path, writable: &[PathBuf]) -> Result<Vec<Guarded>, String> {
    let root_of = |path: &Path| {
        writable
            .iter()
            .filter(|root| path != root.as_path() && path.starts_with(root))
            .min_by_key(|root| root.as_os_str().len())
    };
    let pins_of = |path: &Path, root: &Path| {
        let above = path.ancestors().skip(1).take_while(|above| *above != root && above.starts_with(root));
        let mut pins: Vec<PathBuf> = above.map(Path::to_owned).collect();
        pins.reverse();
        pins
    };
    let mut guarded = Vec::new();
    let walked = walk(path, |link, more| {
        let Some(root) = root_of(link) else { return true };
        let pins = pins_of(link, root);
        guarded.push(Guarded { path: link.to_owned(), pins, state: State::Link });
        // Nothing but a file can be mounted where a link is, so below one that leads on nothing is kept.
        !more
    });
    let walked = walked.map_err(|why| format!("`{}`: {why}", path.display()))?;
    if let Some(link) = walked.refused {
        return Err(format!(
            "`{}` cannot be guarded: `{}` is a link, which lies in a folder that may be written",
            path.display(),
            link.display()
        ));
    }
    let ends_as_folder = path.as_os_str().as_bytes().ends_with(b"/");
    let (found, state) = match walked.missing {
        Some((part, more)) => {
            let state = if more || ends_as_folder { State::NoFolder } else { State::NoFile };
            (walked.path.join(part), state)
        }
        None if walked.path.is_dir() => (walked.path, State::Folder),
        None => (walked.path, State::File),
    };
    if let Some(root) = root_of(&found).or(writable.iter().find(|root| **root == found)) {
        guarded.push(Guarded { pins: pins_of(&found, root), path: found, state });
    }
    Ok(guarded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_and_remembered() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        symlink("usr/bin", root.join("bin")).unwrap();
        let resolved = resolve(&root.join("bin/../bin")).unwrap();
        assert_eq!(resolved.path, root.join("usr/bin"));
        assert_eq!(resolved.links[0], (root.join("bin"), "usr/bin".into()));
        assert!(resolve(&root.join("none")).is_err());
        symlink("loop", root.join("loop")).unwrap();
        assert!(resolve(&root.join("loop")).is_err());
    }

    #[test]
    fn what_lies_below_a_writable_folder_is_guarded_with_its_parents() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap();
        let work = root.join("work");
        fs::create_dir_all(work.join(".git/hooks")).unwrap();
        symlink(".git", work.join("link")).unwrap();
        let writable = [work.clone()];
        let check = |path: &str| guard(&root.join(path), &writable);
        let one = |path: &str| check(path).unwrap().pop().unwrap();
        let hooks = one("work/.git/hooks");
        assert_eq!((hooks.pins, hooks.state), (vec![work.join(".git")], State::Folder));
        let missing = one("work/.vscode/tasks.json");
        assert_eq!((missing.path, missing.state), (work.join(".vscode"), State::NoFolder));
        assert_eq!(one("work/.mcp.json").state, State::NoFile);
        assert_eq!(one("work/.keep/").state, State::NoFolder);
        assert_eq!(check("elsewhere").unwrap(), []);
        let states: Vec<_> = check("work/link").unwrap().into_iter().map(|one| one.state).collect();
        assert_eq!(states, [State::Link, State::Folder]);
        assert!(check("work/link/hooks").unwrap_err().contains("is a link"));
    }
}
