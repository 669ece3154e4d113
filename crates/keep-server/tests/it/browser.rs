//! The dashboard in a real browser, on an installation that is in use: every page in light, dark and on a phone,
//! and what a person does there. Pictures of all of it lie in `target/screenshots/`.

use crate::place::Place;
use crate::seed::{Seeded, fill};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What drives the browser, and the browser; or why they cannot be had.
fn browser() -> Result<(PathBuf, PathBuf), String> {
    let modules = std::env::var_os("KEEP_TEST_BROWSER").map(PathBuf::from);
    let modules = modules.unwrap_or_else(|| target().join("tools/browser"));
    if !modules.join("node_modules/playwright-core").is_dir() {
        return Err("nothing that drives a browser is installed; `cargo xtask tool browser` does it".into());
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let on_path = |name: &str| std::env::split_paths(&folders).map(|f| f.join(name)).find(|p| p.is_file());
    on_path("node").ok_or("there is no `node`")?;
    let chromium = on_path("chromium").ok_or("there is no `chromium`")?;
    Ok((modules, chromium))
}

/// The folder that everything is built in: the test lies in `debug/deps` below it.
fn target() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(3).unwrap().to_owned()
}

fn pages(seeded: &Seeded) -> Vec<Value> {
    let page = |name: &str, path: &str| json!({ "name": name, "path": path });
    vec![
        page("home", "/"),
        page("approvals", "/approvals"),
        page("approval", &seeded.approval),
        page("activity", "/activity"),
        page("activity-filtered", "/activity?principal=agent:claude&went=wrong"),
        page("record", &seeded.record),
        page("runs", "/runs"),
        page("runs-tree", "/runs?as=tree"),
        page("run", &seeded.run),
        page("run-failed", &seeded.failed_run),
        page("memories", "/memories"),
        page("memories-found", "/memories?q=which+database+did+we+choose"),
        page("memories-none", "/memories?q=zebra+crossing"),
        page("memories-quarantined", "/memories?quarantined=true"),
        page("memory", &seeded.memory),
        page("memory-quarantined", &seeded.quarantined),
        page("artifacts", "/artifacts"),
        page("artifact", "/artifacts/encoder?namespace=project:demo"),
        page("artifact-diff", "/artifacts/encoder/diff?namespace=project:demo&first=1&second=4"),
        page("secrets", "/secrets"),
        page("tokens", "/tokens"),
        page("settings", "/settings"),
        page("attest", "/attest"),
    ]
}

fn drive(place: &Place, seeded: &Seeded, screenshots: &Path) -> Result<(), String> {
    let (modules, chromium) = browser()?;
    let server = place.serve_in(&seeded.project);
    let asked = json!({
        "modules": modules, "chromium": chromium, "screenshots": screenshots,
        "dashboard": server.names.dashboard(), "code": server.code, "pages": pages(seeded),
        "search": { "words": "which database", "finds": "Postgres" },
        "approve": seeded.to_approve,
        "again": { "path": seeded.long_run, "says": "step 2" },
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/visit.mjs");
    let mut child = Command::new("node")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}\n{errors}");
    Ok(())
}

#[test]
fn the_dashboard_works_in_a_browser_and_shuts_nobody_out() {
    if let Err(why) = browser() {
        println!("SKIPPED: {why}");
        return;
    }
    let place = Place::new();
    let seeded = fill(&place);
    let screenshots = target().join("screenshots");
    std::fs::create_dir_all(&screenshots).unwrap();
    drive(&place, &seeded, &screenshots).unwrap();
}
