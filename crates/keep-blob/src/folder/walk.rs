use super::{Folder, Missing, OPEN_FOLDER, is_file, meta_of};
use crate::backend::Entry;
use crate::error::BlobError;
use rustix::fs::{AtFlags, Dir, FileType, Mode, openat, statat};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Deeper than any name can be; a folder below is not of our making and is passed over.
const DEEPEST: usize = 12;

/// All files below a folder, depth first. It holds the names of one folder per level, never those of
/// the whole tree.
pub(crate) struct Walk {
    folder: Arc<Folder>,
    below: Option<Vec<String>>,
    levels: Vec<Level>,
}

struct Level {
    handle: OwnedFd,
    parts: Vec<String>,
    /// What is still to come, last first.
    names: Vec<String>,
}

impl Walk {
    pub(crate) fn new(folder: Arc<Folder>, below: Vec<String>) -> Self {
        Self { folder, below: Some(below), levels: Vec::new() }
    }

    pub(crate) fn page(&mut self, most: usize) -> Result<Vec<Entry>, BlobError> {
        if let Some(parts) = self.below.take()
            && let Some(handle) = self.folder.at(&parts, Missing::Leave)?
        {
            self.enter(handle, parts)?;
        }
        let mut page = Vec::new();
        while page.len() < most
            && let Some(level) = self.levels.last_mut()
        {
            let Some(name) = level.names.pop() else {
                self.levels.pop();
                continue;
            };
            let stat = match statat(&level.handle, name.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                // Deleted since its folder was read.
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(self.folder.error("reading", &level.parts, errno)),
            };
            let mut parts = level.parts.clone();
            parts.push(name);
            if is_file(&stat) {
                page.push(Entry { path: parts.join("/"), meta: meta_of(&stat) });
            } else if FileType::from_raw_mode(stat.st_mode).is_dir() && self.levels.len() < DEEPEST {
                self.descend(parts)?;
            }
        }
        Ok(page)
    }

    fn descend(&mut self, parts: Vec<String>) -> Result<(), BlobError> {
        let (Some(above), Some(name)) = (self.levels.last(), parts.last()) else { return Ok(()) };
        match openat(&above.handle, name.as_str(), OPEN_FOLDER, Mode::empty()) {
            Ok(handle) => self.enter(handle, parts),
            // Gone, or made something else, since it was looked at.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(()),
            Err(errno) => Err(self.folder.error("opening the folder", &parts, errno)),
        }
    }

    fn enter(&mut self, handle: OwnedFd, parts: Vec<String>) -> Result<(), BlobError> {
        let mut names = self.folder.names_in(&handle, &parts)?;
        names.sort_unstable_by(|a, b| b.cmp(a));
        self.levels.push(Level { handle, parts, names });
        Ok(())
    }
}

impl Folder {
    /// The names in a folder that could be ours: text, not hidden.
    pub(super) fn names_in(&self, handle: &OwnedFd, parts: &[String]) -> Result<Vec<String>, BlobError> {
        let failed = |errno| self.error("listing", parts, errno);
        let mut names = Vec::new();
        for entry in Dir::read_from(handle).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if let Ok(name) = entry.file_name().to_str()
                && !name.starts_with('.')
            {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }
}
