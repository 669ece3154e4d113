use crate::s3::S3Options;
use std::time::Duration;

/// How a store behaves; the defaults suit one machine or one bucket.
#[derive(Clone, Debug, Default)]
pub struct BlobOptions {
    /// How much is taken at once.
    pub limits: Limits,
    /// What a bucket needs beside its address.
    pub s3: S3Options,
}

/// What a store takes and gives at most, and how long it waits. Sizes that a store declares are held
/// against these before any memory is set aside.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest blob that `get` and `put` hold in memory at once; larger ones are streamed.
    pub whole_bytes: u64,
    /// The largest part that `part` returns.
    pub part_bytes: u64,
    /// The largest named object.
    pub named_bytes: u64,
    /// The largest blob that may be streamed in. S3 copies at most 5 GiB at once, and an upload whose
    /// hash is not known before its end is put in its place by a copy.
    pub upload_bytes: u64,
    /// How many operations and parts of uploads run at once; the others wait their turn.
    pub parallel: usize,
    /// How many entries a page of a listing has at most.
    pub page: usize,
    /// How long the lock of a folder store is waited for.
    pub lock_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            whole_bytes: 1 << 30,
            part_bytes: 256 << 20,
            named_bytes: 4 << 20,
            upload_bytes: 5 << 30,
            parallel: 16,
            page: 1000,
            lock_wait: Duration::from_secs(10),
        }
    }
}
