//! Rules in TOML that turn a question (who, what, where, how risky, by which way) into allow, ask or
//! deny, with the reason and every rule that had a say.
//!
//! **Must not know:** how a decision is carried out, where the time or the caller comes from, and any
//! global state. Deciding is pure; only `folder` and the probes look at a disk, at the paths given.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

mod command;
mod document;
mod error;
mod example;
mod floor;
mod folder;
mod pattern;
mod policy;
mod probe;
mod rule;
mod source;

pub use command::{
    CommandQuestion, CommandRule, CommandRuling, HostPattern, PartRuling, PathPattern, Profile, Unsuitable,
    suggest,
};
pub use error::{Lines, Place, PolicyError};
pub use floor::is_house_act;
pub use folder::read_folder;
pub use pattern::{ActionPattern, NamespacePattern, PatternError, PrincipalPattern};
pub use policy::{Considered, Part, Policy, Ruling};
pub use probe::probes;
pub use rule::{Decision, Question, Rule, RuleRef};
pub use source::{Layer, MAX_SOURCE_BYTES, Source};
