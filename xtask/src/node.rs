//! Packages of npm below target/tools, with a Node of their own: what a system has is often too old for them.

use crate::chore::{self, Chore, root};
use crate::tools::on_path;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The protocol's suite of conformance tests and its inspector, and the Node that they need. Versions are pinned,
/// so that every machine is held to the same.
const PACKAGES: [&str; 3] = [
    "@modelcontextprotocol/conformance@0.2.0-alpha.12",
    "@modelcontextprotocol/inspector@2.12.0",
    "node@24.21.0",
];

/// The folder that `node_modules` lies in, with everything installed: now, if it is not.
pub(crate) fn ready() -> Result<PathBuf, Chore> {
    let folder = root().join("target/tools/mcp-node");
    // Written last, so that an installation that was broken off is not taken for a whole one.
    let complete = folder.join("complete");
    let wanted = PACKAGES.join("\n");
    if fs::read_to_string(&complete).is_ok_and(|found| found == wanted) {
        return Ok(folder);
    }
    let npm = on_path("npm").ok_or_else(|| Chore::Missing {
        what: "the program `npm`".to_owned(),
        hint: "install it for the tests that speak the Model Context Protocol with others' programs"
            .to_owned(),
    })?;
    fs::create_dir_all(&folder).map_err(Chore::file(&folder))?;
    eprintln!("installing {} into target/tools/mcp-node (once)", PACKAGES.join(", "));
    let mut install = Command::new(npm);
    install.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]).arg(&folder).args(PACKAGES);
    chore::run(&mut install)?;
    fs::write(&complete, wanted).map_err(Chore::file(&complete))?;
    Ok(folder)
}
