//! Every way in, whichever there are.

use crate::dashboard::signed_in;
use crate::place::Place;
use crate::seed;
use keep_gate::AuditFilter;
use keep_server::Access;
use serde_json::{Value, json};

/// What anybody may have. A route is added here on purpose or not at all.
const PUBLIC: [&str; 8] = [
    "GET /health",
    "GET /ready",
    "GET /sign-in",
    "POST /sign-in",
    "GET /assets/keep.css",
    "GET /assets/keep.svg",
    "GET /assets/live.js",
    "GET /assets/htmx.min.js",
];

#[test]
fn every_route_that_is_not_public_answers_401_without_a_token() {
    let place = Place::new();
    let server = place.serve();
    let mut public = Vec::new();
    assert!(server.gateways.len() > 30, "the list of ways in is not whole");
    for gateway in &server.gateways {
        let (method, path) = (gateway.method.as_str(), gateway.path);
        let named = path.replace("{id}", "mem_0000").replace("{seq}", "0").replace("{name}", "x");
        if gateway.access == Access::Public {
            public.push(format!("{method} {path}"));
            continue;
        }
        let body = (method != "GET").then(|| "{}".to_owned());
        for client in [
            server.nobody(),
            server
                .nobody()
                .with("Host", &server.dashboard_host())
                .instead("Host", Some(&server.dashboard_host())),
            server.nobody().bearer("keep_0_0"),
            server.nobody().with("Authorization", "Basic YTpi"),
            server.nobody().with("Cookie", "keep_session=x"),
        ] {
            let client = client.with("Content-Type", "application/json").with("Keep-Request", "1");
            let said = client.send(method, &named, body.clone());
            assert_eq!(said.status, 401, "{method} {path}: {said:?}");
        }
    }
    public.sort();
    let mut wanted: Vec<String> = PUBLIC.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!(public, wanted);
}

/// A page, an image or a link of another site can make a browser look anywhere.
#[test]
fn looking_changes_nothing() {
    let place = Place::new();
    let seeded = seed::fill(&place);
    let token = place.token("agent:a", "demo");
    let server = place.serve_in(&seeded.project);
    let (person, program) = (signed_in(&server), server.client(&token));
    let actions = || {
        let all = AuditFilter::default();
        let records = place.as_person(async |app, person| app.gate().audit_log(person, all).await.unwrap());
        records.into_iter().map(|one| one.action.as_str().to_owned()).collect::<Vec<_>>()
    };
    let before = actions();
    for gateway in server.gateways.iter().filter(|gateway| gateway.method.as_str() == "GET") {
        if gateway.path.ends_with("/events") || gateway.path.ends_with("/output") {
            continue;
        }
        for client in [&person, &program] {
            client.get(
                &gateway.path.replace("{id}", "mem_0000").replace("{seq}", "1").replace("{name}", "encoder"),
            );
        }
    }
    for path in [
        &seeded.memory,
        &seeded.run,
        &seeded.approval,
        "/memories?q=database",
        "/artifacts/encoder?namespace=project:demo",
    ] {
        assert_eq!(person.get(path).status, 200, "{path}");
    }
    let after = actions();
    let added = &after[before.len()..];
    // A program that may not look unasked has a person asked.
    let only_looked = |action: &String| action.ends_with(".read") || action == "approval.request";
    assert!(added.iter().all(only_looked), "{added:?}");
}

/// What a token of any scope may have: how the house is, and what the interface is.
const NO_SCOPE: [&str; 4] = ["GET /api/v1/doctor", "GET /api/v1/status", "GET /metrics", "GET /openapi.json"];

/// Each operation with something that is there, asked for by a token that covers nothing but names of secrets.
#[test]
fn every_operation_needs_its_scope() {
    let place = Place::in_project();
    let (all, narrow) = (place.token("agent:a", "demo"), place.token_for("agent:a", "demo", "secret.list"));
    let server = place.serve();
    let client = server.client(&all);
    std::fs::write(place.cwd.join("file"), "x").unwrap();
    let memory = client.post("/api/v1/memories", &json!({ "text": "zebras" })).ok()["id"].clone();
    let other = client.post("/api/v1/memories", &json!({ "text": "giraffes" })).ok()["id"].clone();
    let run = client.post("/api/v1/runs", &json!({ "command": "true" })).ok()["id"].clone();
    client.post("/api/v1/artifacts", &json!({ "name": "x", "path": "file" })).ok();
    let waits = client.post("/api/v1/runs", &json!({ "command": "git push origin main" })).value();
    let approval = waits["approval"].as_str().unwrap_or_else(|| panic!("{waits}")).to_owned();
    let (memory, run) = (memory.as_str().unwrap(), run.as_str().unwrap());
    let mut open = Vec::new();
    for gateway in &server.gateways {
        let (method, path) = (gateway.method.as_str(), gateway.path);
        if !matches!(gateway.access, Access::Known | Access::Token) || path == "/mcp" {
            continue;
        }
        let id = match path {
            _ if path.contains("/memories/") => memory,
            _ if path.contains("/approvals/") => &approval,
            _ => run,
        };
        let named = path.replace("{id}", id).replace("{seq}", "1").replace("{name}", "x");
        let named = if path.ends_with("-diff") { format!("{named}?first=x&second=x") } else { named };
        let said = match wanted(path, memory, other.as_str().unwrap()) {
            Some(body) if method != "GET" => server.client(&narrow).json(method, &named, &body),
            _ => server.client(&narrow).get(&named),
        };
        match said.status {
            403 => {}
            200 => open.push(format!("{method} {path}")),
            status => open.push(format!("{method} {path} ({status}: {})", said.body)),
        }
    }
    open.retain(|open| open != "GET /api/v1/secrets");
    open.sort();
    assert_eq!(open, NO_SCOPE);
    // Whoever may run sees what became of what it asked for, and nothing else of the inbox.
    let runs = server.client(&place.token_for("agent:a", "demo", "exec.*"));
    assert_eq!(runs.get(&format!("/api/v1/approvals/{approval}")).ok()["id"], approval.as_str());
    assert_eq!(runs.get("/api/v1/approvals").status, 403);
    // Another project's token of the same name sees neither.
    let other = server.client(&place.token("agent:a", "other"));
    assert_eq!(other.get(&format!("/api/v1/approvals/{approval}")).status, 404);
    assert_eq!(other.get("/api/v1/approvals").ok()["items"], json!([]));
    assert_eq!(client.get("/api/v1/approvals").ok()["items"].as_array().unwrap().len(), 1);
}

/// What an operation is asked for with.
fn wanted(path: &str, memory: &str, other: &str) -> Option<Value> {
    let link = json!({ "kind": "extends", "to": other });
    let all = [
        ("/api/v1/memories", json!({ "text": "x" })),
        ("/api/v1/memories/{id}", json!({ "text": "x" })),
        ("/api/v1/memories/{id}/links", link.clone()),
        ("/api/v1/memories/{id}/unlink", link),
        ("/api/v1/memories/forget", json!({ "ids": [memory] })),
        ("/api/v1/recall", json!({ "question": "zebras" })),
        ("/api/v1/context", json!({ "task": "zebras" })),
        ("/api/v1/shell-check", json!({ "command": "ls" })),
        ("/api/v1/runs", json!({ "command": "true" })),
        ("/api/v1/runs/{id}/stop", json!({})),
        ("/api/v1/tries", json!({ "command": "true" })),
        ("/api/v1/tries/{id}/commit", json!({})),
        ("/api/v1/tries/{id}/discard", json!({})),
        ("/api/v1/artifacts", json!({ "name": "y", "path": "file" })),
        ("/api/v1/artifact-restore", json!({ "version": "x", "to": "y" })),
        ("/api/v1/approvals/{id}/answer", json!({ "answer": "no" })),
    ];
    all.into_iter().find(|(known, _)| *known == path).map(|(_, body)| body)
}

/// What another project's token did takes nobody's place on a page.
#[test]
fn a_page_of_records_is_full() {
    let place = Place::in_project();
    let (first, second) = (place.token("agent:a", "demo"), place.token("agent:a", "other"));
    let server = place.serve();
    let remember = |token: &str, count: usize| {
        for number in 0..count {
            let text = format!("number {number} of its kind");
            server.client(token).post("/api/v1/memories", &json!({ "text": text })).ok();
        }
    };
    remember(&first, 5);
    remember(&second, 8);
    let page = server.client(&first).get("/api/v1/audit/records?limit=3").ok();
    assert_eq!(page["items"].as_array().unwrap().len(), 3, "{page}");
    let next = page["next"].as_u64().unwrap();
    let more = server.client(&first).get(&format!("/api/v1/audit/records?limit=100&after={next}")).ok();
    let seen = page["items"].as_array().unwrap().iter().chain(more["items"].as_array().unwrap());
    let writes = seen.filter(|record| record["action"] == "memory.write").count();
    assert_eq!(writes, 5, "{page} {more}");
    assert!(more["next"].is_null(), "{more}");
}

#[test]
fn every_answer_carries_the_headers_that_guard_a_browser() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    for said in [
        client.get("/api/v1/status"),
        client.get("/api/v1/memories?limit=x"),
        client.get("/nothing"),
        client.send("DELETE", "/api/v1/status", None),
        server.nobody().get("/health"),
        server.nobody().get("/assets/keep.css"),
        server.nobody().get("/sign-in"),
        server.nobody().get("/api/v1/status"),
        server.nobody().instead("Host", Some("evil.example")).get("/"),
    ] {
        let policy = said.header("content-security-policy").unwrap_or_default();
        for part in ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{part}: {said:?}");
        }
        assert!(!policy.contains("unsafe"), "{said:?}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(said.header(name), Some(value), "{said:?}");
        }
        assert!(
            said.header("cache-control").is_some() && said.header("keep-request-id").is_some(),
            "{said:?}"
        );
        assert_eq!(said.header("access-control-allow-origin"), None, "{said:?}");
        if said.status >= 400 {
            assert_eq!(said.header("content-type"), Some("application/problem+json"), "{said:?}");
        }
    }
}

#[test]
fn the_description_names_every_operation_and_nothing_else() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let described = server.client(&token).get("/openapi.json").ok();
    assert_eq!(described["openapi"], "3.1.0");
    let mut listed = Vec::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            listed.push(format!("{} {path}", method.to_uppercase()));
            assert!(operation["operationId"].is_string() && operation["summary"].is_string(), "{path}");
        }
    }
    let mut wanted: Vec<_> = server
        .gateways
        .iter()
        .filter(|gateway| gateway.path.starts_with("/api/"))
        .map(|gateway| format!("{} {}", gateway.method, gateway.path))
        .collect();
    listed.sort();
    wanted.sort();
    assert_eq!(listed, wanted);
    no_loose_ends(&described, &described);
}

/// Every reference leads somewhere within the description.
fn no_loose_ends(value: &Value, whole: &Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                let pointer =
                    reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads outside"));
                assert!(whole.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            map.values().for_each(|inner| no_loose_ends(inner, whole));
        }
        Value::Array(items) => items.iter().for_each(|inner| no_loose_ends(inner, whole)),
        _ => {}
    }
}
