use super::PackReader;
use super::entry::PackedFile;
use super::reader::{find, read_chunk};
use crate::base::Counterparts;
use crate::codec::Codec;
use crate::pipeline::restore_chunk;
use crate::{Base, Hash, Region, TensorError};
use std::io::{Read, Seek};
use std::sync::{Mutex, PoisonError};

/// A file in a pack as the base of another. The pack may itself hold differences; then it takes its own
/// base along.
pub struct PackBase<R> {
    source: Mutex<R>,
    root: Hash,
    file: PackedFile,
    counterparts: Counterparts,
    beneath: Option<Box<dyn Base + Send>>,
    idle: Mutex<Vec<Hand>>,
}

/// What one thread decodes with.
struct Hand {
    codec: Codec,
    stored: Vec<u8>,
    fetched: Vec<u8>,
    raw: Vec<u8>,
}

impl<R: Read + Seek + Send> PackBase<R> {
    /// The file of this path as a base; `beneath` is the base of its own pack.
    ///
    /// # Errors
    /// When the pack has no such file, or it is stored as differences to another base than `beneath`.
    pub fn new(
        pack: PackReader<R>,
        path: &str,
        beneath: Option<Box<dyn Base + Send>>,
    ) -> Result<Self, TensorError> {
        let (source, root, index) = pack.into_parts();
        let file = find(&index, path)?.clone();
        let given = beneath.as_ref().map(|base| base.root());
        if let (true, Some(needed)) = (file.needs_base(), index.base)
            && given != Some(needed)
        {
            return Err(TensorError::WrongBase { needed, given });
        }
        let counterparts = Counterparts::new(&file.layout.regions);
        Ok(Self {
            source: Mutex::new(source),
            root,
            file,
            counterparts,
            beneath,
            idle: Mutex::new(Vec::new()),
        })
    }

    fn fill(&self, hand: &mut Hand, region: usize, offset: u64, out: &mut [u8]) -> Result<(), TensorError> {
        let end = offset + out.len() as u64;
        let beneath = self.beneath.as_ref().map(|base| &**base as &dyn Base);
        for packed in &self.file.chunks[self.file.ranges[region].clone()] {
            let from = packed.chunk.offset;
            let to = from + u64::from(packed.chunk.raw_len);
            if to <= offset || from >= end {
                continue;
            }
            {
                let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
                read_chunk(&mut *source, packed, &mut hand.stored)?;
            }
            let region = &self.file.layout.regions[region];
            restore_chunk(
                &mut hand.codec,
                region,
                &packed.chunk,
                &hand.stored,
                beneath,
                &mut hand.fetched,
                &mut hand.raw,
            )?;
            let (first, last) = (from.max(offset), to.min(end));
            out[(first - offset) as usize..(last - offset) as usize]
                .copy_from_slice(&hand.raw[(first - from) as usize..(last - from) as usize]);
        }
        Ok(())
    }
}

impl<R: Read + Seek + Send> Base for PackBase<R> {
    fn root(&self) -> Hash {
        self.root
    }

    fn fetch(&self, region: &Region, offset: u64, out: &mut [u8]) -> Result<bool, TensorError> {
        let Some(at) = self.counterparts.find(region, &self.file.layout.regions) else { return Ok(false) };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut hand = match idle {
            Some(hand) => hand,
            None => Hand { codec: Codec::new()?, stored: Vec::new(), fetched: Vec::new(), raw: Vec::new() },
        };
        self.fill(&mut hand, at, offset, out)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(hand);
        Ok(true)
    }
}
