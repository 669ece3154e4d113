use crate::config::Trusted;
use keep_types::{Digest, FieldHasher};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Every file of a project that its settings rest on, by content. Pinning one is storing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// The project's canonical root; a pin is good for this place only.
    pub root: PathBuf,
    /// Paths below the root, with the digest of each file's bytes.
    pub files: BTreeMap<String, Digest>,
}

/// How a file differs from its pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// It is new.
    Added,
    /// Its bytes are others.
    Changed,
    /// It is gone.
    Removed,
}

/// One file that differs from its pin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its path below the root.
    pub path: String,
    /// How it differs.
    pub how: How,
}

impl Closure {
    /// One digest for all of it: root, paths and contents.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let root = self.root.as_os_str().as_encoded_bytes();
        let start = FieldHasher::new("keep trust closure 1").field("root", root);
        self.files.iter().fold(start, |all, (path, digest)| all.field(path, digest.as_bytes())).finish()
    }

    /// What differs now from this pinned closure, in the order of paths.
    #[must_use]
    pub fn diff(&self, now: &Self) -> Vec<Change> {
        let mut changes: BTreeMap<&String, How> = BTreeMap::new();
        for (path, digest) in &now.files {
            match self.files.get(path) {
                None => changes.insert(path, How::Added),
                Some(pinned) if pinned != digest => changes.insert(path, How::Changed),
                Some(_) => None,
            };
        }
        for path in self.files.keys().filter(|path| !now.files.contains_key(*path)) {
            changes.insert(path, How::Removed);
        }
        changes.into_iter().map(|(path, how)| Change { path: path.clone(), how }).collect()
    }
}

/// Whether what the project widens counts: only under a pin of exactly these files in this place.
#[must_use]
pub fn standing(pinned: Option<&Closure>, now: &Closure) -> Trusted {
    match pinned {
        Some(pinned) if pinned.digest() == now.digest() => Trusted::Yes,
        _ => Trusted::No,
    }
}
