//! Tokens: who may come in, made, shown once, and revoked.

use super::form::{NoFields, Sent};
use super::layout::page;
use super::page::Viewer;
use super::words::{ago, badge, empty, moment, visible};
use crate::confirm::confirmed_act;
use crate::door::{Access, Door};
use crate::operations::{maybe, parsed};
use crate::problem::Problem;
use axum::extract::Path;
use axum::http::Method;
use axum::response::Redirect;
use axum::routing::{get, post};
use keep_gate::{NewToken, TokenView};
use keep_types::{Namespace, Scope, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;

pub(super) fn doors() -> [Door; 3] {
    [
        Door::new(Method::GET, "/tokens", Access::Person, get(show)),
        Door::new(Method::POST, "/tokens", Access::Person, post(make)),
        Door::new(Method::POST, "/tokens/{id}/revoke", Access::Person, post(revoke)),
    ]
}

async fn show(viewer: Viewer) -> Result<Markup, Problem> {
    list(&viewer, html! {}).await
}

async fn list(viewer: &Viewer, made: Markup) -> Result<Markup, Problem> {
    let tokens = viewer.house.app.gate().tokens(&viewer.caller).await?;
    let now = viewer.house.app.now();
    let (good, over): (Vec<_>, Vec<_>) = tokens.into_iter().partition(|one| one.is_good(now));
    let inside = html! {
        h1 { "Tokens" }
        p class="lead" { "A token lets a program in as an agent or a service, with what it may do and where. Only its digest is kept." }
        (made)
        @if good.is_empty() { (empty("No token is good now.", &html! { "Make one below, or let " code { "keep connect claude" } " do it." })) }
        @else { (cards(viewer, &good, now)) }
        (form(viewer))
        @if !over.is_empty() {
            details { summary { "Tokens that are no good any more" } (cards(viewer, &over, now)) }
        }
    };
    page(viewer, "/tokens", "Tokens", inside).await
}

fn words<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(" ")
}

fn cards(viewer: &Viewer, tokens: &[TokenView], now: Timestamp) -> Markup {
    html! {
        ul class="cards tokens" {
            @for one in tokens {
                li {
                    div class="split" {
                        span { strong { (one.principal.to_string()) } @if !one.label.is_empty() { " " span class="faint" { (visible(&one.label)) } } }
                        @if one.revoked.is_some() { (badge("revoked")) }
                        @else if !one.is_good(now) { (badge("expired")) }
                        @else {
                            form method="post" action={ "/tokens/" (one.id.to_string()) "/revoke" } {
                                input type="hidden" name="form_key" value=(viewer.form_key);
                                button class="deny small" aria-label={ "Revoke the token of " (one.principal.to_string()) } { "Revoke" }
                            }
                        }
                    }
                    dl {
                        dt { "May" } dd { @for scope in one.scopes.iter() { code class="chip" { (scope.to_string()) } " " } }
                        dt { "Where" } dd { @for place in &one.namespaces { code class="chip" { (visible(&place.to_string())) } " " } }
                        dt { "Last used" } dd { @if let Some(at) = one.last_used { (ago(&at.to_string(), now)) } @else { "never" } }
                        dt { "Good until" } dd { (moment(&one.expires.to_string())) ", " (ago(&one.expires.to_string(), now)) }
                    }
                }
            }
        }
    }
}

fn form(viewer: &Viewer) -> Markup {
    let codes = viewer.house.app.effective().values.totp;
    html! {
        h2 { "A new token" }
        form method="post" action="/tokens" class="panel" {
            input type="hidden" name="form_key" value=(viewer.form_key);
            div class="fields" {
                div class="field" { label for="principal" { "For whom" } input id="principal" name="principal" required placeholder="agent:claude"; small { "agent:NAME or service:NAME" } }
                div class="field" { label for="scopes" { "What it may do" } input id="scopes" name="scopes" required value="memory.*"; small { "actions, families such as memory.*, or * for all, with spaces between" } }
                div class="field" { label for="namespaces" { "Where" } input id="namespaces" name="namespaces" required placeholder="project:demo"; small { "project:NAME for one project, or global" } }
                div class="field" { label for="lifetime" { "Good for" } input id="lifetime" name="lifetime" placeholder="30d"; small { "such as 8h or 30d; the usual span when empty" } }
                div class="field" { label for="label" { "What it is for" } input id="label" name="label" maxlength="80"; }
                @if codes {
                    div class="field" { label for="authenticator" { "One-time code" } input id="authenticator" name="code" inputmode="numeric" autocomplete="one-time-code"; }
                }
            }
            button { "Make the token" }
        }
    }
}

#[derive(Deserialize)]
struct Wanted {
    principal: String,
    scopes: String,
    namespaces: String,
    #[serde(default)]
    lifetime: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    code: String,
}

fn each<T: std::str::FromStr>(what: &str, text: &str) -> Result<Vec<T>, Problem>
where
    T::Err: std::fmt::Display,
{
    text.split_whitespace().map(|word| parsed(what, word)).collect()
}

async fn make(Sent { viewer, fields }: Sent<Wanted>) -> Result<Markup, Problem> {
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let (scopes, namespaces): (Vec<Scope>, Vec<Namespace>) =
        (each("what it may do", &fields.scopes)?, each("where", &fields.namespaces)?);
    if scopes.is_empty() || namespaces.is_empty() {
        return Err(Problem::usage("a token says what it may do, and where"));
    }
    let new = NewToken {
        principal: parsed("for whom", fields.principal.trim())?,
        scopes,
        namespaces,
        label: fields.label.trim().to_owned(),
        lifetime: maybe("good for", some(&fields.lifetime).as_deref())?,
    };
    // What the form said is what is confirmed, and nothing else.
    let shown = vec![
        ("principal", new.principal.to_string()),
        ("scopes", words(&new.scopes)),
        ("namespaces", words(&new.namespaces)),
        ("label", new.label.clone()),
    ];
    let making = viewer.house.app.gate().create_token(&viewer.caller, new);
    let made = confirmed_act("token.create", shown, some(&fields.code), making).await?;
    let shown = html! {
        div class="notice good" role="status" {
            strong { "The token of " (made.view.principal.to_string()) }
            p { "It is shown this once and kept nowhere. Copy it now." }
            pre class="once" { (made.token) }
        }
    };
    list(&viewer, shown).await
}

async fn revoke(
    Path(id): Path<String>,
    Sent { viewer, fields: NoFields {} }: Sent<NoFields>,
) -> Result<Redirect, Problem> {
    viewer.house.app.gate().revoke_token(&viewer.caller, parsed("id", &id)?).await?;
    Ok(Redirect::to("/tokens"))
}
