//! One memory: what it says, where it comes from, what it is linked to, how it read before.

use super::chart;
use super::form::{NoFields, Sent};
use super::layout::page;
use super::page::Viewer;
use super::words::{ago, badge, many, moment, visible};
use crate::door::{Access, Door};
use crate::operations::parsed;
use crate::problem::Problem;
use crate::view::MemoryView;
use axum::extract::Path;
use axum::http::Method;
use axum::response::Redirect;
use axum::routing::{get, post};
use keep_memory::Where;
use keep_memory::picture::Picture;
use keep_types::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

/// Links away from the memory that are drawn.
const DEPTH: usize = 2;
/// Memories of a drawing; more of them are no picture any more.
const DRAWN: usize = 24;

pub(super) fn doors() -> [Door; 3] {
    [
        Door::new(Method::GET, "/memories/{id}", Access::Person, get(show)),
        Door::new(Method::POST, "/memories/{id}/release", Access::Person, post(release)),
        Door::new(Method::POST, "/memories/{id}/quarantine", Access::Person, post(quarantine)),
    ]
}

async fn show(Path(id): Path<String>, viewer: Viewer) -> Result<Markup, Problem> {
    let memories = viewer.house.app.memories()?;
    let handle = parsed("id", &id)?;
    let found = memories.history(&viewer.caller, &Where::Everywhere, &handle).await?;
    let around = memories.graph(&viewer.caller, &Where::Everywhere, &handle, DEPTH).await?;
    let (centre, now) = (found.now.id, viewer.house.app.now());
    let one = MemoryView::from(found.now);
    let before: Vec<MemoryView> = found.before.into_iter().map(Into::into).collect();
    let title = one.title.as_deref().map_or_else(|| "Memory".to_owned(), visible);
    let drawn = &around.memories[..around.memories.len().min(DRAWN)];
    let picture = Picture::new(centre, drawn, &around.links);
    let inside = html! {
        p class="crumb" { a href="/memories" { "Memories" } }
        h1 { (title) }
        @if let Some(why) = &one.quarantine { (held(&viewer, &one.id, why)) }
        @else if let Some(why) = &one.flag { div class="notice mind" { "It may read like orders: " (visible(why)) } }
        blockquote { (visible(&one.text)) }
        (facts(&one, now))
        @if !picture.edges.is_empty() {
            h2 { "What it is linked to" }
            div class="panel" { (chart::graph(&picture)) }
            @if around.more || around.memories.len() > DRAWN { p class="meta" { "There is more around it than is drawn here." } }
            (links(&picture))
        }
        @if !before.is_empty() { (history(&one, &before)) }
        @if one.quarantine.is_none() { (put_away(&viewer, &one.id)) }
    };
    page(&viewer, "/memories", &title, inside).await
}

fn facts(one: &MemoryView, now: Timestamp) -> Markup {
    let moments = [
        ("Said", &one.said_at),
        ("True from", &one.valid_from),
        ("True until", &one.valid_to),
        ("Retired", &one.retired_at),
        ("Ends", &one.expires_at),
    ];
    html! {
        div class="panel" { dl {
            dt { "Kind" } dd { (one.kind) @if one.pinned { " " (badge("pinned")) } @if one.retired_at.is_some() { " " (badge("retired")) } }
            dt { "Where" } dd { (one.namespace) }
            dt { "Trust" } dd { (badge(&one.trust)) " " (visible(&one.source)) }
            @if !one.tags.is_empty() { dt { "Tags" } dd { (visible(&one.tags.join(", "))) } }
            dt { "Written" } dd { (ago(&one.recorded_at, now)) " by " (one.written_by) }
            @if one.version > 1 { dt { "Edited" } dd { (ago(&one.edited_at, now)) ", version " (one.version) } }
            @if let Some(who) = &one.speaker { dt { "Said by" } dd { (visible(who)) } }
            @for (name, at) in moments { @if let Some(at) = at { dt { (name) } dd { (moment(at)) } } }
            dt { "Importance" } dd { (one.importance) " of 10" }
            dt { "Recalled" } dd { (many(usize::try_from(one.recalls).unwrap_or(usize::MAX), "time", "times")) }
            dt { "Number" } dd { code { (one.id) } }
        } }
    }
}

/// Why it is held back, and letting it go.
fn held(viewer: &Viewer, id: &str, why: &str) -> Markup {
    html! {
        div class="notice mind" role="status" {
            strong { "In quarantine: nobody recalls it." }
            p { (visible(why)) }
            form method="post" action={ "/memories/" (id) "/release" } {
                input type="hidden" name="form_key" value=(viewer.form_key);
                p { button { "Release it" } }
            }
        }
    }
}

fn put_away(viewer: &Viewer, id: &str) -> Markup {
    html! {
        details {
            summary { "Put it in quarantine" }
            form method="post" action={ "/memories/" (id) "/quarantine" } class="filter" {
                input type="hidden" name="form_key" value=(viewer.form_key);
                div class="field grow" { label for="why" { "Why" } input id="why" name="why" required maxlength="200"; }
                button class="deny" { "Quarantine" }
            }
        }
    }
}

/// The links as a list, for whoever does not see the drawing.
fn links(picture: &Picture) -> Markup {
    let label = |id: &keep_types::Id<keep_types::MemoryKind>| {
        picture.nodes.iter().find(|node| node.id == *id).map(|node| visible(&node.label)).unwrap_or_default()
    };
    html! {
        details {
            summary { "The links as a list" }
            ul { @for edge in &picture.edges {
                li {
                    a href={ "/memories/" (edge.from.to_string()) } { (label(&edge.from)) }
                    " " em { (edge.kind.as_str().replace('_', " ")) } " "
                    a href={ "/memories/" (edge.to.to_string()) } { (label(&edge.to)) }
                }
            } }
        }
    }
}

/// How it read before, with what each edit changed.
fn history(one: &MemoryView, before: &[MemoryView]) -> Markup {
    let newer = std::iter::once(one).chain(before);
    html! {
        h2 { "How it read before" }
        @for (new, old) in newer.zip(before) {
            p class="meta" { "Version " (old.version) ", until " (moment(&new.edited_at)) }
            blockquote class="old diff" { (changed(&old.text, &new.text)) }
        }
    }
}

/// The older text with what the newer one took away and put in.
fn changed(old: &str, new: &str) -> Markup {
    let (old_words, new_words): (Vec<&str>, Vec<&str>) = (words(old), words(new));
    let head = old_words.iter().zip(&new_words).take_while(|(a, b)| a == b).count();
    let tail = old_words[head..]
        .iter()
        .rev()
        .zip(new_words[head..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (gone, come) = (&old_words[head..old_words.len() - tail], &new_words[head..new_words.len() - tail]);
    html! {
        (visible(&old_words[..head].concat()))
        @if !gone.is_empty() { del { (visible(&gone.concat())) } }
        @if !come.is_empty() { ins { (visible(&come.concat())) } }
        (visible(&old_words[old_words.len() - tail..].concat()))
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split_inclusive(char::is_whitespace).collect()
}

async fn release(
    Path(id): Path<String>,
    Sent { viewer, fields: NoFields {} }: Sent<NoFields>,
) -> Result<Redirect, Problem> {
    let memories = viewer.house.app.memories()?;
    let one = memories.release(&viewer.caller, &Where::Everywhere, &parsed("id", &id)?).await?;
    Ok(Redirect::to(&format!("/memories/{}", one.id)))
}

#[derive(Deserialize)]
struct Why {
    why: String,
}

async fn quarantine(
    Path(id): Path<String>,
    Sent { viewer, fields: Why { why } }: Sent<Why>,
) -> Result<Redirect, Problem> {
    let memories = viewer.house.app.memories()?;
    let one = memories.quarantine(&viewer.caller, &Where::Everywhere, &parsed("id", &id)?, why).await?;
    Ok(Redirect::to(&format!("/memories/{}", one.id)))
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn an_edit_shows_what_it_changed() {
        for (old, new, want) in [
            ("we chose it", "we chose it", "we chose it"),
            (
                "we chose Postgres over MySQL",
                "we chose Postgres 17 over MySQL",
                "we chose Postgres <ins>17 </ins>over MySQL",
            ),
            ("a b c", "a x c", "a <del>b </del><ins>x </ins>c"),
            ("", "new", "<ins>new</ins>"),
            ("a <b>", "a", "<del>a &lt;b&gt;</del><ins>a</ins>"),
        ] {
            assert_eq!(changed(old, new).into_string(), want);
        }
    }
}
