//! One request, whole, and its answer.

use super::form::Sent;
use super::layout::page;
use super::page::Viewer;
use super::words::{badge, json, moment, visible};
use crate::door::{Access, Door};
use crate::operations::approvals;
use crate::problem::Problem;
use crate::view::ApprovalView;
use axum::extract::Path;
use axum::http::Method;
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::{Markup, html};

pub(super) fn doors() -> [Door; 2] {
    [
        Door::new(Method::GET, "/approvals/{id}", Access::Person, get(show)),
        Door::new(Method::POST, "/approvals/{id}", Access::Person, post(answer)),
    ]
}

async fn show(Path(id): Path<String>, viewer: Viewer) -> Result<Markup, Problem> {
    let one = approvals::one(&viewer.house, &viewer.caller, &id).await?;
    let inside = html! {
        p { (badge(&one.state)) " " (badge(&one.risk)) " " strong { (one.requester) } " asks:" }
        p class="summary" { (visible(&one.summary)) }
        (command(&one))
        dl {
            dt { "Act" } dd { (one.action) " in " (one.namespace) }
            dt { "Why a person" } dd { (visible(&one.reason)) }
            dt { "Asked" } dd { (moment(&one.created)) }
            dt { "Good until" } dd { (moment(&one.expires)) }
            @if let Some(who) = &one.answered_by { dt { "Answered by" } dd { (who) } }
            @if let Some(note) = &one.note { dt { "Note" } dd { (visible(note)) } }
            @if let Some(text) = &one.suggestion { dt { "Suggested instead" } dd { pre { (visible(text)) } } }
        }
        details open { summary { "The act, whole" } (json(&one.detail)) }
        @if let Some(rule) = &one.rule {
            details {
                summary { "A rule that would cover it" }
                pre { (visible(rule)) }
                p { "Save it in your terminal: " code { "keep approve " (one.id) " --rule" } }
            }
        }
        @if one.state == "waiting" { (answers(&viewer, &one)) }
    };
    page(&viewer, "/approvals", "Request", inside).await
}

/// The command of the act, exactly as it would run.
fn command(one: &ApprovalView) -> Markup {
    let text = one.detail.get("command").and_then(serde_json::Value::as_str);
    html! { @if let Some(text) = text { pre class="command" { (visible(text)) } } }
}

fn answers(viewer: &Viewer, one: &ApprovalView) -> Markup {
    let codes = viewer.house.app.effective().values.totp;
    html! {
        form method="post" action={ "/approvals/" (one.id) } class="answers" {
            input type="hidden" name="form_key" value=(viewer.form_key);
            label for="note" { "Note to the requester, with a no" }
            input id="note" name="note" maxlength="500";
            // Approving is itself critical: where codes are on, it always needs one.
            @if codes {
                label for="authenticator" { "One-time code" }
                input id="authenticator" name="code" inputmode="numeric" autocomplete="one-time-code";
            }
            div class="buttons" {
                button name="answer" value="once" { "Allow once" }
                @if one.once_only.is_none() {
                    button name="answer" value="conversation" class="quiet" { "Allow in this conversation" }
                }
                button name="answer" value="no" class="deny" { "Deny" }
            }
        }
    }
}

async fn answer(
    Path(id): Path<String>,
    Sent { viewer, fields }: Sent<approvals::Answer>,
) -> Result<Redirect, Problem> {
    let answered = approvals::answer(&viewer.house, &viewer.caller, &id, fields).await?;
    Ok(Redirect::to(&format!("/approvals/{}", answered.id)))
}
