//! Why a tier cannot express all of a profile.

use crate::apart::Kept;
use crate::checked::Checked;
use crate::engine::{self, Root};
use crate::layer::OverlayMount;
use crate::paths::{self, Resolved, State};
use crate::profile::{LocalSockets, Network, Tier};
use crate::sandbox::{Inner, try_namespaces};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Why a tier cannot express all of a profile.
pub(crate) fn cannot(tier: Tier, checked: &Checked, sandbox: &Inner) -> Option<String> {
    match tier {
        Tier::Landlock | Tier::Container if checked.over.is_some() => {
            Some("it has no layers in which changes wait".to_owned())
        }
        Tier::Landlock | Tier::Container if checked.place.is_some() => {
            Some("it keeps no folders apart".to_owned())
        }
        Tier::Landlock => alone_cannot(checked),
        Tier::Namespaces => None,
        Tier::Container => contained_cannot(checked, sandbox),
    }
}

/// Why a container cannot express all of a profile. The engine is asked last, since asking takes a while.
fn contained_cannot(checked: &Checked, sandbox: &Inner) -> Option<String> {
    if let Root::Image(name) = sandbox.root() {
        if let Some(why) = engine::unpinned(name) {
            return Some(why);
        }
        if checked.reads.is_none() {
            return Some("an image has none of this machine's files; name what is to be read".to_owned());
        }
    }
    let roots: Vec<PathBuf> = checked.writes.iter().map(|write| write.path.clone()).collect();
    for path in &checked.guarded {
        match paths::guard(path, &roots) {
            Err(why) => return Some(why),
            Ok(all) => {
                if let Some(link) = all.iter().find(|one| one.state == State::Link) {
                    return Some(engine::links_cannot_be_held(&link.path));
                }
            }
        }
    }
    if let Err(why) = engine::user_of(&checked.writes) {
        return Some(why);
    }
    let engine = match sandbox.engine() {
        Ok(engine) => engine,
        Err(why) => return Some(why),
    };
    let limits = &checked.profile.limits;
    if limits.memory.is_some() && !engine.limits_memory {
        return Some("this engine cannot limit memory".to_owned());
    }
    if limits.processes.is_some() && !engine.limits_processes {
        return Some("this engine cannot limit how many processes there are".to_owned());
    }
    None
}

fn alone_cannot(checked: &Checked) -> Option<String> {
    let profile = &checked.profile;
    if let Some(write) = checked.writes.first() {
        return Some(format!(
            "it lets nothing be written (`{}`): Landlock guards neither modes nor owners of files, so the \
             calls that change these are refused everywhere, and programs that write need them",
            write.path.display()
        ));
    }
    if let Some(hidden) = checked.hidden.iter().find(|hidden| checked.lets_read(&hidden.path)) {
        return Some(format!("it cannot hide `{}` below what may be read", hidden.path.display()));
    }
    if profile.private_tmp {
        return Some("it has no private folder for temporary files".to_owned());
    }
    if matches!(&profile.network, Network::Hosts(hosts) if !hosts.is_empty()) {
        return Some("it cannot tell hosts apart".to_owned());
    }
    if profile.local_sockets == LocalSockets::Readable {
        return Some("it cannot tell local sockets apart".to_owned());
    }
    None
}

/// Why a layer cannot be mounted for a run here; nothing without one. Tried, because it is up to the kernel
/// and to the file system that the layer lies on.
pub(crate) fn layer_fails(sandbox: &Inner, checked: &Checked) -> Option<String> {
    let over = checked.over.as_ref()?;
    let tried = |version| try_namespaces(version, &[&over.mount], &checked.writes);
    sandbox.version().map_err(|why| why.to_string()).and_then(tried).err()
}

/// The same for what is kept apart. What works is remembered, for these folders on these file systems.
pub(crate) fn apart_fails(sandbox: &Inner, checked: &Checked) -> Option<String> {
    let there: Vec<&Kept> =
        checked.apart.iter().map(AsRef::as_ref).filter(|kept| kept.folder.path.is_dir()).collect();
    let print = print_of(&there)?;
    if sandbox.knows_apart(print) {
        return None;
    }
    let mounts: Vec<&OverlayMount> = there.iter().map(|kept| &kept.mount).collect();
    let folders: Vec<Resolved> = there.iter().map(|kept| kept.folder.clone()).collect();
    let renewed = there.iter().try_for_each(|kept| kept.renew()).map_err(|why| why.to_string());
    let version = || sandbox.version().map_err(|why| why.to_string());
    match renewed.and_then(|()| version()).and_then(|version| try_namespaces(version, &mounts, &folders)) {
        Ok(()) => {
            sandbox.remember_apart(print);
            None
        }
        Err(why) => Some(why),
    }
}

/// Which folders these are, and which file systems they and what lies above them are on; nothing for none.
fn print_of(folders: &[&Kept]) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    for kept in folders {
        let device = |path: &Path| path.metadata().map(|found| found.dev()).ok();
        (&kept.folder.path, device(&kept.folder.path), device(&kept.mount.upper)).hash(&mut hasher);
    }
    (!folders.is_empty()).then(|| hasher.finish())
}
