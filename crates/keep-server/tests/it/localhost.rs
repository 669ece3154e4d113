//! What broke other programs that listen on this machine, tried here. Each test names whose it was.

use crate::place::{Place, Running};
use serde_json::json;

fn server() -> (Place, Running, String) {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    (place, server, token)
}

/// A page whose name is made to lead here: Ollama CVE-2024-28224, the MCP SDKs CVE-2025-66414,
/// CVE-2025-66416, CVE-2026-42559 and CVE-2026-63118, Playwright MCP CVE-2025-9611, Neo4j MCP
/// CVE-2025-10193, MCP Toolbox CVE-2026-11624, Ray CVE-2025-62593, Tailscale CVE-2022-41924.
#[test]
fn dns_rebinding_is_refused_even_with_a_good_token() {
    let (_place, server, token) = server();
    let port = server.address.port();
    let good = server.client(&token);
    assert_eq!(good.get("/api/v1/status").status, 200);
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("other.localhost:{port}"),
        format!("0.0.0.0:{port}"),
        format!("127.0.0.1:{}", port.wrapping_add(1)),
        "127.0.0.1".to_owned(),
        "localhost".to_owned(),
        String::new(),
    ] {
        for path in ["/api/v1/status", "/mcp", "/health", "/", "/openapi.json"] {
            let said = good.clone().instead("Host", Some(&host)).get(path);
            assert_eq!(said.status, 403, "{host} {path}: {said:?}");
        }
    }
}

/// Node's inspector, CVE-2018-7160 and then CVE-2021-22884: a name in the list that is not always local.
#[test]
fn localhost6_is_not_localhost() {
    let (_place, server, token) = server();
    for name in ["localhost6", "localhost.", "localhost.localdomain", "ip6-localhost"] {
        let host = format!("{name}:{}", server.address.port());
        assert_eq!(
            server.client(&token).instead("Host", Some(&host)).get("/api/v1/status").status,
            403,
            "{name}"
        );
    }
}

#[test]
fn a_missing_or_second_host_is_refused() {
    let (_place, server, token) = server();
    let good = server.client(&token);
    let twice = good.clone().with("Host", "evil.example").get("/api/v1/status");
    assert!(matches!(twice.status, 400 | 403), "{twice:?}");
    let none = good.clone().instead("Host", None).get("/api/v1/status");
    assert!(matches!(none.status, 400 | 403), "{none:?}");
    let absolute = good.get("http://evil.example/api/v1/status");
    assert_eq!(absolute.status, 403, "{absolute:?}");
}

/// A page of another site sends requests: Vite CVE-2025-24010, the IDE socket CVE-2025-52882, OpenYak
/// CVE-2026-46409; and an origin that only looks right: jupyter-server CVE-2026-40110.
#[test]
fn pages_of_other_sites_are_refused_even_with_a_good_host_and_token() {
    let (_place, server, token) = server();
    let port = server.address.port();
    let good = server.client(&token);
    for origin in [
        "http://evil.example".to_owned(),
        "null".to_owned(),
        format!("http://127.0.0.1:{port}.evil.example"),
        format!("http://localhost.evil.example:{port}"),
        format!("https://127.0.0.1:{port}"),
        "http://localhost:3000".to_owned(),
        "file://".to_owned(),
    ] {
        for path in ["/api/v1/status", "/mcp", "/sign-in", "/health"] {
            let said = good.clone().with("Origin", &origin).get(path);
            assert_eq!(said.status, 403, "{origin} {path}: {said:?}");
            assert_eq!(said.header("access-control-allow-origin"), None, "{origin} {path}");
        }
    }
    let own = good.clone().with("Origin", &format!("http://127.0.0.1:{port}"));
    assert_eq!(own.get("/api/v1/status").status, 200);
    let twice = own.with("Origin", "http://evil.example").get("/api/v1/status");
    assert_eq!(twice.status, 403, "{twice:?}");
}

#[test]
fn what_a_browser_calls_cross_site_is_refused() {
    let (_place, server, token) = server();
    for site in ["cross-site", "same-site", "else"] {
        let said = server.client(&token).with("Sec-Fetch-Site", site).get("/api/v1/status");
        assert_eq!(said.status, 403, "{site}");
    }
    for site in ["same-origin", "none"] {
        let said = server.client(&token).with("Sec-Fetch-Site", site).get("/api/v1/status");
        assert_eq!(said.status, 200, "{site}");
    }
}

/// A browser asks first whether another site's page may send such a request: OpenCode CVE-2026-22812
/// answered that any may.
#[test]
fn no_other_site_is_ever_told_that_it_may() {
    let (_place, server, _) = server();
    let asked = server
        .nobody()
        .with("Origin", "http://evil.example")
        .with("Access-Control-Request-Method", "POST")
        .with("Access-Control-Request-Headers", "authorization, content-type, keep-request");
    for path in ["/api/v1/memories", "/mcp", "/"] {
        let said = asked.send("OPTIONS", path, None);
        assert_eq!(said.status, 403, "{said:?}");
        assert!(said.headers.iter().all(|(name, _)| !name.starts_with("access-control")), "{said:?}");
    }
}

/// MCP Inspector CVE-2025-49596, OpenCode CVE-2026-22812, Docker Desktop CVE-2025-9074: whoever reached the
/// port was let in.
#[test]
fn reaching_the_port_is_not_enough() {
    let (_place, server, _) = server();
    let said = server.nobody().post("/api/v1/memories", &json!({ "text": "let me in" }));
    assert_eq!(said.status, 401, "{said:?}");
    assert_eq!(said.header("www-authenticate"), Some("Bearer"));
    let said = server.nobody().post("/mcp", &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }));
    assert_eq!(said.status, 401, "{said:?}");
}

/// What a form or an image of another page can send: never a change.
#[test]
fn a_change_needs_json_and_a_header_of_ours() {
    let (_place, server, token) = server();
    let good = server.client(&token);
    let body = || Some(json!({ "text": "planted" }).to_string());
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        let client = good.clone().with("Content-Type", kind).with("Keep-Request", "1");
        assert_eq!(client.send("POST", "/api/v1/memories", body()).status, 415, "{kind}");
    }
    let client = good.clone().with("Content-Type", "application/json");
    assert_eq!(client.send("POST", "/api/v1/memories", body()).status, 403);
    assert_eq!(good.get("/api/v1/memories").ok()["items"], json!([]), "something was remembered");
}

/// A token in an address ends in logs and histories: it does not count there.
#[test]
fn a_token_in_an_address_does_not_count() {
    let (_place, server, token) = server();
    for name in ["token", "access_token", "auth"] {
        assert_eq!(server.nobody().get(&format!("/api/v1/status?{name}={token}")).status, 401);
    }
}

/// MCP Python CVE-2026-52869: a session's id was taken for who one is. There are no sessions here.
#[test]
fn a_session_id_is_no_identity() {
    let (_place, server, _) = server();
    let client = server.nobody().with("Mcp-Session-Id", "0123456789abcdef");
    let said = client.post("/mcp", &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }));
    assert_eq!(said.status, 401, "{said:?}");
}

#[test]
fn a_revoked_token_is_no_good_at_once() {
    let (place, server, token) = server();
    assert_eq!(server.client(&token).get("/api/v1/status").status, 200);
    place.as_person(async |app, person| {
        let id = app.gate().tokens(person).await.unwrap()[0].id;
        app.gate().revoke_token(person, id).await.unwrap();
    });
    assert_eq!(server.client(&token).get("/api/v1/status").status, 401);
}

#[test]
fn no_error_tells_of_the_insides() {
    let (place, server, token) = server();
    let home = place.folder.path().display().to_string();
    for path in [
        "/api/v1/memories/mem_0000",
        "/api/v1/memories/%27%3B--",
        "/api/v1/memories?namespace=..%2f..",
        "/api/v1/artifacts/..%2f..%2fetc",
        "/api/v1/audit/records/999999/proof",
        "/api/v1/audit/records/x/proof",
        "/api/v1/approvals/apr_x",
        "/nothing/at/all",
    ] {
        let said = server.client(&token).get(path);
        assert!((400..500).contains(&said.status), "{path}: {said:?}");
        for inside in [&home, "rusqlite", "SELECT", "panicked", ".rs:", "keep.db"] {
            assert!(!said.body.contains(inside), "{path} tells of {inside}: {said:?}");
        }
    }
}
