//! Resources and prompts.

use crate::place::{Place, block, person};
use crate::spoken::Spoken;
use keep_gate::AskNobody;
use keep_types::Caller;
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn what_is_kept_is_listed_and_read() {
    let place = Place::in_project();
    std::fs::write(place.cwd.join("model.bin"), [1; 100]).unwrap();
    let app = place.open(Arc::new(AskNobody));
    block(async {
        let caller = Caller { home: "project:demo".parse().unwrap(), ..person() };
        let (mut spoken, server) = Spoken::with(app, caller);
        let hello = spoken.hello(json!({})).await;
        for promised in ["resources", "prompts", "completions"] {
            assert!(hello["capabilities"].get(promised).is_some(), "{hello}");
        }
        assert!(!hello["capabilities"].to_string().contains("listChanged\":true"), "{hello}");
        let call = |name: &str, arguments: Value| json!({ "name": name, "arguments": arguments });
        for n in 0..51 {
            let text = format!("matter number {n}");
            let made = spoken.call(10 + n, "tools/call", call("remember", json!({ "text": text }))).await;
            assert_eq!(made["isError"], false, "{made}");
        }
        let put = call("artifact_put", json!({ "name": "model", "path": "model.bin" }));
        assert_eq!(spoken.call(2, "tools/call", put).await["isError"], false);
        let first = spoken.call(3, "resources/list", json!({})).await;
        assert_eq!(first["resources"].as_array().map(Vec::len), Some(50), "{first}");
        let last = spoken.call(4, "resources/list", json!({ "cursor": first["nextCursor"] })).await;
        let uris: Vec<_> =
            last["resources"].as_array().unwrap().iter().map(|one| one["uri"].as_str().unwrap()).collect();
        assert_eq!(
            (uris.len(), uris[1], last.get("nextCursor")),
            (2, "keep://artifacts/model", None),
            "{last}"
        );
        for (uri, holds) in [(uris[0], "matter number"), (uris[1], "\"version\":1")] {
            let read = spoken.call(5, "resources/read", json!({ "uri": uri })).await;
            assert!(read["contents"][0]["text"].as_str().unwrap().contains(holds), "{read}");
        }
        let templates = spoken.call(6, "resources/templates/list", json!({})).await;
        assert_eq!(templates["resourceTemplates"].as_array().map(Vec::len), Some(3));
        let reference = json!({ "type": "ref/resource", "uri": "keep://artifacts/{version}" });
        let wanted = json!({ "ref": reference, "argument": { "name": "version", "value": "mo" } });
        let completed = spoken.call(7, "completion/complete", wanted).await;
        assert_eq!(completed["completion"]["values"], json!(["model"]), "{completed}");
        for uri in ["keep://memories/none", "keep://artifacts/none", "keep://else/x", "file:///etc/passwd"] {
            spoken.ask(8, "resources/read", json!({ "uri": uri })).await;
            let refused = spoken.hear().await;
            assert!(refused["error"]["code"].is_number(), "{uri}: {refused}");
        }
        let begin = json!({ "name": "begin", "arguments": { "task": "look into matter number 7" } });
        let prompt = spoken.call(9, "prompts/get", begin).await;
        assert!(
            prompt["messages"][0]["content"]["text"].as_str().unwrap().contains("matter number 7"),
            "{prompt}"
        );
        let over = spoken.call(90, "prompts/get", json!({ "name": "hand_over" })).await;
        assert!(over["messages"][0]["content"]["text"].as_str().unwrap().contains("`remember`"), "{over}");
        drop(spoken);
        server.await.unwrap().expect("everything ended").close().unwrap();
    });
}

/// Letters that show nothing are written out in the list that a client shows.
#[test]
fn nothing_hides_in_the_names_of_a_list() {
    let place = Place::in_project();
    let app = place.open(Arc::new(AskNobody));
    block(async {
        let caller = Caller { home: "project:demo".parse().unwrap(), ..person() };
        let (mut spoken, server) = Spoken::with(app, caller);
        spoken.hello(json!({})).await;
        let call = |name: &str, arguments: Value| json!({ "name": name, "arguments": arguments });
        let remember = json!({ "text": "stays", "title": "quarter \u{3164} report\nof the year" });
        let made = spoken.call(1, "tools/call", call("remember", remember)).await;
        assert_eq!(made["isError"], false, "{made}");
        let listed = spoken.call(2, "resources/list", json!({})).await;
        let names: Vec<_> =
            listed["resources"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["quarter \\u{3164} report of the year"], "{listed}");
        drop(spoken);
        server.await.unwrap().expect("everything ended").close().unwrap();
    });
}
