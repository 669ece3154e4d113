//! Content-addressed bytes in a folder, in memory or on S3, and small named objects beside them.
//!
//! A blob's address is the hash of its bytes, and every read is checked against it: what comes out is
//! what went in, or it is an error. Nothing that is half written is ever visible under its address.
//!
//! S3 was verified with SeaweedFS. Not built in: Google Cloud Storage, Azure, HTTP proxies, and AWS keys
//! by web identity, single sign-on or a process; a [`CredentialSource`] is the way for those.
//!
//! **Must not know:** what the bytes mean; the environment, the home folder and the terminal.
//! Credentials, folders and limits are handed in.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod address;
mod backend;
mod error;
mod folder;
mod id;
mod key;
mod name;
mod objects;
mod options;
mod pages;
mod reader;
mod refusal;
mod s3;
mod store;
mod task;
mod upload;

pub use address::{BlobUrl, Endpoint};
pub use error::BlobError;
pub use id::{BlobId, BlobIdError, PartDigest};
pub use name::ObjectName;
pub use options::{BlobOptions, Limits};
pub use pages::{BlobEntry, BlobPages, NamedEntry, NamedPages};
pub use reader::BlobReader;
pub use s3::{AccessKeys, Addressing, AwsProfile, CredentialSource, Credentials, Patience, Roots, S3Options};
pub use store::{BlobStore, Named, Precondition, Put, Tag};
pub use upload::Upload;
