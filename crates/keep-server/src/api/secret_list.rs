//! `GET /api/v1/secrets`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::secrets;
use crate::problem::Problem;
use crate::view::{Page, SecretView};
use axum::http::Method;

/// Lists the names of secrets; values are never shown.
pub(super) struct SecretList;

impl Operation for SecretList {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/secrets";
    const NAME: &'static str = "secret_list";
    const SAYS: &'static str = "Lists the names of secrets; values are never shown.";
    type Path = Nothing;
    type Query = secrets::Which;
    type Body = Nothing;
    type Answer = Page<SecretView>;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        secrets::list(&ask.house, &ask.caller, ask.query).await
    }
}
