//! What of secrets lies in a repository: encrypted files, identities, `.env` files with real values, and
//! values that the vault knows, wherever they were pasted.
//!
//! The repository may be anybody's. Nothing in it is executed and git is never run; its files are
//! opened through their folders' handles, never through a link, and read within limits. What the limits
//! or the system keep from being read is reported as [`What::NotLooked`], so that silence means "nothing
//! is there".
//!
//! One gap is known: content is read from the working tree, not from git's objects. A file with a
//! suspicious name whose staged content differs is reported as [`What::StagedDiffers`]; another file of
//! which an older content is staged is not.

mod error;
pub(crate) mod git;
mod index;
mod inspect;
mod placeholder;
mod settings;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod tree;
mod untracked;

pub use error::ExposureError;

use crate::name::SecretName;
use index::{Entry, Index};
use inspect::{Inspection, NameKind};
use keep_redact::Redactor;
use serde::{Serialize, Serializer};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use tree::Tree;

/// More places than a person reads; a repository made to hold more gets no larger report.
const MAX_FOUND: usize = 1_000;

/// Which files are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What git tracks: for a hook, where only what is committed matters.
    Tracked,
    /// Also untracked files with suspicious names, ignored or not: for the doctor.
    All,
}

/// What was found in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum What {
    /// A file that age encrypted, or one called so.
    AgeFile,
    /// A private key of age.
    Identity,
    /// A token of Keep's own.
    Token,
    /// A `.env` file that assigns what looks like a real value.
    EnvFile {
        /// To which name.
        name: SecretName,
    },
    /// A value that the vault knows.
    KnownValue {
        /// What the value is called; never the value.
        label: String,
    },
    /// A tracked `.env` file whose staged content is not what lies in the working tree.
    StagedDiffers,
    /// Something was not looked at, or not wholly.
    NotLooked {
        /// Why.
        why: Missed,
    },
}

/// Why something was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Missed {
    /// The file is too large to be read to its end, or to be read as a `.env` file.
    TooLarge,
    /// The system does not let us read it.
    Unreadable,
    /// A line of a `.env` file is no assignment.
    NotDotenv,
    /// The repository has too many files and folders to look for untracked ones in all of them.
    TooManyEntries,
    /// Folders lie too deep in each other to look for untracked files in all of them.
    TooDeep,
    /// More was found than is reported.
    TooManyFound,
}

/// One thing found in one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Exposure {
    /// The file, relative to the repository's root.
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// The line, from 1, where there is one.
    pub line: Option<usize>,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
    /// Whether git tracks the file.
    pub tracked: bool,
}

/// A name that is not UTF-8 must not keep a report from being written.
fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// Looks for secrets in the repository with this root, by its own index. A folder that is no repository
/// has no tracked files.
///
/// # Errors
/// When the root, the index or the repository's configuration cannot be read. A single file that
/// cannot be read is part of the answer.
pub fn look(root: &Path, known: &Redactor, scope: Scope) -> Result<Vec<Exposure>, ExposureError> {
    look_by(root, known, scope, None)
}

/// Like [`look`], by another index than the repository's own. A hook needs it: for `git commit -a` git
/// prepares one beside it and names it in `GIT_INDEX_FILE`, which may be relative to the root.
///
/// # Errors
/// As [`look`], and when there is no such index.
pub fn look_at_index(
    root: &Path,
    known: &Redactor,
    scope: Scope,
    index: &Path,
) -> Result<Vec<Exposure>, ExposureError> {
    look_by(root, known, scope, Some(&root.join(index)))
}

fn look_by(
    root: &Path,
    known: &Redactor,
    scope: Scope,
    index: Option<&Path>,
) -> Result<Vec<Exposure>, ExposureError> {
    let tree = Tree::open(root).map_err(|error| ExposureError::file("opening the folder", root, error))?;
    let mut look = Look { tree, inspection: Inspection::new(known), found: Vec::new(), cut: None };
    let index = match git::Repository::at(root)? {
        Some(repository) => Index::read(&repository, index)?,
        None => None,
    };
    let mut tracked = HashSet::new();
    for entry in index.iter().flat_map(Index::files) {
        if look.cut.is_some() {
            break;
        }
        look.at_tracked(&entry);
        if NameKind::of(entry.path) != NameKind::Plain {
            tracked.insert(entry.path);
        }
    }
    if scope == Scope::All {
        look.at_untracked(&tracked);
    }
    let mut found = look.found;
    found.sort();
    found.dedup();
    found.extend(look.cut);
    Ok(found)
}

struct Look<'a> {
    tree: Tree,
    inspection: Inspection<'a>,
    found: Vec<Exposure>,
    /// The first finding for which there was no room, reported as such.
    cut: Option<Exposure>,
}

impl Look<'_> {
    fn at_tracked(&mut self, entry: &Entry<'_>) {
        let kind = NameKind::of(entry.path);
        match self.tree.file(entry.path) {
            Ok(Some((file, stat))) => {
                self.inspect(entry.path, file, true);
                if kind == NameKind::Env && !entry.is_staged_as(&stat, self.inspection.whole()) {
                    self.report(entry.path, None, What::StagedDiffers, true);
                }
            }
            Ok(None) if kind == NameKind::Env => self.report(entry.path, None, What::StagedDiffers, true),
            Ok(None) if kind == NameKind::Age => self.report(entry.path, None, What::AgeFile, true),
            Ok(None) => {}
            Err(_) => self.missed(entry.path, Missed::Unreadable, true),
        }
    }

    fn at_untracked(&mut self, tracked: &HashSet<&[u8]>) {
        let walked = untracked::walk(&mut self.tree);
        for path in walked.suspicious.iter().filter(|path| !tracked.contains(path.as_slice())) {
            if self.cut.is_some() {
                return;
            }
            match self.tree.file(path) {
                Ok(Some((file, _))) => self.inspect(path, file, false),
                // A folder or link of that name, or one that went away meanwhile.
                Ok(None) => {}
                Err(_) => self.missed(path, Missed::Unreadable, false),
            }
        }
        for (path, why) in walked.missed {
            self.missed(&path, why, false);
        }
    }

    fn inspect(&mut self, path: &[u8], file: std::fs::File, tracked: bool) {
        match self.inspection.of(file, NameKind::of(path)) {
            Ok(findings) => {
                for (line, what) in findings {
                    self.report(path, line, what, tracked);
                }
            }
            Err(_) => self.missed(path, Missed::Unreadable, tracked),
        }
    }

    fn missed(&mut self, path: &[u8], why: Missed, tracked: bool) {
        self.report(path, None, What::NotLooked { why }, tracked);
    }

    fn report(&mut self, path: &[u8], line: Option<usize>, what: What, tracked: bool) {
        let path = PathBuf::from(OsStr::from_bytes(path));
        if self.found.len() < MAX_FOUND {
            self.found.push(Exposure { path, line, what, tracked });
        } else if self.cut.is_none() {
            let what = What::NotLooked { why: Missed::TooManyFound };
            self.cut = Some(Exposure { path, line: None, what, tracked });
        }
    }
}
