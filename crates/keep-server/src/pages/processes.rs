//! The processes of a run that runs, each below the one that started it.

use super::words::{many, size, took, visible};
use keep_exec::{Process, Processes};
use maud::{Markup, html};

/// The part of a run's page that says which processes it has; with the script it is fetched again by itself.
pub(super) fn section(id: &str, found: Option<&Processes>) -> Markup {
    html! {
        section id="processes" hx-get={ "/runs/" (id) "/processes" } hx-trigger="every 2s" hx-swap="outerHTML" {
            h2 { "What runs now" }
            @match found {
                Some(found) => {
                    p class="meta" { (many(found.count, "process", "processes")) ", " (size(held(&found.root))) " of memory" }
                    ul class="tree panel" { (node(&found.root)) }
                }
                None => p class="meta" { "Nobody can tell just now: it begins or ends, or the system does not say." },
            }
        }
    }
}

fn held(process: &Process) -> u64 {
    process.resident_bytes + process.children.iter().map(held).sum::<u64>()
}

fn node(process: &Process) -> Markup {
    html! {
        li class="leaf" {
            div class="line" {
                @if process.confines { span class="name faint" { "Keep, which confines it" } } @else { code { (visible(&process.program)) } }
                span class="faint" { "process " (process.pid) ", for " (took(process.age_ms)) ", " (size(process.resident_bytes)) }
            }
            @if !process.children.is_empty() { ul { @for child in &process.children { (node(child)) } } }
        }
    }
}
