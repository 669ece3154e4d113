//! Agents' settings as they lie in a project, which may be a stranger's, and in a home.

use crate::edge::Failure;
use keep_server::connect::Standing;
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, mkdirat, openat, renameat, unlinkat};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

/// Settings are a page or two.
const MOST_BYTES: u64 = 1 << 20;
const STEP: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// A pipe is opened without waiting for whoever writes to it.
const LOOK: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// A file as it is and as it will be; none is no file.
pub(super) struct Planned {
    pub(super) path: PathBuf,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) standing: Standing,
    /// The folder below which nothing may be reached through a link.
    base: PathBuf,
    /// Who may read it; a new one is its owner's.
    mode: u32,
}

/// What lies at a path.
pub(super) struct Found {
    path: PathBuf,
    base: PathBuf,
    text: Option<String>,
    mode: u32,
}

impl Found {
    /// Reads what lies at a path below a project or below a home. In a project no part of the path may be a link: a
    /// repository may hold one that leads anywhere. In a home a link is its owner's, as long as it stays there.
    pub(super) fn look(path: &Path, project: &Path, home: &Path) -> Result<Self, Failure> {
        let in_project = path.starts_with(project);
        let (base, path) = match in_project {
            true => (project.to_owned(), path.to_owned()),
            false => at_home(path, home)?,
        };
        let fault = |e: Errno| match e {
            Errno::LOOP | Errno::NOTDIR => Failure::usage(
                format!(
                    "{} is reached through a link, which whoever made the repository may have laid",
                    path.display()
                ),
                "put a folder or file of its own in the link's place",
            ),
            other => Failure::file("reading", &path, other.into()),
        };
        let file = match folder(&base, &path, false)
            .and_then(|folder| openat(&folder, name(&path), LOOK, Mode::empty()))
        {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(Self { path, base, text: None, mode: 0o600 }),
            Err(error) => return Err(fault(error)),
        };
        let seen = fstat(&file).map_err(fault)?;
        if FileType::from_raw_mode(seen.st_mode) != FileType::RegularFile {
            return Err(Failure::usage(
                format!("{} is no file", path.display()),
                "settings are a file of text",
            ));
        }
        let mut text = String::new();
        let read = File::from(file).take(MOST_BYTES + 1).read_to_string(&mut text);
        read.map_err(|e| Failure::file("reading", &path, e))?;
        if text.len() as u64 > MOST_BYTES {
            let why = format!("{} is larger than {MOST_BYTES} bytes", path.display());
            return Err(Failure::usage(why, "these are no settings that an agent reads"));
        }
        Ok(Self { path, base, text: Some(text), mode: seen.st_mode & 0o777 })
    }

    /// The text, empty where there is no file.
    pub(super) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    pub(super) fn becomes(self, after: Option<String>, standing: Standing) -> Planned {
        let Self { path, base, text, mode } = self;
        Planned { path, before: text, after, standing, base, mode }
    }
}

impl Planned {
    pub(super) fn changes(&self) -> bool {
        self.before != self.after
    }

    /// Replaces the file whole, so that an agent that reads it meanwhile finds the old or the new one.
    pub(super) fn carry_out(&self) -> Result<(), Failure> {
        if !self.changes() {
            return Ok(());
        }
        let done = match &self.after {
            None => folder(&self.base, &self.path, false)
                .and_then(|folder| unlinkat(folder, name(&self.path), rustix::fs::AtFlags::empty()))
                .map_err(std::io::Error::from),
            Some(text) => self.replace(text),
        };
        done.map_err(|e| Failure::file("writing", &self.path, e))
    }

    fn replace(&self, text: &str) -> std::io::Result<()> {
        let folder = folder(&self.base, &self.path, true)?;
        // The folder as it was opened, whatever lies at its path by now.
        let opened = format!("/proc/self/fd/{}", folder.as_raw_fd());
        let mut file =
            tempfile::Builder::new().permissions(Permissions::from_mode(self.mode)).tempfile_in(&opened)?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(Permissions::from_mode(self.mode))?;
        file.as_file().sync_all()?;
        let made = file.into_temp_path();
        let from = made.file_name().map(OsString::from).unwrap_or_default();
        renameat(&folder, &from, &folder, name(&self.path))?;
        // It has another name now.
        drop(made.keep());
        Ok(())
    }
}

/// Where a path of a home really lies, if that is below it.
fn at_home(path: &Path, home: &Path) -> Result<(PathBuf, PathBuf), Failure> {
    let real = home.canonicalize().map_err(|e| Failure::file("finding", home, e))?;
    let below = path.strip_prefix(home).unwrap_or(path);
    match path.canonicalize() {
        Ok(led) if led.starts_with(&real) => Ok((real, led)),
        Ok(led) => Err(Failure::usage(
            format!("{} leads to {}, which is not below {}", path.display(), led.display(), home.display()),
            "put a file of its own in the link's place",
        )),
        Err(_) => Ok((real.clone(), real.join(below))),
    }
}

fn name(path: &Path) -> &std::ffi::OsStr {
    path.file_name().unwrap_or_default()
}

/// The folder of a path, opened step by step from the base on, without links; made where it is wanted.
fn folder(base: &Path, path: &Path, make: bool) -> rustix::io::Result<OwnedFd> {
    let mut at = openat(CWD, base, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let below = path.strip_prefix(base).unwrap_or(path);
    for part in below.parent().into_iter().flat_map(Path::components) {
        let Component::Normal(part) = part else { continue };
        at = match openat(&at, part, STEP, Mode::empty()) {
            Err(Errno::NOENT) if make => {
                mkdirat(&at, part, Mode::RWXU)?;
                openat(&at, part, STEP, Mode::empty())?
            }
            other => other?,
        };
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_a_repository_laid_there_is_not_followed() {
        let scratch = tempfile::tempdir().unwrap();
        let (project, home) = (scratch.path().join("p"), scratch.path().join("h"));
        for folder in [&project, &home, &scratch.path().join("elsewhere")] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(scratch.path().join("victim"), "mine").unwrap();
        symlink("../victim", project.join(".mcp.json")).unwrap();
        symlink("../elsewhere", project.join(".claude")).unwrap();
        rustix::fs::mkfifoat(CWD, project.join("pipe"), Mode::RWXU).unwrap();
        symlink("/dev/zero", project.join("endless")).unwrap();
        symlink(scratch.path().join("victim"), home.join("out")).unwrap();
        fs::create_dir(home.join("dotfiles")).unwrap();
        fs::write(home.join("dotfiles/config.toml"), "x = 1").unwrap();
        symlink("dotfiles/config.toml", home.join("config.toml")).unwrap();
        let look = |path: PathBuf| Found::look(&path, &project, &home);
        for path in [".mcp.json", ".claude/settings.json", "pipe", "endless"] {
            assert!(look(project.join(path)).is_err(), "{path}");
        }
        assert!(look(home.join("out")).is_err());
        let own = look(home.join("config.toml")).unwrap();
        assert_eq!(own.text(), "x = 1");
        own.becomes(Some("x = 2".into()), Standing::Nothing).carry_out().unwrap();
        assert!(home.join("config.toml").is_symlink(), "the owner's link was cut off");
        assert_eq!(fs::read_to_string(home.join("dotfiles/config.toml")).unwrap(), "x = 2");
    }

    #[test]
    fn a_file_keeps_who_may_read_it() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a/b/settings.json");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let put = |text: &str| {
            let found = Found::look(&path, scratch.path(), scratch.path()).unwrap();
            found.becomes(Some(text.into()), Standing::Nothing).carry_out().unwrap();
        };
        put("{}");
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        put("{\"a\": 1}");
        assert_eq!((mode(), fs::read_to_string(&path).unwrap().as_str()), (0o644, "{\"a\": 1}"));
        let found = Found::look(&path, scratch.path(), scratch.path()).unwrap();
        found.becomes(None, Standing::Nothing).carry_out().unwrap();
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0, "nothing is left beside it");
    }
}
