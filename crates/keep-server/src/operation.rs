//! One operation as the HTTP API shows it. Its types say what it takes and gives; they are what is parsed
//! and written, and what the interface's description is made from, so the two cannot differ.

use crate::door::{Access, Door};
use crate::guard::Known;
use crate::house::House;
use crate::problem::Problem;
use crate::repeats::{Standing, is_key};
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http_body_util::BodyExt;
use keep_app::{RequestKey, RequestStanding};
use keep_types::{Caller, Digest, ErrorKind};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What a page of another site cannot send without asking first, and is never allowed.
pub(crate) const CHANGE: HeaderName = HeaderName::from_static("keep-request");
/// Names a request, so that sending it again does not do it again.
const REPEAT: HeaderName = HeaderName::from_static("idempotency-key");

/// Nothing is taken here.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// What came with a request, checked and parsed.
pub(crate) struct Ask<O: Operation> {
    pub(crate) house: House,
    pub(crate) caller: Caller,
    pub(crate) path: O::Path,
    pub(crate) query: O::Query,
    pub(crate) body: O::Body,
}

/// An operation of the HTTP API.
pub(crate) trait Operation: Sized + Send + Sync + 'static {
    /// The method. `GET` changes nothing and takes no body.
    const METHOD: Method;
    /// The path, with parameters in braces.
    const PATH: &'static str;
    /// Its name in the interface's description.
    const NAME: &'static str;
    /// What it does, in a sentence.
    const SAYS: &'static str;
    /// Whether its answer may lie on disk for a day, for a request that is sent again after a restart. It must
    /// hold nothing that somebody may have forgotten meanwhile: no memory's text, nothing that a run said.
    const LASTING: bool = false;
    /// Whether it only looks. Then doing it again is what whoever asks again wants: what was found before may have
    /// been forgotten since.
    const LOOKS: bool = false;
    /// What the path says.
    type Path: DeserializeOwned + JsonSchema + Send;
    /// What the query says.
    type Query: DeserializeOwned + JsonSchema + Send;
    /// What the body says.
    type Body: DeserializeOwned + JsonSchema + Send;
    /// What is answered.
    type Answer: Serialize + JsonSchema + Send;

    /// Does it.
    fn run(ask: Ask<Self>) -> impl Future<Output = Result<Self::Answer, Problem>> + Send;
}

/// The way in to an operation.
pub(crate) fn door<O: Operation>(schemas: &mut SchemaGenerator) -> Door {
    let filter = MethodFilter::try_from(O::METHOD).expect("operations have the usual methods");
    let handler: MethodRouter<House> = on(filter, answer::<O>);
    Door::new(O::METHOD, O::PATH, Access::Known, handler).described(describe::<O>(schemas))
}

async fn answer<O: Operation>(State(house): State<House>, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let Known(caller) = parts
        .extensions
        .remove()
        .ok_or_else(|| Problem::internal("a route that asks nobody who they are"))?;
    let Path(path) = Path::<O::Path>::from_request_parts(&mut parts, &())
        .await
        .map_err(|rejected| Problem::unread("the path", &rejected.body_text()))?;
    let Query(query) = Query::<O::Query>::try_from_uri(&parts.uri)
        .map_err(|rejected| Problem::unread("the query", &rejected.body_text()))?;
    if O::METHOD == Method::GET {
        let asked = Ask { house: house.clone(), caller, path, query, body: from_json(b"{}")? };
        return Ok(tagged(done::<O>(&house, asked).await?, &parts.headers));
    }
    may_change(&parts.headers)?;
    let bytes = read(body).await?;
    let body = from_json(&bytes)?;
    let key = key(&caller, &parts, &bytes)?.filter(|_| !O::LOOKS);
    let ask = Ask { house: house.clone(), caller, path, query, body };
    let answer = match key {
        None => done::<O>(&house, ask).await?,
        Some(key) => once::<O>(&house, ask, key).await?,
    };
    Ok(plain_json(answer))
}

/// Does it; the answer as it is sent.
async fn done<O: Operation>(house: &House, asked: Ask<O>) -> Result<Vec<u8>, Problem> {
    let answer = O::run(asked).await?;
    let body = serde_json::to_vec(&answer).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(house.cleaned(&body))
}

/// A request that names a key of its own.
struct Keyed {
    key: RequestKey,
    request: Digest,
}

fn key(caller: &Caller, parts: &Parts, body: &[u8]) -> Result<Option<Keyed>, Problem> {
    let Some(key) = parts.headers.get(REPEAT) else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| is_key(key));
    let key = key.ok_or_else(|| Problem::usage("the Idempotency-Key is a short visible word"))?;
    let request = [parts.method.as_str(), &parts.uri.to_string(), ""].join(" ");
    let request = Digest::of(&[request.as_bytes(), body].concat());
    Ok(Some(Keyed { key: RequestKey::new(caller, key), request }))
}

/// Does it, unless a request with this key was begun before, in this server or in one that has ended.
async fn once<O: Operation>(house: &House, ask: Ask<O>, named: Keyed) -> Result<Vec<u8>, Problem> {
    let Keyed { key, request } = named;
    let doing = match house.repeats.begin(&key, request, house.app.now()) {
        Standing::Fresh(doing) => doing,
        Standing::Done(answer) => return Ok(answer),
        Standing::Running => return Err(conflict("a request with this key is being done")),
        Standing::Another => return Err(another()),
    };
    match house.app.request_began(&key, request).await? {
        RequestStanding::New => {}
        // What became a secret since is marked by now.
        RequestStanding::Done { answer: Some(answer) } => return Ok(house.cleaned(&answer)),
        RequestStanding::Done { answer: None } => {
            return Err(conflict("a request with this key was done, and its answer is not there any more")
                .hint("look at what came of it"));
        }
        RequestStanding::Open => {
            return Err(conflict("a request with this key was begun, and nobody knows whether it was done")
                .hint("look first; only if it was not done, send it with another key"));
        }
        RequestStanding::Another => return Err(another()),
    }
    let done = done::<O>(house, ask).await;
    let noted = match &done {
        Ok(answer) => house.app.request_done(&key, O::LASTING.then_some(answer.as_slice())).await,
        // What failed inside may have been done.
        Err(problem) if problem.status == StatusCode::INTERNAL_SERVER_ERROR.as_u16() => Ok(()),
        Err(_) => house.app.request_refused(&key).await,
    };
    if let Err(error) = noted {
        // It stands as begun then: sent again, its client is told to look.
        house.log.line(&format!("noting how a request ended: {}", keep_types::chain(&error).join(": ")));
    }
    if let Ok(answer) = &done {
        doing.done(answer);
    }
    done
}

fn another() -> Problem {
    conflict("this key was used for another request")
}

fn conflict(why: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, ErrorKind::Conflict, why)
}

fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let value = serde_json::from_slice::<Value>(body);
    let parsed = value.and_then(|value| serde_json::from_value(whole(value)));
    parsed.map_err(|error| Problem::usage(format!("the body is not what this takes: {error}")))
}

/// JSON has one sort of number: 5.0 is the whole number 5 there.
fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "what is whole and as small as this fits")]
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
                json!(float as i64)
            }
            _ => Value::Number(number),
        },
        Value::Array(all) => all.into_iter().map(whole).collect(),
        Value::Object(all) => all.into_iter().map(|(key, value)| (key, whole(value))).collect(),
        other => other,
    }
}

/// Whether what could change something was sent on purpose by a program, and not by a form of a page.
fn may_change(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let why = "the body must be application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorKind::Usage, why));
    }
    if headers.get(CHANGE).is_none_or(|value| value != "1") {
        let why = "the header `Keep-Request: 1` is missing";
        return Err(Problem::new(StatusCode::FORBIDDEN, ErrorKind::Denied, why)
            .hint("it shows that no page of another site sent this"));
    }
    Ok(())
}

/// All of it came before anybody was asked to look at it.
async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let whole = body.collect().await.map_err(|_| Problem::usage("the body broke off"))?;
    Ok(whole.to_bytes().into())
}

/// The answer, or that it is the one that the client has.
fn tagged(body: Vec<u8>, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", Digest::of(&body).short());
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut response = plain_json(if known { Vec::new() } else { body });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn plain_json(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// The operation as OpenAPI describes it.
fn describe<O: Operation>(schemas: &mut SchemaGenerator) -> Value {
    let mut parameters = parameters("path", schemas.root_schema_for::<O::Path>());
    parameters.extend(self::parameters("query", schemas.root_schema_for::<O::Query>()));
    let json = |schema: Schema| json!({ "application/json": { "schema": schema } });
    let answer = json(schemas.subschema_for::<O::Answer>());
    let problem = schemas.subschema_for::<Problem>();
    let problem = json!({
        "description": "It was not done; the body says why.",
        "content": { "application/problem+json": { "schema": problem } },
    });
    let mut operation = json!({
        "operationId": O::NAME,
        "summary": O::SAYS,
        "parameters": parameters,
        "responses": {
            "200": { "description": "It was done.", "content": answer },
            "4XX": problem,
            "5XX": problem,
        },
    });
    if O::METHOD != Method::GET {
        operation["requestBody"] =
            json!({ "required": true, "content": json(schemas.subschema_for::<O::Body>()) });
        let change = json!({
            "name": "Keep-Request", "in": "header", "required": true,
            "description": "Shows that no page of another site sent this.",
            "schema": { "const": "1" },
        });
        if let Some(list) = operation["parameters"].as_array_mut() {
            list.push(change);
            list.push(json!({
                "name": "Idempotency-Key", "in": "header", "required": false,
                "description": "Sent again with the same key and a token of the same rights within a day, it is answered as before and not done again; 409 says where that cannot be, and why. What only looks is done again.",
                "schema": { "type": "string", "pattern": "^[!-~]{1,128}$" },
            }));
        }
    }
    operation
}

/// The properties of a type as parameters.
fn parameters(place: &str, schema: Schema) -> Vec<Value> {
    let schema = schema.to_value();
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, property)| {
            let mut property = property.clone();
            // Nothing in a path or a query is `null`: what is missing is not there.
            if let Some(Value::Array(kinds)) = property.get_mut("type") {
                kinds.retain(|kind| kind != "null");
            }
            json!({
                "name": name, "in": place,
                "required": place == "path" || required.contains(&name.as_str()),
                "description": property["description"], "schema": property,
            })
        })
        .collect()
}

/// An answer that is no JSON of an operation.
pub(crate) fn plain(kind: &'static str, text: String) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
