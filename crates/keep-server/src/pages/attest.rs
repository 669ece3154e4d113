//! The promises of SECURITY.md, and checking them here and now.

use super::form::{NoFields, Sent};
use super::layout::page;
use super::page::Viewer;
use super::words::{badge, empty, many, visible};
use crate::door::{Access, Door};
use crate::problem::Problem;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use keep_app::Attested;
use keep_types::{ErrorKind, Probe, Promise, Verdict};
use maud::{Markup, html};

pub(super) fn doors() -> [Door; 3] {
    [
        Door::new(Method::GET, "/attest", Access::Person, get(show)),
        Door::new(Method::POST, "/attest", Access::Person, post(run)),
        Door::new(Method::POST, "/attest/{id}", Access::Person, post(run_one)),
    ]
}

/// Every promise: those of the house and its engines, and those of the server.
fn probes() -> Vec<Probe> {
    let mut all = keep_app::probes();
    all.extend(crate::probes());
    all
}

async fn show(viewer: Viewer) -> Result<Markup, Problem> {
    let probes = probes();
    let rows = probes.iter().map(|probe| row(&probe.promise, None));
    list(&viewer, rows.collect(), html! {}).await
}

async fn list(viewer: &Viewer, rows: Vec<Markup>, above: Markup) -> Result<Markup, Problem> {
    let inside = html! {
        h1 { "Attest" }
        p class="lead" { "What Keep promises, each with a program that checks it on this installation. " code { "keep attest --self-test" } " in your terminal checks the checks." }
        (above)
        // With the script, one promise after another, each as it is checked.
        form method="post" action="/attest" id="attest" {
            input type="hidden" name="form_key" value=(viewer.form_key);
            button { "Check every promise now" }
            " " span class="meta" id="checked" role="status" {}
        }
        @if rows.is_empty() { (empty("Nothing is promised.", &html! { "That cannot be." })) }
        @else {
            h2 { "Promises" }
            div class="scroll" tabindex="0" { table {
                thead { tr { th { "Promise" } th { "Holds" } th { "What" } th { "Against" } } }
                tbody { @for row in &rows { (row) } }
            } }
        }
    };
    page(viewer, "/attest", "Attest", inside).await
}

async fn run(Sent { viewer, fields: NoFields {} }: Sent<NoFields>) -> Result<Markup, Problem> {
    let checked = checked(&viewer, probes()).await?;
    let broken = checked.iter().filter(|one| matches!(one.verdict, Verdict::Fail(_))).count();
    let above = html! {
        @if broken == 0 { div class="notice good" role="status" { strong { "Every promise that can be checked here holds." } } }
        @else { div class="notice bad" role="alert" { strong { (many(broken, "promise is", "promises are")) " broken." } p { "Stop what runs, and look: " code { "keep stop" } ", " code { "keep doctor" } "." } } }
    };
    let rows = checked.iter().map(|one| row(&one.promise, Some(&one.verdict)));
    list(&viewer, rows.collect(), above).await
}

/// One row, for the script.
async fn run_one(
    Path(id): Path<String>,
    Sent { viewer, fields: NoFields {} }: Sent<NoFields>,
) -> Result<Markup, Problem> {
    let wanted: Vec<Probe> = probes().into_iter().filter(|probe| probe.promise.id == id).collect();
    let checked = checked(&viewer, wanted).await?;
    let Some(one) = checked.first() else {
        return Err(Problem::new(StatusCode::NOT_FOUND, ErrorKind::NotFound, "there is no such promise"));
    };
    // A row alone is no document; the frame of a table keeps it one for whoever reads it.
    Ok(html! { table { tbody { (row(&one.promise, Some(&one.verdict))) } } })
}

async fn checked(viewer: &Viewer, probes: Vec<Probe>) -> Result<Vec<Attested>, Problem> {
    let house = viewer.house.clone();
    // Each probe opens the installation as any program could, and reads a good part of it.
    let checked = tokio::task::spawn_blocking(move || keep_app::attest(&probes, house.app.at(), |_| {}));
    checked.await.map_err(|error| Problem::internal(format!("checking promises: {error}")))
}

fn row(promise: &Promise, verdict: Option<&Verdict>) -> Markup {
    let (word, why) = match verdict {
        None => ("", None),
        Some(Verdict::Pass) => ("holds", None),
        Some(Verdict::Fail(why)) => ("broken", Some(why)),
        Some(Verdict::NotApplicable(why)) => ("not here", Some(why)),
    };
    html! {
        tr id={ "promise-" (promise.id) } data-check={ "/attest/" (promise.id) } {
            td { code { (promise.id) } }
            td { @if word.is_empty() { "–" } @else { (badge(word)) } }
            td class="wide" { (promise.claim) @if let Some(why) = why { p { (visible(why)) } } }
            td { (against(promise)) }
        }
    }
}

fn against(promise: &Promise) -> String {
    let word = serde_json::to_value(promise.against).ok();
    word.as_ref().and_then(|word| word.as_str()).unwrap_or_default().replace('-', " ")
}
