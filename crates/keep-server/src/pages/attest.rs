//! The promises of SECURITY.md, and checking them here and now.

use super::form::Sent;
use super::layout::page;
use super::page::Viewer;
use super::words::{badge, visible};
use crate::door::{Access, Door};
use crate::problem::Problem;
use axum::http::Method;
use axum::routing::{get, post};
use keep_app::Attested;
use keep_types::Verdict;
use maud::{Markup, html};
use serde::Deserialize;

pub(super) fn doors() -> [Door; 2] {
    [
        Door::new(Method::GET, "/attest", Access::Person, get(show)),
        Door::new(Method::POST, "/attest", Access::Person, post(run)),
    ]
}

async fn show(viewer: Viewer) -> Result<Markup, Problem> {
    let promises = keep_app::probes();
    let inside = html! {
        (button(&viewer))
        div class="scroll" { table {
            thead { tr { th { "Promise" } th { "What" } th { "Against" } } }
            tbody {
                @for probe in &promises {
                    tr { td { (probe.promise.id) } td { (probe.promise.claim) } td { (against(&probe.promise)) } }
                }
            }
        } }
    };
    page(&viewer, "/attest", "Attest", inside).await
}

#[derive(Deserialize)]
struct NoFields {}

async fn run(Sent { viewer, fields: NoFields {} }: Sent<NoFields>) -> Result<Markup, Problem> {
    let house = viewer.house.clone();
    // Each probe opens the installation as any program could, and reads a good part of it.
    let checked = tokio::task::spawn_blocking(move || keep_app::attest(house.app.at(), |_| {})).await;
    let checked = checked.map_err(|error| Problem::internal(format!("checking the promises: {error}")))?;
    let inside = html! {
        (button(&viewer))
        div class="scroll" { table {
            thead { tr { th { "Promise" } th { "Holds" } th { "What" } } }
            tbody { @for one in &checked { (row(one)) } }
        } }
    };
    page(&viewer, "/attest", "Attest", inside).await
}

fn button(viewer: &Viewer) -> Markup {
    html! {
        form method="post" action="/attest" {
            input type="hidden" name="form_key" value=(viewer.form_key);
            button { "Check every promise now" }
        }
    }
}

fn row(one: &Attested) -> Markup {
    let (word, why) = match &one.verdict {
        Verdict::Pass => ("pass", None),
        Verdict::Fail(why) => ("fail", Some(why)),
        Verdict::NotApplicable(why) => ("not here", Some(why)),
    };
    html! {
        tr {
            td { (one.promise.id) }
            td { (badge(word)) }
            td { (one.promise.claim) @if let Some(why) = why { p { (visible(why)) } } }
        }
    }
}

fn against(promise: &keep_types::Promise) -> String {
    serde_json::to_value(promise.against)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default()
}
