//! Bodies, which end: in size and in time, whatever reads them afterwards.

use crate::problem::Problem;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use keep_types::ErrorKind;
use std::time::Duration;

/// A memory or a command with room to spare; heavy things go by other ways.
pub(crate) const MOST_BODY_BYTES: usize = 1 << 20;
/// From somebody who is not known yet: a code to sign in with. Each connection may hold as much.
pub(super) const MOST_UNKNOWN_BYTES: usize = 16 << 10;
/// A body that takes longer is somebody who holds the connection.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// The request with all of its body there. What asks for something to read has none that anybody looks at.
pub(super) async fn whole(request: Request, most: usize) -> Result<Request, Problem> {
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let whole = tokio::time::timeout(BODY_PATIENCE, Limited::new(body, most).collect()).await;
    match whole {
        Ok(Ok(body)) => Ok(Request::from_parts(parts, Body::from(body.to_bytes()))),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => {
            let why = format!("the body is of more than {most} bytes");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorKind::Usage, why))
        }
        Ok(Err(_)) => Err(Problem::usage("the body broke off")),
        Err(_) => {
            let why = "the body took too long to come";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, ErrorKind::Usage, why))
        }
    }
}
