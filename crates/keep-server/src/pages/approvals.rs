//! The requests that wait, and what became of earlier ones.

use super::home::requests;
use super::layout::page;
use super::page::Viewer;
use super::words::{badge, moment, visible};
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
    let inside = html! {
        div id="live" data-refresh="/approvals" {
            (requests(&waiting))
            @if !earlier.is_empty() {
                h2 { "Earlier" }
                div class="scroll" { table {
                    thead { tr { th { "State" } th { "Asked" } th { "Who" } th { "What" } } }
                    tbody {
                        @for one in &earlier {
                            tr {
                                td { (badge(&one.state)) }
                                td { (moment(&one.created)) }
                                td { (one.requester) }
                                td { a href={ "/approvals/" (one.id) } { (visible(&one.summary)) } }
                            }
                        }
                    }
                } }
            }
        }
    };
    page(&viewer, "/approvals", "Approvals", inside).await
}
