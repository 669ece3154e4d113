use crate::id::{BlobId, PartDigest};
use keep_types::{ErrorKind, Explain};
use std::path::{Path, PathBuf};

/// What failed while blobs were stored or read. No variant ever holds a credential, nor the text that a
/// server answered: servers quote the signed request, session token included, in their refusals.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// No such blob or object.
    #[error("the store has no {0}")]
    NotFound(String),
    /// A blob whose bytes are not those of its id.
    #[error("the blob {id} is damaged: what is stored hashes to {found}")]
    Damaged {
        /// Which blob.
        id: BlobId,
        /// What its bytes really hash to.
        found: BlobId,
    },
    /// A part of a blob that is not what the caller knows it to be.
    #[error("the bytes {start} to {end} of the blob {id} are damaged: they hash to {found}")]
    DamagedPart {
        /// Which blob.
        id: BlobId,
        /// Where the part begins.
        start: u64,
        /// Where the part ends.
        end: u64,
        /// What its bytes really hash to.
        found: PartDigest,
    },
    /// A blob that ends before the part that was asked for.
    #[error("the blob {id} has no bytes {start} to {end}: it is shorter than it should be")]
    Short {
        /// Which blob.
        id: BlobId,
        /// Where the part begins.
        start: u64,
        /// Where the part ends.
        end: u64,
    },
    /// The store does not let us: wrong or expired credentials, missing rights, a read-only folder.
    #[error("the store refused {doing}: {reason}")]
    Denied {
        /// What was attempted.
        doing: &'static str,
        /// The refusal in a few words.
        reason: String,
    },
    /// No answer, or none in time.
    #[error("the store cannot be reached while {doing}: {reason}")]
    Unreachable {
        /// What was attempted.
        doing: &'static str,
        /// Why in a few words.
        reason: String,
    },
    /// No room left.
    #[error("the store is full; it failed {doing}")]
    Full {
        /// What was attempted.
        doing: &'static str,
    },
    /// Somebody else wrote the object meanwhile, or it exists already.
    #[error("the object {name} is not in the state it was expected in")]
    Conflict {
        /// Its name.
        name: String,
    },
    /// More bytes than the limit lets through.
    #[error("{what} has {size} bytes; the limit is {limit}")]
    TooLarge {
        /// What is too large.
        what: String,
        /// Its declared size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// A store address that is not used, with the reason. The address itself is not repeated: it may
    /// hold a password.
    #[error("this store address is refused: {why}")]
    RefusedUrl {
        /// What is wrong with it.
        why: String,
        /// What to do instead.
        hint: Option<&'static str>,
    },
    /// A name that may not be used.
    #[error("{name:?} is no object name: {why}")]
    BadName {
        /// The name, shortened.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Credentials that cannot be used.
    #[error("the credentials cannot be used: {why}")]
    Credentials {
        /// Why.
        why: String,
    },
    /// A file operation in a folder store.
    #[error("{doing} {}", path.display())]
    File {
        /// The verb: writing, reading, renaming.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Something in a folder store is not what Keep put there.
    #[error("{} {why}", path.display())]
    Foreign {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Others can write into the folder.
    #[error("{} is open to others (mode {mode:o})", path.display())]
    Exposed {
        /// Which folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Another process held the lock of a folder store all the time.
    #[error("another process holds the lock {} for over {waited_ms} ms", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long it was waited for.
        waited_ms: u128,
    },
    /// An answer that has no better word.
    #[error("the store failed {doing}: {reason}")]
    Store {
        /// What was attempted.
        doing: &'static str,
        /// What it said, in a few words.
        reason: String,
    },
    /// An upload that already failed takes no more.
    #[error("this upload failed before and takes no more bytes")]
    Poisoned,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// A task of the store ended early, as when the runtime shuts down.
    #[error("the task {doing} was stopped")]
    Stopped {
        /// What it was doing.
        doing: &'static str,
    },
}

impl BlobError {
    /// An I/O error of a folder store, told apart where a caller can act on it.
    pub(crate) fn file(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        match source.kind() {
            Io::StorageFull | Io::QuotaExceeded | Io::FileTooLarge => Self::Full { doing },
            Io::PermissionDenied => {
                Self::Denied { doing, reason: format!("no permission for {}", path.display()) }
            }
            Io::ReadOnlyFilesystem => {
                Self::Denied { doing, reason: format!("{} is on a read-only disk", path.display()) }
            }
            _ => Self::File { doing, path: path.to_owned(), source },
        }
    }

    pub(crate) fn refused_url(why: impl Into<String>, hint: Option<&'static str>) -> Self {
        Self::RefusedUrl { why: why.into(), hint }
    }
}

impl Explain for BlobError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Damaged { .. } | Self::DamagedPart { .. } | Self::Short { .. } | Self::Foreign { .. } => {
                ErrorKind::Tampered
            }
            Self::Denied { .. } | Self::Credentials { .. } | Self::Exposed { .. } => ErrorKind::Denied,
            Self::Unreachable { .. } | Self::Full { .. } | Self::File { .. } | Self::Locked { .. } => {
                ErrorKind::Unavailable
            }
            Self::Store { .. } | Self::Random => ErrorKind::Unavailable,
            Self::Conflict { .. } => ErrorKind::Conflict,
            Self::TooLarge { .. } | Self::RefusedUrl { .. } | Self::BadName { .. } => ErrorKind::Usage,
            Self::Poisoned | Self::Stopped { .. } => ErrorKind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Damaged { .. } | Self::DamagedPart { .. } | Self::Short { .. } => {
                "look at the disk; storing the same bytes again puts the blob right"
            }
            Self::Denied { .. } => "check the credentials and what they may do, or the folder's owner",
            Self::Unreachable { .. } => "check the endpoint, the network and that the server runs",
            Self::Full { .. } => "make room on the disk, then try again",
            Self::Conflict { .. } => "read it again and decide anew",
            Self::Exposed { path, .. } => return Some(format!("chmod go-rwx {}", path.display())),
            Self::Locked { .. } => "another Keep process hangs; end it and try again",
            Self::RefusedUrl { hint, .. } => return hint.map(Into::into),
            _ => return None,
        };
        Some(text.into())
    }
}
