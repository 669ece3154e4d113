//! From what a pickle says of storages to regions.

use super::names::Use;
use super::value::{Pickled, Storage};
use crate::format::Found;
use crate::format::cover::{Span, size};
use crate::{Dtype, Format, TensorInfo};
use std::collections::HashSet;

/// The storages found so far.
#[derive(Default)]
pub(super) struct Described {
    note: Option<String>,
    spans: Vec<Span>,
    names: HashSet<String>,
}

impl From<Described> for Found {
    fn from(described: Described) -> Self {
        Self { format: Format::Torch, note: described.note, spans: described.spans }
    }
}

impl Described {
    /// Keeps the first reason why a storage is only bytes.
    pub(super) fn remark(&mut self, why: String) {
        self.note.get_or_insert(why);
    }

    /// A storage at this place. One that is not as the pickle says stays bytes, as does one that has neither
    /// a type nor a tensor.
    pub(super) fn add(
        &mut self,
        pickled: &Pickled<'_>,
        storage: &Storage<'_>,
        used: Option<&Use>,
        start: u64,
        len: u64,
    ) {
        let key = String::from_utf8_lossy(storage.key);
        if storage.bytes() != Some(len) {
            return self
                .remark(format!("the storage {key:?} has {len} bytes, which is not what the pickle says"));
        }
        let dtype = match (storage.dtype, used) {
            (Some(dtype), _) => dtype,
            // A tensor of a type that is not known here is bytes with a name.
            (None, Some(used)) => used.dtype.unwrap_or(Dtype::U8),
            (None, None) => return,
        };
        let width = dtype.width() as u64;
        let (dtype, count) = if len.is_multiple_of(width) { (dtype, len / width) } else { (Dtype::U8, len) };
        let whole = used.and_then(|used| pickled.whole(pickled.views[used.view], count));
        let shape = whole.unwrap_or_else(|| vec![count]);
        // Two paths may read the same; the name below which the storage is kept is its own.
        let path = used.map(|used| &used.name).filter(|name| !name.is_empty() && !self.names.contains(*name));
        let name = path.cloned().unwrap_or_else(|| format!("data/{key}"));
        if self.names.insert(name.clone()) {
            self.spans.push(Span { start, len, info: TensorInfo { name, dtype, shape } });
        }
    }
}

impl Storage<'_> {
    /// Bytes of it, or nothing when that is more than can be counted. Without a type it is counted in them.
    pub(super) fn bytes(&self) -> Option<u64> {
        size(&[self.count], self.dtype.map_or(1, Dtype::width))
    }
}
