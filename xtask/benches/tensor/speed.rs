//! How small and how fast, on one core and on all of them, with the hash of the stored bytes.

use crate::row::{Better, Row};
use crate::{Res, ratio};
use keep_tensor::codec::{Codec, Content};
use keep_tensor::format::{self, Limits};
use keep_tensor::{Hash, RegionKind};
use std::io::Cursor;
use std::thread;
use std::time::Instant;

/// Runs whose fastest counts: the machine has other work. The chore has several turns of these.
const ROUNDS: usize = 3;
/// What packs are made with.
const CHUNK_BYTES: usize = 512 << 10;

/// One piece of a file, and what it was encoded to.
struct Piece<'a> {
    content: Content,
    raw: &'a [u8],
    stored: Vec<u8>,
    hash: Hash,
}

fn pieces<'a>(name: &str, bytes: &'a [u8]) -> Res<Vec<Piece<'a>>> {
    let layout = format::layout(&mut Cursor::new(bytes), bytes.len() as u64, name, &Limits::default())?;
    let mut pieces = Vec::new();
    for region in &layout.regions {
        let content = match &region.kind {
            RegionKind::Bytes => Content::Bytes,
            RegionKind::Tensor(tensor) => Content::Elements(tensor.dtype),
        };
        let raw = &bytes[region.start as usize..(region.start + region.len) as usize];
        let piece = |raw| Piece { content, raw, stored: Vec::new(), hash: Hash::from_bytes([0; 32]) };
        pieces.extend(raw.chunks(CHUNK_BYTES).map(piece));
    }
    Ok(pieces)
}

/// The rows of one file.
pub(crate) fn rows(name: &str, bytes: &[u8]) -> Res<Vec<Row>> {
    let mut pieces = pieces(name, bytes)?;
    let (there, back) = best(&mut pieces, 1, ROUNDS)?;
    let stored: usize = pieces.iter().map(|piece| piece.stored.len()).sum();
    let cores = thread::available_parallelism()?.get();
    let (all_there, all_back) = best(&mut pieces, cores, ROUNDS)?;
    let speed = |what: &str, seconds: f64| {
        Row::new(&format!("{name} {what}"), bytes.len() as f64 / seconds / 1e9, "GB/s", Better::Higher)
    };
    Ok(vec![
        ratio(&format!("{name} ratio"), bytes.len() as f64 / stored as f64),
        speed("compress per core", there),
        speed("restore per core", back),
        speed("compress on all cores", all_there),
        speed("restore on all cores", all_back),
    ])
}

/// How fast a file is encoded and decoded on all cores, in GB/s, this once.
pub(crate) fn once(bytes: &[u8]) -> Res<[f64; 2]> {
    let mut pieces = pieces("", bytes)?;
    // The first touches the memory that the stored bytes take.
    let (there, back) = best(&mut pieces, thread::available_parallelism()?.get(), 2)?;
    Ok([there, back].map(|seconds| bytes.len() as f64 / seconds / 1e9))
}

/// The fastest encoding and decoding of all pieces, in seconds, shared between so many threads.
fn best(pieces: &mut [Piece<'_>], threads: usize, rounds: usize) -> Res<(f64, f64)> {
    // Neighbouring pieces to different threads would share lines of memory; a run of them each does not.
    let share = pieces.len().div_ceil(threads).max(1);
    let mut rooms: Vec<(Codec, Vec<u8>)> =
        (0..threads).map(|_| Ok((Codec::new()?, vec![0; CHUNK_BYTES]))).collect::<Res<_>>()?;
    let (mut there, mut back) = (f64::MAX, f64::MAX);
    for _ in 0..rounds {
        there = there.min(timed(pieces, share, &mut rooms, |codec, _, piece| {
            codec.encode(piece.content, piece.raw, None, &mut piece.stored)?;
            piece.hash = Hash::of(&piece.stored);
            Ok(())
        })?);
        back = back.min(timed(pieces, share, &mut rooms, |codec, room, piece| {
            if Hash::of(&piece.stored) != piece.hash {
                return Err("a hash does not hold".into());
            }
            Ok(codec.decode(&piece.stored, None, &mut room[..piece.raw.len()])?)
        })?);
    }
    let (codec, room) = &mut rooms[0];
    for piece in pieces {
        codec.decode(&piece.stored, None, &mut room[..piece.raw.len()])?;
        if room[..piece.raw.len()] != *piece.raw {
            return Err("a piece did not come back".into());
        }
    }
    Ok((there, back))
}

type Work = fn(&mut Codec, &mut [u8], &mut Piece<'_>) -> Res<()>;

fn timed(pieces: &mut [Piece<'_>], share: usize, rooms: &mut [(Codec, Vec<u8>)], work: Work) -> Res<f64> {
    let begun = Instant::now();
    let results: Vec<Res<()>> = thread::scope(|scope| {
        let shares = pieces.chunks_mut(share).zip(rooms);
        let busy: Vec<_> = shares
            .map(|(pieces, (codec, room))| {
                scope.spawn(move || pieces.iter_mut().try_for_each(|piece| work(codec, room, piece)))
            })
            .collect();
        busy.into_iter().map(|one| one.join().unwrap_or_else(|_| Err("a thread died".into()))).collect()
    });
    let seconds = begun.elapsed().as_secs_f64();
    results.into_iter().collect::<Res<()>>()?;
    Ok(seconds)
}

/// Bytes that nothing can make smaller.
pub(crate) fn random(count: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(count);
    let mut state = 1u64;
    while bytes.len() < count {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend((mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes
}
