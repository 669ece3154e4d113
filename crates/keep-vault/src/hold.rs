//! The process that holds an unlocked identity: it opens and signs for other processes of the same
//! user, and never hands the key out. The key lies in one allocation that is locked into memory.
//!
//! One request a connection, one JSON line each way. Only the owner can reach the socket (the folder is
//! 0700); the peer's user id is checked besides.

mod client;
mod server;

pub(crate) use client::{Holder, forget, holder, start};
pub use server::hold;

use serde::{Deserialize, Serialize};
use std::path::Path;

/// The socket's name in the state folder.
const SOCKET: &str = "vault.sock";
/// A request is the stanzas of one header: a line per recipient.
const MAX_REQUEST_BYTES: u64 = 256 << 10;
/// How long either side waits for the other: both are on this machine and have nothing else to do.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// What is asked of the holder.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Request {
    /// Who are you, and until when?
    About,
    /// Open the file key in one of these.
    Unwrap(Vec<StanzaText>),
    /// Sign this digest.
    Sign([u8; 32]),
    /// Forget the key and end.
    Forget,
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    About { recipient: String, verifier: [u8; 32], until_ms: i64 },
    FileKey([u8; 16]),
    NoMatch,
    Signature(Vec<u8>),
    Forgotten,
    Refused(String),
}

/// One stanza of an age header.
#[derive(Debug, Serialize, Deserialize)]
struct StanzaText {
    tag: String,
    args: Vec<String>,
    body: Vec<u8>,
}

/// The path by which the socket is reached. A socket's own path is limited to 108 bytes, so it is named
/// by way of the open folder, however long that folder's path is.
fn short_path(folder: &std::fs::File) -> std::path::PathBuf {
    use std::os::fd::AsRawFd;
    Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(SOCKET)
}
