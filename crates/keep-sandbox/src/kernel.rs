//! Numbers of the kernel's interface that no crate here has, and what they mean.

/// Rights of Landlock over files, by the version of Landlock that brought them.
pub(crate) mod landlock {
    pub(crate) const EXECUTE: u64 = 1;
    pub(crate) const WRITE_FILE: u64 = 1 << 1;
    pub(crate) const READ_FILE: u64 = 1 << 2;
    pub(crate) const READ_DIR: u64 = 1 << 3;
    /// Everything of version 1.
    const FIRST: u64 = (1 << 13) - 1;
    /// Version 2: renaming and linking from one folder to another.
    const REFER: u64 = 1 << 13;
    /// Version 3.
    pub(crate) const TRUNCATE: u64 = 1 << 14;
    /// Version 5: `ioctl` on devices.
    pub(crate) const IOCTL_DEV: u64 = 1 << 15;
    /// Version 6: no abstract socket, no signal beyond the domain.
    pub(crate) const SCOPE_ABSTRACT: u64 = 1;
    pub(crate) const SCOPE_SIGNAL: u64 = 2;
    /// Which version the scopes came with.
    pub(crate) const SCOPES_SINCE: u32 = 6;
    /// Asks for the version instead of a rule set.
    pub(crate) const ASK_VERSION: i64 = 1;
    /// A rule about what lies beneath a folder.
    pub(crate) const RULE_PATH_BENEATH: i64 = 1;

    /// All rights over files that a version knows.
    pub(crate) fn files(version: u32) -> u64 {
        let later = [(2, REFER), (3, TRUNCATE), (5, IOCTL_DEV)];
        later.iter().filter(|(since, _)| version >= *since).fold(FIRST, |all, (_, right)| all | right)
    }
    /// Rights to read and run.
    pub(crate) const READ: u64 = EXECUTE | READ_FILE | READ_DIR;
    /// Those rights that a rule about a file, not a folder, may name.
    pub(crate) const OF_A_FILE: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
}

/// Mounting by descriptor.
pub(crate) mod mount {
    pub(crate) const RDONLY: u64 = 1;
    pub(crate) const NOSUID: u64 = 2;
    pub(crate) const NODEV: u64 = 4;
    pub(crate) const NOEXEC: u64 = 8;
    /// `open_tree`: a copy.
    pub(crate) const CLONE: i64 = 1;
    pub(crate) const CLOEXEC: i64 = 0o2_000_000;
    pub(crate) const RECURSIVE: i64 = 0x8000;
    pub(crate) const EMPTY_PATH: i64 = 0x1000;
    /// `move_mount`: both ends are given as descriptors.
    pub(crate) const FROM_EMPTY: i64 = 0x4;
    pub(crate) const TO_EMPTY: i64 = 0x40;
    pub(crate) const DETACH: i64 = 2;
    pub(crate) const PRIVATE: u64 = 1 << 18;
}
