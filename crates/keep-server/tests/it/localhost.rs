//! What broke other programs that listen on this machine, tried here. Each test names whose it was.

use crate::dashboard::signed_in;
use crate::place::{Place, Running};
use keep_server::Log;
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, Mutex};

fn server() -> (Place, Running, String) {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    (place, server, token)
}

/// A page whose name is made to lead here: Ollama CVE-2024-28224, the MCP SDKs CVE-2025-66414,
/// CVE-2025-66416, CVE-2026-42559 and CVE-2026-63118, Playwright MCP CVE-2025-9611, Neo4j MCP
/// CVE-2025-10193, MCP Toolbox CVE-2026-11624, Ray CVE-2025-62593, Tailscale CVE-2022-41924 and CVE-2022-41925.
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

/// A socket that scripts of any page may open: the IDE's CVE-2025-52882, code-server GHSA-frjg-g767-7363. There
/// are none here, whoever asks.
#[test]
fn there_are_no_web_sockets() {
    let (_place, server, token) = server();
    for path in ["/", "/mcp", "/api/v1/events", "/api/v1/status"] {
        let client = server.client(&token).with("Connection", "Upgrade").with("Upgrade", "websocket");
        let client =
            client.with("Sec-WebSocket-Version", "13").with("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==");
        let stream = client.begin("GET", path, 0, "");
        let mut head = [0; 12];
        std::io::Read::read_exact(&mut &stream, &mut head).unwrap();
        assert_ne!(&head, b"HTTP/1.1 101", "{path}");
    }
}

/// What an agent wrote is shown to a person who may approve: OpenCode CVE-2026-22813, Jupyter CVE-2026-40171.
#[test]
fn what_agents_write_runs_in_no_page() {
    let (_place, server, token) = server();
    let (script, handler) = ("<script>alert(1)</script>", "\"><img src=x onerror=alert(2)>");
    let agent = server.client(&token);
    let text = format!("{script} the release is on Friday {handler}");
    let written = agent.post("/api/v1/memories", &json!({ "text": text, "title": text, "tags": [] })).ok();
    let waits = agent.post("/api/v1/runs", &json!({ "command": format!("rm -rf / '{script}{handler}'") }));
    assert_eq!(waits.status, 403, "{waits:?}");
    let person = signed_in(&server);
    let id = written["id"].as_str().unwrap();
    let approval = waits.value()["approval"].as_str().map(|id| format!("/approvals/{id}"));
    let mut shown = 0;
    for path in [
        "/",
        "/approvals",
        "/activity",
        "/memories",
        "/runs",
        "/memories?q=release+on+Friday",
        "/memories?q=%3Cscript%3Ealert(1)%3C/script%3E",
        &format!("/memories/{id}"),
    ]
    .into_iter()
    .chain(approval.as_deref())
    {
        let page = person.get(path);
        assert_eq!(page.status, 200, "{path}: {page:?}");
        assert!(
            !page.body.contains("<script>alert") && !page.body.contains("<img src=x"),
            "{path}: {}",
            page.body
        );
        shown += usize::from(page.body.contains("&lt;script&gt;alert"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
    assert!(shown >= 3, "the text is shown on {shown} pages, so little was tried");
}

/// A file that an interface hands out may be the one with the token in it: jupyter-server GHSA-q874-g24w-4q9g.
#[test]
fn the_house_hands_out_none_of_its_own_files() {
    let place = Place::in_project();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let home = place.folder.path().join("home");
    symlink(home.join("data/keep.db"), place.cwd.join("link")).unwrap();
    symlink(&home, place.cwd.join("folder")).unwrap();
    let client = server.client(&token);
    for path in [
        "../home/data/keep.db",
        "link",
        "folder/config",
        "folder",
        &home.join("data/keep.db").display().to_string(),
    ] {
        let said = client.post("/api/v1/artifacts", &json!({ "name": "taken", "path": path }));
        assert_eq!(said.status, 403, "{path}: {said:?}");
    }
    for path in ["/static/../home/data/keep.db", "/static/%2e%2e/home/config/config.toml", "/..%2fkeep.db"] {
        assert!(client.get(path).status >= 400, "{path}");
    }
}

/// Variables of a client that reach what a server starts: sccache CVE-2023-1521.
#[test]
fn a_client_sets_no_variables_of_what_is_started() {
    let (_place, server, token) = server();
    for name in ["environment", "env", "LD_PRELOAD"] {
        let said = server
            .client(&token)
            .post("/api/v1/runs", &json!({ "command": "env", name: { "LD_PRELOAD": "/x" } }));
        assert_eq!(said.status, 400, "{name}: {said:?}");
    }
}

/// Sessions that anybody can have without end: MCP Python CVE-2026-59951, rmcp CVE-2026-63128. Those of the
/// dashboard are sixteen.
#[test]
fn greeting_the_protocol_opens_no_session() {
    let (_place, server, token) = server();
    let begin = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "x", "version": "1" } } });
    for _ in 0..32 {
        let client = server.client(&token).with("Accept", "application/json, text/event-stream");
        let said = client.post("/mcp", &begin);
        assert_eq!((said.status, said.header("mcp-session-id")), (200, None), "{said:?}");
    }
}

/// What fails inside is written down for whoever runs the server, and what lets one in is not: PYSEC-2022-179.
#[test]
fn the_log_of_a_failure_holds_nothing_that_lets_one_in() {
    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);
    impl Log for Lines {
        fn line(&self, text: &str) {
            self.0.lock().unwrap().push(text.to_owned());
        }
    }
    let place = Place::in_project();
    let token = place.token("agent:a", "demo");
    let lines = Arc::new(Lines::default());
    let server = place.serve_logged(lines.clone());
    fs::write(place.cwd.join("model.bin"), [7; 9_000]).unwrap();
    let client = server.client(&token);
    client.post("/api/v1/artifacts", &json!({ "name": "model", "path": "model.bin" })).ok();
    damage(&place.folder.path().join("home/data/blobs"));
    let back = json!({ "version": "model@1", "to": "copy.bin" });
    let cookie = signed_in(&server).cookie().to_owned();
    let said =
        client.with("Cookie", &format!("keep_session={cookie}")).post("/api/v1/artifact-restore", &back);
    assert_eq!(said.status, 500, "{said:?}");
    assert!(!said.body.contains("blobs"), "{said:?}");
    let all = lines.0.lock().unwrap().join("\n");
    assert!(all.contains("artifact-restore"), "nothing was written down: {all}");
    let (_, secret) = token.rsplit_once('_').unwrap_or(("", &token));
    assert!(!all.contains(secret) && !all.contains(&cookie), "{all}");
}

/// Overwrites every file below.
fn damage(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damage(&path);
        } else {
            fs::write(&path, "not what it was").unwrap();
        }
    }
}
