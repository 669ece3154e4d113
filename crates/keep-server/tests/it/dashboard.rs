//! The dashboard, as a browser without scripts uses it.

use crate::client::{Client, Said};
use crate::place::{Place, Running};
use serde_json::json;

/// A browser that knows the dashboard's address.
fn browser(server: &Running) -> Client {
    let origin = format!("http://{}", server.dashboard_host());
    server.nobody().instead("Host", Some(&server.dashboard_host())).with("Origin", &origin)
}

/// A browser whose person is signed in.
pub(crate) fn signed_in(server: &Running) -> Client {
    let said = browser(server).form("/sign-in", &format!("code={}", server.code));
    assert_eq!(said.status, 303, "{said:?}");
    let cookie = said.header("set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    browser(server).with("Cookie", cookie.split(';').next().unwrap())
}

/// What the forms of a page carry.
pub(crate) fn form_key(page: &Said) -> String {
    let rest = page.body.split("name=\"form_key\" value=\"").nth(1).unwrap_or_else(|| panic!("{page:?}"));
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn whoever_is_not_signed_in_is_shown_the_way_in() {
    let place = Place::new();
    let server = place.serve();
    let browser = browser(&server);
    let said = browser.get("/approvals");
    assert_eq!(said.status, 401);
    assert!(said.body.contains("name=\"code\""), "{said:?}");
    let tried = browser.form("/sign-in", "code=aaaaa-aaaaa");
    assert_eq!((tried.status, tried.header("set-cookie")), (401, None), "{tried:?}");
    let no_origin =
        browser.clone().instead("Origin", None).form("/sign-in", &format!("code={}", server.code));
    assert_eq!(no_origin.status, 403, "{no_origin:?}");
    let own = format!("http://{}", server.address);
    let elsewhere = server.nobody().with("Origin", &own).form("/sign-in", &format!("code={}", server.code));
    assert_eq!(elsewhere.status, 403, "a cookie under a name that other ports share: {elsewhere:?}");
}

#[test]
fn a_code_is_good_once_and_signing_out_ends_it() {
    let place = Place::new();
    let server = place.serve();
    let person = signed_in(&server);
    let again = browser(&server).form("/sign-in", &format!("code={}", server.code));
    assert_eq!(again.status, 401, "{again:?}");
    let home = person.get("/");
    assert_eq!(home.status, 200, "{home:?}");
    assert!(home.body.contains("user:ann"));
    assert_eq!(person.form("/sign-out", "form_key=wrong").status, 403);
    assert_eq!(person.form("/sign-out", &format!("form_key={}", form_key(&home))).status, 303);
    assert_eq!(person.get("/").status, 401);
    let records = place.as_person(async |app, person| {
        app.gate().audit_log(person, keep_gate::AuditFilter::default()).await.unwrap()
    });
    assert!(records.iter().any(|one| one.action.as_str() == "dashboard.sign_in"), "no record of signing in");
}

/// Whoever mistyped is told that the code is gone, and so is the terminal, once.
#[test]
fn a_code_is_withdrawn_after_wrong_ones_and_that_is_said() {
    let place = Place::new();
    let server = place.serve();
    let browser = browser(&server);
    let mut said: Vec<String> = (0..6).map(|_| browser.form("/sign-in", "code=aaaaa-aaaaa").body).collect();
    said.push(browser.form("/sign-in", &format!("code={}", server.code)).body);
    let told: Vec<bool> = said.iter().map(|page| page.contains("The code was withdrawn after 5")).collect();
    assert_eq!(told, [false, false, false, false, true, true, true], "{said:?}");
}

#[test]
fn signing_in_leads_to_the_page_that_was_asked_for_and_to_no_other_site() {
    let place = Place::new();
    let server = place.serve();
    let form = browser(&server).get("/activity?action=memory").body;
    assert!(form.contains("name=\"to\" value=\"/activity?action=memory\""), "{form}");
    for (to, leads) in [
        ("/activity%3Faction%3Dmemory", "/activity?action=memory"),
        ("", "/"),
        ("//evil.example/", "/"),
        ("/%5Cevil.example", "/"),
        ("https://evil.example/", "/"),
        ("/%09/evil.example", "/"),
        ("evil.example", "/"),
    ] {
        let code = place.code();
        let said = browser(&server).form("/sign-in", &format!("code={code}&to={to}"));
        assert_eq!((said.status, said.header("location")), (303, Some(leads)), "{to}: {said:?}");
    }
}

/// Under a name where no cookie counts, no form asks for a code that could not work there.
#[test]
fn names_of_programs_tell_where_the_dashboard_is_found() {
    let place = Place::new();
    let server = place.serve();
    for host in [server.address.to_string(), format!("localhost:{}", server.address.port())] {
        for path in ["/", "/sign-in", "/approvals"] {
            let said = server.nobody().instead("Host", Some(&host)).get(path);
            assert!(
                !said.body.contains("<form") && said.body.contains("keep open"),
                "{host}{path}: {said:?}"
            );
        }
    }
    // A tab of before the last start is told so, and led in no circle.
    let old = server.nobody().instead("Host", Some("old.localhost:1")).with("Accept", "text/html").get("/");
    assert_eq!(old.status, 403);
    assert!(old.body.contains("keep open") && !old.body.contains("href=\"/\""), "{old:?}");
}

/// A page on another port of this machine gets no cookie of ours, since the name is another; if it had one,
/// it would count under no other name.
#[test]
fn a_session_counts_under_the_dashboards_name_alone() {
    let place = Place::new();
    let server = place.serve();
    let person = signed_in(&server);
    assert_eq!(person.get("/api/v1/status").status, 200);
    for host in [server.address.to_string(), format!("localhost:{}", server.address.port())] {
        let said = person.clone().instead("Host", Some(&host)).instead("Origin", None).get("/api/v1/status");
        assert_eq!(said.status, 401, "{host}: {said:?}");
    }
    assert_eq!(
        person.post("/mcp", &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" })).status,
        401
    );
}

#[test]
fn every_page_shows_itself() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let agent = server.client(&token);
    let made = agent
        .post(
            "/api/v1/memories",
            &json!({ "text": "<script>alert(1)</script> & co", "title": "A \"title\"" }),
        )
        .ok();
    let waits = agent.post("/api/v1/memories/forget", &json!({ "ids": [made["id"]] })).value();
    let person = signed_in(&server);
    for path in [
        "/".to_owned(),
        "/approvals".into(),
        format!("/approvals/{}", waits["approval"].as_str().unwrap()),
        "/activity".into(),
        "/activity?principal=agent:a&action=memory".into(),
        "/activity/0".into(),
        "/memories".into(),
        "/memories?q=script".into(),
        "/memories?quarantined=true".into(),
        format!("/memories/{}", made["id"].as_str().unwrap()),
        "/attest".into(),
    ] {
        let page = person.get(&path);
        assert_eq!(page.status, 200, "{path}: {page:?}");
        assert!(page.header("content-type").unwrap().starts_with("text/html"), "{path}");
        assert!(!page.body.contains("<script>alert"), "{path} shows a script of a memory");
        assert!(
            !page.body.contains(" style=") && !page.body.contains(" onclick="),
            "{path} has something inline"
        );
        assert!(page.body.contains("<h1>") && page.body.contains("<title>(1)"), "{path}: {page:?}");
    }
}

#[test]
fn a_person_answers_what_an_agent_asked_for() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let agent = server.client(&token);
    let made = agent.post("/api/v1/memories", &json!({ "text": "to be forgotten" })).ok();
    let forget = || agent.post("/api/v1/memories/forget", &json!({ "ids": [made["id"]] }));
    let waits = forget().value();
    let path = format!("/approvals/{}", waits["approval"].as_str().unwrap());
    let person = signed_in(&server);
    let page = person.get(&path);
    let key = form_key(&page);
    assert_eq!(person.form(&path, "answer=once").status, 400, "a form without its key");
    assert_eq!(person.form(&path, "answer=once&form_key=wrong").status, 403);
    assert_eq!(
        person.clone().instead("Origin", None).form(&path, &format!("answer=once&form_key={key}")).status,
        403
    );
    assert_eq!(forget().status, 403, "it was approved by a form that is not ours");
    let answered = person.form(&path, &format!("answer=once&form_key={key}"));
    assert_eq!(answered.status, 303, "{answered:?}");
    assert_eq!(forget().ok()["ids"][0], made["id"]);
    assert_eq!(forget().status, 404);
    let late = person.form(&path, &format!("answer=no&form_key={key}"));
    assert_eq!(late.status, 409, "{late:?}");
}

#[test]
fn a_no_comes_with_its_reason() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let agent = server.client(&token);
    let made = agent.post("/api/v1/memories", &json!({ "text": "stays" })).ok();
    let forget = || agent.post("/api/v1/memories/forget", &json!({ "ids": [made["id"]] }));
    let request = forget().value()["approval"].as_str().unwrap().to_owned();
    let person = signed_in(&server);
    let body = json!({ "answer": "no", "note": "keep that one" });
    let answered = person.post(&format!("/api/v1/approvals/{request}/answer"), &body).ok();
    assert_eq!(
        (answered["state"].as_str(), answered["answered_by"].as_str()),
        (Some("denied"), Some("user:ann"))
    );
    let told = forget();
    assert_eq!(told.status, 403);
    assert!(told.body.contains("keep that one"), "{told:?}");
}

/// What is confirmed is the one request that was shown; nothing else that is critical happens in its wake.
#[test]
fn nothing_critical_happens_unasked_from_the_dashboard() {
    let place = Place::new();
    let server = place.serve();
    let person = signed_in(&server);
    let made = person.post("/api/v1/memories", &json!({ "text": "said at the dashboard" })).ok();
    // A person may forget their own; only what is critical needs a question, and nobody asks it here.
    assert_eq!(made["written_by"], "user:ann");
    assert_eq!(made["trust"], "agent", "what comes over the network is believed as a person's own words");
    let none =
        person.post("/api/v1/approvals/apr_00000000000000000000000000/answer", &json!({ "answer": "once" }));
    assert_eq!(none.status, 404, "{none:?}");
}

/// A person who looks through the memories makes none of them last longer; an agent that recalls one does.
#[test]
fn a_search_on_the_dashboard_is_no_recall() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let (agent, person) = (server.client(&token), signed_in(&server));
    let made = agent.post("/api/v1/memories", &json!({ "text": "we chose Postgres for orders" })).ok();
    for _ in 0..3 {
        let page = person.get("/memories?q=which+database+did+we+choose");
        assert!(page.body.contains("Postgres"), "{page:?}");
    }
    let recalls = || {
        // What is counted is written in its turn, before this.
        agent.post("/api/v1/memories", &json!({ "text": "another thing" })).ok();
        let read = agent.get(&format!("/api/v1/memories/{}", made["id"].as_str().unwrap())).ok();
        read["memory"]["recalls"].as_u64().unwrap()
    };
    assert_eq!(recalls(), 0, "the search was counted");
    let found = agent.post("/api/v1/recall", &json!({ "question": "which database did we choose" })).ok();
    assert_eq!(found["found"][0]["memory"]["id"], made["id"], "{found}");
    assert_eq!(recalls(), 1);
}

/// Letters that show nothing are written out, wherever somebody's text stands.
#[test]
fn nothing_hides_in_what_is_told() {
    let place = Place::new();
    let server = place.serve();
    let person = signed_in(&server);
    for (path, letter, shown) in [
        ("/runs/%E2%80%AEabc", '\u{202e}', "\\u{202e}abc"),
        ("/api/v1/runs/%E3%85%A4abc", '\u{3164}', "\\\\u{3164}abc"),
    ] {
        for kind in ["text/html", "application/json"] {
            let told = person.clone().with("Accept", kind).get(path);
            assert_eq!(told.status, 404, "{told:?}");
            assert!(!told.body.contains(letter), "{told:?}");
            assert!(
                told.body.contains(shown) || told.body.contains(&shown.replace('\\', "\\\\")),
                "{told:?}"
            );
        }
    }
}

/// A page under a name above may set cookies for this one, and cannot keep its person out with them.
#[test]
fn another_cookie_of_the_name_keeps_nobody_out() {
    let place = Place::new();
    let server = place.serve();
    let person = signed_in(&server);
    assert_eq!(person.get("/").status, 200);
    let mine = person.header("Cookie").unwrap().to_owned();
    for cookies in [format!("keep_session=bogus; {mine}"), format!("{mine}; keep_session=bogus")] {
        assert_eq!(person.clone().instead("Cookie", Some(&cookies)).get("/").status, 200, "{cookies}");
    }
    let many = format!("{}{mine}", "keep_session=bogus; ".repeat(100));
    assert_eq!(person.instead("Cookie", Some(&many)).get("/").status, 401, "it looks them all up");
}
