//! Artifacts: what is stored, version by version, and what that saved.

use super::chart::{self, Bar};
use super::layout::page;
use super::page::Viewer;
use super::words::{ago, badge, empty, many, size, toned, visible};
use crate::door::{Access, Door};
use crate::operations::artifacts::{self, Place, Two};
use crate::problem::Problem;
use crate::view::{DifferenceView, VersionView};
use axum::extract::{Path, Query};
use axum::http::Method;
use axum::routing::get;
use keep_types::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

/// Versions in the chart: more bars would be no bars.
const DRAWN: usize = 40;
/// Versions in the table at first.
const ROWS: usize = 100;
/// Differences that a page shows, the largest first.
const DIFFERENCES: usize = 300;

pub(super) fn doors() -> [Door; 3] {
    [
        Door::new(Method::GET, "/artifacts", Access::Person, get(all)),
        Door::new(Method::GET, "/artifacts/{name}", Access::Person, get(one)),
        Door::new(Method::GET, "/artifacts/{name}/diff", Access::Person, get(diff)),
    ]
}

async fn all(viewer: Viewer) -> Result<Markup, Problem> {
    let artifacts = viewer.house.app.artifacts(&viewer.caller).await?;
    let found = artifacts.list(&viewer.caller, true).await?;
    let found: Vec<VersionView> = found.into_iter().map(Into::into).collect();
    let now = viewer.house.app.now();
    let inside = html! {
        h1 { "Artifacts" }
        p class="lead" { "Models, data sets and other heavy files, each version stored as what is new in it." }
        @if found.is_empty() {
            (empty("Nothing is stored yet.", &html! { code { "keep artifact put model ./model.safetensors" } " in your terminal stores the first version." }))
        } @else {
            div class="scroll" tabindex="0" { table {
                thead { tr { th { "Artifact" } th { "Last version" } th class="num" { "Its files" } th class="num" { "Size" } th class="num" { "New in it" } th { "Put" } } }
                tbody {
                    @for one in &found {
                        tr {
                            td { a href=(link(one)) { (one.name) } p { (one.namespace) } }
                            td { (one.version) @for tag in &one.tags { " " (toned("good", tag)) } }
                            td class="num" { (one.files) }
                            td class="num" { (size(one.raw_bytes)) }
                            td class="num" { (size(one.stored_bytes)) }
                            td { (ago(&one.made, now)) p { "by " (one.by) } }
                        }
                    }
                }
            } }
        }
    };
    page(&viewer, "/artifacts", "Artifacts", inside).await
}

/// Names and namespaces are of letters that stand in an address as they are, but for the colon and the slash.
fn link(one: &VersionView) -> String {
    format!("/artifacts/{}?namespace={}", one.name, one.namespace)
}

async fn one(
    Path(name): Path<String>,
    Query(place): Query<Place>,
    viewer: Viewer,
) -> Result<Markup, Problem> {
    let namespace = place.namespace.clone();
    let versions = artifacts::log(&viewer.house, &viewer.caller, &name, place).await?.items;
    let now = viewer.house.app.now();
    let inside = html! {
        p class="crumb" { a href="/artifacts" { "Artifacts" } }
        h1 { (visible(&name)) }
        p class="lead" { (saving(&versions)) }
        div class="panel" { (drawn(&versions)) p class="meta" { "Dark is what a version added to the store, light what it needed nothing for." } }
        @if versions.len() > 1 { (compare(&name, namespace.as_deref(), &versions)) }
        h2 { "Versions" }
        (table(&versions, now))
        @if versions.len() > ROWS { p class="meta" { "The newest " (ROWS) " are shown; " code { "keep artifact log " (visible(&name)) } " lists all." } }
    };
    page(&viewer, "/artifacts", &visible(&name), inside).await
}

fn saving(versions: &[VersionView]) -> String {
    let (raw, stored): (u64, u64) =
        versions.iter().fold((0, 0), |(raw, stored), one| (raw + one.raw_bytes, stored + one.stored_bytes));
    let count = many(versions.len(), "version", "versions");
    if raw == 0 {
        return count;
    }
    let share = 100.0 * (1.0 - stored as f64 / raw as f64);
    format!("{count}: {} of files kept in {}, which saves {share:.0} %.", size(raw), size(stored))
}

fn drawn(versions: &[VersionView]) -> Markup {
    let mut last: Vec<&VersionView> = versions.iter().take(DRAWN).collect();
    last.reverse();
    let every = last.len().div_ceil(12).max(1);
    let bars: Vec<Bar> = last
        .iter()
        .enumerate()
        .map(|(n, one)| Bar {
            label: if n % every == 0 { one.version.to_string() } else { String::new() },
            title: format!(
                "version {}: {}, {} of it new",
                one.version,
                size(one.raw_bytes),
                size(one.stored_bytes)
            ),
            parts: vec![
                ("", one.stored_bytes.min(one.raw_bytes) as f64),
                ("soft", one.raw_bytes.saturating_sub(one.stored_bytes) as f64),
            ],
        })
        .collect();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes, drawn")]
    chart::bars("Size of each version, and what it added to the store", &bars, |bytes| size(bytes as u64))
}

fn table(versions: &[VersionView], now: Timestamp) -> Markup {
    html! {
        div class="scroll" tabindex="0" { table {
            thead { tr { th { "Version" } th { "Put" } th { "By" } th class="num" { "Files" } th class="num" { "Size" } th class="num" { "New in it" } th class="num" { "Saved" } } }
            tbody {
                @for one in versions.iter().take(ROWS) {
                    tr {
                        td { (one.version) @for tag in &one.tags { " " (toned("good", tag)) } }
                        td { (ago(&one.made, now)) }
                        td { (one.by) }
                        td class="num" { (one.files) }
                        td class="num" { (size(one.raw_bytes)) }
                        td class="num" { (size(one.stored_bytes)) }
                        td class="num" { (share(one.stored_bytes, one.raw_bytes)) }
                    }
                }
            }
        } }
    }
}

/// What was saved, in hundredths.
fn share(stored: u64, raw: u64) -> String {
    if raw == 0 { "–".into() } else { format!("{:.0} %", 100.0 * (1.0 - stored as f64 / raw as f64)) }
}

fn compare(name: &str, namespace: Option<&str>, versions: &[VersionView]) -> Markup {
    let options = |chosen: usize| {
        html! { @for (n, one) in versions.iter().take(ROWS).enumerate() { option value=(one.version) selected[n == chosen] { (one.version) @if let Some(tag) = one.tags.first() { " (" (tag) ")" } } } }
    };
    html! {
        form method="get" action={ "/artifacts/" (name) "/diff" } class="filter" {
            @if let Some(namespace) = namespace { input type="hidden" name="namespace" value=(namespace); }
            div class="field" { label for="first" { "What changed from version" } select id="first" name="first" { (options(1)) } }
            div class="field" { label for="second" { "to version" } select id="second" name="second" { (options(0)) } }
            button class="quiet" { "Compare" }
        }
    }
}

/// Two versions of one artifact.
#[derive(Deserialize)]
struct Numbers {
    first: u64,
    second: u64,
    namespace: Option<String>,
}

async fn diff(
    Path(name): Path<String>,
    Query(Numbers { first, second, namespace }): Query<Numbers>,
    viewer: Viewer,
) -> Result<Markup, Problem> {
    let two = Two { first: format!("{name}@{first}"), second: format!("{name}@{second}"), namespace };
    let back = two.namespace.as_ref().map_or_else(
        || format!("/artifacts/{name}"),
        |namespace| format!("/artifacts/{name}?namespace={namespace}"),
    );
    let mut found = artifacts::diff(&viewer.house, &viewer.caller, two).await?.items;
    found.sort_by(|a, b| b.cost_bytes.cmp(&a.cost_bytes).then_with(|| a.part.cmp(&b.part)));
    let cost: u64 = found.iter().map(|one| one.cost_bytes).sum();
    let inside = html! {
        p class="crumb" { a href="/artifacts" { "Artifacts" } " / " a href=(back) { (visible(&name)) } }
        h1 { "From version " (first) " to " (second) }
        p class="lead" { (many(found.len(), "part differs", "parts differ")) "; what the second stores for them takes " (size(cost)) "." }
        @if found.is_empty() { (empty("They are the same.", &html! { "No tensor and no other byte differs." })) }
        @else { (differences(&found)) }
        @if found.len() > DIFFERENCES { p class="meta" { "The " (DIFFERENCES) " that cost the most are shown." } }
    };
    page(&viewer, "/artifacts", "What changed", inside).await
}

fn differences(found: &[DifferenceView]) -> Markup {
    html! {
        div class="scroll" tabindex="0" { table {
            thead { tr { th { "Part" } th { "How" } th { "Type" } th class="num" { "Size" } th { "Elements that differ" } th class="num" { "Largest step" } th class="num" { "Stored for it" } } }
            tbody {
                @for one in found.iter().take(DIFFERENCES) {
                    tr {
                        td class="wide" { code { (visible(&one.part)) } p { (visible(&one.path)) } }
                        td { (badge(&one.change)) }
                        td { (one.dtype.as_deref().unwrap_or("bytes")) }
                        td class="num" { (size(one.bytes)) }
                        td {
                            @if let (Some(changed), Some(all)) = (one.changed_elements, one.elements) {
                                meter min="0" max=(all) value=(changed) aria-label="Elements that differ" {}
                                " " (changed) " of " (all)
                            } @else { "–" }
                        }
                        td class="num" { @if let Some(step) = one.largest { (format!("{step:.3e}")) } @else { "–" } }
                        td class="num" { (size(one.cost_bytes)) }
                    }
                }
            }
        } }
    }
}
