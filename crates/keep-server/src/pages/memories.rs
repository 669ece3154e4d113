//! Searching memories, with what each score is made of.

use super::layout::page;
use super::page::Viewer;
use super::words::{ago, badge, empty, many, visible};
use crate::door::{Access, Door};
use crate::operations::USUAL_PAGE;
use crate::problem::Problem;
use crate::view::{LegView, MemoryView};
use axum::extract::Query;
use axum::http::Method;
use axum::routing::get;
use keep_memory::{Asked, RELEVANT, Where};
use keep_types::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

/// Answers that a page shows.
const ANSWERS: usize = 20;
/// How deep the list goes: who looks for more searches for it.
const DEEPEST: usize = 10_000;

pub(super) fn door() -> Door {
    Door::new(Method::GET, "/memories", Access::Person, get(show))
}

#[derive(Default, Deserialize)]
struct Searched {
    #[serde(default)]
    q: String,
    #[serde(default)]
    quarantined: bool,
    #[serde(default)]
    after: usize,
}

async fn show(Query(asked): Query<Searched>, viewer: Viewer) -> Result<Markup, Problem> {
    let found = if asked.q.trim().is_empty() {
        newest(&viewer, &asked).await?
    } else {
        answers(&viewer, &asked.q).await?
    };
    let inside = html! {
        h1 { "Memories" }
        p class="lead" { "What people and agents wrote down to find again. Ask as you would ask a colleague." }
        form method="get" action="/memories" class="filter" role="search" {
            div class="field grow" {
                label for="q" { "Search" }
                input id="q" name="q" type="search" value=(asked.q) placeholder="which database did we choose, and why?"
                    hx-get="/memories" hx-trigger="input changed delay:250ms, search" hx-select="#found"
                    hx-target="#found" hx-swap="outerHTML" hx-push-url="true";
            }
            button { "Search" }
        }
        div id="found" {
            nav class="tabs" aria-label="Which memories" {
                a href="/memories" aria-current=[(!asked.quarantined && asked.q.is_empty()).then_some("page")] { "Newest" }
                a href="/memories?quarantined=true" aria-current=[asked.quarantined.then_some("page")] { "In quarantine" }
            }
            (found)
        }
    };
    page(&viewer, "/memories", "Memories", inside).await
}

async fn newest(viewer: &Viewer, asked: &Searched) -> Result<Markup, Problem> {
    let skipped = asked.after.min(DEEPEST);
    let wanted = keep_memory::Wanted {
        place: Where::Everywhere,
        quarantined: asked.quarantined,
        most: skipped + USUAL_PAGE + 1,
        ..keep_memory::Wanted::default()
    };
    let all = viewer.house.app.memories()?.list(&viewer.caller, &wanted).await?;
    let more = all.len() > skipped + USUAL_PAGE;
    let found: Vec<MemoryView> = all.into_iter().skip(skipped).take(USUAL_PAGE).map(Into::into).collect();
    let now = viewer.house.app.now();
    let which = if asked.quarantined { "quarantined=true&" } else { "" };
    Ok(html! {
        @if found.is_empty() {
            @if asked.quarantined {
                (empty("Nothing is in quarantine.", &html! { "What reads like orders to an agent, or comes from nowhere known, waits here before anything recalls it." }))
            } @else {
                (empty("Nothing is remembered yet.", &html! { code { "keep remember \"we chose Postgres\"" } " in your terminal writes the first one." }))
            }
        }
        ul class="cards" { @for one in &found { li { (card(one, now)) } } }
        @if more || skipped > 0 {
            div class="pager" {
                @if skipped > 0 { a class="button quiet" href={ "/memories?" (which) "after=" (skipped.saturating_sub(USUAL_PAGE)) } { "Newer" } } @else { span {} }
                @if more { a class="button quiet" href={ "/memories?" (which) "after=" (skipped + USUAL_PAGE) } { "Older" } }
            }
        }
    })
}

async fn answers(viewer: &Viewer, question: &str) -> Result<Markup, Problem> {
    let asked = Asked {
        question: question.to_owned(),
        place: Where::Everywhere,
        most: ANSWERS,
        even_weak: true,
        only_looks: true,
        ..Asked::default()
    };
    let recalled = viewer.house.app.memories()?.recall(&viewer.caller, asked).await?;
    let found = crate::view::RecallView::from(recalled);
    let now = viewer.house.app.now();
    Ok(html! {
        p role="status" { (verdict(found.confidence, found.found.len())) }
        ul class="cards" {
            @for one in &found.found {
                li {
                    (card(&one.memory, now))
                    details { summary { "Why it was found" } (score(one.score, &one.because)) }
                }
            }
        }
    })
}

/// How likely it is that one of these is an answer, as a person would say it.
fn verdict(confidence: f32, found: usize) -> Markup {
    if found == 0 {
        return html! { "Nothing that is remembered has to do with that." };
    }
    let shown = many(found, "memory", "memories");
    if confidence < RELEVANT {
        return html! { "Probably nobody wrote an answer to that down. The closest " (shown) ", in case one helps:" };
    }
    let likely = match confidence {
        0.75.. => "The answer is very likely here",
        0.5.. => "The answer is probably here",
        _ => "One of these may be the answer",
    };
    html! { (likely) ": " (shown) ", the best first." }
}

/// A memory in a list.
pub(super) fn card(one: &MemoryView, now: Timestamp) -> Markup {
    html! {
        a class="title" href={ "/memories/" (one.id) } { (visible(one.title.as_deref().unwrap_or(&one.text))) }
        @if one.title.is_some() { p class="excerpt" { (visible(&one.text)) } }
        div class="meta" {
            span { (one.kind) }
            span { "in " (one.namespace) }
            span { (ago(&one.recorded_at, now)) " by " (one.written_by) }
            @if one.trust != "user" && one.trust != "agent" { (badge(&one.trust)) }
            @if one.quarantine.is_some() { (badge("quarantined")) }
            @if one.retired_at.is_some() { (badge("retired")) }
            @if one.pinned { (badge("pinned")) }
        }
    }
}

/// What a score is made of, each part as a bar.
fn score(score: f32, legs: &[LegView]) -> Markup {
    html! {
        table class="legs" {
            thead { tr { th { "Found by" } th { "How well" } th { "Weight" } th { "Adds" } } }
            tbody {
                @for leg in legs {
                    tr {
                        td { (by(&leg.leg)) }
                        td { meter min="0" max="1" value=(format!("{:.3}", leg.value)) aria-label=(by(&leg.leg)) {} " " (format!("{:.2}", leg.value)) }
                        td { (format!("{:.2}", leg.weight)) }
                        td { (format!("{:.3}", leg.adds)) }
                    }
                }
                tr { td { strong { "Together" } } td {} td {} td { strong { (format!("{score:.3}")) } } }
            }
        }
    }
}

/// A way of finding, in words.
fn by(leg: &str) -> &str {
    match leg {
        "words" => "its words",
        "meaning" => "its meaning",
        "speaker" => "who said it",
        "question" => "being a question",
        "time" => "its time",
        "day" => "its day",
        "recency" => "being recent",
        "importance" => "being important",
        "links" => "what links to it",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn no_number_stands_for_nothing_found() {
        for (confidence, found, says) in [
            (0.0, 0, "Nothing that is remembered"),
            (0.0, 3, "Probably nobody wrote"),
            (0.9, 1, "very likely here: 1 memory"),
        ] {
            let shown = verdict(confidence, found).into_string();
            assert!(shown.contains(says), "{shown}");
        }
    }
}
