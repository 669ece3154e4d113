//! Many writers at once.

use super::{file, open_home, revealed, versions};
use crate::home::{KEEP, Said};

const WRITERS: usize = 4;
/// Of each writer's 200 writes, so many go to the one secret that all share.
const SHARED: usize = 150;
const OWN: usize = 50;

/// What one write was answered.
struct Answer {
    version: u64,
    value: String,
}

#[test]
fn four_writers_lose_nothing() {
    let home = open_home();
    let write = |name: &str, value: &str, from: &str| {
        let from = file(&home, from, value);
        let output =
            home.command(KEEP).args(["secret", "set", name, "--json", "--file", &from]).output().unwrap();
        let said = Said::of(output);
        assert_eq!(said.code, 0, "{name}: {said:?}");
        let stored: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        Answer { version: stored["version"].as_u64().unwrap(), value: value.to_owned() }
    };
    let writer = |writer: usize| {
        let from = format!("from-{writer}");
        let mut answers = Vec::new();
        for number in 0..SHARED {
            answers.push(write("SHARED", &format!("value-{number}-of-{writer}"), &from));
            if number < OWN {
                let own = write(
                    &format!("OWN_{writer}_{number}"),
                    &format!("own-value-{number}-of-{writer}"),
                    &from,
                );
                assert_eq!(own.version, 1);
            }
        }
        answers
    };
    let mut answers: Vec<Answer> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|number| scope.spawn(move || writer(number))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    answers.sort_by_key(|answer| answer.version);
    let numbers: Vec<_> = answers.iter().map(|answer| answer.version).collect();
    let writes = u64::try_from(WRITERS * SHARED).unwrap();
    assert_eq!(numbers, (1..=writes).collect::<Vec<_>>(), "two writers were given one version");
    let all = versions(&home);
    assert_eq!(all.len(), 1 + WRITERS * OWN, "a secret was lost");
    assert_eq!(all["SHARED"], writes);
    assert_eq!(revealed(&home, "SHARED"), answers.last().unwrap().value);
    assert_eq!(revealed(&home, "OWN_3_49"), "own-value-49-of-3");
    home.ok(&["audit", "verify"]);
    let done = home.json(&[
        "audit",
        "log",
        "--action",
        "secret.set",
        "--phase",
        "outcome",
        "--json",
        "--limit",
        "5000",
    ]);
    assert_eq!(done.as_array().unwrap().len(), WRITERS * (SHARED + OWN));
    assert_eq!(home.keep(&["doctor"]).code, 0);
}
