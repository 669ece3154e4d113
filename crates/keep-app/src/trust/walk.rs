use super::closure::Closure;
use super::error::TrustError;
use crate::config::{Reader, read};
use keep_types::Digest;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::Errno;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The most files of one project that a pin covers: more than a person looks at.
const MAX_FILES: usize = 512;
/// The most bytes of all of them.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// How deep folders of flows may lie in each other.
const MAX_DEPTH: usize = 8;

const SETTINGS: &str = ".keep/keep.toml";
const RULES: &str = ".keep/rules";
const FLOWS: &str = ".keep/flows";

/// A project's files, read once: the closure, and the texts to be obeyed.
#[derive(Clone, Debug)]
pub struct Walked {
    /// Every file by content.
    pub closure: Closure,
    /// `.keep/keep.toml` and what it includes, as path and text, the including before the included.
    pub settings: Vec<(String, String)>,
    /// `.keep/rules/*.toml`, as path and text, in the order of their names.
    pub rules: Vec<(String, String)>,
}

/// The nearest folder at or above this one that has a `.keep` folder of its own: ours, or of whoever
/// owns the folder. One that another user planted in a shared folder such as `/tmp` is passed over.
#[must_use]
pub fn find_root(cwd: &Path) -> Option<PathBuf> {
    let us = rustix::process::geteuid().as_raw();
    let look = |path: &Path| statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).ok();
    let is_root = |folder: &&Path| {
        let Some(keep) = look(&folder.join(".keep")) else {
            return false;
        };
        let its_own = keep.st_uid == us || look(folder).is_some_and(|f| f.st_uid == keep.st_uid);
        FileType::from_raw_mode(keep.st_mode) == FileType::Directory && its_own
    };
    cwd.ancestors().find(is_root).map(Path::to_owned)
}

/// Reads a project's files through its root's handle, never through a link.
///
/// # Errors
/// When a file cannot be read, is a link, no regular file or no text where text is needed, when there is
/// too much, or when a settings file does not load.
pub fn walk(root: &Path) -> Result<Walked, TrustError> {
    let handle = openat(CWD, root, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty())
        .map_err(|error| TrustError::Read { path: root.to_owned(), source: error.into() })?;
    let mut walk = Walk { root, handle, files: BTreeMap::new(), bytes: 0 };
    let settings = walk.settings()?;
    let mut rules = Vec::new();
    for path in walk.list(RULES)?.into_iter().filter(|path| path.ends_with(".toml")) {
        let text = walk.text(&path)?;
        rules.push((path, text));
    }
    walk.folder(FLOWS, 0)?;
    let closure = Closure { root: root.to_owned(), files: walk.files };
    Ok(Walked { closure, settings, rules })
}

/// How folders on the way are opened.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// How files are opened; without `NONBLOCK` a pipe in a file's place would hold us up for ever.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

struct Walk<'a> {
    root: &'a Path,
    handle: OwnedFd,
    files: BTreeMap<String, Digest>,
    bytes: u64,
}

impl Walk<'_> {
    /// The settings file and, breadth first, what it includes, each once.
    fn settings(&mut self) -> Result<Vec<(String, String)>, TrustError> {
        let mut read_so_far: Vec<(String, String)> = Vec::new();
        let mut waiting = VecDeque::new();
        if self.open(SETTINGS, FILE)?.is_some() {
            waiting.push_back(SETTINGS.to_owned());
        }
        while let Some(path) = waiting.pop_front() {
            if self.files.contains_key(&path) {
                continue;
            }
            let text = self.text(&path)?;
            let shown = self.root.join(&path).display().to_string();
            let document = read(&shown, &text, Reader::Project).map_err(TrustError::Settings)?;
            waiting.extend(document.include.into_iter().map(|(path, _)| path));
            read_so_far.push((path, text));
        }
        Ok(read_so_far)
    }

    fn folder(&mut self, path: &str, depth: usize) -> Result<(), TrustError> {
        for path in self.list(path)? {
            match self.open(&path, FOLDER) {
                Ok(Some(_)) if depth + 1 == MAX_DEPTH => {
                    let (path, limit) = (self.root.join(path), MAX_DEPTH as u64);
                    return Err(TrustError::TooMuch { path, what: "depth of folders", limit });
                }
                Ok(Some(_)) => self.folder(&path, depth + 1)?,
                _ => self.bytes(&path).map(drop)?,
            }
        }
        Ok(())
    }

    /// The paths in a folder, sorted; none when there is no such folder.
    fn list(&self, path: &str) -> Result<Vec<String>, TrustError> {
        let failed = |error: Errno| self.failed(path, error);
        let Some(folder) = self.open(path, FOLDER)? else {
            return Ok(Vec::new());
        };
        let mut paths = Vec::new();
        for entry in Dir::new(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_str().map_err(|_| TrustError::NotText {
                path: self.root.join(path).join(entry.file_name().to_string_lossy().as_ref()),
            })?;
            if name != "." && name != ".." {
                paths.push(format!("{path}/{name}"));
            }
            if paths.len() > MAX_FILES {
                return Err(self.too_much(path, "number of files", MAX_FILES as u64));
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn text(&mut self, path: &str) -> Result<String, TrustError> {
        let bytes = self.bytes(path)?;
        String::from_utf8(bytes).map_err(|_| TrustError::NotText { path: self.root.join(path) })
    }

    /// Reads a file and takes its digest into the closure.
    fn bytes(&mut self, path: &str) -> Result<Vec<u8>, TrustError> {
        let failed = |error: Errno| self.failed(path, error);
        let handle = self.open(path, FILE)?.ok_or_else(|| failed(Errno::NOENT))?;
        let stat = fstat(&handle).map_err(failed)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(TrustError::NotAFile { path: self.root.join(path) });
        }
        let mut bytes = Vec::new();
        File::from(handle)
            .take(MAX_BYTES - self.bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| TrustError::Read { path: self.root.join(path), source })?;
        self.bytes += bytes.len() as u64;
        if self.bytes > MAX_BYTES {
            return Err(self.too_much(path, "bytes", MAX_BYTES));
        }
        self.files.insert(path.to_owned(), Digest::of(&bytes));
        if self.files.len() > MAX_FILES {
            return Err(self.too_much(path, "number of files", MAX_FILES as u64));
        }
        Ok(bytes)
    }

    /// Opens step by step from the root's handle, so that no part of the path may be a link, on any
    /// kernel (`openat2` is missing on some). None when nothing is there.
    fn open(&self, path: &str, how: OFlags) -> Result<Option<OwnedFd>, TrustError> {
        let mut steps = path.split('/').peekable();
        let mut at: Option<OwnedFd> = None;
        while let Some(step) = steps.next() {
            let how = if steps.peek().is_some() { FOLDER } else { how };
            let parent = at.as_ref().unwrap_or(&self.handle);
            at = Some(match openat(parent, step, how, Mode::empty()) {
                Ok(opened) => opened,
                Err(Errno::NOENT) => return Ok(None),
                Err(error) => {
                    let is_link = statat(parent, step, AtFlags::SYMLINK_NOFOLLOW)
                        .is_ok_and(|s| FileType::from_raw_mode(s.st_mode) == FileType::Symlink);
                    return Err(match is_link {
                        true => TrustError::Link { path: self.root.join(path) },
                        false => self.failed(path, error),
                    });
                }
            });
        }
        Ok(at)
    }

    fn failed(&self, path: &str, error: Errno) -> TrustError {
        TrustError::Read { path: self.root.join(path), source: error.into() }
    }

    fn too_much(&self, path: &str, what: &'static str, limit: u64) -> TrustError {
        TrustError::TooMuch { path: self.root.join(path), what, limit }
    }
}
