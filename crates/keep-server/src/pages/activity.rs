//! The audit log: what was done, by whom, and the proof of it.

use super::chart::{self, Dot};
use super::form::{NoFields, Sent, addressed};
use super::home::records;
use super::layout::page;
use super::page::Viewer;
use super::words::{ago, badge, empty, json, many, moment, tone, visible, went};
use crate::door::{Access, Door};
use crate::operations::{MOST_ROWS, USUAL_PAGE, audit, maybe};
use crate::problem::Problem;
use crate::view::RecordView;
use axum::extract::{Path, Query};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use keep_app::words::{Filter, Phase};
use keep_gate::AuditFilter;
use keep_types::{ErrorKind, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;

pub(super) fn doors() -> [Door; 3] {
    [
        Door::new(Method::GET, "/activity", Access::Person, get(show)),
        Door::new(Method::GET, "/activity/{seq}", Access::Person, get(record)),
        Door::new(Method::POST, "/activity/verify", Access::Person, post(verify)),
    ]
}

/// What the filter's fields say; a field left empty does not narrow.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    principal: String,
    #[serde(default)]
    action: String,
    /// A day, as browsers send one.
    #[serde(default)]
    day: String,
    /// `wrong` leaves in what failed or was refused.
    #[serde(default)]
    went: String,
    after: Option<u64>,
}

impl Asked {
    fn narrows(&self) -> bool {
        [&self.principal, &self.action, &self.day, &self.went].iter().any(|field| !field.trim().is_empty())
    }

    fn filter(&self) -> Result<Filter, Problem> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let day = given(&self.day).map(|day| format!("{day}T00:00:00Z"));
        let since: Option<Timestamp> = maybe("day", day.as_deref())?;
        Ok(Filter {
            before_seq: self.after,
            principal: maybe("who", given(&self.principal).as_deref())?,
            action: given(&self.action),
            since,
            until: since.map(|since| since.plus(keep_types::Duration::from_ms(86_400_000))),
            newest_first: true,
            ..Filter::default()
        })
    }

    /// The same with where to go on.
    fn next(&self, after: u64) -> String {
        let fields = [
            ("principal", self.principal.as_str()),
            ("action", &self.action),
            ("day", &self.day),
            ("went", &self.went),
            ("after", &after.to_string()),
        ];
        addressed("/activity", &fields)
    }
}

async fn show(Query(asked): Query<Asked>, viewer: Viewer) -> Result<Markup, Problem> {
    list(&viewer, &asked, html! {}).await
}

/// What went wrong, in each of its ways.
const WRONG: [Phase; 4] = [Phase::Failed, Phase::OutcomeFailed, Phase::Abandoned, Phase::Denied];

async fn found(viewer: &Viewer, asked: &Asked) -> Result<(Vec<RecordView>, Option<u64>), Problem> {
    let phases = if asked.went == "wrong" { WRONG.to_vec() } else { Vec::new() };
    let filter = Filter { phases, limit: Some(USUAL_PAGE + 1), ..asked.filter()? };
    let mut all = viewer.house.app.gate().audit_log(&viewer.caller, AuditFilter(filter)).await?;
    let more = all.len() > USUAL_PAGE;
    all.truncate(USUAL_PAGE.min(MOST_ROWS));
    let next = all.last().filter(|_| more).map(|last| last.seq.0);
    Ok((all.into_iter().map(Into::into).collect(), next))
}

async fn list(viewer: &Viewer, asked: &Asked, above: Markup) -> Result<Markup, Problem> {
    let (items, next) = found(viewer, asked).await?;
    let now = viewer.house.app.now();
    let inside = html! {
        div class="split" {
            h1 { "Activity" }
            form method="post" action="/activity/verify" {
                input type="hidden" name="form_key" value=(viewer.form_key);
                button class="quiet" { "Verify the log" }
            }
        }
        p class="lead" { "Every act that passed the gate, or was turned away, in one log that cannot be changed without it showing." }
        (above)
        (filter(asked))
        div id="live" data-refresh=[(!asked.narrows() && asked.after.is_none()).then_some("/activity")] {
            @if items.is_empty() { (nothing(asked)) }
            @else {
                div class="panel" { (chart::lanes("Who did what when, of the records below", &dots(&items))) }
                (records(&items, now))
            }
        }
        @if let Some(next) = next { div class="pager" { span {} a class="button quiet" href=(asked.next(next)) { "Older" } } }
    };
    page(viewer, "/activity", "Activity", inside).await
}

fn nothing(asked: &Asked) -> Markup {
    if asked.narrows() {
        return empty("Nothing fits.", &html! { a href="/activity" { "Show everything" } });
    }
    empty("Nothing yet.", &html! { "The first act opens the log." })
}

fn filter(asked: &Asked) -> Markup {
    html! {
        form method="get" action="/activity" class="filter" role="search" {
            div class="field" { label for="principal" { "Who" } input id="principal" name="principal" value=(asked.principal) placeholder="agent:claude"; }
            div class="field" { label for="action" { "What" } input id="action" name="action" value=(asked.action) placeholder="memory, exec.run"; }
            div class="field" { label for="day" { "Day" } input id="day" name="day" type="date" value=(asked.day); }
            div class="field" {
                label for="went" { "How it went" }
                select id="went" name="went" {
                    option value="" { "any way" }
                    option value="wrong" selected[asked.went == "wrong"] { "failed or refused" }
                }
            }
            button { "Show" }
        }
    }
}

fn dots(items: &[RecordView]) -> Vec<Dot> {
    let of = |one: &RecordView| {
        let at = one.at.parse::<Timestamp>().ok()?.ms();
        Some(Dot {
            lane: one.principal.clone(),
            from: at,
            to: at,
            tone: tone(&one.phase),
            title: format!("{} at {}", one.action, one.at),
            href: format!("/activity/{}", one.seq),
        })
    };
    items.iter().rev().filter(|one| one.phase != "intent").filter_map(of).collect()
}

async fn verify(Sent { viewer, fields: NoFields {} }: Sent<NoFields>) -> Result<Markup, Problem> {
    let house = viewer.house.clone();
    // It reads every record.
    let checked = tokio::task::spawn_blocking(move || house.app.audit_verify(&mut |_, _| {})).await;
    let checked = checked.map_err(|error| Problem::internal(format!("verifying the log: {error}")))?;
    let result = match checked {
        Ok(report) => html! {
            div class="notice good" role="status" {
                strong { "The log holds." }
                p {
                    (many(usize::try_from(report.records).unwrap_or(usize::MAX), "record", "records"))
                    " checked, with " (report.details) " details and " (report.heads) " signed heads; none was changed, removed, inserted or reordered."
                }
                p { "Root " code { (report.root) } }
            }
        },
        Err(error) => html! {
            div class="notice bad" role="alert" {
                strong { "The log does not hold." }
                @for cause in keep_types::chain(&error) { p { (visible(&cause)) "." } }
                p { "No change is let through until a person has looked: " code { "keep doctor" } " in your terminal." }
            }
        },
    };
    list(&viewer, &Asked::default(), result).await
}

async fn record(Path(seq): Path<u64>, viewer: Viewer) -> Result<Markup, Problem> {
    let filter = Filter {
        after: seq.checked_sub(1),
        before_seq: Some(seq.saturating_add(1)),
        limit: Some(1),
        ..Filter::default()
    };
    let found = viewer.house.app.gate().audit_log(&viewer.caller, AuditFilter(filter)).await?;
    let Some(entry) = found.into_iter().find(|entry| entry.seq.0 == seq) else {
        let why = format!("there is no record {seq}");
        return Err(Problem::new(StatusCode::NOT_FOUND, ErrorKind::NotFound, why));
    };
    let one = RecordView::from(entry);
    let proof = audit::prove(&viewer.house, &viewer.caller, seq).await?;
    let now = viewer.house.app.now();
    let inside = html! {
        p class="crumb" { a href="/activity" { "Activity" } }
        h1 { "Record " (seq) ": " (one.action) }
        p class="lead" { (one.principal) ", " (ago(&one.at, now)) }
        div class="panel" { dl {
            dt { "How it went" } dd { (went(&one.phase)) " " @if one.phase != "done" { (badge(&one.phase)) } }
            dt { "Who" } dd { a href={ "/activity?principal=" (one.principal) } { (one.principal) } }
            dt { "Where" } dd { (one.namespace) }
            dt { "When" } dd { (moment(&one.at)) }
            @if let Some(other) = one.refers_to { dt { "Belongs to" } dd { a href={ "/activity/" (other) } { "record " (other) } } }
        } }
        h2 { "Detail" }
        @match &one.detail {
            Some(detail) => (json(detail)),
            None if one.erased => p { "It was erased; the record and its proof stay." },
            None => p { "It has none." },
        }
        h2 { "Proof" }
        p { "This record is leaf " (proof.seq) " of a tree of " (proof.size) ", whose head is signed. Whoever has that head can check that the record was there and was not changed since." }
        pre { (proof.head) }
        div class="panel" {
            dl {
                dt { "Leaf" } dd { code { (proof.leaf) } }
                dt { "Root" } dd { code { (proof.root) } }
            }
            details {
                summary { "The hashes from the leaf to the root" }
                ol { @for hash in &proof.path { li { code { (hash) } } } }
            }
            p { "Check it in your terminal: " code { "keep audit prove " (proof.seq) } }
        }
        nav class="pager" aria-label="Records" {
            @if let Some(before) = seq.checked_sub(1) { a class="button quiet" href={ "/activity/" (before) } { "Record " (before) } } @else { span {} }
            @if seq + 1 < proof.size { a class="button quiet" href={ "/activity/" (seq + 1) } { "Record " (seq + 1) } }
        }
    };
    page(&viewer, "/activity", &format!("Record {seq}"), inside).await
}
