use crate::contents::Key;
use crate::dotenv::DotenvError;
use keep_db::DbError;
use keep_gate::GateError;
use keep_ledger::LedgerError;
use keep_types::{Duration, ErrorKind, Explain, Timestamp};
use std::path::{Path, PathBuf};

/// What failed in the vault. No message holds a value, nor text that may be one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The gate stayed shut, or failed.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A statement failed.
    #[error("a statement on the vault's tables failed, so nothing was done")]
    Sql(#[from] rusqlite::Error),
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
    /// The identity is under a passphrase that was not given.
    #[error("the vault is locked")]
    Locked,
    /// The passphrase does not open the identity.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// Too many wrong passphrases.
    #[error("too many wrong passphrases; wait until {0}")]
    TooManyTries(Timestamp),
    /// There is no passphrase to give.
    #[error("the vault has no passphrase, so it is never locked")]
    NoPassphrase,
    /// There is a vault, but not the identity that opens it.
    #[error("the identity that opens the vault is missing: {}", .0.display())]
    IdentityMissing(PathBuf),
    /// A file that should be an age identity is none.
    #[error("this is no age identity: one line starting with AGE-SECRET-KEY-1 is expected")]
    NoIdentity,
    /// The protected identity's file is damaged.
    #[error("the identity's file is damaged")]
    BadIdentityFile(#[source] age::DecryptError),
    /// The vault's file is not there, though it should be.
    #[error("the vault's file is missing: version {version} was written to {}", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
        /// The version that is known.
        version: u64,
    },
    /// The vault's file does not decrypt as it was written.
    #[error("the vault's file is damaged")]
    Damaged(#[source] age::DecryptError),
    /// The vault's file is encrypted to somebody else.
    #[error("the vault's file is not the one that was written here: this identity does not open it")]
    NotForUs,
    /// The vault's file bears no good signature of ours.
    #[error("the vault's file was not made here: its signature is not this vault's")]
    Forged,
    /// The vault's file is another vault's.
    #[error("the vault's file belongs to another vault of this identity")]
    OtherVault,
    /// The vault's file is an older one.
    #[error("the vault's file is an old copy: version {found}, but version {known} was written")]
    RolledBack {
        /// The version in the file.
        found: u64,
        /// The version that is known.
        known: u64,
    },
    /// The vault's file has the right version but other bytes.
    #[error("the vault's file is not the version {version} that was written here")]
    Replaced {
        /// The version.
        version: u64,
    },
    /// The vault's file is newer than the record of it.
    #[error("the vault's file is version {found}, but only version {known} is on record")]
    Ahead {
        /// The version in the file.
        found: u64,
        /// The version on record.
        known: u64,
    },
    /// The vault decrypts and is ours, but its contents do not parse.
    #[error("the vault's contents were not written by this version of Keep")]
    Unreadable,
    /// There is a vault already.
    #[error("there is a vault already")]
    Exists,
    /// Nothing is wrong with the vault that would have to be accepted.
    #[error("the vault is as it was written, so there is nothing to accept")]
    NothingToAccept,
    /// Somebody else changed it while the question waited.
    #[error("the vault's file changed while this was asked, so nothing was done")]
    ChangedMeanwhile,
    /// No such secret.
    #[error("there is no secret {0}")]
    NoSuchSecret(Box<Key>),
    /// No such version of it.
    #[error("{key} has no version {version}; the last {kept} are kept")]
    NoSuchVersion {
        /// Which secret.
        key: Box<Key>,
        /// Which version.
        version: u32,
        /// How many are kept.
        kept: usize,
    },
    /// Its time is over.
    #[error("{key} expired at {at}")]
    Expired {
        /// Which secret.
        key: Box<Key>,
        /// When.
        at: Timestamp,
    },
    /// An empty value protects nothing.
    #[error("the value is empty")]
    EmptyValue,
    /// A value that cannot be recognised in output.
    #[error(
        "the value is shorter than {} bytes, so it could not be kept out of output and records",
        keep_redact::MIN_BYTES
    )]
    ShortValue,
    /// A limit.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A span of time that makes no sense here.
    #[error("{given} is out of bounds: {least} to {most}")]
    BadSpan {
        /// What was given.
        given: Duration,
        /// At least.
        least: Duration,
        /// At most.
        most: Duration,
    },
    /// A generated value of a length that makes no sense.
    #[error(
        "a generated value has {} to {} characters, not {given}",
        crate::generate::SHORTEST,
        crate::generate::LONGEST
    )]
    BadLength {
        /// What was asked for.
        given: usize,
    },
    /// A passphrase that is guessed at once.
    #[error("a passphrase has at least {} characters", crate::unlock::SHORTEST_PASSPHRASE)]
    ShortPassphrase,
    /// No public key.
    #[error("{given:?} is no age recipient ({why}); one looks like age1…")]
    BadRecipient {
        /// The start of what was given.
        given: String,
        /// What is wrong.
        why: String,
    },
    /// No such recipient.
    #[error("{0} is not among the recipients")]
    NoSuchRecipient(String),
    /// A file of assignments has one value a name.
    #[error("{0} has several values among these; name one profile and namespace")]
    NameTwice(crate::name::SecretName),
    /// No secret fits.
    #[error("no secret fits, so there is nothing to export")]
    NothingToExport,
    /// An export needs somebody to be for.
    #[error("an export needs at least one recipient")]
    NoRecipient,
    /// A `.env` file that does not parse.
    #[error(transparent)]
    Dotenv(#[from] DotenvError),
    /// Writing the encrypted bytes failed.
    #[error("sealing the vault")]
    Sealing(#[source] std::io::Error),
    /// Random bytes cannot be had.
    #[error("drawing random bytes from the system")]
    Random(#[source] getrandom::Error),
    /// The process that holds the key does not answer as it should.
    #[error("the process that holds the unlocked key: {0}")]
    Holder(String),
    /// Memory cannot be kept from being swapped out.
    #[error("the key's memory cannot be locked against being swapped out")]
    MemoryLock(#[source] std::io::Error),
    /// This process cannot be protected.
    #[error("this process cannot be protected against core dumps")]
    Protection(#[source] std::io::Error),
    /// A stored row does not parse.
    #[error("a stored row of {table} does not parse: {what}")]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A worker ended without an answer.
    #[error("a worker ended without an answer")]
    Worker,
}

impl VaultError {
    pub(crate) fn no_such(key: &Key) -> Self {
        Self::NoSuchSecret(Box::new(key.clone()))
    }

    pub(crate) fn file(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { doing, path: path.to_owned(), source }
    }

    /// What age says of a vault file, in the vault's words.
    pub(crate) fn of_age(error: age::DecryptError) -> Self {
        match error {
            age::DecryptError::NoMatchingKeys => Self::NotForUs,
            other => Self::Damaged(other),
        }
    }
}

impl Explain for VaultError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Gate(error) => error.kind(),
            Self::Db(error) => error.kind(),
            Self::Ledger(error) => error.kind(),
            Self::Dotenv(_) => ErrorKind::Usage,
            Self::File { .. } | Self::Sealing(_) | Self::Random(_) | Self::Holder(_) => {
                ErrorKind::Unavailable
            }
            Self::Locked | Self::MemoryLock(_) | Self::Protection(_) => ErrorKind::Unavailable,
            Self::WrongPassphrase | Self::TooManyTries(_) | Self::Expired { .. } => ErrorKind::Denied,
            Self::IdentityMissing(_) | Self::NoSuchSecret(_) | Self::NoSuchVersion { .. } => {
                ErrorKind::NotFound
            }
            Self::NoSuchRecipient(_) => ErrorKind::NotFound,
            Self::Missing { .. } | Self::Damaged(_) | Self::NotForUs | Self::Forged => ErrorKind::Tampered,
            Self::OtherVault | Self::RolledBack { .. } | Self::Replaced { .. } => ErrorKind::Tampered,
            Self::Ahead { .. } | Self::Unreadable | Self::BadIdentityFile(_) => ErrorKind::Tampered,
            Self::NoPassphrase | Self::Exists => ErrorKind::Conflict,
            Self::ChangedMeanwhile => ErrorKind::Conflict,
            Self::NothingToAccept => ErrorKind::Conflict,
            Self::NoIdentity | Self::EmptyValue | Self::ShortValue | Self::TooMany { .. } => ErrorKind::Usage,
            Self::BadSpan { .. } | Self::BadRecipient { .. } | Self::NoRecipient => ErrorKind::Usage,
            Self::BadLength { .. } | Self::ShortPassphrase | Self::NameTwice(_) => ErrorKind::Usage,
            Self::NothingToExport => ErrorKind::NotFound,
            Self::Sql(_) | Self::Corrupt { .. } | Self::Worker => ErrorKind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Gate(error) => return error.hint(),
            Self::Db(error) => return error.hint(),
            Self::Ledger(error) => return error.hint(),
            Self::Dotenv(error) => return error.hint(),
            Self::Locked => "`keep unlock` asks for its passphrase",
            Self::NoPassphrase => "`keep secret rekey --passphrase` gives it one",
            Self::IdentityMissing(_) => {
                "put the file back, or `keep secret rekey --recover-with FILE` with the identity of another recipient"
            }
            Self::Missing { .. } | Self::RolledBack { .. } | Self::Replaced { .. } | Self::Ahead { .. } => {
                "put the right vault.age back; if this is the one you want, `keep secret accept --reason …`"
            }
            Self::Damaged(_) | Self::NotForUs | Self::Forged | Self::OtherVault => {
                "put vault.age back from a copy of your own; then `keep secret accept --reason …` if it is older"
            }
            Self::NoSuchSecret(_) => "`keep secret list --all` shows the names, places and profiles",
            Self::Expired { .. } => {
                "`keep secret rotate` gives it a new value, `keep secret edit --expires never` another end"
            }
            Self::ShortValue => "use a longer value; --allow-short stores it all the same",
            Self::MemoryLock(_) => "raise the limit of locked memory (`ulimit -l`), then unlock again",
            Self::BadRecipient { .. } => "`age-keygen -y FILE` prints the recipient of an identity",
            Self::NoRecipient => "name one with --recipient age1…",
            _ => return None,
        };
        Some(hint.into())
    }
}
