//! Pythons of their own below target/tools, each with the packages that one chore needs.

use crate::chore::{self, Chore, root};
use crate::tools::on_path;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python and what is installed beside it. Versions are pinned, so that every machine measures the same.
pub(crate) struct Python {
    /// The folder's name.
    pub(crate) name: &'static str,
    /// What for, as the end of a hint to install Python.
    pub(crate) to: &'static str,
    /// Packages, with all that they name as their dependencies.
    pub(crate) packages: &'static [&'static str],
    /// Packages alone, because their dependencies are large and not needed here.
    pub(crate) alone: &'static [&'static str],
}

impl Python {
    /// The interpreter, with everything installed: now, if it is not there or other packages are.
    pub(crate) fn ready(&self) -> Result<PathBuf, Chore> {
        let folder = root().join("target/tools").join(self.name);
        let python = folder.join("bin/python3");
        // Written last, so that an installation that was broken off is not taken for a whole one.
        let complete = folder.join("complete");
        let wanted = [self.packages, self.alone].concat().join("\n");
        if fs::read_to_string(&complete).is_ok_and(|found| found == wanted) {
            return Ok(python);
        }
        let system = on_path("python3").ok_or_else(|| Chore::Missing {
            what: "the program `python3`".to_owned(),
            hint: format!("install it with its `venv` module to {}", self.to),
        })?;
        eprintln!("installing {} into target/tools/{} (once)", wanted.replace('\n', ", "), self.name);
        chore::run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&folder))?;
        for (packages, more) in [(self.packages, None), (self.alone, Some("--no-deps"))] {
            if !packages.is_empty() {
                let mut install = Command::new(&python);
                install.args(["-m", "pip", "install", "--quiet"]).args(more).args(packages);
                chore::run(&mut install)?;
            }
        }
        fs::write(&complete, wanted).map_err(Chore::file(&complete))?;
        Ok(python)
    }
}

/// A package as the file that it is published in, fetched into a folder of its own unless it lies there.
pub(crate) fn wheel(python: &Path, package: &str, folder: &Path) -> Result<PathBuf, Chore> {
    if let Some(found) = wheel_in(folder)? {
        return Ok(found);
    }
    let mut fetch = Command::new(python);
    fetch.args(["-m", "pip", "download", "--quiet", "--no-deps", "--dest"]).arg(folder).arg(package);
    chore::run(&mut fetch)?;
    wheel_in(folder)?.ok_or_else(|| Chore::form(&package, &"no wheel was fetched"))
}

fn wheel_in(folder: &Path) -> Result<Option<PathBuf>, Chore> {
    for entry in fs::read_dir(folder).map_err(Chore::file(folder))? {
        let path = entry.map_err(Chore::file(folder))?.path();
        if path.extension().is_some_and(|ending| ending == "whl") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
