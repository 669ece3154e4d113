//! What `torch.save` writes: a zip archive of a pickle, `data.pkl`, and one member per storage, `data/KEY`.
//! The pickle says which tensors look at which storage.
//!
//! A region is a storage, not a tensor: tensors that share one (tied weights, views) are one run of bytes,
//! named after the first of them.

mod call;
mod global;
mod machine;
mod names;
mod op;
mod value;

use super::cover::{Span, size};
use super::source::Source;
use super::stop::{Stop, unfit};
use super::zip::Member;
use super::{Found, Limits};
use crate::{Dtype, Format, TensorInfo};
use names::Use;
use std::collections::{HashMap, HashSet};
use value::{Pickled, Storage};

const PICKLE: &str = "data.pkl";
/// Longer than any word that the member for the byte order may hold.
const ORDER_BYTES: u64 = 16;

/// What the names of all members begin with, if this is such an archive: a folder, or nothing.
pub(super) fn folder(members: &[Member]) -> Option<&str> {
    let folder = |member: &Member| -> Option<usize> {
        let folder = member.name.strip_suffix(PICKLE)?;
        (folder.is_empty() || folder.find('/') == Some(folder.len() - 1)).then_some(folder.len())
    };
    members.iter().find_map(|member| member.name.get(..folder(member)?))
}

/// What torch wrote before it wrote archives begins with this pickled number.
pub(super) fn starts_old(start: &[u8]) -> bool {
    start.starts_with(&[0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19])
}

pub(super) fn read(
    source: &mut Source<'_>,
    members: &[Member],
    folder: &str,
    limits: &Limits,
) -> Result<Found, Stop> {
    let members: HashMap<&str, &Member> =
        members.iter().filter_map(|member| Some((member.name.strip_prefix(folder)?, member))).collect();
    let order = content(source, &members, "byteorder", ORDER_BYTES)?;
    if order.is_some_and(|order| order != b"little") {
        return Ok(Found::bytes(Format::Torch, "its numbers are not little-endian"));
    }
    let pickle = content(source, &members, PICKLE, limits.header_bytes)?
        .ok_or_else(|| unfit(format!("{PICKLE} is packed or too long")))?;
    let pickled = machine::run(&pickle, limits)?;
    let uses = names::uses(&pickled, limits);
    let mut found = Found { format: Format::Torch, note: None, spans: Vec::new() };
    let mut taken = HashSet::new();
    for (storage, used) in pickled.storages.iter().zip(&uses) {
        match span(source, &members, &pickled, storage, used.as_ref()) {
            Ok(Some(mut span)) => {
                // Two paths may read the same; a member's name is its own.
                let member = format!("data/{}", String::from_utf8_lossy(storage.key));
                if span.info.name.is_empty() || taken.contains(&span.info.name) {
                    span.info.name = member;
                }
                if taken.insert(span.info.name.clone()) {
                    found.spans.push(span);
                }
            }
            Ok(None) => {}
            Err(Stop::Unfit(why)) => found.note = found.note.or(Some(why)),
            Err(stop) => return Err(stop),
        }
    }
    Ok(found)
}

/// The bytes of a small member, or nothing where there is none that can be read.
fn content(
    source: &mut Source<'_>,
    members: &HashMap<&str, &Member>,
    name: &str,
    most: u64,
) -> Result<Option<Vec<u8>>, Stop> {
    let Some(member) = members.get(name) else { return Ok(None) };
    match member.place(source)? {
        Some((start, len)) if len <= most => source.read(start, len, name).map(Some),
        _ => Ok(None),
    }
}

/// Where a storage lies and what it is. A storage of no known type stays bytes.
fn span(
    source: &mut Source<'_>,
    members: &HashMap<&str, &Member>,
    pickled: &Pickled<'_>,
    storage: &Storage<'_>,
    used: Option<&Use>,
) -> Result<Option<Span>, Stop> {
    let key = String::from_utf8_lossy(storage.key);
    let member = members
        .get(format!("data/{key}").as_str())
        .ok_or_else(|| unfit(format!("the storage {key:?} is not in the archive")))?;
    let Some((start, len)) = member.place(source)? else { return Ok(None) };
    // A storage without a type is counted in bytes.
    let unit = storage.dtype.map_or(1, Dtype::width);
    if size(&[storage.count], unit) != Some(len) {
        return Err(unfit(format!("the storage {key:?} has {len} bytes, which is not what the pickle says")));
    }
    let Some(dtype) = storage.dtype.or(used.and_then(|used| used.dtype)) else { return Ok(None) };
    let width = dtype.width() as u64;
    let (dtype, count) = if len % width == 0 { (dtype, len / width) } else { (Dtype::U8, len) };
    let whole = used.and_then(|used| pickled.whole(pickled.views[used.view], count));
    let shape = whole.unwrap_or_else(|| vec![count]);
    let name = used.map(|used| used.name.clone()).unwrap_or_default();
    Ok(Some(Span { start, len, info: TensorInfo { name, dtype, shape } }))
}
