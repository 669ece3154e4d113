//! Changes of the table. Each needs the proof that its act was admitted.

use crate::acts::RunCommand;
use crate::effects::Over;
use crate::error::ExecError;
use crate::run::{Changing, Ran};
use crate::said::Copy;
use keep_db::WriteTx;
use keep_gate::{Outcome, Permit, Started};
use keep_ledger::owner;
use keep_redact::Redactor;
use keep_types::{Act, Id, RunKind, Timestamp, chain};
use rusqlite::params;
use serde_json::{Value, json};

/// What stands in place of a text that cannot be looked through for secrets.
const WITHHELD: &str = "(withheld: the vault is locked)";

/// A run that is about to start.
#[derive(Debug)]
pub(crate) struct NewRun {
    pub(crate) id: Id<RunKind>,
    pub(crate) exact: [u8; 32],
    pub(crate) tier: &'static str,
    pub(crate) started: Timestamp,
}

/// A run as the table takes it.
struct Row {
    new: NewRun,
    namespace: String,
    principal: String,
    command: String,
    folder: String,
    workspace: String,
    risk: &'static str,
    analysis: String,
    decision: &'static str,
    rule: String,
    profile: &'static str,
    secrets: String,
    owner: String,
}

/// Makes the intent durable, together with the run's row; runs whose processes died are closed in the same
/// transaction, and those that are too old go.
pub(crate) async fn begin(
    permit: Permit<RunCommand>,
    new: NewRun,
    redactor: Option<Redactor>,
    kept_since: Timestamp,
) -> Result<Started<RunCommand>, ExecError> {
    let note = json!({ "run": new.id, "tier": new.tier });
    let row = row(&permit, new, redactor.as_ref());
    permit
        .begin_with(note, move |tx| {
            close_lost(tx, row.new.started)?;
            tx.sql().execute(
                "DELETE FROM exec_run WHERE state <> 'running' AND started_ms < ?1",
                [kept_since.ms()],
            )?;
            insert(tx, &row)
        })
        .await
}

fn row(permit: &Permit<RunCommand>, new: NewRun, redactor: Option<&Redactor>) -> Row {
    let act = permit.act();
    let clean = |text: &str| match redactor {
        Some(redactor) => redactor.text(text).into_owned(),
        None => WITHHELD.to_owned(),
    };
    let mut analysis = json!({
        "reasons": act.judged.analysis.reasons,
        "parts": act.judged.ruling.parts,
        "confinement": act.confinement,
    });
    match redactor {
        Some(redactor) => redactor.json(&mut analysis),
        None => analysis = json!({ "withheld": WITHHELD }),
    }
    let names: Vec<_> = act.secrets.iter().map(|used| json!([used.name, used.variable])).collect();
    Row {
        namespace: act.namespace.to_string(),
        principal: permit.principal().to_string(),
        command: clean(&act.text),
        folder: clean(&act.folder.to_string_lossy()),
        workspace: clean(&act.workspace.to_string_lossy()),
        risk: permit.facts().risk.as_str(),
        analysis: analysis.to_string(),
        decision: if act.asked() { "ask" } else { "allow" },
        rule: act.rule(),
        profile: act.confinement.profile.as_str(),
        secrets: Value::Array(names).to_string(),
        owner: owner::own(),
        new,
    }
}

fn insert(tx: &WriteTx<'_>, row: &Row) -> Result<(), ExecError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO exec_run (id, namespace, principal, command, exact, folder, workspace, risk, analysis,
                 decision, rule, profile, tier, secrets, state, owner, started_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'running', ?15, ?16)",
        )?
        .execute(params![
            row.new.id.to_string(),
            row.namespace,
            row.principal,
            row.command,
            row.new.exact,
            row.folder,
            row.workspace,
            row.risk,
            row.analysis,
            row.decision,
            row.rule,
            row.profile,
            row.new.tier,
            row.secrets,
            row.owner,
            row.new.started.ms(),
        ])?;
    Ok(())
}

/// Closes the runs of processes that died: the sandbox ended them with their process.
fn close_lost(tx: &WriteTx<'_>, now: Timestamp) -> Result<(), ExecError> {
    let mut statement =
        tx.sql().prepare_cached("SELECT DISTINCT owner FROM exec_run WHERE state = 'running'")?;
    let owners: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for dead in owners.iter().filter(|owner| !owner::lives(owner)) {
        tx.sql().execute(
            "UPDATE exec_run SET state = 'failed', ended_ms = ?2, why = 'its process died'
             WHERE state = 'running' AND owner = ?1",
            params![dead, now.ms()],
        )?;
    }
    Ok(())
}

/// Records how a run ended, or why it did not start, in the row and in the ledger at once.
pub(crate) async fn finish(
    started: Started<RunCommand>,
    begun: (Id<RunKind>, &'static str),
    over: Result<Over, ExecError>,
    now: Timestamp,
) -> Result<Ran, ExecError> {
    let (seq, (id, tier)) = (started.intent(), begun);
    let changing = started.act().changing;
    let waits = changing == Changing::Waiting;
    match over {
        Err(error) => {
            let why = chain(&error).join(": ");
            let outcome = Outcome::Failed(why.clone());
            started.finish_with(outcome, move |tx| fail(tx, id, seq, &why, now)).await?;
            Err(error)
        }
        Ok(over) => {
            let ran = Ran::new(id, tier, changing, over);
            let outcome = Outcome::Done(json!({
                "run": id,
                "code": ran.code,
                "signal": ran.signal,
                "ended_by": ran.ended_by,
                "user_us": ran.user_us,
                "system_us": ran.system_us,
                "largest_bytes": ran.largest_bytes,
                "output": summary(&ran.output),
                "errors": summary(&ran.errors),
                "settings": ran.settings,
            }));
            let row = ran.clone();
            started.finish_with(outcome, move |tx| end(tx, seq, &row, waits, now)).await?;
            Ok(ran)
        }
    }
}

fn summary(said: &Copy) -> Value {
    json!({ "bytes": said.bytes, "digest": said.digest })
}

fn fail(tx: &WriteTx<'_>, id: Id<RunKind>, seq: u64, why: &str, now: Timestamp) -> Result<(), ExecError> {
    tx.sql().execute(
        "UPDATE exec_run SET state = 'failed', seq = ?2, ended_ms = ?3, why = ?4 WHERE id = ?1",
        params![id.to_string(), seq.cast_signed(), now.ms(), why],
    )?;
    Ok(())
}

fn end(tx: &WriteTx<'_>, seq: u64, ran: &Ran, waits: bool, now: Timestamp) -> Result<(), ExecError> {
    let digest = |said: &Copy| said.digest.map(|digest| digest.to_string());
    tx.sql()
        .prepare_cached(
            "UPDATE exec_run SET state = 'ended', seq = ?2, ended_ms = ?3, code = ?4, signal = ?5, ended_by = ?6,
                 user_us = ?7, system_us = ?8, largest_bytes = ?9, output = ?10, output_bytes = ?11,
                 output_digest = ?12, errors = ?13, errors_bytes = ?14, errors_digest = ?15,
                 tried = ?16
             WHERE id = ?1",
        )?
        .execute(params![
            ran.id.to_string(),
            seq.cast_signed(),
            now.ms(),
            ran.code,
            ran.signal,
            ran.ended_by.as_str(),
            ran.user_us.cast_signed(),
            ran.system_us.cast_signed(),
            ran.largest_bytes.cast_signed(),
            ran.output.kept,
            ran.output.bytes.cast_signed(),
            digest(&ran.output),
            ran.errors.kept,
            ran.errors.bytes.cast_signed(),
            digest(&ran.errors),
            waits.then_some("pending"),
        ])?;
    Ok(())
}

/// What became of changes that waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Committed,
    Discarded,
}

/// Records what became of them, in the row and in the ledger at once.
pub(crate) async fn settle<A: Act>(
    started: Started<A>,
    id: Id<RunKind>,
    done: Result<Settled, ExecError>,
) -> Result<(), ExecError> {
    let settled = match done {
        Ok(settled) => settled,
        Err(error) => {
            started.finish(Outcome::Failed(chain(&error).join(": "))).await?;
            return Err(error);
        }
    };
    let word = match settled {
        Settled::Committed => "committed",
        Settled::Discarded => "discarded",
    };
    let outcome = Outcome::Done(json!({ "run": id, "changes": word }));
    started
        .finish_with(outcome, move |tx| {
            let text = "UPDATE exec_run SET tried = ?2 WHERE id = ?1 AND tried = 'pending'";
            tx.sql().execute(text, params![id.to_string(), word])?;
            Ok::<_, ExecError>(())
        })
        .await
}
