//! What torch wrote before it wrote archives, and still writes when asked: pickles (a number, a version,
//! something about the machine, what was saved, the keys of its storages), then each storage after the
//! count of its elements.

use super::described::Described;
use super::machine;
use super::names;
use super::value::{Storage, Value};
use crate::format::bytes::Bytes;
use crate::format::source::Source;
use crate::format::stop::{Stop, unfit};
use crate::format::{Found, Limits};
use std::collections::HashMap;

/// The first pickle: torch's number.
const MAGIC: [u8; 14] = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// Pickles before the one of what was saved.
const BEFORE: usize = 3;
/// How much is read to find the pickles in, and how much more each time they turn out to be longer.
const FIRST: u64 = 1 << 20;
const MORE: u64 = 8;
/// Bytes of the count before a storage.
const COUNT: u64 = 8;

pub(in crate::format) fn starts(start: &[u8]) -> bool {
    start.starts_with(&MAGIC)
}

pub(in crate::format) fn read(source: &mut Source<'_>, limits: &Limits) -> Result<Found, Stop> {
    let most = source.len().min(limits.header_bytes);
    let mut len = FIRST.min(most);
    loop {
        let text = source.read(0, len, "the pickles")?;
        match pickles(source, &text, limits) {
            // Nothing says how long the pickles are, so one that breaks off may only go on.
            Err(Stop::Unfit(_)) if len < most => len = len.saturating_mul(MORE).min(most),
            result => return result,
        }
    }
}

fn pickles(source: &mut Source<'_>, text: &[u8], limits: &Limits) -> Result<Found, Stop> {
    let mut rest = text;
    for _ in 0..BEFORE {
        rest = machine::run(rest, limits)?.1;
    }
    let (pickled, rest) = machine::run(rest, limits)?;
    let (keys, rest) = machine::run(rest, limits)?;
    let uses = names::uses(&pickled, limits);
    let known: HashMap<&[u8], usize> =
        pickled.storages.iter().enumerate().map(|(index, storage)| (storage.key, index)).collect();
    let mut at = (text.len() - rest.len()) as u64;
    let mut found = Described::default();
    for (_, key) in keys.parts(keys.root) {
        let index = match key {
            Value::Text(key) => known.get(key),
            _ => None,
        };
        let storage = index.map(|index| (&pickled.storages[*index], uses[*index].as_ref()));
        let next = storage.and_then(|(storage, used)| Some((storage, used, storage.bytes()?)));
        // Without one storage's length, nothing says where the next begins.
        let Some((storage, used, len)) = next else {
            found.remark("a storage is of an unknown kind, so what follows it is only bytes".to_owned());
            break;
        };
        if let Err(stop) = counted(source, at, storage, len) {
            match stop {
                Stop::Unfit(why) => found.remark(why),
                stop @ Stop::Io(_) => return Err(stop),
            }
            break;
        }
        at += COUNT;
        found.add(&pickled, storage, used, at, len);
        at += len;
    }
    Ok(found.into())
}

/// Whether the storage at this place is as long as the pickle says, and lies in the file.
fn counted(source: &mut Source<'_>, at: u64, storage: &Storage<'_>, len: u64) -> Result<(), Stop> {
    let text = source.read(at, COUNT, "a storage")?;
    let key = String::from_utf8_lossy(storage.key);
    // A machine that writes the large end first wrote the count so, too.
    if Bytes::new(&text).u64() != Some(storage.count) {
        return Err(unfit(format!("the storage {key:?} is not as long as the pickle says")));
    }
    if source.len() - at - COUNT < len {
        return Err(unfit(format!("the storage {key:?} is cut off")));
    }
    Ok(())
}
