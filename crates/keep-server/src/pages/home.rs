//! Home: what waits, what is wrong, what happened last.

use super::layout::page;
use super::page::Viewer;
use super::words::{badge, moment, visible};
use crate::door::{Access, Door};
use crate::operations::{approvals, audit, care};
use crate::problem::Problem;
use crate::view::{ApprovalView, RecordView, StatusView};
use axum::http::Method;
use axum::routing::get;
use maud::{Markup, html};

/// Records that are enough to see what goes on.
const LAST: usize = 12;

pub(super) fn door() -> Door {
    Door::new(Method::GET, "/", Access::Person, get(show))
}

async fn show(viewer: Viewer) -> Result<Markup, Problem> {
    let (house, caller) = (&viewer.house, &viewer.caller);
    let status = care::status(house, caller).await?;
    let waiting = approvals::list(house, caller, approvals::Which::default()).await?.items;
    let asked = audit::Which { limit: Some(LAST), ..audit::Which::default() };
    let last = audit::query(house, caller, asked).await?.items;
    let inside = html! {
        div id="live" data-refresh="/" {
            (wrong(&status))
            section { h2 { "Waits for you" } (requests(&waiting)) }
            section { h2 { "How it is" } (state(&status)) }
            section { h2 { "Last" } (records(&last)) p { a href="/activity" { "All activity" } } }
        }
    };
    page(&viewer, "/", "Home", inside).await
}

/// What a person should know first.
fn wrong(status: &StatusView) -> Markup {
    let mut problems = Vec::new();
    if let Some(stopped) = &status.stopped {
        problems.push(format!("Everything is stopped {stopped}. `keep resume` in your terminal ends it."));
    }
    if status.ledger == "mismatch" {
        problems.push("The audit log does not extend its checkpoint. `keep doctor` says more.".into());
    }
    if !status.rules_load {
        problems.push("The rules do not load, so everything is denied. `keep doctor` says why.".into());
    }
    if status.vault == "broken" {
        problems.push("The vault cannot be read. `keep doctor` says why.".into());
    }
    html! {
        @for problem in &problems { p class="wrong" role="alert" { (visible(problem)) } }
    }
}

fn state(status: &StatusView) -> Markup {
    html! {
        dl {
            dt { "Audit log" } dd { (badge(&status.ledger)) " " (status.records) " records" }
            dt { "Rules" } dd { (badge(if status.rules_load { "ok" } else { "fail" })) }
            dt { "Vault" } dd { (badge(&status.vault)) }
            dt { "Database" } dd { (status.database_bytes / 1024) " KiB" }
        }
    }
}

/// Requests as a list that leads to each.
pub(super) fn requests(waiting: &[ApprovalView]) -> Markup {
    html! {
        @if waiting.is_empty() { p class="empty" { "Nothing waits." } }
        ul class="cards" {
            @for one in waiting {
                li {
                    a href={ "/approvals/" (one.id) } { (visible(&one.summary)) }
                    p { (badge(&one.risk)) " " (one.requester) " in " (one.namespace) " · " (moment(&one.created)) }
                }
            }
        }
    }
}

/// Records as a table that leads to each.
pub(super) fn records(items: &[RecordView]) -> Markup {
    html! {
        @if items.is_empty() { p class="empty" { "Nothing here." } }
        @else {
            div class="scroll" { table {
                thead { tr { th { "No." } th { "When" } th { "Who" } th { "What" } th { "How it went" } th { "Where" } } }
                tbody {
                    @for one in items {
                        tr {
                            td { a href={ "/activity/" (one.seq) } { (one.seq) } }
                            td { (moment(&one.at)) }
                            td { (one.principal) }
                            td { (one.action) }
                            td { (badge(&one.phase)) }
                            td { (one.namespace) }
                        }
                    }
                }
            } }
        }
    }
}
