//! The ledger's promises, each with a probe that looks and a twin that breaks it.

use crate::anchor;
use crate::checkpoint::{self, Stored, check_extends};
use crate::error::{Forgery, LedgerError};
use crate::keys::KeyChain;
use crate::ledger::read_intents;
use crate::note::SignedHead;
use crate::state::TreeState;
use crate::twins;
use crate::verify::verify_all;
use keep_types::{Adversary, Installation, Probe, Promise, Twin, Verdict, chain};
use rusqlite::{Connection, OpenFlags};
use std::path::PathBuf;
use std::time::Duration;

/// What `keep attest` checks of the ledger.
#[must_use]
pub fn probes() -> Vec<Probe> {
    let promise = |id, claim, against| Promise { id, claim, against };
    vec![
        Probe {
            promise: promise(
                "LEDGER-1",
                "Every record is in the Merkle tree, and none was edited, removed, inserted or reordered",
                Adversary::OtherUser,
            ),
            run: |at| by_verifying(at, Subject::Records),
            twin: Twin::Installation(twins::edit_a_record),
        },
        Probe {
            promise: promise("LEDGER-2", "The database extends the signed checkpoint", Adversary::OtherUser),
            run: extends_checkpoint,
            twin: Twin::Installation(twins::roll_back),
        },
        Probe {
            promise: promise(
                "LEDGER-3",
                "The checkpoint and every kept head are signed by the key in force at their size",
                Adversary::OtherUser,
            ),
            run: signed_by_known_key,
            twin: Twin::Installation(twins::sign_with_fresh_key),
        },
        Probe {
            promise: promise(
                "LEDGER-4",
                "Details are those their records commit to, and one is gone only where a record says so",
                Adversary::OtherUser,
            ),
            run: |at| by_verifying(at, Subject::Details),
            twin: Twin::Installation(twins::edit_a_detail),
        },
        Probe {
            promise: promise(
                "LEDGER-6",
                "No intent of a dead process stays open once Keep was opened again",
                Adversary::Accident,
            ),
            run: no_dead_intents,
            twin: Twin::Installation(twins::leave_a_dead_intent),
        },
        Probe {
            promise: promise(
                "LEDGER-7",
                "The ledger extends every head that was anchored to a file from here",
                Adversary::Unconfined,
            ),
            run: extends_anchors,
            twin: Twin::Installation(twins::rewrite_with_the_key),
        },
    ]
}

/// What a forgery is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Records,
    Heads,
    Details,
    Intents,
}

fn subject(forgery: &Forgery) -> Subject {
    match forgery {
        Forgery::DetailEdited { .. } | Forgery::DetailLost { .. } | Forgery::DetailAdded { .. } => {
            Subject::Details
        }
        Forgery::IntentList { .. } => Subject::Intents,
        Forgery::RolledBack { .. }
        | Forgery::ForeignLog { .. }
        | Forgery::Resigned { .. }
        | Forgery::RetiredKey { .. }
        | Forgery::ForeignKey { .. }
        | Forgery::KeyChain { .. }
        | Forgery::ForeignKeyFile
        | Forgery::BadCheckpoint { .. }
        | Forgery::Unanchored { .. } => Subject::Heads,
        _ => Subject::Records,
    }
}

pub(crate) fn database(at: &Installation) -> PathBuf {
    at.data.join("keep.db")
}

pub(crate) fn checkpoint_file(at: &Installation) -> PathBuf {
    at.state.join("checkpoint")
}

/// Runs a check on a read-only connection; `Ok(None)` means that the promise holds.
fn look(
    at: &Installation,
    check: impl FnOnce(&Connection, &Stored) -> Result<Option<String>, LedgerError>,
) -> Verdict {
    let path = database(at);
    if !path.exists() {
        return Verdict::NotApplicable("there is no database yet".into());
    }
    let found = checkpoint::read(&checkpoint_file(at)).and_then(|stored| {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let sql = Connection::open_with_flags(&path, flags)?;
        sql.busy_timeout(Duration::from_secs(5))?;
        sql.execute_batch("BEGIN")?;
        check(&sql, &stored)
    });
    match found {
        Ok(None) => Verdict::Pass,
        Ok(Some(how)) => Verdict::Fail(how),
        Err(LedgerError::Tampered(forgery)) => Verdict::Fail(forgery.to_string()),
        Err(other) => Verdict::Fail(chain(&other).join(": ")),
    }
}

fn by_verifying(at: &Installation, about: Subject) -> Verdict {
    let mut elsewhere = None;
    let verdict = look(at, |sql, stored| {
        match verify_all(sql, stored, &mut |_, _| {}) {
            Ok(_) => Ok(None),
            Err(LedgerError::Tampered(forgery)) if subject(&forgery) != about => {
                // Records and details are read before heads are judged, so these were found whole.
                let read_before = subject(&forgery) != Subject::Records
                    && (about == Subject::Records || subject(&forgery) == Subject::Intents);
                if !read_before {
                    elsewhere = Some(forgery.to_string());
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    });
    match elsewhere {
        Some(why) => Verdict::NotApplicable(format!("verification ended earlier: {why}")),
        None => verdict,
    }
}

fn extends_checkpoint(at: &Installation) -> Verdict {
    look(at, |sql, stored| {
        let Some(state) = TreeState::read(sql)? else {
            let size = stored.head().map_or(0, |head| head.head.size);
            return Ok((size > 0).then(|| format!("the database lost {size} records")));
        };
        let chain = KeyChain::load(sql, &state.origin)?;
        match stored {
            Stored::Missing => Err(Forgery::Unanchored { size: state.frontier.size() }.into()),
            Stored::Damaged(forgery) => Err(forgery.clone().into()),
            Stored::Note { head, .. } => match check_extends(sql, &state, &chain, head) {
                Err(LedgerError::Tampered(forgery)) if is_about_keys(&forgery) => Ok(None),
                other => other.map(|()| None),
            },
        }
    })
}

fn is_about_keys(forgery: &Forgery) -> bool {
    matches!(forgery, Forgery::ForeignKey { .. } | Forgery::Resigned { .. } | Forgery::RetiredKey { .. })
}

fn signed_by_known_key(at: &Installation) -> Verdict {
    look(at, |sql, stored| {
        let Some(state) = TreeState::read(sql)? else {
            return Ok(None);
        };
        let chain = KeyChain::load(sql, &state.origin)?;
        if let Stored::Note { head, .. } = stored {
            chain.check(head)?;
        }
        let mut statement = sql.prepare("SELECT note FROM ledger_head")?;
        let notes = statement.query_map([], |row| row.get::<_, String>(0))?;
        for note in notes {
            let head = SignedHead::parse(&note?).map_err(|e| Forgery::bad_note(&e))?;
            chain.check(&head)?;
        }
        Ok(None)
    })
}

fn no_dead_intents(at: &Installation) -> Verdict {
    look(at, |sql, _| {
        let dead: Vec<String> = read_intents(sql)?
            .into_iter()
            .filter(|(_, owner)| !owner.lives())
            .map(|(seq, _)| seq.to_string())
            .collect();
        let how = || format!("intents of dead processes are open: {}", dead.join(", "));
        Ok((!dead.is_empty()).then(how))
    })
}

fn extends_anchors(at: &Installation) -> Verdict {
    let mut checked = 0;
    let mut gone = Vec::new();
    let verdict = look(at, |sql, _| {
        let Some(state) = TreeState::read(sql)? else {
            return Ok(None);
        };
        let chain = KeyChain::load(sql, &state.origin)?;
        for path in anchor::remembered(&checkpoint_file(at))? {
            match checkpoint::read(&path)? {
                Stored::Note { head, .. } => check_extends(sql, &state, &chain, &head)?,
                Stored::Missing => {
                    gone.push(path.display().to_string());
                    continue;
                }
                Stored::Damaged(forgery) => return Err(forgery.into()),
            }
            checked += 1;
        }
        Ok(None)
    });
    match verdict {
        // An anchor may lie on a stick that is not in, so its absence proves nothing.
        Verdict::Pass if checked == 0 && !gone.is_empty() => {
            Verdict::NotApplicable(format!("the anchors are not at hand: {}", gone.join(", ")))
        }
        Verdict::Pass if checked == 0 => {
            Verdict::NotApplicable("nothing was anchored; see `keep audit anchor`".into())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twins::db_config;
    use crate::{Ledger, LedgerConfig, Phase, Record, SCHEMA, SystemClock};
    use keep_db::Db;
    use std::sync::Arc;

    fn scratch() -> (tempfile::TempDir, Installation) {
        let folder = tempfile::tempdir().unwrap();
        let at = Installation {
            data: folder.path().join("data"),
            config: folder.path().join("config"),
            state: folder.path().join("state"),
        };
        let db = Db::open(&db_config(&at), &[&SCHEMA]).unwrap();
        let config = LedgerConfig::in_folders(&at.config, &at.state, Arc::new(SystemClock));
        let ledger = Ledger::open(db, config).unwrap();
        for n in 0..5 {
            let record = Record {
                principal: "user:me".parse().unwrap(),
                namespace: "global".parse().unwrap(),
                action: "a.b".parse().unwrap(),
                phase: Phase::Done,
                refers_to: None,
                detail: serde_json::json!({ "n": n }),
                exact: None,
            };
            ledger.append(record).wait().unwrap();
        }
        ledger.close().unwrap();
        (folder, at)
    }

    #[test]
    fn each_twin_breaks_its_own_promise() {
        for probe in probes() {
            let id = probe.promise.id;
            let (_folder, at) = scratch();
            for other in probes() {
                let verdict = (other.run)(&at);
                let unanchored = other.promise.id == "LEDGER-7";
                let fine =
                    verdict == Verdict::Pass || unanchored && matches!(verdict, Verdict::NotApplicable(_));
                assert!(fine, "{} before: {verdict:?}", other.promise.id);
            }
            let broken = probe.run_broken(&at).unwrap();
            assert!(matches!(broken, Verdict::Fail(_)), "{id} after its twin");
            for other in probes().iter().filter(|other| other.promise.id != id) {
                let verdict = (other.run)(&at);
                assert!(!matches!(verdict, Verdict::Fail(_)), "{id} broke {}: {verdict:?}", other.promise.id);
            }
        }
    }

    #[test]
    fn without_a_database_nothing_can_be_said() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name| folder.path().join(name);
        let at = Installation { data: at("data"), config: at("config"), state: at("state") };
        for probe in probes() {
            assert!(matches!((probe.run)(&at), Verdict::NotApplicable(_)));
        }
    }
}
