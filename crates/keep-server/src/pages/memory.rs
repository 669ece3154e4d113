//! One memory: what it says, where it comes from, how it read before.

use super::layout::page;
use super::page::Viewer;
use super::words::{badge, moment, visible};
use crate::door::{Access, Door};
use crate::operations::parsed;
use crate::problem::Problem;
use crate::view::MemoryView;
use axum::extract::Path;
use axum::http::Method;
use axum::routing::get;
use keep_memory::Where;
use maud::{Markup, html};

pub(super) fn door() -> Door {
    Door::new(Method::GET, "/memories/{id}", Access::Person, get(show))
}

async fn show(Path(id): Path<String>, viewer: Viewer) -> Result<Markup, Problem> {
    let memories = viewer.house.app.memories()?;
    let found = memories.history(&viewer.caller, &Where::Everywhere, &parsed("id", &id)?).await?;
    let one = MemoryView::from(found.now);
    let before: Vec<MemoryView> = found.before.into_iter().map(Into::into).collect();
    let inside = html! {
        @if let Some(why) = &one.quarantine { p class="wrong" { "In quarantine: " (visible(why)) } }
        @if let Some(why) = &one.flag { p class="wrong" { "It may read like orders: " (visible(why)) } }
        blockquote { (visible(&one.text)) }
        dl {
            dt { "Id" } dd { code { (one.id) } }
            dt { "Kind" } dd { (one.kind) }
            dt { "Where" } dd { (one.namespace) }
            dt { "Trust" } dd { (badge(&one.trust)) " " (visible(&one.source)) }
            @if !one.tags.is_empty() { dt { "Tags" } dd { (visible(&one.tags.join(", "))) } }
            dt { "Written" } dd { (moment(&one.recorded_at)) " by " (one.written_by) }
            @if let Some(who) = &one.speaker { dt { "Said by" } dd { (visible(who)) } }
            @for (name, at) in [("Said", &one.said_at), ("True from", &one.valid_from), ("True until", &one.valid_to), ("Retired", &one.retired_at), ("Ends", &one.expires_at)] {
                @if let Some(at) = at { dt { (name) } dd { (moment(at)) } }
            }
            dt { "Importance" } dd { (one.importance) " of 10" @if one.pinned { ", pinned" } }
            dt { "Recalled" } dd { (one.recalls) " times" }
        }
        @if !before.is_empty() {
            h2 { "How it read before" }
            @for old in &before {
                p { "Version " (old.version) ", " (moment(&old.edited_at)) }
                blockquote { (visible(&old.text)) }
            }
        }
    };
    let title = one.title.as_deref().map_or_else(|| "Memory".to_owned(), visible);
    page(&viewer, "/memories", &title, inside).await
}
