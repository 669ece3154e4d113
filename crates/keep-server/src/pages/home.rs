//! Home: what waits, what is wrong, what happened today.

use super::chart::{self, Bar};
use super::layout::page;
use super::page::Viewer;
use super::words::{ago, badge, empty, many, size, tone, visible, went};
use crate::door::{Access, Door};
use crate::operations::{approvals, care};
use crate::problem::Problem;
use crate::view::{ApprovalView, RecordView, StatusView};
use crate::watch::Alert;
use axum::http::Method;
use axum::routing::get;
use keep_app::words::{Entry, Filter, Phase};
use keep_gate::AuditFilter;
use keep_types::{Duration, Timestamp};
use maud::{Markup, html};

/// Records that are enough to see what goes on.
const LAST: usize = 8;
/// Records of a day that are counted; a busier one is said to be more.
const COUNTED: usize = 10_000;
const HOUR_MS: i64 = 3_600_000;

pub(super) fn door() -> Door {
    Door::new(Method::GET, "/", Access::Person, get(show))
}

async fn show(viewer: Viewer) -> Result<Markup, Problem> {
    let (house, caller) = (&viewer.house, &viewer.caller);
    let now = house.app.now();
    let status = care::status(house, caller).await?;
    let waiting = approvals::list(house, caller, approvals::Which::default()).await?.items;
    let filter = Filter {
        since: Some(now.minus(Duration::from_ms(24 * HOUR_MS.unsigned_abs()))),
        limit: Some(COUNTED),
        newest_first: true,
        ..Filter::default()
    };
    let day = house.app.gate().audit_log(caller, AuditFilter(filter)).await?;
    let running = house.app.exec().running(caller).await?;
    let alerts = house.watch.alerts();
    let over = day.iter().filter(|one| one.phase != Phase::Intent);
    let last: Vec<RecordView> = over.take(LAST).cloned().map(Into::into).collect();
    let inside = html! {
        h1 { "How things stand" }
        p class="lead" { (summary(waiting.len(), &alerts, &status)) }
        div id="live" data-refresh="/" {
            (wrong(&status))
            @for alert in &alerts { (shown(alert)) }
            ul class="tiles" {
                (tile("/approvals", waiting.len(), "waiting for you", !waiting.is_empty()))
                (tile("/runs", running, "running now", false))
                (tile("/activity", acts(&day), "acts in a day", false))
                (tile("/activity?went=wrong", refused(&day), "failed or refused in a day", false))
            }
            @if !waiting.is_empty() { section { h2 { "Waits for you" } (requests(&waiting, now)) } }
            section {
                h2 { "The last 24 hours" }
                @if day.is_empty() { (empty("A quiet day.", &html! { "What people and agents do through Keep shows here, hour by hour." })) }
                @else { div class="panel" { (hours(&day, now)) } }
            }
            section class="columns" {
                div { h2 { "Lately" } (lately(&last, now)) }
                div { h2 { "The house" } (state(&status)) }
            }
        }
    };
    page(&viewer, "/", "Home", inside).await
}

fn summary(waiting: usize, alerts: &[Alert], status: &StatusView) -> String {
    let wrong = alerts.len() + problems(status).len();
    match (waiting, wrong) {
        (0, 0) => "Nothing waits for you, and everything is as it should be.".into(),
        (0, wrong) => format!("Nothing waits for you. {} wrong.", are(wrong, "thing is", "things are")),
        (waiting, 0) => format!(
            "{} for you; everything else is as it should be.",
            are(waiting, "request waits", "requests wait")
        ),
        (waiting, wrong) => {
            let wrong = are(wrong, "thing is", "things are");
            format!("{} for you, and {wrong} wrong.", are(waiting, "request waits", "requests wait"))
        }
    }
}

fn are(count: usize, one: &str, several: &str) -> String {
    let words = many(count, one, several);
    if count == 1 { words.replacen('1', "One", 1) } else { words }
}

fn tile(href: &str, number: usize, label: &str, minds: bool) -> Markup {
    let shown = if number >= COUNTED { format!("{COUNTED}+") } else { number.to_string() };
    html! {
        li class=[minds.then_some("alert")] {
            a href=(href) { span class="number" { (shown) } span class="label" { (label) } }
        }
    }
}

/// What is over, one way or another: an intent and its outcome are one act.
fn acts(day: &[Entry]) -> usize {
    day.iter().filter(|one| !matches!(one.phase, Phase::Intent | Phase::Note)).count()
}

fn is_wrong(one: &Entry) -> bool {
    matches!(one.phase, Phase::Failed | Phase::OutcomeFailed | Phase::Abandoned | Phase::Denied)
}

fn refused(day: &[Entry]) -> usize {
    day.iter().filter(|one| is_wrong(one)).count()
}

/// A bar for each hour, the last one on the right.
fn hours(day: &[Entry], now: Timestamp) -> Markup {
    let this_hour = now.ms().div_euclid(HOUR_MS);
    let bars: Vec<Bar> = (0..24)
        .map(|n| {
            let hour = this_hour - 23 + n;
            let of_it = || day.iter().filter(move |one| one.at.ms().div_euclid(HOUR_MS) == hour);
            let wrong = of_it().filter(|one| is_wrong(one)).count();
            let all = of_it().filter(|one| !matches!(one.phase, Phase::Intent | Phase::Note)).count();
            let clock = format!("{:02}:00", hour.rem_euclid(24));
            Bar {
                title: format!("{clock}: {}, {wrong} of them failed or refused", many(all, "act", "acts")),
                label: if n % 4 == 3 { clock } else { String::new() },
                parts: vec![("", (all - wrong) as f64), ("bad", wrong as f64)],
            }
        })
        .collect();
    chart::bars("Acts in each of the last 24 hours", &bars, |value| format!("{value:.0}"))
}

fn problems(status: &StatusView) -> Vec<(String, Markup)> {
    let mut problems = Vec::new();
    if let Some(stopped) = &status.stopped {
        let how = html! { code { "keep resume" } " in your terminal lets things happen again." };
        problems.push((format!("Everything is stopped {stopped}."), how));
    }
    let doctor = || html! { code { "keep doctor" } " in your terminal says more." };
    if status.ledger == "mismatch" {
        problems.push(("The audit log does not extend its checkpoint.".into(), doctor()));
    }
    if !status.rules_load {
        problems.push(("The rules do not load, so everything is denied.".into(), doctor()));
    }
    if status.vault == "broken" {
        problems.push(("The vault cannot be read.".into(), doctor()));
    }
    problems
}

/// What a person should know first.
fn wrong(status: &StatusView) -> Markup {
    html! {
        @for (what, how) in &problems(status) {
            div class="notice bad" role="alert" { strong { (visible(what)) } p { (how) } }
        }
    }
}

fn shown(alert: &Alert) -> Markup {
    html! { div class="notice mind" role="alert" { strong { (visible(&alert.says)) } p { (visible(&alert.hint)) } } }
}

fn state(status: &StatusView) -> Markup {
    html! {
        div class="panel" { dl {
            dt { "Audit log" } dd { (status.records) " records " (badge(&status.ledger)) }
            dt { "Rules" } dd { @if status.rules_load { "in force" } @else { (badge("fail")) } }
            dt { "Vault" } dd { (vault(&status.vault)) }
            dt { "Database" } dd { (size(status.database_bytes)) }
        } }
    }
}

/// The vault in the words of the command line.
fn vault(state: &str) -> Markup {
    match state {
        "absent" => html! { "no secrets yet" },
        "open" => html! { (badge("open")) " without a passphrase" },
        "locked" => html! { (badge("locked")) " " code { "keep unlock" } " opens it" },
        other => badge(other),
    }
}

/// The newest records in a line each.
fn lately(last: &[RecordView], now: Timestamp) -> Markup {
    html! {
        @if last.is_empty() { (empty("Nothing yet.", &html! { "The first act opens the log." })) }
        @else {
            div class="scroll" tabindex="0" { table { tbody {
                @for one in last {
                    tr {
                        td { a href={ "/activity/" (one.seq) } { (one.action) } p { (one.principal) } }
                        td { @if tone(&one.phase) != "good" { (went(&one.phase)) } }
                        td class="num" { (ago(&one.at, now)) }
                    }
                }
            } } }
            p { a href="/activity" { "All activity" } }
        }
    }
}

/// Requests as a list that leads to each.
pub(super) fn requests(waiting: &[ApprovalView], now: Timestamp) -> Markup {
    html! {
        ul class="cards" {
            @for one in waiting {
                li {
                    div class="split" {
                        a class="title" href={ "/approvals/" (one.id) } { (one.requester) " wants to " (visible(&verb(&one.summary))) }
                        (badge(&one.risk))
                    }
                    @if let Some(command) = one.detail.get("command").and_then(serde_json::Value::as_str) {
                        pre class={ "command short " (tone(&one.risk)) } { (visible(command)) }
                    }
                    p { (visible(&one.reason)) }
                    div class="meta" { span { "asked " (ago(&one.created, now)) } span { "in " (one.namespace) } span { "to be answered " (ago(&one.expires, now)) } }
                }
            }
        }
    }
}

/// A summary within a sentence: what runs is shown whole below it.
fn verb(summary: &str) -> String {
    if summary.starts_with("run ") { "run a command".into() } else { summary.to_owned() }
}

/// Records as a table that leads to each.
pub(super) fn records(items: &[RecordView], now: Timestamp) -> Markup {
    html! {
        div class="scroll" tabindex="0" { table {
            thead { tr { th { "No." } th { "When" } th { "Who" } th { "What" } th { "How it went" } th { "Where" } } }
            tbody {
                @for one in items {
                    tr {
                        td { a href={ "/activity/" (one.seq) } { (one.seq) } }
                        td { (ago(&one.at, now)) }
                        td { (one.principal) }
                        td { (one.action) @if let Some(line) = line(one) { p { (visible(&line)) } } }
                        td { (went(&one.phase)) }
                        td { (one.namespace) }
                    }
                }
            }
        } }
    }
}

/// What a record is about, where its detail says it in a line.
fn line(one: &RecordView) -> Option<String> {
    let detail = one.detail.as_ref()?;
    let found = ["summary", "reason"].iter().find_map(|key| detail.get(key)?.as_str());
    let text = found?.lines().next().unwrap_or_default();
    Some(if text.chars().count() > 90 {
        text.chars().take(89).chain(['…']).collect()
    } else {
        text.to_owned()
    })
}
