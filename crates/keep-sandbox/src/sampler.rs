//! Watches what a tree of processes uses, where the kernel counts only for each process, and ends it.
//!
//! Every process of a run descends from its stage: the watcher adopts what is orphaned, and the first
//! process of a namespace does. So the tree is found by going down from there.

use crate::running::{EndedBy, Ender};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a tree may be over a limit before that is seen.
const EVERY: Duration = Duration::from_millis(20);
/// What `/proc` counts processor time in. The kernel shows a hundredth of a second everywhere.
const TICK: Duration = Duration::from_millis(10);

/// What to watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Most {
    pub(crate) memory: Option<u64>,
    pub(crate) cpu: Option<Duration>,
}

/// What a tree uses at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sample {
    memory: u64,
    cpu: Duration,
}

/// A running watch; dropping it ends it.
pub(crate) struct Sampler {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    /// Watches the tree below a process.
    pub(crate) fn start(root: u32, most: Most, ender: Ender) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let thread = thread::spawn(move || {
            while !seen.load(Ordering::Acquire) {
                let sample = sample(root);
                if most.memory.is_some_and(|most| sample.memory > most) {
                    return ender.end(EndedBy::Memory);
                }
                if most.cpu.is_some_and(|most| sample.cpu > most) {
                    return ender.end(EndedBy::Cpu);
                }
                thread::park_timeout(EVERY);
            }
        });
        Self { over, thread: Some(thread) }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It holds nothing and returns nothing; that it panicked would change nothing here.
            let _ = thread.join();
        }
    }
}

fn sample(root: u32) -> Sample {
    let mut sum = Sample::default();
    let mut left = vec![root];
    while let Some(process) = left.pop() {
        let read = |file: &str| fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
        sum.memory += memory(&read("status"));
        // Together with what its children used that it has waited for.
        sum.cpu += cpu(&read("stat"));
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { continue };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            left.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    sum
}

/// Memory that is the process's own or shared with others of its tree; files that the kernel can read anew
/// do not count.
fn memory(status: &str) -> u64 {
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    };
    let all = [kib("RssAnon:"), kib("RssShmem:"), kib("VmSwap:")];
    all.into_iter().flatten().sum::<u64>() * 1024
}

fn cpu(stat: &str) -> Duration {
    // The name in parentheses may hold anything; after it come plain words.
    let Some((_, rest)) = stat.rsplit_once(')') else {
        return Duration::ZERO;
    };
    let ticks = rest.split_whitespace().skip(11).take(4).filter_map(|word| word.parse::<u32>().ok()).sum();
    TICK * ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_whatever_the_name() {
        assert_eq!(memory("Name:\tx\nRssAnon:\t    8 kB\nRssFile:\t 900 kB\nRssShmem:\t 4 kB\n"), 12 * 1024);
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0";
        assert_eq!(cpu(stat), Duration::from_secs(1));
        assert!(sample(std::process::id()).memory > 0);
    }
}
