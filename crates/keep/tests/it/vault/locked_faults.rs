//! Processes that die while the passphrase changes or is asked for: whatever is left opens with one of
//! the two passphrases, and nobody is shut out.

use super::passphrase::{
    Locked, OTHER, PASSPHRASE, VALUE, choose, is_locked, locked, opens, try_unlock, unlock,
};
use super::{AGREES, revealed, set};
use crate::faults::{Fault, Struck, Who, fresh_copy, run};
use crate::home::Home;

/// More renames and syncs than one command makes.
const MOST: usize = 30;

/// A rekey with another passphrase, killed at its Nth rename; whether it has that many.
fn rekey_dies(home: &Home, nth: usize, passphrase: &str) -> bool {
    let answers: Vec<_> = choose(passphrase).into_iter().chain(AGREES).collect();
    let who = Who::Person { answers: &answers };
    matches!(
        run(home, "rename", Fault::Kill, nth, &["secret", "rekey", "--passphrase"], who),
        Struck::Call(_)
    )
}

/// Opens the vault with whichever passphrase it has now; which one that was.
fn unlock_with_either<'a>(home: &Home, at: &str, passphrases: [&'a str; 2]) -> &'a str {
    home.ok(&["lock"]);
    for passphrase in passphrases {
        if try_unlock(home, passphrase, "1h").code == 0 {
            opens(home, at);
            return passphrase;
        }
    }
    panic!("{at}: neither passphrase opens the vault");
}

fn goes_on(home: &Home, at: &str) {
    assert_eq!(revealed(home, "A"), VALUE, "{at}");
    set(home, "B", "a-value-that-comes-after");
    let said = home.converse(&["secret", "rekey"], &AGREES);
    assert_eq!(said.code, 0, "{at}: {said:?}");
    assert_eq!(revealed(home, "A"), VALUE, "{at}");
    assert!(!home.path().join("config/identity.next").exists(), "{at}: an identity is left over");
    home.ok(&["audit", "verify"]);
}

#[test]
fn a_change_of_the_passphrase_survives_kill_nine() {
    let base = locked();
    let mut struck = 0;
    for nth in 1..MOST {
        let home = Locked(fresh_copy(&base.0));
        unlock(&home.0);
        if !rekey_dies(&home.0, nth, OTHER) {
            break;
        }
        struck += 1;
        let at = format!("killed at rename {nth}");
        // The key of before may still be held; then the vault opens or says that it is locked.
        let listed = home.0.keep(&["secret", "list"]);
        assert!(listed.code == 0 || listed.code == 6, "{at}: {listed:?}");
        unlock_with_either(&home.0, &at, [PASSPHRASE, OTHER]);
        goes_on(&home.0, &at);
    }
    assert!(struck >= 3, "only {struck} renames");
}

#[test]
fn two_changes_of_the_passphrase_that_are_cut_short_lose_no_key() {
    let base = locked();
    // The rename at which the new identity waits and the vault opens with it alone: the last at which
    // one is left waiting.
    let mut waiting = None;
    for nth in 1..MOST {
        let home = Locked(fresh_copy(&base.0));
        unlock(&home.0);
        if !rekey_dies(&home.0, nth, OTHER) {
            break;
        }
        if home.0.path().join("config/identity.next").exists() {
            waiting = Some(home);
        }
    }
    let waiting = waiting.expect("a rekey that leaves an identity waiting");
    for nth in 1..MOST {
        let home = Locked(fresh_copy(&waiting.0));
        let at = format!("killed at rename {nth} of the second change");
        assert_eq!(unlock_with_either(&home.0, &at, [OTHER, PASSPHRASE]), OTHER, "{at}");
        if !rekey_dies(&home.0, nth, "a third passphrase of ours\n") {
            break;
        }
        unlock_with_either(&home.0, &at, [OTHER, "a third passphrase of ours\n"]);
        goes_on(&home.0, &at);
    }
}

#[test]
fn an_unlocking_that_is_killed_can_be_done_again() {
    let base = locked();
    let answers = [("Passphrase", PASSPHRASE)];
    let mut struck = 0;
    for nth in 1..MOST {
        let home = Locked(fresh_copy(&base.0));
        let who = Who::Person { answers: &answers };
        // Whoever traces it waits for the process that holds the key, too.
        let words = ["unlock", "--for", "1s"];
        if matches!(run(&home.0, "fsync", Fault::Kill, nth, &words, who), Struck::Nothing) {
            break;
        }
        struck += 1;
        let at = format!("killed at fsync {nth}");
        is_locked(&home.0, &at);
        unlock(&home.0);
        opens(&home.0, &at);
        goes_on(&home.0, &at);
    }
    assert!(struck >= 2, "only {struck} syncs");
}
