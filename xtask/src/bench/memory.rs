//! How fast memories are found, and how well, on data that lies outside the repository.

use super::inside;
use super::memory_peers;
use super::row::{Better, Row, median};
use super::starts::{scratch, start_to_exit_ms};
use crate::chore::{self, Chore, root};
use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What the lines are that `lines` writes.
const MEMORIES: f64 = 100_000.0;
/// Enough runs that the middle one is steady.
const STARTS: usize = 100;

/// Tens of thousands of memories at once are asked about; here nobody is there to answer.
const FILLS_ALONE: &str = r#"
format = 1

[[rule]]
id = "fills-alone"
decision = "allow"
principals = ["agent:*"]
actions = ["memory.write"]
namespaces = ["project:bench"]
reason = "the benchmark fills a project of its own"
match = ["agent:unknown memory.write project:bench high"]
"#;

/// Measures the ranking on conversations and abstracts, beside its peers where `KEEP_BENCH_PEERS` is set: the
/// first time, their vectors take minutes.
pub(crate) fn eval(given: Option<&Path>) -> Result<Vec<Row>, Chore> {
    let data = data(given)?;
    let mut rows = inside("memory", "eval", &data)?;
    match std::env::var_os("KEEP_BENCH_PEERS") {
        Some(_) => memory_peers::beside(&mut rows, &data)?,
        None => eprintln!("without peers; KEEP_BENCH_PEERS=1 measures them, too"),
    }
    Ok(rows)
}

/// Measures how fast invented memories are taken in and found.
pub(crate) fn rows() -> Result<Vec<Row>, Chore> {
    let scratch = scratch()?;
    let mut rows = command_rows(scratch.path())?;
    rows.extend(inside("memory", "bench", scratch.path())?);
    Ok(rows)
}

/// How long `keep recall` takes from start to exit, and how many memories a second `keep remember` takes in with all
/// that belongs to it: checks, rows, index, record.
fn command_rows(scratch: &Path) -> Result<Vec<Row>, Chore> {
    chore::run(chore::cargo().args(["build", "--quiet", "--release", "-p", "keep"]))?;
    inside("memory", "lines", scratch)?;
    let home = scratch.join("home");
    // A project of its own: whoever starts the benchmarks, a program among them, may write there.
    let project = scratch.join("bench");
    fs::create_dir_all(project.join(".keep")).map_err(Chore::file(&project))?;
    let rules = home.join("config/rules");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&rules).map_err(Chore::file(&rules))?;
    fs::write(rules.join("bench.toml"), FILLS_ALONE).map_err(Chore::file(&rules))?;
    let keep = |words: &[&str]| {
        let mut command = Command::new(chore::built("release/keep"));
        command.args(words).env("KEEP_HOME", &home).current_dir(&project);
        command
    };
    let begun = Instant::now();
    for part in ["global", "project:bench"] {
        let path = scratch.join(part);
        let file = File::open(&path).map_err(Chore::file(&path))?;
        let mut fill = keep(&["remember", "--jsonl"]);
        fill.stdin(file).stdout(Stdio::null());
        let status = fill.status().map_err(|why| chore::start_error(&fill, why))?;
        chore::checked(&fill, status)?;
    }
    let taken_in = MEMORIES / begun.elapsed().as_secs_f64();
    let questions = chore::read(&scratch.join("questions"))?;
    let mut took = Vec::with_capacity(STARTS);
    for question in questions.lines().cycle().take(STARTS + 1) {
        took.push(start_to_exit_ms(&mut keep(&["recall", "--all", question]))?);
    }
    // The first finds nothing of the database in memory, which says more of the disk.
    took.remove(0);
    Ok(vec![
        Row::new("recall from the command line at 100k p50", median(&mut took), "ms", Better::Lower),
        Row::new("remember --jsonl from the command line, 100k", taken_in, "/s", Better::Higher),
    ])
}

/// Where the data are: as given, or beside the checkout.
fn data(given: Option<&Path>) -> Result<PathBuf, Chore> {
    let path = given.map_or_else(|| root().join("../shared/data/memory"), Path::to_owned);
    if path.join("locomo.json").is_file() {
        return path.canonicalize().map_err(Chore::file(&path));
    }
    Err(Chore::Missing {
        what: format!("the conversations to measure on ({})", path.display()),
        hint: "name a folder with `locomo.json` and `scifact/` with --data".to_owned(),
    })
}
