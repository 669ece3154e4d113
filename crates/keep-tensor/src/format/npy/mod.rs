//! NumPy's format: a short header, written as a Python dictionary, then one array. And its archive, a zip
//! file of such.

mod literal;

use super::bytes::Bytes;
use super::cover::{Span, size};
use super::source::Source;
use super::stop::{Stop, unfit};
use super::zip::Member;
use super::{Found, Limits};
use crate::{Dtype, Format, TensorInfo};

const MAGIC: &[u8] = b"\x93NUMPY";
/// The magic, two bytes of version, and the length of the header in four bytes at most.
const PREFIX: u64 = 12;
/// NumPy itself reads no header over 10,000 bytes unless told to. Only records of very many fields have
/// longer ones.
const HEADER: u64 = 1 << 20;
/// What a lone array is called, since its file does not say.
const NAME: &str = "array";
/// How the members of an archive end.
const ENDING: &str = ".npy";

pub(super) fn starts(start: &[u8]) -> bool {
    start.starts_with(MAGIC)
}

/// A file that is one array.
pub(super) fn read(source: &mut Source<'_>, limits: &Limits) -> Result<Found, Stop> {
    let span = array(source, 0, source.len(), NAME, limits)?;
    Ok(Found::tensors(Format::Npy, span.into_iter().collect()))
}

/// Whether an archive is one of arrays. Other files may lie beside them.
pub(super) fn holds(members: &[Member]) -> bool {
    members.iter().any(|member| member.name.ends_with(ENDING))
}

/// An archive of arrays. Members that are packed are bytes.
pub(super) fn archive(source: &mut Source<'_>, members: &[Member], limits: &Limits) -> Result<Found, Stop> {
    let mut found = Found { format: Format::Npz, note: None, spans: Vec::new() };
    for member in members {
        let Some(name) = member.name.strip_suffix(ENDING) else { continue };
        let span = match member.place(source) {
            Ok(Some((start, len))) => array(source, start, len, name, limits),
            other => other.map(|_| None),
        };
        match span {
            Ok(span) => found.spans.extend(span),
            Err(Stop::Unfit(why)) => {
                found.note.get_or_insert_with(|| format!("{:?}: {why}", member.name));
            }
            Err(stop) => return Err(stop),
        }
    }
    Ok(found)
}

/// Where the elements of the array in these bytes of the file lie. Nothing where they are objects, records
/// or text, or big-endian: those are whole and are only not numbers as they lie.
fn array(
    source: &mut Source<'_>,
    start: u64,
    len: u64,
    name: &str,
    limits: &Limits,
) -> Result<Option<Span>, Stop> {
    let prefix = source.read(start, len.min(PREFIX), "the array's start")?;
    let (at, header) = lengths(&prefix).ok_or_else(|| unfit("the array's header is not NumPy's"))?;
    if header > HEADER {
        return Err(unfit(format!("the array's header claims {header} bytes")));
    }
    let data = at + header;
    let room = len.checked_sub(data).ok_or_else(|| unfit("the array's header is cut off"))?;
    let text = source.read(start + at, header, "the array's header")?;
    let header =
        literal::header(&text, limits.rank).ok_or_else(|| unfit("the array's header cannot be read"))?;
    let Some(dtype) = header.descr.and_then(dtype) else { return Ok(None) };
    let len = size(&header.shape, dtype.width()).filter(|len| *len <= room);
    let len = len.ok_or_else(|| unfit("the array is cut off, or its shape is not true"))?;
    // An array in Fortran's order has the extents that its header says; only its bytes are ordered the
    // other way, and they are kept as they lie.
    let info = TensorInfo { name: name.to_owned(), dtype, shape: header.shape };
    Ok(Some(Span { start: start + data, len, info }))
}

/// Where the header begins, and how long it is.
fn lengths(prefix: &[u8]) -> Option<(u64, u64)> {
    let mut bytes = Bytes::new(prefix);
    (bytes.take(MAGIC.len())? == MAGIC).then_some(())?;
    let (version, _) = (bytes.u8()?, bytes.u8()?);
    let header = match version {
        1 => u64::from(bytes.u16()?),
        2 | 3 => u64::from(bytes.u32()?),
        _ => return None,
    };
    Some((prefix.len() as u64 - bytes.rest().len() as u64, header))
}

/// The type behind NumPy's code: an order, a kind and a width. One byte has no order.
fn dtype(descr: &[u8]) -> Option<Dtype> {
    let (order, code) = descr.split_first()?;
    let dtype = match code {
        b"b1" => Dtype::Bool,
        b"u1" => Dtype::U8,
        b"i1" => Dtype::I8,
        b"u2" => Dtype::U16,
        b"i2" => Dtype::I16,
        b"u4" => Dtype::U32,
        b"i4" => Dtype::I32,
        b"u8" => Dtype::U64,
        b"i8" => Dtype::I64,
        b"f2" => Dtype::F16,
        b"f4" => Dtype::F32,
        b"f8" => Dtype::F64,
        b"c8" => Dtype::C64,
        b"c16" => Dtype::C128,
        _ => return None,
    };
    (*order == b'<' || *order == b'|' && dtype.width() == 1).then_some(dtype)
}
