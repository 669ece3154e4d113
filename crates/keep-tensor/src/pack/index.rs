//! The index: every entry, its regions and its chunks.

use super::HEADER_BYTES;
use super::entry::{Entry, EntryKind, PackedChunk, PackedFile, Stored};
use super::path::{check_target, check_tree};
use crate::codec::MAX_CHUNK_BYTES;
use crate::pipeline::{Chunk, check_layout};
use crate::wire::{Take, put_number};
use crate::{Dtype, Format, Hash, Layout, Region, RegionKind, TensorError, TensorInfo};
use std::collections::HashMap;

const FILE: u8 = 0;
const LINK: u8 = 1;
const FOLDER: u8 = 2;

const OWN: u8 = 0;
const OWN_DIFFERENCE: u8 = 1;
const REPEAT: u8 = 2;

/// What stands before the root of a base: that it is a pack, or that it is a plain file, in which case
/// every region says where its counterpart begins. Packs of the first days have the former for both.
const PACKED_BASE: u8 = 1;
const PLAIN_BASE: u8 = 2;

/// Longer names are no names. Headers of real files stay far below.
const MAX_STRING_BYTES: usize = 64 << 10;
const MAX_RANK: usize = 64;
/// Entries, regions and chunks together. Each weighs up to fifty times in memory what it does in the
/// index; so many are a terabyte of file.
pub(super) const MAX_ITEMS: u64 = 2 << 20;
/// Permission bits and nothing above them.
const MAX_MODE: usize = 0o7777;

/// A region's kind is zero for bytes and else the place of its type in this list, counted from one.
const DTYPES: [Dtype; 17] = Dtype::NUMBERED;

const FORMATS: [Format; 6] =
    [Format::Opaque, Format::Safetensors, Format::Torch, Format::Npy, Format::Npz, Format::Gguf];

/// What the index says.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) base: Option<Hash>,
    pub(super) entries: Vec<Entry>,
    /// Where in `entries` a path is: a folder of fifty thousand files is asked for each of them.
    by_path: HashMap<String, usize>,
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn place<T: PartialEq>(list: &[T], value: &T) -> u8 {
    list.iter().position(|other| other == value).expect("the list names every variant") as u8
}

impl Index {
    pub(super) fn of(base: Option<Hash>, entries: Vec<Entry>) -> Self {
        let by_path = entries.iter().enumerate().map(|(at, entry)| (entry.path.clone(), at)).collect();
        Self { base, entries, by_path }
    }

    /// The file of this path.
    pub(super) fn file(&self, path: &str) -> Option<&PackedFile> {
        match &self.entries.get(*self.by_path.get(path)?)?.kind {
            EntryKind::File(file) => Some(file),
            _ => None,
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let told = self.tells_starts();
        out.push(if told { PLAIN_BASE } else { u8::from(self.base.is_some()) });
        out.extend(self.base.iter().flat_map(|root| *root.as_bytes()));
        put_number(&mut out, self.entries.len() as u64);
        for entry in &self.entries {
            match &entry.kind {
                EntryKind::File(file) => {
                    out.push(FILE);
                    put_string(&mut out, &entry.path);
                    put_file(&mut out, file, told);
                }
                EntryKind::Link { target } => {
                    out.push(LINK);
                    put_string(&mut out, &entry.path);
                    put_string(&mut out, target);
                }
                EntryKind::Folder { mode } => {
                    out.push(FOLDER);
                    put_string(&mut out, &entry.path);
                    put_number(&mut out, u64::from(*mode));
                }
            }
        }
        out
    }

    /// Whether it says where in a plain file the counterparts of regions begin.
    fn tells_starts(&self) -> bool {
        let file =
            |entry: &Entry| matches!(&entry.kind, EntryKind::File(file) if !file.base_starts.is_empty());
        self.base.is_some() && self.entries.iter().any(file)
    }

    /// Reads an index whose chunks take up `chunk_bytes`.
    pub(super) fn read(bytes: &[u8], chunk_bytes: u64) -> Result<Self, TensorError> {
        let mut take = Take::new(bytes, TensorError::Pack);
        let marker = take.byte()?;
        let base = match marker {
            0 => None,
            PACKED_BASE | PLAIN_BASE => Some(Hash::from_bytes(take.array()?)),
            _ => return take.fault("it says neither that it has a base nor that it has none"),
        };
        let mut stock = Stock {
            next_at: HEADER_BYTES as u64,
            chunks: Vec::new(),
            has_base: base.is_some(),
            told: marker == PLAIN_BASE,
            items: 0,
        };
        let mut entries = Vec::new();
        for _ in 0..take.number()? {
            stock.count_item()?;
            let kind = take.byte()?;
            let path = text(&mut take, "a path")?;
            let kind = match kind {
                FILE => EntryKind::File(read_file(&mut take, &mut stock)?),
                LINK => EntryKind::Link { target: text(&mut take, "a link's target")? },
                FOLDER => EntryKind::Folder { mode: take.size(MAX_MODE, "a mode")? as u32 },
                _ => return take.fault("an entry is of an unknown kind"),
            };
            if let EntryKind::Link { target } = &kind {
                check_target(&path, target)?;
            }
            entries.push(Entry { path, kind });
        }
        if !take.is_empty() {
            return take.fault("bytes follow its index");
        }
        if stock.next_at != chunk_bytes + HEADER_BYTES as u64 {
            return take.fault("its chunks do not fill their place");
        }
        check_tree(&entries)?;
        Ok(Self::of(base, entries))
    }
}

fn put_file(out: &mut Vec<u8>, file: &PackedFile, told: bool) {
    put_number(out, u64::from(file.mode));
    out.push(place(&FORMATS, &file.layout.format));
    put_string(out, file.layout.note.as_deref().unwrap_or_default());
    put_number(out, file.layout.regions.len() as u64);
    for (at, (region, range)) in file.layout.regions.iter().zip(&file.ranges).enumerate() {
        match &region.kind {
            RegionKind::Bytes => out.push(0),
            RegionKind::Tensor(tensor) => {
                out.push(place(&DTYPES, &tensor.dtype) + 1);
                put_string(out, &tensor.name);
                put_number(out, tensor.shape.len() as u64);
                tensor.shape.iter().for_each(|extent| put_number(out, *extent));
            }
        }
        put_number(out, region.len);
        if told {
            // One more than the place, so that zero is none.
            put_number(out, file.base_starts.get(at).copied().flatten().map_or(0, |start| start + 1));
        }
        for packed in &file.chunks[range.clone()] {
            put_number(out, u64::from(packed.chunk.raw_len));
            match packed.stored {
                Stored::As(earlier) => {
                    out.push(REPEAT);
                    put_number(out, earlier);
                }
                Stored::Own => {
                    out.push(if packed.chunk.needs_base { OWN_DIFFERENCE } else { OWN });
                    put_number(out, u64::from(packed.stored_len));
                    out.extend(packed.chunk.hash.as_bytes());
                }
            }
        }
    }
}

/// The chunks read so far, and where the next one's stored bytes begin.
struct Stock {
    next_at: u64,
    chunks: Vec<PackedChunk>,
    has_base: bool,
    /// Whether regions say where their counterparts begin.
    told: bool,
    items: u64,
}

impl Stock {
    fn count_item(&mut self) -> Result<(), TensorError> {
        self.items += 1;
        check_items(self.items)
    }
}

pub(super) fn check_items(items: u64) -> Result<(), TensorError> {
    if items <= MAX_ITEMS {
        return Ok(());
    }
    Err(TensorError::Limit { what: "the number of things in a pack", size: items, limit: MAX_ITEMS })
}

fn text(take: &mut Take<'_>, what: &'static str) -> Result<String, TensorError> {
    match std::str::from_utf8(take.string(MAX_STRING_BYTES, what)?) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => take.fault("a name is not UTF-8"),
    }
}

fn read_file(take: &mut Take<'_>, stock: &mut Stock) -> Result<PackedFile, TensorError> {
    let mode = take.size(MAX_MODE, "a mode")? as u32;
    let Some(format) = FORMATS.get(usize::from(take.byte()?)).copied() else {
        return take.fault("a file is of an unknown format");
    };
    let note = Some(text(take, "a note")?).filter(|note| !note.is_empty());
    let mut file = PackedFile {
        mode,
        layout: Layout { format, note, regions: Vec::new() },
        chunks: Vec::new(),
        ranges: Vec::new(),
        base_starts: Vec::new(),
    };
    let mut start = 0u64;
    // Each turn takes bytes off the index, so a count that lies ends with it.
    for number in 0..take.number()? {
        stock.count_item()?;
        let kind = read_kind(take)?;
        let len = take.number()?;
        file.layout.regions.push(Region { start, len, kind });
        start = start.checked_add(len).ok_or(TensorError::Layout)?;
        if stock.told {
            let told = take.number()?.checked_sub(1);
            if told.is_some_and(|told| told.checked_add(len).is_none()) {
                return take.fault("a region's counterpart has no end");
            }
            file.base_starts.push(told);
        }
        let first = file.chunks.len();
        let mut offset = 0;
        while offset < len {
            let packed = read_chunk(take, stock, number as usize, offset, len - offset)?;
            offset += u64::from(packed.chunk.raw_len);
            file.chunks.push(packed);
        }
        file.ranges.push(first..file.chunks.len());
    }
    check_layout(&file.layout.regions)?;
    Ok(file)
}

fn read_kind(take: &mut Take<'_>) -> Result<RegionKind, TensorError> {
    let Some(dtype) = take.byte()?.checked_sub(1) else { return Ok(RegionKind::Bytes) };
    let Some(dtype) = DTYPES.get(usize::from(dtype)).copied() else {
        return take.fault("a tensor is of an unknown type");
    };
    let name = text(take, "a tensor's name")?;
    let rank = take.size(MAX_RANK, "a tensor's rank")?;
    let shape = (0..rank).map(|_| take.number()).collect::<Result<_, _>>()?;
    Ok(RegionKind::Tensor(TensorInfo { name, dtype, shape }))
}

fn read_chunk(
    take: &mut Take<'_>,
    stock: &mut Stock,
    region: usize,
    offset: u64,
    left: u64,
) -> Result<PackedChunk, TensorError> {
    stock.count_item()?;
    let raw_len = take.size(MAX_CHUNK_BYTES, "a chunk")? as u32;
    if raw_len == 0 || u64::from(raw_len) > left {
        return take.fault("a chunk is empty or leaves its region");
    }
    let how = take.byte()?;
    let packed = match how {
        OWN | OWN_DIFFERENCE => {
            let needs_base = how == OWN_DIFFERENCE;
            if needs_base && !stock.has_base {
                return take.fault("a chunk is a difference and there is no base");
            }
            // An encoder stores what does not shrink, behind one byte.
            let stored_len = take.size(raw_len as usize + 1, "a stored chunk")? as u32;
            let hash = Hash::from_bytes(take.array()?);
            let at = stock.next_at;
            stock.next_at = at.checked_add(u64::from(stored_len)).ok_or(TensorError::Layout)?;
            let chunk = Chunk { region, offset, raw_len, needs_base, hash };
            PackedChunk { chunk, at, stored_len, stored: Stored::Own }
        }
        REPEAT => {
            let number = take.number()?;
            let earlier = usize::try_from(number).ok().and_then(|number| stock.chunks.get(number));
            let Some(earlier) = earlier.filter(|earlier| earlier.chunk.raw_len == raw_len) else {
                return take.fault("a chunk repeats one that there is not");
            };
            let chunk = Chunk { region, offset, ..earlier.chunk };
            PackedChunk { chunk, stored: Stored::As(number), ..*earlier }
        }
        _ => return take.fault("a chunk is stored in an unknown way"),
    };
    stock.chunks.push(packed);
    Ok(packed)
}
