//! GGUF, the format of llama.cpp: a version, key-value pairs, a description of each tensor, then the
//! tensors, each on a multiple of an alignment that one of the pairs may set.

mod kind;
mod walk;

use super::bytes::Bytes;
use super::cover::{Span, size};
use super::source::Source;
use super::stop::{Stop, unfit};
use super::{Found, Limits};
use crate::{Dtype, Format, TensorInfo};
use kind::Kind;
use std::collections::HashSet;
use walk::Walk;

const MAGIC: &[u8] = b"GGUF";
const ALIGNMENT: &str = "general.alignment";
/// Where no pair says otherwise.
const USUAL_ALIGNMENT: u64 = 32;
/// Pages of the largest kind are no larger than this, and no one aligns to more than a page.
const MOST_ALIGNMENT: u64 = 1 << 30;

pub(super) fn starts(start: &[u8]) -> bool {
    start.starts_with(MAGIC)
}

pub(super) fn read(source: &mut Source<'_>, limits: &Limits) -> Result<Found, Stop> {
    let len = source.len();
    let mut walk = Walk::new(source, MAGIC.len() as u64, limits.header_bytes);
    match walk.u32()? {
        2 | 3 => {}
        version if matches!(version.swap_bytes(), 2 | 3) => {
            return Ok(Found::bytes(Format::Gguf, "its numbers are not little-endian"));
        }
        version => return Err(unfit(format!("GGUF version {version} is not known"))),
    }
    let (tensors, pairs) = (walk.u64()?, walk.u64()?);
    if tensors > limits.tensors {
        return Err(unfit(format!("the file claims {tensors} tensors")));
    }
    let alignment = alignment(&mut walk, pairs)?;
    let mut described = Vec::new();
    for _ in 0..tensors {
        described.push(Described::read(&mut walk, limits)?);
    }
    let data = walk.at().next_multiple_of(alignment);
    let mut names = HashSet::with_capacity(described.len());
    if let Some(tensor) = described.iter().find(|tensor| !names.insert(tensor.name.as_str())) {
        return Err(unfit(format!("two tensors are named {:?}", tensor.name)));
    }
    let spans: Result<Vec<_>, _> =
        described.into_iter().filter_map(|tensor| tensor.span(data, len).transpose()).collect();
    Ok(Found::tensors(Format::Gguf, spans?))
}

/// Passes over the pairs and takes from them where tensors begin.
fn alignment(walk: &mut Walk<'_, '_>, pairs: u64) -> Result<u64, Stop> {
    let mut alignment = None;
    // Each pair takes bytes from the header, which has a limit, so a count that lies ends soon.
    for _ in 0..pairs {
        let key = walk.text(u16::MAX.into())?;
        let value = walk.value()?;
        if key == ALIGNMENT.as_bytes() {
            let value =
                value.map(u64::from).filter(|value| value.is_power_of_two() && *value <= MOST_ALIGNMENT);
            let value = value.ok_or_else(|| unfit("the alignment of the tensors is impossible"))?;
            if alignment.replace(value).is_some() {
                return Err(unfit("the alignment of the tensors stands twice"));
            }
        }
    }
    Ok(alignment.unwrap_or(USUAL_ALIGNMENT))
}

/// What the header says of one tensor.
struct Described {
    name: String,
    /// Innermost first.
    extents: Vec<u64>,
    kind: u32,
    /// From the first byte of the first tensor.
    offset: u64,
}

impl Described {
    fn read(walk: &mut Walk<'_, '_>, limits: &Limits) -> Result<Self, Stop> {
        let name = String::from_utf8(walk.text(limits.name_bytes as u64)?);
        let name = name.map_err(|_| unfit("the name of a tensor is not text"))?;
        let rank = walk.u32()? as usize;
        if rank > limits.rank {
            return Err(unfit(format!("the tensor {name:?} claims {rank} extents")));
        }
        let text = walk.bytes(rank * size_of::<u64>())?;
        let mut bytes = Bytes::new(&text);
        let extents = std::iter::from_fn(|| bytes.u64()).collect();
        Ok(Self { name, extents, kind: walk.u32()?, offset: walk.u64()? })
    }

    /// Where the tensor lies. One of an unknown kind has no known size, and stays bytes.
    fn span(mut self, data: u64, len: u64) -> Result<Option<Span>, Stop> {
        let Some(kind) = kind::kind(self.kind) else { return Ok(None) };
        let bytes = self.bytes(kind);
        let start = data.checked_add(self.offset);
        let place =
            bytes.zip(start).filter(|(bytes, start)| start.checked_add(*bytes).is_some_and(|end| end <= len));
        let Some((bytes, start)) = place else {
            return Err(unfit(format!("the tensor {:?} does not lie in the file", self.name)));
        };
        self.extents.reverse();
        let (dtype, shape) = match kind {
            Kind::Plain(dtype) => (dtype, self.extents),
            // Blocks of numbers with a scale each are not elements of any type here. As bytes with a name
            // they can be had by that name, and be found again where two files share them.
            Kind::Blocks { .. } => (Dtype::U8, vec![bytes]),
        };
        Ok(Some(Span { start, len: bytes, info: TensorInfo { name: self.name, dtype, shape } }))
    }

    fn bytes(&self, kind: Kind) -> Option<u64> {
        match kind {
            Kind::Plain(dtype) => size(&self.extents, dtype.width()),
            Kind::Blocks { elements, bytes } => {
                // A row is a whole number of blocks.
                let (row, rows) = self.extents.split_first()?;
                let blocks = row.is_multiple_of(elements).then_some(row / elements)?;
                size(&[rows, &[blocks]].concat(), bytes)
            }
        }
    }
}
