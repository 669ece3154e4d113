//! What the gate promises, checked on a real installation.

use keep_types::{Adversary, Installation, Probe, Promise, Twin, Verdict};
use rusqlite::{Connection, OpenFlags};
use std::path::PathBuf;

/// The gate's promises with their checks and the twins that break them.
#[must_use]
pub fn probes() -> Vec<Probe> {
    vec![
        Probe {
            promise: Promise {
                id: "GATE-1",
                claim: "No request was approved by its own requester, or by anyone but a person.",
                against: Adversary::Confined,
            },
            run: approvals_by_people,
            twin: Twin::Installation(approve_own_request),
        },
        Probe {
            promise: Promise {
                id: "GATE-2",
                claim: "A used approval has exactly one record of a yes before it was used.",
                against: Adversary::Confined,
            },
            run: approvals_recorded,
            twin: Twin::Installation(approve_without_record),
        },
        Probe {
            promise: Promise {
                id: "GATE-3",
                claim: "Tokens are stored as hashes alone, and every one of them expires.",
                against: Adversary::OtherUser,
            },
            run: tokens_hashed,
            twin: Twin::Installation(store_token_text),
        },
        Probe {
            promise: Promise {
                id: "GATE-4",
                claim: "The tables of the gate still refuse what its code refuses.",
                against: Adversary::Accident,
            },
            run: constraints_in_place,
            twin: Twin::Installation(drop_constraints),
        },
        Probe {
            promise: Promise {
                id: "GATE-5",
                claim: "Key and code files are readable by their owner alone.",
                against: Adversary::OtherUser,
            },
            run: key_files_private,
            twin: Twin::Installation(open_key_file),
        },
        Probe {
            promise: Promise {
                id: "GATE-6",
                claim: "A yes that came by way of the requester's own program was to nothing of more than medium risk.",
                against: Adversary::Confined,
            },
            run: relayed_is_little,
            twin: Twin::Installation(relay_much),
        },
    ]
}

fn database(at: &Installation) -> PathBuf {
    at.data.join("keep.db")
}

fn read_only(at: &Installation) -> Result<Connection, String> {
    Connection::open_with_flags(database(at), OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|e| e.to_string())
}

fn run_on(at: &Installation, check: impl FnOnce(&Connection) -> rusqlite::Result<Verdict>) -> Verdict {
    match read_only(at).and_then(|sql| check(&sql).map_err(|e| e.to_string())) {
        Ok(verdict) => verdict,
        Err(error) => Verdict::Fail(format!("the database cannot be read: {error}")),
    }
}

fn break_with(at: &Installation, statements: &str) -> Result<(), String> {
    let sql = Connection::open(database(at)).map_err(|e| e.to_string())?;
    sql.execute_batch(statements).map_err(|e| e.to_string())
}

fn none_found(sql: &Connection, query: &str, what: &str) -> rusqlite::Result<Verdict> {
    let mut statement = sql.prepare(query)?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(match found.first() {
        None => Verdict::Pass,
        Some(first) => Verdict::Fail(format!("{} {what}, the first being {first}", found.len())),
    })
}

fn approvals_by_people(at: &Installation) -> Verdict {
    run_on(at, |sql| {
        none_found(
            sql,
            "SELECT id FROM gate_approval WHERE answered_by = requester
                 OR (answered_by IS NOT NULL AND answered_by NOT LIKE 'user:%')
                 OR (state = 'used' AND answered_by IS NULL)",
            "approvals that no other person gave",
        )
    })
}

fn relayed_is_little(at: &Installation) -> Verdict {
    run_on(at, |sql| {
        none_found(
            sql,
            "SELECT id FROM gate_approval WHERE answered_by = 'user:through-client'
                 AND state IN ('approved', 'used') AND risk NOT IN ('low', 'medium')",
            "approvals of more risk than a client's word is good for",
        )
    })
}

fn relay_much(at: &Installation) -> Result<(), String> {
    break_with(at, &forged_approval("agent:forger", "user:through-client"))
}

/// A row as a program would forge it that can write to the database file.
fn forged_approval(requester: &str, answered_by: &str) -> String {
    format!(
        "PRAGMA ignore_check_constraints = ON;
         INSERT INTO gate_approval (id, digest, action, namespace, risk, summary, detail, reason, requester,
             acting, policy_version, created_ms, expires_ms, state, answered_by, answered_ms)
         VALUES ('apr_00000000000000000000000000', zeroblob(32), 'exec.run', 'global', 'high', 'forged',
             '{{}}', '', '{requester}', '[]', zeroblob(32), 0, 9000000000000, 'used', '{answered_by}', 1);"
    )
}

fn approve_own_request(at: &Installation) -> Result<(), String> {
    break_with(at, &forged_approval("agent:forger", "agent:forger"))
}

/// Each approval has the record of its yes. Records whose details were erased cannot be matched one by
/// one any more, so as many approvals may lack theirs as there are erased ones.
fn approvals_recorded(at: &Installation) -> Verdict {
    run_on(at, |sql| {
        let mut statement = sql.prepare(
            "SELECT a.id FROM gate_approval a WHERE a.state IN ('approved', 'used') AND 1 <> (
                 SELECT count(*) FROM ledger_record r JOIN ledger_detail d ON d.seq = r.seq
                 WHERE (r.action, r.phase) IN (VALUES ('approval.answer', 'done'), ('approval.relay', 'done'), ('policy.save_rule', 'intent'))
                   AND json_extract(d.detail, '$.act.approval') = a.id)",
        )?;
        let unmatched = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        let erased: usize = sql.query_row(
            "SELECT count(*) FROM ledger_record r WHERE (r.action, r.phase) IN (VALUES ('approval.answer', 'done'), ('approval.relay', 'done'), ('policy.save_rule', 'intent'))
                 AND NOT EXISTS (SELECT 1 FROM ledger_detail d WHERE d.seq = r.seq)",
            [],
            |row| row.get::<_, u32>(0).map(|count| count as usize),
        )?;
        Ok(match unmatched.first() {
            Some(first) if unmatched.len() > erased => Verdict::Fail(format!(
                "{} approvals without their record, the first {first}",
                unmatched.len()
            )),
            _ => Verdict::Pass,
        })
    })
}

fn approve_without_record(at: &Installation) -> Result<(), String> {
    break_with(at, &forged_approval("agent:forger", "user:nobody"))
}

fn tokens_hashed(at: &Installation) -> Verdict {
    run_on(at, |sql| {
        none_found(
            sql,
            "SELECT id FROM gate_token WHERE typeof(hash) <> 'blob' OR length(hash) <> 32
                 OR expires_ms IS NULL OR expires_ms <= created_ms OR label LIKE 'keep\\_%' ESCAPE '\\'",
            "tokens stored in clear or without an end",
        )
    })
}

fn store_token_text(at: &Installation) -> Result<(), String> {
    break_with(
        at,
        "PRAGMA ignore_check_constraints = ON;
         INSERT INTO gate_token (id, hash, principal, scopes, namespaces, label, created_ms, expires_ms)
         VALUES ('tok_00000000000000000000000000', CAST('keep_0_clear' AS BLOB), 'agent:x', '[]', '[]', '', 1, 2);",
    )
}

/// Tries, in a transaction that is rolled back on a copy in memory, what the tables must refuse.
fn constraints_in_place(at: &Installation) -> Verdict {
    run_on(at, |sql| {
        let scratch = Connection::open_in_memory()?;
        let mut statement = sql.prepare(
            "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name LIKE 'gate\\_%' ESCAPE '\\'",
        )?;
        for table in statement.query_map([], |row| row.get::<_, String>(0))? {
            scratch.execute_batch(&table?)?;
        }
        let forged = forged_approval("agent:forger", "agent:forger");
        let forged = forged.replace("PRAGMA ignore_check_constraints = ON;", "");
        Ok(match scratch.execute_batch(&forged) {
            Err(_) => Verdict::Pass,
            Ok(()) => Verdict::Fail("the approvals table takes a self-approved row".into()),
        })
    })
}

fn drop_constraints(at: &Installation) -> Result<(), String> {
    break_with(
        at,
        "CREATE TABLE gate_approval_loose AS SELECT * FROM gate_approval;
         DROP TABLE gate_approval;
         ALTER TABLE gate_approval_loose RENAME TO gate_approval;",
    )
}

fn key_files_private(at: &Installation) -> Verdict {
    use std::os::unix::fs::MetadataExt;
    for name in ["ledger.key", "ledger.hmac", "totp"] {
        let path = at.config.join(name);
        match std::fs::symlink_metadata(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Verdict::Fail(format!("{}: {e}", path.display())),
            Ok(meta) if meta.mode() & 0o177 != 0 || !meta.is_file() => {
                return Verdict::Fail(format!("{} has mode {:o}", path.display(), meta.mode() & 0o7777));
            }
            Ok(_) => {}
        }
    }
    Verdict::Pass
}

fn open_key_file(at: &Installation) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let path = at.config.join("ledger.key");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).map_err(|e| e.to_string())
}
