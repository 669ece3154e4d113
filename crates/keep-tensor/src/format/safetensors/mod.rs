//! The safetensors format: the length of a header, the header in JSON, then the tensors.
//!
//! The `safetensors` crate was weighed for this. It wants the whole file in memory, refuses dtypes younger
//! than itself, and keeps the last of two tensors of one name; here such a file is carried all the same.

mod header;

use super::Limits;
use super::cover::{Span, size};
use super::source::Source;
use super::stop::{Stop, unfit};
use crate::{Dtype, TensorInfo};
use header::{Entry, Header};
use serde::de::DeserializeSeed;
use std::collections::HashSet;

/// Bytes before the header: its length, little-endian.
const PREFIX: u64 = 8;

/// Whether a file that starts so may be safetensors. There is no magic number, but a header is an object
/// and shorter than 2^32 bytes, so four bytes are zero and the ninth is a brace.
pub(super) fn starts(start: &[u8]) -> bool {
    let short = start.len() > 8 && start[4..8] == [0; 4] && start[8] == b'{';
    // A length that no file has, before what looks like a header, is worth a word in a note.
    short || start.len() > 9 && start[8..10] == *b"{\""
}

pub(super) fn read(source: &mut Source<'_>, limits: &Limits) -> Result<Vec<Span>, Stop> {
    let prefix = source.read(0, PREFIX, "the length of the header")?;
    let header = prefix.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    if header > limits.header_bytes {
        return Err(unfit(format!("the safetensors header claims {header} bytes")));
    }
    let text = source.read(PREFIX, header, "the safetensors header")?;
    let mut json = serde_json::Deserializer::from_slice(&text);
    let entries = Header { limits }
        .deserialize(&mut json)
        .and_then(|entries| json.end().map(|()| entries))
        .map_err(|error| unfit(format!("the safetensors header cannot be read: {error}")))?;
    distinct(&entries)?;
    let data = PREFIX + header;
    entries.into_iter().map(|(name, entry)| span(name, entry, data, source.len())).collect()
}

fn distinct(entries: &[(String, Entry)]) -> Result<(), Stop> {
    let mut names = HashSet::with_capacity(entries.len());
    match entries.iter().find(|(name, _)| !names.insert(name.as_str())) {
        Some((name, _)) => Err(unfit(format!("two tensors are named {name:?}"))),
        None => Ok(()),
    }
}

fn span(name: String, entry: Entry, data: u64, len: u64) -> Result<Span, Stop> {
    let [begin, end] = entry.offsets;
    if begin > end || end > len - data {
        return Err(unfit(format!("the tensor {name:?} does not lie in the file")));
    }
    let bytes = end - begin;
    let (dtype, shape) = match dtype(&entry.dtype) {
        Some(dtype) => {
            if size(&entry.shape, dtype.width()) != Some(bytes) {
                return Err(unfit(format!("the size of the tensor {name:?} does not follow from its shape")));
            }
            (dtype, entry.shape)
        }
        // Elements that are not known here, also those of four or six bits, are bytes with a name.
        None => (Dtype::U8, vec![bytes]),
    };
    Ok(Span { start: data + begin, len: bytes, info: TensorInfo { name, dtype, shape } })
}

fn dtype(name: &str) -> Option<Dtype> {
    Some(match name {
        "BOOL" => Dtype::Bool,
        "U8" => Dtype::U8,
        "I8" => Dtype::I8,
        "U16" => Dtype::U16,
        "I16" => Dtype::I16,
        "U32" => Dtype::U32,
        "I32" => Dtype::I32,
        "U64" => Dtype::U64,
        "I64" => Dtype::I64,
        "F8_E4M3" => Dtype::F8E4M3,
        "F8_E5M2" => Dtype::F8E5M2,
        "F16" => Dtype::F16,
        "BF16" => Dtype::Bf16,
        "F32" => Dtype::F32,
        "F64" => Dtype::F64,
        "C64" => Dtype::C64,
        _ => return None,
    })
}
