use super::source;
use keep_policy::{Layer, Policy, PolicyError, read_folder};
use keep_types::{Explain, chain};
use std::os::unix::fs::PermissionsExt;

const RULE: &str = r#"[[rule]]
id = "one"
decision = "deny"
principals = ["agent:*"]
actions = ["exec.*"]
reason = "no"
match = ["agent:x exec.run global low"]
"#;

fn error_of(layer: Layer, text: &str) -> PolicyError {
    Policy::load(vec![source(layer, text)]).expect_err(text)
}

#[track_caller]
fn check(text: &str, want: &str) {
    let said = chain(&error_of(Layer::User, text)).join(": ");
    assert!(said.contains(want), "{text}\nsaid {said:?}, not {want:?}");
}

#[test]
fn errors_say_where_and_what() {
    let with = |line: &str| format!("{RULE}{line}\n");
    let without = |key: &str| RULE.lines().filter(|l| !l.starts_with(key)).collect::<Vec<_>>().join("\n");
    let instead = |key: &str, line: &str| {
        let swap = |l: &str| {
            if l.starts_with(key) { line.to_owned() } else { l.to_owned() }
        };
        RULE.lines().map(swap).collect::<Vec<_>>().join("\n")
    };
    check("[[rule]\n", "user.toml:1:");
    check("a = 1\n[[rule", "user.toml:2:");
    check("rules = []", "user.toml:1:1: unknown key \"rules\"");
    check("rule = 1", "user.toml:1:8: `rule` must be a list, this is integer");
    check("rule = [1]", "`rule` must be a table");
    check("format = 2", "user.toml:1:10: `format` is malformed");
    check("format = \"1\"", "`format` must be a whole number");
    check(&with("desicion = \"allow\""), "user.toml:8:1: unknown key \"desicion\"");
    check(&with("min_risk = 3"), "user.toml:8:12: `min_risk` must be text, this is integer");
    check(&with("min_risk = \"huge\""), "`min_risk` is malformed: \"huge\" is no level of risk");
    check(&with("min_risk = \"high\"\nmax_risk = \"low\""), "min_risk");
    check(&with("channels = [\"radio\"]"), "\"radio\" is no channel");
    check(&with("channels = [\"mcp\"]"), "must name one too");
    check(&with("namespaces = []"), "the list is empty");
    check(&with("namespaces = [\"project:X\"]"), "user.toml:8:15: `namespaces` holds");
    check(&with("not_match = [\"agent:y exec.run global low\"]"), "which it says it does not");
    check(&without("match"), "user.toml:1:1: the rule lacks `match`");
    check(&without("reason"), "the rule lacks `reason`");
    check(&without("id"), "the rule lacks `id`");
    check(&without("principals"), "the rule lacks `principals`");
    check(&without("actions"), "the rule lacks `actions`");
    check(&without("decision"), "the rule lacks `decision`");
    check(&instead("decision", "decision = \"maybe\""), "user.toml:3:12: `decision` is malformed");
    check(&instead("id", "id = \"A b\""), "`id` is malformed");
    check(&instead("reason", "reason = \"\""), "it is empty");
    check(&instead("reason", "reason = \"a\\u001b[2Jb\""), "which a terminal would obey");
    check(&instead("reason", "reason = \"a\\u202eb\""), "which a terminal would obey");
    check(&instead("actions", "actions = [\"ex*\"]"), "has a '*' where none can be");
    check(&instead("actions", "actions = [\"gate.stop\"]"), "stays open to everybody");
    check(&instead("match", "match = [\"agent:x memory.read global low\"]"), "the action differs");
    check(&instead("match", "match = [\"user:x exec.run global low\"]"), "the principal differs");
    check(&instead("match", "match = [\"agent:x exec.run\"]"), "an example is");
    check(&instead("match", "match = [{ principal = \"agent:x\" }]"), "the rule lacks `action`");
    check(&instead("match", "match = [{ who = \"agent:x\" }]"), "unknown key \"who\"");
    check(&format!("{RULE}{RULE}"), "user.toml:8:1: the id one is taken by the rule in line 1");
}

#[test]
fn unknown_keys_get_a_suggestion() {
    let hint = error_of(Layer::User, &format!("{RULE}max_rsik = \"low\"\n")).hint();
    assert_eq!(hint.as_deref(), Some("did you mean `max_risk`?"));
    let hint = error_of(Layer::User, &format!("{RULE}zzz = \"low\"\n")).hint().unwrap();
    assert!(hint.starts_with("a rule has id"), "{hint}");
}

#[test]
fn examples_as_tables() {
    let text = RULE.replace(
        "match = [\"agent:x exec.run global low\"]",
        "match = [{ principal = \"agent:x\", action = \"exec.run\", namespace = \"global\", \
         risk = \"low\", channel = \"mcp\" }]\nchannels = [\"mcp\"]",
    );
    let policy = Policy::load(vec![source(Layer::User, &text)]).unwrap();
    assert_eq!(policy.rules()[0].matching, ["agent:x exec.run global low mcp"]);
}

#[test]
fn a_project_only_narrows() {
    let allow = RULE.replace("\"deny\"", "\"allow\"");
    let error = error_of(Layer::Project, &allow);
    assert!(matches!(error, PolicyError::ProjectAllows { .. }), "{error}");
    assert!(error.hint().unwrap().contains("keep trust"));
    for narrowing in ["deny", "ask"] {
        let text = RULE.replace("\"deny\"", &format!("{narrowing:?}"));
        Policy::load(vec![source(Layer::Project, &text)]).unwrap();
    }
}

#[test]
fn limits() {
    let big = "#".repeat(keep_policy::MAX_SOURCE_BYTES + 1);
    assert!(matches!(error_of(Layer::User, &big), PolicyError::TooLarge { .. }));
    let some: String = (0..700).map(|n| RULE.replace("\"one\"", &format!("\"r{n}\""))).collect();
    let many = Policy::load(vec![source(Layer::User, &some); 3]);
    assert!(matches!(many, Err(PolicyError::TooMany { what: "rules", .. })));
    let files = vec![source(Layer::User, ""); 129];
    assert!(matches!(Policy::load(files), Err(PolicyError::TooMany { what: "rule files", .. })));
    let list = vec!["\"agent:x exec.run global low\""; 65].join(",");
    let long = RULE.replace("\"agent:x exec.run global low\"", &list);
    assert!(matches!(error_of(Layer::User, &long), PolicyError::TooMany { .. }));
    check(&format!("rule = {}", "[".repeat(10_000)), "user.toml:1:");
}

#[test]
fn a_folder_of_rules() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules");
    assert!(read_folder(&rules, Layer::User).unwrap().is_empty());
    std::fs::create_dir(&rules).unwrap();
    let put = |name: &str, bytes: &[u8], mode| {
        let path = rules.join(name);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path
    };
    std::fs::set_permissions(&rules, PermissionsExt::from_mode(0o700)).unwrap();
    put("b.toml", RULE.as_bytes(), 0o600);
    put("a.toml", b"", 0o644);
    put("notes.txt", b"not a rule", 0o666);
    let sources = read_folder(&rules, Layer::User).unwrap();
    let names: Vec<_> = sources.iter().map(|s| s.name.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["a.toml", "b.toml"]);

    let bad = put("c.toml", b"\xff", 0o600);
    assert!(matches!(read_folder(&rules, Layer::User), Err(PolicyError::Read { .. })));
    std::fs::remove_file(&bad).unwrap();
    std::fs::create_dir(&bad).unwrap();
    assert!(matches!(read_folder(&rules, Layer::User), Err(PolicyError::Read { .. })));
    std::fs::remove_dir(&bad).unwrap();
    let open = put("d.toml", b"", 0o620);
    assert!(matches!(read_folder(&rules, Layer::User), Err(PolicyError::Writable { .. })));
    assert_eq!(read_folder(&rules, Layer::Project).unwrap().len(), 3);
    std::fs::remove_file(&open).unwrap();
    let link = rules.join("e.toml");
    std::os::unix::fs::symlink(rules.join("b.toml"), &link).unwrap();
    assert_eq!(read_folder(&rules, Layer::User).unwrap().len(), 3);
    assert!(matches!(read_folder(&rules, Layer::Project), Err(PolicyError::Read { .. })));
    std::fs::remove_file(&link).unwrap();
    std::fs::set_permissions(&rules, PermissionsExt::from_mode(0o777)).unwrap();
    assert!(matches!(read_folder(&rules, Layer::User), Err(PolicyError::Writable { .. })));
}

/// The page that tells people how to write rules shows rules that load.
#[test]
fn the_rules_in_the_documentation_load() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rules.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks: Vec<&str> =
        page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 2, "the page has examples");
    Policy::load(vec![source(Layer::User, &blocks.concat())]).unwrap();
}
