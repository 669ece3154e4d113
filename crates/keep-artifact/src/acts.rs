//! What the engine asks the gate for.

use crate::charge::InstallationId;
use crate::name::{Key, Tag};
use keep_types::{Act, ActFacts, Action, Duration, FieldHasher, Namespace, Risk, Touch};
use serde_json::json;
use std::path::PathBuf;

/// Storing a file or folder as the next version of an artifact.
pub(crate) struct PutArtifact {
    pub(crate) key: Key,
    pub(crate) path: PathBuf,
    pub(crate) tags: Vec<Tag>,
    pub(crate) bytes: u64,
    pub(crate) files: usize,
}

impl Act for PutArtifact {
    fn facts(&self) -> ActFacts {
        let path = self.path.display().to_string();
        ActFacts {
            action: Action::of("artifact.put"),
            namespace: self.key.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("store {path} ({} files, {} bytes) as {}", self.files, self.bytes, self.key),
            bound: FieldHasher::new("artifact.put")
                .field("key", self.key.to_string())
                .field("path", &path)
                .field("tags", json!(self.tags).to_string())
                .field("bytes", self.bytes.to_be_bytes())
                .field("files", (self.files as u64).to_be_bytes())
                .finish(),
            detail: json!({ "artifact": self.key, "path": path, "tags": self.tags, "bytes": self.bytes }),
            exact: None,
        }
    }
}

/// Restoring a version to a place, or showing bytes of it.
pub(crate) struct GetArtifact {
    pub(crate) key: Key,
    pub(crate) number: u64,
    pub(crate) to: Option<PathBuf>,
    pub(crate) part: Option<String>,
    /// Replacing a file is more than making one.
    pub(crate) replaces: bool,
}

impl Act for GetArtifact {
    fn facts(&self) -> ActFacts {
        let to = self.to.as_ref().map(|to| to.display().to_string());
        let place = to.as_deref().map_or_else(String::new, |to| format!(" to {to}"));
        ActFacts {
            action: Action::of("artifact.get"),
            namespace: self.key.namespace.clone(),
            touch: Touch::Read,
            risk: if self.replaces { Risk::Medium } else { Risk::Low },
            summary: format!("restore version {} of {}{place}", self.number, self.key),
            bound: FieldHasher::new("artifact.get")
                .field("key", self.key.to_string())
                .field("number", self.number.to_be_bytes())
                .field("to", to.as_deref().unwrap_or_default())
                .field("part", self.part.as_deref().unwrap_or_default())
                .field("replaces", [u8::from(self.replaces)])
                .finish(),
            detail: json!({ "artifact": self.key, "version": self.number, "to": to, "part": self.part }),
            exact: None,
        }
    }
}

/// Looking at names, versions, sizes and tensors; never at their bytes.
pub(crate) struct LookAtArtifacts {
    pub(crate) namespace: Namespace,
}

impl Act for LookAtArtifacts {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("artifact.list"),
            namespace: self.namespace.clone(),
            touch: Touch::Read,
            risk: Risk::Low,
            summary: "list artifacts".into(),
            detail: json!({}),
            bound: FieldHasher::new("artifact.list").finish(),
            exact: None,
        }
    }
}

/// Setting the tags of a version.
pub(crate) struct TagArtifact {
    pub(crate) key: Key,
    pub(crate) number: u64,
    pub(crate) tags: Vec<Tag>,
}

impl Act for TagArtifact {
    fn facts(&self) -> ActFacts {
        let tags: Vec<_> = self.tags.iter().map(Tag::as_str).collect();
        ActFacts {
            action: Action::of("artifact.tag"),
            namespace: self.key.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("tag version {} of {}: {}", self.number, self.key, tags.join(" ")),
            bound: FieldHasher::new("artifact.tag")
                .field("key", self.key.to_string())
                .field("number", self.number.to_be_bytes())
                .field("tags", tags.join(" "))
                .finish(),
            detail: json!({ "artifact": self.key, "version": self.number, "tags": self.tags }),
            exact: None,
        }
    }
}

/// Removing versions of an artifact.
pub(crate) struct RemoveVersions {
    pub(crate) key: Key,
    pub(crate) numbers: Vec<u64>,
}

impl Act for RemoveVersions {
    fn facts(&self) -> ActFacts {
        let numbers: Vec<_> = self.numbers.iter().map(ToString::to_string).collect();
        let numbers = numbers.join(", ");
        ActFacts {
            action: Action::of("artifact.remove"),
            namespace: self.key.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::High,
            summary: format!("remove the versions {numbers} of {}", self.key),
            bound: FieldHasher::new("artifact.remove")
                .field("key", self.key.to_string())
                .field("numbers", &numbers)
                .finish(),
            detail: json!({ "artifact": self.key, "versions": self.numbers }),
            exact: None,
        }
    }
}

/// Taking away what nothing uses any more.
pub(crate) struct Collect {
    pub(crate) grace: Duration,
}

impl Act for Collect {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("artifact.gc"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::High,
            summary: format!("delete stored bytes that no artifact has used for {}", self.grace),
            bound: FieldHasher::new("artifact.gc").field("grace", self.grace.to_string()).finish(),
            detail: json!({ "grace": self.grace }),
            exact: None,
        }
    }
}

/// Copying versions to another store, or from it.
pub(crate) struct Copy {
    pub(crate) action: &'static str,
    pub(crate) key: Key,
    pub(crate) number: u64,
    pub(crate) store: String,
}

impl Act for Copy {
    fn facts(&self) -> ActFacts {
        let (verb, way) = if self.action == "artifact.push" { ("copy", "to") } else { ("take", "from") };
        ActFacts {
            action: Action::of(self.action),
            namespace: self.key.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::High,
            summary: format!("{verb} version {} of {} {way} {}", self.number, self.key, self.store),
            bound: FieldHasher::new(self.action)
                .field("key", self.key.to_string())
                .field("number", self.number.to_be_bytes())
                .field("store", &self.store)
                .finish(),
            detail: json!({ "artifact": self.key, "version": self.number, "store": self.store }),
            exact: None,
        }
    }
}

/// Tending a store in another installation's place.
pub(crate) struct TakeOver {
    pub(crate) store: String,
    pub(crate) from: Option<InstallationId>,
    pub(crate) reason: String,
}

impl Act for TakeOver {
    fn facts(&self) -> ActFacts {
        let from = self.from.map_or_else(|| "nobody".to_owned(), |from| format!("the installation {from}"));
        ActFacts {
            action: Action::of("artifact.take_over"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::High,
            summary: format!("tend the store {} in the place of {from}: {}", self.store, self.reason),
            bound: FieldHasher::new("artifact.take_over")
                .field("store", &self.store)
                .field("from", &from)
                .field("reason", &self.reason)
                .finish(),
            detail: json!({ "store": self.store, "from": self.from, "reason": self.reason }),
            exact: None,
        }
    }
}

/// Putting damaged stored objects right with those of another store.
pub(crate) struct Repair {
    pub(crate) store: String,
    pub(crate) objects: usize,
}

impl Act for Repair {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("artifact.repair"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::High,
            summary: format!("put {} damaged stored objects right from {}", self.objects, self.store),
            bound: FieldHasher::new("artifact.repair")
                .field("store", &self.store)
                .field("objects", (self.objects as u64).to_be_bytes())
                .finish(),
            detail: json!({ "store": self.store, "objects": self.objects }),
            exact: None,
        }
    }
}
