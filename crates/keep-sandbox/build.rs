//! Compiles the stage, the program that a confined run starts as, so that it can be embedded.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=stage");
    println!("cargo::rerun-if-changed=src/script/format.rs");
    let set = |name: &str| env::var_os(name).unwrap_or_else(|| panic!("cargo sets {name}"));
    let out = PathBuf::from(set("OUT_DIR")).join("stage");
    let mut rustc = Command::new(set("RUSTC"));
    rustc.args(["--edition", "2024", "--crate-type", "bin", "--crate-name", "stage"]);
    rustc.args(["-C", "opt-level=s", "-C", "panic=abort", "-C", "strip=symbols", "-C", "codegen-units=1"]);
    // No library, no start files, a fixed address: nothing to relocate, nothing to load but itself.
    rustc.args(["-C", "relocation-model=static", "-C", "target-feature=+crt-static"]);
    for word in ["-nostartfiles", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none"] {
        rustc.arg("-C").arg(format!("link-arg={word}"));
    }
    rustc.arg("--target").arg(set("TARGET"));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut word = std::ffi::OsString::from("linker=");
        word.push(linker);
        rustc.arg("-C").arg(word);
    }
    rustc.arg("-o").arg(&out).arg("stage/main.rs");
    match rustc.status() {
        Ok(status) if status.success() => {}
        other => panic!("the stage did not compile ({other:?}): {rustc:?}"),
    }
}
