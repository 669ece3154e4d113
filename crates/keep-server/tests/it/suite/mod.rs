//! The protocol's official suite of conformance tests, against the doors and the transport that Keep's own side
//! of the protocol lies behind, in both revisions.

mod handler;
mod rounds;

use crate::place::Place;
use handler::Suite;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Adds the token to what the suite sends to this server: it knows no way to be told one.
const BEARER: &str = r#"
import { createRequire } from "node:module";
const authorization = "Bearer " + process.env.KEEP_TEST_TOKEN;
const ask = globalThis.fetch;
globalThis.fetch = (input, init = {}) => {
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set("authorization", authorization);
  return ask(input, { ...init, headers });
};
const undici = createRequire(process.argv[1])("undici");
const known = (dispatch) => (options, handler) =>
  dispatch({ ...options, headers: { ...options.headers, authorization } }, handler);
const own = new undici.Agent().compose(known);
const request = undici.request;
undici.request = (url, options = {}) => request(url, { dispatcher: own, ...options });
undici.setGlobalDispatcher(own);
"#;

/// Node and the packages that `cargo xtask test` installs; none where they cannot be had.
pub(crate) fn node_tools() -> Option<PathBuf> {
    let folder = std::env::var_os("KEEP_TEST_NODE").map(PathBuf::from);
    if folder.is_none() {
        println!(
            "SKIPPED: KEEP_TEST_NODE names no folder with node and the packages; `cargo xtask test` sets it"
        );
    }
    folder
}

fn check(revision: &str, least: usize) {
    let Some(tools) = node_tools() else { return };
    let place = Place::new();
    let token = place.token("agent:suite", "demo");
    let server = place.serve_as(|server| server.speaking(Suite));
    let bearer = place.folder.path().join("bearer.mjs");
    std::fs::write(&bearer, BEARER).unwrap();
    let out = place.folder.path().join("out");
    let modules = tools.join("node_modules");
    let said = Command::new(modules.join("node/bin/node"))
        .arg("--import")
        .arg(&bearer)
        .arg(modules.join("@modelcontextprotocol/conformance/dist/index.js"))
        .args([
            "server",
            "--url",
            &format!("http://{}/mcp", server.address),
            "--requirements",
            revision,
            "-o",
        ])
        .arg(&out)
        .env("KEEP_TEST_TOKEN", &token)
        .current_dir(place.folder.path())
        .output()
        .unwrap();
    let (passed, failed) = counted(&out);
    let text = String::from_utf8_lossy(&said.stdout);
    // It runs what it does not score, too: extensions that are not spoken here. Its status is its verdict.
    assert!(said.status.success(), "{failed:#?}\n{text}");
    assert!(passed >= least, "only {passed} checks passed\n{text}");
    println!("{revision}: {passed} checks passed");
}

/// How many checks passed, and which did not.
fn counted(out: &Path) -> (usize, Vec<String>) {
    let (mut passed, mut failed) = (0, Vec::new());
    let mut folders = vec![out.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() == "checks.json" {
                let checks: Value = serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap();
                for check in checks.as_array().into_iter().flatten() {
                    match check["status"].as_str() {
                        Some("SUCCESS") => passed += 1,
                        Some("FAILURE" | "WARNING") => {
                            failed.push(format!("{}: {}", check["id"], check["errorMessage"]));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    (passed, failed)
}

#[test]
fn the_revision_without_sessions_conforms() {
    check("2026-07-28", 130);
}

#[test]
fn the_revision_with_sessions_conforms() {
    check("2025-11-25", 60);
}
