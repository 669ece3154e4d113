//! What ran, and what runs.

use super::chart::{self, Dot};
use super::layout::page;
use super::page::Viewer;
use super::words::{ago, badge, empty, many, toned, took, visible};
use crate::door::{Access, Door};
use crate::operations::USUAL_PAGE;
use crate::problem::Problem;
use axum::extract::Query;
use axum::http::Method;
use axum::routing::get;
use keep_exec::{RunView, State};
use keep_types::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

/// How deep the list goes.
const DEEPEST: usize = 10_000;

pub(super) fn door() -> Door {
    Door::new(Method::GET, "/runs", Access::Person, get(show))
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    after: usize,
}

async fn show(Query(asked): Query<Asked>, viewer: Viewer) -> Result<Markup, Problem> {
    let skipped = asked.after.min(DEEPEST);
    let all = viewer.house.app.exec().runs(&viewer.caller, true, skipped + USUAL_PAGE + 1).await?;
    let more = all.len() > skipped + USUAL_PAGE;
    let runs: Vec<RunView> = all.into_iter().skip(skipped).take(USUAL_PAGE).collect();
    let running = runs.iter().filter(|run| run.state == State::Running).count();
    let now = viewer.house.app.now();
    let inside = html! {
        h1 { "Runs" }
        p class="lead" { "Commands that were run through Keep: judged first, confined while they ran, and on record with what they said." }
        div id="live" data-refresh=[(skipped == 0).then_some("/runs")] {
            @if runs.is_empty() {
                (empty("Nothing has run yet.", &html! { code { "keep exec -- make test" } " in your terminal runs something, confined to its project." }))
            } @else {
                @if running > 0 { p { span class="live-dot" {} (many(running, "run is", "runs are")) " going on." } }
                div class="panel" { (chart::lanes("When each of the runs below ran", &dots(&runs, now))) }
                (table(&runs, now))
            }
        }
        @if more || skipped > 0 {
            div class="pager" {
                @if skipped > 0 { a class="button quiet" href={ "/runs?after=" (skipped.saturating_sub(USUAL_PAGE)) } { "Newer" } } @else { span {} }
                @if more { a class="button quiet" href={ "/runs?after=" (skipped + USUAL_PAGE) } { "Older" } }
            }
        }
    };
    page(&viewer, "/runs", "Runs", inside).await
}

fn table(runs: &[RunView], now: Timestamp) -> Markup {
    html! {
        div class="scroll" tabindex="0" { table {
            thead { tr { th { "How it ended" } th { "Command" } th { "Who" } th { "Started" } th class="num" { "Took" } } }
            tbody {
                @for run in runs {
                    tr {
                        td { (ended(run)) }
                        td class="wide" { a href={ "/runs/" (run.id.to_string()) } { code { (visible(&first_line(&run.command))) } } }
                        td { (run.principal.to_string()) p { (run.namespace.to_string()) } }
                        td { (ago(&run.started.to_string(), now)) }
                        td class="num" { (took(lasted(run, now))) }
                    }
                }
            }
        } }
    }
}

fn first_line(command: &str) -> String {
    let line = command.lines().next().unwrap_or_default();
    if line.chars().count() > 90 || line.len() < command.trim_end().len() {
        line.chars().take(89).chain(['…']).collect()
    } else {
        line.to_owned()
    }
}

/// How long it took, or takes so far.
pub(super) fn lasted(run: &RunView, now: Timestamp) -> u64 {
    let end = run.ended.unwrap_or(now);
    u64::try_from(end.ms() - run.started.ms()).unwrap_or(0)
}

/// How it ended, as a badge.
pub(super) fn ended(run: &RunView) -> Markup {
    let by = run.ended_by.as_deref().filter(|by| *by != "itself");
    match (run.state, run.code, run.signal, by) {
        (State::Running, ..) => html! { span class="badge good" { span class="live-dot" {} "running" } },
        (State::Ended, _, _, Some("request")) => toned("mind", "stopped"),
        (State::Ended, _, _, Some(by)) => toned("bad", &format!("ended by its limit: {by}")),
        (State::Ended, Some(0), _, _) => toned("good", "good"),
        (State::Ended, Some(code), _, _) => toned("bad", &format!("status {code}")),
        (State::Ended, None, signal, _) => toned("bad", &format!("signal {}", signal.unwrap_or_default())),
        (state, ..) => badge(state.as_str()),
    }
}

fn tone_of(run: &RunView) -> &'static str {
    match (run.state, run.code) {
        (State::Running, _) => "mind",
        (State::Ended, Some(0)) => "good",
        _ => "bad",
    }
}

fn dots(runs: &[RunView], now: Timestamp) -> Vec<Dot> {
    let dot = |run: &RunView| Dot {
        lane: run.principal.to_string(),
        from: run.started.ms(),
        to: run.ended.unwrap_or(now).ms(),
        tone: tone_of(run),
        title: first_line(&run.command),
        href: format!("/runs/{}", run.id),
    };
    runs.iter().rev().map(dot).collect()
}
