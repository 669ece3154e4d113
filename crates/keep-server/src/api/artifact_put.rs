//! `POST /api/v1/artifacts`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::artifacts;
use crate::problem::Problem;
use crate::progress::Teller;
use crate::view::VersionView;
use axum::http::Method;

/// Stores a file or folder of the project as the next version of an artifact.
pub(super) struct ArtifactPut;

impl Operation for ArtifactPut {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/artifacts";
    const NAME: &'static str = "artifact_put";
    const SAYS: &'static str = "Stores a file or folder of the project as the next version of an artifact.";
    const LASTING: bool = true;
    type Path = Nothing;
    type Query = Nothing;
    type Body = artifacts::NewVersion;
    type Answer = VersionView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        artifacts::put(&ask.house, &ask.caller, ask.body, &Teller::nobody()).await
    }
}
