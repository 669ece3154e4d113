//! `cargo xtask test`: everything the tests need, then all of them, then one closing summary.

use crate::chore::{self, Chore, checked, root, start_error};
use crate::node;
use crate::tools;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where nextest leaves its report, as `xtask/nextest.toml` says.
const REPORT: &str = "target/nextest/default/junit.xml";

/// Installs what is missing and runs the documentation's examples and all tests.
pub(crate) fn run(nextest_args: &[&str]) -> Result<(), Chore> {
    tools::system("cc", "gcc")?;
    tools::system("strace", "strace")?;
    tools::system("git", "git")?;
    for program in ["podman", "runc"] {
        // Without an engine of containers its tests say that they are skipped; the others need none.
        if let Err(why) = tools::system(program, program) {
            eprintln!("no containers in the tests: {why}");
        }
    }
    let nextest = tools::plugin("cargo-nextest")?;
    let weed = tools::weed()?;
    // Without these the tests that others' programs speak to the server in say that they are skipped.
    let node = told("programs of npm", node::ready());
    let python = told("clients in Python", tools::clients());
    // Without one the tests of the dashboard in a browser say that they are skipped; the others need none.
    let browser = tools::browser().map_err(|why| eprintln!("no browser in the tests: {why}")).ok();

    // With arguments the caller wants certain tests, and these are not among them.
    let documentation = nextest_args.is_empty().then(|| {
        println!("== examples in the documentation");
        chore::run(chore::cargo().args(["test", "--quiet", "--workspace", "--doc"]))
    });

    println!("== tests");
    let mut command = chore::by_hand(Command::new(nextest));
    command
        .args(["nextest", "run", "--workspace", "--config-file", "xtask/nextest.toml", "--no-fail-fast"])
        .args(nextest_args)
        .env("KEEP_TEST_WEED", weed)
        .envs(node.map(|folder| ("KEEP_TEST_NODE", folder)))
        .envs(python.map(|program| ("KEEP_TEST_PYTHON", program)))
        .envs(browser.map(|folder| ("KEEP_TEST_BROWSER", folder)))
        .current_dir(root())
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|source| start_error(&command, source))?;
    let summary = child.stderr.take().map(|stream| echo_until_summary(BufReader::new(stream)));
    let status = child.wait().map_err(|source| start_error(&command, source))?;

    println!("== summary");
    match &documentation {
        None => println!("documentation: not run"),
        Some(Ok(())) => println!("documentation: passed"),
        Some(Err(_)) => println!("documentation: FAILED"),
    }
    for line in skipped(&fs::read_to_string(root().join(REPORT)).unwrap_or_default()) {
        println!("{line}");
    }
    match summary.flatten() {
        Some(line) => println!("{line}"),
        None => println!("nextest printed no summary"),
    }
    checked(&command, status)?;
    documentation.unwrap_or(Ok(()))
}

/// What was got ready; why not is said, and the tests that need it do without.
fn told(what: &str, ready: Result<PathBuf, Chore>) -> Option<PathBuf> {
    ready.inspect_err(|why| eprintln!("no {what} in the tests: {why}")).ok()
}

/// Passes nextest's lines on and returns its summary line, to be shown again at the very end.
fn echo_until_summary(lines: impl BufRead) -> Option<String> {
    let mut summary = None;
    for line in lines.lines().map_while(Result::ok) {
        eprintln!("{line}");
        if line.trim_start().starts_with("Summary [") {
            summary = Some(line);
        }
    }
    summary
}

/// The lines by which tests said that they did not run here: each starts with `SKIPPED`.
fn skipped(report: &str) -> Vec<String> {
    let mut test = "";
    let mut found = Vec::new();
    for line in report.lines() {
        if let Some((_, rest)) = line.split_once("<testcase name=\"") {
            test = rest.split('"').next().unwrap_or_default();
        }
        if let Some((_, why)) = line.split_once("SKIPPED") {
            let why = why.split('<').next().unwrap_or_default().trim_start_matches(':').trim();
            let line = format!("SKIPPED {test}: {why}");
            if !found.contains(&line) {
                found.push(line);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_the_last_line_kept() {
        let out = "    PASS [ 0.1s] a\n     Summary [   0.1s] 1 test run: 1 passed, 0 skipped\n";
        assert_eq!(echo_until_summary(out.as_bytes()).unwrap().trim(), out.lines().nth(1).unwrap().trim());
        assert_eq!(echo_until_summary(&b"error: could not compile\n"[..]), None);
    }

    #[test]
    fn skipped_tests_are_named() {
        let report = "<testcase name=\"full_disk\" time=\"1\">\n<system-out>SKIPPED: no tmpfs here\n</system-out>\n<testcase name=\"other\"/>";
        assert_eq!(skipped(report), ["SKIPPED full_disk: no tmpfs here"]);
    }
}
