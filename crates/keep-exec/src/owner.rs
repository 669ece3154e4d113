//! Which process follows a run, and whether it still lives.

use std::fs;

/// This process, told from every other one: boot, number, start.
pub(crate) fn own() -> String {
    let pid = std::process::id();
    format!("{}:{pid}:{}", boot(), started(pid).unwrap_or(0))
}

/// Whether a process that was written down still runs. Where nobody can tell it counts as living: a run that
/// is called lost and goes on would be a lie.
pub(crate) fn lives(owner: &str) -> bool {
    let mut parts = owner.split(':');
    let (Some(at), Some(pid), Some(ticks)) = (parts.next(), parts.next(), parts.next()) else { return true };
    let now = boot();
    if now.is_empty() || started(std::process::id()).is_none() {
        return true;
    }
    let (Ok(pid), Ok(ticks)) = (pid.parse::<u32>(), ticks.parse::<u64>()) else { return true };
    at == now && started(pid) == Some(ticks)
}

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// When a process started, in clock ticks since boot; none when it is gone or waits to be reaped.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_lives_and_its_like_do_not() {
        let own = super::own();
        assert!(super::lives(&own));
        let (start, ticks) = own.rsplit_once(':').unwrap();
        assert!(!super::lives(&format!("{start}:{}", ticks.parse::<u64>().unwrap() + 1)));
        assert!(!super::lives(&format!("another-boot:{}:{ticks}", std::process::id())));
    }
}
