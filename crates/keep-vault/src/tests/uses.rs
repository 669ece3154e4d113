//! What is unusual about a use, from made-up uses; and that real ones are found in the ledger.

use super::{Scratch, agent, block, everywhere, key, key_in, person};
use crate::usage::{Unusual, Use, anomalies, summed};
use keep_types::Timestamp;
use std::collections::BTreeMap;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// A midnight, UTC.
const START: i64 = 20_000 * DAY;

fn used(secret: &str, at: i64, by: &str, program: &str) -> Use {
    Use {
        key: key(secret),
        at: Timestamp::from_ms(at),
        by: by.parse().unwrap(),
        program: program.into(),
        seq: u64::try_from(at).unwrap(),
    }
}

fn found(uses: &[Use]) -> Vec<(i64, Unusual)> {
    let all = anomalies(uses, Timestamp::from_ms(0));
    all.iter().map(|anomaly| (anomaly.at.ms(), anomaly.what)).collect()
}

/// The same principal and program, at these times.
fn at_times(times: impl IntoIterator<Item = i64>) -> Vec<Use> {
    times.into_iter().map(|at| used("A", at, "agent:a", "make")).collect()
}

#[test]
fn the_first_use_is_none_and_the_like_of_it_neither() {
    assert_eq!(found(&[]), []);
    assert_eq!(found(&at_times([START])), []);
    assert_eq!(found(&at_times([START, START + HOUR, START + 30 * DAY])), []);
}

#[test]
fn a_new_principal_and_a_new_program_are_told_once() {
    let uses = [
        used("A", START, "agent:a", "make"),
        used("A", START + HOUR, "agent:b", "make"),
        used("A", START + 2 * HOUR, "agent:b", "curl"),
        used("A", START + 3 * HOUR, "agent:b", "curl"),
        // Another secret has habits of its own: this is its first use.
        used("B", START + 4 * HOUR, "agent:c", "nc"),
        used("A", START + 5 * HOUR, "agent:c", "nc"),
    ];
    assert_eq!(
        found(&uses),
        [
            (START + HOUR, Unusual::NewPrincipal),
            (START + 2 * HOUR, Unusual::NewProgram),
            (START + 5 * HOUR, Unusual::NewPrincipal),
            (START + 5 * HOUR, Unusual::NewProgram),
        ]
    );
    let since = anomalies(&uses, Timestamp::from_ms(START + 2 * HOUR));
    assert_eq!(since.len(), 3, "what came before teaches, and is not told");
    assert_eq!(since[0].what, Unusual::NewProgram);
}

#[test]
fn a_burst_is_told_once_when_it_crosses_the_limit() {
    let nine = at_times((0..9).map(|n| START + n));
    assert_eq!(found(&nine), []);
    let forty = at_times((0..40).map(|n| START + n));
    assert_eq!(found(&forty), [(START + 9, Unusual::Burst)]);
    // Ten in ten minutes are no burst.
    assert_eq!(found(&at_times((0..10).map(|n| START + n * MINUTE))), []);
    // Whoever usually needs eight a minute makes a burst with twenty-five.
    let usual = (0..8).map(|n| START + n);
    let busy = |count: i64| at_times(usual.clone().chain((0..count).map(|n| START + MINUTE + n)));
    assert_eq!(found(&busy(24)), []);
    assert_eq!(found(&busy(25)), [(START + MINUTE + 24, Unusual::Burst)]);
}

#[test]
fn an_hour_is_unusual_only_after_twenty_uses_on_seven_days() {
    let noon_on = |days: i64, each: i64| {
        (0..days * each).map(move |n| START + (n / each) * DAY + 12 * HOUR + (n % each) * MINUTE)
    };
    let then_at_three = |before: Vec<i64>, day: i64| {
        let night = START + day * DAY + 3 * HOUR;
        found(&at_times(before.into_iter().chain([night, night + DAY])))
    };
    // Twenty-one uses on seven days; the second night is usual already.
    let night = START + 7 * DAY + 3 * HOUR;
    assert_eq!(then_at_three(noon_on(7, 3).collect(), 7), [(night, Unusual::Hour)]);
    assert_eq!(then_at_three(noon_on(6, 4).collect(), 6), [], "six days tell nothing");
    assert_eq!(then_at_three(noon_on(19, 1).collect(), 19), [], "nineteen uses tell nothing");
    assert_eq!(then_at_three(noon_on(20, 1).collect(), 20).len(), 1);
    // The last minute of a usual hour is usual; the first of the next is not.
    let late = |minute: i64| {
        let at = START + 7 * DAY + 12 * HOUR + minute * MINUTE;
        found(&at_times(noon_on(7, 3).chain([at])))
    };
    assert_eq!(late(59), []);
    assert_eq!(late(60).len(), 1);
}

#[test]
fn uses_are_summed_up_by_secret() {
    let uses = [
        used("A", START, "agent:a", "make"),
        used("B", START + 1, "agent:b", "curl"),
        used("A", START + 2, "user:ann", "keep"),
    ];
    let all = summed(&uses);
    assert_eq!(all.len(), 2);
    let a = &all[&key("A")];
    assert_eq!((a.count, a.last.ms(), a.last_program.as_str()), (2, START + 2, "keep"));
    assert_eq!(a.last_by.to_string(), "user:ann");
    assert_eq!(all[&key("B")].count, 1);
}

fn take(scratch: &Scratch, by: &keep_types::Caller, name: &str, program: &str) {
    let none = BTreeMap::new();
    let (names, profile) = ([name.parse().unwrap()], "dev".parse().unwrap());
    block(scratch.vault.take(by, &names, &profile, &none, program)).unwrap();
}

#[test]
fn what_is_used_is_found_in_the_ledger_and_what_is_refused_is_not() {
    let scratch = Scratch::new();
    let mine = agent("project:a");
    scratch.try_set(&mine, key_in("TOKEN", "project:a"), b"a-token-of-a-project").unwrap();
    scratch.try_set(&mine, key_in("IDLE", "project:a"), b"another-one-nobody-uses").unwrap();
    take(&scratch, &mine, "TOKEN", "make");
    scratch.time.advance("1h");
    take(&scratch, &mine, "TOKEN", "make");
    // A program may not see it, so that is no use of it.
    assert!(block(scratch.vault.reveal(&mine, key_in("TOKEN", "project:a"), None)).is_err());
    let all = block(scratch.vault.list_with_usage(&person(), &everywhere())).unwrap();
    let of = |name: &str| all.iter().find(|used| used.view.name.as_str() == name).unwrap().usage.clone();
    assert_eq!(of("TOKEN").unwrap().count, 2);
    assert_eq!(of("TOKEN").unwrap().last_program, "make");
    assert_eq!(of("IDLE"), None);
    assert_eq!(block(scratch.vault.anomalies(&person(), &everywhere(), Timestamp::from_ms(0))).unwrap(), []);
    // A person who looks at it is new to it, and so is the program.
    block(scratch.vault.reveal(&person(), key_in("TOKEN", "project:a"), None)).unwrap();
    let told = block(scratch.vault.anomalies(&person(), &everywhere(), Timestamp::from_ms(0))).unwrap();
    let whats: Vec<_> = told.iter().map(|anomaly| anomaly.what).collect();
    assert_eq!(whats, [Unusual::NewPrincipal, Unusual::NewProgram]);
    scratch.time.advance("1d");
    let since = keep_types::Clock::now(&*scratch.time).minus("2h".parse().unwrap());
    let unused = block(scratch.vault.unused(&person(), &everywhere(), since)).unwrap();
    assert_eq!(unused.len(), 2, "both were idle for two hours");
    take(&scratch, &mine, "TOKEN", "make");
    let unused = block(scratch.vault.unused(&person(), &everywhere(), since)).unwrap();
    let names: Vec<_> = unused.iter().map(|unused| unused.secret.name.as_str()).collect();
    assert_eq!(names, ["IDLE"]);
}
