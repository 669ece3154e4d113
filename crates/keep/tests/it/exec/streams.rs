//! What goes in and what comes out.

use super::Work;
use crate::terminal::Terminal;
use std::io::Write;
use std::process::Stdio;

#[test]
fn the_status_of_the_command_is_that_of_the_run() {
    let work = Work::new();
    for (line, code) in [("true", 0), ("exit 42", 42), ("kill -TERM $$", 143), ("kill -KILL $$", 137)] {
        let said = work.sh(line);
        assert_eq!(said.code, code, "{line}: {said:?}");
        assert_eq!(said.err, "", "{line}");
    }
    assert_eq!(work.keep(&["exec", "--", "false"]).code, 1);
    let missing = work.keep(&["exec", "--", "no-such-program"]);
    assert_eq!(missing.code, 4, "{missing:?}");
    assert!(missing.err.contains("there is no program no-such-program"), "{missing:?}");
    for nothing in [&["exec"][..], &["exec", "--"], &["exec", "--", ""], &["sh", " "]] {
        assert_eq!(work.keep(nothing).code, 2, "{nothing:?}");
    }
}

#[test]
fn words_are_no_line() {
    let work = Work::new();
    let said = work.keep(&["exec", "--", "printf", "%s|", "a b", "$HOME", "*", ";", "ls", "--", "-x"]);
    assert_eq!((said.code, said.out.as_str()), (0, "a b|$HOME|*|;|ls|--|-x|"), "{said:?}");
}

#[test]
fn output_and_errors_stay_apart_and_whole() {
    let work = Work::new();
    let said = work.sh("echo out; echo err >&2");
    assert_eq!((said.out.as_str(), said.err.as_str()), ("out\n", "err\n"));
    let output = work.command(&["sh", r"printf 'a\377\000\033[31mb'"]).output().unwrap();
    assert_eq!(output.stdout, b"a\xff\0\x1b[31mb", "bytes are bytes");
    let output = work.command(&["sh", "head -c 10000000 /dev/zero"]).output().unwrap();
    assert_eq!(output.stdout.len(), 10_000_000);
    let runs = work.json(&["runs", "--json", "--limit", "1"]);
    assert_eq!(runs[0]["output"]["bytes"], 10_000_000);
    let id = runs[0]["id"].as_str().unwrap();
    let whole = work.json(&["runs", "show", id, "--json"]);
    let kept = whole["output"]["kept"].as_str().unwrap();
    assert!(kept.len() < 300_000, "{}", kept.len());
    assert!(kept.contains("bytes are not kept"), "what is left out is told");
}

#[test]
fn what_is_read_is_what_is_given() {
    let work = Work::new();
    let mut child = work.command(&["sh", "tr a-z A-Z"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"typed by nobody\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"TYPED BY NOBODY\n");
}

/// A reader that has seen enough ends the writer, as it does anywhere.
#[test]
fn nobody_writes_to_nobody() {
    let work = Work::new();
    let mut child = work.command(&["sh", "yes"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = [0; 2];
    std::io::Read::read_exact(&mut child.stdout.take().unwrap(), &mut first).unwrap();
    assert_eq!(&first, b"y\n");
    assert!(!child.wait().unwrap().success());
}

#[test]
fn a_terminal_is_a_terminal() {
    let work = Work::new();
    let line = "test -t 0 && test -t 1 && test -t 2 && stty size; read x; echo got $x";
    let mut terminal = Terminal::start(work.command(&["sh", line]));
    assert!(terminal.shows("40 120", &|| false));
    terminal.type_in("a word\r");
    let said = terminal.end(&|| false).unwrap();
    assert!(said.out.contains("got a word"), "{said:?}");
    assert_eq!(said.code, 0);
}

/// Where the run has no terminal of its own, what it says drives none.
#[test]
fn what_goes_to_a_terminal_by_a_pipe_is_calmed() {
    let work = Work::new();
    let inner = format!("{} sh \"printf '\\033]52;c;eA==\\007x'\" < /dev/null", crate::home::KEEP);
    let mut command = work.home.command("sh");
    command.args(["-c", &inner]).current_dir(work.work());
    let said = Terminal::start(command).end(&|| false).unwrap();
    assert!(said.out.contains("^[]52;c;eA==^Gx"), "{said:?}");
    assert!(!said.out.contains('\x1b'), "{said:?}");
}

#[test]
fn json_holds_the_whole_answer() {
    let work = Work::new();
    let ran = work.json(&["sh", "--json", "echo out; echo err >&2"]);
    assert_eq!(ran["code"], 0);
    assert_eq!(ran["output"]["kept"], "out\n");
    assert_eq!(ran["errors"]["kept"], "err\n");
    assert_eq!(ran["ended_by"], "itself");
}

#[test]
fn what_ran_is_listed_and_fits_sixty_columns() {
    let work = Work::new();
    work.sh("echo a word that makes the command long enough to be cut somewhere");
    work.sh("exit 3");
    let mut command = work.command(&["runs"]);
    let said = crate::home::Said::of(command.env("COLUMNS", "80").output().unwrap());
    assert_eq!(said.out.lines().count(), 3, "{said:?}");
    assert!(said.out.lines().nth(1).unwrap().contains("exit 3"), "{said:?}");
    let id = said.out.lines().nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let mut command = work.command(&["runs", "show", &id]);
    let said = crate::home::Said::of(command.env("COLUMNS", "60").output().unwrap());
    for line in said.out.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert!(said.out.contains("ended      3 at"), "{said:?}");
    assert_eq!(work.keep(&["runs", "show", "run_zzz"]).code, 4);
}
