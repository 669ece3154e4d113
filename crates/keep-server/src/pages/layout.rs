//! The frame around every page.

use super::page::Viewer;
use crate::problem::{Leads, Problem, Told};
use maud::{DOCTYPE, Markup, html};

/// The pages that the frame leads to, in groups: what wants somebody, what happened, what is kept, the house.
const PAGES: [(&str, &[(&str, &str)]); 4] = [
    ("", &[("/", "Home"), ("/approvals", "Approvals")]),
    ("What happened", &[("/activity", "Activity"), ("/runs", "Runs")]),
    ("What is kept", &[("/memories", "Memories"), ("/artifacts", "Artifacts"), ("/secrets", "Secrets")]),
    ("The house", &[("/tokens", "Tokens"), ("/settings", "Settings"), ("/attest", "Attest")]),
];

/// A page for whoever is signed in. `here` is the page of the frame that it belongs to.
pub(super) async fn page(
    viewer: &Viewer,
    here: &str,
    title: &str,
    inside: Markup,
) -> Result<Markup, Problem> {
    let waiting = waiting(viewer).await?;
    let shown = if waiting > 0 { format!("({waiting}) {title}") } else { title.to_owned() };
    let body = html! {
        body class="framed" {
            a class="skip" href="#main" { "Skip to the page" }
            header {
                a class="brand" href="/" { img src="/assets/keep.svg" alt=""; "Keep" }
                nav aria-label="Pages" {
                    @for (group, pages) in PAGES {
                        @if !group.is_empty() { span class="group" { (group) } }
                        @for (path, name) in pages {
                            a href=(path) aria-current=[(*path == here).then_some("page")] {
                                (name)
                                @if *path == "/approvals" {
                                    span id="waiting" class="count" hidden[waiting == 0] { (waiting) }
                                }
                            }
                        }
                    }
                }
                div class="who" {
                    span { (viewer.caller.principal.to_string()) }
                    span class="utc" { "All times are UTC" }
                    form method="post" action="/sign-out" {
                        input type="hidden" name="form_key" value=(viewer.form_key);
                        button class="quiet" { "Sign out" }
                    }
                }
            }
            main id="main" tabindex="-1" { (inside) }
        }
    };
    Ok(document(&shown, &body))
}

/// How many requests wait.
async fn waiting(viewer: &Viewer) -> Result<usize, Problem> {
    let waiting = keep_gate::InboxFilter::Waiting;
    Ok(viewer.house.app.gate().inbox(&viewer.caller, waiting).await?.len())
}

/// What went wrong, for somebody who looks at it in a browser.
pub(crate) fn trouble(told: &Told) -> String {
    let leads = told.leads == Leads::Home;
    let body = html! {
        body {
            main id="main" class="sign-in" {
                @if leads { a class="brand" href="/" { img src="/assets/keep.svg" alt=""; "Keep" } }
                h1 { "That did not work" }
                p { (super::words::visible(&told.title)) "." }
                @if let Some(hint) = &told.hint { p { (super::words::visible(hint)) "." } }
                @if let Some(id) = &told.approval {
                    p { a href={ "/approvals/" (id) } { "It waits for an approval" } }
                }
                @if leads { p { a href="/" { "Back to the beginning" } } }
                @if let Some(id) = &told.request { footer { "Request " code { (id) } } }
            }
        }
    };
    document("That did not work", &body).into_string()
}

/// A whole document around a body.
pub(super) fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Nothing is evaluated and no style is written into the page: the policy forbids both.
                meta name="htmx-config" content=(r#"{"allowEval":false,"includeIndicatorStyles":false,"selfRequestsOnly":true,"allowScriptTags":false}"#);
                title { (title) " · Keep" }
                link rel="stylesheet" href="/assets/keep.css";
                link rel="icon" href="/assets/keep.svg" type="image/svg+xml";
                script src="/assets/htmx.min.js" defer {}
                script src="/assets/live.js" defer {}
            }
            (body)
        }
    }
}
