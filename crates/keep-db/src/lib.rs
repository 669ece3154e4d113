//! The metadata database: one writer thread that groups commits, a pool of readers, migrations,
//! backup and restore. Nobody else opens a connection.
//!
//! **Must not know:** what the tables mean.

mod backup;
mod error;
mod files;
mod group;
mod lock;
mod migrate;
mod open;
mod pending;
mod probes;
mod reader;
mod writer;

pub use backup::{RestoreReport, Verify, integrity_of, restore};
pub use error::DbError;
pub use files::{create_private_folder, replace_file};
pub use group::GroupState;
pub use migrate::Schema;
pub use open::{Db, DbConfig};
pub use pending::Pending;
pub use probes::probes;
pub use reader::ReadTx;
pub use writer::WriteTx;
