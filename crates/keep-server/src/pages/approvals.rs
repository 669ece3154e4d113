//! The requests that wait, and what became of earlier ones.

use super::home::requests;
use super::layout::page;
use super::page::Viewer;
use super::words::{ago, badge, empty, visible};
use crate::door::{Access, Door};
use crate::operations::approvals;
use crate::problem::Problem;
use axum::http::Method;
use axum::routing::get;
use maud::{Markup, html};

/// Earlier requests that are shown.
const EARLIER: usize = 50;

pub(super) fn doors() -> [Door; 1] {
    [Door::new(Method::GET, "/approvals", Access::Person, get(show))]
}

async fn show(viewer: Viewer) -> Result<Markup, Problem> {
    let all = approvals::list(&viewer.house, &viewer.caller, approvals::Which { all: true }).await?.items;
    let (waiting, mut earlier): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.state == "waiting");
    earlier.sort_by(|a, b| b.created.cmp(&a.created));
    earlier.truncate(EARLIER);
    let now = viewer.house.app.now();
    let inside = html! {
        h1 { "Approvals" }
        p class="lead" { "What an agent may not do unasked waits here until you say yes or no. A yes is good for exactly what was asked, once." }
        div id="live" data-refresh="/approvals" {
            @if waiting.is_empty() {
                (empty("Nothing waits for you.", &html! { "When an agent asks for something, it shows here by itself." }))
            } @else { (requests(&waiting, now)) }
            @if !earlier.is_empty() {
                h2 { "Earlier" }
                div class="scroll" tabindex="0" { table {
                    thead { tr { th { "Answer" } th { "Asked" } th { "Who" } th { "What" } th { "Answered by" } } }
                    tbody {
                        @for one in &earlier {
                            tr {
                                td { (badge(&one.state)) }
                                td { (ago(&one.created, now)) }
                                td { (one.requester) }
                                td class="wide" { a href={ "/approvals/" (one.id) } { (visible(&one.summary)) } }
                                td { (one.answered_by.as_deref().unwrap_or("nobody")) }
                            }
                        }
                    }
                } }
            }
        }
    };
    page(&viewer, "/approvals", "Approvals", inside).await
}
