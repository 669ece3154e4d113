//! `GET /health` and `GET /ready`: for whoever starts and watches the server. They tell nothing else.

use crate::door::{Access, Door};
use crate::house::House;
use crate::operation::plain;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

pub(super) fn doors() -> [Door; 2] {
    [
        Door::new(Method::GET, "/health", Access::Public, get(health)),
        Door::new(Method::GET, "/ready", Access::Public, get(ready)),
    ]
}

/// The program runs and answers.
async fn health() -> Response {
    plain("text/plain", "ok\n".into())
}

/// What it works with can be had, too, and it is not about to end.
async fn ready(State(house): State<House>) -> Response {
    let usable = !house.ending.is_cancelled() && house.app.gate().stopped().await.is_ok();
    if usable {
        return plain("text/plain", "ready\n".into());
    }
    (StatusCode::SERVICE_UNAVAILABLE, plain("text/plain", "not ready\n".into())).into_response()
}
