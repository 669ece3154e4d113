//! Help, wrong words and exit codes.

use crate::bench::Bench;

/// The names of the subcommands that a help text lists.
fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn every_command_says_what_it_does_with_an_example() {
    let bench = Bench::new();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(words) = open.pop() {
        let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
        args.push("--help");
        let help = bench.keep(&args).exits(0);
        assert!(help.out.contains("EXAMPLES:\n  keep "), "{words:?} has no example:\n{}", help.out);
        seen += 1;
        open.extend(listed(&help.out).into_iter().map(|next| [&words[..], &[next]].concat()));
    }
    assert!(seen > 35, "only {seen} commands were found");
    assert!(!bench.home().exists(), "asking for help makes no installation");
}

#[test]
fn wrong_words_are_usage_errors_with_a_suggestion() {
    let bench = Bench::new();
    for (args, wanted) in [
        (&["statsu"][..], "'status'"),
        (&["status", "--jsno"], "'--json'"),
        (&["audit", "verfy"], "'verify'"),
        (&["config", "get", "approvals.expire"], "approvals.expiry"),
        (&["approve", "nonsense"], "keep inbox"),
        (&["--set", "nonsense", "status"], "KEY=VALUE"),
        (&["token", "revoke", "tok_1"], "26"),
    ] {
        let ran = bench.keep(args).exits(2);
        assert!(ran.err.contains(wanted), "{args:?} should name {wanted}: {}", ran.err);
        assert_eq!(ran.out, "", "messages are no data");
    }
}

#[test]
fn a_script_that_names_no_command_made_a_mistake() {
    let ran = Bench::new().keep(&[]).exits(2);
    assert!(ran.err.contains("keep --help"), "{}", ran.err);
}

#[test]
fn errors_are_one_line_of_json_when_asked() {
    let bench = Bench::new();
    for (args, code, kind) in [
        (&["--json", "statsu"][..], 2, "usage"),
        (&["--json", "resume"], 3, "denied"),
        (&["--json", "audit", "prove", "99"], 4, "not-found"),
    ] {
        let ran = bench.keep(args).exits(code);
        let error = ran.error();
        assert_eq!(error["kind"], kind, "{args:?}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        assert!(error["message"].is_string() && error["causes"].is_array());
    }
}

#[test]
fn completions_and_manual_pages_are_made() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(bench.keep(&["completions", shell]).exits(0).out.contains("keep"), "{shell}");
    }
    assert!(bench.keep(&["man"]).exits(0).out.contains(".TH keep 1"));
    bench.keep(&["man", "--to", "pages"]).exits(0);
    for page in ["keep.1", "keep-audit.1", "keep-audit-verify.1"] {
        assert!(bench.path().join("pages").join(page).exists(), "{page}");
    }
    assert!(!bench.home().exists(), "papers need no installation");
}
