//! What a folder held before the run.

use super::error::LayerError;
use super::node::{Node, Print};
use super::path::RelPath;
use super::root::{Root, names};
use rustix::fs::{AtFlags, statat};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, SystemTime};

/// A folder with more is no workspace; following it would take gigabytes.
pub(crate) const MAX_ENTRIES: usize = 1_000_000;
/// A file written so shortly before may be written again without a new time, as clocks of file systems tick
/// up to two seconds apart; its content is noted, too.
const FRESH: Duration = Duration::from_secs(2);

/// A print of everything in a folder, and the content of what was written just before.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Baseline {
    entries: BTreeMap<RelPath, (Print, Option<String>)>,
}

impl Baseline {
    pub(crate) fn take(root: &Root) -> Result<Self, LayerError> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let fresh = i64::try_from(now.saturating_sub(FRESH).as_secs()).unwrap_or(i64::MAX);
        let mut entries = BTreeMap::new();
        walk(root, &RelPath::default(), Closed::PassBy, &mut |path, print| {
            let written_now = print.ctime.0 >= fresh || print.mtime.0 >= fresh;
            let regular = print.mode & 0o170_000 == 0o100_000;
            // One that cannot be read cannot have been read by the run either.
            let digest = if written_now && regular {
                root.file(path).and_then(super::node::digest).ok()
            } else {
                None
            };
            entries.insert(path.clone(), (print, digest));
            Ok(())
        })?;
        Ok(Self { entries })
    }

    /// Whether what lies at a path is what lay there before.
    pub(crate) fn agrees(&self, path: &RelPath, now: Option<&Node>) -> bool {
        match (self.entries.get(path), now) {
            (None, None) => true,
            (Some((print, digest)), Some(now)) => {
                print.same(&now.print)
                    && digest.as_ref().is_none_or(|digest| Some(digest) == now.digest.as_ref())
            }
            _ => false,
        }
    }
}

/// What to do about a folder that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// A database's folder in a workspace is no reason to do nothing; what is not noted cannot be replaced.
    PassBy,
    /// What is to go must be known.
    Fail,
}

/// Everything below a path, parents first.
pub(crate) fn walk(
    root: &Root,
    from: &RelPath,
    closed: Closed,
    see: &mut dyn FnMut(&RelPath, Print) -> Result<(), LayerError>,
) -> Result<(), LayerError> {
    let mut left = vec![from.clone()];
    let mut count = 0;
    while let Some(folder) = left.pop() {
        // What a mount covers is closed, too: an overlay shows what lies under it.
        let pass_by = |error: &io::Error| {
            let shut =
                [io::ErrorKind::PermissionDenied, io::ErrorKind::CrossesDevices].contains(&error.kind());
            closed == Closed::PassBy && shut && !folder.is_empty()
        };
        let opened = root.folder(&folder).and_then(|handle| Ok((names(&handle)?, handle)));
        let (inside, handle) = match opened {
            Err(error) if pass_by(&error) => continue,
            opened => opened.map_err(|e| root.fault("reading the folder", &folder, e))?,
        };
        for name in inside {
            let path = folder.join(&name);
            count += 1;
            if count > MAX_ENTRIES {
                return Err(LayerError::Many { path: root.shown.clone(), limit: MAX_ENTRIES });
            }
            let stat = match statat(&handle, OsStr::from_bytes(&name), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                // Gone since it was listed.
                Err(Errno::NOENT) => continue,
                Err(error) if pass_by(&error.into()) => continue,
                Err(error) => return Err(root.fault("reading", &path, error)),
            };
            let print = Print::of(&stat);
            see(&path, print)?;
            if print.is_folder() {
                left.push(path);
            }
        }
    }
    Ok(())
}
