//! Signing in and out.

use super::form::{NoFields, Sent, check_origin};
use super::layout::document;
use crate::door::{Access, Door};
use crate::error::ServerError;
use crate::guard::{SESSION, as_person, session_keys};
use crate::house::House;
use crate::names::Host;
use crate::problem::Problem;
use crate::sessions::{TRIES, Typed};
use axum::Form;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use keep_types::ErrorKind;
use maud::{Markup, html};
use serde::Deserialize;

pub(super) fn doors() -> [Door; 3] {
    [
        Door::new(Method::GET, "/sign-in", Access::Public, get(show)),
        Door::new(Method::POST, "/sign-in", Access::Public, post(enter)),
        Door::new(Method::POST, "/sign-out", Access::Person, post(leave)),
    ]
}

/// What whoever is not signed in gets in the place of a page.
pub(crate) fn sign_in_first(request: &Request) -> Response {
    let page = match request.extensions().get() {
        Some(Host::Dashboard) => form(None, asked_for(request)),
        _ => elsewhere(),
    };
    (StatusCode::UNAUTHORIZED, page).into_response()
}

async fn show(request: Request) -> Markup {
    match request.extensions().get() {
        Some(Host::Dashboard) => form(None, None),
        _ => elsewhere(),
    }
}

#[derive(Deserialize)]
struct Code {
    code: String,
    /// The page that was asked for before anybody was signed in.
    #[serde(default)]
    to: String,
}

/// The page that a request wanted; a form that was sent is not sent again.
fn asked_for(request: &Request) -> Option<&str> {
    let wanted = request.uri().path_and_query()?.as_str();
    (request.method() == Method::GET && is_ours(wanted)).then_some(wanted)
}

/// Whether this leads to a page of this server and nowhere else, however a browser reads it.
fn is_ours(to: &str) -> bool {
    let mut chars = to.chars();
    let sound = |c: char| c.is_ascii_graphic() && c != '\\';
    chars.next() == Some('/') && chars.next() != Some('/') && to.chars().all(sound)
}

async fn enter(State(house): State<House>, request: Request) -> Result<Response, Problem> {
    // A cookie set under another name would be one that other ports share.
    if request.extensions().get() != Some(&Host::Dashboard) {
        let why = "the dashboard has a name of its own, which `keep up` prints";
        return Err(Problem::new(StatusCode::FORBIDDEN, ErrorKind::Denied, why));
    }
    check_origin(&request)?;
    let Form(Code { code, to }) = Form::from_request(request, &())
        .await
        .map_err(|rejected| Problem::unread("the form", &rejected.body_text()))?;
    let to = Some(to.as_str()).filter(|to| is_ours(to));
    let opened = match opened(&house, code).await? {
        Typed::Right(opened) => opened,
        wrong => {
            return Ok((StatusCode::UNAUTHORIZED, form(Some(refused(&house, &wrong)), to)).into_response());
        }
    };
    if let Err(error) = house.app.signed_in(&as_person(opened.person)).await {
        // What leaves no record does not happen.
        house.sessions.close(&opened.key);
        return Err(error.into());
    }
    let mut response = Redirect::to(to.unwrap_or("/")).into_response();
    set_cookie(
        response.headers_mut(),
        &format!("{SESSION}={}; HttpOnly; SameSite=Strict; Path=/", opened.key),
    )?;
    Ok(response)
}

/// A session for whoever knows the code that was printed at the start, or one that was made since.
async fn opened(house: &House, code: String) -> Result<Typed, Problem> {
    let inside = |error: ServerError| Problem::internal(error.to_string());
    let typed = house.sessions.open(&code, house.app.now()).map_err(inside)?;
    if let Typed::Right(_) = typed {
        return Ok(typed);
    }
    let asked = house.clone();
    let person = tokio::task::spawn_blocking(move || asked.app.accept_sign_in(&code)).await;
    let person = person.map_err(|error| Problem::internal(format!("looking at a code: {error}")))??;
    match person {
        Some(person) => Ok(Typed::Right(house.sessions.begin(person, house.app.now()).map_err(inside)?)),
        None => Ok(typed),
    }
}

/// Counts a code that is not good, and says why for the log and for whoever typed it.
fn refused(house: &House, typed: &Typed) -> String {
    house.counts.refused_token();
    let withdrawn = format!("after {TRIES} wrong ones; `keep open` in your terminal makes another");
    match typed {
        Typed::Last => {
            house.log.line(&format!("the code that signs in was withdrawn {withdrawn}"));
            format!("The code was withdrawn {withdrawn}.")
        }
        Typed::Withdrawn => format!("The code was withdrawn {withdrawn}."),
        Typed::Wrong | Typed::Right(_) => {
            if let Some(count) = house.sessions.refused(house.app.now()) {
                house.log.line(&format!("{count} sign-ins to the dashboard with a code that is not good"));
            }
            "That code is not good, or not any more. `keep open` in your terminal makes another one.".into()
        }
    }
}

async fn leave(
    headers: HeaderMap,
    Sent { viewer, fields: NoFields {} }: Sent<NoFields>,
) -> Result<Response, Problem> {
    for key in session_keys(&headers) {
        viewer.house.sessions.close(key);
    }
    let mut response = Redirect::to("/sign-in").into_response();
    let gone = format!("{SESSION}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    set_cookie(response.headers_mut(), &gone)?;
    Ok(response)
}

fn set_cookie(headers: &mut HeaderMap, cookie: &str) -> Result<(), Problem> {
    let value = HeaderValue::from_str(cookie).map_err(|error| Problem::internal(error.to_string()))?;
    headers.insert(header::SET_COOKIE, value);
    Ok(())
}

/// What is shown under a name where no cookie counts, so that signing in there could not work.
fn elsewhere() -> Markup {
    let body = html! {
        body {
            main id="main" class="sign-in" {
                div class="brand" { img src="/assets/keep.svg" alt=""; h1 { "Keep" } }
                p { "Keep runs here, and programs speak to it under this name. The dashboard has a name of its own, new with every start: " code { "keep open" } " in your terminal prints it, with a code that signs you in." }
            }
        }
    };
    document("Keep", &body)
}

fn form(wrong: Option<String>, to: Option<&str>) -> Markup {
    let body = html! {
        body {
            main id="main" class="sign-in" {
                div class="brand" { img src="/assets/keep.svg" alt=""; h1 { "Keep" } }
                p { "Type the code that " code { "keep up" } " printed in your terminal. " code { "keep open" } " makes another one." }
                @if let Some(wrong) = wrong { p class="notice bad" role="alert" { (wrong) } }
                form method="post" action="/sign-in" {
                    @if let Some(to) = to { input type="hidden" name="to" value=(to); }
                    label for="code" { "Code" }
                    input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
                        required autofocus;
                    button { "Sign in" }
                }
            }
        }
    };
    document("Sign in", &body)
}
