//! Forms: what a page without a script sends. They cannot carry a header, so each carries the key of its
//! session's forms, and the browser must say that the form was on a page of ours.

use super::page::Viewer;
use crate::problem::Problem;
use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{StatusCode, header};
use keep_types::{Digest, ErrorKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A form that a signed-in person sent.
pub(super) struct Sent<T> {
    pub(super) viewer: Viewer,
    pub(super) fields: T,
}

/// A form that says nothing but that it was sent.
#[derive(Deserialize)]
pub(super) struct NoFields {}

#[derive(Deserialize)]
struct Keyed<T> {
    form_key: String,
    #[serde(flatten)]
    fields: T,
}

impl<T: DeserializeOwned + Send> FromRequest<crate::house::House> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, house: &crate::house::House) -> Result<Self, Problem> {
        check_origin(&request)?;
        let (mut parts, body) = request.into_parts();
        let viewer = Viewer::from_request_parts(&mut parts, house).await?;
        let request = Request::from_parts(parts, body);
        let Form(keyed) = Form::<Keyed<T>>::from_request(request, house)
            .await
            .map_err(|rejected| Problem::unread("the form", &rejected.body_text()))?;
        // Of digests: how long the comparison takes tells nothing of the key.
        if Digest::of(keyed.form_key.as_bytes()) != Digest::of(viewer.form_key.as_bytes()) {
            let why = "this form is not of your present session; go back and reload the page";
            return Err(Problem::new(StatusCode::FORBIDDEN, ErrorKind::Denied, why));
        }
        Ok(Self { viewer, fields: keyed.fields })
    }
}

/// An address with what it asks for; what is empty is left out.
pub(super) fn addressed(path: &str, fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let keep = |b: u8| b.is_ascii_alphanumeric() || b"-_.~:".contains(&b);
        text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
    };
    let shown = fields.iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = shown.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// Browsers say with every form from which page it was sent; whether that is ours was checked before.
pub(super) fn check_origin(request: &Request) -> Result<(), Problem> {
    if request.headers().contains_key(header::ORIGIN) {
        return Ok(());
    }
    let why = "a form is sent by a browser, which says from which page";
    Err(Problem::new(StatusCode::FORBIDDEN, ErrorKind::Denied, why))
}
