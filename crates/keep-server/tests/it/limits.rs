//! Too much, too slow, too many.

use crate::client::Said;
use crate::place::Place;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;

#[test]
fn an_oversized_body_is_refused_and_harms_nobody() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    for path in ["/api/v1/memories", "/mcp"] {
        let said = client
            .clone()
            .with("Accept", "application/json, text/event-stream")
            .post(path, &json!({ "text": "x".repeat(3 << 20) }));
        assert_eq!(said.status, 413, "{path}: {said:?}");
    }
    assert_eq!(client.get("/api/v1/memories").ok()["items"], json!([]));
}

#[test]
fn an_oversized_head_is_refused() {
    let place = Place::new();
    let server = place.serve();
    let said = server.nobody().with("X-Much", &"x".repeat(100 << 10)).get("/health");
    assert!(matches!(said.status, 0 | 400 | 431), "{said:?}");
    // What the connection still takes is refused with a reason.
    let said = server.nobody().with("X-Much", &"x".repeat(33 << 10)).get("/health");
    assert!(said.status == 431 && said.body.contains("\"request\""), "{said:?}");
    assert_eq!(server.nobody().with("X-Much", &"x".repeat(31 << 10)).get("/health").status, 200);
    assert_eq!(server.nobody().get("/health").status, 200);
}

/// Clients that say a little and then nothing hold their connections and nobody else's.
#[test]
fn slow_clients_keep_nobody_from_being_served() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let mut heads: Vec<_> = (0..64).map(|_| server.nobody().connect()).collect();
    for stream in &mut heads {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: ").unwrap();
    }
    let client = server.client(&token).with("Content-Type", "application/json").with("Keep-Request", "1");
    let bodies: Vec<_> = (0..64).map(|_| client.begin("POST", "/api/v1/memories", 100, "")).collect();
    let protocol = client.clone().with("Accept", "application/json, text/event-stream");
    let form = [("Host", server.dashboard_host()), ("Origin", format!("http://{}", server.dashboard_host()))];
    let form = form.into_iter().fold(server.nobody(), |form, (name, value)| form.instead(name, Some(&value)));
    let form = form.with("Content-Type", "application/x-www-form-urlencoded");
    let others = [protocol.begin("POST", "/mcp", 100, ""), form.begin("POST", "/sign-in", 100, "")];
    assert_eq!(server.client(&token).get("/api/v1/status").status, 200);
    // They are told in the end, or cut off; no test waits for all of them.
    for stream in bodies.into_iter().take(1).chain(others) {
        assert_eq!(head(stream).status, 408);
    }
    let large = format!("code={}", "x".repeat(64 << 10));
    assert_eq!(form.send("POST", "/sign-in", Some(large)).status, 413);
}

/// The head of an answer that may take its time.
fn head(mut stream: TcpStream) -> Said {
    let mut first = Vec::new();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    let mut piece = [0; 1024];
    while let Ok(size @ 1..) = stream.read(&mut piece) {
        first.extend_from_slice(&piece[..size]);
        if first.windows(4).any(|window| window == b"\r\n\r\n") {
            break;
        }
    }
    Said::parse(&first)
}

#[test]
fn a_connection_serves_many_requests_and_ends_with_the_server() {
    let place = Place::new();
    let server = place.serve();
    let mut stream = server.nobody().connect();
    let request = format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut piece = [0; 2048];
        while !String::from_utf8_lossy(&answer).ends_with("\r\n\r\nok\n") {
            let size = stream.read(&mut piece).unwrap();
            assert!(size > 0, "the connection ended early");
            answer.extend_from_slice(&piece[..size]);
        }
    }
    server.end();
    assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0, "the connection outlived the server");
}
