//! What lies at a path that is to be stored: its files, in order, opened without following links.

use crate::effects::shape_of;
use crate::error::ArtifactError;
use crate::fence::{Fence, open_unlinked};
use crate::manifest::{Shape, stays_inside};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, readlinkat, statat};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Entries of one artifact at most: far more than any checkpoint has, and still a manifest that is read
/// in a moment.
const MAX_ENTRIES: usize = 1 << 20;
/// How deep folders may lie in one another.
const MAX_DEPTH: usize = 64;

/// One thing to store.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) path: String,
    pub(crate) kind: ItemKind,
}

#[derive(Debug)]
pub(crate) enum ItemKind {
    File,
    Folder { mode: u32 },
    Link { target: String },
}

/// All there is to store at a path.
#[derive(Debug)]
pub(crate) struct Source {
    root: PathBuf,
    folder: Option<OwnedFd>,
    pub(crate) shape: Shape,
    pub(crate) items: Vec<Item>,
    pub(crate) raw_bytes: u64,
}

impl Source {
    /// Looks at a file or through a folder. The path itself may be a link; links within a folder are
    /// stored as links, and may not lead out of it.
    pub(crate) fn open(root: &Path, fence: Option<&Fence>) -> Result<Self, ArtifactError> {
        let root = match fence {
            Some(fence) => fence.existing(root)?,
            None => root.canonicalize().map_err(|error| ArtifactError::file("finding", root, error))?,
        };
        let meta =
            std::fs::metadata(&root).map_err(|error| ArtifactError::file("looking at", &root, error))?;
        let mut source =
            Self { root: root.clone(), folder: None, shape: Shape::File, items: Vec::new(), raw_bytes: 0 };
        if !meta.is_dir() {
            let (_, bytes) = shape_of(&source.open_root()?, &root)?;
            let name = root.file_name().and_then(|name| name.to_str());
            let path = name.ok_or_else(|| ArtifactError::NotUnicode(root.clone()))?.to_owned();
            keep_tensor::pack::check_path(&path).map_err(ArtifactError::Path)?;
            source.items.push(Item { path, kind: ItemKind::File });
            source.raw_bytes = bytes;
            return Ok(source);
        }
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = open_unlinked(&root, flags)
            .map_err(|error| ArtifactError::file("opening the folder", &root, error))?;
        source.shape = Shape::Folder;
        source.walk(&folder, "", 0)?;
        source.folder = Some(folder);
        Ok(source)
    }

    fn open_root(&self) -> Result<File, ArtifactError> {
        // Not blocking: a pipe in the place of a file would hold this up for ever.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = open_unlinked(&self.root, flags);
        file.map(File::from).map_err(|error| ArtifactError::file("opening", &self.root, error))
    }

    fn walk(&mut self, folder: &OwnedFd, above: &str, depth: usize) -> Result<(), ArtifactError> {
        let here = self.root.join(above);
        let failed = |doing, error| ArtifactError::file(doing, &here, error);
        let read = rustix::fs::Dir::read_from(folder).map_err(|error| failed("reading the folder", error))?;
        let mut names = Vec::new();
        for entry in read {
            let entry = entry.map_err(|error| failed("reading the folder", error))?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                let text = std::str::from_utf8(name);
                let path = || self.root.join(above).join(std::ffi::OsStr::from_bytes(name));
                names.push(text.map_err(|_| ArtifactError::NotUnicode(path()))?.to_owned());
            }
        }
        names.sort_unstable();
        if depth >= MAX_DEPTH || self.items.len() + names.len() > MAX_ENTRIES {
            return Err(ArtifactError::TooMany);
        }
        for name in names {
            let path = if above.is_empty() { name.clone() } else { format!("{above}/{name}") };
            keep_tensor::pack::check_path(&path).map_err(ArtifactError::Path)?;
            self.visit(folder, &name, path, depth)?;
        }
        Ok(())
    }

    fn visit(
        &mut self,
        folder: &OwnedFd,
        name: &str,
        path: String,
        depth: usize,
    ) -> Result<(), ArtifactError> {
        let whole = self.root.join(&path);
        let failed = |doing, error| ArtifactError::file(doing, &whole, error);
        let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|e| failed("looking at", e))?;
        let mode = stat.st_mode & 0o777;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let below = openat(folder, name, flags, Mode::empty())
                    .map_err(|error| failed("opening the folder", error))?;
                self.items.push(Item { path: path.clone(), kind: ItemKind::Folder { mode } });
                self.walk(&below, &path, depth + 1)
            }
            FileType::RegularFile => {
                let bytes = u64::try_from(stat.st_size).unwrap_or(0);
                self.raw_bytes += bytes;
                self.items.push(Item { path, kind: ItemKind::File });
                Ok(())
            }
            FileType::Symlink => {
                let target =
                    readlinkat(folder, name, Vec::new()).map_err(|e| failed("reading the link", e))?;
                let target = target.into_string().map_err(|_| ArtifactError::NotUnicode(whole.clone()))?;
                if !stays_inside(&path, &target) {
                    return Err(ArtifactError::LinkOut { path: whole });
                }
                self.items.push(Item { path, kind: ItemKind::Link { target } });
                Ok(())
            }
            _ => Err(ArtifactError::NotAFile(whole)),
        }
    }

    /// Opens one of the files.
    pub(crate) fn file(&self, path: &str) -> Result<File, ArtifactError> {
        let Some(root) = &self.folder else { return self.open_root() };
        let whole = self.whole(path);
        let failed = |error| ArtifactError::file("opening", &whole, error);
        let mut rest = path;
        let mut folder: Option<OwnedFd> = None;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        while let Some((first, behind)) = rest.split_once('/') {
            let at = folder.as_ref().unwrap_or(root);
            folder = Some(openat(at, first, flags | OFlags::DIRECTORY, Mode::empty()).map_err(failed)?);
            rest = behind;
        }
        let at = folder.as_ref().unwrap_or(root);
        openat(at, rest, flags | OFlags::NONBLOCK, Mode::empty()).map(File::from).map_err(failed)
    }

    /// A file's whole path, for messages.
    pub(crate) fn whole(&self, path: &str) -> PathBuf {
        match self.shape {
            Shape::File => self.root.clone(),
            Shape::Folder => self.root.join(path),
        }
    }
}
