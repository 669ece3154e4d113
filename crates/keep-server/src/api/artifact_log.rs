//! `GET /api/v1/artifacts/{name}`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::artifacts;
use crate::problem::Problem;
use crate::view::{Page, VersionView};
use axum::http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which artifact.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Named {
    /// Its name.
    #[schemars(transform = crate::shape::version)]
    name: String,
}

/// Lists all versions of an artifact, the newest first.
pub(super) struct ArtifactLog;

impl Operation for ArtifactLog {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/artifacts/{name}";
    const NAME: &'static str = "artifact_log";
    const SAYS: &'static str = "Lists all versions of an artifact, the newest first.";
    type Path = Named;
    type Query = artifacts::Place;
    type Body = Nothing;
    type Answer = Page<VersionView>;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        artifacts::log(&ask.house, &ask.caller, &ask.path.name, ask.query).await
    }
}
