//! The server as the program starts it, and what agents' own programs call.

use crate::home::{Home, KEEP, Said};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

/// The line that runs another through `keep sh`, in the installation that the hook was asked in.
fn through(home: &Home, line: &str) -> String {
    format!("'{KEEP}' --home '{}' sh -c '{line}'", home.path().display())
}

/// A server of the program's, ended when this goes.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: String,
}

impl Serving {
    fn start(home: &Home) -> Self {
        Self::start_in(home, ".")
    }

    /// One that is started in a folder of the home's.
    pub(crate) fn start_in(home: &Home, folder: &str) -> Self {
        let mut command = home.command(KEEP);
        command.current_dir(home.folder.path().join(folder));
        command.args(["serve", "--port", "0", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ended when this goes, whatever it says.
        let mut serving = Self { child: command.spawn().unwrap(), address: String::new() };
        let said = first_value(&mut serving.child);
        serving.address = said["address"].as_str().unwrap().trim_start_matches("http://").to_owned();
        serving
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn end(mut self, signal: rustix::process::Signal) -> i32 {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first JSON value that a program says, over however many lines.
fn first_value(child: &mut Child) -> Value {
    let mut text = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        text.push_str(&line.unwrap());
        if let Ok(said) = serde_json::from_str(&text) {
            return said;
        }
    }
    panic!("it said nothing: {text:?}");
}

fn given(home: &Home, words: &[&str], input: &str) -> Said {
    let mut command = home.command(KEEP);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who does not read what it is given says so by its answer.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Said::of(child.wait_with_output().unwrap())
}

#[test]
fn it_serves_until_it_is_told_to_end() {
    let home = Home::new();
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let serving = Serving::start(&home);
        assert!(serving.get("/ready").starts_with("HTTP/1.1 200"), "it is not ready");
        assert!(serving.get("/api/v1/status").starts_with("HTTP/1.1 401"));
        assert_eq!(serving.end(signal), 0);
    }
}

#[test]
fn a_second_server_is_told_who_serves_and_commands_work_beside_one() {
    let home = Home::new();
    let serving = Serving::start(&home);
    let second = home.keep(&["serve", "--port", "0"]);
    assert_eq!(second.code, 7, "{second:?}");
    assert!(
        second.err.contains(&serving.address) && second.err.contains(&serving.child.id().to_string()),
        "{second:?}"
    );
    home.ok(&["status"]);
    let mode = std::fs::metadata(home.path().join("state/server")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(serving.end(rustix::process::Signal::TERM), 0);
    // Its file lies there still, and holds nobody up.
    let next = Serving::start(&home);
    assert_eq!(next.end(rustix::process::Signal::TERM), 0);
}

#[test]
fn only_a_person_gets_a_code() {
    let home = Home::new();
    let mut command = home.command(KEEP);
    command.args(["up", "--port", "0", "--json"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let said = first_value(&mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((&said["code"], &said["dashboard"]), (&Value::Null, &Value::Null), "{said}");
}

/// The unit starts what would start here, wherever that was said.
#[test]
fn the_unit_says_all_that_was_given() {
    let mut home = Home::new();
    let place = home.path().display().to_string();
    let unit = home.ok(&["up", "--unit"]);
    assert!(unit.contains(&format!("ExecStart={KEEP} serve --home {place} --port 8717\n")), "{unit}");
    let unit = home.ok(&[
        "--home",
        "other",
        "up",
        "--unit",
        "--port",
        "9000",
        "--listen",
        "192.0.2.7:99",
        "--name",
        "keep.lan",
        "--certificate",
        "a.pem",
        "--key",
        "/b c.pem",
        "--set",
        "secrets.profile=dev",
    ]);
    let folder = home.folder.path().canonicalize().unwrap().display().to_string();
    for said in [
        format!(" serve --home {folder}/other --set secrets.profile=dev --port 9000 --listen 192.0.2.7:99 "),
        format!(" --name keep.lan --certificate {folder}/a.pem --key \"/b c.pem\"\n"),
    ] {
        assert!(unit.contains(&said), "{said}: {unit}");
    }
    assert!(!home.folder.path().join("other").exists(), "printing a unit made an installation");
    home.variables.push(("KEEP_HOME", String::new()));
    home.variables.push(("XDG_DATA_HOME", "/srv/data".into()));
    home.variables.push(("XDG_STATE_HOME", "relative".into()));
    home.variables.push(("HOME", "/home/ann".into()));
    let unit = home.ok(&["up", "--unit"]);
    for said in
        ["Environment=HOME=/home/ann\n", "Environment=XDG_DATA_HOME=/srv/data\n", "keep serve --port 8717\n"]
    {
        assert!(unit.contains(said), "{said}: {unit}");
    }
    assert!(!unit.contains("XDG_STATE_HOME"), "what does not count here counts there: {unit}");
}

#[test]
fn an_address_that_nobody_can_come_to_is_refused() {
    let home = Home::new();
    for (listen, says) in
        [("8718", "192.0.2.7:8718"), ("keep.lan:8718", "--name"), ("0.0.0.0:8718", "--name")]
    {
        let said = home.keep(&["serve", "--listen", listen]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains(says), "{said:?}");
    }
    assert!(!home.path().join("config/tls").exists(), "a certificate was made");
}

#[test]
fn a_person_gets_a_way_in_to_a_server_that_runs() {
    let home = Home::new();
    assert_eq!(home.at_terminal(&["open"], "y\n").code, 2, "nothing serves yet");
    let serving = Serving::start(&home);
    let agent = home.keep(&["open"]);
    assert_eq!(agent.code, 3, "an agent got a way in");
    assert!(agent.err.contains("at a terminal of your own"), "{agent:?}");
    assert_eq!(home.at_terminal(&["open"], "n\n").code, 3);
    let said = home.at_terminal(&["open"], "y\n");
    assert_eq!(said.code, 0, "{said:?}");
    // The terminal shows no line end of the answer, so the first line follows the question.
    let after =
        |word: &str| said.out.rsplit_once(word).unwrap().1.split_whitespace().next().unwrap().to_owned();
    let host = after("dashboard").trim_start_matches("http://").trim_end_matches('/').to_owned();
    let code = after("code");
    let enter = |code: &str| {
        let (address, body) = (&serving.address, format!("code={code}"));
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "POST /sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(enter("0000-0000-0000-0000").starts_with("HTTP/1.1 401"));
    assert!(enter(&code).starts_with("HTTP/1.1 303"), "{said:?}");
    assert!(enter(&code).starts_with("HTTP/1.1 401"), "the code was good twice");
}

#[test]
fn an_agent_speaks_the_protocol_over_pipes() {
    let home = Home::new();
    let line = |value: Value| format!("{value}\n");
    let input = [
        line(json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } } })),
        line(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })),
        line(json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" })),
    ]
    .concat();
    let said = given(&home, &["mcp"], &input);
    assert_eq!(said.code, 0, "{said:?}");
    let answers: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers[0]["result"]["serverInfo"]["name"], "keep", "{answers:?}");
}

fn hook(home: &Home, event: &str, body: &Value) -> Said {
    given(home, &["hook", "claude", event], &body.to_string())
}

#[test]
fn an_agents_own_shell_is_judged_and_on_record() {
    let home = Home::new();
    for (command, want, rewritten) in [
        ("ls", "allow", true),
        ("git push --force", "allow", true),
        ("touch x", "allow", true),
        ("cd sub", "allow", false),
        ("rm -rf /", "deny", false),
    ] {
        let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_use_id": "t1",
                            "cwd": home.folder.path(), "tool_input": { "command": command, "timeout": 5 } });
        let said = hook(&home, "pre-tool-use", &event);
        assert_eq!(said.code, 0, "{said:?}");
        let answer: Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"));
        let output = &answer["hookSpecificOutput"];
        assert_eq!(output["permissionDecision"], want, "{command}: {answer}");
        let through = through(&home, command);
        let input = rewritten.then(|| json!({ "command": through, "timeout": 5 }));
        assert_eq!(output.get("updatedInput"), input.as_ref(), "{command}: {answer}");
    }
    let ended = json!({ "hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_use_id": "t1" });
    assert_eq!(hook(&home, "post-tool-use", &ended).out, "");
    let records = home.json(&["audit", "log", "--action", "exec", "--json"]);
    let records = records.to_string();
    assert!(records.contains("exec.delegate") && records.contains("exec.delegated"), "{records}");
    let other = json!({ "hook_event_name": "PreToolUse", "tool_name": "Read", "tool_input": {} });
    assert_eq!(hook(&home, "pre-tool-use", &other).out, "");
}

/// What Codex is told: nothing lets it go on, and it cannot ask.
#[test]
fn codex_hears_it_in_its_own_words() {
    let home = Home::new();
    for (command, want) in [("ls", "allow"), ("cd sub", ""), ("rm -rf /", "deny")] {
        let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_use_id": "c1",
                            "cwd": home.folder.path(), "tool_input": { "command": command } });
        let said = given(&home, &["hook", "codex", "pre-tool-use"], &event.to_string());
        assert_eq!(said.code, 0, "{said:?}");
        let answer: Value = serde_json::from_str(&said.out).unwrap_or(Value::Null);
        let output = &answer["hookSpecificOutput"];
        assert_eq!(output["permissionDecision"].as_str().unwrap_or_default(), want, "{said:?}");
        let through = through(&home, command);
        let input = (want == "allow").then(|| json!({ "command": through }));
        assert_eq!(output.get("updatedInput"), input.as_ref(), "{command}: {answer}");
    }
    assert!(given(&home, &["hook", "codex", "pre-tool-use"], "{}").out.contains("\"deny\""));
}

#[test]
fn copilot_hears_it_in_its_own_words() {
    let home = Home::new();
    let at = home.folder.path();
    for (command, want) in [("ls", "allow"), ("cd sub", "allow"), ("rm -rf /", "deny")] {
        let event = json!({ "sessionId": "s", "cwd": at, "toolName": "bash",
                            "toolArgs": { "command": command, "description": "d" } });
        let said = given(&home, &["hook", "copilot", "pre-tool-use"], &event.to_string());
        let answer: Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"));
        assert_eq!(answer["permissionDecision"], want, "{answer}");
        let through = through(&home, command);
        let input = (command == "ls").then(|| json!({ "command": through, "description": "d" }));
        assert_eq!(answer.get("modifiedArgs"), input.as_ref(), "{answer}");
    }
    assert!(given(&home, &["hook", "copilot", "pre-tool-use"], "{}").out.contains("\"deny\""));
    home.at_terminal(&["remember", "never deploy on a Friday", "--kind", "constraint"], "");
    let begins = json!({ "sessionId": "s", "cwd": at, "source": "new" }).to_string();
    let said = given(&home, &["hook", "copilot", "session-start"], &begins);
    let answer: Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    assert!(answer["additionalContext"].as_str().unwrap().contains("Friday"), "{answer}");
}

/// A version that does not know how to rewrite shows the command itself a second time, and that is held.
#[test]
fn cursor_is_asked_twice() {
    let home = Home::new();
    let at = home.folder.path();
    let asked = |event: &str, body: &Value| -> Value {
        let said = given(&home, &["hook", "cursor", event], &body.to_string());
        assert_eq!(said.code, 0, "{said:?}");
        serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"))
    };
    let last = |command: &str| {
        asked("before-shell-execution", &json!({ "command": command, "cwd": at, "sandbox": false }))
    };
    let event = json!({ "hook_event_name": "preToolUse", "tool_name": "Shell", "tool_use_id": "t1", "cwd": at,
                        "tool_input": { "command": "touch x", "working_directory": at } });
    let before = asked("pre-tool-use", &event);
    let through = before["updated_input"]["command"].as_str().unwrap();
    assert_eq!(
        (&before["permission"], &before["updated_input"]["working_directory"]),
        (&json!("allow"), &json!(at))
    );
    assert_eq!(last(through)["permission"], "allow", "what runs through the gate is judged there");
    for (command, want) in
        [("ls", "allow"), ("touch x", "ask"), ("rm -rf /", "deny"), (&format!("{through}; touch y"), "ask")]
    {
        let said = last(command);
        assert_eq!(said["permission"], want, "{command}: {said}");
        assert_eq!(said["agent_message"].is_string(), want != "allow", "{said}");
    }
}

/// It can say no, and nothing else; how the command runs through the gate stands in the reason.
#[test]
fn windsurf_is_told_how_to_run_it() {
    let home = Home::new();
    std::fs::create_dir(home.folder.path().join(".git")).unwrap();
    let asked = |command: &str| {
        let event = json!({ "agent_action_name": "pre_run_command",
                            "tool_info": { "command_line": command, "cwd": home.folder.path() } });
        given(&home, &["hook", "windsurf", "pre-run-command"], &event.to_string())
    };
    assert_eq!(asked("ls").code, 0);
    let refused = asked("touch made");
    assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
    let through = through(&home, "touch made");
    assert!(refused.err.trim_end().ends_with(&through), "{refused:?}");
    assert_eq!(asked(&through).code, 0, "what runs through the gate is judged there");
    assert_eq!(asked("rm -rf /").code, 2);
    assert!(!asked("rm -rf /").err.contains(" sh -c "), "what is denied is denied");
    assert_eq!(given(&home, &["hook", "windsurf", "pre-run-command"], "not json").code, 2);
    let records = home.json(&["audit", "log", "--action", "exec.delegate", "--json"]).to_string();
    assert!(records.contains("\"answer\":\"deny\"") && !records.contains("\"answer\":\"ask\""), "{records}");
}

/// What an agent is told to run instead is judged again, confined and recorded like any other run.
#[test]
fn a_rewritten_command_runs_through_the_gate() {
    let home = Home::new();
    std::fs::create_dir(home.folder.path().join(".git")).unwrap();
    let told = |command: &str| {
        let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "Bash", "cwd": home.folder.path(),
                            "tool_input": { "command": command } });
        let answer: Value = serde_json::from_str(&hook(&home, "pre-tool-use", &event).out).unwrap();
        answer["hookSpecificOutput"]["updatedInput"]["command"].as_str().unwrap().to_owned()
    };
    let run = |line: &str| Said::of(home.command("/bin/bash").args(["-c", line]).output().unwrap());
    let line = told("echo \"it's $((6 * 7))\" > made; cat made; exit 5");
    let said = run(&line);
    assert_eq!((said.code, said.out.as_str()), (5, "it's 42\n"), "{said:?}");
    assert_eq!(told(&line), line, "what was rewritten was rewritten again");
    let asked = run(&told("git push --force"));
    assert_eq!(asked.code, 8, "{asked:?}");
    let runs = home.json(&["runs", "--json"]);
    assert_eq!(runs.as_array().map(Vec::len), Some(1), "{runs}");
}

/// Programs that want a shell get one by its path.
#[test]
fn it_is_a_shell_under_another_name() {
    let home = Home::new();
    std::fs::create_dir(home.folder.path().join(".git")).unwrap();
    let shell = home.folder.path().join("keep-sh");
    std::os::unix::fs::symlink(KEEP, &shell).unwrap();
    for words in [
        &["-c", "echo a  b"][..],
        &["-lc", "echo a b"],
        &["-c", "-l", "echo a b"],
        &["-c", "echo \"$1\" $0", "b", "a"],
        &["--login", "-c", "echo $1 $2", "sh", "a", "b"],
    ] {
        let said = Said::of(home.command(shell.to_str().unwrap()).args(words).output().unwrap());
        assert_eq!((said.code, said.out.as_str()), (0, "a b\n"), "{words:?}: {said:?}");
    }
}

#[test]
fn what_a_hook_cannot_judge_is_denied() {
    let home = Home::new();
    for text in
        ["", "not json", "{}", r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{}}"#]
    {
        let said = given(&home, &["hook", "claude", "pre-tool-use"], text);
        assert!(said.out.contains("\"deny\""), "{text}: {said:?}");
    }
    home.ok(&["stop", "--reason", "enough"]);
    let event =
        json!({ "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": { "command": "ls" } });
    let said = hook(&home, "pre-tool-use", &event);
    assert!(said.out.contains("\"deny\"") && said.out.contains("enough"), "{said:?}");
}

#[test]
fn a_conversation_begins_with_what_is_remembered() {
    let home = Home::new();
    let event = json!({ "hook_event_name": "SessionStart", "source": "startup", "cwd": home.folder.path() });
    assert_eq!(hook(&home, "session-start", &event).out, "", "there is nothing to say yet");
    let said = home.at_terminal(&["remember", "never deploy on a Friday", "--kind", "constraint"], "");
    assert_eq!(said.code, 0, "{said:?}");
    let said = hook(&home, "session-start", &event);
    let answer: Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    let told = answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap();
    assert!(told.contains("Friday") && told.contains("not instruction"), "{told}");
}

#[test]
fn an_agent_is_connected_and_disconnected() {
    let mut home = Home::new();
    let own = home.folder.path().join("person");
    std::fs::create_dir(&own).unwrap();
    home.variables.push(("HOME", own.display().to_string()));
    std::fs::create_dir(home.folder.path().join(".git")).unwrap();
    let servers = home.folder.path().join(".mcp.json");
    std::fs::write(
        &servers,
        "{\n  \"mcpServers\": {\n    \"other\": {\n      \"command\": \"x\"\n    }\n  }\n}\n",
    )
    .unwrap();
    let before = std::fs::read_to_string(&servers).unwrap();
    let printed = home.at_terminal(&["connect", "claude", "--print"], "");
    assert_eq!(printed.code, 0, "{printed:?}");
    assert_eq!(std::fs::read_to_string(&servers).unwrap(), before, "it was only to be printed");
    let refused = home.converse(&["connect", "claude"], &[("Write this?", "n\n")]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert_eq!(std::fs::read_to_string(&servers).unwrap(), before);
    let projects = home.json(&["project", "list", "--json"]);
    assert_eq!(projects, serde_json::json!([]), "what was only shown is bound");
    let silent = home.at_terminal(&["connect", "claude", "--no-input"], "");
    assert_eq!(silent.code, 2, "{silent:?}");
    let done = home.converse(&["connect", "claude"], &[("Write this?", "y\n"), ("Go ahead?", "y\n")]);
    assert_eq!(done.code, 0, "{done:?}");
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&servers).unwrap()).unwrap();
    assert_eq!(written["mcpServers"]["other"]["command"], "x");
    let args = written["mcpServers"]["keep"]["args"].as_array().unwrap();
    let words: Vec<_> = args.iter().map(|word| word.as_str().unwrap()).collect();
    let ["--home", _, "--token-file", token, "mcp"] = words[..] else { panic!("{words:?}") };
    assert_eq!(std::fs::metadata(token).unwrap().permissions().mode() & 0o777, 0o600);
    let who = home.json(&["--token-file", token, "whoami", "--json"]);
    assert_eq!(who["principal"], "agent:claude", "{who}");
    let hooks = home.folder.path().join(".claude/settings.local.json");
    assert!(std::fs::read_to_string(&hooks).unwrap().contains("hook claude pre-tool-use"));
    // It works where nothing but what was written says which installation is meant.
    let hook = &serde_json::from_str::<Value>(&std::fs::read_to_string(&hooks).unwrap()).unwrap()["hooks"]["PreToolUse"]
        [0];
    let line = hook["hooks"][0]["command"].as_str().unwrap().to_owned();
    let event = r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls"}}"#;
    let ask = |event: &str| {
        let mut child = std::process::Command::new("/bin/sh");
        child.args(["-c", &line]).env_clear().env("HOME", &own).current_dir(home.folder.path());
        let mut child =
            child.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(event.as_bytes()).unwrap();
        let out = child.wait_with_output().unwrap();
        serde_json::from_slice::<Value>(&out.stdout).unwrap()["hookSpecificOutput"].clone()
    };
    let told = ask(event);
    assert_eq!(told["permissionDecision"], "allow", "{told}");
    assert!(told["updatedInput"]["command"].as_str().unwrap().contains(" --home "), "{told}");
    let unread = ask(
        r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"echo \"unclosed"}}"#,
    );
    assert!(
        unread["updatedInput"]["command"].as_str().is_some_and(|line| line.contains(" sh -c ")),
        "{unread}"
    );
    let again = home.at_terminal(&["connect", "claude"], "");
    assert!(again.code == 0 && again.out.contains("already"), "{again:?}");
    // A token that is no good any more is replaced.
    let listed = home.at_terminal(&["--json", "token", "list"], "").out;
    let listed: Value = serde_json::from_str(&listed).unwrap_or_else(|e| panic!("{e}: {listed}"));
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(home.at_terminal(&["token", "revoke", &id], "").code, 0);
    let denied = ask(event);
    assert!(denied["permissionDecisionReason"].as_str().unwrap().contains("keep connect"), "{denied}");
    let renewed = home.converse(&["connect", "claude"], &[("Write this?", "y\n"), ("Go ahead?", "y\n")]);
    assert_eq!(renewed.code, 0, "{renewed:?}");
    assert_eq!(ask(event)["permissionDecision"], "allow");
    let undone = home.at_terminal(&["disconnect", "claude"], "");
    assert_eq!(undone.code, 0, "{undone:?}");
    let nothing = home.at_terminal(&["disconnect", "claude"], "");
    assert!(nothing.code == 0 && nothing.out.contains("was not connected"), "{nothing:?}");
    assert_eq!(std::fs::read_to_string(&servers).unwrap(), before);
    assert!(!hooks.parent().unwrap().exists() && !std::path::Path::new(token).exists());
}

/// Each agent's settings lie where it looks for them, and name hooks that this program knows.
#[test]
fn every_agent_can_be_connected() {
    let mut home = Home::new();
    let own = home.folder.path().join("person");
    std::fs::create_dir(&own).unwrap();
    home.variables.push(("HOME", own.display().to_string()));
    std::fs::create_dir(home.folder.path().join(".git")).unwrap();
    for (agent, files) in [
        ("codex", &["person/.codex/config.toml", ".codex/hooks.json"][..]),
        ("copilot", &[".github/mcp.json", ".github/copilot/settings.local.json"]),
        ("cursor", &[".cursor/mcp.json", ".cursor/hooks.json"]),
        ("gemini", &[".gemini/settings.json"]),
        ("opencode", &["opencode.json"]),
        ("vscode", &[".vscode/mcp.json"]),
        ("windsurf", &["person/.codeium/windsurf/mcp_config.json", ".windsurf/hooks.json"]),
        ("zed", &["person/.config/zed/settings.json"]),
    ] {
        let printed = home.at_terminal(&["connect", agent, "--print"], "");
        assert_eq!(printed.code, 0, "{agent}: {printed:?}");
        for file in files {
            let path = home.folder.path().join(file);
            assert!(printed.out.replace(['\r', '\n'], "").contains(file), "{agent}: {printed:?}");
            assert!(!path.exists(), "{agent}: it was only to be printed");
        }
    }
}
