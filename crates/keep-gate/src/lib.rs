//! The one gate: who is asking, what policy says, who approved, and the permit that lets an act happen.
//!
//! Every act passes [`Gate::admit`], which answers with a [`Permit`] that owns the act. Only this crate
//! can make one, and whatever causes an effect takes one and reads its parameters from it:
//!
//! ```
//! fn effect<A: keep_types::Act>(permit: keep_gate::Permit<A>) -> String {
//!     permit.facts().summary.clone()
//! }
//! ```
//!
//! ```compile_fail
//! fn forge<A: keep_types::Act>(act: A, by: keep_gate::Permit<A>) -> keep_gate::Permit<A> {
//!     keep_gate::Permit { act, ..by }
//! }
//! ```
//!
//! A permit can be used, and cannot be used twice:
//!
//! ```
//! async fn once<A: keep_types::Act + Sync>(permit: keep_gate::Permit<A>) {
//!     let _ = permit.begin().await;
//! }
//! ```
//!
//! ```compile_fail
//! async fn twice<A: keep_types::Act + Sync>(permit: keep_gate::Permit<A>) {
//!     let _ = permit.begin().await;
//!     let _ = permit.begin().await;
//! }
//! ```
//!
//! **Must not know:** the engines and what their acts mean; surfaces; where configuration comes from.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod admit;
mod approval;
mod asker;
mod audit;
mod error;
mod identity;
mod in_force;
mod permit;
mod probes;
mod random;
mod rate;
mod rule_book;
mod schema;
mod scrub;
mod switch;
mod token;
mod totp;

pub use admit::{Gate, GateConfig};
pub use approval::{
    ApprovalState, ApprovalView, GoodFor, InboxFilter, Relayed, Resolution, Withdrawn, conversation,
    withdraw_texts,
};
pub use asker::{Answer, AskNobody, Asker, CodeWanted, Question};
pub use audit::{AcceptLedger, AuditFilter, EraseDetails, RotateKey};
pub use error::{FileError, GateError};
pub use identity::{Because, Identity, ProcessView, SPAWN_MARKER, Surroundings, identify};
pub use in_force::InForce;
pub use permit::{Outcome, Permit, Started};
pub use probes::probes;
pub use random::fresh_id;
pub use rule_book::{Covered, NoRuleBook, RuleBook, RuleDraft};
pub use schema::SCHEMA;
pub use switch::{StopView, Stopped};
pub use token::{NewToken, NewTokenSecret, TokenView};
pub use totp::TotpEnrolment;
