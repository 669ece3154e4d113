//! `cargo xtask eval NAME`: how good the answers are, on data. None exists yet; memory brings the
//! first.

use crate::chore::Chore;

/// The evaluations there are.
const NAMES: &[&str] = &[];

/// Runs one evaluation.
pub(crate) fn run(name: &str) -> Result<(), Chore> {
    let names = if NAMES.is_empty() { "none yet".to_owned() } else { NAMES.join(", ") };
    Err(Chore::Usage(format!("no evaluation is called `{name}`; evaluations: {names}")))
}
