use super::{is_marker, user_name};
use crate::error::FileError;
use keep_types::{Name, ProcessId};
use std::fs;
use std::path::Path;

/// Longest chain of ancestors looked at; deeper nesting is nobody's terminal.
const MAX_ANCESTORS: usize = 64;
/// Most of an environment that is searched for markers; the kernel's own limit on one is 128 KiB a string.
const MAX_ENVIRONMENT: usize = 1 << 20;

/// One process as the kernel shows it.
#[derive(Clone, Debug)]
pub struct ProcessView {
    /// Which process.
    pub id: ProcessId,
    /// The names it may go by: its own title, its executable, and the script an interpreter runs.
    pub programs: Vec<String>,
    /// The agent markers in its environment.
    pub markers: Vec<String>,
}

/// What can be seen of the caller.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// This process first, then its parent, and so on.
    pub ancestry: Vec<ProcessView>,
    /// Whether this process is in the foreground of a controlling terminal.
    pub own_terminal: bool,
    /// The name of the user it runs as.
    pub user: Name,
}

impl Surroundings {
    /// Looks at this process and everything above it.
    ///
    /// # Errors
    /// When the process table cannot be read: nobody is then taken for a person.
    pub fn look() -> Result<Self, FileError> {
        let boot = read("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
        let mut ancestry = Vec::new();
        let mut next = std::process::id();
        while next != 0 && ancestry.len() < MAX_ANCESTORS {
            // An ancestor of another user, or one that ends meanwhile, shows less; the chain goes on
            // as far as the kernel tells it.
            let Ok((parent, view)) = view(&boot, next) else { break };
            ancestry.push(view);
            next = parent;
        }
        let passwd = read("/etc/passwd").unwrap_or_default();
        let user = user_name(&passwd, rustix::process::getuid().as_raw());
        Ok(Self { ancestry, own_terminal: own_terminal(), user })
    }
}

/// In the foreground of a controlling terminal: a background or detached child of an agent is not.
fn own_terminal() -> bool {
    let Ok(tty) = fs::File::open("/dev/tty") else { return false };
    match rustix::termios::tcgetpgrp(&tty) {
        Ok(foreground) => foreground == rustix::process::getpgrp(),
        Err(_) => false,
    }
}

fn view(boot: &str, pid: u32) -> Result<(u32, ProcessView), FileError> {
    let stat = read(&format!("/proc/{pid}/stat"))?;
    // The second field is the title in parentheses and may itself hold spaces and parentheses.
    let (head, tail) = stat.rsplit_once(')').unwrap_or(("", ""));
    let title = head.split_once('(').map_or("", |(_, title)| title);
    let mut fields = tail.split_ascii_whitespace();
    let parent = fields.nth(1).and_then(|field| field.parse().ok()).unwrap_or(0);
    let started_ticks = fields.nth(17).and_then(|field| field.parse().ok()).unwrap_or(0);
    let mut programs = vec![title.to_owned()];
    if let Ok(exe) = fs::read_link(format!("/proc/{pid}/exe")) {
        programs.extend(base_name(&exe));
    }
    // `node /usr/bin/claude`: the script is what a person would call the program.
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    programs.extend(
        arguments
            .split(|&b| b == 0)
            .take(2)
            .filter_map(|argument| base_name(Path::new(std::str::from_utf8(argument).ok()?))),
    );
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let markers = environment[..environment.len().min(MAX_ENVIRONMENT)]
        .split(|&b| b == 0)
        .filter_map(|entry| std::str::from_utf8(entry).ok()?.split_once('='))
        .map(|(variable, _)| variable.to_owned())
        .filter(|variable| is_marker(variable))
        .collect();
    let id = ProcessId { boot: boot.to_owned(), pid, started_ticks };
    Ok((parent, ProcessView { id, programs, markers }))
}

/// The last part of a path without a script's ending.
fn base_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let stem = [".js", ".mjs", ".cjs", ".py"].iter().find_map(|ending| name.strip_suffix(ending));
    Some(stem.unwrap_or(name).to_owned())
}

fn read(path: &str) -> Result<String, FileError> {
    let bytes = fs::read(path).map_err(|e| FileError::new("reading", Path::new(path), e))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_this_process_and_its_parent() {
        let seen = Surroundings::look().unwrap();
        assert_eq!(seen.ancestry[0].id.pid, std::process::id());
        assert_eq!(seen.ancestry[1].id.pid, std::os::unix::process::parent_id());
        assert!(seen.ancestry[0].id.started_ticks > 0);
    }
}
