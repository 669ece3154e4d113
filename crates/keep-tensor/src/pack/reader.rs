use super::entry::{Entry, EntryKind, PackedChunk, PackedFile, Stored};
use super::index::Index;
use super::trailer::{TRAILER_BYTES, Trailer, root_of};
use super::{HEADER_BYTES, MAGIC, VERSION, header};
use crate::pipeline::{Totals, Workers, restore, restore_at};
use crate::{Base, Hash, ReadAt, TensorError, WriteAt};
use ed25519_dalek::VerifyingKey;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;

/// Reads a pack: its index at once, its chunks as they are asked for. Bytes of a chunk are handed out
/// only after they had the hash that the root vouches for.
#[derive(Debug)]
pub struct PackReader<R> {
    source: R,
    root: Hash,
    signer: Option<VerifyingKey>,
    index: Index,
}

impl<R: Read + Seek> PackReader<R> {
    /// Opens a pack and checks its index against its root, and the root against its signature if it has
    /// one.
    ///
    /// # Errors
    /// When it cannot be read, is no pack, is damaged, or its signature does not hold.
    pub fn open(mut source: R) -> Result<Self, TensorError> {
        let size = source.seek(SeekFrom::End(0)).map_err(TensorError::Stored)?;
        let Some(trailer_at) = size.checked_sub(TRAILER_BYTES as u64).filter(|at| *at >= HEADER_BYTES as u64)
        else {
            return Err(TensorError::Pack("it is too short to be one"));
        };
        let mut head = [0; HEADER_BYTES];
        read_at(&mut source, 0, &mut head)?;
        check_header(&head)?;
        let mut trailer = [0; TRAILER_BYTES];
        read_at(&mut source, trailer_at, &mut trailer)?;
        let trailer = Trailer::read(&trailer, size)?;
        let mut index = vec![0; trailer.index_bytes as usize];
        read_at(&mut source, trailer_at - trailer.index_bytes, &mut index)?;
        if root_of(&head, &index) != trailer.root {
            return Err(TensorError::Root { expected: trailer.root });
        }
        let signer = trailer.signer()?;
        let index = Index::read(&index, trailer.chunk_bytes)?;
        Ok(Self { source, root: trailer.root, signer, index })
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root
    }

    /// The root of the base that its differences were made against.
    #[must_use]
    pub fn base_root(&self) -> Option<Hash> {
        self.index.base
    }

    /// Who signed it.
    #[must_use]
    pub fn signer(&self) -> Option<&VerifyingKey> {
        self.signer.as_ref()
    }

    /// Refuses a pack that this key did not sign.
    ///
    /// # Errors
    /// When another key or none did.
    pub fn require_signer(&self, key: &VerifyingKey) -> Result<(), TensorError> {
        if self.signer.as_ref() == Some(key) { Ok(()) } else { Err(TensorError::Signer) }
    }

    /// What it holds, in the order in which it was packed.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.index.entries
    }

    /// The file of this path.
    ///
    /// # Errors
    /// When there is none.
    pub fn file(&self, path: &str) -> Result<&PackedFile, TensorError> {
        find(&self.index, path)
    }

    /// Reads all stored bytes and checks their hashes. Decodes nothing and needs no base.
    ///
    /// # Errors
    /// When one is not what the index says.
    pub fn verify(&mut self) -> Result<Totals, TensorError> {
        let mut totals = Totals::default();
        let mut stored = Vec::new();
        for entry in &self.index.entries {
            let EntryKind::File(file) = &entry.kind else { continue };
            totals.raw_bytes += file.raw_bytes();
            for packed in &file.chunks {
                totals.chunks += 1;
                totals.differences += u64::from(packed.chunk.needs_base);
                if packed.stored == Stored::Own {
                    totals.stored_bytes += u64::from(packed.stored_len);
                    read_chunk(&mut self.source, packed, &mut stored)?;
                    if Hash::of(&stored) != packed.chunk.hash {
                        return Err(TensorError::ChunkHash { expected: packed.chunk.hash });
                    }
                }
            }
        }
        Ok(totals)
    }

    /// Writes a file as it was. Says how many bytes.
    ///
    /// # Errors
    /// When there is none of this path, it needs another base, or is damaged. What was written before is
    /// a correct beginning and no more.
    pub fn unpack(
        &mut self,
        path: &str,
        base: Option<&dyn Base>,
        workers: Workers,
        out: &mut (impl Write + Send),
    ) -> Result<u64, TensorError>
    where
        R: Send,
    {
        let file = find(&self.index, path)?;
        let all = 0..file.chunks.len();
        write_chunks(&mut self.source, self.index.base, file, all, base, workers, out)
    }

    /// Writes the elements of one tensor, reading no other.
    ///
    /// # Errors
    /// As [`PackReader::unpack`].
    pub fn cat(
        &mut self,
        path: &str,
        tensor: &str,
        base: Option<&dyn Base>,
        workers: Workers,
        out: &mut (impl Write + Send),
    ) -> Result<u64, TensorError>
    where
        R: Send,
    {
        let file = find(&self.index, path)?;
        let Some(region) = file.tensor(tensor) else {
            return Err(TensorError::NotFound { what: "tensor", name: tensor.to_owned() });
        };
        let range = file.ranges[region].clone();
        write_chunks(&mut self.source, self.index.base, file, range, base, workers, out)
    }

    pub(super) fn into_parts(self) -> (R, Hash, Index) {
        (self.source, self.root, self.index)
    }
}

impl<R: ReadAt> PackReader<R> {
    /// Writes a file as it was, each part to its place: as [`PackReader::unpack`], with reading and writing
    /// shared among the workers.
    ///
    /// # Errors
    /// As [`PackReader::unpack`]. What was written before is right where it was written, and anything may be
    /// missing.
    pub fn unpack_at(
        &self,
        path: &str,
        base: Option<&dyn Base>,
        workers: Workers,
        out: &(impl WriteAt + ?Sized),
    ) -> Result<u64, TensorError> {
        let file = find(&self.index, path)?;
        check_base(&file.chunks, self.index.base, base)?;
        let chunks = file.chunks.iter().map(|packed| (packed.chunk, packed.at, packed.stored_len));
        restore_at(&file.layout.regions, chunks, &self.source, base, workers, out)
    }
}

fn check_header(head: &[u8; HEADER_BYTES]) -> Result<(), TensorError> {
    if head[..MAGIC.len()] != MAGIC {
        return Err(TensorError::Pack("it does not begin as a pack does"));
    }
    let version = u16::from_le_bytes([head[8], head[9]]);
    if version != VERSION {
        return Err(TensorError::Version(version));
    }
    if *head != header() { Err(TensorError::Pack("its header is damaged")) } else { Ok(()) }
}

pub(super) fn find<'a>(index: &'a Index, path: &str) -> Result<&'a PackedFile, TensorError> {
    index.file(path).ok_or_else(|| TensorError::NotFound { what: "file", name: path.to_owned() })
}

fn read_at(source: &mut (impl Read + Seek), at: u64, out: &mut [u8]) -> Result<(), TensorError> {
    source.seek(SeekFrom::Start(at)).map_err(TensorError::Stored)?;
    source.read_exact(out).map_err(TensorError::Stored)
}

pub(super) fn read_chunk(
    source: &mut (impl Read + Seek),
    packed: &PackedChunk,
    stored: &mut Vec<u8>,
) -> Result<(), TensorError> {
    stored.resize(packed.stored_len as usize, 0);
    read_at(source, packed.at, stored)
}

/// Refuses another base than the one that chunks are differences to.
fn check_base(
    chunks: &[PackedChunk],
    needed: Option<Hash>,
    base: Option<&dyn Base>,
) -> Result<(), TensorError> {
    let given = base.map(Base::root);
    match needed {
        Some(needed) if given != Some(needed) && chunks.iter().any(|packed| packed.chunk.needs_base) => {
            Err(TensorError::WrongBase { needed, given })
        }
        _ => Ok(()),
    }
}

fn write_chunks(
    source: &mut (impl Read + Seek + Send),
    needed: Option<Hash>,
    file: &PackedFile,
    range: Range<usize>,
    base: Option<&dyn Base>,
    workers: Workers,
    out: &mut (impl Write + Send),
) -> Result<u64, TensorError> {
    let chunks = &file.chunks[range];
    check_base(chunks, needed, base)?;
    // The pipeline asks for the chunks in the order in which it is given them.
    let mut next = chunks.iter();
    let fetch = |_: &_, stored: &mut Vec<u8>| match next.next() {
        Some(packed) => read_chunk(source, packed, stored),
        None => Err(TensorError::Layout),
    };
    restore(&file.layout.regions, chunks.iter().map(|packed| packed.chunk), fetch, base, workers, out)
}
