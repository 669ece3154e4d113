//! The scripts of the tiers.

pub(crate) mod alone;
pub(crate) mod contained;
pub(crate) mod inside;
pub(crate) mod last;
pub(crate) mod mounts;
pub(crate) mod open;
