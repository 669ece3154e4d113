//! Where this program is, for what goes on calling it.

use super::failure::Failure;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// This program's path as whoever writes it down for later should have it: the one that it was called by, links
/// unfollowed, where that still leads here. An upgrade switches such a link, and what was written down follows.
pub(crate) fn program() -> Result<PathBuf, Failure> {
    let exact = std::env::current_exe()
        .map_err(|e| Failure::file("finding this program at", Path::new("/proc/self/exe"), e))?;
    let called = std::env::args_os().next().unwrap_or_default();
    let folder = std::env::current_dir().ok();
    Ok(as_called(&called, std::env::var_os("PATH").as_deref(), folder.as_deref(), &exact))
}

fn as_called(called: &OsStr, path: Option<&OsStr>, folder: Option<&Path>, exact: &Path) -> PathBuf {
    let leads_here = |candidate: &PathBuf| {
        candidate.is_absolute() && candidate.canonicalize().is_ok_and(|found| found == exact)
    };
    let named = Path::new(called);
    let found = if named.components().count() > 1 {
        folder.map(|folder| folder.join(named.strip_prefix(".").unwrap_or(named))).filter(leads_here)
    } else {
        path.and_then(|path| std::env::split_paths(path).map(|place| place.join(named)).find(leads_here))
    };
    found.unwrap_or_else(|| exact.to_owned())
}

#[cfg(test)]
mod tests {
    use super::as_called;
    use std::ffi::OsStr;
    use std::path::{Path, PathBuf};

    #[test]
    fn a_link_on_the_path_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().canonicalize().unwrap().join(name);
        for name in ["bin", "store", "other"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        for file in ["store/keep-1", "other/keep"] {
            std::fs::write(at(file), "").unwrap();
        }
        std::os::unix::fs::symlink(at("store/keep-1"), at("bin/keep")).unwrap();
        let path = std::env::join_paths([Path::new("relative"), &at("other"), &at("bin")]).unwrap();
        let (exact, here) = (at("store/keep-1"), at("bin"));
        let check = |called: &OsStr, want: PathBuf| {
            assert_eq!(as_called(called, Some(&path), Some(&here), &exact), want, "{called:?}");
        };
        check(OsStr::new("keep"), at("bin/keep"));
        check(OsStr::new("./keep"), at("bin/keep"));
        check(at("bin/keep").as_os_str(), at("bin/keep"));
        // What leads to another program, or nowhere, was somebody's own word for it.
        check(at("other/keep").as_os_str(), exact.clone());
        check(OsStr::new("-keep"), exact.clone());
        check(OsStr::new(""), exact.clone());
    }
}
