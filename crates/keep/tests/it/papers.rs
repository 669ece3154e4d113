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
