//! Who sends a request.

use super::body;
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
use std::sync::Arc;

/// The cookie that a browser shows.
pub(crate) const SESSION: &str = "keep_session";
/// Keys of one request that are looked up.
const MOST_KEYS: usize = 16;

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
        return match body::whole(request, body::MOST_UNKNOWN_BYTES).await {
            Ok(request) => next.run(request).await,
            Err(problem) => problem.into_response(),
        };
    }
    let signed_in = match access {
        Access::Known | Access::Person => signed_in(&house, &request),
        Access::Public | Access::Token => None,
    };
    let caller = match (signed_in, access) {
        (Some((signed_in, key)), _) => {
            let caller = as_person(signed_in.person.clone());
            request.extensions_mut().insert(signed_in);
            request.extensions_mut().insert(Shown::Session(key));
            Ok(caller)
        }
        (None, Access::Person) => return pages::sign_in_first(&request),
        (None, _) => by_token(&house, &mut request).await,
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
    match body::whole(request, body::MOST_BODY_BYTES).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Who is signed in by the cookie of a request. It counts under the dashboard's own name alone, and where no
/// token is shown beside it.
fn signed_in(house: &House, request: &Request) -> Option<(SignedIn, Arc<str>)> {
    if request.extensions().get() != Some(&Host::Dashboard) {
        return None;
    }
    if request.headers().contains_key(header::AUTHORIZATION) {
        return None;
    }
    let now = house.app.now();
    session_keys(request.headers())
        .find_map(|key| house.sessions.find(key, now).map(|signed_in| (signed_in, key.into())))
}

/// What a browser shows of its session. A page under a name above may have set others of that name beside it, which
/// must not keep its person out.
pub(crate) fn session_keys(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == SESSION).map(|(_, key)| key).take(MOST_KEYS)
}

/// By what somebody is known, for what lasts longer than a request.
#[derive(Clone)]
pub(crate) enum Shown {
    /// A token.
    Token(Arc<str>),
    /// The key of a session.
    Session(Arc<str>),
}

impl Shown {
    /// Whether it is still good. Looking is no use of a session: a stream that nobody watches keeps none alive.
    pub(crate) async fn is_good(&self, house: &House) -> bool {
        match self {
            Self::Token(token) => {
                house.app.gate().caller(&nobody(), Some(token), Namespace::Global).await.is_ok()
            }
            Self::Session(key) => house.sessions.lives(key, house.app.now()),
        }
    }
}

async fn by_token(house: &House, request: &mut Request) -> Result<Caller, Problem> {
    let caller = caller(house, request.headers()).await?;
    let token: Arc<str> = bearer(request.headers())?.into();
    request.extensions_mut().insert(Shown::Token(token));
    Ok(caller)
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
