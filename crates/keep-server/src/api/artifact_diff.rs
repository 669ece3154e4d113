//! `GET /api/v1/artifact-diff`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::artifacts;
use crate::problem::Problem;
use crate::view::{DifferenceView, Page};
use axum::http::Method;

/// Says what differs between two versions, tensor by tensor.
pub(super) struct ArtifactDiff;

impl Operation for ArtifactDiff {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/artifact-diff";
    const NAME: &'static str = "artifact_diff";
    const SAYS: &'static str = "Says what differs between two versions, tensor by tensor.";
    type Path = Nothing;
    type Query = artifacts::Two;
    type Body = Nothing;
    type Answer = Page<DifferenceView>;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        artifacts::diff(&ask.house, &ask.caller, ask.query).await
    }
}
