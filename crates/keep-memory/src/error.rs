use crate::index::IndexError;
use keep_db::DbError;
use keep_embed::EmbedError;
use keep_gate::GateError;
use keep_types::{ErrorKind, Explain, Id, MemoryKind, Namespace};

/// What failed with a memory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The gate stayed shut, or failed.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A statement failed.
    #[error("a statement on the memories' tables failed, so nothing was done")]
    Sql(#[from] rusqlite::Error),
    /// A text could not be made a vector.
    #[error("a text could not be made a vector")]
    Embed(#[from] EmbedError),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A stored row does not parse.
    #[error("a stored row of {table} does not parse: {what}")]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// What is wrong.
        what: String,
    },
    /// There is no such memory, or none that the caller sees.
    #[error("there is no memory {0} here")]
    NoSuchMemory(String),
    /// Several ids begin so.
    #[error("{count} memories begin with {handle}")]
    Ambiguous {
        /// What was given.
        handle: String,
        /// How many, as far as was counted.
        count: usize,
    },
    /// A memory without text.
    #[error("the text is empty")]
    Empty,
    /// A question, or a task, without words.
    #[error("the question is empty, so there is nothing to look for")]
    NothingAsked,
    /// Something is longer than is allowed.
    #[error("the {what} is of {size} bytes; the most is {limit}")]
    TooLong {
        /// What.
        what: &'static str,
        /// How long it is.
        size: usize,
        /// The most.
        limit: usize,
    },
    /// There are more of something than is allowed.
    #[error("{count} {what} are more than {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: u64,
        /// The most.
        limit: u64,
    },
    /// One of several drafts cannot be taken.
    #[error("memory {number} of those given cannot be taken")]
    At {
        /// Which, counted from one.
        number: usize,
        /// Why.
        #[source]
        source: Box<MemoryError>,
    },
    /// The end is before the beginning, or already past.
    #[error("{0}")]
    Times(&'static str),
    /// A tag that is none.
    #[error("{0:?} is no tag")]
    BadTag(String),
    /// The id is taken in this namespace.
    #[error("{id} is in {namespace} already")]
    Exists {
        /// The id.
        id: Id<MemoryKind>,
        /// Where.
        namespace: Namespace,
    },
    /// It has changed since it was looked at.
    #[error("{0} was changed by somebody else meanwhile")]
    Moved(Id<MemoryKind>),
    /// Nothing of it would change.
    #[error("nothing of {0} would change")]
    NothingToChange(Id<MemoryKind>),
    /// A link from a memory to itself.
    #[error("{0} cannot be linked to itself")]
    Itself(Id<MemoryKind>),
    /// A link to where its beginning does not see.
    #[error("a memory in {from} does not see one in {to}, so it cannot lead there")]
    OutOfSight {
        /// Where it would begin.
        from: Namespace,
        /// Where it would lead.
        to: Namespace,
    },
    /// There is no such link.
    #[error("there is no link {from} {kind} {to}")]
    NoSuchLink {
        /// What it would go out from.
        from: Id<MemoryKind>,
        /// Of which kind.
        kind: crate::model::LinkKind,
        /// What it would lead to.
        to: Id<MemoryKind>,
    },
    /// A memory would hold a secret.
    #[error("it holds a secret ({0}), so it was not remembered")]
    HoldsSecret(String),
    /// Whether a memory would hold a secret cannot be told.
    #[error("whether it holds a secret cannot be told, so it was not remembered: {0}")]
    SecretsUnknown(String),
    /// What is written out could not be.
    #[error("writing memories out")]
    Write(#[source] std::io::Error),
    /// The kernel gave no random bytes.
    #[error("reading random bytes")]
    Random,
    /// A worker thread ended without an answer.
    #[error("a worker ended without an answer")]
    Worker,
}

impl MemoryError {
    pub(crate) fn corrupt(table: &'static str, what: impl std::fmt::Display) -> Self {
        Self::Corrupt { table, what: what.to_string() }
    }
}

impl Explain for MemoryError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Gate(error) => error.kind(),
            Self::Db(error) => error.kind(),
            Self::At { source, .. } => source.kind(),
            Self::Index(IndexError::Damaged { .. }) => ErrorKind::Tampered,
            Self::Index(_) | Self::Sql(_) | Self::Embed(_) | Self::Corrupt { .. } | Self::Worker => {
                ErrorKind::Internal
            }
            Self::HoldsSecret(_) => ErrorKind::Denied,
            Self::SecretsUnknown(_) => ErrorKind::Unavailable,
            Self::NoSuchMemory(_) | Self::NoSuchLink { .. } => ErrorKind::NotFound,
            Self::Ambiguous { .. }
            | Self::Empty
            | Self::NothingAsked
            | Self::TooLong { .. }
            | Self::TooMany { .. }
            | Self::Times(_)
            | Self::BadTag(_)
            | Self::Itself(_)
            | Self::OutOfSight { .. }
            | Self::NothingToChange(_) => ErrorKind::Usage,
            Self::Exists { .. } | Self::Moved(_) => ErrorKind::Conflict,
            Self::Write(_) | Self::Random => ErrorKind::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Gate(error) => error.hint(),
            Self::Db(error) => error.hint(),
            Self::At { source, .. } => source.hint(),
            Self::Index(IndexError::Damaged { .. }) => Some("`keep memory check --repair` makes it again".into()),
            Self::HoldsSecret(_) => Some(
                "leave it out, or keep it with `keep secret set` and remember its name; memory.secrets = \"redact\" remembers the rest"
                    .into(),
            ),
            Self::SecretsUnknown(_) => Some("`keep unlock` opens the vault".into()),
            Self::NoSuchMemory(_) => Some("`keep memory ls` shows those that are seen from here".into()),
            Self::Ambiguous { .. } => Some("give more of its characters".into()),
            Self::Empty => Some("say what to remember: `keep remember \"we chose Postgres\"`".into()),
            Self::NothingAsked => {
                Some("ask in any words: `keep recall what db did we choose`; `keep memory ls` lists without a question".into())
            }
            Self::TooLong { what: "text", .. } => Some(
                "make several memories of it, store it with `keep artifact put`, or raise memory.text_bytes"
                    .into(),
            ),
            Self::TooMany { what: "memories at once", .. } => {
                Some("give fewer at a time, or raise memory.batch".into())
            }
            Self::TooMany { what: "memories in this namespace", .. } => Some(
                "`keep memory dupes` and `keep memory decay` name what may go; memory.per_namespace is the limit"
                    .into(),
            ),
            Self::Exists { .. } => Some("it is there already; `keep memory edit` changes it".into()),
            Self::Moved(_) => Some("look at it again and repeat the change".into()),
            Self::OutOfSight { .. } => Some("make the link from the nearer one to the wider one".into()),
            Self::NoSuchLink { .. } => Some("`keep memory graph` shows which there are".into()),
            Self::BadTag(_) => Some("a tag is a word without spaces or commas".into()),
            _ => None,
        }
    }
}
