//! What every page is given: who looks, and the house.

use crate::guard::Known;
use crate::house::House;
use crate::problem::Problem;
use crate::sessions::SignedIn;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use keep_types::Caller;

/// A signed-in person looks at a page.
pub(super) struct Viewer {
    pub(super) house: House,
    pub(super) caller: Caller,
    pub(super) form_key: String,
}

impl FromRequestParts<House> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let nobody = || Problem::internal("a page that asks nobody who they are");
        let Known(caller) = parts.extensions.get::<Known>().cloned().ok_or_else(nobody)?;
        let SignedIn { form_key, .. } = parts.extensions.get::<SignedIn>().cloned().ok_or_else(nobody)?;
        Ok(Self { house: house.clone(), caller, form_key })
    }
}
