//! The scripts of the tiers.

pub(crate) mod alone;
pub(crate) mod last;
pub(crate) mod open;
