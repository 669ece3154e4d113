//! Other programs that confine a command: each is prepared by a script in `bench/peers/exec/`, which prints the
//! words that start it. One that cannot be had here is named and left out.

use crate::chore::{self, Chore, root};
use crate::tools;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// From npm's registry; `node` because sandbox-runtime wants a newer one than systems have.
const PACKAGES: &[&str] = &["@openai/codex@0.169.0", "@anthropic-ai/sandbox-runtime@0.0.83", "node@26.10.0"];

/// A program and the package that has it.
type Need = (&'static str, &'static str);

/// A script's name, what stands in the table, and what it needs.
const PEERS: &[(&str, &str, &[Need])] = &[
    ("podman", "podman run", &[("podman", "podman"), ("runc", "runc"), ("jq", "jq")]),
    ("codex", "codex sandbox", &[("jq", "jq")]),
    (
        "srt",
        "sandbox-runtime",
        &[("bwrap", "bubblewrap"), ("socat", "socat"), ("rg", "ripgrep"), ("jq", "jq")],
    ),
];

/// A prepared peer.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    words: Vec<String>,
}

impl Peer {
    /// What starts a program that does nothing, confined.
    pub(crate) fn command(&self, folder: &Path) -> Command {
        let mut words = self.words.iter();
        let mut command = Command::new(words.next().map_or("", String::as_str));
        command.args(words).current_dir(folder);
        command
    }
}

/// All that can be had here.
pub(crate) fn ready(scratch: &Path) -> Result<Vec<Peer>, Chore> {
    let modules = modules();
    let mut found = Vec::new();
    for (script, name, needs) in PEERS {
        let folder = scratch.join(script);
        fs::create_dir(&folder).map_err(Chore::file(&folder))?;
        let words = match &modules {
            Ok(modules) => prepare(script, needs, &folder, modules),
            Err(why) => Err(Chore::form(&"npm's packages", why)),
        };
        match words {
            Ok(words) => found.push(Peer { name, words }),
            Err(why) => eprintln!("not measured: {name}: {why}"),
        }
    }
    Ok(found)
}

fn prepare(script: &str, needs: &[Need], folder: &Path, modules: &Path) -> Result<Vec<String>, Chore> {
    for (program, package) in needs {
        tools::system(program, package)?;
    }
    let file = root().join(format!("bench/peers/exec/{script}.sh"));
    let text = chore::output(Command::new(file).arg(folder).arg(modules))?;
    serde_json::from_str(&text).map_err(|why| Chore::form(&script, &why))
}

/// A folder with the packages, installed there once.
fn modules() -> Result<PathBuf, Chore> {
    let folder = root().join("target/tools/node-exec");
    let complete = folder.join("complete");
    let wanted = PACKAGES.join("\n");
    if fs::read_to_string(&complete).is_ok_and(|found| found == wanted) {
        return Ok(folder);
    }
    tools::system("npm", "npm")?;
    fs::create_dir_all(&folder).map_err(Chore::file(&folder))?;
    eprintln!("installing {} into target/tools/node-exec (once)", PACKAGES.join(", "));
    let mut install = Command::new("npm");
    install.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(&folder).args(PACKAGES);
    chore::run(&mut install)?;
    fs::write(&complete, wanted).map_err(Chore::file(&complete))?;
    Ok(folder)
}
