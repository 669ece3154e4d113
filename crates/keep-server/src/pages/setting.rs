//! One setting: its form, and its change, which is shown before it is made.

use super::form::Sent;
use super::layout::page;
use super::page::Viewer;
use super::settings;
use super::words::{toned, visible};
use crate::confirm::confirmed_act;
use crate::door::{Access, Door};
use crate::problem::Problem;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use keep_app::config::{self, Change, Key, Kind, Origin, ProjectRule, Row, Value};
use keep_types::ErrorKind;
use maud::{Markup, html};
use serde::Deserialize;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::new(Method::POST, "/settings/{name}", Access::Person, post(look)),
        Door::new(Method::POST, "/settings/{name}/set", Access::Person, post(set)),
    ]
}

/// A value that was typed and is none.
pub(super) struct Typed {
    pub(super) key: &'static str,
    /// As it was typed; nothing where it may be the value of a secret.
    text: String,
    why: String,
}

/// What a form says of a setting.
#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    value: String,
    /// The default is wanted, whatever the field says.
    #[serde(default)]
    default: Option<String>,
    #[serde(default)]
    code: String,
}

impl Wanted {
    fn value(&self) -> Option<&str> {
        self.default.is_none().then_some(self.value.as_str())
    }
}

/// A value as it is shown.
pub(super) fn shown(value: &Value) -> Markup {
    let text = match value {
        Value::Switch(true) => "yes".to_owned(),
        Value::Switch(false) => "no".to_owned(),
        value => value.to_string(),
    };
    html! {
        @if text.is_empty() { (toned("plain", "not set")) }
        @else { code class=[(text.len() < 24).then_some("word")] { (visible(&text)) } }
    }
}

/// The form of a setting: what is typed there is shown as a change first.
pub(super) fn form(viewer: &Viewer, row: &Row, next: Option<&Row>, wrong: Option<&Typed>) -> Markup {
    let Some(key) = config::find(row.key) else { return html! {} };
    if key.project == ProjectRule::Own {
        return html! { p class="meta" { "Only the project's own files say this." } };
    }
    let written = next.unwrap_or(row);
    let of_file = matches!(written.origin, Origin::User(_));
    let id = format!("value-{}", key.name);
    html! {
        details open[wrong.is_some()] {
            summary { "Change " span class="skip" { (key.name) } }
            form method="post" action={ "/settings/" (key.name) "#" (key.name) } class="change" {
                input type="hidden" name="form_key" value=(viewer.form_key);
                div class="field" {
                    label for=(id) { "New value" span class="skip" { " of " (key.name) } }
                    (field(key, &id, &written.value, wrong))
                    @match wrong {
                        Some(wrong) => p class="wrong" id={ (id) "-wrong" } role="alert" { (visible(&wrong.why)) },
                        None => small id={ (id) "-is" } { (takes(key.kind)) },
                    }
                }
                div class="buttons" {
                    button { "Look at the change" }
                    @if of_file { button class="quiet" name="default" value="yes" formnovalidate { "Back to the default" } }
                }
            }
        }
    }
}

fn field(key: &Key, id: &str, value: &Value, wrong: Option<&Typed>) -> Markup {
    let text = wrong.map_or_else(|| value.to_string(), |wrong| wrong.text.clone());
    let bad = wrong.map(|_| "true");
    let told = match wrong {
        Some(_) => format!("{id}-wrong"),
        None => format!("{id}-is"),
    };
    let select = |words: &[(&str, &str)]| {
        html! {
            select id=(id) name="value" aria-describedby=(told) aria-invalid=[bad] {
                // What was sent may be no word of the list.
                @if !words.iter().any(|(word, _)| *word == text) { option selected value=(text) { (visible(&text)) } }
                @for (word, says) in words { option value=(word) selected[*word == text] { (says) } }
            }
        }
    };
    match key.kind {
        Kind::Switch => select(&[("true", "yes"), ("false", "no")]),
        Kind::Choice(words) => select(&words.iter().map(|word| (*word, *word)).collect::<Vec<_>>()),
        Kind::Count(..) => html! {
            input id=(id) name="value" inputmode="numeric" autocomplete="off" required aria-describedby=(told) aria-invalid=[bad] value=(text);
        },
        Kind::Span(..) | Kind::Name | Kind::Line | Kind::Secret => html! {
            input id=(id) name="value" autocomplete="off" autocapitalize="none" spellcheck="false" required aria-describedby=(told) aria-invalid=[bad] value=(text);
        },
    }
}

/// What a field takes, as a person reads it.
fn takes(kind: Kind) -> String {
    match kind {
        Kind::Span(least, most) => {
            format!("a length of time from {least} to {most}, such as 90s, 10m, 8h or 30d")
        }
        Kind::Count(least, most) => format!("a whole number from {least} to {most}"),
        Kind::Switch => "yes or no".into(),
        Kind::Choice(_) => "one of these".into(),
        Kind::Name => "a name of a-z, 0-9, '.', '_' and '-'".into(),
        Kind::Line => "a line of text".into(),
        Kind::Secret => "secret:NAME, the name of a secret in the vault; never its value".into(),
    }
}

/// The key of a path.
fn known(name: &str) -> Result<&'static Key, Problem> {
    let nothing = || Problem::new(StatusCode::NOT_FOUND, ErrorKind::NotFound, "there is no such setting");
    config::find(name).ok_or_else(nothing)
}

/// What was typed, where it is no value of the key.
fn checked(key: &'static Key, wanted: &Wanted) -> Option<Typed> {
    let text = wanted.value()?;
    config::check_text(key.name, text).err()?;
    if key.project == ProjectRule::Own {
        let why = "Only the project's own files say this.".into();
        return Some(Typed { key: key.name, text: text.to_owned(), why });
    }
    let shown = match key.kind {
        // Somebody may have put the value where the name belongs.
        Kind::Secret => String::new(),
        _ => text.to_owned(),
    };
    let why = match (key.kind, text.is_empty()) {
        (Kind::Secret, _) => format!("What was typed is not {}.", takes(key.kind)),
        (_, true) => format!("It is to be {}; \"Back to the default\" takes it out.", takes(key.kind)),
        (kind, false) => format!("It is to be {}; this is {}.", takes(kind), kind.shown(text)),
    };
    Some(Typed { key: key.name, text: shown, why })
}

/// Shows what a change would come to; nothing is changed.
async fn look(Path(key): Path<String>, Sent { viewer, fields }: Sent<Wanted>) -> Result<Response, Problem> {
    let key = known(&key)?;
    if let Some(wrong) = checked(key, &fields) {
        let page = settings::list(&viewer, "", Some(&wrong)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    Ok(review(&viewer, key, &fields, None).await?.into_response())
}

/// A change, before it is made. `failed` says why it was not made a moment ago.
async fn review(
    viewer: &Viewer,
    key: &'static Key,
    wanted: &Wanted,
    failed: Option<&Problem>,
) -> Result<Markup, Problem> {
    let app = &viewer.house.app;
    let (here, value) = (app.setting(key.name)?, wanted.value());
    let row = |view: keep_app::SettingsView| view.settings.into_iter().find(|row| row.key == key.name);
    let before = row(app.settings_ahead(None).await?).unwrap_or_else(|| here.clone());
    let after = app.settings_ahead(Some(Change { key: key.name, value })).await?;
    let after = row(after).unwrap_or_else(|| here.clone());
    let written = value.and_then(|text| key.kind.from_text(text));
    let counts = written.as_ref().is_none_or(|written| after.value == *written)
        && !matches!(after.origin, Origin::Project(_) | Origin::Environment(_) | Origin::Flag(_));
    let title = if value.is_some() { "Change this setting?" } else { "Back to the default?" };
    let inside = html! {
        p class="crumb" { a href={ "/settings#" (key.name) } { "Settings" } }
        h1 { (title) }
        @if let Some(failed) = failed {
            div class="notice bad" role="alert" { strong { "It is not changed: " (visible(&failed.title)) } @if let Some(hint) = &failed.hint { p { (visible(hint)) } } }
        }
        div class="panel" {
            p class="turn" { code class="key" { (key.name) } span class="from" { (shown(&before.value)) } span aria-hidden="true" { "→" } span class="skip" { " becomes " } span class="to" { (shown(written.as_ref().unwrap_or(&after.value))) } }
            p { (visible(key.doc)) }
        }
        (warnings(key, &before, &after, counts))
        form method="post" action={ "/settings/" (key.name) "/set" } class="answers" {
            input type="hidden" name="form_key" value=(viewer.form_key);
            @match value {
                Some(text) => input type="hidden" name="value" value=(text);,
                None => input type="hidden" name="default" value="yes";,
            }
            @if app.effective().values.totp {
                div class="field" { label for="authenticator" { "One-time code of your authenticator" } input id="authenticator" name="code" inputmode="numeric" autocomplete="one-time-code"; }
            }
            div class="buttons" {
                button { "Change it" }
                a class="button quiet" href={ "/settings#" (key.name) } { "Leave it as it is" }
            }
        }
        dl {
            dt { "This server" } dd { "goes by " (shown(&here.value)) " until it is started again" }
            dt { "Now set" } dd { @if before.origin == Origin::Default { "nowhere: it is the default" } @else { (visible(&before.origin.to_string())) } }
            dt { "Default" } dd { (shown(&here.default)) }
        }
    };
    page(viewer, "/settings", title, inside).await
}

/// What somebody should know of a change before it is made.
fn warnings(key: &Key, before: &Row, after: &Row, counts: bool) -> Markup {
    html! {
        @if !counts {
            div class="notice mind" role="status" {
                strong { "Your file would not count" }
                p { (visible(&after.origin.to_string())) " says " (shown(&after.value)) ", and goes before your file." }
            }
        } @else if after.value == before.value {
            div class="notice" role="status" { "That is what it is already." }
        } @else if !key.narrows(&before.value, &after.value) {
            div class="notice mind" role="status" { strong { "It guards less than before" } p { "Whoever acts through Keep may do more, or sooner, than until now." } }
        }
    }
}

async fn set(Path(key): Path<String>, Sent { viewer, fields }: Sent<Wanted>) -> Result<Response, Problem> {
    let key = known(&key)?;
    if let Some(wrong) = checked(key, &fields) {
        let page = settings::list(&viewer, "", Some(&wrong)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let value = fields.value().map(str::to_owned);
    // What the form said is what is confirmed, and nothing else.
    let mut confirmed = vec![("key", key.name.to_owned())];
    confirmed.extend(value.clone().map(|value| ("value", value)));
    let code = Some(fields.code.trim().to_owned()).filter(|code| !code.is_empty());
    let app = &viewer.house.app;
    let changing = app.set_config(&viewer.caller, key.name.to_owned(), value);
    match confirmed_act("config.set", confirmed, code, changing).await {
        Ok(_) => Ok(Redirect::to(&format!("/settings?changed={}", key.name)).into_response()),
        Err(error) => {
            let problem = Problem::from(error);
            // Where a code was wrong or missing, the form is there again.
            if problem.status != StatusCode::FORBIDDEN.as_u16() || problem.approval.is_some() {
                return Err(problem);
            }
            let page = review(&viewer, key, &fields, Some(&problem)).await?;
            Ok((StatusCode::FORBIDDEN, page).into_response())
        }
    }
}
