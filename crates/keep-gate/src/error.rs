use keep_types::{Action, Approval, ErrorKind, Explain, Id, Namespace, Principal, Timestamp};

/// Why the gate did not open, or what failed while it tried.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// Everything is stopped.
    #[error("everything is stopped since {since}, by {by}: {reason}")]
    Stopped {
        /// Since when.
        since: Timestamp,
        /// Who stopped it.
        by: Principal,
        /// What they said.
        reason: String,
    },
    /// A rule says no.
    #[error("{principal} may not {action}: {reason} (rule {rule})")]
    Denied {
        /// Who asked.
        principal: Principal,
        /// What for.
        action: Action,
        /// The rule's own reason.
        reason: String,
        /// Which rule decided.
        rule: String,
    },
    /// The token does not cover the action.
    #[error("{principal}'s token does not cover {action}")]
    Scope {
        /// Who asked.
        principal: Principal,
        /// What for.
        action: Action,
    },
    /// The namespace is out of the caller's reach.
    #[error("{namespace} is out of {principal}'s reach")]
    OutOfReach {
        /// Who asked.
        principal: Principal,
        /// Where.
        namespace: Namespace,
    },
    /// Too many acts in too short a time.
    #[error("{principal} acts more than {per_minute} times a minute")]
    RateLimited {
        /// Who asked.
        principal: Principal,
        /// The limit.
        per_minute: u32,
    },
    /// A person must answer first.
    #[error("{summary}: a person must approve this first ({id})")]
    NeedsApproval {
        /// The waiting request.
        id: Id<Approval>,
        /// The act in one line.
        summary: String,
        /// Until when the request waits.
        expires: Timestamp,
        /// Whether this very call made the request, so that a person is told once.
        made_now: bool,
    },
    /// Policy asks, and there is nobody to ask.
    #[error("{summary}: policy asks a person first, and there is nobody to ask here")]
    NobodyToAsk {
        /// The act in one line.
        summary: String,
    },
    /// The person at the terminal said no.
    #[error("{summary}: declined{}", note.as_ref().map(|n| format!(": {n}")).unwrap_or_default())]
    Declined {
        /// The act in one line.
        summary: String,
        /// What they added.
        note: Option<String>,
    },
    /// A person said no, and what they would say yes to instead.
    #[error("{summary}: declined; a person suggests instead: {text}")]
    Suggested {
        /// The act in one line.
        summary: String,
        /// The text that an act may be made of and asked about anew.
        text: String,
    },
    /// A text was suggested for an act that is made of none.
    #[error("request {0} has no text that another could be suggested for")]
    NothingToEdit(Id<Approval>),
    /// No rule can cover the act.
    #[error("no rule can be saved for this: {0}")]
    NoRule(String),
    /// The rule file was not written.
    #[error(
        "the rule was not saved: {why}{}",
        if *approved { "; the request is approved for once all the same" } else { "" }
    )]
    RuleNotSaved {
        /// What stood against it.
        why: String,
        /// Whether a request was approved with it.
        approved: bool,
    },
    /// What was given holds a secret's value, and the act would store it.
    #[error("what was given holds the value of {label}, so nothing was done with it")]
    HoldsSecret {
        /// Which secret.
        label: String,
    },
    /// A request would be stored, and cannot be looked through for secrets.
    #[error("the request cannot be checked for secrets before it is stored")]
    Unchecked(#[source] keep_redact::Withheld),
    /// Too many requests wait already.
    #[error("{0} requests of this principal wait already")]
    InboxFull(usize),
    /// Too many tokens exist already.
    #[error("there are {0} tokens already, which nobody can keep an eye on")]
    TooManyTokens(usize),
    /// No such request.
    #[error("there is no request {0}")]
    NoSuchApproval(Id<Approval>),
    /// The request was answered, used or has expired.
    #[error("request {id} is {state}")]
    ApprovalOver {
        /// Which.
        id: Id<Approval>,
        /// What became of it.
        state: String,
    },
    /// A yes for a whole conversation, to what takes one for a single act only.
    #[error("request {id} can be approved for once only: {why}")]
    OnceOnly {
        /// Which.
        id: Id<Approval>,
        /// What stands against it.
        why: &'static str,
    },
    /// Somebody tried to approve what they asked for themselves.
    #[error("request {0} was made by this principal; a requester never approves its own request")]
    SelfApproval(Id<Approval>),
    /// The approver descends from the requester.
    #[error("request {0} was made by a process above this one; its descendants cannot answer it")]
    DescendantApproval(Id<Approval>),
    /// Only a person may do this.
    #[error("only a person at a terminal of their own may {0}")]
    PersonOnly(Action),
    /// The policy changed between the request and its use.
    #[error("the policy changed since request {0} was made")]
    PolicyChanged(Id<Approval>),
    /// A one-time code is required and was not given.
    #[error("this needs a one-time code")]
    CodeNeeded,
    /// The one-time code is wrong or was used before.
    #[error("the one-time code is wrong or was used before")]
    CodeWrong,
    /// Too many wrong codes.
    #[error("too many wrong one-time codes; wait until {0}")]
    CodeLocked(Timestamp),
    /// The one-time code's secret cannot be read.
    #[error("reading the one-time code's secret")]
    CodeSecret(#[source] FileError),
    /// One-time codes are demanded but no secret was ever made.
    #[error("one-time codes are demanded, but none was set up")]
    CodeNotSetUp,
    /// The token is malformed, unknown, expired or revoked. One answer for all, so that guessing learns nothing.
    #[error("the token is not valid")]
    BadToken,
    /// No such token.
    #[error("there is no token {0}")]
    NoSuchToken(String),
    /// A token for a person would let a program act as that person.
    #[error("a token cannot name a user; use agent:<name> or service:<name>")]
    TokenForUser,
    /// A file of the gate's.
    #[error(transparent)]
    File(#[from] FileError),
    /// What the kernel says about processes cannot be read.
    #[error("reading who is calling from the process table")]
    Processes(#[source] FileError),
    /// Random bytes cannot be had.
    #[error("drawing random bytes from the system")]
    Random(#[source] getrandom::Error),
    /// A stored row does not parse.
    #[error("a stored row of {table} does not parse: {what}")]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// The ledger did not take the record, so the act does not happen.
    #[error("the ledger did not take the record, so nothing was done")]
    Ledger(#[source] keep_ledger::LedgerError),
    /// The database failed.
    #[error("the database failed, so nothing was done")]
    Db(#[source] keep_db::DbError),
    /// A statement failed.
    #[error("a statement on the gate's tables failed, so nothing was done")]
    Sql(#[source] rusqlite::Error),
}

/// An I/O error with its path.
#[derive(Debug, thiserror::Error)]
#[error("{doing} {path}")]
pub struct FileError {
    /// The verb: reading, writing.
    pub doing: &'static str,
    /// Which file.
    pub path: String,
    /// What the system said.
    #[source]
    pub source: std::io::Error,
}

impl FileError {
    pub(crate) fn new(doing: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        Self { doing, path: path.display().to_string(), source }
    }
}

impl From<keep_db::DbError> for GateError {
    fn from(error: keep_db::DbError) -> Self {
        Self::Db(error)
    }
}

impl From<rusqlite::Error> for GateError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<keep_ledger::LedgerError> for GateError {
    fn from(error: keep_ledger::LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl Explain for GateError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Stopped { .. }
            | Self::Denied { .. }
            | Self::Scope { .. }
            | Self::OutOfReach { .. }
            | Self::NobodyToAsk { .. }
            | Self::Declined { .. }
            | Self::Suggested { .. }
            | Self::NoRule(_)
            | Self::SelfApproval(_)
            | Self::DescendantApproval(_)
            | Self::PersonOnly(_)
            | Self::OnceOnly { .. }
            | Self::CodeNeeded
            | Self::CodeWrong
            | Self::CodeLocked(_)
            | Self::CodeNotSetUp
            | Self::HoldsSecret { .. }
            | Self::BadToken => ErrorKind::Denied,
            Self::RateLimited { .. } | Self::InboxFull(_) | Self::TooManyTokens(_) | Self::Unchecked(_) => {
                ErrorKind::Unavailable
            }
            Self::RuleNotSaved { .. } => ErrorKind::Unavailable,
            Self::NeedsApproval { .. } => ErrorKind::Pending,
            Self::NoSuchApproval(_) | Self::NoSuchToken(_) => ErrorKind::NotFound,
            Self::ApprovalOver { .. } | Self::PolicyChanged(_) => ErrorKind::Conflict,
            Self::TokenForUser | Self::NothingToEdit(_) => ErrorKind::Usage,
            Self::Ledger(error) => error.kind(),
            Self::Db(error) => error.kind(),
            Self::CodeSecret(_)
            | Self::File(_)
            | Self::Processes(_)
            | Self::Random(_)
            | Self::Corrupt { .. }
            | Self::Sql(_) => ErrorKind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Stopped { .. } => Some("a person ends this with `keep resume`".into()),
            Self::Denied { .. } => Some("`keep policy explain` shows which rules apply".into()),
            Self::Scope { .. } | Self::OutOfReach { .. } => {
                Some("a person can make a wider token with `keep token create`".into())
            }
            Self::NeedsApproval { id, .. } => Some(format!(
                "a person answers with `keep approve {id}` or `keep deny {id}`; then do the same again"
            )),
            Self::Suggested { .. } => {
                Some("ask for the suggested one instead; it is looked at like any other".into())
            }
            Self::NothingToEdit(id) => Some(format!("`keep deny {id} --note WHY` says why not")),
            Self::NoRule(_) => Some("say yes for once, or for the conversation".into()),
            Self::NobodyToAsk { .. } => Some("run it at a terminal of your own".into()),
            Self::HoldsSecret { .. } => Some("say it without the value; name the secret instead".into()),
            Self::Unchecked(_) => {
                Some("`keep unlock` opens the vault; `keep doctor` tells what is wrong with it".into())
            }
            Self::InboxFull(_) => Some("`keep inbox` shows them".into()),
            Self::TooManyTokens(_) => Some("`keep token unused` shows which can go".into()),
            Self::NoSuchApproval(_) => Some("`keep inbox` lists what waits".into()),
            Self::ApprovalOver { .. } | Self::PolicyChanged(_) => Some("make the request again".into()),
            Self::OnceOnly { id, .. } => Some(format!("`keep approve {id}` approves it for once")),
            Self::DescendantApproval(_) => Some("answer from another terminal".into()),
            Self::CodeNotSetUp => Some("`keep init --totp` sets one up".into()),
            Self::BadToken => Some(
                "a person makes another: `keep connect AGENT` in the project's folder, or `keep token create`".into(),
            ),
            Self::Ledger(error) => error.hint(),
            Self::Db(error) => error.hint(),
            _ => None,
        }
    }
}
