//! Which process made an intent, or holds something else that was written down, and whether it still lives.

use std::fs;
use std::sync::OnceLock;

/// A process that no other one can be mistaken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The kernel's id of the boot, as 16 bytes.
    pub boot: Vec<u8>,
    pub pid: u32,
    pub started_ticks: u64,
}

impl Owner {
    /// This process.
    pub(crate) fn own() -> &'static Self {
        static OWN: OnceLock<Owner> = OnceLock::new();
        OWN.get_or_init(|| {
            let pid = std::process::id();
            Self { boot: boot_id(), pid, started_ticks: start_ticks(pid).unwrap_or(0) }
        })
    }

    /// Whether the process still runs. Without a boot id or `/proc` nobody can tell, and then it counts
    /// as living: an intent closed too early would be a lie.
    pub(crate) fn lives(&self) -> bool {
        let own = Self::own();
        if own.boot.is_empty() {
            return true;
        }
        if self.boot != own.boot {
            return false;
        }
        if start_ticks(own.pid).is_none() {
            return true;
        }
        start_ticks(self.pid).is_some_and(|ticks| ticks == self.started_ticks)
    }
}

/// This process as one word, for tables and files of others: boot, number, start.
#[must_use]
pub fn own() -> String {
    let own = Owner::own();
    format!("{}:{}:{}", crate::hex::encode(&own.boot), own.pid, own.started_ticks)
}

/// Whether the process that such a word names still runs. A word that is none counts as living, as does one
/// that nobody can tell about: to take what a living process holds would cost it its work.
#[must_use]
pub fn lives(word: &str) -> bool {
    let mut parts = word.split(':');
    let (Some(boot), Some(pid), Some(ticks)) = (parts.next(), parts.next(), parts.next()) else {
        return true;
    };
    let (Ok(pid), Ok(started_ticks)) = (pid.parse(), ticks.parse()) else { return true };
    Owner { boot: digits(boot), pid, started_ticks }.lives()
}

fn boot_id() -> Vec<u8> {
    digits(&fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default())
}

/// The kernel writes dashes between them.
fn digits(text: &str) -> Vec<u8> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    crate::hex::decode(&digits).unwrap_or_default()
}

/// When a process started, in clock ticks since boot; `None` when it is gone or only waits to be reaped.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, parentheses and spaces included.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_its_like_do_not() {
        let own = Owner::own().clone();
        assert!(own.lives());
        assert!(!Owner { started_ticks: own.started_ticks + 1, ..own.clone() }.lives());
        assert!(!Owner { boot: vec![1; 16], ..own.clone() }.lives());
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        let ticks = start_ticks(pid).unwrap_or(0);
        child.wait().unwrap();
        assert!(!Owner { pid, started_ticks: ticks, ..own }.lives());
    }

    #[test]
    fn a_process_is_known_by_its_word() {
        let word = own();
        assert!(lives(&word));
        let (start, ticks) = word.rsplit_once(':').unwrap();
        assert!(!lives(&format!("{start}:{}", ticks.parse::<u64>().unwrap() + 1)));
        assert!(!lives(&format!("another-boot:{}:{ticks}", std::process::id())));
        // As the kernel writes it, too.
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        assert!(lives(&format!("{}:{}:{ticks}", boot.trim(), std::process::id())));
        assert!(lives("what nobody can read"));
    }
}
