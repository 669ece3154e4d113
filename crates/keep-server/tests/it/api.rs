//! The HTTP API.

use crate::dashboard::signed_in;
use crate::place::Place;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

#[test]
fn remembered_is_recalled_edited_linked_and_forgotten() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    let asked = json!({ "text": "We chose Postgres because of its JSON support", "kind": "decision", "tags": ["db"] });
    let made = client.post("/api/v1/memories", &asked).ok();
    assert_eq!((made["namespace"].as_str(), made["trust"].as_str()), (Some("project:demo"), Some("agent")));
    assert_eq!(made["written_by"], "agent:a");
    let other = client.post("/api/v1/memories", &json!({ "text": "Tea is served at four" })).ok();
    let found = client.post("/api/v1/recall", &json!({ "question": "why did we choose Postgres?" })).ok();
    assert_eq!(found["found"][0]["memory"]["id"], made["id"], "{found}");
    assert!(found["found"][0]["because"].as_array().is_some_and(|legs| !legs.is_empty()));
    let id = made["id"].as_str().unwrap();
    let path = format!("/api/v1/memories/{id}");
    let edited =
        client.json("PATCH", &path, &json!({ "text": "We chose Postgres 17", "importance": 8 })).ok();
    assert_eq!((edited["version"].as_u64(), edited["importance"].as_u64()), (Some(2), Some(8)));
    let read = client.get(&path).ok();
    assert_eq!(read["before"][0]["text"], asked["text"]);
    let link = json!({ "kind": "references", "to": other["id"] });
    assert_eq!(client.post(&format!("{path}/links"), &link).ok()["to"], other["id"]);
    let gone = client.post("/api/v1/memories/forget", &json!({ "ids": [id] }));
    // Policy asks a person before an agent takes away what is there.
    assert_eq!(gone.status, 403, "{gone:?}");
    let problem = gone.value();
    assert_eq!(problem["kind"], "pending");
    assert!(problem["approval"].as_str().is_some_and(|id| id.starts_with("apr_")), "{problem}");
    let waiting = client.get("/api/v1/approvals").ok();
    assert_eq!(waiting["items"][0]["id"], problem["approval"]);
    let own = client.post(
        &format!("/api/v1/approvals/{}/answer", problem["approval"].as_str().unwrap()),
        &json!({ "answer": "once" }),
    );
    assert_eq!(own.status, 403, "an agent answered its own request: {own:?}");
    let records = client.get("/api/v1/audit/records?action=memory").ok();
    let seq = &records["items"][0]["seq"];
    let proof = client.get(&format!("/api/v1/audit/records/{seq}/proof")).ok();
    assert_eq!(&proof["seq"], seq);
}

#[test]
fn one_principal_sees_nothing_of_anothers() {
    let place = Place::new();
    let (one, two) = (place.token("agent:one", "first"), place.token("agent:two", "second"));
    let server = place.serve();
    let (one, two) = (server.client(&one), server.client(&two));
    let made = one.post("/api/v1/memories", &json!({ "text": "the first project is secret" })).ok();
    let id = made["id"].as_str().unwrap();
    assert_eq!(two.get(&format!("/api/v1/memories/{id}")).status, 404);
    assert_eq!(two.json("PATCH", &format!("/api/v1/memories/{id}"), &json!({ "text": "x" })).status, 404);
    assert_eq!(two.post("/api/v1/memories/forget", &json!({ "ids": [id] })).status, 404);
    let asked = json!({ "question": "what is secret?", "even_weak": true });
    assert_eq!(two.post("/api/v1/recall", &asked).ok()["found"], json!([]));
    for path in [
        format!("/api/v1/memories/{id}?namespace=project:first"),
        "/api/v1/memories?namespace=project:first".into(),
    ] {
        let said = two.get(&path);
        assert!(matches!(said.status, 403 | 404), "{path}: {said:?}");
    }
    let written = two.post("/api/v1/memories", &json!({ "text": "x", "namespace": "project:first" }));
    assert_eq!(written.status, 403, "{written:?}");
    let waits = one.post("/api/v1/memories/forget", &json!({ "ids": [id] })).value();
    let request = waits["approval"].as_str().unwrap();
    assert_eq!(two.get(&format!("/api/v1/approvals/{request}")).status, 404);
    assert_eq!(two.get("/api/v1/approvals").ok()["items"], json!([]));
    let records = two.get("/api/v1/audit/records?limit=500").ok();
    assert!(
        records["items"].as_array().unwrap().iter().all(|one| one["principal"] == "agent:two"),
        "{records}"
    );
    let first = one.get("/api/v1/audit/records").ok()["items"][0]["seq"].clone();
    assert_eq!(two.get(&format!("/api/v1/audit/records/{first}/proof")).status, 404);
}

#[test]
fn lists_go_on_where_they_ended() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    for n in 0..7 {
        client.post("/api/v1/memories", &json!({ "text": format!("matter number {n}") })).ok();
    }
    for path in ["/api/v1/memories?limit=3", "/api/v1/audit/records?limit=3&action=memory.write"] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = client.get(&format!("{path}{after}")).ok();
            seen.extend(page["items"].as_array().unwrap().iter().map(ToString::to_string));
            match page["next"].as_u64() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let mut unique = seen.clone();
        unique.sort();
        unique.dedup();
        assert_eq!((seen.len(), unique.len()), (7, 7), "{path}: {seen:?}");
    }
}

#[test]
fn what_is_known_already_is_not_sent_again() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    client.post("/api/v1/memories", &json!({ "text": "the same as before" })).ok();
    let first = client.get("/api/v1/memories");
    let tag = first.header("etag").unwrap().to_owned();
    let again = client.clone().with("If-None-Match", &tag).get("/api/v1/memories");
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    client.post("/api/v1/memories", &json!({ "text": "something else" })).ok();
    assert_eq!(client.with("If-None-Match", &tag).get("/api/v1/memories").status, 200);
}

#[test]
fn a_request_sent_again_is_not_done_again() {
    let place = Place::new();
    let (token, other) = (place.token("agent:a", "demo"), place.token("agent:b", "demo"));
    let server = place.serve();
    let client = server.client(&token).with("Idempotency-Key", "one");
    let body = json!({ "text": "once and no more" });
    let first = client.post("/api/v1/memories", &body).ok();
    assert_eq!(client.post("/api/v1/memories", &body).ok(), first);
    assert_eq!(client.post("/api/v1/memories", &json!({ "text": "another" })).status, 409);
    let others = server.client(&other).with("Idempotency-Key", "one").post("/api/v1/memories", &body).ok();
    assert_ne!(others["id"], first["id"], "one principal got another's answer");
    assert_eq!(
        server.client(&token).with("Idempotency-Key", "a b").post("/api/v1/memories", &body).status,
        400
    );
    assert_eq!(server.client(&token).get("/api/v1/memories").ok()["items"].as_array().map(Vec::len), Some(2));
}

/// A restart forgets no request that was begun. What a memory says does not lie about for it.
#[test]
fn a_request_sent_again_after_a_restart_is_not_done_again() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let one = json!({ "text": "once and no more" });
    let ids: Vec<_> = ["this", "that"]
        .map(|text| {
            server.client(&token).post("/api/v1/memories", &json!({ "text": text })).ok()["id"].clone()
        })
        .to_vec();
    let link = json!({ "kind": "references", "to": ids[1] });
    let at = |what: &str| format!("/api/v1/memories/{}/{what}", ids[0].as_str().unwrap());
    server.client(&token).post(&at("links"), &link).ok();
    server.client(&token).with("Idempotency-Key", "one").post("/api/v1/memories", &one).ok();
    let unlinked = server.client(&token).with("Idempotency-Key", "two").post(&at("unlink"), &link).ok();
    server.end();

    let server = place.serve();
    assert_eq!(
        server.client(&token).with("Idempotency-Key", "two").post(&at("unlink"), &link).ok(),
        unlinked
    );
    let again = server.client(&token).with("Idempotency-Key", "one").post("/api/v1/memories", &one);
    assert_eq!((again.status, again.value()["kind"].as_str()), (409, Some("conflict")), "{again:?}");
    assert!(again.body.contains("was done"), "{again:?}");
    let another = json!({ "text": "another" });
    let another = server.client(&token).with("Idempotency-Key", "one").post("/api/v1/memories", &another);
    assert!(another.status == 409 && another.body.contains("another request"), "{another:?}");
    assert_eq!(server.client(&token).get("/api/v1/memories").ok()["items"].as_array().map(Vec::len), Some(3));
}

/// The server died between the effect and the answer: nobody can know, and so it is not done.
#[test]
fn a_request_that_began_and_was_never_answered_is_to_be_looked_at() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    place.as_person(async |app, caller| {
        let mut agent = caller.clone();
        agent.principal = "agent:a".parse().unwrap();
        agent.home = "project:demo".parse().unwrap();
        agent.reach = keep_types::Reach::Only(vec![agent.home.clone()]);
        let key = keep_app::RequestKey::new(&agent, "one");
        let body = r#"{"text":"once and no more"}"#;
        let request = format!("POST /api/v1/memories {body}");
        let standing = app.request_began(&key, keep_types::Digest::of(request.as_bytes())).await.unwrap();
        assert_eq!(standing, keep_app::RequestStanding::New);
    });
    let server = place.serve();
    let client = server.client(&token).with("Idempotency-Key", "one");
    for _ in 0..2 {
        let said = client.post("/api/v1/memories", &json!({ "text": "once and no more" }));
        assert_eq!(said.status, 409, "{said:?}");
        assert!(said.body.contains("nobody knows") && said.body.contains("look first"), "{said:?}");
    }
    // A refusal leaves the key free.
    let client = server.client(&token).with("Idempotency-Key", "three");
    let odd = json!({ "text": "x", "from_tool": "a", "from_document": "b" });
    assert_eq!(client.post("/api/v1/memories", &odd).status, 400);
    client.post("/api/v1/memories", &json!({ "text": "a better one" })).ok();
}

/// What one token may see is no answer for another, even of the same principal: it asks the gate itself.
#[test]
fn an_answer_is_for_the_rights_that_it_was_made_for() {
    let place = Place::new();
    let (one, other) = (place.token("agent:a", "demo"), place.token("agent:a", "other"));
    let narrow = place.as_person(async |app, person| {
        let new = keep_gate::NewToken {
            principal: "agent:a".parse().unwrap(),
            scopes: vec!["secret.list".parse().unwrap()],
            namespaces: vec!["project:demo".parse().unwrap()],
            label: "test".into(),
            lifetime: None,
        };
        app.gate().create_token(person, new).await.unwrap().token
    });
    let server = place.serve();
    let client = |token: &str| server.client(token).with("Idempotency-Key", "1");
    let body = json!({ "text": "the plan of demo" });
    let first = client(&one).post("/api/v1/memories", &body).ok();
    assert_eq!(client(&one).post("/api/v1/memories", &body).ok(), first);
    let elsewhere = client(&other).post("/api/v1/memories", &body).ok();
    assert_eq!(elsewhere["namespace"], "project:other", "it was told of another's and not done: {elsewhere}");
    assert_eq!(client(&narrow).post("/api/v1/memories", &body).status, 403);
    // What only looks is looked up each time, so it shows nothing that was forgotten since.
    let asked = json!({ "question": "plan" });
    assert_eq!(client(&one).post("/api/v1/recall", &asked).ok()["found"].as_array().map(Vec::len), Some(1));
    let found = client(&other).post("/api/v1/recall", &asked).ok();
    assert!(!found.to_string().contains("project:demo"), "{found}");
}

#[test]
fn a_command_is_judged_and_not_run() {
    let place = Place::in_project();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    let marker = place.folder.path().join("marker");
    let asked = json!({ "command": format!("touch {}; rm -rf /", marker.display()) });
    let judged = client.post("/api/v1/shell-check", &asked).ok();
    assert_eq!(
        (judged["decision"].as_str(), judged["risk"].as_str()),
        (Some("ask"), Some("critical")),
        "{judged}"
    );
    assert!(!marker.exists());
    assert_eq!(client.post("/api/v1/shell-check", &json!({ "command": "ls" })).ok()["decision"], "allow");
}

#[test]
fn other_operations_answer() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    client
        .post("/api/v1/memories", &json!({ "text": "never deploy on a Friday", "kind": "constraint" }))
        .ok();
    let context = client.post("/api/v1/context", &json!({ "task": "deploy the service" })).ok();
    assert!(context["markdown"].as_str().unwrap().contains("Friday"), "{context}");
    let status = client.get("/api/v1/status").ok();
    assert_eq!(
        (status["principal"].as_str(), status["ledger"].as_str()),
        (Some("agent:a"), Some("anchored")),
        "{status}"
    );
    assert!(!status.to_string().contains(place.folder.path().to_str().unwrap()), "{status}");
    let doctor = client.get("/api/v1/doctor").ok();
    assert!(doctor["items"].as_array().unwrap().iter().any(|check| check["name"] == "database"), "{doctor}");
    assert_eq!(client.get("/api/v1/secrets").ok()["items"], json!([]));
    assert_eq!(client.get("/api/v1/artifacts").ok()["items"], json!([]));
    assert_eq!(client.get("/api/v1/artifacts/none").status, 404);
    assert!(client.get("/metrics").body.contains("keep_requests_total{status=\"2xx\"}"));
    assert_eq!(server.nobody().get("/ready").body, "ready\n");
}

#[test]
fn what_is_not_understood_is_refused_whole() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    for (body, status) in [
        (json!({}), 400),
        (json!({ "text": "x", "colour": "red" }), 400),
        (json!({ "text": 7 }), 400),
        (json!({ "text": "x", "namespace": "nowhere" }), 400),
        (json!({ "text": "x", "importance": 11 }), 400),
        (json!({ "text": "x", "said_at": "yesterday" }), 400),
        (json!({ "text": "" }), 422),
    ] {
        let said = client.post("/api/v1/memories", &body);
        assert_eq!(said.status, status, "{body}: {said:?}");
        assert_eq!(said.value()["kind"], "usage", "{said:?}");
    }
    let broken = client.clone().with("Content-Type", "application/json").with("Keep-Request", "1");
    assert_eq!(broken.send("POST", "/api/v1/memories", Some("{".into())).status, 400);
    assert_eq!(client.get("/api/v1/memories?colour=red").status, 400);
    assert_eq!(client.get("/api/v1/memories").ok()["items"], json!([]));
}

/// An export over the interface is checked like any other: with the public key and nothing else.
#[test]
fn the_log_is_exported_with_its_proofs() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let key = place.as_person(async |app, _| app.public_key().unwrap().unwrap());
    let server = place.serve();
    for n in 0..5 {
        server.client(&token).post("/api/v1/memories", &json!({ "text": format!("number {n}") })).ok();
    }
    let refused = server.client(&token).get("/api/v1/audit/export");
    assert_eq!(refused.status, 403, "a program reads what is its own: {refused:?}");
    let person = signed_in(&server);
    let whole = person.get("/api/v1/audit/export");
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("application/jsonl")), "{whole:?}");
    let file = place.folder.path().join("export.jsonl");
    let check = |body: &str| {
        std::fs::write(&file, body).unwrap();
        keep_app::check_export(&file, &key)
    };
    let report = check(&whole.body).unwrap();
    assert_eq!(report.records, 0..report.size, "it is whole");
    assert_eq!(whole.body.lines().count() as u64, report.size + 1);
    let part = person.get("/api/v1/audit/export?from=2&until=4").body;
    assert_eq!(check(&part).unwrap().records, 2..4);
    assert!(check(&part.replace("memory.write", "memory.wrote")).is_err() || !part.contains("memory.write"));
    let cut: String = whole.body.lines().take(3).map(|line| format!("{line}\n")).collect();
    assert!(check(&cut).is_err(), "a part passed for the whole");
    assert_eq!(person.get("/api/v1/audit/export?from=x").status, 400);
}

/// A rule that a person wrote down is obeyed without a restart, and so is that it was taken away.
#[test]
fn rules_are_obeyed_as_they_change() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let rules = place.as_person(async |app, _| app.at().config.join("rules"));
    let server = place.serve();
    let client = server.client(&token);
    let body = json!({ "text": "something" });
    client.post("/api/v1/memories", &body).ok();
    std::fs::create_dir_all(&rules).unwrap();
    std::fs::set_permissions(&rules, std::fs::Permissions::from_mode(0o700)).unwrap();
    let rule = "format = 1\n[[rule]]\nid = \"nothing\"\ndecision = \"deny\"\nprincipals = [\"agent:*\"]\nactions = [\"memory.write\"]\n\
                reason = \"a person says so\"\nmatch = [\"agent:z memory.write global low\"]\n";
    let file = rules.join("mine.toml");
    std::fs::write(&file, rule).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    // Seldom enough not to be too many.
    let wait = || std::thread::sleep(std::time::Duration::from_millis(200));
    let denied = loop {
        let said = client.post("/api/v1/memories", &body);
        if said.status != 200 {
            break said;
        }
        wait();
    };
    assert!(denied.status == 403 && denied.body.contains("a person says so"), "{denied:?}");
    std::fs::remove_file(&file).unwrap();
    while client.post("/api/v1/memories", &body).status != 200 {
        wait();
    }
}
