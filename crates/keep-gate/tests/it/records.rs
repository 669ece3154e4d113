use crate::house::{House, Look, Write, block, caller};
use keep_gate::{GateError, Outcome};
use keep_ledger::Phase;
use keep_types::Risk;
use serde_json::json;

const LOW: Write = Write { bytes: "x", risk: Risk::Low };

#[test]
fn effect_and_record_stand_or_fall_together() {
    block(async {
        let house = House::new();
        let person = caller("user:ann", &[20, 1]);
        house.db.write(|tx| Ok::<_, GateError>(tx.sql().execute_batch("CREATE TABLE t (x)")?)).await.unwrap();
        let insert = |tx: &mut keep_db::WriteTx<'_>, _: &Write| -> Result<(), GateError> {
            tx.sql().execute("INSERT INTO t VALUES (1)", [])?;
            Ok(())
        };
        house.gate.admit(&person, LOW).await.unwrap().perform(insert).await.unwrap();
        let failed = house.gate.admit(&person, LOW).await.unwrap();
        let failed = failed.perform(move |tx, act| {
            insert(tx, act)?;
            tx.sql().execute("INSERT INTO nowhere VALUES (1)", [])?;
            Ok::<_, GateError>(())
        });
        assert!(failed.await.is_err());
        let rows: i64 = house
            .db
            .read(|tx| {
                Ok::<_, GateError>(tx.sql().query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
            })
            .await
            .unwrap();
        assert_eq!(rows, 1);
        assert_eq!(house.count("test.write", Phase::Done), 1);
        assert_eq!(house.count("test.write", Phase::Failed), 1);
    });
}

#[test]
fn an_outside_effect_has_its_intent_first() {
    block(async {
        let house = House::new();
        let person = caller("user:ann", &[20, 1]);
        let started = house.gate.admit(&person, LOW).await.unwrap().begin().await.unwrap();
        assert_eq!(house.count("test.write", Phase::Intent), 1);
        started.finish(Outcome::Done(json!({ "bytes": 1 }))).await.unwrap();
        let started = house.gate.admit(&person, LOW).await.unwrap().begin().await.unwrap();
        started.finish(Outcome::Failed("the disk was full".into())).await.unwrap();
        drop(house.gate.admit(&person, LOW).await.unwrap().begin().await.unwrap());
        // The record of a dropped act is queued before this empty job, and so is there after it.
        house.db.write(|_| Ok::<_, GateError>(())).await.unwrap();
        let expected = ["intent", "outcome", "intent", "outcome-failed", "intent", "abandoned"];
        let found: Vec<_> = house
            .records()
            .into_iter()
            .filter_map(|record| record.strip_prefix("test.write ").map(str::to_owned))
            .collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn stop_denies_everything_to_everybody_until_a_person_resumes() {
    block(async {
        let house = House::new();
        let (agent, person) = (caller("agent:a", &[10, 9, 1]), caller("user:ann", &[20, 1]));
        let held = house.gate.admit(&person, LOW).await.unwrap();
        house.gate.stop(&agent, "smoke".into()).await.unwrap();
        assert!(matches!(house.gate.admit(&person, LOW).await, Err(GateError::Stopped { .. })));
        // A permit from before the stop is not good either.
        let refused = held.perform(|_, _| Ok::<_, GateError>(())).await.unwrap_err();
        assert!(matches!(refused, GateError::Stopped { .. }), "{refused}");
        assert!(matches!(house.gate.admit(&agent, Look).await, Err(GateError::Stopped { .. })));
        house.gate.admit(&person, Look).await.unwrap().observe().await.unwrap();
        assert!(house.gate.resume(&agent).await.is_err());
        house.gate.resume(&person).await.unwrap();
        drop(house.gate.admit(&person, LOW).await.unwrap());
    });
}

#[test]
fn a_flood_is_limited_and_leaves_few_records() {
    block(async {
        let house = House::new();
        let agent = caller("agent:a", &[10, 9, 1]);
        for _ in 0..20 {
            let permit = house.gate.admit(&agent, LOW).await.unwrap();
            permit.perform(|_, _| Ok::<_, GateError>(())).await.unwrap();
        }
        for _ in 0..50 {
            assert!(matches!(house.gate.admit(&agent, LOW).await, Err(GateError::RateLimited { .. })));
        }
        assert_eq!(house.count("test.write", Phase::Denied), 1);
        house.gate.stop(&agent, "even then".into()).await.unwrap();
        house.gate.resume(&caller("user:ann", &[20, 1])).await.unwrap();
        house.time.advance("1m");
        drop(house.gate.admit(&agent, LOW).await.unwrap());
    });
}

#[test]
fn programs_see_their_own_records_only() {
    block(async {
        let house = House::new();
        let (agent, person) = (caller("agent:a", &[10, 9, 1]), caller("user:ann", &[20, 1]));
        for who in [&agent, &person] {
            let permit = house.gate.admit(who, LOW).await.unwrap();
            permit.perform(|_, _| Ok::<_, GateError>(())).await.unwrap();
        }
        let seen = house.gate.audit_log(&agent, Default::default()).await.unwrap();
        assert!(!seen.is_empty() && seen.iter().all(|entry| entry.principal == agent.principal));
        assert!(house.gate.audit_log(&person, Default::default()).await.unwrap().len() > seen.len());
    });
}
