//! The frame around every page.

use super::page::Viewer;
use crate::problem::Problem;
use maud::{DOCTYPE, Markup, html};

/// The pages that the frame leads to.
const PAGES: [(&str, &str); 5] = [
    ("/", "Home"),
    ("/approvals", "Approvals"),
    ("/activity", "Activity"),
    ("/memories", "Memories"),
    ("/attest", "Attest"),
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
        a class="skip" href="#main" { "Skip to the page" }
        header {
            a class="brand" href="/" { "Keep" }
            nav aria-label="Pages" {
                @for (path, name) in PAGES {
                    a href=(path) aria-current=[(path == here).then_some("page")] {
                        (name)
                        @if path == "/approvals" {
                            span id="waiting" class="count" data-waiting=(waiting) hidden[waiting == 0] { (waiting) }
                        }
                    }
                }
            }
            form method="post" action="/sign-out" {
                input type="hidden" name="form_key" value=(viewer.form_key);
                button class="quiet" { "Sign out" }
            }
        }
        main id="main" { h1 { (title) } (inside) }
        footer { (viewer.caller.principal.to_string()) " · all times are UTC" }
    };
    Ok(document(&shown, &body))
}

/// How many requests wait.
async fn waiting(viewer: &Viewer) -> Result<usize, Problem> {
    let waiting = keep_gate::InboxFilter::Waiting;
    Ok(viewer.house.app.gate().inbox(&viewer.caller, waiting).await?.len())
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
            body { (body) }
        }
    }
}
