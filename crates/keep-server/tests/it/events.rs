//! The stream of events.

use crate::dashboard::{form_key, signed_in};
use crate::place::Place;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::time::Duration;

struct Stream(BufReader<TcpStream>);

/// One event as it came.
#[derive(Debug)]
struct Event {
    id: Option<u64>,
    name: String,
    data: String,
}

impl Stream {
    /// A stream whose head has come: what happens from now on is in it.
    fn open(stream: TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.contains(" 200 "), "{line}");
        while !line.trim().is_empty() {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        Self(reader)
    }

    /// The next event, or none when the stream has ended.
    fn next(&mut self) -> Option<Event> {
        let mut event = Event { id: None, name: String::new(), data: String::new() };
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("id", id)) => event.id = id.parse().ok(),
                Some(("event", name)) => event.name = name.into(),
                Some(("data", data)) => event.data = data.into(),
                _ if line.trim().is_empty() && !event.name.is_empty() => return Some(event),
                _ => {}
            }
        }
    }

    /// The next record of this action.
    fn record(&mut self, action: &str) -> (u64, Value) {
        loop {
            let event = self.next().expect("the stream ended");
            let data: Value = serde_json::from_str(&event.data).unwrap();
            if data["action"] == action {
                return (event.id.unwrap(), data);
            }
        }
    }
}

#[test]
fn records_come_as_they_are_made_and_again_after_the_last_id() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    let open = |more: &str, path: &str| Stream::open(client.begin("GET", path, 0, more));
    let remember =
        |n: u32| client.post("/api/v1/memories", &json!({ "text": format!("event number {n}") })).ok();
    remember(0);
    let mut stream = open("", "/api/v1/events");
    let (first, _) = stream.record("memory.write");
    remember(1);
    let (second, data) = stream.record("memory.write");
    assert!(second > first);
    assert_eq!((data["seq"].as_u64(), data["principal"].as_str()), (Some(second), Some("agent:a")));
    drop(stream);
    remember(2);
    remember(3);
    let mut again = open(&format!("Last-Event-ID: {second}\r\n"), "/api/v1/events");
    let (third, _) = again.record("memory.write");
    let (fourth, _) = again.record("memory.write");
    assert!(second < third && third < fourth);
    let mut late = open("", "/api/v1/events?from=now");
    // What came before now does not come; what comes next does.
    remember(4);
    let (from_now, _) = late.record("memory.write");
    assert!(from_now > fourth);
    assert_eq!(client.clone().with("Last-Event-ID", "x").get("/api/v1/events").status, 400);
}

#[test]
fn a_program_gets_events_of_its_own_and_the_server_ends_streams() {
    let place = Place::new();
    let (one, two) = (place.token("agent:one", "first"), place.token("agent:two", "second"));
    let server = place.serve();
    let mut stream = Stream::open(server.client(&one).begin("GET", "/api/v1/events", 0, ""));
    server.client(&two).post("/api/v1/memories", &json!({ "text": "not for one" })).ok();
    server.client(&one).post("/api/v1/memories", &json!({ "text": "for one" })).ok();
    let (_, data) = stream.record("memory.write");
    assert_eq!(data["principal"], "agent:one");
    server.end();
    while let Some(event) = stream.next() {
        assert!(event.data.contains("agent:one"), "{event:?}");
    }
}

/// A stream lasts no longer than what its client showed: a token that is revoked, a session that is ended.
#[test]
fn a_stream_ends_with_its_token_and_its_session() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve_as(|server| server.with_heartbeat(Duration::from_millis(50)));
    let client = server.client(&token);
    let person = signed_in(&server);
    let mut by_token = Stream::open(client.begin("GET", "/api/v1/events", 0, ""));
    let mut by_session = Stream::open(person.begin("GET", "/api/v1/events?from=now", 0, ""));
    client.post("/api/v1/memories", &json!({ "text": "something" })).ok();
    by_token.record("memory.write");
    by_session.record("memory.write");
    place.as_person(async |app, person| {
        let id = app.gate().tokens(person).await.unwrap()[0].id;
        app.gate().revoke_token(person, id).await.unwrap();
    });
    while by_token.next().is_some() {}
    let page = person.get("/");
    let out = person.form("/sign-out", &format!("form_key={}", form_key(&page)));
    assert_eq!(out.status, 303, "{out:?}");
    while by_session.next().is_some() {}
}
