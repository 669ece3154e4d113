//! What a person does on the pages, as a browser without scripts does it.

use crate::client::{Client, Said};
use crate::dashboard::{form_key, signed_in};
use crate::place::{Place, Running};
use crate::seed::{self, Seeded};
use std::io::{BufRead, BufReader};

pub(crate) fn seeded() -> (Place, Seeded, Running) {
    let place = Place::new();
    let seeded = seed::fill(&place);
    let server = place.serve_in(&seeded.project);
    (place, seeded, server)
}

pub(crate) fn press(person: &Client, page: &Said, path: &str, more: &str) -> Said {
    person.form(path, &format!("form_key={}{more}", form_key(page)))
}

#[test]
fn every_page_of_a_house_in_use_shows_itself() {
    let (_place, seeded, server) = seeded();
    let person = signed_in(&server);
    for (path, says) in [
        ("/", "Waits for you"),
        ("/approvals", "wants to run a command"),
        (&seeded.approval, "What it could touch"),
        ("/activity?went=wrong", "refused"),
        ("/runs", "steps.sh"),
        ("/runs?as=tree", "project:demo"),
        (&seeded.run, "Compiling part3 v0.1.0"),
        (&seeded.failed_run, "status 101"),
        ("/memories?q=which+database+did+we+choose", "Why it was found"),
        ("/memories?quarantined=true", "Ignore all previous"),
        (&seeded.memory, "How it read before"),
        ("/artifacts", "encoder"),
        ("/artifacts/encoder?namespace=project:demo", "which saves"),
        ("/artifacts/encoder/diff?namespace=project:demo&first=1&second=4", "encoder.weight"),
        ("/secrets", "due soon"),
        ("/tokens", "nightly builds"),
        ("/settings", "rate.agent_per_minute"),
        ("/attest", "SERVER-4"),
    ] {
        let page = person.get(path);
        assert_eq!(page.status, 200, "{path}: {page:?}");
        assert!(page.body.contains(says), "{path} does not say {says:?}: {}", page.body);
        assert!(!page.body.contains(" style=\""), "{path} has something inline");
    }
    let wrong = person.clone().with("Accept", "text/html").get("/runs/run_none");
    assert_eq!(wrong.status, 404);
    assert!(wrong.body.contains("That did not work") && wrong.body.contains("<html"), "{wrong:?}");
}

#[test]
fn a_run_is_started_again_watched_and_stopped() {
    let (_place, seeded, server) = seeded();
    let person = signed_in(&server);
    let page = person.get(&seeded.long_run);
    let begun = press(&person, &page, &format!("{}/again", seeded.long_run), "");
    assert_eq!(begun.status, 303, "{begun:?}");
    let path = begun.header("location").unwrap().to_owned();
    assert_ne!(path, seeded.long_run);
    let stream = person.begin("GET", &format!("{path}/live"), 0, "");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let said = lines.find(|line| line.starts_with("data: step 3"));
    assert!(said.is_some(), "nothing was heard of the run while it ran");
    let page = person.get(&path);
    assert!(page.body.contains("step 1") && page.body.contains("Stop it"), "{page:?}");
    let stopped = press(&person, &page, &format!("{path}/cancel"), "");
    assert_eq!(stopped.status, 303, "{stopped:?}");
    // It is asked, and ends as it likes; then it is on record.
    let stream = person.begin("GET", &format!("{path}/live"), 0, "");
    let over = BufReader::new(stream).lines().map_while(Result::ok).any(|line| line == "event: over");
    assert!(over, "its end was not told");
    let page = person.get(&path);
    assert!(page.body.contains("stopped") && page.body.contains("Run again"), "{page:?}");
    let late = press(&person, &page, &format!("{path}/cancel"), "");
    assert_eq!(late.status, 409, "{late:?}");
}

#[test]
fn a_token_is_shown_once_and_revoked() {
    let place = Place::new();
    let server = place.serve();
    let person = signed_in(&server);
    let page = person.get("/tokens");
    let fields = "&principal=agent%3Anew&scopes=memory.*&namespaces=project%3Ademo&lifetime=8h&label=mine";
    let made = press(&person, &page, "/tokens", fields);
    assert_eq!(made.status, 200, "{made:?}");
    let token = made.body.split("class=\"once\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(token.starts_with("keep_"), "{token}");
    assert_eq!(server.client(&token).get("/api/v1/status").status, 200);
    let page = person.get("/tokens");
    assert!(page.body.contains("agent:new") && !page.body.contains(&token), "{page:?}");
    let revoke = page.body.split("action=\"/tokens/").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(press(&person, &page, &format!("/tokens/{revoke}"), "").status, 303);
    assert_eq!(server.client(&token).get("/api/v1/status").status, 401);
    for wrong in
        ["&principal=user%3Aann&scopes=*&namespaces=global", "&principal=x&scopes=*&namespaces=global"]
    {
        let said = press(&person, &page, "/tokens", wrong);
        assert!((400..500).contains(&said.status), "{said:?}");
    }
}

/// What a person's own file says.
fn config_file(place: &Place) -> String {
    std::fs::read_to_string(place.folder.path().join("home/config/config.toml")).unwrap_or_default()
}

#[test]
fn a_setting_is_changed_once_its_change_was_seen() {
    let place = Place::new();
    let server = place.serve();
    let person = signed_in(&server);
    let page = person.get("/settings");
    // Each kind of value has its own field.
    for field in [
        "<select id=\"value-approvals.notice\"",
        "<select id=\"value-approvals.totp\"",
        "<input id=\"value-backup.keep\"",
        "<input id=\"value-approvals.expiry\"",
        "<input id=\"value-blobs.url\"",
    ] {
        assert!(page.body.contains(field), "{field}: {}", page.body);
    }
    assert!(!page.body.contains("value-project.name"), "a project's own setting has a form");
    let seen = press(&person, &page, "/settings/approvals.expiry", "&value=20m");
    assert_eq!(seen.status, 200, "{seen:?}");
    for says in ["10m", "20m", "How long a request", "It guards less than before", "started again"] {
        assert!(seen.body.contains(says), "{says}: {}", seen.body);
    }
    assert_eq!(config_file(&place), "", "it was changed by looking");
    let done = press(&person, &seen, "/settings/approvals.expiry/set", "&value=20m");
    assert_eq!(done.status, 303, "{done:?}");
    assert!(config_file(&place).contains("expiry = \"20m\""), "{}", config_file(&place));
    let page = person.get(done.header("location").unwrap());
    assert!(
        page.body.contains("Your file is changed") && page.body.contains("at the next start"),
        "{page:?}"
    );
    let back = press(&person, &page, "/settings/approvals.expiry", "&value=junk&default=yes");
    assert!(back.body.contains("Back to the default?"), "{back:?}");
    assert_eq!(press(&person, &back, "/settings/approvals.expiry/set", "&default=yes").status, 303);
    assert!(!config_file(&place).contains("expiry"), "{}", config_file(&place));
    let acts = place.as_person(async |app, person| {
        app.gate().audit_log(person, keep_gate::AuditFilter::default()).await.unwrap()
    });
    let set = acts.iter().filter(|one| one.action.as_str() == "config.set").count();
    assert!(set >= 2, "the changes are not on record: {acts:?}");
}

#[test]
fn what_is_no_value_stands_in_its_field_with_why() {
    let place = Place::new();
    let server = place.serve();
    let person = signed_in(&server);
    let page = person.get("/settings");
    for (key, value, why) in [
        ("approvals.expiry", "8+days", "a length of time from"),
        ("backup.keep", "none", "a whole number from 1 to 1000"),
        ("approvals.notice", "trumpet", "one of these"),
        ("approvals.totp", "maybe", "yes or no"),
        ("exec.hosts", "", "takes it out"),
    ] {
        for path in [format!("/settings/{key}"), format!("/settings/{key}/set")] {
            let said = press(&person, &page, &path, &format!("&value={value}"));
            assert_eq!(said.status, 422, "{key}: {said:?}");
            let field = said.body.split(&format!("id=\"value-{key}\"")).nth(1).unwrap();
            let field = field.split("</form>").next().unwrap();
            assert!(field.contains(&value.replace('+', " ")) && field.contains(why), "{key}: {field}");
            assert!(said.body.contains("<details open>"), "{key}: its form is shut");
        }
    }
    // Where the name of a secret belongs, its value may have been typed: it is not shown again.
    let said = press(&person, &page, "/settings/blobs.secret_key", "&value=AKIAsomething");
    assert_eq!((said.status, said.body.contains("AKIAsomething")), (422, false), "{said:?}");
    assert_eq!(press(&person, &page, "/settings/no.such", "&value=1").status, 404);
    assert_eq!(press(&person, &page, "/settings/project.name", "&value=other").status, 422);
    assert_eq!(config_file(&place), "");
}

/// A variable goes before the file, so a change of the file would come to nothing.
#[test]
fn a_file_that_would_not_count_is_said_not_to() {
    let place = Place::new();
    let server = place.serve_with(&[("KEEP_APPROVALS_EXPIRY", "5m")]);
    let person = signed_in(&server);
    let page = person.get("/settings");
    assert!(page.body.contains("environment KEEP_APPROVALS_EXPIRY"), "{page:?}");
    assert!(page.body.contains("it goes before your own file"), "{page:?}");
    let seen = press(&person, &page, "/settings/approvals.expiry", "&value=20m");
    assert!(seen.body.contains("Your file would not count"), "{seen:?}");
    // A program's variable only narrows: what is narrower than it counts.
    let seen = press(&person, &page, "/settings/approvals.expiry", "&value=2m");
    assert!(!seen.body.contains("would not count"), "{seen:?}");
}

/// The code is asked for where the settings demand codes, and a wrong one changes nothing.
#[test]
fn a_setting_wants_the_code_where_codes_are_demanded() {
    let place = Place::new();
    place.as_person(async |app, person| drop(app.enrol_codes(person).await.unwrap()));
    let server = place.serve();
    let person = signed_in(&server);
    let page = person.get("/settings");
    let seen = press(&person, &page, "/settings/backup.keep", "&value=12");
    assert!(seen.body.contains("name=\"code\""), "{seen:?}");
    for code in ["", "&code=000000"] {
        let said = press(&person, &seen, "/settings/backup.keep/set", &format!("&value=12{code}"));
        assert_eq!(said.status, 403, "{said:?}");
        assert!(said.body.contains("It is not changed"), "{said:?}");
    }
    assert!(!config_file(&place).contains("backup"), "{}", config_file(&place));
}

#[test]
fn a_request_is_approved_with_its_rule_and_another_gets_a_suggestion() {
    let (_place, seeded, server) = seeded();
    let person = signed_in(&server);
    let page = person.get(&seeded.to_approve);
    let wanted = page.body.contains("value=\"rule\"");
    let suggested = press(&person, &page, &seeded.approval, "&answer=suggest&suggestion=true");
    assert_eq!(suggested.status, 303, "{suggested:?}");
    assert!(person.get(&seeded.approval).body.contains("Suggested instead"));
    if wanted {
        let saved = press(&person, &page, &seeded.to_approve, "&answer=rule");
        assert_eq!(saved.status, 303, "{saved:?}");
        assert!(person.get(&seeded.to_approve).body.contains("Approved"));
    }
}

#[test]
fn a_memory_is_released_and_put_away_again() {
    let (_place, seeded, server) = seeded();
    let person = signed_in(&server);
    let page = person.get(&seeded.quarantined);
    assert_eq!(press(&person, &page, &format!("{}/release", seeded.quarantined), "").status, 303);
    let page = person.get(&seeded.quarantined);
    assert!(!page.body.contains("nobody recalls it"), "{page:?}");
    let why = "&why=it+reads+like+orders";
    assert_eq!(press(&person, &page, &format!("{}/quarantine", seeded.quarantined), why).status, 303);
    assert!(person.get(&seeded.quarantined).body.contains("it reads like orders"));
}

#[test]
fn the_log_is_verified_and_promises_are_checked_one_by_one() {
    let place = Place::new();
    let server = place.serve();
    let person = signed_in(&server);
    let page = person.get("/activity");
    let verified = press(&person, &page, "/activity/verify", "");
    assert!(verified.body.contains("The log holds."), "{verified:?}");
    let one = press(&person, &page, "/attest/LEDGER-1", "");
    assert!(one.body.contains("holds") && one.body.contains("promise-LEDGER-1"), "{one:?}");
    assert_eq!(press(&person, &page, "/attest/NO-1", "").status, 404);
}

#[test]
fn no_page_shows_the_value_of_a_secret() {
    let (place, _seeded, server) = seeded();
    let value = place.as_person(async |app, person| {
        let key = keep_vault::Key {
            name: "STRIPE_API_KEY".parse().unwrap(),
            namespace: "project:demo".parse().unwrap(),
            profile: app.usual_profile(),
        };
        let value = app.vault().reveal(person, key, None).await.unwrap();
        String::from_utf8(value.reveal().to_vec()).unwrap()
    });
    assert!(value.len() >= 8);
    let person = signed_in(&server);
    for path in ["/secrets", "/", "/activity", "/settings"] {
        assert!(!person.get(path).body.contains(&value), "{path} shows a value");
    }
    let page = person.get("/secrets");
    assert!(page.body.contains("STRIPE_API_KEY"), "{page:?}");
}
