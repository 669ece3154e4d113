//! Runs, tries and artifacts of a project, over the HTTP API.

use crate::place::Place;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn a_command_runs_in_the_project_of_its_caller() {
    let place = Place::in_project();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    fs::create_dir(place.cwd.join("sub")).unwrap();
    let line = json!({ "command": "pwd; echo oops >&2; touch made; exit 3", "folder": "sub" });
    let ran = client.post("/api/v1/runs", &line).ok();
    assert_eq!((ran["code"].as_i64(), ran["ended_by"].as_str()), (Some(3), Some("itself")), "{ran}");
    assert!(ran["output"]["text"].as_str().unwrap().ends_with("/demo/sub\n"), "{ran}");
    assert_eq!(ran["errors"]["text"], "oops\n");
    assert!(place.cwd.join("sub/made").exists());
    let words = client.post("/api/v1/runs", &json!({ "words": ["echo", "$HOME; ls"] })).ok();
    assert_eq!(words["output"]["text"], "$HOME; ls\n", "a shell read what was for none");
    let id = ran["id"].as_str().unwrap();
    let on_record = client.get(&format!("/api/v1/runs/{id}")).ok();
    assert_eq!(
        (on_record["state"].as_str(), on_record["output"]["bytes"].as_u64()),
        (Some("ended"), ran["output"]["bytes"].as_u64())
    );
    let listed = client.get("/api/v1/runs").ok();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2), "{listed}");
    assert!(listed["items"][0].get("output").is_none(), "{listed}");
    for (body, status) in [
        (json!({ "command": "ls", "folder": ".." }), 403),
        (json!({ "command": "ls", "folder": "/" }), 403),
        (json!({ "command": "ls", "words": ["ls"] }), 400),
        (json!({}), 400),
        (json!({ "command": "ls", "profile": "all" }), 400),
        (json!({ "command": "ls", "secrets": ["A=b c"] }), 400),
        (json!({ "command": "git push origin main" }), 403),
    ] {
        let said = client.post("/api/v1/runs", &body);
        assert_eq!(said.status, status, "{body}: {said:?}");
    }
}

#[test]
fn another_projects_token_runs_nothing_here() {
    let place = Place::in_project();
    let token = place.token("agent:b", "elsewhere");
    let server = place.serve();
    let client = server.client(&token);
    for path in ["/api/v1/runs", "/api/v1/tries"] {
        let said = client.post(path, &json!({ "command": "touch made" }));
        assert_eq!(said.status, 403, "{said:?}");
    }
    let put = json!({ "name": "x", "path": ".git" });
    assert_eq!(client.post("/api/v1/artifacts", &put).status, 403);
    let checked = client.post("/api/v1/shell-check", &json!({ "command": "ls x" }));
    assert_eq!(checked.ok()["cwd"], "/");
    let here = place.cwd.display().to_string();
    assert!(!checked.body.contains(&here), "it was told where others work: {checked:?}");
    assert!(!place.cwd.join("made").exists());
}

/// A server that was started somewhere else knows the folder that a project is bound to.
#[test]
fn a_token_works_in_the_folder_that_its_project_is_bound_to() {
    let place = Place::in_project();
    let token = place.token("agent:a", "demo");
    let root = place.cwd.canonicalize().unwrap();
    let bound = place.as_person(async |app, person| app.bind_project(person, root).await.unwrap());
    assert_eq!(bound.name.as_str(), "demo");
    let place = Place { cwd: place.folder.path().to_owned(), ..place };
    let server = place.serve();
    let ran = server.client(&token).post("/api/v1/runs", &json!({ "command": "pwd" })).ok();
    assert!(ran["output"]["text"].as_str().unwrap().ends_with("/demo\n"), "{ran}");
    // A folder that is no project any more is not the one that was bound.
    fs::remove_dir_all(place.folder.path().join("demo/.git")).unwrap();
    let said = server.client(&token).post("/api/v1/runs", &json!({ "command": "pwd" }));
    assert_eq!(said.status, 403, "{said:?}");
}

#[test]
fn what_is_tried_waits() {
    let place = Place::in_project();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    fs::write(place.cwd.join("old"), "one\n").unwrap();
    let tried = client.post("/api/v1/tries", &json!({ "command": "echo two > old; echo new > made" })).ok();
    let mut paths: Vec<_> =
        tried["changes"].as_array().unwrap().iter().map(|change| change["path"].clone()).collect();
    paths.sort_by_key(Value::to_string);
    assert_eq!(paths, ["made", "old"], "{tried}");
    assert!(!place.cwd.join("made").exists());
    let id = tried["run"]["id"].as_str().unwrap();
    assert_eq!(client.get("/api/v1/tries").ok()["items"][0]["id"], id);
    assert_eq!(client.get(&format!("/api/v1/tries/{id}")).ok()["changes"], tried["changes"]);
    let commit = client.post(&format!("/api/v1/tries/{id}/commit"), &json!({}));
    assert_eq!((commit.status, commit.value()["kind"].as_str()), (403, Some("pending")), "{commit:?}");
    client.post(&format!("/api/v1/tries/{id}/discard"), &json!({})).ok();
    assert_eq!(client.get("/api/v1/tries").ok()["items"], json!([]));
    assert_eq!(fs::read_to_string(place.cwd.join("old")).unwrap(), "one\n");
    let nothing = client.post("/api/v1/tries", &json!({ "command": "true" })).ok();
    assert_eq!(nothing["changes"], json!([]));
    assert_eq!(client.get("/api/v1/tries").ok()["items"], json!([]), "nothing waits of what changed nothing");
}

#[test]
fn artifacts_come_from_the_project_and_go_there() {
    let place = Place::in_project();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    fs::write(place.cwd.join("model.bin"), [7; 9_000]).unwrap();
    fs::write(place.folder.path().join("outside"), "secret").unwrap();
    symlink("../outside", place.cwd.join("link")).unwrap();
    let put = |path: &str| {
        client.post("/api/v1/artifacts", &json!({ "name": "model", "path": path, "tags": ["best"] }))
    };
    let stored = put("model.bin").ok();
    assert_eq!(
        (stored["version"].as_u64(), stored["raw_bytes"].as_u64()),
        (Some(1), Some(9_000)),
        "{stored}"
    );
    for (path, status) in [("../outside", 403), ("link", 403), ("/etc/passwd", 403), ("none", 404)] {
        assert_eq!(put(path).status, status, "{path}");
    }
    let get =
        |to: &str| client.post("/api/v1/artifact-restore", &json!({ "version": "model@best", "to": to }));
    let got = get("copy.bin").ok();
    assert_eq!(got["bytes"], 9_000, "{got}");
    assert_eq!(fs::read(place.cwd.join("copy.bin")).unwrap(), [7; 9_000]);
    symlink("..", place.cwd.join("up")).unwrap();
    for folder in [".claude", "sub/.git/hooks", ".git/info"] {
        fs::create_dir_all(place.cwd.join(folder)).unwrap();
    }
    for (to, status) in [
        ("copy.bin", 409),
        ("../x", 403),
        ("up/x", 403),
        ("/tmp/x", 403),
        (".git/hooks/pre-commit", 403),
        (".git/config", 403),
        (".claude/settings.local.json", 403),
        ("sub/.git/hooks/pre-commit", 403),
        (".git/info/attributes", 403),
        ("CLAUDE.md", 403),
    ] {
        assert_eq!(get(to).status, status, "{to}");
    }
    assert!(!place.folder.path().join("x").exists());
}

/// It has ended with everything that it started when that is answered; only whose it is ends it.
#[test]
fn a_run_is_ended_with_all_that_it_started() {
    let place = Place::in_project();
    let (token, other) = (place.token("agent:a", "demo"), place.token("agent:b", "demo"));
    let server = place.serve();
    let (client, stranger) = (server.client(&token), server.client(&other));
    let beats = place.cwd.join("beats");
    let line = "trap '' TERM; (while :; do echo x >> beats; sleep 0.05; done) & wait";
    let (begun, stopped) = std::thread::scope(|scope| {
        let running = scope.spawn(|| client.post("/api/v1/runs", &json!({ "command": line })));
        while !beats.exists() {
            std::thread::yield_now();
        }
        let id = client.get("/api/v1/runs").ok()["items"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/runs/{id}/stop");
        let refused = stranger.post(&path, &json!({}));
        assert_eq!(refused.status, 403, "{refused:?}");
        let stopped = client.post(&path, &json!({})).ok();
        assert_eq!((&stopped["id"], stopped["state"].as_str()), (&json!(id), Some("ended")), "{stopped}");
        let size = fs::metadata(&beats).unwrap().len();
        let late = client.post(&path, &json!({}));
        assert_eq!(late.status, 409, "{late:?}");
        assert_eq!(fs::metadata(&beats).unwrap().len(), size, "something of it goes on");
        (running.join().unwrap().ok(), stopped)
    });
    assert_eq!((&begun["id"], &begun["ended_by"]), (&stopped["id"], &stopped["ended_by"]), "{begun}");
    assert_eq!(client.post("/api/v1/runs/run_none/stop", &json!({})).status, 404);
}

/// A folder is looked into: what lies in it counts where it would lie.
#[test]
fn no_artifact_brings_what_others_obey() {
    let place = Place::in_project();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    fs::create_dir(place.cwd.join("sub")).unwrap();
    for (name, file, to) in [
        ("hooks", "d1/.git/hooks/post-checkout", "sub/x"),
        ("settings", "d2/deep/.claude/settings.json", "sub/y"),
        ("plain", "d3/settings.json", ".claude"),
        ("cargo", "d4/config.toml", ".cargo"),
        ("nested", "d5/config", "sub/.cargo"),
    ] {
        let file = place.cwd.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "evil").unwrap();
        let folder = file.strip_prefix(&place.cwd).unwrap().components().next().unwrap();
        let stored = json!({ "name": name, "path": folder.as_os_str().to_str().unwrap() });
        client.post("/api/v1/artifacts", &stored).ok();
        let restore =
            |to: &str| client.post("/api/v1/artifact-restore", &json!({ "version": name, "to": to }));
        let refused = restore(to);
        assert_eq!(refused.status, 403, "{name}");
        assert!(!place.cwd.join(to).exists(), "{to}");
    }
    // The same files are restored to where nobody obeys them.
    let elsewhere = json!({ "version": "plain", "to": "sub/plain" });
    client.post("/api/v1/artifact-restore", &elsewhere).ok();
    assert_eq!(fs::read_to_string(place.cwd.join("sub/plain/settings.json")).unwrap(), "evil");
}
