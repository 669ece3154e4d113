//! Reading where the tensors of a file lie. A file that is damaged or hostile is carried as bytes, with
//! the reason; only input and output that fail are errors.
//!
//! Nothing here decodes, converts or runs what a file holds. Whatever a reader concludes, the regions
//! cover the file exactly, so a wrong conclusion costs compression and never a byte.

mod archive;
mod bytes;
mod cover;
pub mod cut;
mod gguf;
mod limits;
mod npy;
mod safetensors;
mod source;
mod stop;
mod torch;
mod zip;

pub use limits::Limits;

use crate::{Format, Layout};
use cover::Span;
use source::Source;
use std::io::{Read, Seek};
use stop::Stop;

/// Longer than any note that quotes nothing.
const NOTE_CHARS: usize = 240;

/// The file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the file to find its tensors")]
pub struct LayoutError(#[from] std::io::Error);

/// What a reader found in a file.
struct Found {
    format: Format,
    /// Why some of it is only bytes.
    note: Option<String>,
    spans: Vec<Span>,
}

impl Found {
    /// A file that was understood and has no tensors to show.
    fn bytes(format: Format, note: &str) -> Self {
        Self { format, note: Some(note.to_owned()), spans: Vec::new() }
    }

    fn tensors(format: Format, spans: Vec<Span>) -> Self {
        Self { format, note: None, spans }
    }
}

/// Says where the tensors of a file of `len` bytes lie. The content decides the format; `name`, the file's
/// name or nothing, decides only what is said of a file whose content is none. `input` may be left anywhere.
pub fn layout(
    input: &mut (impl Read + Seek),
    len: u64,
    name: &str,
    limits: &Limits,
) -> Result<Layout, LayoutError> {
    let mut source = Source::new(input, len);
    let read = read(&mut source, limits).and_then(|found| {
        let regions = cover::regions(found.spans, len)?;
        Ok(Layout { format: found.format, note: found.note, regions })
    });
    let mut layout = match read {
        Ok(layout) => layout,
        Err(Stop::Unfit(why)) => {
            let regions = cover::bytes(0, len).into_iter().collect();
            Layout { format: Format::Opaque, note: Some(why), regions }
        }
        Err(Stop::Io(error)) => return Err(LayoutError(error)),
    };
    if layout.format == Format::Opaque && layout.note.is_none() && len > 0 {
        layout.note = promised(name).map(|what| format!("the name says {what}, but the content does not"));
    }
    layout.note = layout.note.map(|note| shortened(&note));
    Ok(layout)
}

/// A note may quote a name out of the file, which may be as long as the file.
fn shortened(note: &str) -> String {
    match note.char_indices().nth(NOTE_CHARS) {
        Some((end, _)) => format!("{} (…)", &note[..end]),
        None => note.to_owned(),
    }
}

/// Lets the reader of the format that the first bytes are of read the file.
fn read(source: &mut Source<'_>, limits: &Limits) -> Result<Found, Stop> {
    let start = source.start()?;
    if zip::starts(&start) {
        return archive::read(source, limits);
    }
    if gguf::starts(&start) {
        return gguf::read(source, limits);
    }
    if npy::starts(&start) {
        return npy::read(source, limits);
    }
    if torch::starts_old(&start) {
        return torch::read_old(source, limits);
    }
    if safetensors::starts(&start) {
        let spans = safetensors::read(source, limits)?;
        return Ok(Found::tensors(Format::Safetensors, spans));
    }
    Ok(Found::tensors(Format::Opaque, Vec::new()))
}

/// What the end of a file's name says the file is. Endings that mean anything, such as `.bin`, do not.
fn promised(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "safetensors" => Some("safetensors"),
        "gguf" => Some("GGUF"),
        "pt" | "pth" => Some("PyTorch"),
        "npy" | "npz" => Some("NumPy"),
        _ => None,
    }
}
