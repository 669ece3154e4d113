//! Control groups: the one mechanism that counts memory and processes of a whole tree exactly.

use crate::error::SandboxError;
use rustix::fs::{Access, access};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What a control group can be asked to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Controller {
    Memory,
    Processes,
}

impl Controller {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Processes => "pids",
        }
    }
}

/// Through which file a process joins a group.
const DOOR: &str = "cgroup.procs";
/// The same in the old hierarchies, for a process of one thread, as the stage is: the kernel then need not stop
/// all processes from making others, and waiting for that takes 6 to 19 ms on a machine at rest.
const OLD_DOOR: &str = "tasks";

/// Where groups can be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Groups {
    /// Of the unified hierarchy: a folder whose children have all controllers that are listed.
    unified: Option<(PathBuf, Vec<String>)>,
    /// Of the old hierarchies: one folder for each controller.
    memory: Option<PathBuf>,
    processes: Option<PathBuf>,
}

/// One made group.
#[derive(Debug)]
pub(crate) struct Group {
    path: PathBuf,
}

impl Groups {
    /// Looks for folders of groups that this process may add to.
    pub(crate) fn find() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Self::read(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"))
    }

    fn read(own: &str, mounts: &str) -> Self {
        let mut found = Self::default();
        for line in own.lines() {
            let mut parts = line.splitn(3, ':');
            let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            let kind = if controllers.is_empty() { "cgroup2" } else { "cgroup" };
            let mounted = mounts.lines().find_map(|line| mounted(line, kind, controllers));
            let Some((root, point)) = mounted else { continue };
            let below = Path::new(path).strip_prefix(&root).unwrap_or(Path::new(""));
            let here = point.join(below);
            match controllers {
                "" => found.unified = unified(&here, &point),
                "memory" => found.memory = writable(here),
                "pids" => found.processes = writable(here),
                _ => {}
            }
        }
        found
    }

    /// Whether groups here can limit this.
    pub(crate) fn can(&self, what: Controller) -> bool {
        self.old(what).is_some() || self.in_unified(what).is_some()
    }

    fn old(&self, what: Controller) -> Option<&PathBuf> {
        match what {
            Controller::Memory => self.memory.as_ref(),
            Controller::Processes => self.processes.as_ref(),
        }
    }

    fn in_unified(&self, what: Controller) -> Option<&PathBuf> {
        let (path, controllers) = self.unified.as_ref()?;
        controllers.iter().any(|name| name == what.name()).then_some(path)
    }

    /// Makes groups with these limits, and opens the files through which a process joins them.
    pub(crate) fn make(&self, limits: &[(Controller, u64)]) -> Result<(Vec<Group>, Vec<File>), SandboxError> {
        let mut made: Vec<Group> = Vec::new();
        let mut doors = Vec::new();
        let mut both: Option<PathBuf> = None;
        for &(what, most) in limits {
            let (path, limit, door) = match (self.in_unified(what), self.old(what), what) {
                (Some(above), _, _) => {
                    let path = both.clone().unwrap_or_else(|| above.join(name()));
                    both = Some(path.clone());
                    let limit = if what == Controller::Memory { "memory.max" } else { "pids.max" };
                    (path, limit, DOOR)
                }
                (None, Some(above), Controller::Memory) => {
                    (above.join(name()), "memory.limit_in_bytes", OLD_DOOR)
                }
                (None, Some(above), Controller::Processes) => (above.join(name()), "pids.max", OLD_DOOR),
                (None, None, _) => continue,
            };
            let doing =
                |path: &Path| SandboxError::doing(format!("use the control group {}", path.display()));
            if !made.iter().any(|group| group.path == path) {
                fs::create_dir(&path).map_err(doing(&path))?;
                made.push(Group { path: path.clone() });
                let door = File::options().write(true).open(path.join(door)).map_err(doing(&path))?;
                doors.push(door);
            }
            fs::write(path.join(limit), most.to_string()).map_err(doing(&path))?;
            if what == Controller::Memory {
                no_swap(&path, most);
            }
        }
        Ok((made, doors))
    }
}

/// Swap would only make the limit larger. Kernels without its accounting have no such file, and then the
/// limit is on memory alone, which is what it says.
fn no_swap(path: &Path, most: u64) {
    let _ = fs::write(path.join("memory.swap.max"), "0");
    let _ = fs::write(path.join("memory.memsw.limit_in_bytes"), most.to_string());
}

/// A name that no other group has.
fn name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("keep-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Root and mount point of a line of mountinfo, if it is of this kind and these controllers.
fn mounted(line: &str, kind: &str, controllers: &str) -> Option<(PathBuf, PathBuf)> {
    let (mount, filesystem) = line.split_once(" - ")?;
    let mut filesystem = filesystem.split(' ');
    if filesystem.next()? != kind {
        return None;
    }
    let options = filesystem.nth(1).unwrap_or_default();
    let all = controllers.split(',').all(|name| options.split(',').any(|option| option == name));
    if kind == "cgroup" && !all {
        return None;
    }
    let mut parts = mount.split(' ').skip(3);
    Some((parts.next()?.into(), parts.next()?.into()))
}

fn writable(path: PathBuf) -> Option<PathBuf> {
    access(&path, Access::WRITE_OK).is_ok().then_some(path)
}

/// The nearest folder above that may be added to and hands its controllers on. A group that holds processes
/// hands on none, so this process's own is never the one.
fn unified(own: &Path, top: &Path) -> Option<(PathBuf, Vec<String>)> {
    for path in own.ancestors().take_while(|path| path.starts_with(top)) {
        let handed_on = fs::read_to_string(path.join("cgroup.subtree_control")).unwrap_or_default();
        let may_join = access(path.join("cgroup.procs"), Access::WRITE_OK).is_ok();
        if !handed_on.trim().is_empty() && may_join {
            let names = handed_on.split_whitespace().map(str::to_owned).collect();
            return writable(path.to_owned()).map(|path| (path, names));
        }
    }
    None
}

impl Group {
    /// How often the kernel killed for want of memory in this group.
    pub(crate) fn out_of_memory(&self) -> u64 {
        let count = |file: &str| {
            let text = fs::read_to_string(self.path.join(file)).ok()?;
            text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
        };
        count("memory.events").or_else(|| count("memory.oom_control")).unwrap_or(0)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A process that was reaped may still count for a moment; nothing but time is needed then.
        for _ in 0..50 {
            match fs::remove_dir(&self.path) {
                Err(why) if why.kind() == io::ErrorKind::ResourceBusy => {
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
                _ => return,
            }
        }
    }
}

/// Removes groups that crashed processes left: those that are empty and whose maker is gone.
pub(crate) fn sweep(groups: &Groups) {
    let folders =
        [groups.memory.as_ref(), groups.processes.as_ref(), groups.unified.as_ref().map(|(path, _)| path)];
    for folder in folders.into_iter().flatten() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let maker = name.to_str().and_then(|name| name.strip_prefix("keep-")?.split('-').next());
            let gone = maker.is_some_and(|maker| !Path::new("/proc").join(maker).exists());
            if gone {
                // One that is not empty is in use by a run that outlives its maker for a moment.
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_told_apart() {
        let line = "41 40 0:36 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory";
        let expected = Some(("/".into(), "/sys/fs/cgroup/memory".into()));
        assert_eq!(mounted(line, "cgroup", "memory"), expected);
        assert_eq!(mounted(line, "cgroup", "pids"), None);
        assert_eq!(mounted(line, "cgroup2", ""), None);
        let line = "30 25 0:26 /user /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate";
        assert_eq!(mounted(line, "cgroup2", ""), Some(("/user".into(), "/sys/fs/cgroup".into())));
    }
}
