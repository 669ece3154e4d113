//! The audit log: what was done, by whom, and the proof of it.

use super::home::records;
use super::layout::page;
use super::page::Viewer;
use super::words::{badge, json, moment};
use crate::door::{Access, Door};
use crate::operations::audit;
use crate::problem::Problem;
use axum::extract::{Path, Query};
use axum::http::{Method, StatusCode};
use axum::routing::get;
use keep_app::words::Filter;
use keep_gate::AuditFilter;
use keep_types::ErrorKind;
use maud::{Markup, html};
use serde::Deserialize;

pub(super) fn door() -> Door {
    Door::new(Method::GET, "/activity", Access::Person, get(show))
}

pub(super) fn record_door() -> Door {
    Door::new(Method::GET, "/activity/{seq}", Access::Person, get(record))
}

/// What the filter's fields say; a field left empty does not narrow.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    principal: String,
    #[serde(default)]
    action: String,
    after: Option<u64>,
}

async fn show(Query(asked): Query<Asked>, viewer: Viewer) -> Result<Markup, Problem> {
    let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let which = audit::Which {
        principal: given(&asked.principal),
        action: given(&asked.action),
        after: asked.after,
        ..audit::Which::default()
    };
    let found = audit::query(&viewer.house, &viewer.caller, which).await?;
    let inside = html! {
        form method="get" action="/activity" class="filter" {
            label for="principal" { "Who" }
            input id="principal" name="principal" value=(asked.principal) placeholder="agent:claude";
            label for="action" { "What" }
            input id="action" name="action" value=(asked.action) placeholder="memory";
            button { "Show" }
        }
        (records(&found.items))
        @if let Some(next) = found.next {
            form method="get" action="/activity" {
                input type="hidden" name="principal" value=(asked.principal);
                input type="hidden" name="action" value=(asked.action);
                button name="after" value=(next) class="quiet" { "Older" }
            }
        }
    };
    page(&viewer, "/activity", "Activity", inside).await
}

async fn record(Path(seq): Path<u64>, viewer: Viewer) -> Result<Markup, Problem> {
    let filter = Filter {
        after: seq.checked_sub(1),
        before_seq: Some(seq.saturating_add(1)),
        limit: Some(1),
        ..Filter::default()
    };
    let found = viewer.house.app.gate().audit_log(&viewer.caller, AuditFilter(filter)).await?;
    let Some(entry) = found.into_iter().find(|entry| entry.seq.0 == seq) else {
        let why = format!("there is no record {seq}");
        return Err(Problem::new(StatusCode::NOT_FOUND, ErrorKind::NotFound, why));
    };
    let one = crate::view::RecordView::from(entry);
    let proof = audit::prove(&viewer.house, &viewer.caller, seq).await?;
    let inside = html! {
        dl {
            dt { "What" } dd { (one.action) " " (badge(&one.phase)) }
            dt { "Who" } dd { (one.principal) }
            dt { "Where" } dd { (one.namespace) }
            dt { "When" } dd { (moment(&one.at)) }
            @if let Some(other) = one.refers_to { dt { "Belongs to" } dd { a href={ "/activity/" (other) } { (other) } } }
            dt { "Leaf" } dd { code { (one.leaf) } }
        }
        h2 { "Detail" }
        @match &one.detail {
            Some(detail) => (json(detail)),
            None if one.erased => p { "It was erased; the record and its proof stay." },
            None => p { "It has none." },
        }
        h2 { "Proof" }
        p { "This record is leaf " (proof.seq) " of a tree of " (proof.size) ", whose head is signed:" }
        pre { (proof.head) }
        details {
            summary { "The hashes from the leaf to the root" }
            ol { @for hash in &proof.path { li { code { (hash) } } } }
            p { "Root: " code { (proof.root) } }
        }
        p { "Check it in your terminal: " code { "keep audit prove " (proof.seq) } }
    };
    page(&viewer, "/activity", &format!("Record {seq}"), inside).await
}
