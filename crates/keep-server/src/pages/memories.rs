//! Searching memories, with what each score is made of.

use super::layout::page;
use super::page::Viewer;
use super::words::{badge, moment, visible};
use crate::door::{Access, Door};
use crate::problem::Problem;
use crate::view::{LegView, MemoryView};
use axum::extract::Query;
use axum::http::Method;
use axum::routing::get;
use keep_memory::{Asked, Where};
use maud::{Markup, html};
use serde::Deserialize;

/// Answers that a page shows.
const ANSWERS: usize = 20;

pub(super) fn door() -> Door {
    Door::new(Method::GET, "/memories", Access::Person, get(show))
}

#[derive(Default, Deserialize)]
struct Searched {
    #[serde(default)]
    q: String,
    #[serde(default)]
    quarantined: bool,
}

async fn show(Query(asked): Query<Searched>, viewer: Viewer) -> Result<Markup, Problem> {
    let found = if asked.q.trim().is_empty() {
        newest(&viewer, asked.quarantined).await?
    } else {
        answers(&viewer, &asked.q).await?
    };
    let inside = html! {
        form method="get" action="/memories" class="filter" role="search" {
            label for="q" { "Search" }
            input id="q" name="q" type="search" value=(asked.q) placeholder="any words"
                hx-get="/memories" hx-trigger="input changed delay:250ms, search" hx-select="#found"
                hx-target="#found" hx-swap="outerHTML" hx-push-url="true";
            button { "Search" }
            a href="/memories?quarantined=true" { "Quarantined" }
        }
        div id="found" { (found) }
    };
    page(&viewer, "/memories", "Memories", inside).await
}

async fn newest(viewer: &Viewer, quarantined: bool) -> Result<Markup, Problem> {
    let wanted = keep_memory::Wanted {
        place: Where::Everywhere,
        quarantined,
        most: crate::operations::USUAL_PAGE,
        ..keep_memory::Wanted::default()
    };
    let found = viewer.house.app.memories()?.list(&viewer.caller, &wanted).await?;
    let found: Vec<MemoryView> = found.into_iter().map(Into::into).collect();
    Ok(html! {
        @if found.is_empty() { p class="empty" { "Nothing is remembered here." } }
        ul class="cards" { @for one in &found { li { (card(one)) } } }
    })
}

async fn answers(viewer: &Viewer, question: &str) -> Result<Markup, Problem> {
    let asked = Asked {
        question: question.to_owned(),
        place: Where::Everywhere,
        most: ANSWERS,
        even_weak: true,
        ..Asked::default()
    };
    let recalled = viewer.house.app.memories()?.recall(&viewer.caller, asked).await?;
    let found = crate::view::RecallView::from(recalled);
    Ok(html! {
        p { "Confidence " (format!("{:.2}", found.confidence)) " that one of these answers." }
        ul class="cards" {
            @for one in &found.found {
                li {
                    (card(&one.memory))
                    details { summary { "Score " (format!("{:.3}", one.score)) } (score(&one.because)) }
                }
            }
        }
    })
}

/// A memory in a list.
fn card(one: &MemoryView) -> Markup {
    html! {
        a href={ "/memories/" (one.id) } { (visible(one.title.as_deref().unwrap_or(&one.text))) }
        @if one.title.is_some() { p { (visible(&one.text)) } }
        p {
            (badge(&one.trust)) " " (one.kind) " in " (one.namespace) " · " (moment(&one.recorded_at))
            @if one.quarantine.is_some() { " " (badge("quarantined")) }
            @if one.retired_at.is_some() { " " (badge("retired")) }
        }
    }
}

/// What a score is made of, each part as a bar.
fn score(legs: &[LegView]) -> Markup {
    html! {
        table class="legs" {
            thead { tr { th { "Found by" } th { "How well" } th { "Counts" } th { "Adds" } } }
            tbody {
                @for leg in legs {
                    tr {
                        td { (leg.leg) }
                        td { meter min="0" max="1" value=(format!("{:.3}", leg.value)) {} " " (format!("{:.3}", leg.value)) }
                        td { (format!("{:.2}", leg.weight)) }
                        td { (format!("{:.3}", leg.adds)) }
                    }
                }
            }
        }
    }
}
