//! `POST /api/v1/artifact-restore`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::artifacts;
use crate::problem::Problem;
use crate::progress::Teller;
use crate::view::GotView;
use axum::http::Method;

/// Restores a stored version into the project.
pub(super) struct ArtifactGet;

impl Operation for ArtifactGet {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/artifact-restore";
    const NAME: &'static str = "artifact_get";
    const SAYS: &'static str = "Restores a stored version into the project.";
    const LASTING: bool = true;
    type Path = Nothing;
    type Query = Nothing;
    type Body = artifacts::Restore;
    type Answer = GotView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        artifacts::get(&ask.house, &ask.caller, ask.body, &Teller::nobody()).await
    }
}
