//! What only a person at a terminal of their own may do. Where no terminal can be made, or the tests
//! run below an agent, the tests say so.

use crate::bench::{Bench, Ran};

/// Runs it at a terminal, or says why not.
fn person(bench: &Bench, args: &[&str], typed: &str) -> Option<Ran> {
    let Some(who) = bench.at_terminal(&["whoami"], "") else {
        println!("SKIPPED: `script` of util-linux is missing, so no terminal can be made");
        return None;
    };
    if !who.out.contains("user:") {
        println!("SKIPPED: at a terminal made here one is still no person: {}", who.out);
        return None;
    }
    bench.at_terminal(args, typed)
}

#[test]
fn a_stop_is_ended_by_a_person_alone() {
    let bench = Bench::new();
    bench.keep(&["stop"]).exits(0);
    bench.keep(&["resume"]).exits(3);
    let Some(refused) = person(&bench, &["resume"], "n\n") else { return };
    assert_ne!(refused.code, 0, "a no is a no: {}", refused.out);
    let Some(unasked) = person(&bench, &["--no-input", "resume"], "y\n") else { return };
    assert_ne!(unasked.code, 0, "nobody was asked: {}", unasked.out);
    let Some(resumed) = person(&bench, &["resume"], "y\n") else { return };
    let resumed = resumed.exits(0);
    assert!(resumed.out.contains("wants to"), "the act is shown whole: {}", resumed.out);
    assert!(!bench.keep(&["status"]).exits(0).out.contains("STOPPED"));
}

#[test]
fn a_token_is_made_by_a_person_and_works_until_revoked() {
    let bench = Bench::new();
    let create = ["token", "create", "agent:claude", "--scope", "memory.read", "--namespace", "global"];
    bench.keep(&create).exits(3);
    let Some(made) = person(&bench, &create, "y\n") else { return };
    let made = made.exits(0);
    let secret = made.out.lines().last().unwrap().trim().to_owned();
    let file = bench.path().join("token");
    std::fs::write(&file, &secret).unwrap();
    let as_agent = ["--token-file", file.to_str().unwrap(), "--json", "whoami"];
    assert_eq!(bench.keep(&as_agent).exits(0).json()["principal"], "agent:claude");

    let Some(list) = person(&bench, &["--json", "token", "list"], "y\n") else { return };
    assert!(!list.out.contains(&secret), "a list never shows the secret");
    let at = list.out.find("tok_").unwrap();
    let id = list.out[at..at + 30].to_owned();
    person(&bench, &["token", "revoke", &id], "y\n").unwrap().exits(0);
    bench.keep(&as_agent).exits(3);
}

#[test]
fn a_setting_is_changed_by_a_person_alone() {
    let bench = Bench::new();
    bench.keep(&["config", "set", "approvals.expiry", "5m"]).exits(3);
    let Some(set) = person(&bench, &["config", "set", "approvals.expiry", "5m"], "y\n") else { return };
    set.exits(0);
    assert_eq!(bench.keep(&["config", "get", "approvals.expiry"]).exits(0).out, "5m\n");
}
