use crate::house::{House, Write, block, caller, request};
use keep_gate::{
    Answer, ApprovalState, CodeWanted, GateError, InboxFilter, Relayed, Resolution, TotpEnrolment, Withdrawn,
};
use keep_ledger::Phase;
use keep_types::{Channel, Risk};

const ACT: Write = Write { bytes: "hello", risk: Risk::High };

const ASK_ALWAYS: &str = r#"format = 1
    [[rule]]
    id = "ask-always"
    decision = "ask"
    principals = ["agent:*"]
    actions = ["test.write"]
    reason = "somebody looks"
    match = ["agent:z test.write global low"]
"#;

async fn perform(house: &House, permit: keep_gate::Permit<Write>) -> Result<(), GateError> {
    let _ = house;
    permit.perform(|_, _| Ok(())).await
}

#[test]
fn an_approved_act_happens_once() {
    block(async {
        let house = House::new();
        let (agent, person) = (caller("agent:a", &[10, 9, 1]), caller("user:ann", &[20, 1]));
        let id = request(&house.gate, &agent, ACT).await;
        assert_eq!(request(&house.gate, &agent, ACT).await, id, "the same act waits once");
        house.gate.answer(&person, id, Resolution::Approve).await.unwrap();
        let permit = house.gate.admit(&agent, ACT).await.unwrap();
        // Two permits from one approval: the second finds it used up.
        let replay = house.gate.admit(&agent, ACT).await.unwrap();
        perform(&house, permit).await.unwrap();
        let refused = perform(&house, replay).await.unwrap_err();
        assert!(matches!(refused, GateError::ApprovalOver { .. }), "{refused}");
        assert_eq!(house.count("test.write", Phase::Done), 1);
        // And asking again makes a new request.
        assert_ne!(request(&house.gate, &agent, ACT).await, id);
    });
}

#[test]
fn a_stop_withdraws_what_waits_and_says_so() {
    block(async {
        let house = House::new();
        let (agent, person) = (caller("agent:a", &[10, 9, 1]), caller("user:ann", &[20, 1]));
        let approved = request(&house.gate, &agent, ACT).await;
        house.gate.answer(&person, approved, Resolution::Approve).await.unwrap();
        let waits = request(&house.gate, &agent, Write { bytes: "other", ..ACT }).await;
        let stopped = house.gate.stop(&agent, "enough".into()).await.unwrap();
        assert_eq!((stopped.withdrawn.waiting, stopped.withdrawn.approved), (1, 1));
        // A second stop takes back nothing more.
        assert_eq!(house.gate.stop(&agent, "again".into()).await.unwrap().withdrawn, Withdrawn::default());
        house.gate.resume(&person).await.unwrap();
        assert!(house.gate.inbox(&person, InboxFilter::Waiting).await.unwrap().is_empty());
        let all = house.gate.inbox(&person, InboxFilter::All).await.unwrap();
        assert!(all.len() == 2 && all.iter().all(|view| view.state == ApprovalState::Withdrawn), "{all:?}");
        for id in [approved, waits] {
            for resolution in [Resolution::Approve, Resolution::Deny { note: None }] {
                let late = house.gate.answer(&person, id, resolution).await.unwrap_err();
                assert!(late.to_string().contains("withdrawn"), "{late}");
            }
        }
        assert_ne!(request(&house.gate, &agent, ACT).await, approved, "it is asked anew");
    });
}

#[test]
fn approval_of_changed_bytes_is_no_approval() {
    block(async {
        let house = House::new();
        let (agent, person) = (caller("agent:a", &[10, 9, 1]), caller("user:ann", &[20, 1]));
        let id = request(&house.gate, &agent, ACT).await;
        house.gate.answer(&person, id, Resolution::Approve).await.unwrap();
        let other = request(&house.gate, &agent, Write { bytes: "hellO", ..ACT }).await;
        assert_ne!(other, id);
        let other_agent = caller("agent:b", &[11, 9, 1]);
        assert_ne!(request(&house.gate, &other_agent, ACT).await, id, "nor for another requester");
    });
}

#[test]
fn an_approval_expires() {
    block(async {
        let house = House::new();
        let (agent, person) = (caller("agent:a", &[10, 9, 1]), caller("user:ann", &[20, 1]));
        let id = request(&house.gate, &agent, ACT).await;
        house.time.advance("11m");
        let late = house.gate.answer(&person, id, Resolution::Approve).await.unwrap_err();
        assert!(matches!(late, GateError::ApprovalOver { .. }), "{late}");
        let id = request(&house.gate, &agent, ACT).await;
        house.gate.answer(&person, id, Resolution::Approve).await.unwrap();
        let permit = house.gate.admit(&agent, ACT).await.unwrap();
        house.time.advance("11m");
        let stale = perform(&house, permit).await.unwrap_err();
        assert!(matches!(stale, GateError::ApprovalOver { .. }), "{stale}");
        assert_eq!(house.count("test.write", Phase::Done), 0);
    });
}

#[test]
fn nobody_approves_their_own_request_nor_a_process_below() {
    block(async {
        let house = House::new();
        let agent = caller("agent:a", &[10, 9, 1]);
        let id = request(&house.gate, &agent, ACT).await;
        let own = house.gate.answer(&agent, id, Resolution::Approve).await.unwrap_err();
        assert!(matches!(own, GateError::SelfApproval(_)), "{own}");
        let other = house.gate.answer(&caller("agent:b", &[30, 1]), id, Resolution::Approve).await;
        assert!(matches!(other.unwrap_err(), GateError::PersonOnly(_)));
        // A terminal that the agent opened: its processes descend from process 9.
        let below = caller("user:ann", &[40, 9, 1]);
        let below = house.gate.answer(&below, id, Resolution::Approve).await.unwrap_err();
        assert!(matches!(below, GateError::DescendantApproval(_)), "{below}");
        assert_eq!(house.count("approval.answer", Phase::Denied), 3, "{:?}", house.records());
        let beside = caller("user:ann", &[20, 1]);
        house.gate.answer(&beside, id, Resolution::Approve).await.unwrap();
    });
}

/// A client of the protocol may say yes in its person's place, so its word counts for little, and only for what
/// it asked for itself.
#[test]
fn a_relayed_yes_is_good_for_medium_risk_at_most() {
    block(async {
        let mut agent = caller("agent:a", &[10, 9, 1]);
        agent.channel = Channel::Mcp;
        // What is critical is no program's to ask for.
        for (risk, counts) in [(Risk::Low, true), (Risk::Medium, true), (Risk::High, false)] {
            // Everything is asked about, so that the risk alone makes the difference.
            let house = House::new();
            let gate = house.gate_under(vec![ASK_ALWAYS], CodeWanted::No);
            let act = Write { bytes: "hello", risk };
            let id = request(&gate, &agent, act.clone()).await;
            let relayed = gate.relay_answer(&agent, id, Relayed::Yes).await;
            if counts {
                relayed.unwrap();
                perform(&house, gate.admit(&agent, act.clone()).await.unwrap()).await.unwrap();
                assert_ne!(request(&gate, &agent, act).await, id, "it was good for more than once");
            } else {
                let refused = relayed.unwrap_err();
                assert!(matches!(refused, GateError::PersonOnly(_)), "{risk}: {refused}");
                assert_eq!(house.count("approval.relay", Phase::Denied), 1, "{risk}: it left no record");
                assert_eq!(request(&gate, &agent, act).await, id, "{risk}: it waits as before");
                assert_eq!(house.count("test.write", Phase::Done), 0, "{risk}");
                // Its person may well say no by that way.
                gate.relay_answer(&agent, id, Relayed::No).await.unwrap();
            }
        }
    });
}

#[test]
fn only_the_requesters_own_client_relays() {
    block(async {
        let house = House::new();
        let gate = house.gate_under(vec![ASK_ALWAYS], CodeWanted::No);
        let mut agent = caller("agent:a", &[10, 9, 1]);
        let act = Write { bytes: "hello", risk: Risk::Low };
        let id = request(&gate, &agent, act).await;
        let elsewhere = gate.relay_answer(&agent, id, Relayed::Yes).await.unwrap_err();
        assert!(matches!(elsewhere, GateError::NoSuchApproval(_)), "not over the protocol: {elsewhere}");
        let mut other = caller("agent:b", &[11, 9, 1]);
        other.channel = Channel::Mcp;
        gate.relay_answer(&other, id, Relayed::Yes).await.unwrap_err();
        agent.channel = Channel::Mcp;
        gate.relay_answer(&agent, id, Relayed::Yes).await.unwrap();
        let late = gate.relay_answer(&agent, id, Relayed::Yes).await.unwrap_err();
        assert!(matches!(late, GateError::ApprovalOver { .. }), "{late}");
    });
}

#[test]
fn a_changed_policy_voids_approvals() {
    block(async {
        let house = House::new();
        let (agent, person) = (caller("agent:a", &[10, 9, 1]), caller("user:ann", &[20, 1]));
        let id = request(&house.gate, &agent, ACT).await;
        house.gate.answer(&person, id, Resolution::Approve).await.unwrap();
        let rule = r#"format = 1
            [[rule]]
            id = "other"
            decision = "ask"
            principals = ["agent:z"]
            actions = ["test.write"]
            reason = "a rule about somebody else"
            match = ["agent:z test.write global low"]
        "#;
        let gate = house.gate_under(vec![rule], CodeWanted::No);
        assert_ne!(request(&gate, &agent, ACT).await, id);
    });
}

#[test]
fn a_no_stands_and_is_told() {
    block(async {
        let house = House::new();
        let (agent, person) = (caller("agent:a", &[10, 9, 1]), caller("user:ann", &[20, 1]));
        let id = request(&house.gate, &agent, ACT).await;
        let note = Some("use the other file".to_owned());
        house.gate.answer(&person, id, Resolution::Deny { note: note.clone() }).await.unwrap();
        match house.gate.admit(&agent, ACT).await {
            Err(GateError::Declined { note: told, .. }) => assert_eq!(told, note),
            _ => panic!("a denied act was not declined"),
        }
    });
}

#[test]
fn a_person_who_says_no_at_the_prompt_is_obeyed() {
    block(async {
        let house = House::new();
        let person = caller("user:ann", &[20, 1]);
        let act = Write { risk: Risk::Critical, ..ACT };
        house.answers.next(Answer::No { note: None });
        assert!(matches!(house.gate.admit(&person, act.clone()).await, Err(GateError::Declined { .. })));
        house.answers.next(Answer::Nobody);
        assert!(matches!(house.gate.admit(&person, act.clone()).await, Err(GateError::NobodyToAsk { .. })));
        perform(&house, house.gate.admit(&person, act).await.unwrap()).await.unwrap();
        assert_eq!(house.count("test.write", Phase::Denied), 2);
    });
}

#[test]
fn one_time_codes_are_asked_for_and_limited() {
    block(async {
        let house = House::with(CodeWanted::Yes);
        let person = caller("user:ann", &[20, 1]);
        let act = Write { risk: Risk::Critical, ..ACT };
        assert!(matches!(house.gate.admit(&person, act.clone()).await, Err(GateError::CodeNotSetUp)));
        let enrolment = TotpEnrolment::create(&house.totp_file(), person.principal.name()).unwrap();
        assert!(enrolment.address.starts_with("otpauth://totp/Keep:ann?secret="));
        assert!(TotpEnrolment::create(&house.totp_file(), person.principal.name()).is_err());
        assert!(matches!(house.gate.admit(&person, act.clone()).await, Err(GateError::CodeNeeded)));
        for _ in 0..5 {
            house.answers.next(Answer::Yes { code: Some("no code".into()) });
            assert!(matches!(house.gate.admit(&person, act.clone()).await, Err(GateError::CodeWrong)));
        }
        assert!(matches!(house.gate.admit(&person, act).await, Err(GateError::CodeLocked(_))));
    });
}
