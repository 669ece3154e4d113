//! What `torch.save` writes: a zip archive of a pickle, `data.pkl`, and one member per storage, `data/KEY`.
//! The pickle says which tensors look at which storage.
//!
//! A region is a storage, not a tensor: tensors that share one (tied weights, views) are one run of bytes,
//! named after the first of them.

mod call;
mod described;
mod global;
mod machine;
mod names;
mod old;
mod op;
mod value;

use super::source::Source;
use super::stop::{Stop, unfit};
use super::zip::Member;
use super::{Found, Limits};
use crate::Format;
pub(super) use old::{read as read_old, starts as starts_old};

use described::Described;
use std::collections::HashMap;
use value::Storage;

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
    let (pickled, _) = machine::run(&pickle, limits)?;
    let uses = names::uses(&pickled, limits);
    let mut found = Described::default();
    for (storage, used) in pickled.storages.iter().zip(&uses) {
        match place(source, &members, storage) {
            Ok(Some((start, len))) => found.add(&pickled, storage, used.as_ref(), start, len),
            Ok(None) => {}
            Err(Stop::Unfit(why)) => found.remark(why),
            Err(stop) => return Err(stop),
        }
    }
    Ok(found.into())
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

/// Where a storage lies and how long it is; nothing where it is packed.
fn place(
    source: &mut Source<'_>,
    members: &HashMap<&str, &Member>,
    storage: &Storage<'_>,
) -> Result<Option<(u64, u64)>, Stop> {
    let key = String::from_utf8_lossy(storage.key);
    let member = members.get(format!("data/{key}").as_str());
    member.ok_or_else(|| unfit(format!("the storage {key:?} is not in the archive")))?.place(source)
}
