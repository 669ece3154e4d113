//! Files with suspicious names, wherever they lie: git need not know them to be leaked by a backup, an
//! archive or the next `git add`.

use super::Missed;
use super::inspect::NameKind;
use super::tree::Tree;
use rustix::fs::{AtFlags, Dir, FileType, statat};
use std::collections::VecDeque;
use std::io;

/// Files kept by people lie closer to the root than this.
const MAX_DEPTH: usize = 8;
/// A look must stay quick in a repository of any size.
const MAX_ENTRIES: usize = 20_000;
/// Folders that tools fill; what lies there was not put there by a person.
const SKIPPED: [&[u8]; 4] = [b".git", b"target", b"node_modules", b".venv"];

#[derive(Default)]
pub(super) struct Walked {
    /// Paths of files with suspicious names.
    pub(super) suspicious: Vec<Vec<u8>>,
    /// Where the walk did not go, though it should have.
    pub(super) missed: Vec<(Vec<u8>, Missed)>,
}

/// A name in a folder, and whether it is a folder's.
type Listed = (Vec<u8>, bool);

/// Walks breadth first, so that a limit cuts off what lies deepest.
pub(super) fn walk(tree: &mut Tree) -> Walked {
    let mut walked = Walked::default();
    let mut waiting = VecDeque::from([(Vec::new(), 0)]);
    let (mut entries_left, mut too_deep) = (MAX_ENTRIES, false);
    while let Some((path, depth)) = waiting.pop_front() {
        let listed = match list(tree, &path, entries_left) {
            Ok(listed) => listed,
            Err(_) => {
                walked.missed.push((path, Missed::Unreadable));
                continue;
            }
        };
        let Some(mut listed) = listed else { continue };
        entries_left = entries_left.saturating_sub(listed.len());
        listed.sort();
        for (name, is_folder) in listed {
            let inner = if path.is_empty() { name.clone() } else { [&path[..], b"/", &name].concat() };
            match is_folder {
                true if SKIPPED.contains(&name.as_slice()) => {}
                true if depth < MAX_DEPTH => waiting.push_back((inner, depth + 1)),
                // Once says it.
                true if !too_deep => {
                    too_deep = true;
                    walked.missed.push((inner, Missed::TooDeep));
                }
                true => {}
                false if NameKind::of(&inner) != NameKind::Plain => walked.suspicious.push(inner),
                false => {}
            }
        }
        if entries_left == 0 {
            walked.missed.push((path, Missed::TooManyEntries));
            break;
        }
    }
    walked
}

/// What lies in a folder. None for a folder that is gone, or that is a repository
/// of its own.
fn list(tree: &mut Tree, path: &[u8], most: usize) -> io::Result<Option<Vec<Listed>>> {
    let Some(folder) = tree.folder(path)? else { return Ok(None) };
    let is_nested = !path.is_empty() && statat(folder, ".git", AtFlags::SYMLINK_NOFOLLOW).is_ok();
    if is_nested {
        return Ok(None);
    }
    let mut listed = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let kind = match entry.file_type() {
            // Some file systems do not tell; what cannot be asked is gone or unreadable, and no folder.
            FileType::Unknown => statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
            kind => kind,
        };
        listed.push((name.to_bytes().to_owned(), kind == FileType::Directory));
        if listed.len() >= most {
            break;
        }
    }
    Ok(Some(listed))
}
