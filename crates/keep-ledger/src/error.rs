use crate::merkle::ProofError;
use crate::note::NoteError;
use keep_db::DbError;
use keep_types::{ErrorKind, Explain};
use std::path::{Path, PathBuf};

/// One way in which a ledger was changed behind Keep's back. The number is the first record concerned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Forgery {
    /// A record's content is not what was recorded.
    #[error("record {seq} was edited")]
    Edited {
        /// Which.
        seq: u64,
    },
    /// A record is gone from the middle.
    #[error("record {seq} was deleted")]
    Deleted {
        /// Which.
        seq: u64,
    },
    /// A record that the ledger never took.
    #[error("record {seq} was inserted")]
    Inserted {
        /// Which.
        seq: u64,
    },
    /// Records changed places.
    #[error("record {seq} is not in its place")]
    Reordered {
        /// The first place that holds another's record.
        seq: u64,
    },
    /// A record stands twice.
    #[error("record {seq} is a copy of record {of}")]
    Duplicated {
        /// The copy.
        seq: u64,
        /// What it copies.
        of: u64,
    },
    /// Records are gone from the end, and the database itself knows of more.
    #[error("the records from {kept} on were cut off; there were {expected}")]
    Truncated {
        /// How many are left.
        kept: u64,
        /// How many there were at least.
        expected: u64,
    },
    /// The whole database is an older one than the checkpoint has seen.
    #[error("the database was rolled back to {size} records; the checkpoint covers {checkpoint}")]
    RolledBack {
        /// How many records there are.
        size: u64,
        /// How many the checkpoint covers.
        checkpoint: u64,
    },
    /// The records up to a signed head are not those it was signed over.
    #[error(
        "the records between {from} and {to} are not those that the head of size {to} was signed over: \
         rewritten, or cut off and appended again"
    )]
    Forked {
        /// The last size known to be right.
        from: u64,
        /// The size of the head that does not fit.
        to: u64,
    },
    /// Records whose hashes were computed anew.
    #[error("the records {from} to {to} were rewritten together with their hashes")]
    Rewritten {
        /// The first record of the range.
        from: u64,
        /// The record after its last.
        to: u64,
    },
    /// A record of another log.
    #[error("record {seq} comes from another log")]
    Spliced {
        /// Which.
        seq: u64,
    },
    /// The checkpoint or a head belongs to another log.
    #[error("the checkpoint is that of another log, {found}")]
    ForeignLog {
        /// What it calls itself.
        found: String,
    },
    /// A head was signed again with a key that came later.
    #[error("the head of size {size} is signed with a key that the ledger introduced only at {introduced}")]
    Resigned {
        /// The head's size.
        size: u64,
        /// The record that introduced the key.
        introduced: u64,
    },
    /// A head carries the signature of a key that was no longer in force.
    #[error("the head of size {size} is signed with a key that was retired before")]
    RetiredKey {
        /// The head's size.
        size: u64,
    },
    /// A head is signed by a key that this ledger never introduced.
    #[error("the head of size {size} is not signed by a key of this ledger")]
    ForeignKey {
        /// The head's size.
        size: u64,
    },
    /// A record that introduces a key is not signed by the one before.
    #[error("the key of record {seq} was not introduced by the one before it")]
    KeyChain {
        /// Which record.
        seq: u64,
    },
    /// The key file is not the one of this ledger.
    #[error("the key file is not that of this ledger")]
    ForeignKeyFile,
    /// A detail is not the one that its record commits to.
    #[error("the detail of record {seq} was edited")]
    DetailEdited {
        /// Whose.
        seq: u64,
    },
    /// A detail is gone and no record says that it was erased.
    #[error("the detail of record {seq} is gone, and nobody erased it")]
    DetailLost {
        /// Whose.
        seq: u64,
    },
    /// A detail beside a record that has none or had it erased.
    #[error("the detail of record {seq} was added")]
    DetailAdded {
        /// Whose.
        seq: u64,
    },
    /// A stored part of the tree is wrong although the records are right.
    #[error("the stored hash of the records {from} to {to} was changed")]
    TreeEdited {
        /// The first record of the subtree.
        from: u64,
        /// The record after its last.
        to: u64,
    },
    /// The stored frontier is wrong although the records are right.
    #[error("the stored state at size {size} was changed")]
    StateEdited {
        /// The size.
        size: u64,
    },
    /// The list of open intents does not follow from the records.
    #[error("the list of open intents is wrong about record {seq}")]
    IntentList {
        /// Which.
        seq: u64,
    },
    /// The checkpoint file, or a kept head, is not of the form.
    #[error("the signed head is damaged: {why}")]
    BadCheckpoint {
        /// What is wrong with it.
        why: String,
    },
    /// There are records, but the checkpoint beside them is gone.
    #[error("the checkpoint is missing beside a ledger of {size} records")]
    Unanchored {
        /// How many records there are.
        size: u64,
    },
}

impl Forgery {
    pub(crate) fn bad_note(error: &NoteError) -> Self {
        Self::BadCheckpoint { why: error.to_string() }
    }
}

/// What failed in the ledger.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The database could not read or write.
    #[error("the ledger's database failed")]
    Db(#[from] DbError),
    /// A file of the ledger.
    #[error("{doing} {}", path.display())]
    File {
        /// The verb: reading, writing, locking.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A key file that holds no key.
    #[error("{} is no key file", .0.display())]
    BadKeyFile(PathBuf),
    /// Others than the owner can read the key.
    #[error("{} can be read by others (mode {mode:o})", path.display())]
    OpenKeyFile {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// No random bytes are to be had.
    #[error("the system gives no random bytes")]
    Random,
    /// Verification found a forgery.
    #[error("the ledger was tampered with: {0}")]
    Tampered(Forgery),
    /// The ledger takes no records until somebody accepts the mismatch.
    #[error("the ledger does not extend its checkpoint, so nothing is changed: {0}")]
    Refused(String),
    /// The record's action is one of the ledger's own.
    #[error("the action {0} is the ledger's own")]
    Reserved(String),
    /// A stored row that cannot be a record.
    #[error("record {seq} cannot be read: its {what} is malformed")]
    Malformed {
        /// Which.
        seq: u64,
        /// Which part of it.
        what: &'static str,
    },
    /// No such record.
    #[error("there is no record {0}")]
    NoSuchRecord(u64),
    /// Sizes that do not follow each other.
    #[error("there is no proof from size {old} to size {new}; the ledger has {size} records")]
    BadSizes {
        /// The older size.
        old: u64,
        /// The newer size.
        new: u64,
        /// The ledger's.
        size: u64,
    },
    /// The state folder's lock did not come free.
    #[error("the checkpoint is locked by another process: {}", .0.display())]
    CheckpointBusy(PathBuf),
    /// The export could not be written or read.
    #[error("reading or writing the export")]
    ExportIo(#[source] std::io::Error),
    /// An export that does not hold together.
    #[error("line {line} of the export: {why}")]
    Export {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        why: ExportFault,
    },
    /// The git repository cannot take the anchor.
    #[error("{} cannot take an anchor: {why}", path.display())]
    Git {
        /// The repository.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A helper thread could not be started, or ended early.
    #[error("a ledger thread could not run")]
    Thread,
    /// There is nothing signed yet to anchor.
    #[error("there is no signed head to anchor")]
    NothingToAnchor,
}

/// What is wrong with a line of an export.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportFault {
    /// It is not of the form.
    #[error("it is malformed: {0}")]
    Malformed(String),
    /// The head is not signed by the key that was given.
    #[error("its head is not signed by the given key")]
    BadSignature,
    /// Records are not in order or one is missing.
    #[error("record {expected} was expected and {found} found")]
    Gap {
        /// What should come.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The record does not lead to the signed root.
    #[error("the record is not in the signed tree: {0}")]
    NotInTree(ProofError),
    /// The detail is not the one the record commits to.
    #[error("the detail is not the one the record commits to")]
    Detail,
    /// It ends too early.
    #[error("it ends before record {expected}")]
    Ends {
        /// What should come.
        expected: u64,
    },
    /// There is more after the last record.
    #[error("there is more after the last record")]
    Trailing,
}

impl LedgerError {
    pub(crate) fn file(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { doing, path: path.to_owned(), source }
    }

    /// The forgery, when it is one.
    #[must_use]
    pub fn forgery(&self) -> Option<&Forgery> {
        match self {
            Self::Tampered(forgery) => Some(forgery),
            _ => None,
        }
    }
}

impl From<Forgery> for LedgerError {
    fn from(forgery: Forgery) -> Self {
        Self::Tampered(forgery)
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Db(error.into())
    }
}

impl Explain for LedgerError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Db(error) => error.kind(),
            Self::File { .. } | Self::Random | Self::CheckpointBusy(_) | Self::Git { .. } => {
                ErrorKind::Unavailable
            }
            Self::Tampered(_)
            | Self::Refused(_)
            | Self::Malformed { .. }
            | Self::Export { .. }
            | Self::BadKeyFile(_) => ErrorKind::Tampered,
            Self::OpenKeyFile { .. } | Self::Reserved(_) => ErrorKind::Denied,
            Self::NoSuchRecord(_) | Self::NothingToAnchor => ErrorKind::NotFound,
            Self::BadSizes { .. } => ErrorKind::Usage,
            Self::ExportIo(_) => ErrorKind::Unavailable,
            Self::Thread => ErrorKind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Db(error) => error.hint(),
            Self::Tampered(Forgery::Unanchored { .. }) => {
                Some("if you removed the state folder yourself: `keep audit accept --reason …`".into())
            }
            Self::Tampered(_) | Self::Refused(_) => Some(
                "look with `keep audit verify`; then `keep restore` a backup, or `keep audit accept \
                 --reason …` to go on from here with both heads recorded"
                    .into(),
            ),
            Self::OpenKeyFile { path, .. } => Some(format!("chmod 600 {}", path.display())),
            Self::CheckpointBusy(_) => Some("another Keep process hangs; end it and try again".into()),
            _ => None,
        }
    }
}
