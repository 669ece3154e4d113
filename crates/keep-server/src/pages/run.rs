//! One run: what was asked, what confined it, what it said; live while it runs.

use super::form::{NoFields, Sent};
use super::layout::page;
use super::line_tree;
use super::output::{self, Cut, readable};
use super::page::Viewer;
use super::processes;
use super::runs::{ended, lasted};
use super::words::{self, ago, badge, json, moment, size, took, visible};
use crate::door::{Access, Door};
use crate::guard::{Counted, Shown};
use crate::operations::again;
use crate::problem::Problem;
use axum::Extension;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use futures_util::stream;
use keep_exec::{Copy, RunView, RunsWanted, State};
use keep_types::{ErrorKind, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;
use std::convert::Infallible;
use std::time::Duration;

/// How soon what a run says shows: faster than anybody reads.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// Of the runs that repeat one, so many are named on its page.
const REPETITIONS: usize = 20;

pub(super) fn doors() -> [Door; 5] {
    [
        Door::new(Method::GET, "/runs/{id}", Access::Person, get(show)),
        Door::new(Method::GET, "/runs/{id}/live", Access::Person, get(live)),
        Door::new(Method::GET, "/runs/{id}/processes", Access::Person, get(running)),
        Door::new(Method::POST, "/runs/{id}/cancel", Access::Person, post(cancel)),
        Door::new(Method::POST, "/runs/{id}/again", Access::Person, post(again)),
    ]
}

async fn show(Path(id): Path<String>, viewer: Viewer) -> Result<Markup, Problem> {
    let run = viewer.house.app.exec().look(&viewer.caller, &id).await?;
    let again =
        RunsWanted { everywhere: true, repeats: Some(run.id), most: REPETITIONS, ..RunsWanted::default() };
    let again = viewer.house.app.exec().runs_wanted(&viewer.caller, again).await?;
    let now = viewer.house.app.now();
    let inside = html! {
        p class="crumb" { a href="/runs" { "Runs" } }
        div class="split" { h1 { "Run" } span { (ended(&run)) } }
        pre class="command plain" { (visible(&run.command)) }
        div class="buttons" { (buttons(&viewer, &run)) }
        @if let Some(why) = &run.why { div class="notice bad" role="status" { (visible(why)) } }
        @if run.state == State::Running { (so_far(&viewer, &run).await?) (processes(&viewer, &run.id.to_string()).await?) }
        @else { (said("What it said", &run.output)) (said("What it said of errors", &run.errors)) }
        (facts(&run, &again, now))
        (judged(&run))
    };
    page(&viewer, "/runs", "Run", inside).await
}

fn buttons(viewer: &Viewer, run: &RunView) -> Markup {
    let key = || html! { input type="hidden" name="form_key" value=(viewer.form_key); };
    html! {
        @if run.state == State::Running {
            form method="post" action={ "/runs/" (run.id.to_string()) "/cancel" } { (key()) button class="deny" { "Stop it" } }
        } @else {
            form method="post" action={ "/runs/" (run.id.to_string()) "/again" } { (key()) button class="quiet" { "Run again" } }
        }
    }
}

/// What it has said so far. With the script, what follows is added as it comes; without it, the page is as new as
/// its last loading.
async fn so_far(viewer: &Viewer, run: &RunView) -> Result<Markup, Problem> {
    let id = run.id.to_string();
    let heard = again::heard(&viewer.house, &viewer.caller, &id, 0).await?;
    let withheld = heard.as_ref().is_some_and(|heard| heard.withheld);
    let (text, next) = heard.as_ref().map(output::heard).unwrap_or_default();
    Ok(html! {
        h2 { "What it says" }
        @if withheld {
            div class="notice mind" id="withheld" role="status" {
                strong { "What it says is withheld while the vault is locked" }
                p { "Values of secrets could not be told in it, so only whoever started it sees it. " code { "keep unlock" } " in your terminal brings it here, from its beginning." }
            }
        }
        pre class="output" id="output" tabindex="0" aria-label="Output" data-live={ "/runs/" (id) "/live?from=" (next) } { (text) }
        p class="meta" id="following" { a href={ "/runs/" (id) } { "Look again" } }
    })
}

fn said(title: &str, copy: &Copy) -> Markup {
    html! {
        @if copy.bytes > 0 {
            h2 { (title) }
            @let Cut { shown, earlier } = Cut::of(&readable(&copy.kept));
            @if let Some(earlier) = earlier {
                details { summary { "What came before" } pre class="output" tabindex="0" aria-label="Earlier output" { (earlier) } }
            }
            pre class="output" tabindex="0" aria-label=(title) { (shown) }
            p class="meta" { (size(copy.bytes)) " in all" @if let Some(digest) = &copy.digest { span { "SHA-256 " code { (digest.short()) } } } }
        }
    }
}

async fn processes(viewer: &Viewer, id: &str) -> Result<Markup, Problem> {
    let found = viewer.house.app.exec().processes(&viewer.caller, id).await?;
    Ok(processes::section(id, found.as_ref()))
}

/// The same alone, for a page that is there already.
async fn running(Path(id): Path<String>, viewer: Viewer) -> Result<Markup, Problem> {
    processes(&viewer, &id).await
}

fn facts(run: &RunView, again: &[RunView], now: Timestamp) -> Markup {
    let processor = run.user_us.zip(run.system_us).map(|(user, system)| (user + system) / 1_000);
    html! {
        h2 { "About this run" }
        div class="panel" { dl {
            dt { "Who" } dd { (run.principal.to_string()) " in " (run.namespace.to_string()) }
            dt { "Folder" } dd { code { (visible(&run.folder)) } }
            dt { "Started" } dd { (moment(&run.started.to_string())) ", " (ago(&run.started.to_string(), now)) }
            dt { @if run.state == State::Running { "Runs for" } @else { "Took" } } dd { (took(lasted(run, now))) @if let Some(ms) = processor { ", " (took(ms)) " of a processor" } }
            @if let Some(bytes) = run.largest_bytes { dt { "Memory" } dd { (size(bytes)) " in its largest process" } }
            dt { "Let through by" } dd { code { (run.rule) } @if run.decision == "ask" { ", a person was asked" } @else { ", nobody was asked" } }
            dt { "Confined" } dd { "profile " strong { (run.profile) } " by " (run.tier) }
            @if let Some(earlier) = &run.repeats { dt { "Repeats" } dd { a href={ "/runs/" (earlier.to_string()) } { "an earlier run" } } }
            @if !again.is_empty() {
                dt { "Run again" }
                dd { @for one in again { a href={ "/runs/" (one.id.to_string()) } { (ago(&one.started.to_string(), now)) } " " (ended(one)) " " } }
            }
            @for (name, variable) in &run.secrets { dt { "Secret" } dd { code { (name) } " in " code { (variable) } } }
            @if let Some(tried) = &run.tried { dt { "Changes" } dd { (badge(tried)) } }
            @if let Some(seq) = run.seq { dt { "On record" } dd { a href={ "/activity/" (seq) } { "record " (seq) } } }
            dt { "Number" } dd { code { (run.id.to_string()) } }
        } }
    }
}

/// What was seen in it beforehand, and what it was allowed to do.
fn judged(run: &RunView) -> Markup {
    // What a single command is said to do stands with it below.
    let each = line_tree::texts(&run.analysis);
    let reasons = words::reasons(&run.analysis).into_iter().filter(|(_, text)| !each.contains(text));
    html! {
        h2 { "What was seen in it beforehand" }
        ul class="touches panel" {
            li { (badge(&run.risk)) "in all" }
            @for (risk, text) in reasons { li { (badge(risk)) span { (visible(text)) } } }
        }
        h3 { "What it runs" }
        @match line_tree::tree(&run.analysis) {
            Some(tree) => (tree),
            None if run.analysis.get("withheld").is_some() => p { "It is withheld: the vault was locked, so values of secrets could not be told in it." },
            None => p { "It runs nothing." },
        }
        details { summary { "All of the analysis, and the confinement" } (json(&run.analysis)) }
    }
}

#[derive(Default, Deserialize)]
struct From {
    #[serde(default)]
    from: u64,
}

/// What it says from there on, as it comes.
async fn live(
    Path(id): Path<String>,
    Query(From { from }): Query<From>,
    headers: HeaderMap,
    Extension(shown): Extension<Shown>,
    viewer: Viewer,
) -> Result<Response, Problem> {
    // A browser that lost the connection says how far it was.
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let from = seen.unwrap_or(from);
    let Viewer { house, caller, .. } = viewer;
    let Some(held) = house.limits.hold(&caller.principal, Counted::Stream, house.app.now()) else {
        house.counts.over_limit();
        let why = format!("{} has too many streams open", caller.principal);
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, ErrorKind::Unavailable, why));
    };
    let alive = KeepAlive::new().interval(house.heartbeat());
    let begun = Some((house, caller, id, from, (held, shown)));
    let events = stream::unfold(begun, |state| async {
        let (house, caller, id, from, (held, shown)) = state?;
        loop {
            // Who signed out, or was left alone for too long, sees no more of it.
            if !shown.is_good(&house).await {
                return None;
            }
            let (text, next) = match again::heard(&house, &caller, &id, from).await {
                Ok(Some(heard)) => output::heard(&heard),
                // Its end is told once; the page then shows the run as it is on record.
                Ok(None) | Err(_) => {
                    return Some((
                        Ok::<_, Infallible>(Event::default().event("over").data("it has ended")),
                        None,
                    ));
                }
            };
            if next > from {
                let event = Event::default().event("said").id(next.to_string()).data(text);
                return Some((Ok(event), Some((house, caller, id, next, (held, shown)))));
            }
            tokio::select! {
                () = house.ending.cancelled() => return None,
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    });
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

async fn cancel(
    Path(id): Path<String>,
    Sent { viewer, fields: NoFields {} }: Sent<NoFields>,
) -> Result<Redirect, Problem> {
    let run = viewer.house.app.exec().cancel(&viewer.caller, &id).await?;
    Ok(Redirect::to(&format!("/runs/{}", run.id)))
}

async fn again(
    Path(id): Path<String>,
    Sent { viewer, fields: NoFields {} }: Sent<NoFields>,
) -> Result<Redirect, Problem> {
    let begun = again::again(&viewer.house, &viewer.caller, &id).await?;
    Ok(Redirect::to(&format!("/runs/{begun}")))
}
