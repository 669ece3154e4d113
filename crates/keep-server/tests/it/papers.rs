//! What is written about the server names everything that there is.

use crate::place::{Place, block, person};
use crate::spoken::Spoken;
use keep_gate::AskNobody;
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn every_operation_and_tool_is_named() {
    let paper =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/server.md")).unwrap();
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let described = server.client(&token).get("/openapi.json").ok();
    let operations =
        described["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let mut names: Vec<String> =
        operations.map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect();
    server.end();
    let app = place.open(Arc::new(AskNobody));
    block(async {
        let (mut spoken, server) = Spoken::with(app, person());
        spoken.hello(json!({})).await;
        for (id, what) in [(1, "tools"), (2, "prompts")] {
            let listed = spoken.call(id, &format!("{what}/list"), json!({})).await;
            let all = listed[what].as_array().unwrap().iter();
            names.extend(all.map(|one: &Value| one["name"].as_str().unwrap().to_owned()));
        }
        drop(spoken);
        server.await.unwrap().expect("everything ended").close().unwrap();
    });
    assert!(names.len() > 40, "{names:?}");
    let missing: Vec<_> = names.iter().filter(|name| !paper.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/server.md does not name {missing:?}");
}
