//! What confinement adds to the start of a process, from a small process and from a large one, and what the
//! whole way adds: analysis, policy, the gate, both records.

use super::exec_peers::Peer;
use super::row::{Beside, Better, Row, median};
use super::starts::{scratch, start_to_exit_ms};
use super::{exec_peers, inside};
use crate::chore::{self, Chore};
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Enough runs that the middle one is steady.
const STARTS: usize = 200;
/// What is started; it does nothing.
const PROGRAM: &str = "/bin/true";

/// Measures everything; other programs' confinement only where `KEEP_BENCH_PEERS` is set, because installing
/// them takes minutes and most of a gigabyte.
pub(crate) fn rows() -> Result<Vec<Row>, Chore> {
    let scratch = scratch()?;
    let mut rows = inside("exec", "start", scratch.path())?;
    let peers = match env::var_os("KEEP_BENCH_PEERS") {
        Some(_) => exec_peers::ready(scratch.path())?,
        None => {
            eprintln!("without codex, sandbox-runtime and podman; KEEP_BENCH_PEERS=1 measures them, too");
            Vec::new()
        }
    };
    rows.push(command_row(scratch.path(), &peers)?);
    Ok(rows)
}

/// `keep exec` from start to exit, beside whatever else confines a command from the command line.
fn command_row(scratch: &Path, peers: &[Peer]) -> Result<Row, Chore> {
    chore::run(chore::cargo().args(["build", "--quiet", "--release", "-p", "keep"]))?;
    let (home, project) = (scratch.join("home"), scratch.join("project"));
    // A project, because a program that works in none may only look.
    fs::create_dir_all(project.join(".git/hooks")).map_err(Chore::file(&project))?;
    let keep = || {
        let mut command = Command::new(chore::built("release/keep"));
        command.args(["exec", "--", PROGRAM]).env("KEEP_HOME", &home).current_dir(&project);
        command
    };
    // The first start of an installation makes its database and finds out what this machine can do.
    chore::output(&mut keep())?;
    let (mut own, mut plain) = (Vec::with_capacity(STARTS), Vec::with_capacity(STARTS));
    let mut theirs = vec![Vec::new(); peers.len()];
    // In turns, so that a busy moment of the machine falls on all of them.
    for turn in 0..STARTS {
        own.push(start_to_exit_ms(&mut keep())?);
        plain.push(start_to_exit_ms(Command::new(PROGRAM).current_dir(&project))?);
        for (peer, times) in peers.iter().zip(&mut theirs) {
            // They take long enough that fewer will do.
            if turn % 10 == 0 {
                times.push(start_to_exit_ms(&mut peer.command(&project))?);
            }
        }
    }
    let plain = median(&mut plain);
    let name = "keep exec start to exit over plain exec p50";
    let mut row = Row::new(name, median(&mut own) - plain, "ms", Better::Lower);
    row = row.beside(Beside::new("without confinement", plain, "ms"));
    for (peer, times) in peers.iter().zip(&mut theirs) {
        row = row.beside(Beside::new(&format!("{} added", peer.name), median(times) - plain, "ms"));
    }
    Ok(row)
}
