//! Versions, ends, and who knows of what.

use super::{Scratch, agent, block, everywhere, key, key_in, person};
use crate::contents::{KEPT_VERSIONS, Terms};
use crate::error::VaultError;
use crate::listing::{DueFor, Which};
use crate::values::{Short, TakenFrom};
use crate::{NewValue, Recipe};
use keep_types::{Caller, Timestamp};
use std::collections::BTreeMap;

#[test]
fn the_last_ten_values_are_kept_and_numbers_go_on() {
    let scratch = Scratch::new();
    for number in 1..=13 {
        let stored = scratch.set("ALICE", &format!("alices-password-{number}"));
        assert_eq!(stored.version, number);
    }
    let history = block(scratch.vault.history(&person(), &key("ALICE"))).unwrap();
    let numbers: Vec<_> = history.iter().map(|version| version.version).collect();
    assert_eq!(numbers, (4..=13).rev().collect::<Vec<_>>());
    assert_eq!(numbers.len(), KEPT_VERSIONS);
    assert!(history[0].current && history[1..].iter().all(|version| !version.current));
    let earlier = |number| block(scratch.vault.reveal(&person(), key("ALICE"), Some(number)));
    assert_eq!(earlier(4).unwrap().reveal(), b"alices-password-4");
    assert_eq!(scratch.value("ALICE"), b"alices-password-13");
    for gone in [0, 3, 14] {
        assert!(matches!(earlier(gone), Err(VaultError::NoSuchVersion { kept: 10, .. })), "{gone}");
    }
    // Every value that is kept is kept out of records.
    let redactor = scratch.gate.redactor().unwrap();
    assert!(!redactor.text("was alices-password-4, is alices-password-13").contains("password"));
    block(scratch.vault.remove(&person(), key("ALICE"))).unwrap();
    assert!(matches!(earlier(13), Err(VaultError::NoSuchSecret(_))));
    assert_eq!(scratch.set("ALICE", "alices-password-14").version, 1, "a new secret begins anew");
}

fn take(scratch: &Scratch, by: &Caller, name: &str) -> Result<Vec<crate::Taken>, VaultError> {
    take_with(scratch, by, name, &BTreeMap::new())
}

fn take_with(
    scratch: &Scratch,
    by: &Caller,
    name: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Vec<crate::Taken>, VaultError> {
    let (names, profile) = ([name.parse().unwrap()], "dev".parse().unwrap());
    block(scratch.vault.take(by, &names, &profile, environment, "make"))
}

fn ends(at: Option<Timestamp>) -> Terms {
    Terms { expires: Some(at), ..Terms::default() }
}

#[test]
fn what_has_expired_is_not_used_and_a_new_value_has_no_old_end() {
    let scratch = Scratch::new();
    scratch.set("ALICE", "alices-password-1");
    scratch.set("BOB", "bobs-password-two");
    let now = || keep_types::Clock::now(&*scratch.time);
    let end = now().plus("1h".parse().unwrap());
    block(scratch.vault.edit(&person(), key("ALICE"), ends(Some(end)))).unwrap();
    assert_eq!(take(&scratch, &person(), "ALICE").unwrap()[0].value.reveal(), b"alices-password-1");
    let due = block(scratch.vault.due(&person(), &everywhere(), "14d".parse().unwrap())).unwrap();
    assert_eq!((due.len(), due[0].due_for, due[0].overdue), (1, DueFor::Expiry, false));
    scratch.time.advance("1h");
    let expired = take(&scratch, &person(), "ALICE");
    assert!(matches!(expired, Err(VaultError::Expired { at, .. }) if at == end), "{expired:?}");
    // One that is over gives out none of the others.
    let (names, profile) = (["BOB".parse().unwrap(), "ALICE".parse().unwrap()], "dev".parse().unwrap());
    assert!(block(scratch.vault.take(&person(), &names, &profile, &BTreeMap::new(), "make")).is_err());
    assert!(scratch.list().unwrap()[0].expired);
    let due = block(scratch.vault.due(&person(), &everywhere(), "14d".parse().unwrap())).unwrap();
    assert!(due[0].overdue);
    scratch.set("ALICE", "alices-password-2");
    assert_eq!(scratch.list().unwrap()[0].expires, None);
    assert_eq!(take(&scratch, &person(), "ALICE").unwrap()[0].value.reveal(), b"alices-password-2");
    block(scratch.vault.edit(&person(), key("BOB"), ends(Some(now())))).unwrap();
    let rotated = NewValue::Generated(Recipe::default());
    block(scratch.vault.rotate(&person(), key("BOB"), rotated, Short::Refuse)).unwrap();
    assert_ne!(take(&scratch, &person(), "BOB").unwrap()[0].value.reveal(), b"bobs-password-two");
}

#[test]
fn rotation_falls_due_a_quarter_after_the_value_and_not_after_an_edit() {
    let scratch = Scratch::new();
    scratch.set("ALICE", "alices-password-1");
    let due = || {
        let due = block(scratch.vault.due(&person(), &everywhere(), "14d".parse().unwrap())).unwrap();
        due.into_iter().map(|due| (due.due_for, due.overdue)).collect::<Vec<_>>()
    };
    assert_eq!(due(), []);
    scratch.time.advance("80d");
    let note = Terms { note: Some("still the old one".into()), ..Terms::default() };
    block(scratch.vault.edit(&person(), key("ALICE"), note)).unwrap();
    assert_eq!(due(), [(DueFor::Rotation, false)]);
    scratch.time.advance("11d");
    assert_eq!(due(), [(DueFor::Rotation, true)]);
    scratch.set("ALICE", "alices-password-2");
    assert_eq!(due(), []);
    assert_eq!(scratch.list().unwrap()[0].note, "still the old one");
}

#[test]
fn a_variable_of_the_same_name_takes_precedence() {
    let scratch = Scratch::new();
    scratch.set("ALICE", "alices-password-1");
    let environment = BTreeMap::from([("ALICE".to_owned(), "from-the-environment".to_owned())]);
    let taken = take_with(&scratch, &person(), "ALICE", &environment).unwrap();
    assert_eq!(
        (taken[0].from, taken[0].value.reveal()),
        (TakenFrom::Environment, &b"from-the-environment"[..])
    );
    assert_eq!(take(&scratch, &person(), "ALICE").unwrap()[0].from, TakenFrom::Vault);
}

/// Two projects' secrets, a global one, and a program of the first project.
fn two_projects() -> (Scratch, Caller) {
    let scratch = Scratch::new();
    for (name, namespace) in [("OURS", "project:a"), ("THEIRS", "project:b"), ("EVERYBODYS", "global")] {
        scratch.try_set(&person(), key_in(name, namespace), b"a-value-of-some-length").unwrap();
        block(scratch.vault.reveal(&person(), key_in(name, namespace), None)).unwrap();
    }
    (scratch, agent("project:a"))
}

#[test]
fn a_program_of_one_project_sees_nothing_of_another() {
    let (scratch, ours) = two_projects();
    let places = [
        everywhere(),
        Which::default(),
        Which { namespace: Some("project:b".parse().unwrap()), ..Which::default() },
        Which { name: Some("THEIRS".parse().unwrap()), ..everywhere() },
    ];
    let far = "3660d".parse().unwrap();
    scratch.time.advance("100d");
    let since = keep_types::Clock::now(&*scratch.time);
    let seen = |whose: &Caller, which: &Which| {
        let vault = &scratch.vault;
        let mut all: Vec<String> = Vec::new();
        all.extend(block(vault.list(whose, which)).unwrap().iter().map(|view| view.key().to_string()));
        let used = block(vault.list_with_usage(whose, which)).unwrap();
        all.extend(used.iter().map(|used| used.view.key().to_string()));
        all.extend(block(vault.due(whose, which, far)).unwrap().iter().map(|due| due.secret.to_string()));
        let unused = block(vault.unused(whose, which, since)).unwrap();
        all.extend(unused.iter().map(|unused| unused.secret.to_string()));
        let odd = block(vault.anomalies(whose, which, Timestamp::from_ms(0))).unwrap();
        all.extend(odd.iter().map(|anomaly| anomaly.secret.to_string()));
        all
    };
    for which in &places {
        let all = seen(&ours, which);
        assert!(!all.iter().any(|key| key.contains("THEIRS")), "{which:?}: {all:?}");
    }
    assert!(seen(&ours, &everywhere()).iter().any(|key| key.contains("OURS")));
    let persons = seen(&person(), &everywhere());
    for mine in ["OURS", "THEIRS", "EVERYBODYS"] {
        assert_eq!(persons.iter().filter(|key| key.contains(mine)).count(), 4, "{mine}: {persons:?}");
    }
}

#[test]
fn a_program_of_one_project_finds_uses_and_changes_nothing_of_another() {
    let (scratch, ours) = two_projects();
    let (theirs, vault) = (key_in("THEIRS", "project:b"), &scratch.vault);
    let (name, profile) = ("THEIRS".parse().unwrap(), "dev".parse().unwrap());
    let place = "project:b".parse().unwrap();
    for place in [None, Some(&place)] {
        let found = block(vault.find(&ours, &name, &profile, place));
        assert!(matches!(found, Err(VaultError::NoSuchSecret(_))), "{found:?}");
    }
    assert!(block(vault.history(&ours, &theirs)).is_err(), "history");
    assert!(take(&scratch, &ours, "THEIRS").is_err(), "take");
    assert!(scratch.try_set(&ours, theirs.clone(), b"overwritten-by-another").is_err(), "set");
    assert!(block(vault.edit(&ours, theirs.clone(), Terms::default())).is_err(), "edit");
    assert!(block(vault.remove(&ours, theirs.clone())).is_err(), "remove");
    let drawn = || NewValue::Generated(Recipe::default());
    assert!(block(vault.rotate(&ours, theirs.clone(), drawn(), Short::Refuse)).is_err(), "rotate");
    assert!(block(vault.reveal(&ours, theirs.clone(), None)).is_err(), "reveal");
    let to = vec![crate::Identity::generate().recipient().to_string()];
    assert!(block(vault.export(&ours, &everywhere(), &to)).is_err(), "export");
    assert_eq!(scratch.list().unwrap().len(), 3);
    // What is there and what is not look the same to it.
    let missing = key_in("NOBODYS", "project:b");
    let said = |key: &crate::Key| {
        let name = key.name.to_string();
        [
            block(vault.history(&ours, key)).unwrap_err().to_string(),
            block(vault.remove(&ours, key.clone())).unwrap_err().to_string(),
            block(vault.rotate(&ours, key.clone(), drawn(), Short::Refuse)).unwrap_err().to_string(),
            block(vault.reveal(&ours, key.clone(), None)).unwrap_err().to_string(),
        ]
        .map(|said| said.replace(&name, "IT"))
    };
    assert_eq!(said(&theirs), said(&missing), "the answers tell which names exist");
}

#[test]
fn the_nearest_of_several_of_a_name_is_meant() {
    let scratch = Scratch::new();
    let ours = agent("project:a");
    scratch.try_set(&person(), key_in("TOKEN", "global"), b"the-global-value").unwrap();
    let (name, profile) = ("TOKEN".parse().unwrap(), "dev".parse().unwrap());
    let find =
        |by: &Caller| block(scratch.vault.find(by, &name, &profile, None)).unwrap().namespace.to_string();
    let before = scratch.list().unwrap().len();
    scratch.try_set(&person(), key_in("TOKEN", "project:a"), b"the-value-of-a-project").unwrap();
    assert_eq!(scratch.list().unwrap().len(), before + 1);
    assert_eq!(find(&ours), "project:a");
    assert_eq!(find(&person()), "global");
    assert_eq!(take(&scratch, &ours, "TOKEN").unwrap()[0].value.reveal(), b"the-value-of-a-project");
}
