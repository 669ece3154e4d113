//! What ran, and what runs: as a timeline with a table, or as a tree.

use super::chart::{self, Dot};
use super::form::addressed;
use super::layout::page;
use super::page::Viewer;
use super::run_tree;
use super::words::{ago, badge, empty, many, toned, took, visible};
use crate::door::{Access, Door};
use crate::operations::{USUAL_PAGE, maybe};
use crate::problem::Problem;
use axum::extract::Query;
use axum::http::Method;
use axum::routing::get;
use keep_exec::{RunView, RunsWanted, Standing, State};
use keep_types::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

/// How deep the list goes.
const DEEPEST: usize = 1_000_000;

pub(super) fn door() -> Door {
    Door::new(Method::GET, "/runs", Access::Person, get(show))
}

/// What the address says.
#[derive(Default, Deserialize)]
struct Asked {
    /// `tree`, or the timeline.
    #[serde(default, rename = "as")]
    shape: String,
    /// `running`, `failed`, or any.
    #[serde(default)]
    state: String,
    #[serde(default)]
    who: String,
    #[serde(default)]
    after: usize,
}

impl Asked {
    fn is_tree(&self) -> bool {
        self.shape == "tree"
    }

    fn narrows(&self) -> bool {
        !self.who.trim().is_empty() || self.standing() != Standing::Any
    }

    fn standing(&self) -> Standing {
        match self.state.as_str() {
            "running" => Standing::Running,
            "failed" => Standing::Failed,
            _ => Standing::Any,
        }
    }

    fn wanted(&self) -> Result<RunsWanted, Problem> {
        let who = Some(self.who.trim()).filter(|who| !who.is_empty());
        Ok(RunsWanted {
            everywhere: true,
            standing: self.standing(),
            who: maybe("who", who)?,
            skip: self.after.min(DEEPEST),
            most: USUAL_PAGE + 1,
            ..RunsWanted::default()
        })
    }

    /// The address of the same list, in this shape and from there on.
    fn address(&self, shape: &str, after: usize) -> String {
        let after = if after > 0 { after.to_string() } else { String::new() };
        addressed("/runs", &[("as", shape), ("state", &self.state), ("who", &self.who), ("after", &after)])
    }
}

async fn show(Query(asked): Query<Asked>, viewer: Viewer) -> Result<Markup, Problem> {
    let wanted = asked.wanted()?;
    let skipped = wanted.skip;
    let mut runs = viewer.house.app.exec().runs_wanted(&viewer.caller, wanted).await?;
    let more = runs.len() > USUAL_PAGE;
    runs.truncate(USUAL_PAGE);
    let running = runs.iter().filter(|run| run.state == State::Running).count();
    let now = viewer.house.app.now();
    let here = asked.address(&asked.shape, skipped);
    let inside = html! {
        div class="split" {
            h1 { "Runs" }
            nav class="tabs" aria-label="How runs are shown" {
                a href=(asked.address("", 0)) aria-current=[(!asked.is_tree()).then_some("page")] { "Timeline" }
                a href=(asked.address("tree", 0)) aria-current=[asked.is_tree().then_some("page")] { "Tree" }
            }
        }
        p class="lead" { "Commands that were run through Keep: judged first, confined while they ran, and on record with what they said." }
        (filter(&asked))
        div id="live" data-refresh=[(skipped == 0).then_some(here)] {
            @if runs.is_empty() { (nothing(&asked)) }
            @else {
                @if running > 0 { p { span class="live-dot" {} (many(running, "run is", "runs are")) " going on." } }
                @if asked.is_tree() { (run_tree::tree(&runs, now)) }
                @else {
                    div class="panel" { (chart::lanes("When each of the runs below ran", &dots(&runs, now))) }
                    (table(&runs, now))
                }
            }
        }
        @if more || skipped > 0 {
            div class="pager" {
                @if skipped > 0 { a class="button quiet" href=(asked.address(&asked.shape, skipped.saturating_sub(USUAL_PAGE))) { "Newer" } } @else { span {} }
                @if more { a class="button quiet" href=(asked.address(&asked.shape, skipped + USUAL_PAGE)) { "Older" } }
            }
        }
    };
    page(&viewer, "/runs", "Runs", inside).await
}

fn nothing(asked: &Asked) -> Markup {
    if asked.narrows() {
        return empty("Nothing fits.", &html! { a href="/runs" { "Show every run" } });
    }
    empty(
        "Nothing has run yet.",
        &html! { code { "keep exec -- make test" } " in your terminal runs something, confined to its project." },
    )
}

fn filter(asked: &Asked) -> Markup {
    html! {
        form method="get" action="/runs" class="filter" role="search" {
            @if asked.is_tree() { input type="hidden" name="as" value="tree"; }
            div class="field" { label for="who" { "Who" } input id="who" name="who" value=(asked.who) placeholder="agent:claude"; }
            div class="field" {
                label for="state" { "How it went" }
                select id="state" name="state" {
                    option value="" { "any way" }
                    option value="running" selected[asked.standing() == Standing::Running] { "still running" }
                    option value="failed" selected[asked.standing() == Standing::Failed] { "failed" }
                }
            }
            button { "Show" }
        }
    }
}

fn table(runs: &[RunView], now: Timestamp) -> Markup {
    html! {
        div class="scroll" tabindex="0" { table {
            thead { tr { th { "How it ended" } th { "Command" } th { "Who" } th { "Started" } th class="num" { "Took" } } }
            tbody {
                @for run in runs {
                    tr {
                        td { (ended(run)) }
                        td class="wide" {
                            a href={ "/runs/" (run.id.to_string()) } { code { (visible(&first_line(&run.command))) } }
                            @if let Some(earlier) = &run.repeats { p { a href={ "/runs/" (earlier.to_string()) } { "an earlier run again" } } }
                        }
                        td { (run.principal.to_string()) p { (run.namespace.to_string()) } }
                        td { (ago(&run.started.to_string(), now)) }
                        td class="num" { (took(lasted(run, now))) }
                    }
                }
            }
        } }
    }
}

pub(super) fn first_line(command: &str) -> String {
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
