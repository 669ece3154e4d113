//! Approvals for a whole conversation: where they hold, and everywhere they do not.

use crate::house::{House, Write, block, caller, request};
use keep_gate::{ApprovalState, CodeWanted, GateError, GoodFor, Resolution};
use keep_ledger::{Filter, Phase};
use keep_types::{Approval, Audience, Caller, Id, Risk};

const ACT: Write = Write { bytes: "hello", risk: Risk::High };

fn agent() -> Caller {
    caller("agent:a", &[10, 9, 1])
}

fn person() -> Caller {
    caller("user:ann", &[20, 1])
}

async fn allowed(house: &House) -> Id<Approval> {
    let id = request(&house.gate, &agent(), ACT).await;
    let view = house.gate.answer(&person(), id, Resolution::ApproveForConversation).await.unwrap();
    assert_eq!((view.state, view.good_for), (ApprovalState::Approved, GoodFor::Conversation));
    id
}

async fn act(house: &House, by: &Caller) -> Result<(), GateError> {
    house.gate.admit(by, ACT).await?.perform(|_, _| Ok(())).await
}

fn in_session(pids: &[u32], session: &str) -> Caller {
    Caller { home: session.parse().unwrap(), ..caller("agent:a", pids) }
}

#[test]
fn the_same_act_happens_again_and_each_time_names_its_approval() {
    block(async {
        let house = House::new();
        let id = allowed(&house).await;
        for _ in 0..3 {
            act(&house, &agent()).await.unwrap();
        }
        // Another process of the same agent is still the same conversation.
        act(&house, &caller("agent:a", &[14, 13, 9, 1])).await.unwrap();
        let done: Vec<_> = house
            .ledger
            .query(Filter::default())
            .wait()
            .unwrap()
            .into_iter()
            .filter(|entry| entry.action.as_str() == "test.write" && entry.phase == Phase::Done)
            .map(|entry| entry.detail.unwrap()["approval"].clone())
            .collect();
        assert_eq!(done, vec![serde_json::json!(id); 4]);
    });
}

#[test]
fn no_other_conversation_act_or_requester_profits() {
    block(async {
        let house = House::new();
        let id = allowed(&house).await;
        assert_ne!(request(&house.gate, &caller("agent:a", &[10, 8, 1]), ACT).await, id, "another process");
        assert_ne!(request(&house.gate, &in_session(&[10, 9, 1], "session:demo/one"), ACT).await, id);
        assert_ne!(request(&house.gate, &caller("agent:b", &[10, 9, 1]), ACT).await, id, "another agent");
        assert_ne!(request(&house.gate, &agent(), Write { bytes: "hellO", ..ACT }).await, id, "another act");
        // What the others asked since does not hide what is good here.
        act(&house, &agent()).await.unwrap();
    });
}

#[test]
fn a_session_is_one_conversation_whatever_process_works_in_it() {
    block(async {
        let house = House::new();
        let one = in_session(&[10, 9, 1], "session:demo/one");
        let id = request(&house.gate, &one, ACT).await;
        house.gate.answer(&person(), id, Resolution::ApproveForConversation).await.unwrap();
        act(&house, &in_session(&[60, 61, 1], "session:demo/one")).await.unwrap();
        let two = in_session(&[10, 9, 1], "session:demo/two");
        assert_ne!(request(&house.gate, &two, ACT).await, id);
    });
}

#[test]
fn it_ends_after_eight_hours() {
    block(async {
        let house = House::new();
        let id = allowed(&house).await;
        house.time.advance("479m");
        act(&house, &agent()).await.unwrap();
        let late = house.gate.admit(&agent(), ACT).await.unwrap();
        house.time.advance("1m");
        let error = late.perform(|_, _| Ok::<_, GateError>(())).await.unwrap_err();
        assert!(matches!(error, GateError::ApprovalOver { .. }), "{error}");
        assert_ne!(request(&house.gate, &agent(), ACT).await, id);
        assert_eq!(house.count("test.write", Phase::Done), 1);
    });
}

#[test]
fn a_stop_a_changed_policy_and_a_later_no_end_it() {
    block(async {
        let house = House::new();
        let id = allowed(&house).await;
        let granted = house.gate.admit(&agent(), ACT).await.unwrap();
        house.gate.stop(&person(), "enough".into()).await.unwrap();
        house.gate.resume(&person()).await.unwrap();
        let error = granted.perform(|_, _| Ok::<_, GateError>(())).await.unwrap_err();
        assert!(matches!(error, GateError::ApprovalOver { .. }), "{error}");
        assert_ne!(request(&house.gate, &agent(), ACT).await, id, "after the stop");
    });
    block(async {
        let house = House::new();
        let id = allowed(&house).await;
        let granted = house.gate.admit(&agent(), ACT).await.unwrap();
        let note = Some("use the other file".to_owned());
        house.gate.answer(&person(), id, Resolution::Deny { note: note.clone() }).await.unwrap();
        let error = granted.perform(|_, _| Ok::<_, GateError>(())).await.unwrap_err();
        assert!(matches!(error, GateError::ApprovalOver { .. }), "{error}");
        match act(&house, &agent()).await {
            Err(GateError::Declined { note: told, .. }) => assert_eq!(told, note),
            other => panic!("taken back, and yet {other:?}"),
        }
    });
    block(async {
        let house = House::new();
        let id = allowed(&house).await;
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
        assert_ne!(request(&gate, &agent(), ACT).await, id, "under another policy");
    });
}

#[test]
fn critical_acts_and_callers_without_a_conversation_are_asked_each_time() {
    block(async {
        let house = House::new();
        let nowhere = Caller { acting: Vec::new(), ..agent() };
        // A program's critical acts are denied outright, but another person's can wait in the inbox.
        let bob = Caller { audience: Audience::Inbox, ..caller("user:bob", &[50, 1]) };
        for (by, act) in [(bob, Write { risk: Risk::Critical, ..ACT }), (nowhere, ACT)] {
            let id = request(&house.gate, &by, act).await;
            assert!(house.gate.request(&person(), id).await.unwrap().once_only().is_some());
            let refused = house.gate.answer(&person(), id, Resolution::ApproveForConversation).await;
            assert!(matches!(refused, Err(GateError::OnceOnly { .. })), "{refused:?}");
            house.gate.answer(&person(), id, Resolution::Approve).await.unwrap();
        }
        assert_eq!(house.count("approval.answer", Phase::Denied), 2);
    });
}

#[test]
fn who_may_not_approve_once_may_not_approve_for_longer() {
    block(async {
        let house = House::new();
        let id = request(&house.gate, &agent(), ACT).await;
        let yes = || Resolution::ApproveForConversation;
        let own = house.gate.answer(&agent(), id, yes()).await.unwrap_err();
        assert!(matches!(own, GateError::SelfApproval(_)), "{own}");
        let below = house.gate.answer(&caller("user:ann", &[40, 9, 1]), id, yes()).await.unwrap_err();
        assert!(matches!(below, GateError::DescendantApproval(_)), "{below}");
        let other = house.gate.answer(&caller("agent:b", &[30, 1]), id, yes()).await.unwrap_err();
        assert!(matches!(other, GateError::PersonOnly(_)), "{other}");
    });
}

#[test]
fn the_table_refuses_what_the_gate_refuses() {
    block(async {
        let house = House::new();
        allowed(&house).await;
        for forged in [
            "risk = 'critical'",
            "conversation = NULL",
            "state = 'used'",
            "lasting = 2",
            "expires_ms = expires_ms + 1",
        ] {
            let changed = house
                .db
                .write(move |tx| {
                    let set = format!("UPDATE gate_approval SET {forged}");
                    Ok::<_, GateError>(tx.sql().execute(&set, []).map_err(|e| e.to_string()))
                })
                .await
                .unwrap();
            assert!(changed.is_err_and(|e| e.contains("CHECK")), "{forged}");
        }
        act(&house, &agent()).await.unwrap();
    });
}
