//! What a run has changed, read from the upper folder of its overlay.

use super::baseline::{Closed, MAX_ENTRIES, walk};
use super::error::LayerError;
use super::fresh::Layer;
use super::node::{Access, Kind, Node};
use super::path::RelPath;
use super::root::{Root, names};
use rustix::fs::{FileType, fgetxattr};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

/// Everything that a run has changed, in the order of its paths, parents first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The changes.
    pub entries: Vec<Change>,
}

/// One path that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where.
    pub path: RelPath,
    /// What lay there.
    pub before: Option<Node>,
    /// What lies there for the run; nothing when it removed it.
    pub after: Option<Node>,
    /// What lies below is no longer what the run began with, so this cannot be committed.
    pub conflict: bool,
}

/// What kind of change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// There was nothing.
    Created,
    /// Another content, or another place that a link leads to.
    Changed,
    /// Something of another kind.
    Replaced,
    /// Only its permissions.
    Mode,
    /// There is nothing any more.
    Removed,
}

impl Change {
    /// What kind of change it is.
    #[must_use]
    pub fn what(&self) -> What {
        match (&self.before, &self.after) {
            (None, _) => What::Created,
            (Some(_), None) => What::Removed,
            (Some(before), Some(after)) => {
                if std::mem::discriminant(&before.kind) != std::mem::discriminant(&after.kind) {
                    What::Replaced
                } else if before.same_content(after) {
                    What::Mode
                } else {
                    What::Changed
                }
            }
        }
    }

    /// Whether this changes what lies at a protected path, below it, or whether that path leads there at all.
    /// Letters are compared without case, as some folders do.
    #[must_use]
    pub fn touches(&self, protected: &RelPath) -> bool {
        let fold = |path: &RelPath| RelPath::new(&path.as_bytes().to_ascii_lowercase()).unwrap_or_default();
        let (path, protected) = (fold(&self.path), fold(protected));
        let still_a_folder = self.after.as_ref().is_some_and(|after| after.kind == Kind::Folder);
        path.is_within(&protected) || (protected.is_within(&path) && !still_a_folder)
    }

    /// Whether it leaves a link that leads out of the folder: whoever writes through it later writes there.
    #[must_use]
    pub fn leads_out(&self) -> bool {
        let Some(target) = self.after.as_ref().and_then(Node::target) else { return false };
        if target.starts_with(b"/") {
            return true;
        }
        let mut depth = self.path.split().0.names().count();
        for name in target.split(|b| *b == b'/') {
            match name {
                b"" | b"." => {}
                b".." if depth == 0 => return true,
                b".." => depth -= 1,
                _ => depth += 1,
            }
        }
        false
    }
}

/// A folder of the upper layer that is still to be read.
struct Visit {
    path: RelPath,
    /// There is a folder below.
    lower: bool,
    /// What is in that folder is not seen through.
    hidden: bool,
}

impl Layer {
    /// Reads what the run has changed. The overlay must no longer be mounted.
    ///
    /// # Errors
    /// When something cannot be read, or there is more than is followed.
    pub fn changes(&self) -> Result<Changes, LayerError> {
        let mut found = Found { layer: self, entries: BTreeMap::new() };
        let mut left = vec![Visit { path: RelPath::default(), lower: true, hidden: false }];
        while let Some(visit) = left.pop() {
            found.visit(&visit, &mut left)?;
        }
        Ok(Changes { entries: found.entries.into_values().collect() })
    }
}

struct Found<'a> {
    layer: &'a Layer,
    entries: BTreeMap<RelPath, Change>,
}

impl Found<'_> {
    fn visit(&mut self, visit: &Visit, left: &mut Vec<Visit>) -> Result<(), LayerError> {
        let upper = &self.layer.upper;
        let fault = |e| upper.fault("reading the folder", &visit.path, e);
        let handle = upper.own_folder(&visit.path).map_err(fault)?;
        let opaque = attribute(&handle, "user.overlay.opaque").map_err(fault)?;
        let hidden = visit.hidden || opaque == b"y";
        let here = names(&handle).map_err(fault)?;
        for name in &here {
            let path = visit.path.join(name);
            self.entry(&path, visit.lower, hidden, opaque == b"x", left)?;
        }
        if visit.lower && hidden {
            let below = self.layer.lower.folder(&visit.path).and_then(|folder| names(&folder));
            for name in below.map_err(|e| self.layer.lower.fault("reading the folder", &visit.path, e))? {
                if here.binary_search(&name).is_err() {
                    self.removed(&visit.path.join(&name))?;
                }
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        path: &RelPath,
        lower: bool,
        hidden: bool,
        marked: bool,
        left: &mut Vec<Visit>,
    ) -> Result<(), LayerError> {
        let upper = &self.layer.upper;
        if is_whiteout(upper, path, marked).map_err(|e| upper.fault("reading", path, e))? {
            return if lower { self.removed(path) } else { Ok(()) };
        }
        let Some(after) = Node::read(upper, path, Access::Own)? else { return Ok(()) };
        let before = if lower { Node::read(&self.layer.lower, path, Access::Given)? } else { None };
        let folder_below = before.as_ref().is_some_and(|before| before.kind == Kind::Folder);
        if folder_below && after.kind != Kind::Folder {
            self.removed_below(path)?;
        }
        if after.kind == Kind::Folder {
            left.push(Visit { path: path.clone(), lower: folder_below, hidden: hidden && folder_below });
        }
        let same =
            before.as_ref().is_some_and(|before| before.same_content(&after) && before.mode == after.mode);
        if same { Ok(()) } else { self.add(path, before, Some(after)) }
    }

    fn removed(&mut self, path: &RelPath) -> Result<(), LayerError> {
        let Some(before) = Node::read(&self.layer.lower, path, Access::Given)? else { return Ok(()) };
        if before.kind == Kind::Folder {
            self.removed_below(path)?;
        }
        self.add(path, Some(before), None)
    }

    fn removed_below(&mut self, path: &RelPath) -> Result<(), LayerError> {
        let lower = &self.layer.lower;
        let mut gone = Vec::new();
        walk(lower, path, Closed::Fail, &mut |path, _| {
            gone.push(path.clone());
            Ok(())
        })?;
        for path in gone {
            let before = Node::read(lower, &path, Access::Given)?;
            self.add(&path, before, None)?;
        }
        Ok(())
    }

    fn add(&mut self, path: &RelPath, before: Option<Node>, after: Option<Node>) -> Result<(), LayerError> {
        let conflict = !self.layer.baseline.agrees(path, before.as_ref());
        self.entries.insert(path.clone(), Change { path: path.clone(), before, after, conflict });
        if self.entries.len() > MAX_ENTRIES {
            return Err(LayerError::Many { path: self.layer.upper.shown.clone(), limit: MAX_ENTRIES });
        }
        Ok(())
    }
}

/// A removed name: a device of number 0/0, or, in a folder marked for that, an empty file with a mark.
fn is_whiteout(upper: &Root, path: &RelPath, marked: bool) -> std::io::Result<bool> {
    let Some(stat) = upper.stat(path)? else { return Ok(false) };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::CharacterDevice => Ok(stat.st_rdev == 0),
        FileType::RegularFile if marked && stat.st_size == 0 => {
            let handle = OwnedFd::from(upper.own_file(path)?);
            has_attribute(&handle, "user.overlay.whiteout")
        }
        _ => Ok(false),
    }
}

fn attribute(handle: &OwnedFd, name: &str) -> std::io::Result<Vec<u8>> {
    let mut value = [0; 8];
    match fgetxattr(handle, name, &mut value) {
        Ok(length) => Ok(value[..length].to_vec()),
        // Not there, none on this file system, or a value that no overlay writes.
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::RANGE) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn has_attribute(handle: &OwnedFd, name: &str) -> std::io::Result<bool> {
    let mut value = [0; 8];
    match fgetxattr(handle, name, &mut value) {
        Ok(_) | Err(Errno::RANGE) => Ok(true),
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
