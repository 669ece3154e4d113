//! From a file to chunks.

use super::crew::Crew;
use super::pieces::{self, InOrder, Pieces, Supply};
use super::{Chunk, Job, MIN_CHUNK_BYTES, Options, Totals, check_layout, content};
use crate::codec::{Codec, MAX_CHUNK_BYTES, needs_base};
use crate::place::{Onward, ReadAt, WriteAt};
use crate::{Base, Hash, Layout, TensorError};
use std::io::{self, Read, Seek, SeekFrom};

/// Encodes a file: hands each chunk and its stored bytes to `sink`, in the order of the file.
///
/// # Errors
/// When the file cannot be read, is not as long as its layout, or the sink refuses.
pub fn encode(
    source: &mut (impl Read + Seek + Send),
    layout: &Layout,
    base: Option<&dyn Base>,
    options: Options,
    mut sink: impl FnMut(&Chunk, &[u8]) -> io::Result<()> + Send,
) -> Result<Totals, TensorError> {
    source.seek(SeekFrom::Start(0)).map_err(TensorError::Source)?;
    let read = |_: &mut [u8], _: u64| Ok(());
    let place = |chunk: &Chunk, stored: &[u8]| sink(chunk, stored).map(|()| None);
    run(InOrder(source), layout, base, options, read, place, |_, _| Ok(()))
}

/// Encodes a file that can be read anywhere to where can be written anywhere, so that reading and writing
/// are shared among the workers as well. `place` gets each chunk and its stored bytes, in the order of the
/// file, and says where they are written if they are to be written at all.
///
/// # Errors
/// As [`encode`], and when the output cannot be written.
pub fn encode_at(
    source: &(impl ReadAt + ?Sized),
    layout: &Layout,
    base: Option<&dyn Base>,
    options: Options,
    place: impl FnMut(&Chunk, &[u8]) -> io::Result<Option<u64>> + Send,
    out: &(impl WriteAt + ?Sized),
) -> Result<Totals, TensorError> {
    let read = |raw: &mut [u8], at: u64| source.read_exact_at(raw, at);
    let write = |stored: &[u8], at: u64| out.write_all_at(stored, at);
    run(Onward { source, at: 0 }, layout, base, options, read, place, write)
}

fn run(
    source: impl Supply + Send,
    layout: &Layout,
    base: Option<&dyn Base>,
    options: Options,
    read: impl Fn(&mut [u8], u64) -> io::Result<()> + Sync,
    mut place: impl FnMut(&Chunk, &[u8]) -> io::Result<Option<u64>> + Send,
    write: impl Fn(&[u8], u64) -> io::Result<()> + Sync,
) -> Result<Totals, TensorError> {
    let size = check_layout(&layout.regions)?;
    check_options(options)?;
    let mut totals = Totals::default();
    let mut pieces = Pieces::new(source, layout, options.chunk_bytes);
    let crew = Crew {
        next: |job: &mut Job| {
            let next = pieces.next(&mut job.raw)?;
            (job.chunk, job.from) = next.map_or((None, None), |(chunk, from)| (Some(chunk), from));
            Ok(job.chunk.is_some())
        },
        make: || Ok((Codec::new()?, Vec::new())),
        work: |(codec, fetched): &mut (Codec, Vec<u8>), job: &mut Job| {
            let Some(chunk) = &mut job.chunk else { return Ok(()) };
            let region = &layout.regions[chunk.region];
            if let Some(from) = job.from {
                read(&mut job.raw, from).map_err(pieces::ended)?;
            }
            let found = match base {
                Some(base) => {
                    fetched.resize(job.raw.len(), 0);
                    base.fetch(region, chunk.offset, fetched)?
                }
                None => false,
            };
            codec.encode(content(region), &job.raw, found.then_some(fetched.as_slice()), &mut job.stored)?;
            chunk.needs_base = needs_base(&job.stored);
            chunk.hash = Hash::of(&job.stored);
            Ok(())
        },
        done: |job: &mut Job| {
            let Some(chunk) = &job.chunk else { return Ok(()) };
            totals.raw_bytes += u64::from(chunk.raw_len);
            totals.stored_bytes += job.stored.len() as u64;
            totals.chunks += 1;
            totals.differences += u64::from(chunk.needs_base);
            job.to = place(chunk, &job.stored).map_err(TensorError::Sink)?;
            Ok(())
        },
        after: |job: &Job| match job.to {
            Some(to) => write(&job.stored, to).map_err(TensorError::Sink),
            None => Ok(()),
        },
    };
    crew.run(options.workers.for_bytes(size))?;
    if pieces.ends()? { Ok(totals) } else { Err(TensorError::SourceLength) }
}

fn check_options(options: Options) -> Result<(), TensorError> {
    let size = options.chunk_bytes;
    if size.is_power_of_two() && (MIN_CHUNK_BYTES..=MAX_CHUNK_BYTES).contains(&size) {
        return Ok(());
    }
    Err(TensorError::Limit { what: "the size of a chunk", size: size as u64, limit: MAX_CHUNK_BYTES as u64 })
}
