//! Who sends a request.

use super::limits::Counted;
use crate::door::Access;
use crate::house::House;
use crate::names::Host;
use crate::pages;
use crate::problem::Problem;
use crate::sessions::SignedIn;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use keep_gate::{Because, GateError, Identity};
use keep_types::{Audience, Caller, Channel, ErrorKind, Namespace, Principal, PrincipalKind, Reach, Scopes};

/// The cookie that a browser shows.
pub(crate) const SESSION: &str = "keep_session";

/// Who sent a request, as far as it had to say so.
#[derive(Clone)]
pub(crate) struct Known(pub(crate) Caller);

/// Lets a request on that says well enough who sends it.
pub(crate) async fn identify(
    State((house, access)): State<(House, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    if access == Access::Public {
        return next.run(request).await;
    }
    let signed_in = match access {
        Access::Known | Access::Person => signed_in(&house, &request),
        Access::Public | Access::Token => None,
    };
    let caller = match (signed_in, access) {
        (Some(signed_in), _) => {
            let caller = as_person(signed_in.person.clone());
            request.extensions_mut().insert(signed_in);
            Ok(caller)
        }
        (None, Access::Person) => return pages::sign_in_first(&request),
        (None, _) => caller(&house, request.headers()).await,
    };
    let caller = match caller {
        Ok(caller) => caller,
        Err(problem) => {
            house.counts.refused_token();
            return problem.into_response();
        }
    };
    let Some(_held) = house.limits.hold(&caller.principal, Counted::Request, house.app.now()) else {
        house.counts.over_limit();
        let why = format!("{} asks for too much at once", caller.principal);
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, ErrorKind::Unavailable, why);
        return problem.into_response();
    };
    request.extensions_mut().insert(Known(caller));
    next.run(request).await
}

/// Who is signed in by the cookie of a request. It counts under the dashboard's own name alone, and where no
/// token is shown beside it.
fn signed_in(house: &House, request: &Request) -> Option<SignedIn> {
    if request.extensions().get() != Some(&Host::Dashboard) {
        return None;
    }
    if request.headers().contains_key(header::AUTHORIZATION) {
        return None;
    }
    house.sessions.find(session_key(request.headers())?, house.app.now())
}

/// What a browser shows of its session.
pub(crate) fn session_key(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == SESSION).map(|(_, key)| key).next()
}

/// The person at the dashboard. Their questions are answered by the page that they were shown, so there is
/// somebody to ask; what they confirm is in `confirm`.
pub(crate) fn as_person(person: Principal) -> Caller {
    debug_assert_eq!(person.kind(), PrincipalKind::User, "only people sign in");
    Caller {
        principal: person,
        home: Namespace::Global,
        reach: Reach::Everything,
        scopes: Scopes::all(),
        channel: Channel::Http,
        audience: Audience::Terminal,
        lineage: Vec::new(),
        acting: Vec::new(),
    }
}

async fn caller(house: &House, headers: &HeaderMap) -> Result<Caller, Problem> {
    let token = bearer(headers)?;
    let caller = house.app.gate().caller(&nobody(), Some(token), Namespace::Global).await;
    match caller {
        Ok(caller) => Ok(at_home(caller)),
        Err(GateError::BadToken) => Err(unknown("the token is not good")),
        Err(error) => Err(error.into()),
    }
}

/// The token that a request shows in its header.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(unknown("a token is missing"));
    };
    let text = value.to_str().ok().and_then(|text| text.split_once(' '));
    match text {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token),
        _ => Err(unknown("the token is shown in another way than `Authorization: Bearer TOKEN`")),
    }
}

fn unknown(why: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, ErrorKind::Denied, why)
        .hint("a person makes a token with `keep token create`, or signs in to the dashboard")
}

/// Whoever sent a request, before its token: no process above it is known, and nobody sits at it.
fn nobody() -> Identity {
    Identity {
        principal: Principal::unknown_agent(),
        channel: Channel::Http,
        audience: Audience::Inbox,
        because: Because::Token,
        lineage: Vec::new(),
        acting: Vec::new(),
    }
}

/// What names no place belongs where the token works: the first of its namespaces, not the widest.
fn at_home(mut caller: Caller) -> Caller {
    if let Reach::Only(places) = &caller.reach
        && let Some(first) = places.first()
    {
        caller.home = first.clone();
    }
    caller
}
