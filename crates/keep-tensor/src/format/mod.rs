//! Reading where the tensors of a file lie. A file that is damaged or hostile is carried as bytes, with
//! the reason; only input and output that fail are errors.
//!
//! Nothing here decodes, converts or runs what a file holds. Whatever a reader concludes, the regions
//! cover the file exactly, so a wrong conclusion costs compression and never a byte.

mod cover;
pub mod cut;
mod limits;
mod safetensors;
mod source;
mod stop;

pub use limits::Limits;

use crate::{Format, Layout};
use source::Source;
use std::io::{Read, Seek};
use stop::Stop;

/// The file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the file to find its tensors")]
pub struct LayoutError(#[from] std::io::Error);

/// Says where the tensors of a file of `len` bytes lie. The first bytes decide the format; `name`, the
/// file's name or nothing, decides only what is said of a file whose bytes are no known format.
pub fn layout(
    input: &mut (impl Read + Seek),
    len: u64,
    name: &str,
    limits: &Limits,
) -> Result<Layout, LayoutError> {
    let mut source = Source::new(input, len);
    let Some(format) = recognise(&mut source)? else {
        let note = promised(name).map(|what| format!("the name says {what}, but the first bytes do not"));
        return Ok(opaque(len, note.filter(|_| len > 0)));
    };
    let read = match format {
        Format::Safetensors => safetensors::read(&mut source, limits),
        other => unreachable!("{other:?} is not recognised"),
    };
    let spans = read.and_then(|spans| cover::regions(spans, len));
    match spans {
        Ok(regions) => Ok(Layout { format, note: None, regions }),
        Err(Stop::Unfit(why)) => Ok(opaque(len, Some(why))),
        Err(Stop::Io(error)) => Err(LayoutError(error)),
    }
}

/// The format that the first bytes are of. It promises nothing about the rest.
fn recognise(source: &mut Source<'_>) -> Result<Option<Format>, std::io::Error> {
    let start = source.start()?;
    Ok(if safetensors::starts(&start) { Some(Format::Safetensors) } else { None })
}

/// What the end of a file's name says the file is.
fn promised(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "safetensors" => Some("safetensors"),
        _ => None,
    }
}

fn opaque(len: u64, note: Option<String>) -> Layout {
    Layout { format: Format::Opaque, note, regions: cover::bytes(0, len).into_iter().collect() }
}
