//! A folder, a layer over it, and programs that see both through a real overlay mount.

use keep_sandbox::layer::{Change, Changes, Committed, Judgement, Layer, LayerError, OverlayMount, RelPath};
use std::collections::BTreeMap;
use std::ffi::{CString, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything in a folder: kind and permissions, and content or target.
pub(crate) type Tree = BTreeMap<Vec<u8>, (char, u32, Vec<u8>)>;

pub(crate) struct Try {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) name: OsString,
}

impl Try {
    /// A folder that a script has filled.
    pub(crate) fn new(script: &str) -> Self {
        Self::named("lower", script)
    }

    pub(crate) fn named(name: &str, script: &str) -> Self {
        let new = Self { folder: tempfile::tempdir().unwrap(), name: name.into() };
        fs::create_dir(new.lower()).unwrap();
        fs::create_dir(new.folder.path().join("saw")).unwrap();
        new.outside(script);
        new
    }

    pub(crate) fn lower(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("try:a,b")
    }

    /// Somebody else changes the folder, past the layer.
    pub(crate) fn outside(&self, script: &str) {
        let status = Command::new("sh").args(["-ec", script]).current_dir(self.lower()).status().unwrap();
        assert!(status.success(), "{script}");
    }

    pub(crate) fn layer(&self) -> Layer {
        Layer::create(&self.home(), &self.lower()).unwrap()
    }

    /// Runs a script in the folder as it is seen through the layer, and says what it left there to see.
    pub(crate) fn run(&self, layer: &Layer, script: &str) -> Tree {
        self.start(layer, script, "saw/all");
        let saw = self.folder.path().join("saw/all");
        let tree = tree(&saw);
        fs::remove_dir_all(&saw).unwrap();
        tree
    }

    /// Runs a script and looks at nothing.
    pub(crate) fn run_unseen(&self, layer: &Layer, script: &str) {
        self.start(layer, script, "");
    }

    fn start(&self, layer: &Layer, script: &str, saw: &str) {
        let OverlayMount { at, .. } = layer.mount(&self.lower());
        let output = Command::new("unshare")
            .args(["-Urm"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "overlay::inside", "--ignored", "--nocapture"])
            .env("TRY_DATA", OsString::from_vec(layer.mount(&at).data().unwrap().into_bytes()))
            .env("TRY_AT", &at)
            .env("TRY_SCRIPT", script)
            .env(
                "TRY_SAW",
                if saw.is_empty() { OsString::new() } else { self.folder.path().join(saw).into() },
            )
            .output()
            .unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
    }
}

/// What runs in namespaces of its own: mounts, runs the script there, and copies what is to be seen.
#[test]
#[ignore = "the others start it, in namespaces of its own"]
fn inside() {
    let variable = |name: &str| std::env::var_os(name).unwrap();
    let at = variable("TRY_AT");
    let data = CString::new(variable("TRY_DATA").as_bytes()).unwrap();
    let flags = rustix::mount::MountFlags::from_bits_retain(u32::try_from(OverlayMount::FLAGS).unwrap());
    rustix::mount::mount(OverlayMount::SOURCE, &at, OverlayMount::KIND, flags, data.as_c_str()).unwrap();
    let script = variable("TRY_SCRIPT");
    let status = Command::new("sh").arg("-ec").arg(&script).current_dir(&at).status().unwrap();
    assert!(status.success(), "{}", script.display());
    let saw = variable("TRY_SAW");
    if !saw.is_empty() {
        let status = Command::new("cp").arg("-a").args([&at, &saw]).status().unwrap();
        assert!(status.success());
    }
}

pub(crate) fn tree(root: &Path) -> Tree {
    let mut all = Tree::new();
    let mut left = vec![root.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::symlink_metadata(&path).unwrap();
            let mode = about.permissions().mode() & 0o7777;
            let seen = if about.is_symlink() {
                ('l', 0, fs::read_link(&path).unwrap().into_os_string().into_vec())
            } else if about.is_dir() {
                left.push(path.clone());
                ('d', mode, Vec::new())
            } else if about.is_file() {
                ('f', mode, fs::read(&path).unwrap())
            } else {
                ('s', about.mode(), Vec::new())
            };
            all.insert(path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec(), seen);
        }
    }
    all
}

pub(crate) fn path(text: &str) -> RelPath {
    RelPath::new(text.as_bytes()).unwrap()
}

pub(crate) fn take(_: &Change) -> Judgement {
    Judgement::Take
}

pub(crate) fn commit(layer: &Layer, changes: &Changes) -> Result<Committed, LayerError> {
    layer.commit(changes, &mut take)
}

/// Changes in short: `created a`, `removed b/c`.
pub(crate) fn short(changes: &Changes) -> Vec<String> {
    let line = |change: &Change| format!("{:?} {}", change.what(), change.path).to_lowercase();
    changes.entries.iter().map(line).collect()
}
