//! Which mechanism enforces which limit, in which tier. A limit that none can enforce is refused.

use crate::cgroup::{Controller, Groups};
use crate::confine::last::Limit;
use crate::profile::{Profile, Tier};
use crate::sampler::Most;
use rustix::process::{Resource, getrlimit};
use std::path::Path;
use std::time::Duration;

/// The limits of a profile, by mechanism.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Enforced {
    /// By the kernel, for each process.
    pub(crate) each: Vec<Limit>,
    /// By control groups, for the tree.
    pub(crate) grouped: Vec<(Controller, u64)>,
    /// By looking every now and then, for the tree.
    pub(crate) sampled: Most,
}

/// Processes of the confinement itself, which count like others: the watcher, and the first process of the
/// namespaces.
fn own_processes(tier: Tier) -> u64 {
    if tier == Tier::Namespaces { 2 } else { 1 }
}

/// How this tier enforces the limits here; an error names the one that it cannot.
pub(crate) fn enforce(tier: Tier, profile: &Profile, groups: &Groups) -> Result<Enforced, String> {
    let limits = &profile.limits;
    let mut all = Enforced { each: vec![(libc::RLIMIT_CORE, 0)], ..Enforced::default() };
    let mut each = |which, resource, most: Option<u64>| {
        // What the caller itself may not exceed, what it starts may not, either.
        let most = most.map(|most| getrlimit(resource).maximum.map_or(most, |own| own.min(most)));
        all.each.extend(most.map(|most| (which, most)));
    };
    each(libc::RLIMIT_NOFILE, Resource::Nofile, limits.open_files);
    each(libc::RLIMIT_FSIZE, Resource::Fsize, limits.file_size);
    // Whole seconds, for each process: a backstop that needs nobody awake.
    let seconds = |time: Duration| time.as_secs() + 1;
    each(libc::RLIMIT_CPU, Resource::Cpu, limits.cpu.map(seconds));
    if tier == Tier::Container {
        // Memory and processes are counted by the engine's own groups.
        all.sampled.cpu = limits.cpu;
        return Ok(all);
    }
    let by_group = limits.memory.filter(|_| groups.can(Controller::Memory));
    let by_looking = limits.memory.filter(|_| !groups.can(Controller::Memory));
    each(libc::RLIMIT_DATA, Resource::Data, by_looking);
    all.grouped.extend(by_group.map(|most| (Controller::Memory, most)));
    all.sampled = Most { memory: by_looking, cpu: limits.cpu };
    if all.sampled != Most::default() && !can_look() {
        return Err("memory and processor time of a whole tree need a kernel that lists children".to_owned());
    }
    if let Some(most) = limits.processes {
        let with_own = most.saturating_add(own_processes(tier));
        if groups.can(Controller::Processes) {
            all.grouped.push((Controller::Processes, with_own));
        } else if tier == Tier::Namespaces && !rustix::process::geteuid().is_root() {
            // In a user namespace of its own the kernel counts its processes apart; the watcher is outside.
            all.each.push((libc::RLIMIT_NPROC, most.saturating_add(1)));
        } else {
            return Err(
                "processes can be counted only in a control group, and none may be added to here".to_owned()
            );
        }
    }
    if limits.temporary.is_some() && !profile.private_tmp {
        return Err("there is no private folder for temporary files to limit".to_owned());
    }
    Ok(all)
}

/// Whether the kernel says which children a process has.
fn can_look() -> bool {
    Path::new("/proc/thread-self/children").exists()
}
