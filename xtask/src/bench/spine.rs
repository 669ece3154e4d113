//! The spine: how long `keep status` takes, and what the ledger can carry.

use super::row::{Beside, Better, Row, median};
use super::starts::{scratch, start_to_exit_ms};
use crate::chore::{self, Chore};
use crate::tools::on_path;
use std::path::Path;
use std::process::Command;

/// Enough runs that the middle one is steady.
const STARTS: usize = 200;

/// The row that a peer in another language stands beside.
const APPENDS: &str = "ledger durable appends, 8 producers x 64 outstanding";

/// Measures everything.
pub(crate) fn rows() -> Result<Vec<Row>, Chore> {
    let scratch = scratch()?;

    let mut rows = vec![status_row(scratch.path())?];
    rows.extend(ledger_rows(scratch.path())?);
    if let Some(peers) = python_peers(scratch.path())?
        && let Some(row) = rows.iter_mut().find(|row| row.name == APPENDS)
    {
        row.beside.extend(peers);
    }
    Ok(rows)
}

fn status_row(scratch: &Path) -> Result<Row, Chore> {
    chore::run(chore::cargo().args(["build", "--quiet", "--release", "-p", "keep"]))?;
    let home = scratch.join("home");
    let keep = || {
        let mut command = Command::new(chore::built("release/keep"));
        command.arg("status").env("KEEP_HOME", &home);
        command
    };
    chore::output(&mut keep())?;

    let mut peers = vec![("true", "true", None), ("git --version", "git", Some("--version"))];
    if on_path("sqlite3").is_some() {
        peers.push(("sqlite3 -version", "sqlite3", Some("-version")));
    }
    let mut own = Vec::with_capacity(STARTS);
    let mut theirs = vec![Vec::with_capacity(STARTS); peers.len()];
    // In turns, so that a busy moment of the machine falls on all of them.
    for _ in 0..STARTS {
        own.push(start_to_exit_ms(&mut keep())?);
        for ((_, program, argument), times) in peers.iter().zip(&mut theirs) {
            times.push(start_to_exit_ms(Command::new(program).args(*argument))?);
        }
    }
    let mut row = Row::new("status start to exit p50", median(&mut own), "ms", Better::Lower);
    for ((name, ..), times) in peers.iter().zip(&mut theirs) {
        row = row.beside(Beside::new(name, median(times), "ms"));
    }
    Ok(row)
}

/// The rows measured inside one process, by `benches/spine.rs`.
fn ledger_rows(scratch: &Path) -> Result<Vec<Row>, Chore> {
    let file = scratch.join("rows.json");
    let mut command = chore::cargo();
    command.args(["bench", "--quiet", "-p", "xtask", "--bench", "spine", "--"]).arg(scratch).arg(&file);
    chore::run(&mut command)?;
    serde_json::from_str(&chore::read(&file)?).map_err(|why| Chore::form(&file.display(), &why))
}

/// Plain inserts from Python, for those who would write the log themselves; none without Python.
fn python_peers(scratch: &Path) -> Result<Option<Vec<Beside>>, Chore> {
    let Some(python) = on_path("python3") else {
        return Ok(None);
    };
    let text = chore::output(Command::new(python).arg("bench/peers/spine.py").arg(scratch))?;
    serde_json::from_str(&text).map(Some).map_err(|why| Chore::form(&"bench/peers/spine.py", &why))
}
