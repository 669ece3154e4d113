//! The pages of runs: the tree, what a line runs, what runs now, and what is withheld while the vault is locked.

use crate::client::Client;
use crate::dashboard::signed_in;
use crate::pages::{press, seeded};
use crate::place::{Place, SayYes, block};
use crate::seed;
use keep_types::{Caller, ProcessId};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

/// Says `begun` and what a file holds, and ends when another file is there.
const WAITS: &str = "echo begun; cat value.txt; echo; until [ -e go ]; do sleep 0.05; done; echo done\n";

fn run_again(person: &Client, run: &str) -> String {
    let page = person.get(run);
    let begun = press(person, &page, &format!("{run}/again"), "");
    assert_eq!(begun.status, 303, "{begun:?}");
    begun.header("location").unwrap().to_owned()
}

/// Waits until a run is over.
fn over(person: &Client, run: &str) {
    let stream = person.begin("GET", &format!("{run}/live"), 0, "");
    let over = BufReader::new(stream).lines().map_while(Result::ok).any(|line| line == "event: over");
    assert!(over, "the end of {run} was not told");
}

/// A page once it says this.
fn page_that_says(person: &Client, path: &str, says: &str) -> String {
    loop {
        let page = person.get(path);
        assert_eq!(page.status, 200, "{page:?}");
        if page.body.contains(says) {
            return page.body;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn a_run_stands_below_the_one_it_repeats() {
    let (_place, seeded, server) = seeded();
    let person = signed_in(&server);
    let again = run_again(&person, &seeded.failed_run);
    over(&person, &again);
    let tree = person.get("/runs?as=tree");
    let drawn = tree.body.split("class=\"tree").nth(1).unwrap();
    let at = |what: &str| drawn.find(what).unwrap_or_else(|| panic!("no {what}: {drawn}"));
    // Where, who, the run, and below it the other, which somebody else began.
    assert!(at("project:demo") < at("agent:claude") && at("agent:claude") < at(&seeded.failed_run));
    let between = &drawn[at(&seeded.failed_run)..at(&again)];
    assert!(between.contains("<ul>") && !between.contains("</ul>"), "it stands beside it: {between}");
    assert!(drawn[at(&again)..].contains("by user:ann"), "{drawn}");
    assert!(tree.body.contains("href=\"/runs?as=tree\" aria-current=\"page\""), "{}", tree.body);
    let (earlier, later) = (person.get(&seeded.failed_run), person.get(&again));
    assert!(earlier.body.contains(&format!("href=\"{again}\"")), "{earlier:?}");
    assert!(later.body.contains(&format!("href=\"{}\"", seeded.failed_run)), "{later:?}");
    let told = person.get(&format!("/api/v1{again}")).ok();
    assert_eq!(format!("/runs/{}", told["repeats"].as_str().unwrap()), seeded.failed_run);
}

/// Runs of one conversation stand together, and what became of a try's changes stands below it.
#[test]
fn conversations_and_tries_are_in_the_tree() {
    let place = Place::new();
    let seeded = seed::fill(&place);
    let app = place.open_in(&seeded.project, Arc::new(SayYes));
    let process = |pid| ProcessId { boot: "b".into(), pid, started_ticks: 7 };
    let talks = |pid| Caller { acting: vec![process(pid + 1), process(pid)], ..seed::agent() };
    for (pid, line) in [(4711, "echo one"), (815, "echo other"), (4711, "echo two")] {
        block(seed::run(&app, &talks(pid), line)).unwrap();
    }
    app.close().unwrap();
    let token = place.token("agent:claude", "demo");
    let server = place.serve_in(&seeded.project);
    let tried = server.client(&token).post("/api/v1/tries", &json!({ "command": "echo new > made" })).ok();
    let person = signed_in(&server);
    let tree = || person.get("/runs?as=tree").body;
    let drawn = tree();
    let talk = drawn.split("conversation of process 4711").nth(1).unwrap();
    let talk = talk.split("</details>").next().unwrap();
    assert!(talk.contains("echo one") && talk.contains("echo two") && !talk.contains("echo other"), "{talk}");
    assert!(drawn.contains("conversation of process 815"), "{drawn}");
    let below = |drawn: &str| {
        let link = format!("href=\"/runs/{}\"", tried["run"]["id"].as_str().unwrap());
        drawn.split(&link).nth(1).unwrap().split("</ul>").next().unwrap().to_owned()
    };
    assert!(below(&drawn).contains("its changes") && below(&drawn).contains("pending"), "{drawn}");
    let discard = format!("/api/v1/tries/{}/discard", tried["run"]["id"].as_str().unwrap());
    server.client(&token).post(&discard, &json!({})).ok();
    assert!(below(&tree()).contains("discarded"), "{}", tree());
}

#[test]
fn runs_are_narrowed_by_how_they_went_and_who_ran_them() {
    let (_place, seeded, server) = seeded();
    let person = signed_in(&server);
    for shape in ["", "as=tree&"] {
        let link = |run: &str| format!("href=\"{run}\"");
        let failed = person.get(&format!("/runs?{shape}state=failed"));
        assert!(failed.body.contains(&link(&seeded.failed_run)), "{failed:?}");
        assert!(!failed.body.contains(&link(&seeded.run)), "{failed:?}");
        let hers = person.get(&format!("/runs?{shape}who=user:ann"));
        assert!(hers.body.contains(&link(&seeded.long_run)) && !hers.body.contains(&link(&seeded.run)));
        let running = person.get(&format!("/runs?{shape}state=running"));
        assert!(running.body.contains("Nothing fits"), "{running:?}");
        assert!(person.get(&format!("/runs?{shape}after=50")).body.contains("Newer"));
    }
    assert_eq!(person.get("/runs?who=nobody").status, 400);
}

#[test]
fn what_a_line_runs_is_shown_command_by_command() {
    let (_place, seeded, server) = seeded();
    let page = signed_in(&server).get(&seeded.run);
    let tree = page.body.split("What it runs").nth(1).unwrap();
    assert!(tree.contains("again and again, in a loop"), "{tree}");
    assert!(tree.contains("Finished in 2.1s"), "{tree}");
}

#[test]
fn the_processes_of_a_run_are_shown_while_it_lives() {
    let (_place, seeded, server) = seeded();
    fs::write(seeded.project.join("steps.sh"), WAITS).unwrap();
    fs::write(seeded.project.join("value.txt"), "nothing").unwrap();
    let person = signed_in(&server);
    let run = run_again(&person, &seeded.long_run);
    let part = page_that_says(&person, &format!("{run}/processes"), "<code>bash</code>");
    assert!(
        part.contains("Keep, which confines it") && part.starts_with("<section id=\"processes\""),
        "{part}"
    );
    assert!(!part.contains("steps.sh"), "words of a process may hold a value: {part}");
    assert!(person.get(&run).body.contains("What runs now"));
    fs::write(seeded.project.join("go"), "").unwrap();
    over(&person, &run);
    assert!(!person.get(&run).body.contains("What runs now"));
}

/// A vault that waits for its passphrase, until this is dropped.
struct Locked<'a>(&'a Path);

impl<'a> Locked<'a> {
    fn of(config: &'a Path) -> Self {
        fs::rename(config.join("identity"), config.join("kept")).unwrap();
        fs::write(config.join("identity"), "-----BEGIN AGE ENCRYPTED FILE-----\n").unwrap();
        Self(config)
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        fs::rename(self.0.join("kept"), self.0.join("identity")).unwrap();
    }
}

#[test]
fn what_a_run_says_is_withheld_while_the_vault_is_locked_and_shown_once_it_is_not() {
    let place = Place::new();
    let seeded = crate::seed::fill(&place);
    let value = place.as_person(async |app, person| {
        let key = keep_vault::Key {
            name: "STRIPE_API_KEY".parse().unwrap(),
            namespace: "project:demo".parse().unwrap(),
            profile: app.usual_profile(),
        };
        let value = app.vault().reveal(person, key, None).await.unwrap();
        String::from_utf8(value.reveal().to_vec()).unwrap()
    });
    fs::write(seeded.project.join("steps.sh"), WAITS).unwrap();
    fs::write(seeded.project.join("value.txt"), &value).unwrap();
    let config = place.folder.path().join("home/config");
    let locked = Locked::of(&config);
    // It never saw the vault open, so it knows no value.
    let server = place.serve_in(&seeded.project);
    let person = signed_in(&server);
    // One that nobody can listen to can be stopped all the same.
    let stopped = run_again(&person, &seeded.long_run);
    let page = person.get(&stopped);
    assert!(page.body.contains("withheld while the vault is locked"), "{page:?}");
    assert_eq!(press(&person, &page, &format!("{stopped}/cancel"), "").status, 303);
    over(&person, &stopped);
    let page = person.get(&stopped);
    assert!(page.body.contains("stopped") && page.body.contains("(withheld"), "{page:?}");
    let run = run_again(&person, &seeded.long_run);
    let page = person.get(&run);
    assert!(page.body.contains("withheld while the vault is locked"), "{page:?}");
    assert!(!page.body.contains("begun") && !page.body.contains(&value), "{page:?}");
    drop(locked);
    let shown = page_that_says(&person, &run, "[redacted:");
    assert!(shown.contains("begun\n") && !shown.contains(&value), "not from its beginning: {shown}");
    assert!(!shown.contains("withheld while the vault is locked"), "{shown}");
    fs::write(seeded.project.join("go"), "").unwrap();
    over(&person, &run);
    let page = person.get(&run);
    for says in ["begun\n", "[redacted:", "done\n", "bash ./steps.sh"] {
        assert!(page.body.contains(says), "{says}: {page:?}");
    }
    assert!(!page.body.contains(&value) && !page.body.contains("(withheld"), "{page:?}");
}
