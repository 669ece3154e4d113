//! `GET /api/v1/events`: records as they come, as server-sent events. An event's id is its record's place in
//! the ledger, so a client that was cut off says where it was and misses nothing.

use crate::door::{Access, Door};
use crate::guard::{Counted, Held, Known, Shown};
use crate::house::House;
use crate::problem::Problem;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{FutureExt, stream};
use keep_app::words::{Entry, Filter};
use keep_gate::AuditFilter;
use keep_types::{Caller, ErrorKind};
use serde::Deserialize;
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Events that wait for one client beside what its connection holds. It is all the memory that a client
/// which does not read can take.
const WAITING: usize = 64;
/// Records that are read at once.
const BATCH: usize = 256;
/// A client that took nothing for so long is not reading.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn door() -> Door {
    Door::new(Method::GET, "/api/v1/events", Access::Known, get(events)).described(json!({
        "operationId": "events",
        "summary": "Streams records of the audit log as they come, as server-sent events.",
        "parameters": [
            { "name": "after", "in": "query", "required": false, "schema": { "type": "integer", "minimum": 0 },
              "description": "Only records after this one." },
            { "name": "from", "in": "query", "required": false, "schema": { "const": "now" },
              "description": "Only records that come from now on." },
            { "name": "Last-Event-ID", "in": "header", "required": false, "schema": { "type": "integer", "minimum": 0 },
              "description": "The last event that came; what followed it is sent again." },
        ],
        "responses": { "200": { "description": "Events; each id is a record's place.",
                                "content": { "text/event-stream": {} } } },
    }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    after: Option<u64>,
    from: Option<From>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum From {
    Now,
}

async fn events(
    State(house): State<House>,
    Extension(Known(caller)): Extension<Known>,
    Extension(shown): Extension<Shown>,
    query: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(asked) = query.map_err(|rejected| Problem::usage(rejected.body_text()))?;
    house.app.gate().covers(&caller, "audit.read")?;
    let Some(held) = house.limits.hold(&caller.principal, Counted::Stream, house.app.now()) else {
        house.counts.over_limit();
        let why = format!("{} has too many streams open", caller.principal);
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, ErrorKind::Unavailable, why));
    };
    let next = match (last_seen(&headers)?, asked.after, asked.from) {
        (Some(last), _, _) | (None, Some(last), _) => last.saturating_add(1),
        (None, None, Some(From::Now)) => house.app.records().await?,
        (None, None, None) => 0,
    };
    let (sender, receiver) = mpsc::channel(WAITING);
    let slow = Arc::new(AtomicBool::new(false));
    let feeder = Feeder {
        house: house.clone(),
        caller,
        shown: Some(shown),
        next,
        sender,
        slow: Arc::clone(&slow),
        patience: PATIENCE,
        held: Some(held),
    };
    house.tasks.spawn(feeder.run());
    let stream = stream::unfold((receiver, slow), |(mut receiver, slow)| async move {
        match receiver.recv().await {
            Some(event) => Some((Ok::<_, Infallible>(event), (receiver, slow))),
            // Told once, behind what it had not read yet.
            None if slow.swap(false, Ordering::Relaxed) => {
                let event =
                    Event::default().event("dropped").data("you read too slowly; come back by the last id");
                Some((Ok(event), (receiver, slow)))
            }
            None => None,
        }
    });
    let alive = KeepAlive::new().interval(house.heartbeat());
    let mut response = Sse::new(stream).keep_alive(alive).into_response();
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(unbuffered, HeaderValue::from_static("no"));
    Ok(response)
}

/// The record that the client saw last.
fn last_seen(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    number.map(Some).ok_or_else(|| Problem::usage("Last-Event-ID is no record's number"))
}

/// Reads the ledger for one client and hands on what it may see, as fast as it takes it.
struct Feeder {
    house: House,
    caller: Caller,
    /// By what the client is known; none in tests.
    shown: Option<Shown>,
    /// The next record that was not looked at.
    next: u64,
    sender: mpsc::Sender<Event>,
    slow: Arc<AtomicBool>,
    /// How long a client may take nothing.
    patience: Duration,
    /// The place among the streams of its principal, until the stream ends.
    held: Option<Held>,
}

impl Feeder {
    async fn run(mut self) {
        let _held = self.held.take();
        let house = self.house.clone();
        let _open = house.counts.stream();
        let mut size = self.house.growth.subscribe();
        // Whoever may look now may not for ever: a token is revoked, a session ends.
        let mut look = tokio::time::interval(self.house.heartbeat());
        look.tick().await;
        loop {
            let there = *size.borrow_and_update();
            while self.next < there {
                if look.tick().now_or_never().is_some() && !self.is_known().await || !self.step(there).await {
                    return;
                }
            }
            tokio::select! {
                () = self.house.ending.cancelled() => return,
                () = self.sender.closed() => return,
                grown = size.changed() => if grown.is_err() { return },
                _ = look.tick() => if !self.is_known().await { return },
            }
        }
    }

    async fn is_known(&self) -> bool {
        match &self.shown {
            Some(shown) => shown.is_good(&self.house).await,
            None => true,
        }
    }

    /// Hands on some records; whether to go on.
    async fn step(&mut self, there: u64) -> bool {
        let filter = Filter { after: self.next.checked_sub(1), limit: Some(BATCH), ..Filter::default() };
        let found = match self.house.app.gate().audit_log(&self.caller, AuditFilter(filter)).await {
            Ok(found) => found,
            Err(error) => {
                self.house.log.line(&format!("reading records for a stream: {error}"));
                return false;
            }
        };
        if found.is_empty() {
            // What was read and may not be seen had at least this many places.
            self.next = self.next.saturating_add(BATCH as u64).min(there);
        }
        for entry in found {
            self.next = entry.seq.0 + 1;
            let event = event(&self.house, &entry);
            match tokio::time::timeout(self.patience, self.sender.send(event)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return false,
                Err(_) => {
                    self.slow.store(true, Ordering::Relaxed);
                    self.house.counts.dropped_stream();
                    return false;
                }
            }
        }
        !self.house.ending.is_cancelled()
    }
}

/// A record as an event. Its detail may be long; whoever wants it asks for the record.
fn event(house: &House, entry: &Entry) -> Event {
    let data = json!({
        "seq": entry.seq.0, "at": entry.at, "principal": entry.principal, "namespace": entry.namespace,
        "action": entry.action, "phase": entry.phase.as_str(), "refers_to": entry.refers_to,
    });
    let data = house.app.cleaner().clean(&data.to_string());
    Event::default().event("record").id(entry.seq.0.to_string()).data(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::as_person;
    use crate::names::Names;
    use crate::serve::tests::house;

    /// One that reads nothing is told so and costs what waits for it, however much the ledger grows.
    #[tokio::test]
    async fn a_client_that_does_not_read_is_dropped_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path(), Names::none());
        let caller = as_person("user:ann".parse().unwrap());
        // Side by side: they share commits, and a disk that is busy is waited for a few times only.
        let mut alerts = tokio::task::JoinSet::new();
        for n in 0..WAITING + 8 {
            let (house, caller) = (house.clone(), caller.clone());
            let alert = format!("alert {n}");
            alerts.spawn(async move { house.app.note_alert(&caller, "test", &alert).await.unwrap() });
        }
        alerts.join_all().await;
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let slow = Arc::new(AtomicBool::new(false));
        let feeder = Feeder {
            house: house.clone(),
            caller,
            shown: None,
            next: 0,
            sender,
            slow: Arc::clone(&slow),
            patience: Duration::from_millis(1),
            held: None,
        };
        house.tasks.spawn(crate::growth::watch(house.clone()));
        feeder.run().await;
        house.ending.cancel();
        assert!(slow.load(Ordering::Relaxed), "nobody would tell it");
        let mut waited = 0;
        while receiver.recv().await.is_some() {
            waited += 1;
        }
        assert_eq!(waited, WAITING, "more waited for it than may");
    }
}
