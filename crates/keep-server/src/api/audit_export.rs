//! `GET /api/v1/audit/export`: the audit log as JSON lines that carry their own proofs. It is written while it is
//! sent, so its length takes no memory. Lines are as they were hashed; only who may read the whole log gets them.

use crate::door::{Access, Door};
use crate::guard::{Counted, Held, Known};
use crate::house::House;
use crate::problem::Problem;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use futures_util::stream;
use keep_app::{AppError, Exporting};
use keep_types::ErrorKind;
use serde::Deserialize;
use serde_json::json;
use std::io::{self, Write};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Chunks that wait for one client, of some hundred records each.
const WAITING: usize = 4;
/// A client that took nothing for so long is not reading.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn door() -> Door {
    let number = json!({ "type": "integer", "minimum": 0, "maximum": i64::MAX });
    let problem = json!({
        "description": "It was not done; the body says why.",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    Door::new(Method::GET, "/api/v1/audit/export", Access::Known, get(export)).described(json!({
        "operationId": "audit_export",
        "summary": "Exports the audit log as JSON lines with their proofs; for whoever may read all of it.",
        "parameters": [
            { "name": "from", "in": "query", "required": false, "schema": number,
              "description": "The first record; 0 without it." },
            { "name": "until", "in": "query", "required": false, "schema": number,
              "description": "Only records before this one." },
        ],
        "responses": {
            "200": { "description": "A line about the log, and one for each record.",
                     "content": { "application/jsonl": {} } },
            "4XX": problem,
            "5XX": problem,
        },
    }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    from: u64,
    until: Option<u64>,
}

type Chunk = Result<Bytes, AppError>;

async fn export(
    State(house): State<House>,
    Extension(Known(caller)): Extension<Known>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = query.map_err(|rejected| Problem::usage(rejected.body_text()))?;
    let range = match (asked.from, asked.until) {
        (0, None) => None,
        (from, until) => Some(from..until.unwrap_or(u64::MAX)),
    };
    let exporting = house.app.audit_exporting(&caller, range).await?;
    let Some(held) = house.limits.hold(&caller.principal, Counted::Stream, house.app.now()) else {
        house.counts.over_limit();
        let why = format!("{} has too many streams open", caller.principal);
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, ErrorKind::Unavailable, why));
    };
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let writing = house.clone();
    house.tasks.spawn_blocking(move || write(&writing, exporting, sender, held));
    // What fails before anything was sent is told as any other problem.
    let first = match receiver.recv().await {
        Some(chunk) => Some(Ok(chunk?)),
        None => None,
    };
    let chunks = stream::unfold((first, receiver), |(first, mut receiver)| async move {
        let chunk = match first {
            Some(chunk) => Some(chunk),
            None => receiver.recv().await,
        };
        chunk.map(|chunk| (chunk, (None, receiver)))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    let kind = HeaderValue::from_static("application/jsonl");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

/// Writes an export to a client. What fails half way breaks the transfer off, so that nobody takes a part for the
/// whole.
fn write(house: &House, exporting: Exporting, sender: mpsc::Sender<Chunk>, held: Held) {
    let _held = held;
    let _open = house.counts.stream();
    let mut out = Out { house: house.clone(), sender };
    if let Err(error) = exporting.write(&mut out, &mut |_, _| {}) {
        house.log.line(&format!("exporting the audit log: {}", keep_types::chain(&error).join(": ")));
        // Whoever does not read does not read this either.
        let _ = out.send(Err(error));
    }
}

struct Out {
    house: House,
    sender: mpsc::Sender<Chunk>,
}

impl Out {
    fn send(&self, chunk: Chunk) -> io::Result<()> {
        Handle::current().block_on(async {
            tokio::select! {
                sent = tokio::time::timeout(PATIENCE, self.sender.send(chunk)) => match sent {
                    Ok(sent) => sent.map_err(|_| io::ErrorKind::BrokenPipe.into()),
                    Err(_) => {
                        self.house.counts.dropped_stream();
                        Err(io::ErrorKind::TimedOut.into())
                    }
                },
                () = self.house.ending.cancelled() => Err(io::ErrorKind::Interrupted.into()),
            }
        })
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(Ok(Bytes::copy_from_slice(bytes)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
