//! Runs whose changes wait.

use super::Work;
use std::fs;

fn tried(work: &Work, line: &str) -> String {
    let said = work.keep(&["try", "--", "bash", "-c", line]);
    assert_eq!(said.code, 0, "{said:?}");
    let at = said.err.find("run_").unwrap();
    said.err[at..].chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

#[test]
fn changes_wait_until_a_person_commits_them() {
    let work = Work::new();
    let (old, new) = (work.work().join("old"), work.work().join("new"));
    fs::write(&old, "as it was\n").unwrap();
    let id = tried(&work, "echo changed > old; echo made > new; cat old");
    assert_eq!(fs::read_to_string(&old).unwrap(), "as it was\n");
    assert!(!new.exists());
    let shown = work.keep(&["try", "show", &id]);
    for part in ["changed old", "-as it was", "+changed", "created new", "+made"] {
        assert!(shown.out.contains(part), "{part}: {shown:?}");
    }
    // The agent that tried it cannot commit it by itself.
    assert_eq!(work.keep(&["try", "commit", &id]).code, 8);
    let said = work.person(&["try", "commit", &id], "y\n");
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(fs::read_to_string(&old).unwrap(), "changed\n");
    assert_eq!(fs::read_to_string(&new).unwrap(), "made\n");
    assert_eq!(work.keep(&["try", "ls"]).out, "nothing waits\n");
    assert_eq!(work.person(&["try", "commit", &id], "y\n").code, 4, "once");
}

#[test]
fn what_is_discarded_is_gone() {
    let work = Work::new();
    let id = tried(&work, "echo made > new");
    assert!(work.keep(&["try", "ls"]).out.contains(&id[..12]));
    assert_eq!(work.keep(&["try", "discard", &id]).code, 0);
    assert!(!work.work().join("new").exists());
    assert!(fs::read_dir(work.home.path().join("state/exec/tries")).unwrap().next().is_none());
    let said = work.keep(&["try", "--discard", "--", "touch", "other"]);
    assert!(said.code == 0 && said.out.contains("created other"), "{said:?}");
    assert!(!work.work().join("other").exists());
}

#[test]
fn what_changed_meanwhile_is_not_replaced() {
    let work = Work::new();
    let old = work.work().join("old");
    fs::write(&old, "as it was\n").unwrap();
    let id = tried(&work, "echo changed > old");
    fs::write(&old, "somebody else's\n").unwrap();
    let said = work.person(&["try", "commit", &id], "y\n");
    assert_ne!(said.code, 0, "{said:?}");
    assert_eq!(fs::read_to_string(&old).unwrap(), "somebody else's\n");
    assert!(work.keep(&["try", "ls"]).out.contains(&id[..12]), "it still waits");
}

#[test]
fn a_link_that_leads_out_is_never_committed() {
    let work = Work::new();
    // Nothing in these words says what the script does.
    fs::write(work.work().join("link.sh"), "ln -s /etc out\n").unwrap();
    let id = tried(&work, "bash link.sh");
    let said = work.person(&["try", "commit", &id], "y\n");
    assert_ne!(said.code, 0, "{said:?}");
    assert!(work.work().join("out").symlink_metadata().is_err());
}

#[test]
fn what_changed_nothing_leaves_nothing() {
    let work = Work::new();
    let said = work.keep(&["try", "--", "true"]);
    assert!(said.code == 0 && said.err.contains("it changed nothing"), "{said:?}");
    assert_eq!(work.keep(&["try", "ls"]).out, "nothing waits\n");
}

const TRIES: &str = "[[command]]\nid = 'look-first'\ndecision = 'try'\nmin_risk = 'medium'\nmax_risk = 'medium'\n\
                     reason = 'changes are looked at first'\nmatch = ['touch made']\nnot_match = ['ls']\n";

#[test]
fn a_rule_can_have_changes_wait() {
    let work = Work::new();
    work.rules(TRIES);
    let made = work.work().join("made");
    let said = work.keep(&["exec", "--", "touch", "made"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("created made") && said.err.contains("to commit its changes"), "{said:?}");
    assert!(!made.exists());
    // A person finds the question in the inbox, and the commit is bound to what was shown.
    let waiting = work.person(&["inbox"], "");
    assert!(waiting.out.contains("commit 1 changes"), "{waiting:?}");
    let listed = work.json(&["try", "ls", "--json"]);
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    let said = work.person(&["try", "commit", &id], "y\n");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(made.exists());
    // What only looks runs as ever, and nobody else's shell takes a try for a yes.
    let said = work.keep(&["exec", "--", "ls"]);
    assert_eq!((said.code, said.out.as_str()), (0, "made\n"), "{said:?}");
    assert_eq!(work.keep(&["shell-check", "touch other"]).code, 8);
    assert_eq!(work.keep(&["try", "ls"]).out, "nothing waits\n");
}
