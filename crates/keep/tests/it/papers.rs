//! The papers and the program say the same.

use std::collections::BTreeSet;

const SECURITY: &str = include_str!("../../../../SECURITY.md");

/// The promises in SECURITY.md: rows of its table that begin with an id.
fn promised() -> BTreeSet<String> {
    SECURITY
        .lines()
        .filter_map(|line| line.strip_prefix('|')?.split('|').next())
        .map(|cell| cell.trim().trim_matches('`').to_owned())
        .filter(|cell| {
            cell.split_once('-').is_some_and(|(family, number)| {
                !family.is_empty()
                    && family.chars().all(|c| c.is_ascii_uppercase())
                    && number.chars().all(|c| c.is_ascii_digit())
            })
        })
        .collect()
}

/// Those of the house, and those of its server.
fn probes() -> Vec<keep_types::Probe> {
    let mut all = keep_app::probes();
    all.extend(keep_server::probes());
    all
}

/// Where no server can be started to look at, its promises are not said to hold, and why is told.
#[test]
fn what_cannot_be_looked_at_is_said_not_to_be() {
    let mut home = crate::home::Home::new();
    home.ok(&["status"]);
    home.variables = vec![("TMPDIR", "/nonexistent".into())];
    let said = home.keep(&["attest"]).out;
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for id in ["SERVER-2", "SERVER-3", "SERVER-4", "SERVER-5"] {
        let own = words.split(&format!("n/a {id} ")).nth(1).unwrap_or_else(|| panic!("{id}: {said}"));
        let own = own.split(" SERVER-").next().unwrap();
        assert!(own.contains("no server could be started to look at: "), "{id}: {own}");
    }
}

#[test]
fn every_promise_has_a_probe_and_every_probe_a_promise() {
    let probed: BTreeSet<_> = probes().iter().map(|probe| probe.promise.id.to_owned()).collect();
    assert_eq!(probed.len(), probes().len(), "two probes share an id");
    assert_eq!(promised(), probed, "left: SECURITY.md, right: the probes");
}

#[test]
fn every_probe_finds_what_its_twin_breaks() {
    let results = keep_app::self_test(&probes(), |_| {}).unwrap();
    assert!(!results.is_empty());
    for result in results {
        assert!(result.holds(), "{result:?}");
    }
}
