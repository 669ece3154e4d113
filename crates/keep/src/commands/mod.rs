//! One file per command: its words, and how its answer is shown.

pub(crate) mod approvals;
pub(crate) mod artifact;
pub(crate) mod attest;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod exec;
pub(crate) mod init;
pub(crate) mod memory;
pub(crate) mod pack;
pub(crate) mod papers;
pub(crate) mod policy;
pub(crate) mod project;
pub(crate) mod purge;
pub(crate) mod restore;
pub(crate) mod runs;
pub(crate) mod secret;
pub(crate) mod shell_check;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod token;
pub(crate) mod trust;
pub(crate) mod unpack;
pub(crate) mod version;
pub(crate) mod whoami;
