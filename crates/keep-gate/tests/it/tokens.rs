use crate::house::{House, Write, block, caller, process};
use keep_gate::{Because, GateError, Identity, NewToken};
use keep_types::{Audience, Caller, Channel, Principal, Risk};

fn identity(pid: u32) -> Identity {
    Identity {
        principal: Principal::unknown_agent(),
        channel: Channel::Cli,
        audience: Audience::Inbox,
        because: Because::NoTerminal,
        lineage: vec![process(pid)],
        acting: vec![process(pid)],
    }
}

fn new_token(scopes: &[&str]) -> NewToken {
    NewToken {
        principal: "agent:claude".parse().unwrap(),
        scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
        namespaces: vec!["project:demo".parse().unwrap()],
        label: "for the tests".into(),
        lifetime: None,
    }
}

async fn with_token(house: &House, token: &str) -> Result<Caller, GateError> {
    house.gate.caller(&identity(50), Some(token), "global".parse().unwrap()).await
}

#[test]
fn a_token_names_its_principal_until_revoked() {
    block(async {
        let house = House::new();
        let person = caller("user:ann", &[20, 1]);
        let made = house.gate.create_token(&person, new_token(&["test.*"])).await.unwrap();
        let agent = with_token(&house, &made.token).await.unwrap();
        assert_eq!(agent.principal.to_string(), "agent:claude");
        assert_eq!(agent.home.to_string(), "project:demo");
        let low = Write { bytes: "x", risk: Risk::Low };
        drop(house.gate.admit(&agent, low.clone()).await.unwrap());
        house.gate.revoke_token(&person, made.view.id).await.unwrap();
        assert!(matches!(with_token(&house, &made.token).await, Err(GateError::BadToken)));
    });
}

#[test]
fn a_token_is_stored_nowhere() {
    block(async {
        let house = House::new();
        let person = caller("user:ann", &[20, 1]);
        let made = house.gate.create_token(&person, new_token(&["test.*"])).await.unwrap();
        with_token(&house, &made.token).await.unwrap();
        let secret = made.token.rsplit('_').next().unwrap();
        assert_eq!(secret.len(), 40, "160 random bits");
        for file in ["keep.db", "keep.db-wal"] {
            let bytes = std::fs::read(house.folder.path().join("data").join(file)).unwrap();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "the token's secret is in {file}");
        }
    });
}

#[test]
fn scopes_namespaces_and_time_hold() {
    block(async {
        let house = House::new();
        let person = caller("user:ann", &[20, 1]);
        let made = house.gate.create_token(&person, new_token(&["memory.read"])).await.unwrap();
        let agent = with_token(&house, &made.token).await.unwrap();
        let low = Write { bytes: "x", risk: Risk::Low };
        assert!(matches!(house.gate.admit(&agent, low.clone()).await, Err(GateError::Scope { .. })));
        let stranger = Caller {
            reach: keep_types::Reach::Only(vec!["project:other".parse().unwrap()]),
            ..caller("agent:a", &[10, 9, 1])
        };
        assert!(matches!(house.gate.admit(&stranger, low).await, Err(GateError::OutOfReach { .. })));
        house.time.advance("31d");
        assert!(matches!(with_token(&house, &made.token).await, Err(GateError::BadToken)));
    });
}

#[test]
fn nobody_makes_a_token_for_a_person_and_no_program_makes_one() {
    block(async {
        let house = House::new();
        let person = caller("user:ann", &[20, 1]);
        let for_user = NewToken { principal: "user:ann".parse().unwrap(), ..new_token(&["*"]) };
        assert!(matches!(house.gate.create_token(&person, for_user).await, Err(GateError::TokenForUser)));
        let agent = caller("agent:a", &[10, 9, 1]);
        assert!(house.gate.create_token(&agent, new_token(&["*"])).await.is_err());
        assert!(house.gate.tokens(&agent).await.is_err());
        assert_eq!(house.gate.tokens(&person).await.unwrap().len(), 0);
    });
}

#[test]
fn malformed_tokens_get_one_answer() {
    block(async {
        let house = House::new();
        let person = caller("user:ann", &[20, 1]);
        let made = house.gate.create_token(&person, new_token(&["*"])).await.unwrap();
        let mut wrong = made.token.clone();
        wrong.pop();
        wrong.push(if made.token.ends_with('0') { '1' } else { '0' });
        for token in ["", "keep_", "keep__", "keep_x_y", "tok_1", "🎉", wrong.as_str()] {
            let refused = with_token(&house, token).await.unwrap_err();
            assert!(matches!(refused, GateError::BadToken), "{token}: {refused}");
        }
    });
}
