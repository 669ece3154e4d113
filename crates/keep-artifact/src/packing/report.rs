//! What came of packing and unpacking, and what a pack says of itself.

use super::acts::Unpack;
use super::signer::Signer;
use super::source::ItemKind;
use keep_tensor::pack::{EntryKind, PackReader};
use keep_tensor::pipeline::Totals;
use keep_tensor::{Hash, RegionKind};
use serde::{Serialize, Serializer};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

/// A pack that was written.
#[derive(Clone, Debug, Serialize)]
pub struct PackReport {
    /// Where it lies.
    pub path: PathBuf,
    /// Its root, by which it is named as a base.
    #[serde(serialize_with = "as_text")]
    pub root: Hash,
    /// The root of the base that it holds differences to, when it does.
    #[serde(serialize_with = "as_optional_text")]
    pub base: Option<Hash>,
    /// Who signed it.
    pub signer: Option<Signer>,
    /// How many files it holds.
    pub files: u64,
    /// How many folders.
    pub folders: u64,
    /// How many links.
    pub links: u64,
    /// Bytes of the files.
    pub raw_bytes: u64,
    /// Bytes of the pack.
    pub stored_bytes: u64,
    /// Pieces that the files were cut into.
    pub chunks: u64,
    /// How many of these are differences to the base.
    pub differences: u64,
    /// Files whose format was not understood as their names promise.
    pub notes: Vec<Note>,
}

/// What is to be said of a file.
#[derive(Clone, Debug, Serialize)]
pub struct Note {
    /// Its path in the pack.
    pub path: String,
    /// What is to be said.
    pub note: String,
}

impl PackReport {
    pub(crate) fn new(path: &Path, base: Option<Hash>, signer: Option<Signer>) -> Self {
        Self {
            path: path.to_owned(),
            root: Hash::from_bytes([0; 32]),
            base,
            signer,
            files: 0,
            folders: 0,
            links: 0,
            raw_bytes: 0,
            stored_bytes: 0,
            chunks: 0,
            differences: 0,
            notes: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, path: &str, (totals, note): (Totals, Option<String>)) {
        self.raw_bytes += totals.raw_bytes;
        self.chunks += totals.chunks;
        self.differences += totals.differences;
        self.notes.extend(note.map(|note| Note { path: path.to_owned(), note }));
    }

    pub(crate) fn count(&mut self, kind: &ItemKind) {
        match kind {
            ItemKind::File { .. } => self.files += 1,
            ItemKind::Folder { .. } => self.folders += 1,
            ItemKind::Link { .. } => self.links += 1,
        }
    }
}

/// What was written out of a pack.
#[derive(Clone, Debug, Serialize)]
pub struct UnpackReport {
    /// The file or folder.
    pub path: PathBuf,
    /// The pack's root.
    #[serde(serialize_with = "as_text")]
    pub root: Hash,
    /// Who signed the pack.
    pub signer: Option<String>,
    /// How many files.
    pub files: u64,
    /// How many folders.
    pub folders: u64,
    /// How many links.
    pub links: u64,
    /// Bytes of the files.
    pub raw_bytes: u64,
}

impl UnpackReport {
    pub(crate) fn new(act: &Unpack) -> Self {
        Self {
            path: act.to.clone(),
            root: act.root,
            signer: act.signer.clone(),
            files: 0,
            folders: 0,
            links: 0,
            raw_bytes: 0,
        }
    }
}

/// What a pack says of itself.
#[derive(Clone, Debug, Serialize)]
pub struct PackView {
    /// Where it lies.
    pub path: PathBuf,
    /// Its root.
    #[serde(serialize_with = "as_text")]
    pub root: Hash,
    /// The root of the base that it needs.
    #[serde(serialize_with = "as_optional_text")]
    pub base: Option<Hash>,
    /// Who signed it.
    pub signer: Option<Signer>,
    /// Bytes of its files.
    pub raw_bytes: u64,
    /// Its own bytes.
    pub stored_bytes: u64,
    /// What it holds.
    pub entries: Vec<EntryView>,
}

/// One thing in a pack.
#[derive(Clone, Debug, Serialize)]
pub struct EntryView {
    /// Its path.
    pub path: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: EntryKindView,
}

/// What an entry is.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EntryKindView {
    /// A file.
    File {
        /// Its permission bits, in octal.
        mode: String,
        /// What format it has.
        format: String,
        /// Its bytes.
        raw_bytes: u64,
        /// Bytes of its pieces as they are stored.
        stored_bytes: u64,
        /// Whether the base is needed to unpack it.
        needs_base: bool,
        /// Its tensors.
        tensors: Vec<TensorView>,
        /// What is to be said of its format.
        note: Option<String>,
    },
    /// A folder.
    Folder {
        /// Its permission bits, in octal.
        mode: String,
    },
    /// A symbolic link.
    Link {
        /// What it points to.
        target: String,
    },
}

/// One tensor.
#[derive(Clone, Debug, Serialize)]
pub struct TensorView {
    /// Its name.
    pub name: String,
    /// The type of its elements.
    pub dtype: String,
    /// Its dimensions.
    pub shape: Vec<u64>,
    /// Its bytes.
    pub raw_bytes: u64,
}

impl PackView {
    pub(crate) fn of<R: Read + Seek>(path: &Path, size: u64, pack: &PackReader<R>) -> Self {
        let entries: Vec<_> = pack.entries().iter().map(entry_view).collect();
        let raw = |entry: &EntryView| match entry.kind {
            EntryKindView::File { raw_bytes, .. } => raw_bytes,
            _ => 0,
        };
        Self {
            path: path.to_owned(),
            root: pack.root(),
            base: pack.base_root(),
            signer: pack.signer().copied().map(Signer),
            raw_bytes: entries.iter().map(raw).sum(),
            stored_bytes: size,
            entries,
        }
    }
}

fn entry_view(entry: &keep_tensor::pack::Entry) -> EntryView {
    let kind = match &entry.kind {
        EntryKind::Folder { mode } => EntryKindView::Folder { mode: octal(*mode) },
        EntryKind::Link { target } => EntryKindView::Link { target: target.clone() },
        EntryKind::File(file) => EntryKindView::File {
            mode: octal(file.mode),
            format: format!("{:?}", file.layout.format).to_lowercase(),
            raw_bytes: file.raw_bytes(),
            stored_bytes: file.stored_bytes(),
            needs_base: file.needs_base(),
            tensors: file.layout.regions.iter().filter_map(tensor_view).collect(),
            note: file.layout.note.clone(),
        },
    };
    EntryView { path: entry.path.clone(), kind }
}

fn tensor_view(region: &keep_tensor::Region) -> Option<TensorView> {
    let RegionKind::Tensor(tensor) = &region.kind else { return None };
    Some(TensorView {
        name: tensor.name.clone(),
        dtype: format!("{:?}", tensor.dtype).to_lowercase(),
        shape: tensor.shape.clone(),
        raw_bytes: region.len,
    })
}

fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

/// What a check of a pack came to.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyReport {
    /// Which pack.
    pub path: PathBuf,
    /// Its root.
    #[serde(serialize_with = "as_text")]
    pub root: Hash,
    /// Who signed it.
    pub signer: Option<Signer>,
    /// Bytes of its files.
    pub raw_bytes: u64,
    /// Bytes that were read and had their hash.
    pub stored_bytes: u64,
    /// Pieces that were checked.
    pub chunks: u64,
    /// Whether everything was also restored, with the base where it is needed.
    pub restored: bool,
}

fn as_text<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(hash)
}

fn as_optional_text<S: Serializer>(hash: &Option<Hash>, serializer: S) -> Result<S::Ok, S::Error> {
    match hash {
        Some(hash) => serializer.collect_str(hash),
        None => serializer.serialize_none(),
    }
}
