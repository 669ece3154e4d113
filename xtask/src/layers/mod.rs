//! `cargo xtask check-layers`: the direction of dependencies, and permits before effects.

mod graph;
mod permits;
mod table;

use crate::chore::{Chore, report, root};

/// Runs both halves of the check.
pub(crate) fn check() -> Result<(), Chore> {
    let crates = graph::load()?;
    let mut findings = graph::check(&crates);
    findings.extend(permits::check_engines(root(), &crates)?);
    let fine = format!("{} crates, each on its layer", crates.len());
    report("check-layers", findings, &fine)
}
