use crate::make::{Random, bf16, file, stepped};
use keep_tensor::pipeline::{
    Chunk, Options, Totals, Workers, encode, encode_at, restore, restore_at, restore_to,
};
use keep_tensor::{
    Base, Dtype, FileBase, Format, Hash, Layout, ReadAt, Region, RegionKind, TensorError, WriteAt,
};
use std::io::{self, Cursor};
use std::num::NonZeroUsize;
use std::sync::Mutex;

fn workers(count: usize) -> Workers {
    NonZeroUsize::new(count).map_or(Workers::Inline, Workers::Threads)
}

fn collect(
    bytes: &[u8],
    layout: &Layout,
    base: Option<&dyn Base>,
    options: Options,
) -> (Vec<(Chunk, Vec<u8>)>, Totals) {
    let mut chunks = Vec::new();
    let totals = encode(&mut Cursor::new(bytes), layout, base, options, |chunk, stored| {
        chunks.push((*chunk, stored.to_vec()));
        Ok(())
    });
    (chunks, totals.unwrap())
}

fn back(
    layout: &Layout,
    chunks: &[(Chunk, Vec<u8>)],
    base: Option<&dyn Base>,
    count: usize,
) -> Result<Vec<u8>, TensorError> {
    let mut out = Vec::new();
    let mut next = chunks.iter();
    let fetch = |_: &Chunk, stored: &mut Vec<u8>| {
        stored.clone_from(&next.next().unwrap().1);
        Ok(())
    };
    restore(&layout.regions, chunks.iter().map(|(chunk, _)| *chunk), fetch, base, workers(count), &mut out)?;
    Ok(out)
}

fn two_steps() -> ((Vec<u8>, Layout), (Vec<u8>, Layout)) {
    let mut random = Random(21);
    let weights = bf16(400_000, &mut random);
    let next = stepped(&weights, 60, &mut random);
    let small: Vec<u8> = (0..999).map(|_| random.next() as u8).collect();
    let parts = |main| {
        file(&[
            (None, b"{head}"),
            (Some(("w", Dtype::Bf16)), main),
            (Some(("b", Dtype::U8)), &small),
            (None, b"x"),
        ])
    };
    (parts(&weights), parts(&next))
}

#[test]
fn any_number_of_workers_gives_the_same_chunks_and_the_same_file() {
    let ((old, old_layout), (new, new_layout)) = two_steps();
    let base = FileBase::new(Cursor::new(old), old_layout, Hash::of(b"old"));
    for base in [None, Some(&base as &dyn Base)] {
        let options = Options { chunk_bytes: 64 << 10, workers: Workers::Inline };
        let (chunks, totals) = collect(&new, &new_layout, base, options);
        assert_eq!(totals.raw_bytes, new.len() as u64);
        assert_eq!(totals.differences > 0, base.is_some());
        for count in [0, 1, 2, 5] {
            let (same, _) = collect(&new, &new_layout, base, Options { workers: workers(count), ..options });
            assert!(chunks == same, "{count} workers");
            assert!(back(&new_layout, &chunks, base, count).unwrap() == new, "{count} workers");
        }
    }
}

/// A chunk, where its stored bytes lie, and how many they are.
type Place = (Chunk, u64, u32);

/// Everything in one place, and where each chunk of it lies.
fn placed(
    bytes: &[u8],
    layout: &Layout,
    base: Option<&dyn Base>,
    options: Options,
) -> Result<(Vec<u8>, Vec<Place>), TensorError> {
    let (out, mut chunks, mut end) = (Mutex::new(Vec::new()), Vec::new(), 0);
    let place = |chunk: &Chunk, stored: &[u8]| {
        let at = end;
        end += stored.len() as u64;
        chunks.push((*chunk, at, stored.len() as u32));
        Ok(Some(at))
    };
    encode_at(bytes, layout, base, options, place, &out)?;
    Ok((out.into_inner().unwrap(), chunks))
}

#[test]
fn by_place_the_same_chunks_come_out_and_the_same_file_comes_back() {
    let ((old, old_layout), (new, new_layout)) = two_steps();
    let base = FileBase::new(Cursor::new(old), old_layout, Hash::of(b"old"));
    for base in [None, Some(&base as &dyn Base)] {
        for count in [0, 1, 2, 5] {
            let options = Options { chunk_bytes: 64 << 10, workers: workers(count) };
            let (chunks, _) = collect(&new, &new_layout, base, options);
            let (stored, places) = placed(&new, &new_layout, base, options).unwrap();
            assert!(places.iter().map(|(chunk, ..)| chunk).eq(chunks.iter().map(|(chunk, _)| chunk)));
            assert!(stored == chunks.iter().flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>());

            let out = Mutex::new(Vec::new());
            let written = restore_at(&new_layout.regions, places, &stored, base, workers(count), &out);
            assert_eq!(written.unwrap(), new.len() as u64);
            assert!(out.into_inner().unwrap() == new, "{count} workers");

            let (out, mut seen, mut next) = (Mutex::new(Vec::new()), Vec::new(), chunks.iter());
            let fetch = |_: &Chunk, stored: &mut Vec<u8>| {
                stored.clone_from(&next.next().unwrap().1);
                Ok(())
            };
            let wanted = chunks.iter().map(|(chunk, _)| *chunk);
            let see = |raw: &[u8]| seen.extend_from_slice(raw);
            restore_to(&new_layout.regions, wanted, fetch, base, workers(count), &out, see).unwrap();
            assert!(out.into_inner().unwrap() == new && seen == new, "{count} workers");
        }
    }
}

/// Reads and takes so many bytes, then fails.
struct Narrow<'a>(&'a [u8], Mutex<usize>);

impl Narrow<'_> {
    fn pass(&self, bytes: usize) -> io::Result<()> {
        let mut left = self.1.lock().unwrap();
        *left = left.checked_sub(bytes).ok_or_else(|| io::Error::other("worn out"))?;
        Ok(())
    }
}

impl ReadAt for Narrow<'_> {
    fn read_at(&self, out: &mut [u8], at: u64) -> io::Result<usize> {
        self.pass(out.len())?;
        self.0.read_at(out, at)
    }
}

impl WriteAt for Narrow<'_> {
    fn write_all_at(&self, bytes: &[u8], _: u64) -> io::Result<()> {
        self.pass(bytes.len())
    }
}

#[test]
fn what_cannot_be_read_or_written_at_its_place_is_an_error() {
    let (_, (new, layout)) = two_steps();
    let enough = usize::MAX;
    for count in [0, 1, 3] {
        let options = Options { chunk_bytes: 64 << 10, workers: workers(count) };
        let run = |source: &Narrow<'_>, out: &Narrow<'_>| {
            let mut end = 0;
            let place = |_: &Chunk, stored: &[u8]| {
                end += stored.len() as u64;
                Ok(Some(end - stored.len() as u64))
            };
            encode_at(source, &layout, None, options, place, out)
        };
        let all = |left: usize| Narrow(&new, Mutex::new(left));
        assert!(run(&all(enough), &all(enough)).is_ok());
        for left in [0, 100, 200_000] {
            assert!(matches!(run(&all(left), &all(enough)), Err(TensorError::Source(_))), "{left}");
            assert!(matches!(run(&all(enough), &all(left)), Err(TensorError::Sink(_))), "{left}");
        }
        let short = Narrow(&new[..new.len() - 1], Mutex::new(enough));
        assert!(matches!(run(&short, &all(enough)), Err(TensorError::SourceLength)));

        let (stored, places) = placed(&new, &layout, None, options).unwrap();
        let back = |source: &Narrow<'_>, out: &Narrow<'_>| {
            restore_at(&layout.regions, places.clone(), source, None, workers(count), out)
        };
        let all = |left: usize| Narrow(&stored, Mutex::new(left));
        assert!(back(&all(enough), &all(enough)).is_ok());
        for left in [0, 100, 200_000] {
            assert!(matches!(back(&all(left), &all(enough)), Err(TensorError::Stored(_))), "{left}");
            assert!(matches!(back(&all(enough), &all(left)), Err(TensorError::Output(_))), "{left}");
        }
        let mut bad = stored.clone();
        bad[places[2].1 as usize + 10] ^= 1;
        let bad = Narrow(&bad, Mutex::new(enough));
        assert!(matches!(back(&bad, &all(enough)), Err(TensorError::ChunkHash { .. })));
    }
}

#[test]
fn a_layout_that_does_not_fit_its_file_is_an_error() {
    let region = |start, len| Region { start, len, kind: RegionKind::Bytes };
    let run = |size: usize, regions: Vec<Region>| {
        let layout = Layout { format: Format::Opaque, note: None, regions };
        encode(&mut Cursor::new(vec![0; size]), &layout, None, Options::default(), |_, _| Ok(())).unwrap_err()
    };
    assert!(matches!(run(10, vec![region(0, 11)]), TensorError::SourceLength));
    assert!(matches!(run(10, vec![region(0, 9)]), TensorError::SourceLength));
    assert!(matches!(run(1, vec![]), TensorError::SourceLength));
    assert!(matches!(run(10, vec![region(0, 4), region(5, 5)]), TensorError::Layout));
    assert!(matches!(run(10, vec![region(0, 0), region(0, 10)]), TensorError::Layout));
    assert!(matches!(run(10, vec![region(0, 10), region(10, u64::MAX)]), TensorError::Layout));
    let layout = Layout { format: Format::Opaque, note: None, regions: vec![] };
    assert_eq!(
        encode(&mut io::empty(), &layout, None, Options::default(), |_, _| Ok(())).unwrap(),
        Totals::default()
    );
}

#[test]
fn a_sink_that_refuses_ends_the_run() {
    let (_, (new, layout)) = two_steps();
    for count in [0, 3] {
        let options = Options { chunk_bytes: 64 << 10, workers: workers(count) };
        let mut left = 3;
        let result = encode(&mut Cursor::new(&new), &layout, None, options, |_, _| {
            left -= 1;
            if left == 0 { Err(io::Error::other("full")) } else { Ok(()) }
        });
        assert!(matches!(result, Err(TensorError::Sink(_))));
        assert_eq!(left, 0);
    }
}

struct Dies;

impl Base for Dies {
    fn root(&self) -> Hash {
        Hash::of(b"")
    }

    fn fetch(&self, _: &Region, _: u64, _: &mut [u8]) -> Result<bool, TensorError> {
        panic!("a base that panics");
    }
}

#[test]
#[should_panic(expected = "a scoped thread panicked")]
fn a_worker_that_dies_does_not_leave_the_run_waiting() {
    let (_, (new, layout)) = two_steps();
    let options = Options { chunk_bytes: 64 << 10, workers: workers(2) };
    _ = encode(&mut Cursor::new(&new), &layout, Some(&Dies), options, |_, _| Ok(()));
}

#[test]
fn a_changed_chunk_or_place_is_never_handed_out() {
    let ((old, old_layout), (new, layout)) = two_steps();
    let base = FileBase::new(Cursor::new(old), old_layout, Hash::of(b"old"));
    let (chunks, _) = collect(&new, &layout, Some(&base), Options::default());
    for count in [0, 2] {
        let mut bad = chunks.clone();
        bad[1].1[20] ^= 4;
        assert!(matches!(back(&layout, &bad, Some(&base), count), Err(TensorError::ChunkHash { .. })));
        let mut bad = chunks.clone();
        bad[1].0.region = 99;
        assert!(matches!(back(&layout, &bad, Some(&base), count), Err(TensorError::Layout)));
        for (offset, raw_len) in [(u64::MAX, 10), (0, u32::MAX), (799_999, 2)] {
            let mut bad = chunks.clone();
            (bad[1].0.offset, bad[1].0.raw_len) = (offset, raw_len);
            assert!(matches!(back(&layout, &bad, Some(&base), count), Err(TensorError::Chunk(_))));
        }
        assert!(matches!(back(&layout, &chunks, None, count), Err(TensorError::BaseNeeded)));
    }
}

#[test]
fn a_chunk_size_out_of_bounds_is_refused() {
    let (_, (new, layout)) = two_steps();
    for chunk_bytes in [0, 1000, 32 << 10, 8 << 20, (64 << 10) + 1] {
        let options = Options { chunk_bytes, workers: Workers::Inline };
        let result = encode(&mut Cursor::new(&new), &layout, None, options, |_, _| Ok(()));
        assert!(matches!(result, Err(TensorError::Limit { .. })));
    }
}
