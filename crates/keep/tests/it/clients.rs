//! Others' programs speak to the server that is shipped: the protocol's inspector, its client in Python, and one
//! that tries the HTTP interface out.

use crate::home::{Home, KEEP};
use crate::server::Serving;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A client that remembers, recalls and runs something, over pipes and over HTTP.
const CLIENT: &str = include_str!("clients/client.py");

/// What may be answered to what the description allows: that it makes no sense as things are (422) is no fault of the
/// description's, and anything from 500 on is one of the server's.
const SETTINGS: &str = r#"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429"]
"#;

/// What `cargo xtask test` installs; none where it cannot be had.
fn tools(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        println!("SKIPPED: {variable} names nothing that is installed; `cargo xtask test` sets it");
    }
    found
}

/// A home whose folder is a project, and an agent's token for it, in a file.
fn project() -> (Home, String) {
    let mut home = Home::new();
    let root = home.folder.path().join("demo");
    std::fs::create_dir_all(root.join(".git")).unwrap();
    home.variables.push(("HOME", home.folder.path().join("person").display().to_string()));
    let words = [
        "token",
        "create",
        "agent:clients",
        "--scope",
        "*",
        "--namespace",
        "project:demo",
        "--label",
        "test",
    ];
    let said = home.converse(&words, &[("Go ahead?", "y\n")]);
    let token = said.out.split_whitespace().find(|word| word.starts_with("keep_"));
    let token = token.unwrap_or_else(|| panic!("{said:?}")).to_owned();
    std::fs::write(home.folder.path().join("token"), &token).unwrap();
    (home, token)
}

/// A command that may take its time, in the project.
fn outside(home: &Home, program: PathBuf) -> Command {
    let mut command = Command::new(program);
    command.current_dir(home.folder.path().join("demo")).env("KEEP_HOME", home.path()).stdin(Stdio::null());
    command
}

fn said(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_inspector_lists_and_calls_the_tools() {
    let Some(folder) = tools("KEEP_TEST_NODE") else { return };
    let (home, token) = project();
    let serving = Serving::start_in(&home, "demo");
    let token_file = format!("KEEP_TOKEN_FILE={}", home.folder.path().join("token").display());
    let keep_home = format!("KEEP_HOME={}", home.path().display());
    let url = format!("http://{}/mcp", serving.address);
    let bearer = format!("Authorization: Bearer {token}");
    let over_http = ["--cli", &url, "--transport", "http", "--header", &bearer];
    let over_pipes = ["--cli", KEEP, "mcp", "-e", &token_file, "-e", &keep_home];
    for (way, target) in [("http", &over_http[..]), ("pipes", &over_pipes[..])] {
        let inspect = |words: &[&str]| {
            let modules = folder.join("node_modules");
            let node = modules.join("node/bin/node");
            let mut command = outside(&home, node);
            command
                .arg(modules.join(".bin/mcp-inspector"))
                .args(target)
                .args(words)
                .args(["--format", "json"]);
            said(&mut command)
        };
        let (code, out, err) = inspect(&["--method", "tools/list"]);
        assert_eq!(code, 0, "{way}: {out}{err}");
        for tool in ["\"remember\"", "\"exec\"", "\"artifact_put\""] {
            assert!(out.contains(tool), "{way}: {tool}: {out}");
        }
        let (code, out, err) =
            inspect(&["--method", "tools/call", "--tool-name", "exec", "--tool-arg", "command=pwd"]);
        assert_eq!(code, 0, "{way}: {out}{err}");
        assert!(out.contains("/demo"), "{way}: {out}");
        let (code, out, _) =
            inspect(&["--method", "tools/call", "--tool-name", "memory_get", "--tool-arg", "id=none"]);
        assert_eq!(code, 5, "{way}: a tool's error is not told: {out}");
    }
}

#[test]
fn the_client_in_python_uses_the_tools() {
    let Some(python) = tools("KEEP_TEST_PYTHON") else { return };
    let (home, token) = project();
    let serving = Serving::start_in(&home, "demo");
    let url = format!("http://{}/mcp", serving.address);
    let token_file = home.folder.path().join("token");
    let mut command = outside(&home, python);
    command.args(["-c", CLIENT, KEEP]).arg(token_file).args([&url, &token]);
    let (code, out, err) = said(&mut command);
    assert_eq!(code, 0, "{out}{err}");
    let told: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), 3, "{out}");
}

#[test]
fn the_interface_is_what_it_says_it_is() {
    let Some(python) = tools("KEEP_TEST_PYTHON") else { return };
    let (home, token) = project();
    let serving = Serving::start_in(&home, "demo");
    let url = format!("http://{}", serving.address);
    let bearer = format!("Authorization: Bearer {token}");
    let settings = home.folder.path().join("schemathesis.toml");
    std::fs::write(&settings, SETTINGS).unwrap();
    let mut command = outside(&home, python.with_file_name("schemathesis"));
    command.arg("--config-file").arg(settings);
    command.args(["run", &format!("{url}/openapi.json"), "--url", &url, "-H", &bearer]);
    // One worker: with two, what it is made with loses count of itself under some versions of Python.
    command.args(["--checks", "all", "--max-examples", "8", "--seed", "1", "-w", "1", "--no-color"]);
    // What never ends is no answer to be checked.
    command.args(["--exclude-path", "/api/v1/events"]);
    let (code, out, err) = said(&mut command);
    assert_eq!(code, 0, "{out}{err}");
}
