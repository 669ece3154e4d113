//! What a person answers when Keep asks: at the terminal, and from another one by the inbox.

use crate::home::{Home, KEEP, Said};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};

const PUSH: &str = "git push origin main";

/// Runs the program below a process that is nobody else's, as an agent's shell would: who answers from
/// the test is then no descendant of the requester.
fn agent(home: &Home, words: &[&str]) -> Said {
    let shell = ["-c", "\"$0\" \"$@\"; exit $?", KEEP];
    Said::of(home.command("sh").args(shell).args(words).output().unwrap())
}

/// Has an agent ask for a command; answers with the id of the request that waits.
fn asked(home: &Home, command: &str) -> String {
    let said = agent(home, &["shell-check", "--ask", command]);
    assert_eq!(said.code, 8, "{said:?}");
    let found = said.err.split(['(', ')']).find(|text| text.starts_with("apr_"));
    found.unwrap_or_else(|| panic!("no request: {said:?}")).to_owned()
}

/// Every record of an action, oldest first.
fn records(home: &Home, action: &str) -> Vec<Value> {
    let log = home.at_terminal(&["audit", "log", "--action", action, "--json"], "").out;
    let mut entries: Vec<Value> = serde_json::from_str(&log).unwrap_or_else(|e| panic!("{e}: {log}"));
    entries.sort_by_key(|entry| entry["seq"].as_u64());
    entries
}

fn phases(home: &Home, action: &str) -> Vec<String> {
    let phase = |entry: &Value| entry["phase"].as_str().unwrap().to_owned();
    records(home, action).iter().map(phase).collect()
}

fn rule_file(home: &Home) -> PathBuf {
    home.path().join("config/rules/commands.toml")
}

fn text(said: &Said) -> String {
    said.out.replace('\r', "")
}

#[test]
fn a_request_shows_every_answer_it_can_have() {
    let home = Home::new();
    let whole = asked(&home, PUSH);
    // So much of it is enough to type.
    let id = whole[..20].to_owned();
    let shown = text(&home.at_terminal(&["inbox", &id], ""));
    for part in [
        "command  git push origin main",
        "argv = [[\"git\"], [\"push\"], [\"origin\"], [\"main\"]]",
        "exact = true",
        "match = [\"git push origin main\"]",
        "it lets everybody run",
        "`git push origin main` to the letter",
        &format!("keep approve {id}\n"),
        &format!("keep approve {id} --conversation\n"),
        &format!("keep approve {id} --rule\n"),
        &format!("keep deny {id} --suggest TEXT\n"),
        &format!("keep deny {id} --note WHY\n"),
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let narrow = home.command(KEEP).args(["inbox", &id]).env("COLUMNS", "60").output().unwrap();
    let narrow = Said::of(narrow);
    // It is the requester's own, so it is shown to it.
    for line in narrow.out.lines().skip(1) {
        assert!(line.chars().count() <= 60, "{line}");
    }
    assert!(narrow.out.contains(&format!("    keep approve {id} --rule\n")), "{}", narrow.out);
    let id = asked(&home, "\"$(cat x)\" here");
    let shown = text(&home.at_terminal(&["inbox", &id], ""));
    assert!(shown.contains("a rule") && shown.contains("not offered:"), "{shown}");
    assert!(!shown.contains("--rule"), "{shown}");
}

#[test]
fn what_the_agent_asks_is_used_once_and_runs_nothing() {
    let home = Home::new();
    let touch = "touch /nowhere-that-is-mine/x";
    let id = asked(&home, touch);
    assert_eq!(home.at_terminal(&["approve", &id], "y\n").code, 0);
    let said = agent(&home, &["shell-check", "--ask", touch]);
    assert_eq!((said.code, said.out.as_str()), (0, &*format!("approved: {touch} (nothing was run)\n")));
    assert_ne!(asked(&home, touch), id, "it was good once");
    assert_eq!(phases(&home, "exec.check"), ["done"]);
    assert_eq!(agent(&home, &["shell-check", "--ask", "ls"]).code, 0, "policy allows it, nobody is asked");
    assert_eq!(agent(&home, &["shell-check", "--ask", "rm -rf /"]).code, 3, "critical, and a program's");
    let long = "head -c 200000 /dev/zero | tr '\\0' x | \"$0\" shell-check --ask -";
    let said = Said::of(home.command("sh").args(["-c", long, KEEP]).output().unwrap());
    let parts: String = (0..90).map(|n| format!("prog{n} {}; ", "x".repeat(50))).collect();
    let many = home.at_terminal(&["shell-check", "--profile", "read-only", "--rule", &parts], "");
    assert!(text(&many).contains("longer than a rule file may be"), "{many:?}");
    assert!(said.code == 2 && said.err.contains("200000 bytes"), "{said:?}");
}

/// An agent that asks, waits for a file named `go`, and asks three times more.
fn insistent(home: &Home) -> Child {
    let line = "\"$0\" \"$@\"; echo \"first $?\"; until [ -e go ]; do sleep 0.05; done; \
                for n in 1 2 3; do \"$0\" \"$@\"; echo \"then $?\"; done";
    let mut shell = home.command("sh");
    shell.args(["-c", line, KEEP, "shell-check", "--ask", PUSH]);
    shell.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_conversation_may_go_on_and_another_may_not() {
    let home = Home::new();
    home.ok(&["status"]);
    let mut child = insistent(&home);
    let id = loop {
        let waiting = text(&home.at_terminal(&["inbox", "--json"], ""));
        let waiting: Value = serde_json::from_str(&waiting).unwrap();
        if let Some(id) = waiting[0]["id"].as_str() {
            break id.to_owned();
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended and asked for nothing");
    };
    let said = home.at_terminal(&["approve", &id, "--conversation"], "y\n");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("approve for this conversation: check, and not run: git push"), "{said:?}");
    assert!(said.out.contains("good in the conversation that asked"), "{said:?}");
    let shown = text(&home.at_terminal(&["inbox", &id], ""));
    assert!(shown.contains("state  approved"), "{shown}");
    fs::write(home.folder.path().join("go"), "").unwrap();
    let heard = Said::of(child.wait_with_output().unwrap());
    assert_eq!(heard.out.matches("then 0").count(), 3, "{heard:?}");
    assert_eq!(heard.out.matches("nothing was run").count(), 3, "{heard:?}");
    assert_ne!(asked(&home, PUSH), id, "another conversation");
    assert_eq!(phases(&home, "approval.answer"), ["done"]);
    assert_eq!(phases(&home, "exec.check"), ["done"; 3]);
    let named = records(&home, "exec.check");
    assert!(named.iter().all(|entry| entry["detail"]["approval"] == id.as_str()), "{named:?}");
}

#[test]
fn a_rule_is_shown_confirmed_saved_and_then_holds() {
    let home = Home::new();
    let id = asked(&home, PUSH);
    let file = rule_file(&home);
    assert_eq!(agent(&home, &["approve", &id, "--rule"]).code, 3, "the requester");
    assert_eq!(home.keep(&["approve", &id, "--rule"]).code, 3, "no terminal");
    assert_eq!(home.at_terminal(&["--no-input", "approve", &id, "--rule"], "y\n").code, 3);
    assert_eq!(home.at_terminal(&["approve", &id, "--rule"], "n\n").code, 3);
    assert!(!file.exists());
    // A person's own words in the file, and a rule of theirs under the name that this one would take.
    let mine = "# what I wrote\nformat = 1 # as ever\n\n[[command]]\nid = \"git-push\"\ndecision = \"ask\"\nargv = [[\"git\"], [\"push\"], [\"--mirror\"]] # mine\nreason = \"mine\"\nmatch = [\"git push --mirror x\"]\n";
    fs::create_dir(file.parent().unwrap()).unwrap();
    fs::set_permissions(file.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(&file, mine).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let id = asked(&home, PUSH);
    let said = home.at_terminal(&["approve", &id, "--rule"], "y\n");
    assert_eq!(said.code, 0, "{said:?}");
    let shown = text(&said);
    for part in ["policy.save_rule in global (risk critical)", "id = \"git-push-2\"", "act.command"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    // A path may be wrapped where the terminal ends.
    let joined: String = shown.lines().map(str::trim).collect();
    assert!(joined.contains(&file.display().to_string()), "{shown}");
    let saved = fs::read_to_string(&file).unwrap();
    assert!(saved.starts_with(mine) && saved.ends_with("match = [\"git push origin main\"]\n"), "{saved}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let check = agent(&home, &["shell-check", PUSH]);
    assert_eq!(check.code, 0, "{check:?}");
    assert!(check.out.contains("git-push-2"), "{check:?}");
    assert_eq!(agent(&home, &["shell-check", "git push somewhere else"]).code, 8, "these words alone");
    assert_eq!(agent(&home, &["shell-check", "--ask", PUSH]).code, 0, "unasked from now on");
    assert_eq!(home.keep(&["shell-check", "git push --mirror elsewhere"]).code, 8);
    let saving = phases(&home, "policy.save_rule");
    let done: Vec<_> = saving.iter().filter(|phase| *phase != "denied").collect();
    assert_eq!(done, ["intent", "outcome"], "{saving:?}");
    assert_eq!(phases(&home, "approval.answer"), Vec::<String>::new(), "one yes, one record");
    home.ok(&["attest"]);
    assert_eq!(home.at_terminal(&["approve", &id, "--rule"], "y\n").code, 7, "answered already");
}

#[test]
fn a_rule_that_would_not_help_is_not_offered() {
    let home = Home::new();
    home.ok(&["status"]);
    let rules = rule_file(&home).with_file_name("mine.toml");
    fs::create_dir(rules.parent().unwrap()).unwrap();
    fs::set_permissions(rules.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    let late = asked(&home, PUSH);
    let mine = "[[command]]\nid = \"look\"\ndecision = \"ask\"\nargv = [[\"git\"], [\"push\"]]\nreason = \"I look at every push\"\nmatch = [\"git push\"]\n";
    fs::write(&rules, mine).unwrap();
    fs::set_permissions(&rules, fs::Permissions::from_mode(0o600)).unwrap();
    let said = home.at_terminal(&["approve", &late, "--rule"], "y\n");
    assert_eq!(said.code, 3, "{said:?}");
    assert!(text(&said).contains("would still be asked about: I look at every push"), "{said:?}");
    let said = home.at_terminal(&["shell-check", "--ask", PUSH], "r\n");
    assert_eq!(said.code, 3, "r is not offered, so it is no yes: {said:?}");
    assert!(text(&said).contains("no rule can cover it: it would still be asked about"), "{said:?}");
    assert!(text(&said).contains("[y/N/e]"), "{said:?}");
    let critical = home.at_terminal(&["shell-check", "--ask", "rm -rf /"], "r\n");
    assert_eq!(critical.code, 3, "{critical:?}");
    assert!(text(&critical).contains("no rule allows what is critical"), "{critical:?}");
    assert!(!rule_file(&home).exists());
}

#[test]
fn at_the_prompt_a_rule_is_shown_before_it_is_saved() {
    let home = Home::new();
    let ask = ["shell-check", "--ask", PUSH];
    let refused = home.converse(&ask, &[("[y/N/r/e] ", "r\n"), ("[y/N] ", "n\n"), ("[y/N/e] ", "n\n")]);
    assert_eq!((refused.code, rule_file(&home).exists()), (3, false), "{refused:?}");
    let said = home.converse(&ask, &[("[y/N/r/e] ", "r\n"), ("match = [", ""), ("[y/N] ", "y\n")]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(text(&said).contains("approved: git push origin main (nothing was run)"), "{said:?}");
    let saved = fs::read_to_string(rule_file(&home)).unwrap();
    assert!(saved.contains("format = 1\n\n[[command]]\nid = \"git-push\"\n"), "{saved}");
    assert_eq!(phases(&home, "policy.save_rule"), ["denied", "intent", "outcome"]);
    assert_eq!(phases(&home, "exec.check"), ["denied", "done"]);
    let said = home.at_terminal(&ask, "");
    assert_eq!(said.code, 0, "it is allowed by now: {said:?}");
    assert!(text(&said).contains("nobody was asked"), "{said:?}");
}

#[test]
fn an_edited_command_is_asked_about_anew() {
    let home = Home::new();
    let ask = ["shell-check", "--ask", PUSH];
    let (edit, now) = ("[y/N/r/e] ", "as it is): ");
    let topic = "git push origin \u{202e}topic\n";
    let said = home.converse(&ask, &[(edit, "e\n"), (now, topic), ("[y/N/e] ", "n not that\n")]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(text(&said).contains("command  git push origin \\u{202e}topic"), "{said:?}");
    let exchange =
        [(edit, "e\n"), (now, "\n"), (edit, "e\n"), (now, "git push origin topic\n"), (edit, "y\n")];
    let said = home.converse(&ask, &exchange);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(text(&said).contains("approved: git push origin topic (nothing was run)"), "{said:?}");
    let kept = records(&home, "exec.check");
    let told: Vec<_> = kept
        .iter()
        .map(|entry| (entry["phase"].as_str().unwrap(), entry["detail"]["act"]["command"].as_str().unwrap()))
        .collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(told[2..], [("denied", PUSH), ("done", "git push origin topic")]);
    // A text that policy has its own answer to gets that answer.
    let said = home.converse(&ask, &[(edit, "e\n"), (now, "git status\n")]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(text(&said).contains("nobody was asked"), "{said:?}");
}

#[test]
fn a_suggestion_reaches_the_requester_and_approves_nothing() {
    let home = Home::new();
    let id = asked(&home, PUSH);
    assert_eq!(home.keep(&["deny", &id, "--suggest", "git push origin topic"]).code, 3, "no terminal");
    let said = home.at_terminal(&["deny", &id, "--suggest", "git push origin topic"], "");
    assert_eq!(said.code, 0, "{said:?}");
    let told = agent(&home, &["shell-check", "--ask", PUSH]);
    assert_eq!(told.code, 3, "{told:?}");
    assert!(told.err.contains("a person suggests instead: git push origin topic"), "{told:?}");
    let shown = text(&home.at_terminal(&["inbox", &id], ""));
    assert!(shown.contains("suggested instead\n  text  git push origin topic"), "{shown}");
    assert_ne!(asked(&home, "git push origin topic"), id);
    assert_eq!(phases(&home, "approval.deny"), ["denied", "done"]);
    assert_eq!(home.at_terminal(&["deny", &id, "--suggest", "x", "--note", "y"], "").code, 2);
}
