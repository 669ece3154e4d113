//! By which name a request came in, and from which page.

use crate::house::House;
use crate::names::{Host, Side};
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use keep_types::ErrorKind;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets a request on that came in by one of the server's own names and, where a browser sent it, from one
/// of the server's own pages. A page of another site can make a browser send requests here, and can have
/// its own name lead here; it cannot choose these headers.
/// Which names and pages are its own depends on the side that the request came from.
pub(crate) async fn gatekeeper(
    State((house, side)): State<(House, Side)>,
    mut request: Request,
    next: Next,
) -> Response {
    match admitted(&house, side, request.headers(), request.uri()) {
        Ok(host) => {
            request.extensions_mut().insert(host);
            next.run(request).await
        }
        Err(why) => Problem::new(StatusCode::FORBIDDEN, ErrorKind::Denied, why).into_response(),
    }
}

fn admitted(house: &House, side: Side, headers: &HeaderMap, uri: &Uri) -> Result<Host, &'static str> {
    let host = only(headers, &header::HOST)?.ok_or("the request names no host")?;
    if uri.authority().is_some_and(|authority| authority.as_str() != host) {
        return Err("the request names two hosts");
    }
    let reached = house.names.host(side, host).ok_or("this server has no such name")?;
    if let Some(origin) = only(headers, &header::ORIGIN)?
        && !house.names.origin(side, origin)
    {
        return Err("a page of another site sent this request");
    }
    match only(headers, &FETCH_SITE)? {
        None | Some("same-origin" | "none") => Ok(reached),
        Some(_) => Err("a page of another site sent this request"),
    }
}

/// A header that is there once, as text, or not at all: of two, another reader might take the other.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, &'static str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| "a header of the request is no text"),
        (Some(_), Some(_)) => Err("a header of the request is there twice"),
    }
}
