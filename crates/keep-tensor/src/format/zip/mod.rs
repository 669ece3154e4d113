//! The directory of a zip archive, and where its members' bytes lie. Nothing is unpacked.

mod end;

use super::bytes::Bytes;
use super::source::Source;
use super::stop::{Stop, unfit};
use super::{Limits, zip::end::End};
use std::collections::HashSet;

/// What a member begins with, and so an archive.
const LOCAL: u32 = 0x0403_4b50;
const LOCAL_BYTES: u64 = 30;
const ENTRY: u32 = 0x0201_4b50;
/// Names an extra field with the numbers that 32 bits are too few for.
const ZIP64: u16 = 1;
/// In place of a number that stands in that field.
const ELSEWHERE: u32 = u32::MAX;
/// The member is encrypted.
const ENCRYPTED: u16 = 1;

/// One file in an archive, as the directory describes it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// Bytes in the archive.
    len: u64,
    /// Where its own header lies.
    header: u64,
    stored: bool,
    /// Where the directory begins, and so every member has ended.
    most: u64,
}

/// Whether a file that starts so may be an archive.
pub(super) fn starts(start: &[u8]) -> bool {
    Bytes::new(start).u32() == Some(LOCAL)
}

/// The members in the directory's order. Their names differ, so that one cannot hide another, and they do
/// not overlap, so that reading all of them is never more than reading the file.
pub(super) fn directory(source: &mut Source<'_>, limits: &Limits) -> Result<Vec<Member>, Stop> {
    let end = End::find(source)?;
    if end.entries > limits.zip_entries || end.bytes > limits.header_bytes {
        return Err(unfit(format!("the archive claims {} members", end.entries)));
    }
    let text = source.read(end.start, end.bytes, "the archive's directory")?;
    let mut bytes = Bytes::new(&text);
    let mut members = Vec::new();
    for _ in 0..end.entries {
        let member = entry(&mut bytes, end.start)
            .ok_or_else(|| unfit(format!("the archive's directory breaks off at entry {}", members.len())))?;
        members.push(member);
    }
    apart(&members)?;
    Ok(members)
}

fn apart(members: &[Member]) -> Result<(), Stop> {
    let mut names = HashSet::with_capacity(members.len());
    if let Some(member) = members.iter().find(|member| !names.insert(member.name.as_str())) {
        return Err(unfit(format!("two members of the archive are named {:?}", member.name)));
    }
    let mut places: Vec<_> = members.iter().map(|member| (member.header, member.least_end())).collect();
    places.sort_unstable();
    match places.windows(2).any(|pair| pair[0].1 > pair[1].0) {
        true => Err(unfit("two members of the archive overlap")),
        false => Ok(()),
    }
}

fn entry(bytes: &mut Bytes<'_>, most: u64) -> Option<Member> {
    (bytes.u32()? == ENTRY).then_some(())?;
    bytes.take(4)?;
    let (flags, method) = (bytes.u16()?, bytes.u16()?);
    bytes.take(8)?;
    let (packed, plain) = (bytes.u32()?, bytes.u32()?);
    let [name, extra, comment] = [bytes.u16()?, bytes.u16()?, bytes.u16()?].map(usize::from);
    bytes.take(8)?;
    let header = bytes.u32()?;
    let name = String::from_utf8_lossy(bytes.take(name)?).into_owned();
    let wide = Wide::find(bytes.take(extra)?);
    bytes.take(comment)?;
    let mut wide = wide.unwrap_or_default();
    // The field holds only the numbers that need it, in this order.
    let plain = wide.or(plain)?;
    let len = wide.or(packed)?;
    let header = wide.or(header)?;
    let stored = method == 0 && flags & ENCRYPTED == 0 && plain == len;
    Some(Member { name, len, header, stored, most })
}

/// The extra field for large numbers.
struct Wide<'a>(Bytes<'a>);

impl Default for Wide<'_> {
    fn default() -> Self {
        Self(Bytes::new(&[]))
    }
}

impl<'a> Wide<'a> {
    fn find(extra: &'a [u8]) -> Option<Self> {
        let mut bytes = Bytes::new(extra);
        loop {
            let (id, len) = (bytes.u16()?, bytes.u16()?);
            let field = bytes.take(usize::from(len))?;
            if id == ZIP64 {
                return Some(Self(Bytes::new(field)));
            }
        }
    }

    fn or(&mut self, narrow: u32) -> Option<u64> {
        if narrow == ELSEWHERE { self.0.u64() } else { Some(u64::from(narrow)) }
    }
}

impl Member {
    /// Where the member ends at the earliest: its own header may be longer than it must be.
    fn least_end(&self) -> u64 {
        self.header.saturating_add(LOCAL_BYTES).saturating_add(self.len)
    }

    /// Where the member's bytes lie and how many, or nothing when they are packed. Its own header says how
    /// long itself is; everything else in it may be left blank, so the directory is believed.
    pub(super) fn place(&self, source: &mut Source<'_>) -> Result<Option<(u64, u64)>, Stop> {
        if !self.stored {
            return Ok(None);
        }
        let beyond = || unfit(format!("the member {:?} does not lie in the archive", self.name));
        let within = |end: &u64| *end <= self.most;
        self.header.checked_add(LOCAL_BYTES).filter(within).ok_or_else(beyond)?;
        let text = source.read(self.header, LOCAL_BYTES, "a member's header")?;
        let mut bytes = Bytes::new(&text);
        let header = local(&mut bytes)
            .ok_or_else(|| unfit(format!("the member {:?} does not begin where it should", self.name)))?;
        let start = self.header + LOCAL_BYTES + header;
        start.checked_add(self.len).filter(within).ok_or_else(beyond)?;
        Ok(Some((start, self.len)))
    }
}

/// Bytes of the name and extra field after a member's header. It says stored, or the directory lied.
fn local(bytes: &mut Bytes<'_>) -> Option<u64> {
    (bytes.u32()? == LOCAL).then_some(())?;
    bytes.take(4)?;
    (bytes.u16()? == 0).then_some(())?;
    bytes.take(16)?;
    Some(u64::from(bytes.u16()?) + u64::from(bytes.u16()?))
}
