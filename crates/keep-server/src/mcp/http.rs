//! `POST /mcp`: the protocol over HTTP, without sessions. Each request says by its token who sends it, so
//! nothing that another client could take over is kept between two of them.

use super::protocol::{Protocol, Who};
use crate::door::{Access, Door};
use crate::house::House;
use axum::http::Method;
use axum::routing::post_service;
use rmcp::transport::StreamableHttpServerConfig;
use rmcp::transport::streamable_http_server::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use std::sync::Arc;

/// A memory or a command with room to spare.
const MOST_BODY_BYTES: usize = 1 << 20;

pub(crate) fn door(house: &House) -> Door {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_allowed_hosts(house.names.hosts())
        .with_allowed_origins(house.names.origins().iter().cloned())
        .enforce_origin_validation()
        .with_cancellation_token(house.ending.clone())
        .with_max_request_body_bytes(MOST_BODY_BYTES);
    let protocol = Protocol::new(house.clone(), Who::Each);
    let service = StreamableHttpService::new(
        move || Ok(protocol.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    Door::new(Method::POST, "/mcp", Access::Token, post_service(service))
}
