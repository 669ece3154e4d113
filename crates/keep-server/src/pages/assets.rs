//! What pages are drawn with. It is the same for everybody and tells nothing, so anybody may have it.

use crate::door::{Access, Door};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use keep_types::Digest;

struct Asset {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

/// The files. htmx is its makers' release, unmodified; docs/dependencies.md has its version and digest, and
/// a test holds it to that.
const ASSETS: [Asset; 4] = [
    Asset { path: "/assets/keep.css", kind: "text/css", bytes: include_bytes!("../../assets/keep.css") },
    Asset { path: "/assets/keep.svg", kind: "image/svg+xml", bytes: include_bytes!("../../assets/keep.svg") },
    Asset { path: "/assets/live.js", kind: "text/javascript", bytes: include_bytes!("../../assets/live.js") },
    Asset {
        path: "/assets/htmx.min.js",
        kind: "text/javascript",
        bytes: include_bytes!("../../assets/htmx.min.js"),
    },
];

pub(super) fn doors() -> impl Iterator<Item = Door> {
    ASSETS.iter().map(|asset| {
        let answer = get(move |headers: HeaderMap| async move { send(asset, &headers) });
        Door::new(Method::GET, asset.path, Access::Public, answer)
    })
}

fn send(asset: &'static Asset, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", Digest::of(asset.bytes).short());
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { asset.bytes.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    // Asked anew each time, so that a new version of the program shows at once; the tag saves the bytes.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::ASSETS;
    use keep_types::Digest;

    #[test]
    fn the_release_of_htmx_is_unmodified() {
        let htmx = ASSETS.iter().find(|asset| asset.path.ends_with("htmx.min.js")).unwrap();
        let papers = include_str!("../../../../docs/dependencies.md");
        assert!(papers.contains(&Digest::of(htmx.bytes).to_string()), "its digest is not in the papers");
    }
}
