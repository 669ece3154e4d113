//! The vocabulary of Keep: ids, namespaces, principals, acts, digests, errors.
//!
//! **Must not know:** I/O of any kind. This crate never opens a file, reads a clock, draws a random
//! byte or looks at the environment; whoever needs those hands their results in.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod act;
mod caller;
mod digest;
mod error;
mod id;
mod name;
mod namespace;
mod obeyed;
mod offer;
mod principal;
mod probe;
mod rank;
mod scope;
mod text;
mod time;

pub use act::{Act, ActFacts, Action, ActionError, SecretsIn, Touch};
pub use caller::{Audience, Caller, Channel, ProcessId, Reach};
pub use digest::{Digest, DigestError, FieldHasher};
pub use error::{ErrorKind, Explain, chain};
pub use id::{Approval, Id, IdError, IdKind, MemoryKind, PermitKind, ProjectKind, RunKind, TokenKind};
pub use name::{Name, NameError};
pub use namespace::{Namespace, NamespaceError};
pub use obeyed::{
    OBEYED_BELOW, OBEYED_BY_TOOLS, OBEYED_FILES, OBEYED_FOLDERS, OBEYED_WHERE_THERE, is_asked_about,
    is_obeyed,
};
pub use offer::{Asks, Offers, RuleOffer};
pub use principal::{Principal, PrincipalError, PrincipalKind};
pub use probe::{Adversary, Installation, Probe, Promise, Twin, Verdict};
pub use rank::{RankError, Risk, Trust};
pub use scope::{Scope, ScopeError, Scopes};
pub use text::{is_hidden, visible};
pub use time::{Clock, Duration, DurationError, Timestamp, TimestampError};
