//! Runs as a tree: where, who, in which conversation, and below each run those that repeat it and what became of
//! its changes.

use super::runs::{ended, first_line, lasted};
use super::words::{ago, badge, many, took, visible};
use keep_exec::RunView;
use keep_types::{Digest, Timestamp};
use maud::{Markup, html};
use std::collections::{HashMap, HashSet};

/// Those of a page, the newest first.
pub(super) fn tree(runs: &[RunView], now: Timestamp) -> Markup {
    let here: HashSet<String> = runs.iter().map(|run| run.id.to_string()).collect();
    let mut below: HashMap<String, Vec<&RunView>> = HashMap::new();
    let mut first = Vec::new();
    for run in runs {
        match run.repeats.map(|id| id.to_string()).filter(|id| here.contains(id)) {
            Some(earlier) => below.entry(earlier).or_default().push(run),
            None => first.push(run),
        }
    }
    // What repeats a run stands below it in the order in which it ran.
    below.values_mut().for_each(|runs| runs.reverse());
    let below = Below { runs: below, now };
    html! {
        ul class="tree panel" {
            @for (place, runs) in grouped(&first, |run| Some(run.namespace.to_string())) {
                @let place = place.unwrap_or_default();
                (branch(&place, &[&place], &runs, &html! {
                    @for (who, runs) in grouped(&runs, |run| Some(run.principal.to_string())) {
                        @let who = who.unwrap_or_default();
                        (branch(&who, &[&place, &who], &runs, &html! { (below.conversations(&place, &who, &runs)) }))
                    }
                }))
            }
        }
    }
}

/// Runs by something of theirs, in the order in which it comes first.
fn grouped<'r>(
    runs: &[&'r RunView],
    by: impl Fn(&RunView) -> Option<String>,
) -> Vec<(Option<String>, Vec<&'r RunView>)> {
    let mut groups: Vec<(Option<String>, Vec<&RunView>)> = Vec::new();
    for run in runs {
        let key = by(run);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(run),
            None => groups.push((key, vec![run])),
        }
    }
    groups
}

/// A part of the tree that folds. The way to it tells it from every other.
fn branch(name: &str, way: &[&str], runs: &[&RunView], inside: &Markup) -> Markup {
    let id = Digest::of(way.join("\0").as_bytes()).short();
    html! {
        li {
            details open id={ "fold-" (id) } {
                summary { span class="name" { (visible(name)) } " " span class="faint" { (many(runs.len(), "run", "runs")) } }
                ul { (inside) }
            }
        }
    }
}

/// A conversation as a person tells it from another: the session, or the process that it began with.
fn spoken(conversation: &str) -> String {
    let pid = conversation.strip_prefix("process:").and_then(|rest| rest.split('/').nth(1));
    match pid {
        Some(pid) => format!("conversation of process {pid}"),
        None => format!("conversation {conversation}"),
    }
}

/// The runs that repeat others.
struct Below<'r> {
    runs: HashMap<String, Vec<&'r RunView>>,
    now: Timestamp,
}

impl Below<'_> {
    fn conversations(&self, place: &str, who: &str, runs: &[&RunView]) -> Markup {
        html! {
            @for (conversation, runs) in grouped(runs, |run| run.conversation.clone()) {
                @let inside = html! { @for run in &runs { (self.node(run, None)) } };
                @match conversation {
                    Some(one) => (branch(&spoken(&one), &[place, who, &one], &runs, &inside)),
                    None => (inside),
                }
            }
        }
    }

    fn node(&self, run: &RunView, above: Option<&RunView>) -> Markup {
        let id = run.id.to_string();
        let again = self.runs.get(&id).map(Vec::as_slice).unwrap_or_default();
        html! {
            li class="leaf" {
                div class="line" {
                    (ended(run))
                    a href={ "/runs/" (id) } { code { (visible(&first_line(&run.command))) } }
                    span class="faint" {
                        @if above.is_some() { "again, " }
                        @if above.is_some_and(|above| above.principal != run.principal) { "by " (run.principal.to_string()) ", " }
                        (ago(&run.started.to_string(), self.now)) ", " (took(lasted(run, self.now)))
                    }
                    @if let (None, Some(earlier)) = (above, &run.repeats) { a class="faint" href={ "/runs/" (earlier.to_string()) } { "repeats an earlier run" } }
                }
                @if run.tried.is_some() || !again.is_empty() {
                    ul {
                        @if let Some(tried) = &run.tried { li class="leaf" { div class="line" { span class="faint" { "its changes" } (badge(tried)) } } }
                        @for one in again { (self.node(one, Some(run))) }
                    }
                }
            }
        }
    }
}
