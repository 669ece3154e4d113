//! The vault: how fast secrets are found in text, and what a vault costs a start of the program.

use super::row::{Beside, Better, Row, median};
use super::starts::{scratch, start_to_exit_ms};
use crate::chore::{self, Chore, root};
use crate::tools;
use std::path::Path;
use std::process::Command;

/// Enough runs that the middle one is steady.
const STARTS: usize = 200;

/// Measures everything.
pub(crate) fn rows() -> Result<Vec<Row>, Chore> {
    let scratch = scratch()?;
    let mut rows = inner_rows(scratch.path())?;
    chore::run(Command::new(env!("CARGO")).args(["build", "--quiet", "--release", "-p", "keep"]))?;
    rows.extend(start_rows(scratch.path())?);
    Ok(rows)
}

/// The rows measured inside one process, by `benches/vault.rs`.
fn inner_rows(scratch: &Path) -> Result<Vec<Row>, Chore> {
    let file = scratch.join("rows.json");
    let mut command = Command::new(env!("CARGO"));
    command.args(["bench", "--quiet", "-p", "xtask", "--bench", "vault", "--"]).arg(scratch).arg(&file);
    chore::run(&mut command)?;
    serde_json::from_str(&chore::read(&file)?).map_err(|why| Chore::form(&file.display(), &why))
}

/// The program from start to exit, beside plain age, which only decrypts the same file. fnox, the other
/// peer one would want here, takes longer to build than all of Keep; it is not measured.
fn start_rows(scratch: &Path) -> Result<Vec<Row>, Chore> {
    tools::system("age", "age")?;
    let keep = |count: usize, words: &[&str]| {
        let mut command = Command::new(root().join("target/release/keep"));
        command.args(words).env("KEEP_HOME", scratch.join(format!("home-{count}"))).current_dir(scratch);
        command
    };
    let age = |count: usize| {
        let home = scratch.join(format!("home-{count}"));
        let mut command = Command::new("age");
        command
            .arg("--decrypt")
            .arg("--identity")
            .arg(home.join("config/identity"))
            .arg(home.join("data/vault.age"));
        command
    };
    let mut list = (Vec::new(), Vec::new());
    let mut large = (Vec::new(), Vec::new());
    let mut status = Vec::new();
    // In turns, so that a busy moment of the machine falls on all of them.
    for _ in 0..STARTS {
        list.0.push(start_to_exit_ms(&mut keep(100, &["secret", "list"]))?);
        list.1.push(start_to_exit_ms(&mut age(100))?);
        status.push(start_to_exit_ms(&mut keep(100, &["status"]))?);
    }
    for _ in 0..STARTS / 4 {
        large.0.push(start_to_exit_ms(&mut keep(1_000, &["secret", "list"]))?);
        large.1.push(start_to_exit_ms(&mut age(1_000))?);
    }
    let row = |name: &str, times: &mut Vec<f64>| Row::new(name, median(times), "ms", Better::Lower);
    let peer = |times: &mut Vec<f64>| Beside::new("age --decrypt of the same file", median(times), "ms");
    Ok(vec![
        row("secret list start to exit p50", &mut list.0).beside(peer(&mut list.1)),
        row("secret list of 1,000 start to exit p50", &mut large.0).beside(peer(&mut large.1)),
        row("status start to exit p50 with 100 secrets", &mut status),
    ])
}
