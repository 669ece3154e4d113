//! A file that is protected and that a run may nevertheless write to, as it thinks: what it writes goes into a copy,
//! and whoever started the run decides what becomes of that.
//!
//! Many programs write a file anew and rename it over the old one, which nothing that is mounted in its place
//! survives. So what is mounted there is a link, into a folder of the run's own: programs that heed links, git among
//! them, then do all of that in the folder.

use std::path::{Path, PathBuf};

/// A folder whose file stands in for a protected one of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandIn {
    /// The file.
    pub path: PathBuf,
    /// A folder of the caller's for this run alone. What it holds afterwards is the work of a stranger.
    pub folder: PathBuf,
}

impl StandIn {
    /// Where the folder is seen by the run.
    pub(crate) fn seen(number: usize) -> PathBuf {
        Path::new("/dev").join(format!(".stand-in-{number}"))
    }
}
