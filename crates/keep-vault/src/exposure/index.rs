//! What git tracks, from its index.

use super::error::ExposureError;
use super::git::{self, Repository};
use gix_index::State;
use gix_index::decode::Options;
use gix_index::entry::Mode;
use gix_index::hash::{Kind, hasher};
use rustix::fs::Stat;
use std::path::{Path, PathBuf};

/// Room for the paths of two million files.
const MAX_INDEX_BYTES: u64 = 256 << 20;
/// No system opens a longer path.
const MAX_PATH_BYTES: usize = 4096;
/// Room for all of them in memory: far more than the largest repositories have.
const MAX_PATHS_BYTES: usize = 1 << 30;

pub(super) struct Index {
    state: State,
    /// When the index was written: seconds and nanoseconds.
    written: (u32, u32),
}

/// A tracked regular file.
pub(super) struct Entry<'a> {
    pub(super) path: &'a [u8],
    stat: gix_index::entry::Stat,
    id: gix_index::hash::ObjectId,
    /// Written in the same moment as the index, or after it: its time proves nothing.
    is_racy: bool,
}

impl Index {
    /// Reads the repository's index, or this one. None when the repository has none yet.
    pub(super) fn read(repository: &Repository, index: Option<&Path>) -> Result<Option<Self>, ExposureError> {
        let path = index.map_or_else(|| repository.git.join("index"), Path::to_owned);
        let Some((file, stat)) = git::open(&path)? else {
            return match index {
                None => Ok(None),
                Some(_) => Err(ExposureError::file("opening", &path, std::io::ErrorKind::NotFound)),
            };
        };
        let bytes = git::read_all(file, &path, MAX_INDEX_BYTES)?;
        let written = (stat.st_mtime as u32, stat.st_mtime_nsec as u32);
        let state = decode(&path, &bytes, hash_of(repository)?)?;
        Ok(Some(Self { state, written }))
    }

    /// The regular files, each once, whatever state a merge has left them in.
    pub(super) fn files(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut last: &[u8] = b"";
        self.state.entries().iter().filter_map(move |entry| {
            let path: &[u8] = entry.path(&self.state).as_ref();
            let is_file = !matches!(entry.mode, Mode::SYMLINK | Mode::COMMIT | Mode::DIR);
            let is_next = std::mem::replace(&mut last, path) != path;
            let is_racy = (entry.stat.mtime.secs, entry.stat.mtime.nsecs) >= self.written;
            (is_file && is_next).then_some(Entry { path, stat: entry.stat, id: entry.id, is_racy })
        })
    }
}

impl Entry<'_> {
    /// Whether what is staged is what lies in the working tree. The bytes decide, where they are at hand;
    /// size and time do for the rest and for files that git converts when it stages them.
    pub(super) fn is_staged_as(&self, stat: &Stat, bytes: Option<&[u8]>) -> bool {
        let is_same = bytes.is_some_and(|bytes| {
            let mut hasher = hasher(self.id.kind());
            hasher.update(format!("blob {}\0", bytes.len()).as_bytes());
            hasher.update(bytes);
            hasher.try_finalize().is_ok_and(|id| id == self.id)
        });
        // The index keeps the low 32 bits of each, and no nanoseconds where git was built without.
        let time = self.stat.mtime;
        let same_time =
            time.secs == stat.st_mtime as u32 && [0, stat.st_mtime_nsec as u32].contains(&time.nsecs);
        is_same || (!self.is_racy && same_time && self.stat.size == stat.st_size as u32)
    }
}

/// Which hash the repository names its objects by, and so how long they are in the index.
fn hash_of(repository: &Repository) -> Result<Kind, ExposureError> {
    let settings = repository.settings()?;
    let format = settings.iter().rev().find(|(_, setting)| setting.is("extensions", "objectformat"));
    let Some((path, setting)) = format else { return Ok(Kind::Sha1) };
    match setting.value.as_deref() {
        Some(b"sha1") => Ok(Kind::Sha1),
        Some(b"sha256") => Ok(Kind::Sha256),
        _ => {
            Err(ExposureError::Odd { path: path.clone(), why: "it names an object format that is not known" })
        }
    }
}

fn decode(path: &Path, bytes: &[u8], hash: Kind) -> Result<State, ExposureError> {
    let failed = |why: String| ExposureError::Index { path: path.to_owned(), why };
    check_sum(bytes, hash).and_then(|()| check_paths(bytes, hash)).map_err(failed)?;
    // One thread: several would trust offsets that the file holds.
    let options = Options { thread_limit: Some(1), ..Options::default() };
    // The time of reading is not looked at (ours is beside the state); this is how to have one.
    let time = State::new(hash).timestamp();
    let (state, _) =
        State::from_bytes(bytes, time, hash, options).map_err(|error| failed(error.to_string()))?;
    let Some(link) = state.link() else { return Ok(state) };
    // A split index: the larger part lies beside it, in a file named by its hash.
    let shared: PathBuf = path.with_file_name(format!("sharedindex.{}", link.shared_index_checksum));
    let larger = git::read(&shared, MAX_INDEX_BYTES)?;
    let larger = larger.ok_or_else(|| failed(format!("{} is missing", shared.display())))?;
    check_paths(&larger, hash).map_err(failed)?;
    let whole = gix_index::File::at(path, hash, false, options).map_err(|error| failed(error.to_string()))?;
    Ok(whole.into())
}

/// The last bytes are the hash of all before, or zeros where git was told to save the time.
fn check_sum(bytes: &[u8], hash: Kind) -> Result<(), String> {
    let split = bytes.len().checked_sub(hash.len_in_bytes()).ok_or("it is too short")?;
    let (content, sum) = bytes.split_at(split);
    let mut hasher = hasher(hash);
    hasher.update(content);
    let actual = hasher.try_finalize().map_err(|error| error.to_string())?;
    let is_sum = sum == actual.as_slice() || sum.iter().all(|b| *b == 0);
    if is_sum { Ok(()) } else { Err("its checksum is wrong".into()) }
}

/// In an index of version 4 a path stands as what differs from the one before, so a file made for it could
/// unfold to any size. This counts before anything is unfolded.
fn check_paths(bytes: &[u8], hash: Kind) -> Result<(), String> {
    const VERSION: std::ops::Range<usize> = 4..8;
    if bytes.get(VERSION) != Some(&[0, 0, 0, 4]) {
        return Ok(());
    }
    match paths_bytes(bytes, hash.len_in_bytes()) {
        Some(total) if total <= MAX_PATHS_BYTES => Ok(()),
        Some(_) => Err("its paths are too long".into()),
        None => Err("it ends too early".into()),
    }
}

/// How many bytes the paths of an index of version 4 take up, or a number too large once that is clear.
fn paths_bytes(bytes: &[u8], hash_length: usize) -> Option<usize> {
    let entries = u32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?);
    let (mut rest, mut length, mut total) = (&bytes[12..], 0usize, 0usize);
    for _ in 0..entries {
        let flags_at = 40 + hash_length;
        let is_extended = rest.get(flags_at)? & 0x40 != 0;
        rest = rest.get(flags_at + if is_extended { 4 } else { 2 }..)?;
        let (mut byte, mut dropped) = (*rest.first()?, 0usize);
        rest = &rest[1..];
        dropped += usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = *rest.first()?;
            rest = &rest[1..];
            dropped = dropped.checked_add(1)?.checked_mul(0x80)? | usize::from(byte & 0x7f);
        }
        let added = rest.iter().position(|b| *b == 0)?;
        rest = &rest[added + 1..];
        length = length.saturating_sub(dropped) + added;
        total += length;
        if length > MAX_PATH_BYTES || total > MAX_PATHS_BYTES {
            return Some(usize::MAX);
        }
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index of version 4 whose paths each keep all of the one before and add this.
    fn unfolding(entries: u32, added: &[u8]) -> Vec<u8> {
        let mut bytes = [&b"DIRC\0\0\0\x04"[..], &entries.to_be_bytes()].concat();
        for _ in 0..entries {
            bytes.extend([0; 62]);
            bytes.push(0);
            bytes.extend_from_slice(added);
            bytes.push(0);
        }
        bytes.extend([0; 20]);
        bytes
    }

    #[test]
    fn a_small_file_that_stands_for_much_is_refused() {
        let path = Path::new("index");
        let good = unfolding(300, b"a");
        assert_eq!(paths_bytes(&good, 20), Some(300 * 301 / 2));
        assert_eq!(decode(path, &good, Kind::Sha1).unwrap().path_backing().len(), 300 * 301 / 2);
        for bad in [unfolding(4097, b"a"), unfolding(1, &[b'a'; 4097])] {
            let error = decode(path, &bad, Kind::Sha1).unwrap_err();
            assert_eq!(error.to_string(), "the index index cannot be read: its paths are too long");
        }
    }
}
