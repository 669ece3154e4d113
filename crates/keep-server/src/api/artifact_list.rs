//! `GET /api/v1/artifacts`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::artifacts;
use crate::problem::Problem;
use crate::view::{Page, VersionView};
use axum::http::Method;

/// Lists the last version of each artifact.
pub(super) struct ArtifactList;

impl Operation for ArtifactList {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/artifacts";
    const NAME: &'static str = "artifact_list";
    const SAYS: &'static str = "Lists the last version of each artifact.";
    type Path = Nothing;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = Page<VersionView>;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        artifacts::list(&ask.house, &ask.caller).await
    }
}
