use super::source;
use keep_policy::{Decision, Layer, Policy, Question, Source};
use keep_types::{Action, Channel, Namespace, Principal, Risk};
use proptest::prelude::*;
use proptest::sample::select;

const PRINCIPALS: [&str; 5] = ["*", "user:*", "agent:*", "agent:x", "service:ci"];
const ACTIONS: [&str; 6] = ["*", "memory.*", "memory.write", "exec.run", "token.*", "gate.resume"];
const NAMESPACES: [&str; 6] = ["*", "global", "project:*", "project:p", "session:*", "session:p/*"];
const RISKS: [&str; 4] = ["low", "medium", "high", "critical"];

/// A rule that matches its own example by construction.
fn rule(id: usize, decision: &str, who: &str, what: &str, place: &str, least: &str) -> String {
    let principal = match who {
        "*" | "user:*" => "user:u",
        "agent:*" => "agent:x",
        one => one,
    };
    let action = match what {
        "*" | "memory.*" => "memory.read",
        "token.*" => "token.create",
        one => one,
    };
    let namespace = match place {
        "*" => "global",
        "project:*" => "project:p",
        "session:*" | "session:p/*" => "session:p/s",
        one => one,
    };
    format!(
        "[[rule]]\nid = \"r{id}\"\ndecision = {decision:?}\nprincipals = [{who:?}]\n\
         actions = [{what:?}]\nnamespaces = [{place:?}]\nmin_risk = {least:?}\nreason = \"because\"\n\
         match = [\"{principal} {action} {namespace} {least}\"]\n"
    )
}

fn rules(decisions: &'static [&'static str]) -> impl Strategy<Value = String> {
    let one = (
        select(decisions),
        select(&PRINCIPALS[..]),
        select(&ACTIONS[..]),
        select(&NAMESPACES[..]),
        select(&RISKS[..]),
    );
    proptest::collection::vec(one, 0..6).prop_map(|parts| {
        let text = |(id, (decision, who, what, place, least))| rule(id, decision, who, what, place, least);
        parts.into_iter().enumerate().map(text).collect()
    })
}

struct Asked {
    principal: Principal,
    action: Action,
    namespace: Namespace,
    risk: Risk,
}

impl Asked {
    fn decide(&self, policy: &Policy) -> Decision {
        let Self { principal, action, namespace, risk } = self;
        let question = Question { principal, action, namespace, risk: *risk, channel: Channel::Mcp };
        let ruling = policy.decide(&question);
        let critical = question.effective_risk() == Risk::Critical && action.as_str() != "gate.stop";
        assert!(!critical || ruling.decision > Decision::Allow, "a critical act was allowed: {ruling:?}");
        ruling.decision
    }
}

fn every_question() -> Vec<Asked> {
    let mut all = Vec::new();
    for principal in ["user:u", "agent:x", "agent:y", "service:ci"] {
        for action in ["memory.read", "memory.write", "exec.run", "token.create", "gate.resume", "gate.stop"]
        {
            for namespace in ["global", "project:p", "project:q", "session:p/s"] {
                for risk in RISKS {
                    all.push(Asked {
                        principal: principal.parse().unwrap(),
                        action: action.parse().unwrap(),
                        namespace: namespace.parse().unwrap(),
                        risk: risk.parse().unwrap(),
                    });
                }
            }
        }
    }
    all
}

fn load(sources: Vec<Source>) -> Policy {
    Policy::load(sources).unwrap()
}

const ALL: &[&str] = &["allow", "ask", "deny"];
const NARROWING: &[&str] = &["ask", "deny"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_project_never_makes_anything_laxer(
        system in rules(ALL), user in rules(ALL), project in rules(NARROWING),
    ) {
        let base = vec![source(Layer::System, &system), source(Layer::User, &user)];
        let mut more = base.clone();
        more.push(source(Layer::Project, &project));
        let (before, after) = (load(base), load(more));
        for asked in every_question() {
            let (was, is) = (asked.decide(&before), asked.decide(&after));
            prop_assert!(is >= was, "{} {} {} {}: {was} became {is}",
                asked.principal, asked.action, asked.namespace, asked.risk);
        }
    }

    #[test]
    fn order_does_not_matter(one in rules(ALL), two in rules(ALL), three in rules(NARROWING)) {
        let sources = vec![
            source(Layer::User, &one), source(Layer::User, &two), source(Layer::Project, &three),
        ];
        let turned: Vec<_> = sources.iter().rev().cloned().collect();
        let (forwards, backwards) = (load(sources), load(turned));
        prop_assert_eq!(forwards.version(), backwards.version());
        for asked in every_question() {
            prop_assert_eq!(asked.decide(&forwards), asked.decide(&backwards));
        }
    }

    #[test]
    fn a_denial_wins_wherever_it_stands(allows in rules(&["allow"]), layer in select(
        &[Layer::System, Layer::User, Layer::Project][..])) {
        let denial = rule(9, "deny", "agent:*", "exec.run", "*", "low");
        let policy = load(vec![
            source(Layer::System, &allows), source(layer, &denial), source(Layer::User, &allows),
        ]);
        for asked in every_question() {
            if asked.principal.to_string().starts_with("agent:") && asked.action.as_str() == "exec.run" {
                prop_assert_eq!(asked.decide(&policy), Decision::Deny);
            }
        }
    }

    #[test]
    fn any_text_loads_or_is_refused(text in "\\PC{0,200}") {
        let _ = Policy::load(vec![source(Layer::User, &text)]);
    }

    #[test]
    fn a_damaged_rule_file_never_panics(text in rules(ALL), at in any::<proptest::sample::Index>(), with in any::<char>()) {
        let mut chars: Vec<char> = text.chars().collect();
        if !chars.is_empty() {
            let at = at.index(chars.len());
            chars[at] = with;
        }
        let damaged: String = chars.into_iter().collect();
        let _ = Policy::load(vec![source(Layer::User, &damaged)]);
    }
}
