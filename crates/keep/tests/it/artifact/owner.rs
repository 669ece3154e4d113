//! Two installations that share one store: one tends it, the other reads it and pushes to it.

use super::{bucket, file, noise, restored};
use crate::home::{Home, KEEP, Said};
use crate::weed;
use std::fs;
use std::path::Path;

/// The three kinds of place that a shared store can be at.
enum Shared {
    Folder(tempfile::TempDir),
    Bucket(String),
}

impl Shared {
    fn both() -> [Self; 2] {
        [Self::Folder(tempfile::tempdir().unwrap()), Self::Bucket(bucket::place())]
    }

    fn url(&self) -> String {
        match self {
            Self::Folder(folder) => folder.path().join("store").to_str().unwrap().to_owned(),
            Self::Bucket(place) => format!("s3://keep-test/{place}"),
        }
    }

    /// An installation whose own store it is.
    fn home(&self) -> Home {
        match self {
            Self::Folder(_) => {
                let home = super::open_home();
                let path = home.path().join("config/config.toml");
                let text = fs::read_to_string(&path).unwrap();
                fs::write(path, format!("{text}[blobs]\nurl = \"{}\"\n", self.url())).unwrap();
                home
            }
            Self::Bucket(place) => bucket::home_in(weed::shared(), place),
        }
    }

    /// An installation that has a store of its own and can reach this one.
    fn neighbour(&self) -> Home {
        let mut home = super::open_home();
        if let Self::Bucket(_) = self {
            bucket::connect(&home, weed::shared(), "");
            home.variables = bucket::keys();
        }
        home
    }

    /// How many blobs it holds.
    fn count(&self) -> usize {
        match self {
            Self::Folder(folder) => files(&folder.path().join("store/blobs")),
            Self::Bucket(place) => bucket::blobs(weed::shared(), place).len(),
        }
    }
}

fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

fn refused(said: &Said) {
    assert_eq!(said.code, 7, "{said:?}");
    assert!(said.err.contains("tended by another installation"), "{said:?}");
    assert!(said.err.contains("take-over"), "a way on is named: {said:?}");
}

const GC: [&str; 5] = ["artifact", "gc", "--apply", "--grace", "0ms"];

#[test]
fn only_who_tends_a_store_changes_it() {
    for shared in Shared::both() {
        let (first, second) = (shared.home(), shared.home());
        let nobody = second.json(&["artifact", "owner", "--json"]);
        assert_eq!((nobody["installation"].is_null(), nobody["own"].as_bool()), (true, Some(false)));
        for (home, seed) in [(&first, 1), (&second, 2)] {
            file(home, "one", noise(seed, 50_000));
        }
        first.ok(&["artifact", "put", "model", "one"]);
        let before = shared.count();
        for words in [
            &["artifact", "put", "other", "one"][..],
            &["artifact", "gc"],
            &GC,
            &["artifact", "pull", &shared.url(), "model", "--as", "mine"],
        ] {
            refused(&second.keep(words));
        }
        assert_eq!(shared.count(), before, "nothing was stored or deleted");
        assert_eq!(second.keep(&["artifact", "log", "other"]).code, 4, "nothing is recorded");

        // It reads what is there, and forgets it again, without changing anything.
        second.ok(&["artifact", "pull", &shared.url(), "model"]);
        assert_eq!(restored(&second, "model"), noise(1, 50_000));
        refused(&second.keep(&["artifact", "tag", "model", "best"]));
        second.ok(&["artifact", "rm", "model"]);
        assert_eq!(shared.count(), before);
        assert_eq!(restored(&first, "model"), noise(1, 50_000));
        first.ok(&["artifact", "verify"]);
    }
}

#[test]
fn a_store_is_taken_over_for_a_reason_and_on_record() {
    for shared in Shared::both() {
        let (first, second) = (shared.home(), shared.home());
        for (home, seed) in [(&first, 1), (&second, 2)] {
            file(home, "one", noise(seed, 50_000));
        }
        first.ok(&["artifact", "put", "model", "one"]);
        assert_eq!(second.keep(&["artifact", "owner", "--take-over", " "]).code, 2, "a reason is needed");
        let taken = second.json(&["artifact", "owner", "--take-over", "the old machine is gone", "--json"]);
        assert_eq!(taken["own"], true);
        let log = second.ok(&["audit", "log", "--action", "artifact.take_over", "--json"]);
        assert!(log.contains("the old machine is gone"), "{log}");
        second.ok(&["artifact", "put", "other", "one"]);
        // A collection of the new one spares what only the old one knows of: it has a name there.
        second.ok(&GC);
        assert_eq!(restored(&first, "model"), noise(1, 50_000));
        refused(&first.keep(&["artifact", "put", "model", "one"]));
        refused(&first.keep(&GC));
        second.ok(&["artifact", "pull", &shared.url(), "model"]);
        assert_eq!(restored(&second, "model"), noise(1, 50_000));
        second.ok(&["artifact", "rm", "model"]);
        second.ok(&GC);
        assert_eq!(restored(&second, "other"), noise(2, 50_000));
        assert_eq!(
            first.keep(&["artifact", "get", "model", "--to", "out"]).code,
            5,
            "it is gone, and said so"
        );
        for home in [&first, &second] {
            home.ok(&["audit", "verify"]);
        }
    }
}

#[test]
fn of_two_that_race_for_a_store_one_gets_it() {
    for shared in Shared::both() {
        let homes = [shared.home(), shared.home(), shared.home()];
        for (home, seed) in homes.iter().zip(1..) {
            file(home, "one", noise(seed, 50_000));
        }
        let race = |words: &[&str]| -> Vec<Said> {
            let start = |home: &Home| {
                let mut command = home.command(KEEP);
                command.args(words).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
                command.spawn().unwrap()
            };
            let running: Vec<_> = homes.iter().map(start).collect();
            running.into_iter().map(|child| Said::of(child.wait_with_output().unwrap())).collect()
        };
        let puts = race(&["artifact", "put", "model", "one"]);
        let winners: Vec<_> = (0..3).filter(|at| puts[*at].code == 0).collect();
        assert_eq!(winners.len(), 1, "{puts:?}");
        for (at, said) in puts.iter().enumerate() {
            assert!(at == winners[0] || said.err.contains("tended by another"), "{said:?}");
        }
        assert_eq!(restored(&homes[winners[0]], "model"), noise(winners[0] as u64 + 1, 50_000));
        // Each may have taken it from the one before, or lost to it; in the end it has one.
        let takes = race(&["artifact", "owner", "--take-over", "a race"]);
        assert!(takes.iter().all(|said| matches!(said.code, 0 | 7)), "{takes:?}");
        let own = homes.iter().filter(|home| home.json(&["artifact", "owner", "--json"])["own"] == true);
        assert_eq!(own.count(), 1);
        assert_eq!(restored(&homes[winners[0]], "model"), noise(winners[0] as u64 + 1, 50_000));
    }
}

/// What another pushed is known by its name in the store alone; that its tender holds the same bytes for
/// something else, and lets go of that, must not cost it.
#[test]
fn a_collection_spares_what_others_pushed() {
    for shared in Shared::both() {
        let (tender, other) = (shared.home(), shared.neighbour());
        let bytes = noise(7, 80_000);
        file(&other, "one", &bytes);
        file(&tender, "own", noise(8, 30_000));
        tender.ok(&["artifact", "put", "own", "own"]);
        other.ok(&["artifact", "put", "model", "one"]);
        other.ok(&["artifact", "push", "model", &shared.url()]);
        tender.ok(&["artifact", "pull", &shared.url(), "model", "--as", "copy"]);
        tender.ok(&["artifact", "rm", "copy"]);
        let swept = tender.json(&[&GC[..], &["--json"]].concat());
        assert!(swept["needed_elsewhere"].as_u64().unwrap() >= 1, "{swept}");
        other.ok(&["artifact", "rm", "model"]);
        other.ok(&GC);
        other.ok(&["artifact", "pull", &shared.url(), "model"]);
        assert_eq!(restored(&other, "model"), bytes);
        // Once it is the tender's own it goes like everything else.
        tender.ok(&["artifact", "pull", &shared.url(), "model"]);
        tender.ok(&["artifact", "rm", "model"]);
        tender.ok(&GC);
        assert_eq!(shared.count(), 2, "the tender's own version is left");
    }
}

#[test]
fn pushes_beside_collections_lose_nothing() {
    for shared in Shared::both() {
        let tender = shared.home();
        file(&tender, "own", noise(1, 400_000));
        let others: Vec<_> = (0..3_u64)
            .map(|seed| {
                let home = shared.neighbour();
                // All of them push some of the very bytes that the tender lets go of.
                file(&home, "one", [noise(1, 400_000), noise(seed + 2, 700_000)].concat());
                home.ok(&["artifact", "put", &format!("model{seed}"), "one"]);
                home
            })
            .collect();
        let start = |(at, home): (usize, &Home)| {
            let words = ["artifact", "push", &format!("model{at}"), &shared.url()].map(str::to_owned);
            let mut command = home.command(KEEP);
            command.args(words).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        };
        let running: Vec<_> = others.iter().enumerate().map(start).collect();
        for _ in 0..3 {
            tender.ok(&["artifact", "put", "own", "own"]);
            tender.ok(&["artifact", "rm", "own", "--all"]);
            let said = tender.keep(&GC);
            assert!(matches!(said.code, 0 | 7), "{said:?}");
        }
        let mut pushed = 0;
        for (at, child) in running.into_iter().enumerate() {
            let said = Said::of(child.wait_with_output().unwrap());
            assert!(said.code == 0 || said.err.contains("being collected"), "{said:?}");
            if said.code != 0 {
                others[at].ok(&["artifact", "push", &format!("model{at}"), &shared.url()]);
            }
            pushed += 1;
        }
        tender.ok(&GC);
        for at in 0..pushed {
            let name = format!("model{at}");
            tender.ok(&["artifact", "pull", &shared.url(), &name]);
            let expected = [noise(1, 400_000), noise(at as u64 + 2, 700_000)].concat();
            assert!(restored(&tender, &name) == expected);
        }
    }
}

#[test]
fn a_pull_under_another_name_is_the_next_version_of_that() {
    let (home, other) = (super::open_home(), super::open_home());
    let store = home.folder.path().join("shared");
    let store = store.to_str().unwrap();
    for seed in 1..=3 {
        file(&home, "one", noise(seed, 30_000));
        home.ok(&["artifact", "put", "model", "one", "--tag", &format!("step={seed}")]);
        home.ok(&["artifact", "push", "model", store]);
    }
    file(&other, "own", noise(9, 30_000));
    other.ok(&["artifact", "put", "mine", "own"]);
    let pulled = other.json(&["artifact", "pull", store, "model@3", "--as", "mine", "--json"]);
    assert_eq!((pulled["name"].as_str(), pulled["version"].as_u64()), (Some("mine"), Some(2)));
    assert_eq!(restored(&other, "mine"), noise(3, 30_000));
    assert_eq!(restored(&other, "mine@step=3"), noise(3, 30_000), "its tags come with it");
    assert_eq!(restored(&other, "mine@1"), noise(9, 30_000));
    let again = other.json(&["artifact", "pull", store, "model@3", "--as", "mine", "--json"]);
    assert_eq!((again["already"].as_bool(), again["version"].as_u64()), (Some(true), Some(2)));
    // It is an artifact like any other: it can be pushed, and pulled by its new name.
    let second = home.folder.path().join("second");
    let second = second.to_str().unwrap();
    other.ok(&["artifact", "push", "mine", second]);
    home.ok(&["artifact", "pull", second, "mine"]);
    assert_eq!(restored(&home, "mine@2"), noise(3, 30_000));
    // A number that means another version here is refused, and a name that is not there is said so.
    file(&other, "own", noise(10, 30_000));
    other.ok(&["artifact", "put", "model", "own"]);
    let taken = other.keep(&["artifact", "pull", store, "model@1"]);
    assert_eq!(taken.code, 7, "{taken:?}");
    assert!(taken.err.contains("--as"), "{taken:?}");
    let synced = other.keep(&["artifact", "sync", store, "--json"]);
    assert_eq!(synced.code, 7, "{synced:?}");
    assert!(synced.out.contains("model@1"), "{synced:?}");
    for missing in ["nothing", "model@7", "model@best"] {
        let said = other.keep(&["artifact", "pull", store, missing]);
        assert_eq!(said.code, 4, "{missing}: {said:?}");
        assert!(said.err.contains(missing.split('@').next().unwrap()), "{said:?}");
    }
}
