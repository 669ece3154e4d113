//! The few ways in which a script opens, makes and mounts things.

use crate::command::text;
use crate::error::SandboxError;
use crate::kernel::{landlock, mount};
use crate::script::{Arg, Place, Script, Slot};
use std::ffi::CString;
use std::path::Path;

const HERE: Arg = Arg::Is(libc::AT_FDCWD as i64);
const ATTRIBUTES: i64 = 32;

/// A script and the bytes that many of its calls share.
pub(crate) struct Writer {
    pub(crate) script: Script,
    empty: Place,
    how: Place,
    how_link: Place,
}

impl Writer {
    pub(crate) fn new(passed: usize) -> Self {
        let mut script = Script::new(passed);
        let empty = script.bytes(&[0]);
        // A path is opened as it was checked: a link that somebody put in its place since ends the run.
        let how = script.words(&[
            (libc::O_PATH | libc::O_CLOEXEC) as u64,
            0,
            libc::RESOLVE_NO_SYMLINKS | libc::RESOLVE_NO_MAGICLINKS,
        ]);
        let how_link = script.words(&[
            (libc::O_PATH | libc::O_NOFOLLOW | libc::O_CLOEXEC) as u64,
            0,
            libc::RESOLVE_NO_SYMLINKS | libc::RESOLVE_NO_MAGICLINKS,
        ]);
        Self { script, empty, how, how_link }
    }

    /// A path as bytes of the script.
    pub(crate) fn path(&mut self, path: &Path) -> Result<Place, SandboxError> {
        Ok(self.script.text(&text(path.as_os_str())?))
    }

    pub(crate) fn word(&mut self, word: &str) -> Place {
        // Only words without a zero are written here.
        self.script.bytes(&CString::new(word).map(CString::into_bytes_with_nul).unwrap_or_default())
    }

    /// Opens a path that passes through no link.
    pub(crate) fn open(&mut self, path: &Path) -> Result<Slot, SandboxError> {
        let path = self.path(path)?;
        Ok(self.script.call_for(libc::SYS_openat2, [HERE, path.into(), self.how.into(), 24.into()]))
    }

    /// Tries to open a path in a folder that is closed to this user; that it works ends the run.
    pub(crate) fn open_refused(&mut self, path: &Path) -> Result<(), SandboxError> {
        let path = self.path(path)?;
        let arguments = [HERE, path.into(), self.how.into(), 24.into()];
        self.script.refused(libc::SYS_openat2, arguments, libc::EACCES);
        Ok(())
    }

    /// Opens a link itself, to which no link leads.
    pub(crate) fn open_link(&mut self, path: &Path) -> Result<Slot, SandboxError> {
        let path = self.path(path)?;
        Ok(self.script.call_for(libc::SYS_openat2, [HERE, path.into(), self.how_link.into(), 24.into()]))
    }

    pub(crate) fn close(&mut self, slot: Slot) {
        self.script.call(libc::SYS_close, [slot.into()]);
        self.script.free(slot);
    }

    /// A copy of what is mounted at and below a path, mounted nowhere yet.
    pub(crate) fn copy(&mut self, path: &Path) -> Result<Slot, SandboxError> {
        let opened = self.open(path)?;
        let copy = self.copy_of(opened);
        self.close(opened);
        Ok(copy)
    }

    pub(crate) fn copy_of(&mut self, opened: Slot) -> Slot {
        let flags = mount::CLONE | mount::CLOEXEC | mount::RECURSIVE | mount::EMPTY_PATH;
        self.script.call_for(libc::SYS_open_tree, [opened.into(), self.empty.into(), flags.into()])
    }

    /// Sets attributes of a mount and all below it.
    pub(crate) fn attributes(&mut self, mounted: Slot, set: u64) {
        let attributes = self.script.words(&[set, 0, 0, 0]);
        let flags = mount::EMPTY_PATH | mount::RECURSIVE;
        self.script.call(
            libc::SYS_mount_setattr,
            [mounted.into(), self.empty.into(), flags.into(), attributes.into(), ATTRIBUTES.into()],
        );
    }

    /// The same by path.
    pub(crate) fn attributes_at(
        &mut self,
        path: &Path,
        set: u64,
        propagation: u64,
        flags: i64,
    ) -> Result<(), SandboxError> {
        let attributes = self.script.words(&[set, 0, propagation, 0]);
        let path = self.path(path)?;
        self.script.call(
            libc::SYS_mount_setattr,
            [HERE, path.into(), flags.into(), attributes.into(), ATTRIBUTES.into()],
        );
        Ok(())
    }

    /// Mounts a copy where a path leads, and closes it.
    pub(crate) fn place(&mut self, copy: Slot, path: &Path) -> Result<(), SandboxError> {
        let target = self.open(path)?;
        self.place_on(copy, target);
        self.close(target);
        Ok(())
    }

    pub(crate) fn place_on(&mut self, copy: Slot, target: Slot) {
        let (empty, flags) = (self.empty, mount::FROM_EMPTY | mount::TO_EMPTY);
        self.script.call(
            libc::SYS_move_mount,
            [copy.into(), empty.into(), target.into(), empty.into(), flags.into()],
        );
        self.close(copy);
    }

    /// Mounts a new filesystem.
    pub(crate) fn mount(
        &mut self,
        kind: &str,
        path: &Path,
        flags: u64,
        options: &str,
    ) -> Result<(), SandboxError> {
        let (kind, path, options) = (self.word(kind), self.path(path)?, self.word(options));
        // The flags of the old call are those of mounts by descriptor, as far as they are used here.
        let flags = Arg::Is(flags.cast_signed());
        self.script.call(libc::SYS_mount, [kind.into(), path.into(), kind.into(), flags, options.into()]);
        Ok(())
    }

    pub(crate) fn folder(&mut self, path: &Path, mode: u32) -> Result<(), SandboxError> {
        let path = self.path(path)?;
        self.script.call(libc::SYS_mkdirat, [HERE, path.into(), mode.into()]);
        Ok(())
    }

    pub(crate) fn file(&mut self, path: &Path, mode: u32) -> Result<(), SandboxError> {
        let path = self.path(path)?;
        let mode = libc::S_IFREG | mode;
        self.script.call(libc::SYS_mknodat, [HERE, path.into(), mode.into(), 0.into()]);
        Ok(())
    }

    pub(crate) fn link(&mut self, target: &Path, path: &Path) -> Result<(), SandboxError> {
        let (target, path) = (self.path(target)?, self.path(path)?);
        self.script.call(libc::SYS_symlinkat, [target.into(), HERE, path.into()]);
        Ok(())
    }

    /// Writes a short text into a file that exists.
    pub(crate) fn write(&mut self, path: &str, content: &str) {
        let path = self.word(path);
        self.write_at(path, content.as_bytes());
    }

    /// Writes bytes into a file in memory, which takes them all at once.
    pub(crate) fn fill(&mut self, path: &Path, content: &[u8]) -> Result<(), SandboxError> {
        let path = self.path(path)?;
        self.write_at(path, content);
        Ok(())
    }

    fn write_at(&mut self, path: Place, content: &[u8]) {
        let bytes = self.script.bytes(content);
        let flags = libc::O_WRONLY | libc::O_CLOEXEC;
        let file = self.script.call_for(libc::SYS_openat, [HERE, path.into(), flags.into(), 0.into()]);
        let length = Arg::Is(content.len() as i64);
        self.script.call(libc::SYS_write, [file.into(), bytes.into(), length]);
        self.close(file);
    }

    /// Puts this process and what it starts into a Landlock domain of its own.
    pub(crate) fn domain(
        &mut self,
        version: u32,
        files: u64,
        scopes: u64,
        rules: &[(&Path, u64)],
    ) -> Result<(), SandboxError> {
        let attributes = self.script.words(&[files, 0, scopes]);
        let length = if version >= landlock::SCOPES_SINCE { 24 } else { 8 };
        let set = self
            .script
            .call_for(libc::SYS_landlock_create_ruleset, [attributes.into(), length.into(), 0.into()]);
        for (path, rights) in rules {
            let opened = self.open(path)?;
            let rule = self.script.words(&[rights & files, 0]);
            self.script.store_four(Place(rule.0 + 8), opened);
            self.script.call(
                libc::SYS_landlock_add_rule,
                [set.into(), landlock::RULE_PATH_BENEATH.into(), rule.into(), 0.into()],
            );
            self.close(opened);
        }
        self.script.call(libc::SYS_landlock_restrict_self, [set.into(), 0.into()]);
        self.close(set);
        Ok(())
    }
}
