//! `GET /health` and `GET /ready`: for whoever starts and watches the server. They tell nothing else.

use crate::door::{Access, Door};
use crate::house::House;
use crate::operation::plain;
use crate::watch::free_bytes;
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

/// Below this the database takes no change.
const LEAST_FREE_BYTES: u64 = 16 << 20;

/// What it works with can be had, too, there is room for changes, and it is not about to end.
async fn ready(State(house): State<House>) -> Response {
    let room = free_bytes(&house.app.at().data).is_none_or(|free| free >= LEAST_FREE_BYTES);
    let usable = room && !house.ending.is_cancelled() && house.app.gate().stopped().await.is_ok();
    if usable {
        return plain("text/plain", "ready\n".into());
    }
    (StatusCode::SERVICE_UNAVAILABLE, plain("text/plain", "not ready\n".into())).into_response()
}
