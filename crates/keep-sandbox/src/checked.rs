//! A profile as it stands on this machine: each path looked at, and what lies below which.

use crate::apart::{Apart, Kept};
use crate::egress::HostList;
use crate::layer::{Layer, OverlayMount};
use crate::paths::{self, Resolved};
use crate::profile::{Network, Profile, Reads};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A profile whose paths were looked at.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) profile: Profile,
    /// What may be read; nothing stands for everything.
    pub(crate) reads: Option<Vec<Resolved>>,
    pub(crate) writes: Vec<Resolved>,
    /// What exists and is to be hidden.
    pub(crate) hidden: Vec<Resolved>,
    /// What lies below what may be written and is hidden or protected, as the profile names it.
    pub(crate) guarded: Vec<PathBuf>,
    /// The hosts that may be reached through a proxy; none for any other network.
    pub(crate) hosts: HostList,
    /// The layer over one of the folders that may be written.
    pub(crate) over: Option<Over>,
    /// What is written and kept apart, as far as nothing else is granted or hidden there.
    pub(crate) apart: Vec<Arc<Kept>>,
    /// The place where it is kept, held for this run.
    pub(crate) place: Option<Arc<Apart>>,
}

/// A layer as a run needs it.
#[derive(Clone, Debug)]
pub(crate) struct Over {
    pub(crate) mount: OverlayMount,
    pub(crate) home: PathBuf,
}

impl Checked {
    pub(crate) fn new(
        profile: &Profile,
        layer: Option<&Layer>,
        place: Option<Arc<Apart>>,
    ) -> Result<Self, String> {
        let mut profile = profile.clone();
        // What waits in the layer, or lies apart, is not for the run to read or write past it.
        profile.hide.extend(layer.map(|layer| layer.home.clone()));
        profile.hide.extend(place.iter().map(|place| place.home().to_owned()));
        let hosts = match &profile.network {
            Network::Hosts(hosts) => {
                HostList::parse(hosts).map_err(|why| match std::error::Error::source(&why) {
                    Some(source) => format!("{why}: {source}"),
                    None => why.to_string(),
                })?
            }
            Network::None | Network::All => HostList::default(),
        };
        let reads = match &profile.read {
            Reads::Everything => None,
            // What is not there cannot be read, with or without leave.
            Reads::Only(paths) => {
                Some(paths.iter().filter_map(|path| found(path).transpose()).collect::<Result<Vec<_>, _>>()?)
            }
        };
        let reads = reads.filter(|reads| reads.iter().all(|read| read.path != Path::new("/")));
        let mut writes = Vec::new();
        for path in &profile.write {
            let resolved = found(path)?;
            writes
                .push(resolved.ok_or_else(|| format!("`{}`, to be written, is not there", path.display()))?);
        }
        if writes.iter().any(|write| write.path == Path::new("/")) {
            return Err("everything would be writable, which leaves nothing to confine".to_owned());
        }
        let mut hidden = Vec::new();
        for path in &profile.hide {
            hidden.extend(found(path)?);
        }
        let granted = reads.iter().flatten().chain(&writes);
        for (grant, cover) in granted.flat_map(|grant| hidden.iter().map(move |cover| (grant, cover))) {
            if grant.path.starts_with(&cover.path) {
                return Err(format!(
                    "`{}` is granted and lies in `{}`, which is hidden",
                    grant.path.display(),
                    cover.path.display()
                ));
            }
        }
        let apart = place.iter().flat_map(|place| &place.folders);
        let apart: Vec<Arc<Kept>> =
            apart.filter(|kept| is_free(&kept.folder.path, &writes, &hidden)).cloned().collect();
        let roots = roots(&writes, &apart);
        let mut guarded = Vec::new();
        for path in profile.hide.iter().chain(&profile.protect) {
            let all = paths::guard(path, &roots)?;
            if all.iter().any(|guard| roots.contains(&guard.path)) {
                return Err(format!("`{}` is both to be written and protected", path.display()));
            }
            guarded.extend((!all.is_empty()).then(|| path.clone()));
        }
        let over = layer.map(|layer| over(layer, &roots)).transpose()?;
        Ok(Self { profile, reads, writes, hidden, guarded, hosts, over, apart, place })
    }

    /// The folders below which a run writes.
    pub(crate) fn roots(&self) -> Vec<PathBuf> {
        roots(&self.writes, &self.apart)
    }

    /// Whether a path lies below what may be read.
    pub(crate) fn lets_read(&self, path: &Path) -> bool {
        self.reads.as_ref().is_none_or(|reads| reads.iter().any(|read| path.starts_with(&read.path)))
    }
}

/// Whether a folder lies neither above nor below what is written in earnest, nor below what is hidden.
fn is_free(folder: &Path, writes: &[Resolved], hidden: &[Resolved]) -> bool {
    let crosses = |write: &Resolved| folder.starts_with(&write.path) || write.path.starts_with(folder);
    !writes.iter().any(crosses) && !hidden.iter().any(|hidden| folder.starts_with(&hidden.path))
}

fn roots(writes: &[Resolved], apart: &[Arc<Kept>]) -> Vec<PathBuf> {
    let apart = apart.iter().map(|kept| &kept.folder);
    writes.iter().chain(apart).map(|write| write.path.clone()).collect()
}

/// How a layer is mounted, if its folder is one that may be written.
fn over(layer: &Layer, roots: &[PathBuf]) -> Result<Over, String> {
    let mount = layer.mount(layer.folder());
    if !roots.contains(&mount.lower) {
        return Err(format!("`{}` has a layer and is not to be written", mount.lower.display()));
    }
    let home = layer.home.canonicalize().map_err(|why| format!("`{}`: {why}", layer.home.display()))?;
    let mount = OverlayMount { upper: home.join("upper"), work: home.join("work"), ..mount };
    Ok(Over { mount, home })
}

/// A path of a profile, if it leads anywhere.
pub(crate) fn found(path: &Path) -> Result<Option<Resolved>, String> {
    match paths::resolve(path) {
        Ok(resolved) => Ok(Some(resolved)),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(format!("`{}`: {why}", path.display())),
    }
}
