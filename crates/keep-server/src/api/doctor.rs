//! `GET /api/v1/doctor`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::care;
use crate::problem::Problem;
use crate::view::{CheckView, Page};
use axum::http::Method;

/// Looks at everything for what is wrong.
pub(super) struct Doctor;

impl Operation for Doctor {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/doctor";
    const NAME: &'static str = "doctor";
    const SAYS: &'static str = "Looks at everything for what is wrong.";
    type Path = Nothing;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = Page<CheckView>;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        care::doctor(&ask.house, &ask.caller).await
    }
}
