//! Signing in and out.

use super::form::{NoFields, Sent, check_origin};
use super::layout::document;
use crate::door::{Access, Door};
use crate::error::ServerError;
use crate::guard::{SESSION, as_person, session_keys};
use crate::house::House;
use crate::names::Host;
use crate::problem::Problem;
use crate::sessions::Opened;
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
pub(crate) fn sign_in_first() -> Response {
    (StatusCode::UNAUTHORIZED, form(None)).into_response()
}

async fn show() -> Markup {
    form(None)
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

async fn enter(State(house): State<House>, request: Request) -> Result<Response, Problem> {
    // A cookie set under another name would be one that other ports share.
    if request.extensions().get() != Some(&Host::Dashboard) {
        let why = "the dashboard has a name of its own, which `keep up` prints";
        return Err(Problem::new(StatusCode::FORBIDDEN, ErrorKind::Denied, why));
    }
    check_origin(&request)?;
    let Form(Code { code }) =
        Form::from_request(request, &()).await.map_err(|rejected| Problem::usage(rejected.body_text()))?;
    let opened = opened(&house, code).await?;
    let Some(opened) = opened else {
        house.counts.refused_token();
        if let Some(count) = house.sessions.refused(house.app.now()) {
            house.log.line(&format!("{count} sign-ins to the dashboard with a code that is not good"));
        }
        let why = "That code is not good, or not any more. `keep open` in your terminal makes another one.";
        return Ok((StatusCode::UNAUTHORIZED, form(Some(why))).into_response());
    };
    if let Err(error) = house.app.signed_in(&as_person(opened.person)).await {
        // What leaves no record does not happen.
        house.sessions.close(&opened.key);
        return Err(error.into());
    }
    let mut response = Redirect::to("/").into_response();
    set_cookie(
        response.headers_mut(),
        &format!("{SESSION}={}; HttpOnly; SameSite=Strict; Path=/", opened.key),
    )?;
    Ok(response)
}

/// A session for whoever knows the code that was printed at the start, or one that was made since.
async fn opened(house: &House, code: String) -> Result<Option<Opened>, Problem> {
    let inside = |error: ServerError| Problem::internal(error.to_string());
    if let Some(opened) = house.sessions.open(&code, house.app.now()).map_err(inside)? {
        return Ok(Some(opened));
    }
    let asked = house.clone();
    let person = tokio::task::spawn_blocking(move || asked.app.accept_sign_in(&code)).await;
    let person = person.map_err(|error| Problem::internal(format!("looking at a code: {error}")))??;
    person.map(|person| house.sessions.begin(person, house.app.now())).transpose().map_err(inside)
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

fn form(wrong: Option<&str>) -> Markup {
    let body = html! {
        body {
            main id="main" class="sign-in" {
                div class="brand" { img src="/assets/keep.svg" alt=""; h1 { "Keep" } }
                p { "Type the code that " code { "keep up" } " printed in your terminal. " code { "keep open" } " makes another one." }
                @if let Some(wrong) = wrong { p class="notice bad" role="alert" { (wrong) } }
                form method="post" action="/sign-in" {
                    label for="code" { "Code" }
                    input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
                        placeholder="xxxxx-xxxxx" required autofocus;
                    button { "Sign in" }
                }
            }
        }
    };
    document("Sign in", &body)
}
