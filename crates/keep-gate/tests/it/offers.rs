//! What a person may answer beside yes and no: a rule that is saved, a text that is suggested.

use crate::house::{House, block, caller, request};
use keep_gate::{Answer, ApprovalState, CodeWanted, GateError, GoodFor, Resolution, TotpEnrolment};
use keep_ledger::{Entry, Filter, Phase};
use keep_types::{
    Act, ActFacts, Action, Approval, Asks, Caller, FieldHasher, Id, Offers, Risk, RuleOffer, SecretsIn, Touch,
};
use serde_json::json;

const RULE: &str = "[[command]]\nid = \"say\"";

/// An act that is made of a text, and that a rule could cover.
#[derive(Clone)]
struct Say {
    text: &'static str,
    risk: Risk,
    offers: Offers,
    asks: bool,
}

impl Say {
    fn text(text: &'static str) -> Self {
        let rule = RuleOffer::Rule { text: RULE.into(), covers: "saying things".into() };
        Self { text, risk: Risk::High, offers: Offers { rule, edit: Some(text.into()) }, asks: true }
    }

    fn without_offers() -> Self {
        Self { offers: Offers::default(), ..Self::text("plain") }
    }
}

impl Act for Say {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("test.say"),
            namespace: "project:demo".parse().unwrap(),
            touch: Touch::Change,
            risk: self.risk,
            summary: format!("say {}", self.text),
            detail: json!({ "text": self.text }),
            bound: FieldHasher::new("test.say").field("text", self.text).finish(),
            exact: None,
        }
    }

    fn secrets(&self) -> SecretsIn {
        SecretsIn::Scrubbed
    }

    fn offers(&self) -> Offers {
        self.offers.clone()
    }

    fn asks(&self) -> Option<Asks> {
        self.asks.then(|| Asks { rule: "engine-rule".into(), reason: "the engine asks".into() })
    }
}

fn agent() -> Caller {
    caller("agent:a", &[10, 9, 1])
}

fn person() -> Caller {
    caller("user:ann", &[20, 1])
}

async fn say(house: &House, by: &Caller, act: Say) -> Result<(), GateError> {
    house.gate.admit(by, act).await?.perform(|_, _| Ok(())).await
}

fn records_of(house: &House, action: &str) -> Vec<Entry> {
    let mut entries = house.ledger.query(Filter::default()).wait().unwrap();
    entries.retain(|entry| entry.action.as_str() == action);
    entries
}

fn saved(house: &House) -> Vec<String> {
    house.book.saved.lock().unwrap().clone()
}

async fn waiting(house: &House, act: Say) -> Id<Approval> {
    request(&house.gate, &agent(), act).await
}

#[test]
fn an_engine_asks_where_the_rules_about_acts_allow() {
    block(async {
        let house = House::new();
        let quiet = Say { asks: false, ..Say::text("hello") };
        say(&house, &person(), quiet).await.unwrap();
        assert!(house.answers.1.lock().unwrap().is_empty(), "a person's high act is asked about");
        house.answers.next(Answer::No { note: None });
        let refused = say(&house, &person(), Say::text("hello")).await.unwrap_err();
        assert!(matches!(refused, GateError::Declined { .. }), "{refused}");
        // It narrows alone: a denial stays one.
        let critical = Say { risk: Risk::Critical, ..Say::text("hello") };
        let refused = say(&house, &agent(), critical).await.unwrap_err();
        assert!(matches!(refused, GateError::Denied { .. }), "{refused}");
        say(&house, &person(), Say::text("hello")).await.unwrap();
        let done = records_of(&house, "test.say").pop().unwrap();
        assert_eq!(done.detail.unwrap()["rule"], "engine-rule");
    });
}

#[test]
fn a_request_keeps_what_it_may_be_answered() {
    block(async {
        let house = House::new();
        let id = waiting(&house, Say::text("hello")).await;
        let view = house.gate.request(&person(), id).await.unwrap();
        assert_eq!(view.offers, Say::text("hello").offers);
        assert_eq!(view.reason, "the engine asks");
        *house.book.unfit.lock().unwrap() = Some("a denial wins");
        let id = waiting(&house, Say::text("other")).await;
        let view = house.gate.request(&person(), id).await.unwrap();
        assert_eq!(view.offers.rule, RuleOffer::Unsuitable("a denial wins".into()), "nobody is offered it");
        let id = waiting(&house, Say::without_offers()).await;
        assert_eq!(house.gate.request(&person(), id).await.unwrap().offers, Offers::default());
    });
}

#[test]
fn saving_the_rule_approves_once_and_is_on_record_once() {
    block(async {
        let house = House::new();
        let id = waiting(&house, Say::text("hello")).await;
        let (view, draft) = house.gate.answer_with_rule(&person(), id).await.unwrap();
        assert_eq!((view.state, view.good_for), (ApprovalState::Approved, GoodFor::Once));
        assert_eq!((saved(&house), draft.text.as_str()), (vec![RULE.to_owned()], RULE));
        // What the person was shown is the rule, its file and the act.
        let (asked, offers) = house.answers.1.lock().unwrap().pop().unwrap();
        assert_eq!((asked.action.as_str(), asked.risk), ("policy.save_rule", Risk::Critical));
        let detail = &asked.detail;
        assert_eq!(
            (&detail["rule"], &detail["file"], &detail["act"]["text"]),
            (&json!(RULE), &json!("rules/test.toml"), &json!("hello"))
        );
        assert_eq!(offers, Offers::default(), "a rule offers no rule");
        let phases: Vec<_> = records_of(&house, "policy.save_rule").iter().map(|r| r.phase).collect();
        assert_eq!(phases, [Phase::Intent, Phase::Outcome]);
        assert_eq!(house.count("approval.answer", Phase::Done), 0, "one yes, one record");
        say(&house, &agent(), Say::text("hello")).await.unwrap();
        let again = house.gate.admit(&agent(), Say::text("hello")).await.map(drop).unwrap_err();
        assert!(matches!(again, GateError::NeedsApproval { .. }), "{again}");
        assert!(house.gate.answer_with_rule(&person(), id).await.is_err(), "it is over");
        assert_eq!(saved(&house).len(), 1);
    });
}

#[test]
fn a_no_to_the_rule_saves_and_approves_nothing() {
    block(async {
        let house = House::new();
        let id = waiting(&house, Say::text("hello")).await;
        house.answers.next(Answer::No { note: Some("too wide".into()) });
        let refused = house.gate.answer_with_rule(&person(), id).await.unwrap_err();
        assert!(matches!(refused, GateError::Declined { .. }), "{refused}");
        let state = house.gate.request(&person(), id).await.unwrap().state;
        assert_eq!((state, saved(&house).len()), (ApprovalState::Waiting, 0));
    });
}

#[test]
fn who_may_not_answer_saves_no_rule() {
    block(async {
        let house = House::new();
        let id = waiting(&house, Say::text("hello")).await;
        let own = house.gate.answer_with_rule(&agent(), id).await.unwrap_err();
        assert!(matches!(own, GateError::SelfApproval(_)), "{own}");
        let below = house.gate.answer_with_rule(&caller("user:ann", &[40, 9, 1]), id).await.unwrap_err();
        assert!(matches!(below, GateError::DescendantApproval(_)), "{below}");
        let other = house.gate.answer_with_rule(&caller("agent:b", &[30, 1]), id).await.unwrap_err();
        assert!(matches!(other, GateError::PersonOnly(_)), "{other}");
        assert_eq!(house.count("policy.save_rule", Phase::Denied), 3);
        assert_eq!(saved(&house).len(), 0);
        assert!(house.answers.1.lock().unwrap().is_empty(), "nobody was asked");
    });
}

#[test]
fn what_no_rule_covers_is_refused_with_the_reason() {
    block(async {
        let house = House::new();
        let id = waiting(&house, Say::without_offers()).await;
        let none = house.gate.answer_with_rule(&person(), id).await.unwrap_err();
        assert!(matches!(none, GateError::NoRule(_)), "{none}");
        let id = waiting(&house, Say::text("hello")).await;
        // Since it was asked, a rule came that wins.
        *house.book.unfit.lock().unwrap() = Some("a denial wins");
        let unfit = house.gate.answer_with_rule(&person(), id).await.unwrap_err();
        assert!(unfit.to_string().contains("a denial wins"), "{unfit}");
        let state = house.gate.request(&person(), id).await.unwrap().state;
        assert_eq!((state, saved(&house).len()), (ApprovalState::Waiting, 0));
    });
}

#[test]
fn a_file_that_cannot_be_written_is_said_and_recorded() {
    block(async {
        let house = House::new();
        let id = waiting(&house, Say::text("hello")).await;
        *house.book.broken.lock().unwrap() = Some("the disk is full");
        let failed = house.gate.answer_with_rule(&person(), id).await.unwrap_err();
        assert!(matches!(failed, GateError::RuleNotSaved { approved: true, .. }), "{failed}");
        assert!(failed.to_string().contains("the disk is full"), "{failed}");
        assert_eq!(house.count("policy.save_rule", Phase::OutcomeFailed), 1);
        say(&house, &agent(), Say::text("hello")).await.unwrap();
        // At the terminal the act is not done: its yes was given together with the rule.
        house.answers.next(Answer::SaveRule);
        let failed = say(&house, &person(), Say::text("hello")).await.unwrap_err();
        assert!(matches!(failed, GateError::RuleNotSaved { approved: false, .. }), "{failed}");
    });
}

#[test]
fn at_the_terminal_a_rule_is_asked_about_before_it_is_saved() {
    block(async {
        let house = House::new();
        house.answers.next(Answer::SaveRule);
        say(&house, &person(), Say::text("hello")).await.unwrap();
        assert_eq!(saved(&house), [RULE]);
        let phases: Vec<_> = records_of(&house, "policy.save_rule").iter().map(|r| r.phase).collect();
        assert_eq!(phases, [Phase::Intent, Phase::Outcome]);
        assert_eq!(house.count("test.say", Phase::Done), 1);
        // A no to the rule leads back to the act, without the rule.
        house.answers.next(Answer::SaveRule);
        house.answers.next(Answer::No { note: None });
        say(&house, &person(), Say::text("again")).await.unwrap();
        let asked: Vec<_> = house.answers.1.lock().unwrap().drain(..).skip(2).collect();
        let actions: Vec<_> = asked.iter().map(|(facts, _)| facts.action.to_string()).collect();
        assert_eq!(actions, ["test.say", "policy.save_rule", "test.say"]);
        assert_eq!(asked[2].1.rule, RuleOffer::None);
        assert_eq!(saved(&house).len(), 1);
    });
}

#[test]
fn where_codes_are_wanted_a_rule_wants_one() {
    block(async {
        let house = House::with(CodeWanted::Yes);
        TotpEnrolment::create(&house.totp_file(), person().principal.name()).unwrap();
        house.answers.next(Answer::SaveRule);
        house.answers.next(Answer::Yes { code: None });
        let refused = say(&house, &person(), Say::text("hello")).await.unwrap_err();
        assert!(matches!(refused, GateError::CodeNeeded), "{refused}");
        assert_eq!((saved(&house).len(), house.count("test.say", Phase::Done)), (0, 0));
    });
}

#[test]
fn what_was_not_offered_is_no_answer() {
    block(async {
        let house = House::new();
        for answer in [Answer::SaveRule, Answer::Edited("bye".into())] {
            house.answers.next(answer);
            let refused = say(&house, &person(), Say::without_offers()).await.unwrap_err();
            assert!(matches!(refused, GateError::Declined { .. }), "{refused}");
        }
        let id = waiting(&house, Say::without_offers()).await;
        let suggest = Resolution::Suggest { text: "bye".into() };
        let refused = house.gate.answer(&person(), id, suggest).await.unwrap_err();
        assert!(matches!(refused, GateError::NothingToEdit(_)), "{refused}");
        assert_eq!((saved(&house).len(), house.count("test.say", Phase::Done)), (0, 0));
    });
}

#[test]
fn an_edited_text_is_no_approval_of_it() {
    block(async {
        let house = House::new();
        house.answers.next(Answer::Edited("bye".into()));
        match say(&house, &person(), Say::text("hello")).await {
            Err(GateError::Suggested { text, .. }) => assert_eq!(text, "bye"),
            other => panic!("{other:?}"),
        }
        assert_eq!(house.count("test.say", Phase::Denied), 1);
        let id = waiting(&house, Say::text("hello")).await;
        let suggest = Resolution::Suggest { text: "bye".into() };
        let view = house.gate.answer(&person(), id, suggest).await.unwrap();
        assert_eq!((view.state, view.suggestion.as_deref()), (ApprovalState::Denied, Some("bye")));
        match say(&house, &agent(), Say::text("hello")).await {
            Err(GateError::Suggested { text, .. }) => assert_eq!(text, "bye"),
            other => panic!("{other:?}"),
        }
        // The suggested one is asked about like anything else.
        assert_ne!(waiting(&house, Say::text("bye")).await, id);
        let answers = records_of(&house, "approval.deny");
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0].detail.as_ref().unwrap()["act"]["suggestion"], "bye");
    });
}

#[test]
fn no_secret_goes_where_rules_and_suggestions_go() {
    const SECRET: &str = "Tr0ub4dor&3-and-more";
    block(async {
        let house = House::new();
        house.known.are("TOKEN", SECRET);
        let rule = RuleOffer::Rule { text: format!("match = [{SECRET:?}]"), covers: SECRET.into() };
        let offers = Offers { rule, edit: Some(SECRET.into()) };
        let id = waiting(&house, Say { offers, ..Say::text(SECRET) }).await;
        let view = house.gate.request(&person(), id).await.unwrap();
        assert!(!serde_json::to_string(&view).unwrap().contains(SECRET), "{view:?}");
        assert!(matches!(view.offers.rule, RuleOffer::Unsuitable(_)), "{view:?}");
        let suggest = Resolution::Suggest { text: SECRET.into() };
        let refused = house.gate.answer(&person(), id, suggest).await.unwrap_err();
        assert!(matches!(refused, GateError::HoldsSecret { .. }), "{refused}");
        // When the values cannot be known, neither a rule nor a suggestion is stored.
        house.known.are_locked_away();
        let suggest = Resolution::Suggest { text: "fine".into() };
        for refused in [
            house.gate.answer(&person(), id, suggest).await.unwrap_err(),
            house.gate.answer_with_rule(&person(), id).await.unwrap_err(),
        ] {
            assert!(matches!(refused, GateError::Unchecked(_)), "{refused}");
        }
        house.answers.next(Answer::SaveRule);
        let refused = say(&house, &person(), Say::text("hello")).await.unwrap_err();
        assert!(matches!(refused, GateError::Unchecked(_)), "{refused}");
        assert_eq!(saved(&house).len(), 0);
    });
}

#[test]
fn the_table_keeps_suggestions_with_a_no_and_knows_older_requests() {
    block(async {
        let house = House::new();
        let id = waiting(&house, Say::text("hello")).await;
        let forged = house
            .db
            .write(move |tx| {
                // A request from before there were offers has none.
                tx.sql().execute("UPDATE gate_approval SET offers = NULL", [])?;
                let set = "UPDATE gate_approval SET suggestion = 'bye' WHERE id = ?1";
                Ok::<_, GateError>(tx.sql().execute(set, [id.to_string()]).map_err(|e| e.to_string()))
            })
            .await
            .unwrap();
        assert!(forged.is_err_and(|e| e.contains("CHECK")));
        let view = house.gate.request(&person(), id).await.unwrap();
        assert_eq!((view.offers, view.suggestion), (Offers::default(), None));
        house.gate.answer(&person(), id, Resolution::Approve).await.unwrap();
        say(&house, &agent(), Say::text("hello")).await.unwrap();
    });
}
