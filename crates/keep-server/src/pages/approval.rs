//! One request, whole, and its answer.

use super::form::Sent;
use super::layout::page;
use super::page::Viewer;
use super::words::{self, ago, badge, json, span, tone, toned, visible};
use crate::door::{Access, Door};
use crate::operations::approvals;
use crate::problem::Problem;
use crate::view::ApprovalView;
use axum::extract::Path;
use axum::http::Method;
use axum::response::Redirect;
use axum::routing::{get, post};
use keep_types::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

pub(super) fn doors() -> [Door; 2] {
    [
        Door::new(Method::GET, "/approvals/{id}", Access::Person, get(show)),
        Door::new(Method::POST, "/approvals/{id}", Access::Person, post(answer)),
    ]
}

async fn show(Path(id): Path<String>, viewer: Viewer) -> Result<Markup, Problem> {
    let one = approvals::one(&viewer.house, &viewer.caller, &id).await?;
    let now = viewer.house.app.now();
    let inside = html! {
        p class="crumb" { a href="/approvals" { "Approvals" } }
        h1 { (one.requester) " asks" }
        p class="lead" { (visible(&one.reason)) }
        (answered(&one))
        (act(&one))
        (reasons(&one))
        (touches(&one))
        @if one.state == "waiting" { h2 { "Your answer" } div class="panel" { (answers(&viewer, &one)) } }
        h2 { "About this request" }
        div class="panel" {
            dl {
                dt { "Act" } dd { code { (one.action) } " in " (one.namespace) }
                dt { "Risk" } dd { (badge(&one.risk)) }
                dt { "Asked" } dd { (ago(&one.created, now)) }
                dt { "Good until" } dd { (expires(&one, now)) }
                dt { "Number" } dd { code { (one.id) } }
            }
            details { summary { "The act, as it is recorded" } (json(&one.detail)) }
        }
    };
    page(&viewer, "/approvals", "Request", inside).await
}

fn expires(one: &ApprovalView, now: Timestamp) -> Markup {
    html! { (super::words::moment(&one.expires)) ", " (ago(&one.expires, now)) }
}

/// What became of it, once it was answered.
fn answered(one: &ApprovalView) -> Markup {
    let (tone, words) = match one.state.as_str() {
        "waiting" => return html! {},
        "approved" => ("good", "Approved. The requester may do it now, within the time below."),
        "used" => ("good", "Approved, and done."),
        "denied" => ("bad", "Denied. The requester is told when it asks again."),
        _ => ("mind", "Nobody answered in time. The requester may ask again."),
    };
    html! {
        div class={ "notice " (tone) } role="status" {
            strong { (words) }
            @if let Some(who) = &one.answered_by { p { "Answered by " (who) "." } }
            @if let Some(note) = &one.note { p { "Note: " (visible(note)) } }
            @if let Some(text) = &one.suggestion { p { "Suggested instead:" } pre { (visible(text)) } }
        }
    }
}

/// What would be done, exactly.
fn act(one: &ApprovalView) -> Markup {
    html! {
        @if let Some(command) = text(one, "command") {
            pre class={ "command " (tone(&one.risk)) } { (visible(command)) }
        } @else {
            pre class={ "command " (tone(&one.risk)) } { (visible(&one.summary)) }
        }
    }
}

fn text<'a>(one: &'a ApprovalView, key: &str) -> Option<&'a str> {
    one.detail.get(key).and_then(Value::as_str)
}

/// Why it is as risky as it is.
fn reasons(one: &ApprovalView) -> Markup {
    let reasons = words::reasons(&one.detail);
    html! {
        @if !reasons.is_empty() {
            h2 { "What it would do" }
            ul class="touches panel" {
                @for (risk, text) in reasons { li { (badge(risk)) span { (visible(text)) } } }
            }
        }
    }
}

/// What it could reach if it were let, as its confinement says.
fn touches(one: &ApprovalView) -> Markup {
    let Some(confinement) = one.detail.get("confinement") else { return html! {} };
    let writes: Vec<&str> = confinement
        .get("writes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let limits = &confinement["limits"];
    html! {
        h2 { "What it could touch" }
        ul class="touches panel" {
            li { (toned("plain", "runs in")) code { (visible(text(one, "cwd").unwrap_or("its folder"))) } }
            @if let Some(program) = text(one, "program") { li { (toned("plain", "starts")) code { (visible(program)) } } }
            @if writes.is_empty() { li { (toned("good", "changes")) "nothing" } }
            @for path in writes { li { (toned("mind", "changes")) code { (visible(path)) } } }
            li { (reach(&confinement["network"])) }
            @for secret in one.detail.get("secrets").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
                li { (toned("mind", "gets")) "the secret " code { (visible(secret)) } }
            }
            @if let Some(ms) = limits.get("timeout").and_then(milliseconds) { li { (toned("plain", "ends after")) (span(ms)) } }
            @if one.detail.get("changes").and_then(Value::as_str) == Some("waiting") {
                li { (toned("good", "changes wait")) "until you commit them" }
            }
        }
    }
}

/// A span as the settings write it.
fn milliseconds(value: &Value) -> Option<u64> {
    let text = value.as_str()?;
    text.parse::<keep_types::Duration>().ok().map(keep_types::Duration::ms)
}

fn reach(network: &Value) -> Markup {
    let hosts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let named = network.as_object().and_then(|map| map.values().next()).map(hosts).unwrap_or_default();
    match network.as_str() {
        Some("nothing" | "none" | "nobody") => html! { (toned("good", "reaches")) "no network" },
        Some("everything") => html! { (toned("mind", "reaches")) "every host of the network" },
        Some(word) => html! { (toned("mind", "reaches")) (visible(word)) },
        None if named.is_empty() => html! { (toned("good", "reaches")) "no network" },
        None => html! { (toned("mind", "reaches")) (visible(&named.join(", "))) },
    }
}

fn answers(viewer: &Viewer, one: &ApprovalView) -> Markup {
    let codes = viewer.house.app.effective().values.totp;
    html! {
        form method="post" action={ "/approvals/" (one.id) } class="answers" {
            input type="hidden" name="form_key" value=(viewer.form_key);
            // Approving is itself critical: where codes are on, it always needs one.
            @if codes {
                div class="field" {
                    label for="authenticator" { "One-time code of your authenticator" }
                    input id="authenticator" name="code" inputmode="numeric" autocomplete="one-time-code";
                }
            }
            div class="buttons" {
                button name="answer" value="once" { "Allow once" }
                @if one.once_only.is_none() {
                    button name="answer" value="conversation" class="quiet" { "Allow in this conversation" }
                }
                @if one.rule.is_some() {
                    button name="answer" value="rule" class="quiet" { "Allow, and save the rule below" }
                }
            }
            div class="field" {
                label for="note" { "With a no: what the requester is told" }
                input id="note" name="note" maxlength="500" placeholder="use the staging database";
            }
            div class="buttons" { button name="answer" value="no" class="deny" { "Deny" } }
            @if let Some(edit) = &one.edit {
                details {
                    summary { "Suggest another text instead" }
                    p { "It is no approval: the requester is told, and what it asks for then is looked at anew." }
                    div class="field" {
                        label for="suggestion" { "What you would rather see asked for" }
                        textarea id="suggestion" name="suggestion" maxlength="4000" { (visible(edit)) }
                    }
                    div class="buttons" { button name="answer" value="suggest" class="quiet" { "Suggest this" } }
                }
            }
        }
        @if let Some(rule) = &one.rule {
            h3 { "The rule that would cover it" }
            @if let Some(covers) = &one.covers { p { (visible(covers)) } }
            pre { (visible(rule)) }
        }
        @if let Some(why) = &one.once_only { p class="meta" { "For once only: " (visible(why)) } }
    }
}

async fn answer(
    Path(id): Path<String>,
    Sent { viewer, fields }: Sent<approvals::Answer>,
) -> Result<Redirect, Problem> {
    let answered = approvals::answer(&viewer.house, &viewer.caller, &id, fields).await?;
    Ok(Redirect::to(&format!("/approvals/{}", answered.id)))
}
