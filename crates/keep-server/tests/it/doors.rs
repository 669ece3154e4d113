//! Every way in, whichever there are.

use crate::dashboard::signed_in;
use crate::place::Place;
use crate::seed;
use keep_gate::AuditFilter;
use keep_server::Access;
use serde_json::Value;

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
    assert!(added.iter().all(|action| action.ends_with(".read")), "{added:?}");
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
