//! `POST /mcp`: the protocol over HTTP, without sessions. Each request says by its token who sends it, so
//! nothing that another client could take over is kept between two of them.

use super::protocol::{Protocol, Who};
use crate::door::{Access, Door};
use crate::guard::MOST_BODY_BYTES;
use crate::house::House;
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{any_service, post_service};
use http_body_util::BodyExt;
use rmcp::ServerHandler;
use rmcp::transport::StreamableHttpServerConfig;
use rmcp::transport::streamable_http_server::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use std::sync::Arc;

/// Where it is spoken.
pub(crate) const PATH: &str = "/mcp";

/// The protocol as Keep speaks it.
pub(crate) fn door(house: &House) -> Door {
    let protocol = Protocol::new(house.clone(), Who::Each);
    let config = config(house).with_legacy_session_mode(false);
    let sessions = Arc::new(NeverSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(protocol.clone()), sessions, config);
    let checked = post_service(service).route_layer(from_fn(is_message));
    Door::new(Method::POST, PATH, Access::Token, checked)
}

/// Lets on what is one message, whatever it says; of anything else the protocol's library makes text of its own.
async fn is_message(request: Request, next: Next) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let whole = body.collect().await.map_err(|_| Problem::usage("the body broke off"))?.to_bytes();
    match serde_json::from_slice::<serde_json::Value>(&whole) {
        Ok(serde_json::Value::Object(_)) => {}
        Ok(_) => return Err(Problem::usage("the body is one message of the protocol, and no batch")),
        Err(error) => return Err(Problem::usage(format!("the body is no JSON: {error}"))),
    }
    Ok(next.run(Request::from_parts(parts, Body::from(whole))).await)
}

/// The protocol as somebody else speaks it, with the sessions of its older revisions.
pub(crate) fn another<S: ServerHandler + Clone>(house: &House, another: S) -> Door {
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(another.clone()), sessions, config(house));
    Door::new(Method::POST, PATH, Access::Token, any_service(service))
}

fn config(house: &House) -> StreamableHttpServerConfig {
    StreamableHttpServerConfig::default()
        .with_json_response(true)
        .with_allowed_hosts(house.names.hosts())
        .with_allowed_origins(house.names.origins().cloned())
        .enforce_origin_validation()
        .with_cancellation_token(house.ending.clone())
        .with_max_request_body_bytes(MOST_BODY_BYTES)
}
