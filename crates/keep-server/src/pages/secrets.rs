//! Secrets: that they are there, how old they are, and which want a new value. Never a value.

use super::layout::page;
use super::page::Viewer;
use super::words::{ago, badge, empty, toned, visible};
use crate::door::{Access, Door};
use crate::problem::Problem;
use axum::http::Method;
use axum::routing::get;
use keep_types::{Duration, ErrorKind, Explain, Timestamp};
use keep_vault::{SecretView, VaultError};
use maud::{Markup, html};

/// What is due so soon is said now.
const SOON: Duration = Duration::from_ms(14 * 86_400_000);

pub(super) fn door() -> Door {
    Door::new(Method::GET, "/secrets", Access::Person, get(show))
}

async fn show(viewer: Viewer) -> Result<Markup, Problem> {
    let which = keep_vault::Which { everywhere: true, ..keep_vault::Which::default() };
    let mut found = viewer.house.app.vault().list(&viewer.caller, &which).await;
    let now = viewer.house.app.now();
    if let Ok(all) = &mut found {
        all.sort_by_key(|one| (std::cmp::Reverse(weight(one, now)), one.name.to_string()));
    }
    let inside = html! {
        h1 { "Secrets" }
        p class="lead" { "Which secrets the vault holds and how they are. No page shows a value; runs get them by name." }
        @match found {
            Ok(all) => {
                @if all.is_empty() {
                    (empty("No secrets yet.", &html! { code { "keep secret set DEPLOY_TOKEN" } " in your terminal keeps the first one." }))
                } @else { (table(&all, now)) }
            }
            Err(error) => (shut(error)?),
        }
    };
    page(&viewer, "/secrets", "Secrets", inside).await
}

/// Why the vault cannot be looked into: it is locked, or there is none.
fn shut(error: VaultError) -> Result<Markup, Problem> {
    if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Tampered) {
        return Err(error.into());
    }
    let hint = error.hint().unwrap_or_else(|| "`keep unlock` in your terminal opens it".into());
    Ok(empty(&visible(&error.to_string()), &html! { (visible(&hint)) }))
}

/// How urgent it is: 2 overdue, 1 soon, 0 fine.
fn weight(one: &SecretView, now: Timestamp) -> u8 {
    let at = [one.expires, one.rotation_due].into_iter().flatten().min();
    match at {
        Some(at) if at <= now => 2,
        Some(at) if at <= now.plus(SOON) => 1,
        _ => 0,
    }
}

fn table(all: &[SecretView], now: Timestamp) -> Markup {
    html! {
        div class="scroll" tabindex="0" { table {
            thead { tr { th { "Name" } th { "How it is" } th { "Value from" } th { "To be changed" } th { "Ends" } th { "Where" } } }
            tbody {
                @for one in all {
                    tr {
                        td { code { (one.name.to_string()) } @if !one.note.is_empty() { p { (visible(&one.note)) } } }
                        td { (state(one, now)) }
                        td { (ago(&one.changed.to_string(), now)) p { "by " (one.changed_by.to_string()) ", version " (one.version) } }
                        td { @if let Some(at) = one.rotation_due { (ago(&at.to_string(), now)) } @else { "–" } }
                        td { @if let Some(at) = one.expires { (ago(&at.to_string(), now)) } @else { "never" } }
                        td { (one.namespace.to_string()) p { (one.profile.to_string()) } }
                    }
                }
            }
        } }
        p class="meta" { "A new value: " code { "keep secret rotate NAME" } }
    }
}

fn state(one: &SecretView, now: Timestamp) -> Markup {
    match (one.expired, weight(one, now)) {
        (true, _) => badge("expired"),
        (false, 2) => badge("overdue"),
        (false, 1) => toned("mind", "due soon"),
        (false, _) => toned("good", "good"),
    }
}
