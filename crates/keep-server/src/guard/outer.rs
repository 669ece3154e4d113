//! The outermost layer: a request's id, its end whatever happens inside, what is said of it, and the headers
//! that every answer carries.

use crate::house::House;
use crate::mcp;
use crate::names::Side;
use crate::pages;
use crate::problem::{Leads, Problem};
use crate::random;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use keep_types::ErrorKind;
use tokio::task::JoinHandle;

/// Nothing but what this server itself sends, and nothing inline: a text that a page shows cannot become a
/// script, and the page can send what it knows nowhere else.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

/// Tokens, cookies and paths fit in many times over.
const MOST_HEAD_BYTES: usize = 32 << 10;
/// What whoever comes by an old name can do.
const STARTED_ANEW: &str =
    "Keep may have been started anew since: `keep open` in your terminal prints where the dashboard is now";

const REQUEST_ID: HeaderName = HeaderName::from_static("keep-request-id");

/// The headers of every answer.
const ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: with that, browsers say `Origin: null` for the pages' own forms, too.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// Runs a request on a task of its own: one that panics fails alone, and one whose client went away ends as
/// it was begun, but for the protocol's.
pub(crate) async fn outer(State(house): State<House>, request: Request, next: Next) -> Response {
    let _open = house.counts.request();
    let id = random::word(16).unwrap_or_default();
    let what = shown(&request);
    let reads = Reads::of(&request);
    let is_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"application/json"));
    let stale = leads_nowhere(&house, &request);
    // The protocol says that a client which closes its connection wants no answer any more; whatever is under
    // way hears of that when its task is gone.
    let lasts = request.uri().path() != mcp::PATH;
    let large = head_bytes(&request) > MOST_HEAD_BYTES;
    let answering = async move { if large { too_large().into_response() } else { next.run(request).await } };
    let mut task = Task { task: house.tasks.spawn(answering), lasts };
    let mut response = match (&mut task.task).await {
        Ok(response) => response,
        Err(error) => Problem::internal(format!("the task of the request: {error}")).into_response(),
    };
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        if let Some(inside) = &problem.inside {
            house.log.line(&format!("{id} {what}: {}", house.app.cleaner().clean(inside)));
        }
        problem.request = Some(id.clone());
        if stale {
            problem.hint = Some(STARTED_ANEW.to_owned());
            problem.leads = Leads::Nowhere;
        }
        fill(&house, &mut response, &problem, reads);
    } else if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let why = "nothing answers to this method here";
        let mut problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, ErrorKind::Usage, why);
        problem.request = Some(id.clone());
        fill(&house, &mut response, &problem, reads);
    } else if !lasts && let Some(mut problem) = unlike_ours(&response, is_json) {
        *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(response.status());
        problem.request = Some(id.clone());
        fill(&house, &mut response, &problem, reads);
    }
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    house.counts.answered(response.status().as_u16());
    response
}

/// How long the head of a request is, but for what stands between its parts. The connection's own limit is one of its
/// buffer, which grows in steps.
fn head_bytes(request: &Request) -> usize {
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    request.uri().to_string().len() + headers.sum::<usize>()
}

fn too_large() -> Problem {
    let why = format!("the head of the request is of more than {MOST_HEAD_BYTES} bytes");
    Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, ErrorKind::Usage, why)
}

/// Whether the request came by a name that is none of ours: most often that of the dashboard before the last start, in
/// a tab that was left open. Whichever of its pages is asked for, the answer is this one.
fn leads_nowhere(house: &House, request: &Request) -> bool {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let knows = |side, host| house.names.host(side, host).is_some();
    host.is_some_and(|host| !knows(Side::Here, host) && !knows(Side::Abroad, host))
}

/// What the protocol's library refuses in plain text, in our words.
fn unlike_ours(response: &Response, is_json: bool) -> Option<Problem> {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if kind.is_some_and(|kind| kind.contains("json")) {
        return None;
    }
    let (status, why) = match response.status() {
        StatusCode::NOT_ACCEPTABLE => {
            (StatusCode::NOT_ACCEPTABLE, "the request must say `Accept: application/json, text/event-stream`")
        }
        // The library says the same of another type and of a text that is none.
        StatusCode::UNSUPPORTED_MEDIA_TYPE if is_json => {
            (StatusCode::BAD_REQUEST, "the body is no one message of JSON-RPC 2.0")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/json")
        }
        StatusCode::BAD_REQUEST => (StatusCode::BAD_REQUEST, "the request is not what the protocol takes"),
        _ => return None,
    };
    Some(Problem::new(status, ErrorKind::Usage, why))
}

/// A request's task, which ends with the connection or not.
struct Task {
    task: JoinHandle<Response>,
    lasts: bool,
}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.lasts {
            self.task.abort();
        }
    }
}

/// The method and the path as the router knows it: what stands in a path may be anybody's text.
fn shown(request: &Request) -> String {
    let path = request.extensions().get::<MatchedPath>().map_or("a path of nothing", MatchedPath::as_str);
    format!("{} {path}", request.method())
}

/// Who reads the answer.
#[derive(Clone, Copy)]
enum Reads {
    Program,
    /// Somebody in front of a browser, on a page and not in a program of it.
    Person,
}

impl Reads {
    fn of(request: &Request) -> Self {
        let path = request.uri().path();
        let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let page =
            accepts.is_some_and(|kinds| kinds.split(',').any(|kind| kind.trim().starts_with("text/html")));
        if page && !path.starts_with("/api/") && path != "/mcp" { Self::Person } else { Self::Program }
    }
}

fn fill(house: &House, response: &mut Response, problem: &Problem, reads: Reads) {
    if matches!(reads, Reads::Person) {
        *response.body_mut() = Body::from(house.cleaned(pages::trouble(problem).as_bytes()));
        let kind = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        return;
    }
    // Text, numbers and nothing that could fail to be written.
    let body = serde_json::to_vec(problem).unwrap_or_default();
    *response.body_mut() = Body::from(house.cleaned(&body));
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
}
