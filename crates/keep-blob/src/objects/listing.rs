//! Listings, page by page.

use super::meta_of;
use crate::backend::Entry;
use crate::error::BlobError;
use crate::refusal::told;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::ObjectMeta;

/// A listing under way.
pub(crate) struct Listing {
    pub(super) stream: BoxStream<'static, object_store::Result<ObjectMeta>>,
    /// How much of each path is the store's prefix.
    pub(super) skip: usize,
    pub(super) state: State,
}

/// How far a listing is. A stream must not be asked again once it ended, and one that failed ends too:
/// taken for the end, that would say that there is no more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Going,
    Ended,
    Failed,
}

impl Listing {
    pub(crate) async fn page(&mut self, most: usize) -> Result<Vec<Entry>, BlobError> {
        if self.state == State::Failed {
            return Err(BlobError::Stopped { doing: "listing" });
        }
        let mut page = Vec::new();
        while page.len() < most && self.state == State::Going {
            match self.stream.next().await {
                None => self.state = State::Ended,
                Some(Err(error)) => {
                    self.state = State::Failed;
                    return Err(told("listing", error));
                }
                Some(Ok(found)) => {
                    let path = found.location.as_ref().get(self.skip..).unwrap_or_default().to_owned();
                    page.push(Entry { path, meta: meta_of(&found) });
                }
            }
        }
        Ok(page)
    }
}
