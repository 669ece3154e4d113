//! A vault under a passphrase: locked, unlocked for a while, and the process that holds its key.

use super::{file, open_home, revealed, set};
use crate::home::{Home, Said};
use std::fs;
use std::path::{Path, PathBuf};

pub(super) const PASSPHRASE: &str = "correct horse battery staple\n";
pub(super) const OTHER: &str = "another passphrase altogether\n";
pub(super) const VALUE: &str = "a-value-behind-a-passphrase";

/// A home whose vault is locked. Whoever holds its key ends with it.
pub(super) struct Locked(pub(super) Home);

impl Drop for Locked {
    fn drop(&mut self) {
        for pid in holders(&self.0) {
            kill(pid);
        }
    }
}

pub(super) fn choose(passphrase: &str) -> [(&'static str, &str); 2] {
    [("New passphrase", passphrase), ("same again", passphrase)]
}

pub(super) fn locked() -> Locked {
    let home = Locked(open_home());
    set(&home.0, "A", VALUE);
    let mut exchange = vec![];
    exchange.extend(choose(PASSPHRASE));
    exchange.push(("Go ahead?", "y\n"));
    let rekeyed = home.0.converse(&["secret", "rekey", "--passphrase"], &exchange);
    assert_eq!(rekeyed.code, 0, "{rekeyed:?}");
    assert!(!rekeyed.out.contains("correct horse"), "the passphrase was shown: {rekeyed:?}");
    home
}

pub(super) fn try_unlock(home: &Home, passphrase: &str, span: &str) -> Said {
    home.converse(&["unlock", "--for", span], &[("Passphrase", passphrase)])
}

pub(super) fn unlock(home: &Home) {
    let said = try_unlock(home, PASSPHRASE, "1h");
    assert_eq!(said.code, 0, "{said:?}");
}

pub(super) fn is_locked(home: &Home, at: &str) {
    let said = home.keep(&["secret", "list"]);
    assert_eq!(said.code, 6, "{at}: {said:?}");
    assert!(said.err.contains("keep unlock"), "{at}: no hint: {said:?}");
    let status = home.ok(&["status"]);
    assert!(
        status.lines().any(|line| line.starts_with("vault") && line.contains("locked")),
        "{at}: {status}"
    );
}

pub(super) fn opens(home: &Home, at: &str) {
    let said = home.keep(&["secret", "list"]);
    assert_eq!(said.code, 0, "{at}: {said:?}");
    assert!(said.out.contains('A'), "{at}: {said:?}");
}

/// The processes that hold this home's key.
fn holders(home: &Home) -> Vec<u32> {
    let state = home.path().join("state").canonicalize().unwrap();
    let all =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let holds = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let here = fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == state);
        here && String::from_utf8_lossy(&line).contains("hold-key")
    };
    all.filter(holds).collect()
}

fn kill(pid: u32) {
    let status = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    assert!(status.success());
    while fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
        std::thread::yield_now();
    }
}

#[test]
fn a_locked_vault_says_so_and_gives_nothing() {
    let home = locked();
    let home = &home.0;
    is_locked(home, "at first");
    let value = file(home, "value", VALUE);
    for words in [
        &["secret", "set", "B", "--file", &value][..],
        &["secret", "get", "A"],
        &["secret", "get", "A", "--reveal"],
        &["secret", "history", "A"],
        &["secret", "rm", "A"],
        &["secret", "import", &file(home, ".env", "C=a-value-of-some-length\n")],
    ] {
        let said = home.at_terminal(words, "y\n");
        assert_eq!(said.code, 6, "{words:?}: {said:?}");
        assert!(said.out.contains("keep unlock"), "{words:?}: {said:?}");
    }
    let doctor = home.keep(&["doctor"]);
    assert_eq!(doctor.code, 0, "a locked vault is no fault: {doctor:?}");
    let identity = fs::read_to_string(home.path().join("config/identity")).unwrap();
    assert!(identity.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"));
    assert!(!home.path().join("config/identity.next").exists());
}

#[test]
fn while_it_is_locked_records_withhold_what_could_hold_a_value() {
    let home = locked();
    let home = &home.0;
    home.ok(&["stop", "--reason", &format!("found {VALUE} in a log")]);
    let database = || {
        ["keep.db", "keep.db-wal"].iter().any(|name| {
            let bytes = fs::read(home.path().join("data").join(name)).unwrap_or_default();
            bytes.windows(VALUE.len()).any(|window| window == VALUE.as_bytes())
        })
    };
    assert!(!database(), "a record holds a value");
    let log = home.ok(&["audit", "log", "--action", "gate.stop", "--json"]);
    assert!(log.contains("withheld"), "{log}");
    assert_eq!(home.at_terminal(&["resume"], "y\n").code, 0);
    // Nobody can be asked about what nobody could check.
    let value = file(home, "value", VALUE);
    fs::remove_file(home.path().join("config/rules/store.toml")).unwrap();
    let asked = home.keep(&["secret", "set", "B", "--file", &value]);
    assert_eq!(asked.code, 6, "{asked:?}");
    assert!(!home.ok(&["status"]).contains("1 request"), "a request waits");
    unlock(home);
    assert_eq!(home.keep(&["secret", "set", "B", "--file", &value]).code, 8, "it waits for an answer now");
}

#[test]
fn an_unlocked_vault_works_until_it_is_locked() {
    let home = locked();
    let home = &home.0;
    unlock(home);
    opens(home, "unlocked");
    assert!(home.ok(&["status"]).contains("unlocked"), "{}", home.ok(&["status"]));
    set(home, "B", "another-value-of-some-length");
    assert_eq!(revealed(home, "A"), VALUE);
    assert_eq!(holders(home).len(), 1);
    unlock(home);
    assert_eq!(holders(home).len(), 1, "two processes hold the key");
    opens(home, "unlocked twice");
    let said = home.ok(&["lock"]);
    assert!(said.contains("locked"), "{said}");
    is_locked(home, "after lock");
    assert!(home.ok(&["lock"]).contains("nothing"), "locking twice");
    unlock(home);
    assert_eq!(revealed(home, "B"), "another-value-of-some-length");
}

#[test]
fn a_key_is_forgotten_when_its_time_is_over() {
    let home = locked();
    let home = &home.0;
    let said = try_unlock(home, PASSPHRASE, "2s");
    assert_eq!(said.code, 0, "{said:?}");
    std::thread::sleep(std::time::Duration::from_millis(2_300));
    is_locked(home, "after its time");
    assert_eq!(home.keep(&["lock"]).code, 0);
    let again = try_unlock(home, PASSPHRASE, "1h");
    assert_eq!(again.code, 0, "{again:?}");
    opens(home, "unlocked again");
    for bad in ["0s", "8d"] {
        let said = try_unlock(home, PASSPHRASE, bad);
        assert_eq!(said.code, 2, "{bad}: {said:?}");
    }
    opens(home, "after a span that makes no sense");
}

#[test]
fn a_holder_that_is_killed_is_a_locked_vault() {
    let home = locked();
    let home = &home.0;
    unlock(home);
    kill(holders(home)[0]);
    assert!(home.path().join("state/vault.sock").exists(), "the socket of a dead process");
    is_locked(home, "after kill -9");
    unlock(home);
    opens(home, "a stale socket was replaced");
    home.ok(&["lock"]);
    fs::write(home.path().join("state/vault.sock"), "no socket").unwrap();
    is_locked(home, "a file in the socket's place");
    unlock(home);
    opens(home, "a file in the socket's place was replaced");
}

#[test]
fn the_holder_keeps_the_key_to_itself() {
    let home = locked();
    let home = &home.0;
    unlock(home);
    let [pid] = holders(home)[..] else { panic!("one process holds the key") };
    let proc = |what: &str| PathBuf::from(format!("/proc/{pid}/{what}"));
    let read = |what: &str| String::from_utf8_lossy(&fs::read(proc(what)).unwrap()).into_owned();
    for what in ["cmdline", "environ"] {
        let text = read(what);
        assert!(!text.contains("AGE-SECRET") && !text.contains("correct horse"), "{what}: {text}");
    }
    let status = read("status");
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    let locked: u64 = field("VmLck:").trim_end_matches(" kB").trim().parse().unwrap();
    assert!(locked > 0, "no memory is locked: {status}");
    let limits = read("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let soft = core.split_whitespace().nth(4).unwrap();
    assert!(soft == "0" || soft == "1", "{core}");
    // What is not dumpable belongs to root in /proc, whoever runs it.
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(proc("mem")).unwrap());
    assert_eq!(owner, 0);
    assert_eq!(fs::read_link(proc("fd/0")).unwrap(), Path::new("/dev/null"));
    assert_eq!(fs::read_link(proc("fd/1")).unwrap(), Path::new("/dev/null"));
    no_text_in_memory(pid);
}

/// Root reads any memory; the key's text must not be left there, nor in a buffer on its way.
fn no_text_in_memory(pid: u32) {
    use std::os::unix::fs::FileExt;
    let Ok(memory) = fs::File::open(format!("/proc/{pid}/mem")) else {
        // Nobody else reads it: that is the protection itself.
        return;
    };
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut looked = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        let Ok(count) = memory.read_at(&mut bytes, from) else { continue };
        looked += count;
        // An identity's text: the prefix, and then more of the same alphabet.
        let text = bytes[..count].windows(40).find(|window| {
            window.starts_with(b"AGE-SECRET-KEY-1")
                && window[16..].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        });
        assert!(text.is_none(), "the key's text lies in the holder's memory: {line}");
    }
    assert!(looked > 0, "no memory was read");
}

#[test]
fn wrong_passphrases_are_counted_and_then_wait() {
    let home = locked();
    let home = &home.0;
    for number in 1..=5 {
        let said = try_unlock(home, OTHER, "1h");
        assert_eq!(said.code, 3, "try {number}: {said:?}");
        assert!(said.out.contains("passphrase is wrong"), "try {number}: {said:?}");
    }
    let said = try_unlock(home, PASSPHRASE, "1h");
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.out.contains("too many"), "{said:?}");
    is_locked(home, "after too many tries");
    let log = ["audit", "log", "--action", "secret.unlock", "--phase", "outcome-failed", "--json"];
    let failed: serde_json::Value = serde_json::from_str(&home.at_terminal(&log, "").out).unwrap();
    assert_eq!(failed.as_array().unwrap().len(), 5);
}

#[test]
fn a_right_passphrase_forgives_wrong_ones() {
    let home = locked();
    let home = &home.0;
    for _ in 0..2 {
        for _ in 0..4 {
            assert_eq!(try_unlock(home, OTHER, "1h").code, 3);
        }
        unlock(home);
        home.ok(&["lock"]);
    }
}

#[test]
fn a_program_cannot_unlock() {
    let home = locked();
    let home = &home.0;
    let line = format!("printf '%s' '{PASSPHRASE}' | {} unlock --stdin", crate::home::KEEP);
    let said = Said::of(home.command("sh").args(["-c", &line]).output().unwrap());
    assert_ne!(said.code, 0, "{said:?}");
    is_locked(home, "after a program's try");
}

#[test]
fn rekeying_an_unlocked_vault_locks_it_for_the_old_passphrase() {
    let home = locked();
    let home = &home.0;
    unlock(home);
    let mut exchange = vec![];
    exchange.extend(choose(OTHER));
    exchange.push(("Go ahead?", "y\n"));
    let said = home.converse(&["secret", "rekey", "--passphrase"], &exchange);
    assert_eq!(said.code, 0, "{said:?}");
    is_locked(home, "after rekey");
    assert_eq!(holders(home), [] as [u32; 0]);
    assert_eq!(try_unlock(home, PASSPHRASE, "1h").code, 3, "the old passphrase");
    assert_eq!(try_unlock(home, OTHER, "1h").code, 0, "the new passphrase");
    assert_eq!(revealed(home, "A"), VALUE);
    let said = home.at_terminal(&["secret", "rekey"], "y\n");
    assert_eq!(said.code, 0, "{said:?}");
    opens(home, "without a passphrase again");
    assert_eq!(try_unlock(home, OTHER, "1h").code, 7, "there is nothing to unlock");
}

#[test]
fn another_recipient_recovers_a_vault_whose_passphrase_is_lost() {
    let home = locked();
    let home = &home.0;
    unlock(home);
    let (identity, public) = keep_vault::Vault::recovery_key().unwrap();
    let added = home.at_terminal(&["secret", "recipients", "add", &public, "--label", "paper"], "y\n");
    assert_eq!(added.code, 0, "{added:?}");
    home.ok(&["lock"]);
    let recovery = file(home, "recovery.txt", identity.reveal());
    for (n, gone) in [false, true].into_iter().enumerate() {
        if gone {
            fs::remove_file(home.path().join("config/identity")).unwrap();
            assert_eq!(home.keep(&["secret", "list"]).code, 4, "{n}");
        }
        let words = ["secret", "rekey", "--recover-with", &recovery];
        assert_eq!(home.keep(&words).code, 3, "a program recovered it");
        let said = home.at_terminal(&words, "y\n");
        assert_eq!(said.code, 0, "gone: {gone}: {said:?}");
        assert_eq!(revealed(home, "A"), VALUE, "gone: {gone}");
    }
}

#[test]
fn init_protects_the_vault_from_the_start() {
    let home = Locked(Home::new());
    let home = &home.0;
    let mut exchange = vec![];
    exchange.extend(choose(PASSPHRASE));
    exchange.push(("recovery key", "y\n"));
    exchange.push(("Go ahead?", "y\n"));
    let said = home.converse(&["init", "--passphrase"], &exchange);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("AGE-SECRET-KEY-1"), "the recovery key is shown: {said:?}");
    is_locked(home, "after init");
    unlock(home);
    let others = home.json(&["secret", "recipients", "--json"])["others"].as_array().unwrap().len();
    assert_eq!(others, 1);
    let again = home.at_terminal(&["init"], "");
    assert_eq!(again.code, 0, "{again:?}");
    let said = home.converse(&["secret", "set", "A"], &[("unseen", &format!("{VALUE}\n"))]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!said.out.contains(VALUE), "the value was shown: {said:?}");
    assert_eq!(revealed(home, "A"), VALUE);
}

#[test]
fn different_or_short_passphrases_are_refused() {
    let home = open_home();
    set(&home, "A", VALUE);
    let differ = [("New passphrase", PASSPHRASE), ("same again", OTHER), ("Go ahead?", "y\n")];
    let short = [("New passphrase", "1234567\n"), ("same again", "1234567\n"), ("Go ahead?", "y\n")];
    for exchange in [differ, short] {
        let said = home.converse(&["secret", "rekey", "--passphrase"], &exchange);
        assert_eq!(said.code, 2, "{said:?}");
    }
    opens(&home, "nothing has changed");
}

#[test]
fn a_home_with_a_long_path_works() {
    let mut home = Locked(open_home());
    let long = home.0.folder.path().join("l".repeat(150));
    fs::create_dir(&long).unwrap();
    fs::rename(home.0.path(), long.join("home")).unwrap();
    home.0.move_to(long.join("home"));
    set(&home.0, "A", VALUE);
    let mut exchange = vec![];
    exchange.extend(choose(PASSPHRASE));
    exchange.push(("Go ahead?", "y\n"));
    let said = home.0.converse(&["secret", "rekey", "--passphrase"], &exchange);
    assert_eq!(said.code, 0, "{said:?}");
    is_locked(&home.0, "a long path");
    unlock(&home.0);
    opens(&home.0, "a long path");
    assert!(home.0.ok(&["lock"]).contains("locked"));
}
