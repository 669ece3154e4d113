//! The processes of a run, as the system tells of them. Their words are not told: a value of a secret may be among
//! them. Every process of a run descends from the one that it began with.

use serde::Serialize;
use std::fs;
use std::time::Duration;

/// Processes that are told; a run with more is told to have more.
const MOST: usize = 200;
/// What `/proc` counts time in. The kernel shows a hundredth of a second everywhere.
const TICKS_PER_SECOND: u64 = 100;

/// The program that confines a run lies in memory, under this name.
const STAGE: &str = "/memfd:keep-stage";

/// A process, and those that it started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// What it calls itself.
    pub program: String,
    /// It belongs to Keep and confines the others.
    pub confines: bool,
    /// How long it has been running.
    pub age_ms: u64,
    /// Bytes of memory that it holds.
    pub resident_bytes: u64,
    /// Those that it started and that still run.
    pub children: Vec<Process>,
}

/// The processes of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Processes {
    /// The first of them, with the others below it.
    pub root: Process,
    /// How many there are; not all of many are told.
    pub count: usize,
}

/// A process as one word: its number, and when it began, which tells it from a later one of that number.
pub(super) fn named(pid: u32) -> Option<String> {
    Some(format!("{pid}:{}", Stat::of(pid)?.began))
}

/// The processes from the one of that word on; none when it is gone.
pub(super) fn below(word: &str) -> Option<Processes> {
    let (pid, began) = word.trim().split_once(':')?;
    let pid = pid.parse().ok()?;
    let stat = Stat::of(pid).filter(|stat| Some(stat.began) == began.parse().ok())?;
    let mut count = 1;
    let root = tell(pid, &stat, uptime()?, &mut count);
    Some(Processes { root, count })
}

fn tell(pid: u32, stat: &Stat, uptime: Duration, count: &mut usize) -> Process {
    let mut children = Vec::new();
    for child in started_by(pid) {
        let Some(stat) = Stat::of(child) else { continue };
        *count += 1;
        if *count <= MOST {
            children.push(tell(child, &stat, uptime, count));
        }
    }
    let began = Duration::from_millis(stat.began * 1_000 / TICKS_PER_SECOND);
    let age = uptime.saturating_sub(began);
    let exe = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    Process {
        pid,
        program: stat.name.clone(),
        confines: exe.to_string_lossy().starts_with(STAGE),
        age_ms: u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
        resident_bytes: resident(&fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default()),
        children,
    }
}

fn started_by(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let children = threads
        .flatten()
        .map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    let mut all: Vec<u32> = children
        .flat_map(|line| line.split_whitespace().filter_map(|one| one.parse().ok()).collect::<Vec<_>>())
        .collect();
    all.sort_unstable();
    all
}

/// What the system says of a process in a line.
struct Stat {
    name: String,
    /// Ticks since the machine started.
    began: u64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        Self::read(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    fn read(line: &str) -> Option<Self> {
        // The name in parentheses may hold anything, parentheses and spaces included.
        let (front, rest) = line.rsplit_once(')')?;
        let (_, name) = front.split_once('(')?;
        let began = rest.split_whitespace().nth(19)?.parse().ok()?;
        Some(Self { name: name.to_owned(), began })
    }
}

fn uptime() -> Option<Duration> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn resident(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_line_is_read_whatever_the_name() {
        let line = "7 (a ) b) S 1 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 4711 9";
        let stat = Stat::read(line).unwrap();
        assert_eq!((stat.name.as_str(), stat.began), ("a ) b", 4711));
        assert_eq!(resident("Name:\tx\nVmRSS:\t    8 kB\n"), 8 << 10);
    }

    #[test]
    fn what_a_process_started_stands_below_it() {
        let mut shell = Command::new("/bin/sh");
        // Behind a pipe that stays open, so that both are there as long as it is.
        let mut shell = shell.args(["-c", "cat; true"]).stdin(Stdio::piped()).spawn().unwrap();
        let word = named(shell.id()).unwrap();
        let found = loop {
            let found = below(&word).unwrap();
            if found.root.children.iter().any(|child| child.program == "cat") {
                break found;
            }
            std::thread::yield_now();
        };
        assert_eq!((found.root.pid, found.count), (shell.id(), 2));
        assert!(found.root.children[0].resident_bytes > 0 && !found.root.confines);
        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert!(below(&word).is_none(), "it is gone");
        assert!(below("1:0").is_none(), "another process of its number");
    }
}
