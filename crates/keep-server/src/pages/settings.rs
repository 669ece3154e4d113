//! Settings: what is in force, where each came from, what it drives, and a form for each.

use super::layout::page;
use super::page::Viewer;
use super::setting::{self, Typed, shown};
use super::words::{empty, toned, visible};
use crate::door::{Access, Door};
use crate::problem::Problem;
use axum::extract::Query;
use axum::http::Method;
use axum::routing::get;
use keep_app::config::{Origin, Row};
use maud::{Markup, html};
use serde::Deserialize;

pub(super) fn doors() -> Vec<Door> {
    let mut doors = setting::doors();
    doors.push(Door::new(Method::GET, "/settings", Access::Person, get(show)));
    doors
}

#[derive(Default, Deserialize)]
struct Asked {
    /// The setting that was changed just now.
    #[serde(default)]
    changed: String,
}

async fn show(Query(asked): Query<Asked>, viewer: Viewer) -> Result<Markup, Problem> {
    list(&viewer, &asked.changed, None).await
}

/// Every setting. What was typed into a form and is no value stands in that form again, with why.
pub(super) async fn list(viewer: &Viewer, changed: &str, wrong: Option<&Typed>) -> Result<Markup, Problem> {
    let app = &viewer.house.app;
    let here = app.settings();
    // A file that does not load any more is said here; what is in force is shown all the same.
    let ahead = app.settings_ahead(None).await;
    let next = |key: &str| {
        let found = ahead.as_ref().ok()?.settings.iter().find(|row| row.key == key);
        found.cloned()
    };
    let (set, usual): (Vec<&Row>, Vec<&Row>) =
        here.settings.iter().partition(|row| row.origin != Origin::Default);
    let item = |row: &Row| item(viewer, row, next(row.key).as_ref(), wrong.filter(|one| one.key == row.key));
    let inside = html! {
        h1 { "Settings" }
        p class="lead" { "What was in force when this server started. A change goes into your own file; commands in your terminal go by it at once, this server when it is started again." }
        @if let Err(error) = &ahead {
            div class="notice bad" role="alert" { strong { "The next start will not read the settings" } p { (visible(&keep_types::chain(error).join(": "))) } }
        }
        @if let Some(row) = next(changed) { (done(&row, here.settings.iter().find(|one| one.key == row.key))) }
        @for notice in &here.left_out { div class="notice mind" role="status" { code { (notice.key) } " = " (visible(&notice.value.to_string())) " (" (visible(&notice.origin.to_string())) ") does not count: " (notice.why) } }
        nav class="tabs" aria-label="Families of settings" {
            @for (family, _) in families(&here.settings.iter().collect::<Vec<_>>()) { a href={ "#family-" (family) } { (family) } }
        }
        @if !set.is_empty() {
            h2 { "Set by somebody" }
            ul class="settings panel" { @for row in &set { (item(row)) } }
        } @else { (empty("Everything is as it comes.", &html! { "When this server started, no file, variable or flag set anything." })) }
        @for (family, rows) in families(&usual) {
            h2 id={ "family-" (family) } { (family) }
            ul class="settings panel" { @for row in rows { (item(row)) } }
        }
    };
    page(viewer, "/settings", "Settings", inside).await
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

/// What a change that was made just now came to.
fn done(next: &Row, here: Option<&Row>) -> Markup {
    let same = here.is_some_and(|here| here.value == next.value);
    html! {
        div class="notice good" role="status" {
            strong { "Your file is changed" }
            p {
                code { (next.key) } " is " (shown(&next.value)) " now for commands in your terminal"
                @if same { ", as it is for this server already." } @else { ". This server goes by it once it is started again." }
            }
        }
    }
}

fn item(viewer: &Viewer, row: &Row, next: Option<&Row>, wrong: Option<&Typed>) -> Markup {
    html! {
        li id=(row.key) {
            div class="split" {
                code class="key" { (row.key) }
                span class="value" {
                    (shown(&row.value))
                    @if let Some(next) = next.filter(|next| next.value != row.value) {
                        " " (toned("mind", "at the next start")) " " (shown(&next.value))
                    }
                }
            }
            p { (visible(row.doc)) }
            @if row.origin != Origin::Default { p class="meta" { span { "from " (visible(&row.origin.to_string())) } span { "the default is " (shown(&row.default)) } @if matches!(row.origin, Origin::Project(_) | Origin::Environment(_) | Origin::Flag(_)) { span { "it goes before your own file" } } } }
            (setting::form(viewer, row, next, wrong))
        }
    }
}
