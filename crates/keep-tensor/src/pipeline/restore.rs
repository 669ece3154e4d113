//! From chunks back to a file.

use super::crew::Crew;
use super::{Chunk, Job, Workers};
use crate::codec::{Codec, MAX_CHUNK_BYTES, needs_base};
use crate::place::{ReadAt, WriteAt};
use crate::{Base, Hash, Region, TensorError};
use std::io::{self, Write};

/// Restores chunks and writes them one after the other: all of a file, or those of one region. `fetch`
/// gets the stored bytes of a chunk; they are checked against its hash before they are decoded. Says how
/// many bytes were written. On an error, what was written is a correct beginning.
///
/// # Errors
/// When stored bytes cannot be had, are not what the chunk says, or need a base that is not given.
pub fn restore(
    regions: &[Region],
    chunks: impl IntoIterator<Item = Chunk, IntoIter: Send>,
    fetch: impl FnMut(&Chunk, &mut Vec<u8>) -> Result<(), TensorError> + Send,
    base: Option<&dyn Base>,
    workers: Workers,
    out: &mut (impl Write + Send),
) -> Result<u64, TensorError> {
    let back = Back {
        next: fetched(chunks, fetch),
        read: |_: &mut Job| Ok(()),
        write: |_: &[u8], _| Ok(()),
        seen: |raw: &[u8]| out.write_all(raw),
    };
    back.run(regions, base, workers)
}

/// Restores chunks as [`restore`] does, but writes each to its place in the file as soon as it is restored,
/// so that writing is shared among the workers. `seen` is shown all of them in order.
///
/// # Errors
/// As [`restore`]. What was written before is right where it was written, and anything may be missing.
pub fn restore_to(
    regions: &[Region],
    chunks: impl IntoIterator<Item = Chunk, IntoIter: Send>,
    fetch: impl FnMut(&Chunk, &mut Vec<u8>) -> Result<(), TensorError> + Send,
    base: Option<&dyn Base>,
    workers: Workers,
    out: &(impl WriteAt + ?Sized),
    mut seen: impl FnMut(&[u8]) + Send,
) -> Result<u64, TensorError> {
    let back = Back {
        next: fetched(chunks, fetch),
        read: |_: &mut Job| Ok(()),
        write: |raw: &[u8], at| out.write_all_at(raw, at),
        seen: |raw: &[u8]| {
            seen(raw);
            Ok(())
        },
    };
    back.run(regions, base, workers)
}

/// Restores chunks as [`restore_to`] does, from where can be read anywhere, so that reading is shared among
/// the workers, too. `chunks` says where the stored bytes of each lie, and how many they are.
///
/// # Errors
/// As [`restore_to`].
pub fn restore_at(
    regions: &[Region],
    chunks: impl IntoIterator<Item = (Chunk, u64, u32), IntoIter: Send>,
    source: &(impl ReadAt + ?Sized),
    base: Option<&dyn Base>,
    workers: Workers,
    out: &(impl WriteAt + ?Sized),
) -> Result<u64, TensorError> {
    let mut chunks = chunks.into_iter();
    let back = Back {
        next: |job: &mut Job| {
            job.chunk = None;
            if let Some((chunk, at, size)) = chunks.next() {
                (job.chunk, job.from) = (Some(chunk), Some(at));
                job.stored.resize(size as usize, 0);
            }
            Ok(job.chunk.is_some())
        },
        read: |job: &mut Job| match job.from {
            Some(from) => source.read_exact_at(&mut job.stored, from).map_err(TensorError::Stored),
            None => Ok(()),
        },
        write: |raw: &[u8], at| out.write_all_at(raw, at),
        seen: |_: &[u8]| Ok(()),
    };
    back.run(regions, base, workers)
}

fn fetched(
    chunks: impl IntoIterator<Item = Chunk, IntoIter: Send>,
    mut fetch: impl FnMut(&Chunk, &mut Vec<u8>) -> Result<(), TensorError> + Send,
) -> impl FnMut(&mut Job) -> Result<bool, TensorError> + Send {
    let mut chunks = chunks.into_iter();
    move |job| {
        job.chunk = chunks.next();
        match &job.chunk {
            Some(chunk) => fetch(chunk, &mut job.stored).map(|()| true),
            None => Ok(false),
        }
    }
}

/// What the ways back differ in.
struct Back<Next, Read, Write, Seen> {
    /// The next chunk, in order.
    next: Next,
    /// Its stored bytes, unless they came with it. Side by side.
    read: Read,
    /// What was restored, and where in the file it belongs. Side by side.
    write: Write,
    /// What was restored, in order.
    seen: Seen,
}

impl<Next, Read, Write, Seen> Back<Next, Read, Write, Seen>
where
    Next: FnMut(&mut Job) -> Result<bool, TensorError> + Send,
    Read: Fn(&mut Job) -> Result<(), TensorError> + Sync,
    Write: Fn(&[u8], u64) -> io::Result<()> + Sync,
    Seen: FnMut(&[u8]) -> io::Result<()> + Send,
{
    fn run(self, regions: &[Region], base: Option<&dyn Base>, workers: Workers) -> Result<u64, TensorError> {
        let Self { next, read, write, mut seen } = self;
        let mut restored = 0;
        let crew = Crew {
            next,
            make: || Ok((Codec::new()?, Vec::new())),
            work: |(codec, fetched): &mut (Codec, Vec<u8>), job: &mut Job| {
                read(job)?;
                let Some(chunk) = &job.chunk else { return Ok(()) };
                let region = regions.get(chunk.region).ok_or(TensorError::Layout)?;
                restore_chunk(codec, region, chunk, &job.stored, base, fetched, &mut job.raw)?;
                let to = region.start.checked_add(chunk.offset).ok_or(TensorError::Layout)?;
                write(&job.raw, to).map_err(TensorError::Output)
            },
            done: |job: &mut Job| {
                restored += job.raw.len() as u64;
                seen(&job.raw).map_err(TensorError::Output)
            },
            after: |_: &Job| Ok(()),
        };
        let bytes = regions.last().map_or(0, |last| last.start.saturating_add(last.len));
        crew.run(workers.for_bytes(bytes))?;
        Ok(restored)
    }
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
