//! `GET /api/v1/audit/records/{seq}/proof`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::audit;
use crate::problem::Problem;
use crate::view::ProofView;
use axum::http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which record.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Named {
    /// Its place.
    seq: u64,
}

/// Proves that a record is in the audit log.
pub(super) struct AuditProof;

impl Operation for AuditProof {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/audit/records/{seq}/proof";
    const NAME: &'static str = "audit_proof";
    const SAYS: &'static str = "Proves that a record is in the audit log.";
    type Path = Named;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = ProofView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        audit::prove(&ask.house, &ask.caller, ask.path.seq).await
    }
}
