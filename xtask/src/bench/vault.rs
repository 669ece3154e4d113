//! The vault: how fast secrets are found in text, and what a vault costs a start of the program.

use super::row::{Beside, Better, Row, median};
use super::starts::{scratch, start_to_exit_ms};
use crate::chore::{self, Chore};
use crate::python::Python;
use crate::tools;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Enough runs that the middle one is steady.
const STARTS: usize = 200;

/// The rows that a peer in another language stands beside, and how many secrets each opens.
const OPENS: [(usize, &str); 2] = [
    (100, "open, decrypt, verify and parse 100 secrets p50"),
    (1_000, "open, decrypt, verify and parse 1000 secrets p50"),
];
/// The age format for Python; the same code as `rage`, without a process for each file.
const PYTHON: Python =
    Python { name: "python-vault", to: "measure pyrage", packages: &["pyrage==1.4.0"], alone: &[] };

/// Measures everything.
pub(crate) fn rows() -> Result<Vec<Row>, Chore> {
    let scratch = scratch()?;
    let mut rows = inner_rows(scratch.path())?;
    if let Some(python) = python_with_pyrage() {
        for (count, name) in OPENS {
            let home = scratch.path().join(format!("home-{count}"));
            let peer = python_peer(&python, &home)?;
            let row = rows.iter_mut().find(|row| row.name == name);
            row.ok_or_else(|| Chore::form(&"the rows", &format!("none is called `{name}`")))?
                .beside
                .push(peer);
        }
    }
    chore::run(chore::cargo().args(["build", "--quiet", "--release", "-p", "keep"]))?;
    rows.extend(start_rows(scratch.path())?);
    Ok(rows)
}

/// The rows measured inside one process, by `benches/vault.rs`.
fn inner_rows(scratch: &Path) -> Result<Vec<Row>, Chore> {
    let file = scratch.join("rows.json");
    let mut command = chore::cargo();
    command.args(["bench", "--quiet", "-p", "xtask", "--bench", "vault", "--"]).arg(scratch).arg(&file);
    chore::run(&mut command)?;
    serde_json::from_str(&chore::read(&file)?).map_err(|why| Chore::form(&file.display(), &why))
}

/// A Python that has pyrage; none, said aloud, where it cannot be had.
fn python_with_pyrage() -> Option<PathBuf> {
    match PYTHON.ready() {
        Ok(python) => Some(python),
        Err(error) => {
            eprintln!("not measured: {}: {error}", PYTHON.packages.join(", "));
            None
        }
    }
}

fn python_peer(python: &Path, home: &Path) -> Result<Beside, Chore> {
    let text = chore::output(Command::new(python).arg("bench/peers/vault.py").arg(home))?;
    serde_json::from_str(&text).map_err(|why| Chore::form(&"bench/peers/vault.py", &why))
}

/// The program from start to exit, beside plain age and rage, which only decrypt the same file. fnox, the
/// other peer one would want here, is not measured: it brings the libraries of several clouds with it and
/// was not built within six minutes, longer than all of Keep takes.
fn start_rows(scratch: &Path) -> Result<Vec<Row>, Chore> {
    tools::system("age", "age")?;
    let peers = [("age", PathBuf::from("age")), ("rage", tools::plugin("rage")?)];
    let (mut small, mut large) = (Starts::new(scratch, 100, &peers), Starts::new(scratch, 1_000, &peers));
    let mut status = Vec::with_capacity(STARTS);
    // In turns, so that a busy moment of the machine falls on all of them.
    for turn in 0..STARTS {
        small.measure()?;
        status.push(start_to_exit_ms(&mut small.keep(&["status"]))?);
        if turn % 4 == 0 {
            large.measure()?;
        }
    }
    Ok(vec![
        small.row("secret list start to exit p50"),
        large.row("secret list of 1,000 start to exit p50"),
        Row::new("status start to exit p50 with 100 secrets", median(&mut status), "ms", Better::Lower),
    ])
}

/// Starts of the program and its peers with one vault.
struct Starts<'p> {
    home: PathBuf,
    peers: &'p [(&'static str, PathBuf)],
    own: Vec<f64>,
    theirs: Vec<Vec<f64>>,
}

impl<'p> Starts<'p> {
    fn new(scratch: &Path, secrets: usize, peers: &'p [(&'static str, PathBuf)]) -> Self {
        let home = scratch.join(format!("home-{secrets}"));
        Self { home, peers, own: Vec::new(), theirs: vec![Vec::new(); peers.len()] }
    }

    fn keep(&self, words: &[&str]) -> Command {
        let mut command = Command::new(chore::built("release/keep"));
        // Outside of any project, whose files would be read as well.
        command.args(words).env("KEEP_HOME", &self.home).current_dir(&self.home);
        command
    }

    fn measure(&mut self) -> Result<(), Chore> {
        self.own.push(start_to_exit_ms(&mut self.keep(&["secret", "list"]))?);
        for ((_, program), times) in self.peers.iter().zip(&mut self.theirs) {
            let mut command = Command::new(program);
            command.arg("--decrypt").arg("--identity").arg(self.home.join("config/identity"));
            times.push(start_to_exit_ms(command.arg(self.home.join("data/vault.age")))?);
        }
        Ok(())
    }

    fn row(mut self, name: &str) -> Row {
        let mut row = Row::new(name, median(&mut self.own), "ms", Better::Lower);
        for ((peer, _), times) in self.peers.iter().zip(&mut self.theirs) {
            let name = format!("{peer} --decrypt of the same file");
            row = row.beside(Beside::new(&name, median(times), "ms"));
        }
        row
    }
}
