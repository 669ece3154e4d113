//! What is to be packed: a file, or a folder with all it holds.

use super::error::PackingError;
use super::folder::{self, split};
use super::links;
use keep_tensor::TensorError;
use keep_tensor::pack::check_path;
use rustix::fs::{AtFlags, Dir, FileType, Stat, fstat, readlinkat, statat};
use std::collections::VecDeque;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// More entries than this are a folder somebody named by mistake; each costs memory until the end.
const MAX_ENTRIES: usize = 1_000_000;

/// What is to be packed, listed but not yet read.
pub(crate) struct Source {
    path: PathBuf,
    top: Top,
    /// In the order of their paths, each folder before what it holds. The first is the top itself, with an
    /// empty path.
    pub(crate) items: Vec<Item>,
}

enum Top {
    File(File),
    Folder(OwnedFd),
}

/// One thing to pack.
pub(crate) struct Item {
    /// Its path below the top; empty for the top.
    pub(crate) path: String,
    pub(crate) kind: ItemKind,
}

pub(crate) enum ItemKind {
    File { mode: u32, seen: Seen },
    Folder { mode: u32 },
    Link { target: String },
}

/// What tells whether a file changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) len: u64,
    modified: (i64, i64),
    inode: u64,
}

impl Seen {
    fn of(stat: &Stat) -> Self {
        let modified = (stat.st_mtime, stat.st_mtime_nsec as i64);
        Self { len: stat.st_size as u64, modified, inode: stat.st_ino }
    }
}

impl Source {
    /// Lists what lies at a path, whose last part is no link.
    pub(crate) fn list(path: &Path) -> Result<Self, PackingError> {
        let failed = |error| PackingError::file("looking at", path, error);
        let stat = statat(rustix::fs::CWD, path, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            let parent = path.parent().unwrap_or(Path::new("/"));
            let name = path.file_name().ok_or_else(|| PackingError::Nameless(path.to_owned()))?;
            let handle = folder::open(parent).map_err(|e| PackingError::file("opening", parent, e))?;
            let kind = item_kind(path, "", &stat, &handle, name)?;
            let name = name.to_str().ok_or_else(|| not_text(path))?;
            let file = folder::file(&handle, name).map_err(|e| PackingError::file("opening", path, e))?;
            let items = vec![Item { path: String::new(), kind }];
            return Ok(Self { path: path.to_owned(), top: Top::File(file), items });
        }
        let handle = folder::open(path).map_err(|e| PackingError::file("opening", path, e))?;
        let top = Item { path: String::new(), kind: ItemKind::Folder { mode: mode(&stat) } };
        let mut items = vec![top];
        let mut folders = VecDeque::from([String::new()]);
        while let Some(below) = folders.pop_front() {
            let names = list_folder(path, &handle, &below, &mut items)?;
            folders.extend(names);
            if items.len() > MAX_ENTRIES {
                let problem = "holds more than a million entries";
                return Err(PackingError::Unfit { path: path.to_owned(), problem });
            }
        }
        // The same folder gives the same pack, whatever order the file system lists it in.
        items.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
        Ok(Self { path: path.to_owned(), top: Top::Folder(handle), items })
    }

    /// Bytes of all files.
    pub(crate) fn bytes(&self) -> u64 {
        let len = |item: &Item| match item.kind {
            ItemKind::File { seen, .. } => seen.len,
            _ => 0,
        };
        self.items.iter().map(len).sum()
    }

    /// Permission bits that every file has: whoever may not read one of them may not read the pack.
    pub(crate) fn common_mode(&self) -> u32 {
        let modes = self.items.iter().filter_map(|item| match item.kind {
            ItemKind::File { mode, .. } => Some(mode),
            _ => None,
        });
        modes.fold(0o666, |all, mode| all & mode)
    }

    pub(crate) fn is_folder(&self) -> bool {
        matches!(self.top, Top::Folder(_))
    }

    /// Where an item lies, to be shown.
    pub(crate) fn shown(&self, item: &Item) -> PathBuf {
        if item.path.is_empty() { self.path.clone() } else { self.path.join(&item.path) }
    }

    /// Opens a file that was listed.
    pub(crate) fn open(&self, item: &Item) -> Result<File, PackingError> {
        let opened = match &self.top {
            Top::File(file) => file.try_clone(),
            Top::Folder(handle) => folder::file(handle, &item.path),
        };
        opened.map_err(|e| PackingError::file("opening", &self.shown(item), e))
    }

    /// Fails when a file is not as it was when it was listed.
    pub(crate) fn check(&self, item: &Item, file: &File, seen: Seen) -> Result<(), PackingError> {
        let stat = fstat(file).map_err(|e| PackingError::file("looking at", &self.shown(item), e))?;
        let same = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && Seen::of(&stat) == seen;
        if same { Ok(()) } else { Err(PackingError::Changed(self.shown(item))) }
    }
}

/// Adds what one folder holds, and says which of it are folders.
fn list_folder(
    root: &Path,
    handle: &OwnedFd,
    below: &str,
    items: &mut Vec<Item>,
) -> Result<Vec<String>, PackingError> {
    let here = root.join(below);
    let failed = |error| PackingError::file("listing", &here, error);
    let folder = folder::beneath(handle, below).map_err(failed)?;
    let mut folders = Vec::new();
    for entry in Dir::read_from(&folder).map_err(|e| failed(e.into()))? {
        let entry = entry.map_err(|e| failed(e.into()))?;
        if matches!(entry.file_name().to_bytes(), b"." | b"..") {
            continue;
        }
        let name = entry
            .file_name()
            .to_str()
            .map_err(|_| not_text(&here.join(entry.file_name().to_string_lossy().as_ref())))?;
        let path = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
        let shown = root.join(&path);
        if let Err(TensorError::Path { problem, .. }) = check_path(&path) {
            return Err(PackingError::Unfit { path: shown, problem });
        }
        let stat = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|e| PackingError::file("looking at", &shown, e))?;
        let kind = item_kind(&shown, &path, &stat, &folder, name.as_ref())?;
        if matches!(kind, ItemKind::Folder { .. }) {
            folders.push(path.clone());
        }
        items.push(Item { path, kind });
    }
    Ok(folders)
}

fn item_kind(
    shown: &Path,
    path: &str,
    stat: &Stat,
    folder: &OwnedFd,
    name: &std::ffi::OsStr,
) -> Result<ItemKind, PackingError> {
    let unfit = |problem| Err(PackingError::Unfit { path: shown.to_owned(), problem });
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(ItemKind::File { mode: mode(stat), seen: Seen::of(stat) }),
        FileType::Directory => Ok(ItemKind::Folder { mode: mode(stat) }),
        FileType::Symlink => {
            let target = readlinkat(folder, name, Vec::new())
                .map_err(|e| PackingError::file("reading the link", shown, e))?;
            let target = target.into_string().map_err(|_| not_text(shown))?;
            let (parent, _) = split(path);
            let depth = parent.split('/').filter(|name| !name.is_empty()).count();
            if links::stays(depth, &target) {
                return Ok(ItemKind::Link { target });
            }
            Err(PackingError::LinkOut { path: shown.to_owned(), target })
        }
        FileType::Socket => unfit("is a socket"),
        FileType::Fifo => unfit("is a pipe"),
        FileType::CharacterDevice | FileType::BlockDevice => unfit("is a device"),
        FileType::Unknown => unfit("is neither file, folder nor link"),
    }
}

fn mode(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777
}

fn not_text(path: &Path) -> PackingError {
    PackingError::Unfit { path: path.to_owned(), problem: "has a name or target that is not UTF-8" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_file_that_changes_after_it_was_listed_is_found_out() {
        type Change = fn(&Path);
        let later = |path: &Path| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_modified(SystemTime::now() + Duration::from_secs(5)).unwrap();
        };
        let cases: [(&str, Change, bool); 4] = [
            ("nothing happens", |_| {}, true),
            ("it grows", |path| fs::write(path, "what is packed, and more").unwrap(), false),
            ("other bytes", later, false),
            ("it becomes shorter", |path| fs::write(path, "what").unwrap(), false),
        ];
        for (what, change, same) in cases {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file");
            fs::write(&path, "what is packed").unwrap();
            for top in [path.as_path(), folder.path()] {
                let source = Source::list(top).unwrap();
                let item = source.items.last().unwrap();
                let ItemKind::File { seen, .. } = item.kind else { panic!("a file is a file") };
                let file = source.open(item).unwrap();
                source.check(item, &file, seen).unwrap();
                change(&path);
                let checked = source.check(item, &file, seen);
                let found = matches!(checked, Err(PackingError::Changed(ref shown)) if *shown == path);
                assert_eq!((checked.is_ok(), found), (same, !same), "{what}");
                fs::write(&path, "what is packed").unwrap();
            }
        }
    }
}
