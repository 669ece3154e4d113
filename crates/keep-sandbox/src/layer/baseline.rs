//! What a folder held before the run.

use super::error::LayerError;
use super::node::{Node, Print};
use super::path::RelPath;
use super::root::{Root, names};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
        walk(root, &RelPath::default(), &mut |path, print| {
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

/// Everything below a path, parents first; what a mount covers is left out, as an overlay does not show it.
pub(crate) fn walk(
    root: &Root,
    from: &RelPath,
    see: &mut dyn FnMut(&RelPath, Print) -> Result<(), LayerError>,
) -> Result<(), LayerError> {
    let mut left = vec![from.clone()];
    let mut count = 0;
    while let Some(folder) = left.pop() {
        let fault = |e| root.fault("reading the folder", &folder, e);
        for name in names(&root.folder(&folder).map_err(fault)?).map_err(fault)? {
            let path = folder.join(&name);
            count += 1;
            if count > MAX_ENTRIES {
                return Err(LayerError::Many { path: root.shown.clone(), limit: MAX_ENTRIES });
            }
            let stat = match root.stat(&path) {
                Ok(Some(stat)) => stat,
                // Gone since it was listed.
                Ok(None) => continue,
                Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => continue,
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
