//! Packing and unpacking through the program, at a person's terminal and as an agent.

mod broken;
mod cut_short;
mod trees;

use crate::home::{Home, Said};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Small even in a build that is not optimised.
const ELEMENTS: usize = 40_000;

/// A safetensors file: a tensor of bf16 values that look like weights, one without elements, one of bytes.
/// Each step changes a few values.
fn checkpoint(step: usize) -> Vec<u8> {
    let header = json!({
        "weight": { "dtype": "BF16", "shape": [ELEMENTS], "data_offsets": [0, ELEMENTS * 2] },
        "none": { "dtype": "F32", "shape": [0, 4], "data_offsets": [ELEMENTS * 2, ELEMENTS * 2] },
        "ids": { "dtype": "U8", "shape": [1000], "data_offsets": [ELEMENTS * 2, ELEMENTS * 2 + 1000] },
    });
    let header = header.to_string().into_bytes();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    let mut state = 1u64;
    for at in 0..ELEMENTS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let exponent = 118 + (state >> 60).trailing_ones() as u16;
        let value = exponent << 7 | (state >> 40) as u16 & 0x807f;
        let moved = u16::from(step > 0 && at % 97 == step % 97);
        bytes.extend((value ^ moved).to_le_bytes());
    }
    bytes.extend((0..1000).map(|at| (at % 7) as u8));
    bytes
}

struct Desk {
    home: Home,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { home: Home::new() };
        for step in 0..3 {
            desk.write(&format!("step{step}.safetensors"), &checkpoint(step));
        }
        desk
    }

    fn at(&self, path: &str) -> PathBuf {
        self.home.folder.path().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), bytes).unwrap();
    }

    /// Runs the program as the person at the terminal.
    fn run(&self, line: &str) -> Said {
        self.home.at_terminal(&line.split(' ').collect::<Vec<_>>(), "")
    }

    fn ok(&self, line: &str) -> String {
        let said = self.run(line);
        assert_eq!(said.code, 0, "{line}: {said:?}");
        said.out
    }

    /// Runs it, expects this exit code and this text, and that nothing was left behind.
    fn fails(&self, line: &str, code: i32, text: &str) {
        let before = names(self.home.folder.path());
        let said = self.run(line);
        assert_eq!(said.code, code, "{line}: {said:?}");
        assert!(said.out.contains(text) || said.err.contains(text), "{line}: {text:?} is not in {said:?}");
        assert_eq!(names(self.home.folder.path()), before, "{line} left something behind");
    }

    fn same(&self, a: &str, b: &str) {
        assert_eq!(fs::read(self.at(a)).unwrap(), fs::read(self.at(b)).unwrap(), "{a} and {b} differ");
    }
}

/// Every path below a folder, but for the program's own home.
fn names(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("home") {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            all.extend(names(&path));
        }
        all.push(path);
    }
    all.sort();
    all
}

#[test]
fn a_file_comes_back_bit_for_bit() {
    let desk = Desk::new();
    let out = desk.ok("pack step0.safetensors");
    assert!(out.contains("step0.safetensors.keep"), "{out}");
    let (raw, packed) = (checkpoint(0).len(), fs::read(desk.at("step0.safetensors.keep")).unwrap().len());
    assert!(packed * 4 < raw * 3, "{packed} of {raw}");
    desk.ok("unpack step0.safetensors.keep -o back");
    desk.same("back", "step0.safetensors");
    let listed = desk.ok("pack ls step0.safetensors.keep --tensors");
    assert!(listed.contains("weight") && listed.contains("bf16") && listed.contains("nobody"), "{listed}");
    assert!(desk.ok("pack verify step0.safetensors.keep --restore").contains("all of it restored"));
    desk.fails("unpack step0.safetensors.keep -o back", 7, "exists already");
    desk.fails("pack step0.safetensors", 7, "exists already");
    fs::write(desk.at("back"), "other").unwrap();
    desk.ok("unpack step0.safetensors.keep -o back --force");
    desk.same("back", "step0.safetensors");
    // Into a folder that is there, under its own name.
    fs::create_dir(desk.at("into")).unwrap();
    desk.ok("unpack step0.safetensors.keep -o into");
    desk.same("into/step0.safetensors", "step0.safetensors");
}

#[test]
fn one_tensor_is_read_alone() {
    let desk = Desk::new();
    desk.ok("pack step0.safetensors");
    desk.ok("pack cat step0.safetensors.keep ids -o ids");
    let all = checkpoint(0);
    assert_eq!(fs::read(desk.at("ids")).unwrap(), all[all.len() - 1000..]);
    desk.fails("pack cat step0.safetensors.keep ids -o ids", 7, "exists already");
    desk.fails("pack cat step0.safetensors.keep nope -o nope", 4, "holds no tensor");
    desk.fails("pack cat step0.safetensors.keep ids", 2, "not for reading on a terminal");
    // Looking is free to programs, and the bytes are all that goes out.
    let words = ["pack", "cat", "step0.safetensors.keep", "weight"];
    let output = desk.home.command(crate::home::KEEP).args(words).output().unwrap();
    let start = all.len() - 1000 - ELEMENTS * 2;
    assert!(output.stdout == all[start..start + ELEMENTS * 2], "{:?}", output.stderr);
}

#[test]
fn a_chain_of_steps_needs_its_bases() {
    let desk = Desk::new();
    desk.ok("pack step0.safetensors -o 0.keep");
    desk.ok("pack step1.safetensors --base 0.keep -o 1.keep");
    desk.ok("pack step2.safetensors --base 1.keep --base 0.keep -o 2.keep");
    let size = |name: &str| fs::metadata(desk.at(name)).unwrap().len();
    assert!(size("1.keep") * 10 < size("0.keep"), "{} {}", size("1.keep"), size("0.keep"));
    desk.ok("unpack 1.keep --base 0.keep -o one");
    desk.same("one", "step1.safetensors");
    for order in ["--base 1.keep --base 0.keep", "--base 0.keep --base 1.keep"] {
        desk.ok(&format!("unpack 2.keep {order} -o two --force"));
        desk.same("two", "step2.safetensors");
    }
    let root = desk.home.json(&["pack", "ls", "0.keep", "--json"])["root"].as_str().unwrap().to_owned();
    desk.fails("unpack 1.keep -o x", 4, &root);
    desk.fails("unpack 1.keep --base step0.safetensors -o x", 7, &root);
    desk.fails("unpack 2.keep --base 1.keep -o x", 4, &root);
    desk.ok("pack verify 1.keep");
    desk.fails("pack verify 1.keep --restore", 4, &root);
}

#[test]
fn a_plain_file_can_be_the_base() {
    let desk = Desk::new();
    desk.ok("pack step1.safetensors --base step0.safetensors -o 1.keep");
    desk.ok("unpack 1.keep --base step0.safetensors -o one");
    desk.same("one", "step1.safetensors");
    desk.fails("unpack 1.keep --base step2.safetensors -o x", 7, "needs the base");
    fs::create_dir(desk.at("run")).unwrap();
    desk.fails("pack run --base step0.safetensors", 2, "cannot be the base of a folder");
}

#[test]
fn who_signed_is_asked_for() {
    let desk = Desk::new();
    let signer = |path: &str| {
        desk.home.ok(&["status"]);
        let made = desk.run(&format!("pack key {path} --json"));
        assert_eq!(made.code, 0, "{made:?}");
        serde_json::from_str::<serde_json::Value>(&made.out).unwrap()["signer"].as_str().unwrap().to_owned()
    };
    let (own, other) = (signer("own.key"), signer("other.key"));
    desk.ok("pack step0.safetensors -o plain.keep");
    desk.ok("pack step0.safetensors -o signed.keep --sign own.key");
    desk.ok(&format!("unpack signed.keep -o a --require-signer {own}"));
    desk.fails(&format!("unpack signed.keep -o b --require-signer {other}"), 3, "is signed by ed25519:");
    desk.fails(&format!("unpack plain.keep -o b --require-signer {own}"), 3, "is signed by nobody");
    desk.fails(&format!("pack verify plain.keep --require-signer {own}"), 3, "is signed by nobody");
    desk.fails("unpack plain.keep -o b --require-signer nonsense", 2, "is no signer");
    let root = |pack: &str| desk.home.json(&["pack", "ls", pack, "--json"])["root"].clone();
    let before = root("plain.keep");
    desk.ok("pack sign plain.keep --key own.key");
    assert_eq!(root("plain.keep"), before);
    desk.ok(&format!("pack verify plain.keep --require-signer {own}"));
    desk.same("plain.keep", "signed.keep");
    desk.fails("pack key own.key", 7, "exists already");
    use std::os::unix::fs::PermissionsExt;
    let mode = |mode| fs::set_permissions(desk.at("own.key"), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    desk.fails("pack step1.safetensors --sign own.key", 2, "can be read or changed by others");
}

#[test]
fn acts_leave_records_and_agents_are_asked_outside_their_folder() {
    let desk = Desk::new();
    desk.ok("pack step0.safetensors -o a.keep");
    let log = desk.ok("audit log --action artifact.pack --json");
    assert!(log.contains("\"intent\"") && log.contains("\"outcome\""), "{log}");
    // Looking is free; what changes something outside every project is asked.
    assert_eq!(desk.home.keep(&["pack", "verify", "a.keep"]).code, 0);
    assert_eq!(desk.home.keep(&["unpack", "a.keep", "-o", "x"]).code, 8);
    assert!(!desk.at("x").exists());
}

#[test]
fn words_are_told_from_files() {
    let desk = Desk::new();
    desk.write("ls", &checkpoint(0));
    desk.ok("pack ./ls");
    desk.ok("pack ls ls.keep");
    desk.ok("pack --json ls ls.keep");
    desk.ok("pack -o again.keep -- ls");
    desk.fails("pack", 2, "FILE|DIR");
    desk.fails("pack -o x ls ls.keep", 2, "stand before a subcommand");
    desk.fails("pack nothing", 4, "nothing");
}
