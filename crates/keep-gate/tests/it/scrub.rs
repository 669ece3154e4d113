//! Known secrets stand in nothing that the gate records, stores or says.

use crate::house::{House, block, caller};
use keep_gate::{GateError, InboxFilter, Outcome, Resolution};
use keep_ledger::{Entry, Filter, Phase};
use keep_types::{Act, ActFacts, Action, FieldHasher, Namespace, Risk, SecretsIn, Touch};
use serde_json::json;

const SECRET: &str = "Tr0ub4dor&3-and-more";

/// An act that says whatever the test wants.
struct Says {
    text: String,
    secrets: SecretsIn,
    risk: Risk,
}

impl Says {
    fn run(text: &str) -> Self {
        Self { text: text.into(), secrets: SecretsIn::Scrubbed, risk: Risk::Low }
    }
}

impl Act for Says {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("test.say"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: self.risk,
            summary: format!("say {}", self.text),
            detail: json!({ "argv": ["say", self.text], "bytes": self.text.as_bytes(), self.text.as_str(): 1 }),
            bound: FieldHasher::new("test.say").field("text", &self.text).finish(),
            exact: None,
        }
    }

    fn secrets(&self) -> SecretsIn {
        self.secrets
    }
}

fn all(house: &House) -> Vec<Entry> {
    house.ledger.query(Filter::default()).wait().unwrap()
}

/// Everything that lies in the installation's files, as bytes.
fn files_hold(house: &House, text: &str) -> bool {
    fn holds(folder: &std::path::Path, text: &[u8]) -> bool {
        std::fs::read_dir(folder).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                return holds(&path, text);
            }
            std::fs::read(path).unwrap_or_default().windows(text.len()).any(|window| window == text)
        })
    }
    holds(house.folder.path(), text.as_bytes())
}

#[test]
fn every_way_a_record_is_made_is_scrubbed() {
    let house = House::new();
    house.known.are("TOKEN", SECRET);
    let ann = caller("user:ann", &[1]);
    block(async {
        let done = house.gate.admit(&ann, Says::run(SECRET)).await.unwrap();
        done.perform(|_, _| Ok::<_, GateError>(())).await.unwrap();
        let failed = house.gate.admit(&ann, Says::run(SECRET)).await.unwrap();
        let error = GateError::NoSuchToken(SECRET.into());
        failed.perform(|_, _| Err::<(), _>(error)).await.unwrap_err();
        let begun = house.gate.admit(&ann, Says::run(SECRET)).await.unwrap();
        let begun = begun.begin_with(json!({ "note": SECRET }), |_| Ok::<_, GateError>(())).await.unwrap();
        begun.finish(Outcome::Done(json!({ "output": format!("x{SECRET}y") }))).await.unwrap();
        let begun = house.gate.admit(&ann, Says::run(SECRET)).await.unwrap().begin().await.unwrap();
        begun.finish(Outcome::Failed(format!("could not {SECRET}"))).await.unwrap();
        let nobody = keep_types::Caller { audience: keep_types::Audience::Nobody, ..ann.clone() };
        let asked = Says { risk: Risk::Critical, ..Says::run(SECRET) };
        let refused = house.gate.admit(&nobody, asked).await.err().unwrap();
        assert!(!refused.to_string().contains(SECRET), "{refused}");
    });
    let phases: Vec<_> = all(&house).iter().map(|entry| entry.phase).collect();
    for phase in
        [Phase::Done, Phase::Failed, Phase::Intent, Phase::Outcome, Phase::OutcomeFailed, Phase::Denied]
    {
        assert!(phases.contains(&phase), "no record of phase {}", phase.as_str());
    }
    let said = all(&house)
        .iter()
        .filter_map(|entry| entry.detail.as_ref())
        .map(ToString::to_string)
        .collect::<String>();
    assert!(said.contains("[redacted:TOKEN]"), "{said}");
    assert!(!files_hold(&house, SECRET), "the value lies in a file");
    let as_numbers: Vec<_> = SECRET.bytes().map(|byte| byte.to_string()).collect();
    assert!(!files_hold(&house, &as_numbers.join(",")), "the value lies in a file as numbers");
    house.ledger.verify(&mut |_, _| {}).unwrap();
}

#[test]
fn an_act_that_would_store_a_value_is_refused() {
    let house = House::new();
    house.known.are("TOKEN", SECRET);
    let ann = caller("user:ann", &[1]);
    block(async {
        let stored = Says { secrets: SecretsIn::Refused, ..Says::run(SECRET) };
        let refused = house.gate.admit(&ann, stored).await.err().unwrap();
        assert!(matches!(&refused, GateError::HoldsSecret { label } if label == "TOKEN"), "{refused}");
        let harmless = Says { secrets: SecretsIn::Refused, ..Says::run("nothing of the kind") };
        assert!(house.gate.admit(&ann, harmless).await.is_ok());
        // The house's own: a token's label, a reason that is stored beside the records.
        let stopped = house.gate.stop(&ann, format!("leaked {SECRET}")).await.unwrap();
        assert_eq!(stopped.stop.reason, "leaked [redacted:TOKEN]");
        house.gate.resume(&ann).await.unwrap();
    });
    assert_eq!(house.count("test.say", Phase::Denied), 1);
    assert!(!files_hold(&house, SECRET));
}

#[test]
fn a_request_shows_a_mark_and_its_approval_is_for_the_act_itself() {
    let house = House::new();
    house.known.are("TOKEN", SECRET);
    let (ann, agent) = (caller("user:ann", &[1]), caller("agent:x", &[7, 8]));
    let agent = keep_types::Caller { reach: keep_types::Reach::Everything, ..agent };
    block(async {
        let act = |text: &str| Says { risk: Risk::High, ..Says::run(text) };
        let Err(GateError::NeedsApproval { id, summary, .. }) = house.gate.admit(&agent, act(SECRET)).await
        else {
            panic!("it was not asked");
        };
        assert_eq!(summary, "say [redacted:TOKEN]");
        let waiting = house.gate.inbox(&ann, InboxFilter::Waiting).await.unwrap();
        assert!(!serde_json::to_string(&waiting).unwrap().contains(SECRET));
        house.gate.answer(&ann, id, Resolution::Approve).await.unwrap();
        // The mark itself is another act than the one behind it.
        assert!(house.gate.admit(&agent, act("[redacted:TOKEN]")).await.is_err());
        assert!(house.gate.admit(&agent, act(SECRET)).await.is_ok());
    });
    assert!(!files_hold(&house, SECRET));
}

#[test]
fn what_cannot_be_checked_is_withheld_and_not_stored() {
    let house = House::new();
    house.known.are_locked_away();
    let (ann, agent) = (caller("user:ann", &[1]), caller("agent:x", &[7, 8]));
    let agent = keep_types::Caller { reach: keep_types::Reach::Everything, ..agent };
    block(async {
        let permit = house.gate.admit(&ann, Says::run(SECRET)).await.unwrap();
        permit.perform(|_, _| Ok::<_, GateError>(())).await.unwrap();
        let asked = Says { risk: Risk::High, ..Says::run(SECRET) };
        let refused = house.gate.admit(&agent, asked).await.err().unwrap();
        assert!(matches!(refused, GateError::Unchecked(_)), "{refused}");
        house.gate.stop(&agent, SECRET.into()).await.unwrap();
    });
    let entries = all(&house);
    let done = entries.iter().find(|entry| entry.action.as_str() == "test.say" && entry.phase == Phase::Done);
    let detail = done.unwrap().detail.clone().unwrap();
    assert_eq!(detail["withheld"], "the vault is locked");
    assert_eq!((detail.get("act"), detail.get("summary")), (None, None));
    assert_eq!(detail["risk"], "low", "what holds no free text stays");
    assert!(!files_hold(&house, SECRET));
}
