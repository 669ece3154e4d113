use crate::charge::InstallationId;
use crate::name::{Key, Reference, Tag};
use keep_blob::BlobError;
use keep_db::DbError;
use keep_gate::GateError;
use keep_tensor::TensorError;
use keep_tensor::format::LayoutError;
use keep_types::{ErrorKind, Explain, Timestamp};
use std::path::{Path, PathBuf};

/// What failed with an artifact.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// The gate stayed shut, or failed.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A statement failed.
    #[error("a statement on the artifacts' tables failed, so nothing was done")]
    Sql(#[from] rusqlite::Error),
    /// A stored row does not parse.
    #[error("a stored row of {table} does not parse")]
    Corrupt {
        /// Which table.
        table: &'static str,
    },
    /// Encoding or decoding failed.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A file could not be looked through for tensors.
    #[error("looking for tensors in {}", path.display())]
    Layout {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: LayoutError,
    },
    /// A file operation.
    #[error("{doing} {}", path.display())]
    File {
        /// The verb.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// What is to be stored is neither a file nor a folder nor a link.
    #[error("{} is neither a file nor a folder nor a link within the folder", .0.display())]
    NotAFile(PathBuf),
    /// A path that cannot be stored.
    #[error("a path cannot be stored or restored")]
    Path(#[source] TensorError),
    /// A path that is not valid Unicode.
    #[error("{} is not valid Unicode, so it cannot be stored", .0.display())]
    NotUnicode(PathBuf),
    /// A link leads out of the folder.
    #[error("{} is a link that leads out of the folder", path.display())]
    LinkOut {
        /// Which.
        path: PathBuf,
    },
    /// A file changed while it was stored.
    #[error("{} changed while it was stored, so nothing was recorded", .0.display())]
    Changed(PathBuf),
    /// A manifest is not what is written.
    #[error("a manifest does not hold together: {0}")]
    Manifest(&'static str),
    /// A manifest's head does not parse.
    #[error("a manifest's head does not parse")]
    ManifestHead(#[source] serde_json::Error),
    /// A manifest of a version that this program does not know.
    #[error("a manifest is of format {0}, which this version of Keep does not know")]
    ManifestVersion(u64),
    /// What a store says of a name is not what the manifest says.
    #[error("the store's entry for {name} is not that of its manifest")]
    Misnamed {
        /// The entry.
        name: String,
    },
    /// No such artifact.
    #[error("there is no artifact {name}")]
    NoSuchArtifact {
        /// What was asked for.
        name: String,
    },
    /// No such artifact in another store.
    #[error("the store {url} holds no artifact {key}")]
    NotInStore {
        /// Which artifact.
        key: Box<Key>,
        /// Where.
        url: String,
    },
    /// No such version of it.
    #[error("{key} has no version {version}")]
    NoSuchVersion {
        /// Which artifact.
        key: Box<Key>,
        /// Which version.
        version: String,
    },
    /// No such file in it.
    #[error("{reference} holds no {what} named {name:?}")]
    NoSuchPart {
        /// Which version.
        reference: Box<Reference>,
        /// File or tensor.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// No such file or folder.
    #[error("there is nothing at {}", .0.display())]
    NoSuchPath(PathBuf),
    /// A path that whoever named it may not name.
    #[error("{} is not open to you: it lies outside {}, or holds or is something guarded there", path.display(), within.display())]
    FencedOff {
        /// What was named.
        path: PathBuf,
        /// The folder that is open.
        within: PathBuf,
    },
    /// What would be written is what other programs run or obey later.
    #[error("{} would be written, which other programs run or obey later; nothing was restored", .0.display())]
    Obeyed(PathBuf),
    /// What would be written is there already.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// A restored file is not the one that was stored.
    #[error("{path:?} was not restored as it was stored, so it was not put in its place")]
    Wrong {
        /// Which file.
        path: String,
    },
    /// The bundles that were put were taken away meanwhile.
    #[error("what was stored so far was taken away by a collection, so nothing was recorded")]
    Collected,
    /// A version was removed, and what it was made of deleted, while it was read.
    #[error("{0} was removed while it was read, and what it was made of deleted")]
    RemovedMeanwhile(String),
    /// A version was stored anew while it was read.
    #[error("a collection stored what is read anew, so the rest of it was not found")]
    MovedMeanwhile,
    /// A version was removed or stored anew while a collection stored it anew.
    #[error("versions changed while they were stored anew, so they stay as they were")]
    Shifted,
    /// The store belongs to another installation.
    #[error("the store {url} is tended by another installation of Keep ({installation}, since {since})")]
    OtherOwner {
        /// Where.
        url: String,
        /// Whose it is.
        installation: InstallationId,
        /// Since when.
        since: Timestamp,
    },
    /// Things are being deleted in the store right now.
    #[error("the store {url} is being collected, so nothing may come to rely on what is there")]
    BeingCollected {
        /// Where.
        url: String,
    },
    /// A store is taken over for no reason.
    #[error("taking a store over needs a reason, which is recorded")]
    NoReason,
    /// Stored bytes of a version are not what was stored.
    #[error("{version} is damaged: {part}")]
    Damaged {
        /// Which version of which artifact.
        version: String,
        /// The file, and the tensors of it as far as they are known.
        part: String,
        /// How it was found out.
        #[source]
        source: Box<ArtifactError>,
    },
    /// Both sides have a version of this number, and they differ.
    #[error("version {number} of {key} is there already and is another")]
    Diverged {
        /// Which artifact.
        key: Box<Key>,
        /// Which version.
        number: u64,
    },
    /// Another process is about to make this very version.
    #[error("version {number} of {key} is on its way already, by another process")]
    UnderWay {
        /// Which artifact.
        key: Box<Key>,
        /// Which version.
        number: u64,
    },
    /// Something is being put, so unreferenced bundles cannot go at once.
    #[error("{0} put(s) are in flight, so a collection must leave young bundles alone")]
    InFlight(u64),
    /// A tag that a version does not bear.
    #[error("the version does not bear the tag {0}")]
    NoSuchTag(Tag),
    /// The parts of a file cannot be told apart.
    #[error("a number that is too large for the manifest's tables")]
    TooMany,
    /// A worker thread ended without an answer.
    #[error("a worker ended without an answer")]
    Worker,
    /// The kernel gave no random bytes.
    #[error("reading random bytes")]
    Random,
    /// A plan that keeps nothing.
    #[error("the plan names nothing to keep, so it would remove every version")]
    KeepsNothing,
}

impl ArtifactError {
    /// Whether it says that what is stored is not what was stored, or is gone.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Blob(BlobError::NotFound(_))) || self.kind() == ErrorKind::Tampered
    }

    pub(crate) fn file(doing: &'static str, path: &Path, source: impl Into<std::io::Error>) -> Self {
        Self::File { doing, path: path.to_owned(), source: source.into() }
    }
}

impl Explain for ArtifactError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Gate(error) => error.kind(),
            Self::Db(error) => error.kind(),
            Self::Blob(error) => error.kind(),
            Self::Tensor(error) => tensor_kind(error),
            Self::Sql(_) | Self::Corrupt { .. } | Self::Worker | Self::TooMany => ErrorKind::Internal,
            Self::Layout { .. } | Self::File { .. } | Self::Random => ErrorKind::Unavailable,
            Self::NotAFile(_)
            | Self::Path(_)
            | Self::NotUnicode(_)
            | Self::LinkOut { .. }
            | Self::NoReason
            | Self::KeepsNothing => ErrorKind::Usage,
            Self::Changed(_)
            | Self::Exists(_)
            | Self::Collected
            | Self::RemovedMeanwhile(_)
            | Self::MovedMeanwhile
            | Self::Shifted
            | Self::OtherOwner { .. }
            | Self::BeingCollected { .. }
            | Self::Diverged { .. }
            | Self::UnderWay { .. }
            | Self::InFlight(_) => ErrorKind::Conflict,
            Self::Manifest(_)
            | Self::ManifestHead(_)
            | Self::ManifestVersion(_)
            | Self::Misnamed { .. }
            | Self::Damaged { .. }
            | Self::Wrong { .. } => ErrorKind::Tampered,
            Self::FencedOff { .. } | Self::Obeyed(_) => ErrorKind::Denied,
            Self::NoSuchPath(_)
            | Self::NoSuchArtifact { .. }
            | Self::NotInStore { .. }
            | Self::NoSuchVersion { .. }
            | Self::NoSuchPart { .. }
            | Self::NoSuchTag(_) => ErrorKind::NotFound,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Gate(error) => error.hint(),
            Self::Db(error) => error.hint(),
            Self::Blob(error) => error.hint(),
            Self::LinkOut { .. } => Some("store what it points to, or a copy made with `cp -L`".into()),
            Self::Changed(_) | Self::Collected => Some("put it again".into()),
            Self::MovedMeanwhile => Some("read it again".into()),
            Self::NoSuchArtifact { .. } => Some("`keep artifact ls` shows what is there".into()),
            Self::NoSuchVersion { key, .. } => {
                Some(format!("`keep artifact log {}` shows its versions", key.name))
            }
            Self::NoSuchPart { reference, .. } => {
                Some(format!("`keep artifact ls {reference}` shows what is in it"))
            }
            Self::Exists(_) => Some("name another place with --to".into()),
            Self::OtherOwner { .. } => Some(
                "pull from it and push to it, or take it over with `keep artifact owner --take-over REASON`".into(),
            ),
            Self::BeingCollected { .. } => Some(
                "try again; if a collection there was cut short, the next `keep artifact gc --apply` of whoever tends it ends it"
                    .into(),
            ),
            Self::NoReason => Some("say why the other installation no longer tends it".into()),
            Self::Damaged { .. } => Some(
                "`keep artifact verify --repair --from STORE` fetches it from a store that it was pushed to".into(),
            ),
            Self::NotInStore { .. } => Some("look at its name, and name another --namespace if it has one".into()),
            Self::Diverged { .. } => Some("pull it under another name with --as, as the next version of that".into()),
            Self::UnderWay { .. } => Some("wait until it is there".into()),
            Self::InFlight(_) => Some("wait until they are done, or give a --grace".into()),
            Self::KeepsNothing => Some("say what to keep: --last 5, --every step=1000, --tagged".into()),
            Self::ManifestVersion(_) => Some("a newer version of Keep reads it".into()),
            Self::Manifest(_) | Self::Wrong { .. } => {
                Some("`keep artifact verify` tells which versions are whole".into())
            }
            _ => None,
        }
    }
}

fn tensor_kind(error: &TensorError) -> ErrorKind {
    match error {
        TensorError::Source(_) | TensorError::Sink(_) | TensorError::Output(_) | TensorError::Base(_) => {
            ErrorKind::Unavailable
        }
        TensorError::Stored(source) if source.kind() != std::io::ErrorKind::InvalidData => {
            ErrorKind::Unavailable
        }
        TensorError::SourceLength => ErrorKind::Conflict,
        TensorError::Worker | TensorError::Compressor(_) | TensorError::Limit { .. } => ErrorKind::Internal,
        _ => ErrorKind::Tampered,
    }
}
