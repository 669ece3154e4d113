//! What lies at a path, and how to tell whether it still is the same.

use super::error::LayerError;
use super::path::{RelPath, unescape};
use super::root::Root;
use rustix::fs::{FileType, Stat};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;

/// What kind of thing it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link; where it leads, escaped as a path is shown.
    Link(String),
    /// A pipe, a socket or a device; which one, in a word.
    Special(String),
}

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its kind.
    pub kind: Kind,
    /// Permissions and the three bits above them.
    pub mode: u32,
    /// Bytes of a file.
    pub size: u64,
    /// Digest of a file's content.
    pub digest: Option<String>,
    /// Which one exactly: device and inode, changed when.
    pub(crate) print: Print,
}

/// What tells a file from the one that was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Print {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) size: u64,
    pub(crate) mode: u32,
    pub(crate) mtime: (i64, i64),
    pub(crate) ctime: (i64, i64),
    pub(crate) owner: (u32, u32),
}

impl Print {
    pub(crate) fn of(stat: &Stat) -> Self {
        let wide = |nanos: u64| i64::try_from(nanos).unwrap_or(i64::MAX);
        Self {
            dev: stat.st_dev,
            ino: stat.st_ino,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mode: stat.st_mode,
            mtime: (stat.st_mtime, wide(stat.st_mtime_nsec)),
            ctime: (stat.st_ctime, wide(stat.st_ctime_nsec)),
            owner: (stat.st_uid, stat.st_gid),
        }
    }

    pub(crate) fn is_folder(&self) -> bool {
        FileType::from_raw_mode(self.mode).is_dir()
    }

    /// The same, as far as can be told without reading it. A folder's times change with what it holds, which
    /// has prints of its own.
    pub(crate) fn same(&self, other: &Self) -> bool {
        if self.is_folder() { self.same_place(other) && self.mode == other.mode } else { self == other }
    }

    /// The same, but for the time that a rename changes.
    pub(crate) fn same_but_renamed(&self, other: &Self) -> bool {
        self.same(&Self { ctime: self.ctime, ..*other })
    }

    fn same_place(&self, other: &Self) -> bool {
        (self.dev, self.ino) == (other.dev, other.ino)
    }
}

impl Node {
    /// Reads what lies at a path, content included; `None` for nothing.
    pub(crate) fn read(root: &Root, path: &RelPath, access: Access) -> Result<Option<Self>, LayerError> {
        let fault = |e| root.fault("reading", path, e);
        let Some(stat) = root.stat(path).map_err(fault)? else { return Ok(None) };
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link(shown(&root.link(path).map_err(fault)?)),
            FileType::Fifo => Kind::Special("pipe".into()),
            FileType::Socket => Kind::Special("socket".into()),
            _ => Kind::Special("device".into()),
        };
        let digest = match kind {
            Kind::File => {
                let file = match access {
                    Access::Given => root.file(path),
                    Access::Own => root.own_file(path),
                };
                Some(digest(file.map_err(fault)?).map_err(fault)?)
            }
            _ => None,
        };
        let print = Print::of(&stat);
        Ok(Some(Self { mode: stat.st_mode & 0o7777, size: print.size, kind, digest, print }))
    }

    /// The same kind with the same content; permissions aside.
    pub(crate) fn same_content(&self, other: &Self) -> bool {
        self.kind == other.kind && self.digest == other.digest
    }

    /// Where a link leads.
    #[must_use]
    pub fn target(&self) -> Option<Vec<u8>> {
        match &self.kind {
            Kind::Link(target) => unescape(target),
            _ => None,
        }
    }
}

/// Whether permissions may be lent to read something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    /// It is somebody's: only as far as permissions go.
    Given,
    /// It is the layer's own.
    Own,
}

/// Any bytes, shown like a path.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match RelPath::new(c.to_string().as_bytes()) {
                Some(plain) => text.push_str(&plain.to_string()),
                None => text.push(c),
            }
        }
        chunk.invalid().iter().for_each(|b| text.push_str(&format!("%{b:02x}")));
    }
    text
}

pub(crate) fn digest(mut file: File) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut file, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}
