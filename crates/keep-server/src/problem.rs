//! What went wrong, as a client is told: problem+json (RFC 9457), and nothing of the server's insides.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use keep_app::AppError;
use keep_gate::GateError;
use keep_memory::MemoryError;
use keep_types::{ErrorKind, Explain, chain, visible};
use schemars::JsonSchema;
use serde::Serialize;
use std::ops::{Deref, DerefMut};

/// How the system and the database say that there is no room.
const FULL: [&str; 2] = ["disk is full", "No space left on device"];

/// A request that was not answered as wished.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Problem(Box<Told>);

/// What a client is told.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct Told {
    /// The HTTP status again.
    pub(crate) status: u16,
    /// What sort of failure it is; see docs/exit-codes.md.
    pub(crate) kind: String,
    /// What happened, in a sentence.
    pub(crate) title: String,
    /// What to do next, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// The request that waits for a person; once it is answered, do the same again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) approval: Option<String>,
    /// Names this request in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<String>,
    /// For the log alone: what a client must not see.
    #[serde(skip)]
    pub(crate) inside: Option<String>,
    /// Where whoever sees it as a page can go from there.
    #[serde(skip)]
    pub(crate) leads: Leads,
}

/// Where the page about a problem leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To the dashboard's first page.
    #[default]
    Home,
    /// Nowhere: under this name, every page is this one.
    Nowhere,
}

impl Problem {
    /// What is told may repeat what was asked, so nothing hides in it.
    pub(crate) fn new(status: StatusCode, kind: ErrorKind, title: impl Into<String>) -> Self {
        Self(Box::new(Told {
            status: status.as_u16(),
            kind: kind.as_str().into(),
            title: visible(&title.into()),
            hint: None,
            approval: None,
            request: None,
            inside: None,
            leads: Leads::Home,
        }))
    }

    pub(crate) fn usage(title: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorKind::Usage, title)
    }

    /// What a library says of what it could not read, without its own opening words.
    pub(crate) fn unread(what: &str, why: &str) -> Self {
        let why = match why.split_once(": ") {
            Some((opening, rest)) if opening.starts_with("Failed to deserialize") => rest,
            _ => why,
        };
        Self::usage(format!("{what} is not what this takes: {why}"))
    }

    /// What the interface takes, and still makes no sense.
    pub(crate) fn senseless(title: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, ErrorKind::Usage, title)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(visible(&hint.into()));
        self
    }

    pub(crate) fn internal(inside: impl Into<String>) -> Self {
        let title = "something failed inside the server; its log says more under the request's id";
        let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorKind::Internal, title);
        problem.inside = Some(inside.into());
        problem
    }

    /// What a client is told of an error. Only kinds that speak of the request itself are passed on: the
    /// others speak of files, statements and machines.
    fn of(error: &dyn Explain, gate: Option<&GateError>) -> Self {
        let said = |status| {
            let mut problem = Self::new(status, error.kind(), error.to_string());
            problem.hint = error.hint().as_deref().map(visible);
            problem
        };
        match (error.kind(), gate) {
            (_, Some(GateError::RateLimited { .. } | GateError::InboxFull(_))) => {
                said(StatusCode::TOO_MANY_REQUESTS)
            }
            (ErrorKind::Pending, Some(GateError::NeedsApproval { id, .. })) => {
                let mut problem = said(StatusCode::FORBIDDEN);
                problem.approval = Some(id.to_string());
                problem
            }
            // It is what the interface takes, and still makes no sense; what is not is refused before.
            (ErrorKind::Usage, _) => said(StatusCode::UNPROCESSABLE_ENTITY),
            (ErrorKind::Denied | ErrorKind::Pending, _) => said(StatusCode::FORBIDDEN),
            (ErrorKind::NotFound, _) => said(StatusCode::NOT_FOUND),
            (ErrorKind::Conflict, _) => said(StatusCode::CONFLICT),
            (ErrorKind::Unavailable | ErrorKind::Interrupted, _) => {
                let inside = chain(error).join(": ");
                let title = if FULL.iter().any(|words| inside.contains(words)) {
                    "the disk of this installation is full, so nothing can be changed"
                } else {
                    "what this needs cannot be had just now; try again in a moment"
                };
                let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, ErrorKind::Unavailable, title);
                problem.inside = Some(inside);
                problem
            }
            (ErrorKind::Tampered, _) => {
                let title = "something that must not change has changed; a person looks with `keep doctor`";
                let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorKind::Tampered, title);
                problem.inside = Some(chain(error).join(": "));
                problem
            }
            (ErrorKind::Internal, _) => Self::internal(chain(error).join(": ")),
        }
    }
}

impl Deref for Problem {
    type Target = Told;

    fn deref(&self) -> &Told {
        &self.0
    }
}

impl DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Told {
        &mut self.0
    }
}

impl From<GateError> for Problem {
    fn from(error: GateError) -> Self {
        Self::of(&error, Some(&error))
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Gate(error) => error.into(),
            error => Self::of(&error, None),
        }
    }
}

impl From<MemoryError> for Problem {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::Gate(error) => error.into(),
            error => Self::of(&error, None),
        }
    }
}

impl From<keep_vault::VaultError> for Problem {
    fn from(error: keep_vault::VaultError) -> Self {
        match error {
            keep_vault::VaultError::Gate(error) => error.into(),
            error => Self::of(&error, None),
        }
    }
}

impl From<keep_exec::ExecError> for Problem {
    fn from(error: keep_exec::ExecError) -> Self {
        match error {
            keep_exec::ExecError::Gate(error) => error.into(),
            // These two speak of the request and say what to do.
            error @ (keep_exec::ExecError::Confine { .. } | keep_exec::ExecError::Busy { .. }) => {
                let said = Self::new(StatusCode::SERVICE_UNAVAILABLE, error.kind(), error.to_string());
                match error.hint() {
                    Some(hint) => said.hint(hint),
                    None => said,
                }
            }
            error => Self::of(&error, None),
        }
    }
}

impl From<keep_artifact::ArtifactError> for Problem {
    fn from(error: keep_artifact::ArtifactError) -> Self {
        match error {
            keep_artifact::ArtifactError::Gate(error) => error.into(),
            error => Self::of(&error, None),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // The outermost layer fills the request's id in and writes the body: it alone knows the id.
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
