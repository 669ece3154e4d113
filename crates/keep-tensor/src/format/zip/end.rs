//! The end of an archive, which says where its directory lies.

use crate::format::bytes::Bytes;
use crate::format::source::Source;
use crate::format::stop::{Stop, unfit};

const END: u32 = 0x0605_4b50;
const END_BYTES: u64 = 22;
/// A comment follows the end; its length has 16 bits.
const COMMENT: u64 = u16::MAX as u64;
const LOCATOR: u32 = 0x0706_4b50;
const LOCATOR_BYTES: u64 = 20;
const WIDE_END: u32 = 0x0606_4b50;
const WIDE_END_BYTES: u64 = 56;

/// Where the directory lies.
pub(super) struct End {
    pub(super) start: u64,
    pub(super) bytes: u64,
    pub(super) entries: u64,
}

impl End {
    pub(super) fn find(source: &mut Source<'_>) -> Result<Self, Stop> {
        let most = source.len().min(END_BYTES + COMMENT);
        let tail_at = source.len() - most;
        let tail = source.read(tail_at, most, "the archive's end")?;
        let found = (0..tail.len()).rev().find_map(|at| Some((at, Self::narrow(&tail[at..])?)));
        let (at, mut end) =
            found.ok_or_else(|| unfit("the archive has no end, so it is cut off or damaged"))?;
        let end_at = tail_at + at as u64;
        let wide = Self::wide(source, end_at)?;
        // The wide end stands before the plain one and replaces what that has no room for.
        let most = match wide {
            Some((place, wide)) => {
                end.take_over(&wide);
                place
            }
            None => end_at,
        };
        if end.start.checked_add(end.bytes).is_none_or(|stop| stop > most) {
            return Err(unfit("the archive's directory does not lie in the file"));
        }
        Ok(end)
    }

    /// An end whose comment closes the file, in one part. Anything else that looks like an end is content.
    fn narrow(tail: &[u8]) -> Option<Self> {
        let mut bytes = Bytes::new(tail);
        (bytes.u32()? == END).then_some(())?;
        let (part, first, here, entries) = (bytes.u16()?, bytes.u16()?, bytes.u16()?, bytes.u16()?);
        let (len, start, comment) = (bytes.u32()?, bytes.u32()?, bytes.u16()?);
        (bytes.rest().len() == usize::from(comment)).then_some(())?;
        // A part of a divided archive cannot be read alone.
        (part == first && here == entries).then_some(())?;
        Some(Self { start: start.into(), bytes: len.into(), entries: entries.into() })
    }

    fn wide(source: &mut Source<'_>, end_at: u64) -> Result<Option<(u64, Self)>, Stop> {
        let Some(at) = end_at.checked_sub(LOCATOR_BYTES) else { return Ok(None) };
        let text = source.read(at, LOCATOR_BYTES, "the archive's locator")?;
        let Some(place) = Self::locator(&text) else { return Ok(None) };
        if place.checked_add(WIDE_END_BYTES).is_none_or(|stop| stop > at) {
            return Err(unfit("the archive's large end does not lie in the file"));
        }
        let text = source.read(place, WIDE_END_BYTES, "the archive's large end")?;
        let end = Self::wide_end(&text).ok_or_else(|| unfit("the archive's large end is damaged"))?;
        Ok(Some((place, end)))
    }

    fn locator(text: &[u8]) -> Option<u64> {
        let mut bytes = Bytes::new(text);
        (bytes.u32()? == LOCATOR).then_some(())?;
        bytes.take(4)?;
        bytes.u64()
    }

    fn wide_end(text: &[u8]) -> Option<Self> {
        let mut bytes = Bytes::new(text);
        (bytes.u32()? == WIDE_END).then_some(())?;
        bytes.take(20)?;
        let (here, entries, len, start) = (bytes.u64()?, bytes.u64()?, bytes.u64()?, bytes.u64()?);
        (here == entries).then_some(Self { start, bytes: len, entries })
    }

    fn take_over(&mut self, wide: &Self) {
        for (narrow, full, wide) in [
            (&mut self.start, u64::from(u32::MAX), wide.start),
            (&mut self.bytes, u64::from(u32::MAX), wide.bytes),
            (&mut self.entries, u64::from(u16::MAX), wide.entries),
        ] {
            if *narrow == full {
                *narrow = wide;
            }
        }
    }
}
