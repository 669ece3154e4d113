//! `GET /metrics`: what the server counts about itself, as Prometheus reads it.

use crate::door::{Access, Door};
use crate::house::House;
use crate::operation::plain;
use axum::extract::State;
use axum::http::Method;
use axum::routing::get;

pub(super) fn door() -> Door {
    let answer = get(|State(house): State<House>| async move {
        plain("text/plain; version=0.0.4", house.counts.text())
    });
    Door::new(Method::GET, "/metrics", Access::Known, answer)
}
