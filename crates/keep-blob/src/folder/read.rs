use super::{Folder, Missing, is_file};
use crate::backend::Want;
use crate::error::BlobError;
use crate::key::Key;
use crate::store::Tag;
use bytes::Bytes;
use rustix::fs::{Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Large enough that switching threads for each does not count.
const CHUNK_BYTES: usize = 1 << 20;

/// The largest named object that a tag is computed of.
const TAGGED_BYTES: u64 = 64 << 20;

/// An opened file, read chunk by chunk.
pub(crate) struct Chunks {
    file: File,
    path: PathBuf,
    size: u64,
    at: u64,
}

impl Chunks {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let read = fill(&self.file, &mut chunk, self.at);
        let read = read.map_err(|e| BlobError::file("reading", &self.path, e))?;
        self.at += read as u64;
        chunk.truncate(read);
        Ok((read > 0).then(|| chunk.into()))
    }
}

impl Folder {
    pub(crate) fn open_chunks(&self, key: &Key, what: &str) -> Result<Chunks, BlobError> {
        let (file, size) = self.open_file(key, what)?;
        Ok(Chunks { file, path: self.path_of_key(key), size, at: 0 })
    }

    pub(crate) fn read(&self, key: &Key, want: &Want, what: &str) -> Result<Bytes, BlobError> {
        let (file, size) = self.open_file(key, what)?;
        let (start, length) = match want {
            Want::All { limit } if size > *limit => {
                return Err(BlobError::TooLarge { what: what.to_owned(), size, limit: *limit });
            }
            Want::All { .. } => (0, size),
            Want::Range(range) => (range.start, size.min(range.end).saturating_sub(range.start)),
        };
        let too_large =
            || BlobError::TooLarge { what: what.to_owned(), size: length, limit: usize::MAX as u64 };
        let length = usize::try_from(length).map_err(|_| too_large())?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length).map_err(|_| too_large())?;
        bytes.resize(length, 0);
        let read = fill(&file, &mut bytes, start);
        let read = read.map_err(|e| BlobError::file("reading", &self.path_of_key(key), e))?;
        bytes.truncate(read);
        Ok(bytes.into())
    }

    /// The tag of what lies under a key now.
    pub(super) fn tag_at(&self, key: &Key) -> Result<Tag, BlobError> {
        let want = Want::All { limit: TAGGED_BYTES };
        self.read(key, &want, &key.leaf).map(|bytes| Tag::of(&bytes))
    }

    fn open_file(&self, key: &Key, what: &str) -> Result<(File, u64), BlobError> {
        let missing = || BlobError::NotFound(what.to_owned());
        let folder = self.at(&key.folders, Missing::Leave)?.ok_or_else(missing)?;
        // Without NONBLOCK opening a named pipe would wait for its writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&folder, key.leaf.as_str(), flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Err(missing()),
            Err(errno) => return Err(self.key_error("opening", key, errno)),
        };
        let stat = fstat(&file).map_err(|e| self.key_error("reading", key, e))?;
        if !is_file(&stat) {
            return Err(self.foreign(key));
        }
        Ok((file.into(), u64::try_from(stat.st_size).unwrap_or(0)))
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &File, buffer: &mut [u8], at: u64) -> std::io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read_at(&mut buffer[read..], at + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}
