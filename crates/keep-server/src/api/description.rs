//! `GET /openapi.json`: the interface as OpenAPI 3.1 describes it, made from the doors themselves.

use crate::door::{Access, Door};
use crate::operation::plain;
use axum::http::Method;
use axum::routing::get;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

/// The description of these doors.
pub(super) fn of(doors: &[Door], schemas: &mut SchemaGenerator) -> Value {
    let mut paths = Map::new();
    for door in doors {
        let Some(operation) = &door.described else { continue };
        let path = paths.entry(door.gateway.path).or_insert_with(|| json!({}));
        path[door.gateway.method.as_str().to_lowercase()] = operation.clone();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Keep",
            "version": "1",
            "summary": "One gate for what agents remember, run and store.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
        "security": [{ "token": [] }],
    })
}

pub(super) fn door(description: &Value) -> Door {
    let text = description.to_string();
    let answer = get(move || async move { plain("application/json", text.clone()) });
    Door::new(Method::GET, "/openapi.json", Access::Known, answer)
}
