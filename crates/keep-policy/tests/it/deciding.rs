use super::{ask, decision, source};
use keep_policy::Decision::{Allow, Ask, Deny};
use keep_policy::{Decision, Layer, Part, Policy};

fn builtin() -> Policy {
    Policy::load(Vec::new()).unwrap()
}

#[test]
fn built_in_defaults() {
    let policy = builtin();
    let table: &[(&str, Decision)] = &[
        ("user:ann memory.write global medium", Allow),
        ("user:ann exec.run project:demo high", Allow),
        ("user:ann exec.run project:demo critical", Ask),
        ("user:ann token.create global low", Ask),
        ("user:ann token.list global low", Allow),
        ("user:ann token.revoke global low", Allow),
        ("agent:x token.revoke global low", Deny),
        ("user:ann gate.resume global low", Ask),
        ("agent:x memory.read project:demo low", Allow),
        ("agent:x memory.write project:demo low", Allow),
        ("agent:x memory.write session:demo/s medium", Allow),
        ("agent:x memory.write project:demo high", Ask),
        ("agent:x memory.write global low", Ask),
        ("agent:x memory.write global medium", Ask),
        ("agent:x memory.write project:demo critical", Deny),
        // The rules about commands ask, and this engine narrows by them.
        ("agent:x exec.run project:demo medium", Allow),
        ("agent:x exec.run project:demo high", Allow),
        ("agent:x exec.run global medium", Ask),
        ("agent:x exec.run global high", Ask),
        ("agent:x exec.check project:demo medium", Ask),
        ("agent:x exec.run project:demo critical", Deny),
        ("agent:x audit.read global low", Ask),
        ("agent:x approval.answer global low", Deny),
        ("service:ci exec.run project:demo medium", Allow),
        ("service:ci exec.run project:demo high", Ask),
        ("service:ci backup.make global medium", Ask),
        ("service:ci memory.write global medium", Ask),
        ("service:ci exec.run project:demo critical", Deny),
        ("service:ci secret.get project:demo low", Deny),
        ("agent:x gate.stop global critical", Allow),
        ("service:ci gate.stop global low", Allow),
        ("user:ann gate.stop global high", Allow),
    ];
    for (question, want) in table {
        assert_eq!(decision(&policy, question), *want, "{question}");
    }
}

/// Every kind of principal at every risk in every sort of place gets a rule, not the silence.
#[test]
fn the_defaults_leave_no_gap() {
    let policy = builtin();
    for who in ["user:a", "agent:a", "service:a"] {
        for place in ["global", "project:p", "session:p/s"] {
            for risk in ["low", "medium", "high", "critical"] {
                for act in ["memory.write", "exec.run", "audit.read"] {
                    let ruling = ask(&policy, &format!("{who} {act} {place} {risk}"));
                    assert_ne!(ruling.rule.id, "no-rule", "{who} {act} {place} {risk}");
                }
            }
        }
    }
}

const ALLOW_ALL: &str = r#"
[[rule]]
id = "trusting"
decision = "allow"
principals = ["*"]
actions = ["*"]
reason = "I trust everybody"
match = ["agent:x exec.run global high"]
"#;

#[test]
fn no_rule_loosens_the_floor() {
    let policy =
        Policy::load(vec![source(Layer::System, ALLOW_ALL), source(Layer::User, ALLOW_ALL)]).unwrap();
    for (question, want) in [
        ("agent:x exec.run project:demo high", Allow),
        ("agent:x memory.write global high", Allow),
        ("agent:x exec.run project:demo critical", Deny),
        ("user:ann exec.run project:demo critical", Ask),
        ("user:ann token.create global low", Ask),
        ("agent:x token.create global low", Deny),
        ("service:x restore.run global low", Deny),
        ("agent:x secret.get global low", Deny),
    ] {
        assert_eq!(decision(&policy, question), want, "{question}");
    }
}

#[test]
fn an_allow_lifts_a_default_question_but_no_written_one() {
    let ask_high = r#"
        [[rule]]
        id = "careful"
        decision = "ask"
        principals = ["agent:*"]
        actions = ["exec.*"]
        min_risk = "high"
        reason = "look first"
        match = ["agent:x exec.run global high"]
        not_match = ["agent:x exec.run global medium"]
    "#;
    for layer in [Layer::System, Layer::User, Layer::Project] {
        let policy = Policy::load(vec![source(Layer::User, ALLOW_ALL), source(layer, ask_high)]);
        let policy = policy.unwrap();
        assert_eq!(decision(&policy, "agent:x exec.check project:p medium"), Allow);
        let ruling = ask(&policy, "agent:x exec.check project:p high");
        assert_eq!((ruling.decision, ruling.rule.id.as_str()), (Ask, "careful"));
        let part = |id: &str| ruling.considered.iter().find(|c| c.rule.id == id).map(|c| c.part);
        assert_eq!(part("careful"), Some(Part::Decided));
        assert_eq!(part("trusting"), Some(Part::Outweighed));
        assert_eq!(part("agents-change"), Some(Part::Lifted));
    }
}

#[test]
fn a_ruling_names_rule_file_and_line() {
    let ruling = ask(&builtin(), "agent:x exec.check project:p medium");
    assert_eq!(ruling.rule.id, "agents-change");
    assert_eq!(ruling.rule.source, "builtin.toml");
    let line = ruling.rule.line.unwrap();
    let text = include_str!("../../src/builtin.toml");
    assert_eq!(text.lines().nth(line - 1), Some("[[rule]]"));
    assert_eq!(text.lines().nth(line), Some("id = \"agents-change\""));
    let json = serde_json::to_value(&ruling).unwrap();
    assert_eq!(json["decision"], "ask");
    assert_eq!(json["considered"][0]["part"], "decided");
}

#[test]
fn nothing_matching_is_denied() {
    let policy = Policy::load(Vec::new()).unwrap();
    // The defaults cover every principal there is; without them silence means no.
    let closed = Policy::closed(&Policy::load(vec![source(Layer::User, "[[")]).unwrap_err());
    for question in ["user:ann memory.read global low", "agent:x memory.read project:p low"] {
        assert_eq!(decision(&policy, question), Allow);
        let ruling = ask(&closed, question);
        assert_eq!(ruling.decision, Deny);
        assert!(ruling.reason.contains("user.toml:1:"), "{}", ruling.reason);
    }
    assert_eq!(decision(&closed, "agent:x gate.stop global low"), Allow);
}

#[test]
fn the_version_is_of_what_the_rules_say() {
    let of = |sources| Policy::load(sources).unwrap().version();
    let user = source(Layer::User, ALLOW_ALL);
    let mut renamed = user.clone();
    renamed.name = "elsewhere.toml".to_owned();
    let system = source(Layer::System, ALLOW_ALL);
    assert_eq!(of(vec![user.clone()]), of(vec![renamed]));
    assert_ne!(of(vec![user.clone()]), of(vec![system.clone()]));
    assert_ne!(of(vec![]), of(vec![user.clone()]));
    assert_eq!(of(vec![user.clone(), system.clone()]), of(vec![system, user]));
}
