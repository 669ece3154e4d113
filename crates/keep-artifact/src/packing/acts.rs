//! What packing asks the gate for.
//!
//! An act names whole paths, links in them resolved, and what is written where. How much harm it could do
//! follows from the places: within the folder that the caller works in it is a build product like others;
//! beyond, or over what is there, a person looks first when a program asks.

use super::shared::Shared;
use super::signer::Key;
use keep_tensor::Hash;
use keep_tensor::pipeline::Workers;
use keep_types::{Act, ActFacts, Action, FieldHasher, Namespace, Risk, Touch};
use serde_json::json;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What becomes of something that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is done.
    #[default]
    Keep,
    /// It gives way.
    Replace,
}

/// In which namespace an act is done, and how far it reaches.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) namespace: Namespace,
    /// The folder that the caller works in.
    pub(crate) workspace: PathBuf,
}

impl Place {
    fn risk(&self, existing: Existing, paths: &[&Path]) -> Risk {
        let inside = paths.iter().all(|path| path.starts_with(&self.workspace));
        if inside && existing == Existing::Keep { Risk::Medium } else { Risk::High }
    }
}

/// Writing a pack.
pub(crate) struct PackFiles {
    pub(crate) source: PathBuf,
    /// What the pack calls it.
    pub(crate) name: String,
    pub(crate) out: PathBuf,
    pub(crate) bases: Vec<PathBuf>,
    pub(crate) existing: Existing,
    pub(crate) key: Option<Key>,
    pub(crate) workers: Workers,
    pub(crate) place: Place,
}

impl Act for PackFiles {
    fn facts(&self) -> ActFacts {
        let signer = self.key.as_ref().map(|key| key.signer().to_string());
        let mut paths = vec![&*self.source, &*self.out];
        paths.extend(self.bases.iter().map(|base| &**base));
        let over = if self.existing == Existing::Replace { ", replacing what is there" } else { "" };
        let (from, to) = (self.source.display(), self.out.display());
        ActFacts {
            action: Action::of("artifact.pack"),
            namespace: self.place.namespace.clone(),
            touch: Touch::Change,
            risk: self.place.risk(self.existing, &paths),
            summary: format!("pack {from} into {to}{over}"),
            detail: json!({
                "from": shown(&self.source), "to": shown(&self.out), "name": self.name,
                "bases": self.bases.iter().map(|base| shown(base)).collect::<Vec<_>>(),
                "replace": self.existing == Existing::Replace, "signer": signer,
            }),
            bound: FieldHasher::new("artifact.pack")
                .field("from", self.source.as_os_str().as_bytes())
                .field("to", self.out.as_os_str().as_bytes())
                .field("bases", list(&self.bases))
                .field("replace", [u8::from(self.existing == Existing::Replace)])
                .field("signer", signer.unwrap_or_default())
                .finish(),
            exact: None,
        }
    }
}

/// What of a pack is written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Everything,
    Tensor { file: String, tensor: String },
}

/// Writing out what a pack holds.
pub(crate) struct Unpack {
    pub(crate) pack: PathBuf,
    /// The open pack: what is unpacked is what was judged.
    pub(crate) source: Shared,
    pub(crate) root: Hash,
    pub(crate) signer: Option<String>,
    pub(crate) wanted: Wanted,
    pub(crate) to: PathBuf,
    pub(crate) bases: Vec<PathBuf>,
    pub(crate) existing: Existing,
    pub(crate) workers: Workers,
    pub(crate) place: Place,
}

impl Act for Unpack {
    fn facts(&self) -> ActFacts {
        let mut paths = vec![&*self.pack, &*self.to];
        paths.extend(self.bases.iter().map(|base| &**base));
        let over = if self.existing == Existing::Replace { ", replacing what is there" } else { "" };
        let (from, to) = (self.pack.display(), self.to.display());
        let (what, file, tensor) = match &self.wanted {
            Wanted::Everything => (format!("unpack {from}"), "", ""),
            Wanted::Tensor { file, tensor } => (format!("write {tensor} of {from}"), &**file, &**tensor),
        };
        ActFacts {
            action: Action::of("artifact.unpack"),
            namespace: self.place.namespace.clone(),
            touch: Touch::Change,
            risk: self.place.risk(self.existing, &paths),
            summary: format!("{what} into {to}{over}"),
            detail: json!({
                "from": shown(&self.pack), "root": self.root.to_string(), "signer": self.signer,
                "file": file, "tensor": tensor, "to": shown(&self.to),
                "bases": self.bases.iter().map(|base| shown(base)).collect::<Vec<_>>(),
                "replace": self.existing == Existing::Replace,
            }),
            bound: FieldHasher::new("artifact.unpack")
                .field("root", self.root.as_bytes())
                .field("signer", self.signer.clone().unwrap_or_default())
                .field("file", file)
                .field("tensor", tensor)
                .field("to", self.to.as_os_str().as_bytes())
                .field("bases", list(&self.bases))
                .field("replace", [u8::from(self.existing == Existing::Replace)])
                .finish(),
            exact: None,
        }
    }
}

/// Looking into a pack.
pub(crate) struct LookInside {
    pub(crate) pack: PathBuf,
    pub(crate) place: Place,
}

impl Act for LookInside {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("artifact.look"),
            namespace: self.place.namespace.clone(),
            touch: Touch::Read,
            risk: Risk::Low,
            summary: format!("read the pack {}", self.pack.display()),
            detail: json!({ "pack": shown(&self.pack) }),
            bound: FieldHasher::new("artifact.look").field("pack", self.pack.as_os_str().as_bytes()).finish(),
            exact: None,
        }
    }
}

/// Signing a pack that is there.
pub(crate) struct SignPack {
    pub(crate) pack: PathBuf,
    pub(crate) source: Shared,
    pub(crate) root: Hash,
    pub(crate) key: Key,
    pub(crate) place: Place,
}

impl Act for SignPack {
    fn facts(&self) -> ActFacts {
        let signer = self.key.signer().to_string();
        ActFacts {
            action: Action::of("artifact.sign"),
            namespace: self.place.namespace.clone(),
            touch: Touch::Change,
            // A signature speaks for whoever has the key.
            risk: Risk::High,
            summary: format!("sign the pack {} as {signer}", self.pack.display()),
            detail: json!({ "pack": shown(&self.pack), "root": self.root.to_string(), "signer": signer }),
            bound: FieldHasher::new("artifact.sign")
                .field("pack", self.pack.as_os_str().as_bytes())
                .field("root", self.root.as_bytes())
                .field("signer", &signer)
                .finish(),
            exact: None,
        }
    }
}

/// Making a key that signs packs.
pub(crate) struct MakeKey {
    pub(crate) to: PathBuf,
    pub(crate) key: Key,
    pub(crate) place: Place,
}

impl Act for MakeKey {
    fn facts(&self) -> ActFacts {
        let to = shown(&self.to);
        ActFacts {
            action: Action::of("artifact.make_key"),
            namespace: self.place.namespace.clone(),
            touch: Touch::Change,
            risk: self.place.risk(Existing::Keep, &[&self.to]),
            summary: format!("make a key that signs packs, in {to}"),
            // Not the public key: it is drawn anew for each try, and an approval is for the place.
            detail: json!({ "to": to }),
            bound: FieldHasher::new("artifact.make_key").field("to", self.to.as_os_str().as_bytes()).finish(),
            exact: None,
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Paths one after the other; no path holds the byte between them.
fn list(paths: &[PathBuf]) -> Vec<u8> {
    paths.iter().map(|path| path.as_os_str().as_bytes()).collect::<Vec<_>>().join(&0)
}
