use super::{Folder, Missing, is_file};
use crate::backend::Created;
use crate::error::BlobError;
use crate::key::{Key, TEMPORARY};
use crate::store::Tag;
use keep_types::Timestamp;
use rustix::fs::{
    AtFlags, Mode, OFlags, RenameFlags, fsync, linkat, openat, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Somebody who deletes and stores the same blob this often in between is not to be outwaited.
const PLACE_ATTEMPTS: usize = 64;

/// A file being written, in a folder of its own beside those that are read. Dropping it removes it.
pub(crate) struct Temporary {
    folder: Arc<Folder>,
    within: OwnedFd,
    key: Key,
    file: File,
    size: u64,
    published: bool,
}

impl Temporary {
    fn new(folder: &Arc<Folder>) -> Result<Self, BlobError> {
        let key = Key::temporary(random_name()?);
        let within =
            folder.at(&key.folders, Missing::Make)?.ok_or(BlobError::Stopped { doing: "writing" })?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&within, key.leaf.as_str(), flags, Mode::RUSR | Mode::WUSR)
            .map_err(|e| folder.key_error("creating", &key, e))?;
        Ok(Self { folder: Arc::clone(folder), within, key, file: file.into(), size: 0, published: false })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.size += bytes.len() as u64;
        self.file
            .write_all(bytes)
            .map_err(|e| BlobError::file("writing", &self.folder.path_of_key(&self.key), e))
    }

    fn sync(&self) -> Result<(), BlobError> {
        self.file.sync_all().map_err(|e| BlobError::file("syncing", &self.folder.path_of_key(&self.key), e))
    }

    /// Makes the file durable and gives it its name, unless that is taken. Of several processes doing
    /// this at once one succeeds.
    pub(crate) fn publish(&mut self, key: &Key) -> Result<Created, BlobError> {
        self.sync()?;
        let folder = Arc::clone(&self.folder);
        let target =
            folder.at(&key.folders, Missing::Make)?.ok_or(BlobError::Stopped { doing: "writing" })?;
        let created = self.place(&target, key)?;
        // Also when it was there already: whoever wrote it may not have come this far yet.
        fsync(&target).map_err(|e| folder.error("syncing the folder", &key.folders, e))?;
        Ok(created)
    }

    fn place(&mut self, target: &OwnedFd, key: &Key) -> Result<Created, BlobError> {
        let folder = Arc::clone(&self.folder);
        for _ in 0..PLACE_ATTEMPTS {
            match self.rename_unless_taken(target, key) {
                Ok(()) => return Ok(Created::New(None)),
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(folder.key_error("renaming to", key, errno)),
            }
            // What had the name may have been deleted since; then it is free again.
            if let Some(size) = folder.size_in(target, key)? {
                return Ok(Created::There { size });
            }
        }
        Err(folder.key_error("renaming to", key, Errno::EXIST))
    }

    /// As [`Temporary::publish`], and puts this in the place of a file that has another size: it was cut
    /// off behind the store's back.
    pub(crate) fn publish_whole(mut self, key: &Key) -> Result<Created, BlobError> {
        let size = self.size;
        match self.publish(key)? {
            Created::There { size: found } if found != size => self.replace(key).map(|()| Created::New(None)),
            created => Ok(created),
        }
    }

    fn rename_unless_taken(&mut self, target: &OwnedFd, key: &Key) -> Result<(), Errno> {
        let (from, to) = (self.key.leaf.as_str(), key.leaf.as_str());
        match renameat_with(&self.within, from, target, to, RenameFlags::NOREPLACE) {
            Ok(()) => {
                self.published = true;
                Ok(())
            }
            // Network and older file systems know no such rename; a second name is as atomic, and
            // the first one goes when this is dropped.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                linkat(&self.within, from, target, to, AtFlags::empty())
            }
            Err(errno) => Err(errno),
        }
    }

    /// Makes the file durable and puts it in the place of whatever has the name.
    fn replace(&mut self, key: &Key) -> Result<(), BlobError> {
        let folder = Arc::clone(&self.folder);
        let target =
            folder.at(&key.folders, Missing::Make)?.ok_or(BlobError::Stopped { doing: "writing" })?;
        renameat(&self.within, self.key.leaf.as_str(), &target, key.leaf.as_str())
            .map_err(|e| folder.key_error("renaming to", key, e))?;
        self.published = true;
        fsync(&target).map_err(|e| folder.error("syncing the folder", &key.folders, e))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.published {
            // A leftover is untidy, no more; the sweep takes it.
            let _ = unlinkat(&self.within, self.key.leaf.as_str(), AtFlags::empty());
        }
    }
}

impl Folder {
    pub(crate) fn begin(self: &Arc<Self>) -> Result<Temporary, BlobError> {
        Temporary::new(self)
    }

    pub(crate) fn create(self: &Arc<Self>, key: &Key, bytes: &[u8]) -> Result<Created, BlobError> {
        // Saves writing what is there already; who comes between is told apart by the rename.
        if let Some(there) = self.meta(key)? {
            let target = self.at(&key.folders, Missing::Leave)?;
            // The one who wrote it may not have synced the folder yet.
            if let Some(target) = target {
                fsync(&target).map_err(|e| self.error("syncing the folder", &key.folders, e))?;
            }
            return Ok(Created::There { size: there.size });
        }
        let mut file = Temporary::new(self)?;
        file.write(bytes)?;
        file.publish(key)
    }

    pub(crate) fn overwrite(self: &Arc<Self>, key: &Key, bytes: &[u8]) -> Result<(), BlobError> {
        let mut file = Temporary::new(self)?;
        file.write(bytes)?;
        file.sync()?;
        let _held = self.held_for(key)?;
        file.replace(key)
    }

    /// Replaces what has this tag; `false` when something else, or nothing, is there.
    pub(crate) fn replace(self: &Arc<Self>, key: &Key, bytes: &[u8], tag: &Tag) -> Result<bool, BlobError> {
        let mut file = Temporary::new(self)?;
        file.write(bytes)?;
        file.sync()?;
        let _held = self.held_for(key)?;
        match self.tag_at(key) {
            Ok(found) if found == *tag => file.replace(key).map(|()| true),
            Ok(_) | Err(BlobError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn size_in(&self, target: &OwnedFd, key: &Key) -> Result<Option<u64>, BlobError> {
        match statat(target, key.leaf.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if is_file(&stat) => Ok(Some(u64::try_from(stat.st_size).unwrap_or(0))),
            Ok(_) => Err(self.foreign(key)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.key_error("reading", key, errno)),
        }
    }

    /// Removes what was being written and was last touched before this moment.
    pub(crate) fn sweep(&self, before: Timestamp) -> Result<u64, BlobError> {
        let parts = [TEMPORARY.to_owned()];
        let Some(within) = self.at(&parts, Missing::Leave)? else { return Ok(0) };
        let mut swept = 0;
        for name in self.names_in(&within, &parts)? {
            let stat = match statat(&within, name.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(self.error("reading", &parts, errno)),
            };
            if is_file(&stat) && super::meta_of(&stat).modified < before {
                match unlinkat(&within, name.as_str(), AtFlags::empty()) {
                    Ok(()) => swept += 1,
                    Err(Errno::NOENT) => {}
                    Err(errno) => return Err(self.error("deleting from", &parts, errno)),
                }
            }
        }
        Ok(swept)
    }
}

/// A name that no other writer, in this process or another, has.
pub(crate) fn random_name() -> Result<String, BlobError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| BlobError::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
