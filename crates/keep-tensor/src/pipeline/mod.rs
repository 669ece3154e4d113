//! Files through the codec, chunk by chunk and in order, in memory that does not grow with the file.

mod crew;
mod pieces;

use crate::codec::{Codec, Content, MAX_CHUNK_BYTES, needs_base};
use crate::{Base, Hash, Layout, Region, RegionKind, TensorError};
use crew::Crew;
use pieces::Pieces;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::num::NonZeroUsize;

/// The smallest chunk size that may be chosen; under it the table of chunks weighs more than what
/// finer reading saves.
pub const MIN_CHUNK_BYTES: usize = 64 << 10;

/// Where chunks are encoded and decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// On the calling thread.
    Inline,
    /// On this many threads, while the calling thread reads and writes.
    Threads(NonZeroUsize),
}

/// How a file is encoded.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes of a tensor's chunk before it is encoded: a power of two, [`MIN_CHUNK_BYTES`] to
    /// [`MAX_CHUNK_BYTES`], so that differences to a base start at the same places. What is encoded depends
    /// on it. Other bytes are cut by their content, whatever it is.
    pub chunk_bytes: usize,
    /// Who does the work. What is encoded does not depend on it.
    pub workers: Workers,
}

impl Default for Options {
    fn default() -> Self {
        Self { chunk_bytes: 512 << 10, workers: Workers::Inline }
    }
}

/// Where a chunk belongs and what its stored bytes must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Which region of the layout.
    pub region: usize,
    /// Where in the region it starts.
    pub offset: u64,
    /// Bytes before it was encoded.
    pub raw_len: u32,
    /// Whether it is a difference to the base.
    pub needs_base: bool,
    /// The hash of the stored bytes.
    pub hash: Hash,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes of the file.
    pub raw_bytes: u64,
    /// Bytes of the encoded chunks.
    pub stored_bytes: u64,
    /// How many chunks.
    pub chunks: u64,
    /// How many of them are differences to the base.
    pub differences: u64,
}

#[derive(Default)]
struct Job {
    chunk: Option<Chunk>,
    raw: Vec<u8>,
    stored: Vec<u8>,
}

/// Encodes a file: hands each chunk and its stored bytes to `sink`, in the order of the file.
///
/// # Errors
/// When the file cannot be read, is not as long as its layout, or the sink refuses.
pub fn encode(
    source: &mut (impl Read + Seek),
    layout: &Layout,
    base: Option<&dyn Base>,
    options: Options,
    mut sink: impl FnMut(&Chunk, &[u8]) -> io::Result<()>,
) -> Result<Totals, TensorError> {
    check_layout(&layout.regions)?;
    check_options(options)?;
    source.seek(SeekFrom::Start(0)).map_err(TensorError::Source)?;
    let mut totals = Totals::default();
    let mut pieces = Pieces::new(source, layout, options.chunk_bytes);
    let crew = Crew {
        next: |job: &mut Job| {
            job.chunk = pieces.next(&mut job.raw)?;
            Ok(job.chunk.is_some())
        },
        make: || Ok((Codec::new()?, Vec::new())),
        work: |(codec, fetched): &mut (Codec, Vec<u8>), job: &mut Job| {
            let Some(chunk) = &mut job.chunk else { return Ok(()) };
            let region = &layout.regions[chunk.region];
            fetched.resize(job.raw.len(), 0);
            let found = match base {
                Some(base) => base.fetch(region, chunk.offset, fetched)?,
                None => false,
            };
            codec.encode(content(region), &job.raw, found.then_some(fetched.as_slice()), &mut job.stored)?;
            chunk.needs_base = needs_base(&job.stored);
            chunk.hash = Hash::of(&job.stored);
            Ok(())
        },
        done: |job: &Job| {
            let Some(chunk) = &job.chunk else { return Ok(()) };
            totals.raw_bytes += u64::from(chunk.raw_len);
            totals.stored_bytes += job.stored.len() as u64;
            totals.chunks += 1;
            totals.differences += u64::from(chunk.needs_base);
            sink(chunk, &job.stored).map_err(TensorError::Sink)
        },
    };
    crew.run(options.workers)?;
    if pieces.ends()? { Ok(totals) } else { Err(TensorError::SourceLength) }
}

/// Restores chunks and writes them one after the other: all of a file, or those of one region. `fetch`
/// gets the stored bytes of a chunk; they are checked against its hash before they are decoded. Says how
/// many bytes were written. On an error, what was written is a correct beginning.
///
/// # Errors
/// When stored bytes cannot be had, are not what the chunk says, or need a base that is not given.
pub fn restore(
    regions: &[Region],
    chunks: impl IntoIterator<Item = Chunk>,
    mut fetch: impl FnMut(&Chunk, &mut Vec<u8>) -> Result<(), TensorError>,
    base: Option<&dyn Base>,
    workers: Workers,
    out: &mut impl Write,
) -> Result<u64, TensorError> {
    let mut chunks = chunks.into_iter();
    let mut written = 0;
    let crew = Crew {
        next: |job: &mut Job| {
            job.chunk = chunks.next();
            let Some(chunk) = &job.chunk else { return Ok(false) };
            fetch(chunk, &mut job.stored)?;
            Ok(true)
        },
        make: || Ok((Codec::new()?, Vec::new())),
        work: |(codec, fetched): &mut (Codec, Vec<u8>), job: &mut Job| {
            let Some(chunk) = &job.chunk else { return Ok(()) };
            let region = regions.get(chunk.region).ok_or(TensorError::Layout)?;
            restore_chunk(codec, region, chunk, &job.stored, base, fetched, &mut job.raw)
        },
        done: |job: &Job| {
            written += job.raw.len() as u64;
            out.write_all(&job.raw).map_err(TensorError::Output)
        },
    };
    crew.run(workers)?;
    Ok(written)
}

/// Checks one chunk's stored bytes against its hash and decodes them into `out`. `fetched` is room for
/// what the base has at that place.
///
/// # Errors
/// As [`restore`].
pub fn restore_chunk(
    codec: &mut Codec,
    region: &Region,
    chunk: &Chunk,
    stored: &[u8],
    base: Option<&dyn Base>,
    fetched: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), TensorError> {
    let size = chunk.raw_len as usize;
    let end = chunk.offset.checked_add(u64::from(chunk.raw_len));
    if size > MAX_CHUNK_BYTES || end.is_none_or(|end| end > region.len) {
        return Err(TensorError::Chunk("it does not lie within its region"));
    }
    if Hash::of(stored) != chunk.hash {
        return Err(TensorError::ChunkHash { expected: chunk.hash });
    }
    let mut found = false;
    if needs_base(stored) {
        let base = base.ok_or(TensorError::BaseNeeded)?;
        fetched.resize(size, 0);
        found = base.fetch(region, chunk.offset, fetched)?;
    }
    out.resize(size, 0);
    codec.decode(stored, found.then_some(fetched.as_slice()), out)
}

fn content(region: &Region) -> Content {
    match &region.kind {
        RegionKind::Bytes => Content::Bytes,
        RegionKind::Tensor(tensor) => Content::Elements(tensor.dtype),
    }
}

pub(crate) fn check_layout(regions: &[Region]) -> Result<u64, TensorError> {
    let mut end = 0u64;
    for region in regions {
        if region.start != end || region.len == 0 {
            return Err(TensorError::Layout);
        }
        end = end.checked_add(region.len).ok_or(TensorError::Layout)?;
    }
    Ok(end)
}

fn check_options(options: Options) -> Result<(), TensorError> {
    let size = options.chunk_bytes;
    if size.is_power_of_two() && (MIN_CHUNK_BYTES..=MAX_CHUNK_BYTES).contains(&size) {
        return Ok(());
    }
    Err(TensorError::Limit { what: "the size of a chunk", size: size as u64, limit: MAX_CHUNK_BYTES as u64 })
}
