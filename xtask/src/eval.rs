//! `cargo xtask eval NAME`: how good the answers are, on data.

mod exec;
mod place;
mod tree;
mod trial;

use crate::bench::{self, memory, shell};
use crate::chore::Chore;
use std::path::Path;

/// The evaluations there are.
const NAMES: &[&str] = &["exec", "memory", "shell"];

/// Runs one evaluation: `NAME [--data PATH] [--json FILE]`, and for `exec` `[--only TEXT] [--by keep|sandbox]`.
pub(crate) fn run(words: &[&str]) -> Result<(), Chore> {
    let usage = || {
        Chore::Usage(format!(
            "usage: eval NAME [--data PATH] [--json FILE], exec also [--only TEXT] [--by keep|sandbox]; evaluations: {}",
            NAMES.join(", ")
        ))
    };
    let (name, mut rest) = words.split_first().ok_or_else(usage)?;
    let (mut data, mut json, mut only) = (None, None, None);
    let mut by = exec::By::Keep;
    while let [flag, file, after @ ..] = rest {
        match *flag {
            "--data" => data = Some(Path::new(*file)),
            "--by" if *file == "sandbox" => by = exec::By::Sandbox,
            "--by" if *file == "keep" => by = exec::By::Keep,
            "--only" => only = Some(*file),
            "--json" => json = Some(Path::new(*file)),
            _ => return Err(usage()),
        }
        rest = after;
    }
    if !rest.is_empty() {
        return Err(usage());
    }
    let rows = match *name {
        "exec" => exec::rows(only, by)?,
        "memory" => memory::eval(data)?,
        "shell" => shell::eval(data)?,
        _ => {
            return Err(Chore::Usage(format!(
                "no evaluation is called `{name}`; evaluations: {}",
                NAMES.join(", ")
            )));
        }
    };
    bench::show(&rows, &format!("eval {name}"), json)
}
