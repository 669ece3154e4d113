//! Settings: what is in force, where each came from, and what it drives. They are changed in the terminal.

use super::layout::page;
use super::page::Viewer;
use super::words::{empty, toned, visible};
use crate::door::{Access, Door};
use crate::problem::Problem;
use axum::http::Method;
use axum::routing::get;
use keep_app::config::{Origin, Row};
use maud::{Markup, html};

pub(super) fn door() -> Door {
    Door::new(Method::GET, "/settings", Access::Person, get(show))
}

async fn show(viewer: Viewer) -> Result<Markup, Problem> {
    let all = viewer.house.app.settings();
    let (set, usual): (Vec<&Row>, Vec<&Row>) =
        all.settings.iter().partition(|row| row.origin != Origin::Default);
    let inside = html! {
        h1 { "Settings" }
        p class="lead" { "What was in force when this server started. " code { "keep config set KEY VALUE" } " in your terminal changes one." }
        @for notice in &all.left_out { div class="notice mind" role="status" { code { (notice.key) } " = " (visible(&notice.value.to_string())) " (" (visible(&notice.origin.to_string())) ") does not count: " (notice.why) } }
        h2 { "Set by somebody" }
        @if set.is_empty() { (empty("Everything is as it comes.", &html! { "No file, variable or flag sets anything." })) }
        @else { (table(&set)) }
        @for (family, rows) in families(&usual) {
            h2 { (family) }
            (table(&rows))
        }
    };
    page(&viewer, "/settings", "Settings", inside).await
}

/// The rows by the first word of their keys.
fn families<'r>(rows: &[&'r Row]) -> Vec<(&'static str, Vec<&'r Row>)> {
    let mut families: Vec<(&'static str, Vec<&Row>)> = Vec::new();
    for row in rows {
        let family = row.key.split('.').next().unwrap_or(row.key);
        match families.iter_mut().find(|(known, _)| *known == family) {
            Some((_, rows)) => rows.push(row),
            None => families.push((family, vec![row])),
        }
    }
    families
}

fn table(rows: &[&Row]) -> Markup {
    html! {
        div class="scroll" tabindex="0" { table {
            thead { tr { th { "Setting" } th { "Value" } th { "What it drives" } } }
            tbody {
                @for row in rows {
                    @let value = row.value.to_string();
                    tr {
                        td { code { (row.key) } }
                        td { @if value.is_empty() { (toned("plain", "not set")) } @else { code class=[(value.len() < 24).then_some("word")] { (visible(&value)) } }
                            @if row.origin != Origin::Default { p { (visible(&row.origin.to_string())) } } }
                        td class="wide" { (visible(row.doc)) }
                    }
                }
            }
        } }
    }
}
