//! `POST /mcp`: the protocol over HTTP, without sessions. Each request says by its token who sends it, so
//! nothing that another client could take over is kept between two of them.

use super::protocol::{Protocol, Who};
use crate::door::{Access, Door};
use crate::house::House;
use axum::http::Method;
use axum::routing::{any_service, post_service};
use rmcp::ServerHandler;
use rmcp::transport::StreamableHttpServerConfig;
use rmcp::transport::streamable_http_server::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use std::sync::Arc;

/// Where it is spoken.
pub(crate) const PATH: &str = "/mcp";
/// A memory or a command with room to spare.
const MOST_BODY_BYTES: usize = 1 << 20;

/// The protocol as Keep speaks it.
pub(crate) fn door(house: &House) -> Door {
    let protocol = Protocol::new(house.clone(), Who::Each);
    let config = config(house).with_legacy_session_mode(false);
    let sessions = Arc::new(NeverSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(protocol.clone()), sessions, config);
    Door::new(Method::POST, PATH, Access::Token, post_service(service))
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
