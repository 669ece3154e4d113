use super::entry::{Entry, EntryKind, Likeness, PackedChunk, PackedFile, Stored};
use super::index::{Index, check_items};
use super::path::{check_path, check_target, check_tree};
use super::trailer::{Trailer, root_of, sign};
use super::{HEADER_BYTES, MAX_INDEX_BYTES, header};
use crate::pipeline::{Chunk, Options, Totals, encode, encode_at};
use crate::{Base, Hash, Layout, ReadAt, TensorError, WriteAt};
use ed25519_dalek::SigningKey;
use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;

/// Writes a pack from front to back; nothing is written twice, so a pipe will do.
#[derive(Debug)]
pub struct PackWriter<W> {
    out: W,
    base: Option<Hash>,
    entries: Vec<Entry>,
    places: Places,
    failed: bool,
}

/// Where everything has its place in the pack.
#[derive(Debug)]
struct Places {
    /// Where the next chunk goes.
    at: u64,
    seen: HashMap<Likeness, (u64, PackedChunk)>,
    count: u64,
}

/// The chunks of one file on their way to their places.
struct Placing<'a> {
    all: &'a mut Places,
    chunks: Vec<PackedChunk>,
}

impl<'a> Placing<'a> {
    fn new(all: &'a mut Places) -> Self {
        Self { all, chunks: Vec::new() }
    }

    /// Gives a chunk its place; says where it is to be written, unless its bytes are there already.
    fn place(&mut self, chunk: &Chunk, stored: &[u8]) -> Option<u64> {
        let number = self.all.count;
        self.all.count += 1;
        let own = PackedChunk {
            chunk: *chunk,
            at: self.all.at,
            stored_len: stored.len() as u32,
            stored: Stored::Own,
        };
        if let Some((earlier, place)) = self.all.seen.get(&(chunk.hash, chunk.raw_len)) {
            self.chunks.push(PackedChunk { at: place.at, stored: Stored::As(*earlier), ..own });
            return None;
        }
        self.all.seen.insert((chunk.hash, chunk.raw_len), (number, own));
        self.chunks.push(own);
        self.all.at += stored.len() as u64;
        Some(own.at)
    }
}

impl<W: Write> PackWriter<W> {
    /// Begins a pack. `base` is the root of what its files may be stored as differences to.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(mut out: W, base: Option<Hash>) -> Result<Self, TensorError> {
        out.write_all(&header()).map_err(TensorError::Sink)?;
        let at = HEADER_BYTES as u64;
        let places = Places { at, seen: HashMap::new(), count: 0 };
        Ok(Self { out, base, entries: Vec::new(), places, failed: false })
    }

    /// Adds a file. Chunks that are stored already, in this file or an earlier one, are not stored again.
    ///
    /// # Errors
    /// When the path is not fit for a pack, the base is not the pack's, or reading or writing fails. After
    /// the last the pack cannot be finished.
    pub fn file(
        &mut self,
        path: &str,
        mode: u32,
        source: &mut (impl Read + Seek + Send),
        layout: &Layout,
        base: Option<&dyn Base>,
        options: Options,
    ) -> Result<Totals, TensorError>
    where
        W: Send,
    {
        self.check(path, base)?;
        let (out, mut placing) = (&mut self.out, Placing::new(&mut self.places));
        self.failed = true;
        let totals =
            encode(source, layout, base, options, |chunk, stored| match placing.place(chunk, stored) {
                Some(_) => out.write_all(stored),
                None => Ok(()),
            })?;
        self.failed = false;
        let chunks = placing.chunks;
        self.enter(path, mode, layout, base, chunks);
        Ok(totals)
    }

    fn check(&self, path: &str, base: Option<&dyn Base>) -> Result<(), TensorError> {
        check_path(path)?;
        match (base, self.base) {
            (Some(base), Some(needed)) if base.root() != needed => {
                Err(TensorError::WrongBase { needed, given: Some(base.root()) })
            }
            (Some(_), None) => Err(TensorError::Pack("it was begun without a base")),
            _ => Ok(()),
        }
    }

    fn enter(
        &mut self,
        path: &str,
        mode: u32,
        layout: &Layout,
        base: Option<&dyn Base>,
        chunks: Vec<PackedChunk>,
    ) {
        let ranges = ranges(&chunks, layout.regions.len());
        let starts = layout.regions.iter().map(|region| base?.starts_at(region));
        let mut base_starts: Vec<Option<u64>> = starts.collect();
        if base_starts.iter().all(Option::is_none) {
            base_starts.clear();
        }
        let file = PackedFile { mode: mode & 0o7777, layout: layout.clone(), chunks, ranges, base_starts };
        self.entries.push(Entry { path: path.to_owned(), kind: EntryKind::File(file) });
    }

    /// Adds a folder.
    ///
    /// # Errors
    /// When the path is not fit for a pack.
    pub fn folder(&mut self, path: &str, mode: u32) -> Result<(), TensorError> {
        check_path(path)?;
        self.entries.push(Entry { path: path.to_owned(), kind: EntryKind::Folder { mode: mode & 0o7777 } });
        Ok(())
    }

    /// Adds a symbolic link.
    ///
    /// # Errors
    /// When the path or the target are not fit for a pack.
    pub fn link(&mut self, path: &str, target: &str) -> Result<(), TensorError> {
        check_path(path)?;
        check_target(path, target)?;
        self.entries
            .push(Entry { path: path.to_owned(), kind: EntryKind::Link { target: target.to_owned() } });
        Ok(())
    }

    /// Writes the index and the root, signed if a key is given. Hands back what was written to, not
    /// flushed, and the root.
    ///
    /// # Errors
    /// When two entries clash, or an earlier write failed, or this one does.
    pub fn finish(mut self, key: Option<&SigningKey>) -> Result<(W, Hash), TensorError> {
        if self.failed {
            return Err(TensorError::Pack("one of its files could not be written"));
        }
        check_tree(&self.entries)?;
        check_items(self.places.count + self.entries.len() as u64 + regions(&self.entries))?;
        let index = Index::of(self.base, self.entries).to_bytes();
        let index_bytes = index.len() as u64;
        if index_bytes > MAX_INDEX_BYTES {
            return Err(TensorError::Limit { what: "the index", size: index_bytes, limit: MAX_INDEX_BYTES });
        }
        let root = root_of(&header(), &index);
        let chunk_bytes = self.places.at - HEADER_BYTES as u64;
        let trailer = Trailer { chunk_bytes, index_bytes, root, signed: key.map(|key| sign(key, root)) };
        self.out.write_all(&index).map_err(TensorError::Sink)?;
        self.out.write_all(&trailer.to_bytes()).map_err(TensorError::Sink)?;
        Ok((self.out, root))
    }
}

impl<W: Write + Seek + WriteAt> PackWriter<W> {
    /// Adds a file that can be read anywhere to a pack that can be written anywhere: as
    /// [`PackWriter::file`], with reading and writing shared among the workers.
    ///
    /// # Errors
    /// As [`PackWriter::file`].
    pub fn file_at(
        &mut self,
        path: &str,
        mode: u32,
        source: &(impl ReadAt + ?Sized),
        layout: &Layout,
        base: Option<&dyn Base>,
        options: Options,
    ) -> Result<Totals, TensorError> {
        self.check(path, base)?;
        let (out, mut placing) = (&self.out, Placing::new(&mut self.places));
        self.failed = true;
        let place = |chunk: &Chunk, stored: &[u8]| Ok(placing.place(chunk, stored));
        let totals = encode_at(source, layout, base, options, place, out)?;
        let chunks = placing.chunks;
        // What comes next is written from here on.
        self.out.seek(SeekFrom::Start(self.places.at)).map_err(TensorError::Sink)?;
        self.failed = false;
        self.enter(path, mode, layout, base, chunks);
        Ok(totals)
    }
}

/// Which chunks are of which region. They come in order, and no region is empty.
fn ranges(chunks: &[PackedChunk], regions: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::with_capacity(regions);
    let mut start = 0;
    for region in 0..regions {
        let end = start + chunks[start..].iter().take_while(|packed| packed.chunk.region == region).count();
        ranges.push(start..end);
        start = end;
    }
    ranges
}

fn regions(entries: &[Entry]) -> u64 {
    let each = entries.iter().map(|entry| match &entry.kind {
        EntryKind::File(file) => file.ranges.len() as u64,
        EntryKind::Link { .. } | EntryKind::Folder { .. } => 0,
    });
    each.sum()
}
