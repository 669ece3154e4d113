//! Changes of the table. Each needs the proof that its act was admitted.

use super::find::owners;
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
/// Simple commands of a line that are kept one by one; a line with more is a program, and stands in the command.
const MOST_COMMANDS: usize = 200;

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
    repeats: Option<String>,
    conversation: Option<String>,
}

/// The texts of a run that may hold values of secrets, without them.
#[derive(Debug)]
pub(crate) struct Texts {
    command: String,
    folder: String,
    workspace: String,
    analysis: String,
}

impl Texts {
    /// Those of a run that began.
    pub(crate) fn of(started: &Started<RunCommand>, redactor: &Redactor) -> Self {
        Self::cleaned(started.act(), Some(redactor))
    }

    /// Nothing is let through that could not be looked through.
    fn cleaned(act: &RunCommand, redactor: Option<&Redactor>) -> Self {
        let clean = |text: &str| match redactor {
            Some(redactor) => redactor.text(text).into_owned(),
            None => WITHHELD.to_owned(),
        };
        let mut analysis = json!({
            "reasons": act.judged.analysis.reasons,
            "commands": commands(act),
            "parts": act.judged.ruling.parts,
            "confinement": act.confinement,
        });
        match redactor {
            Some(redactor) => redactor.json(&mut analysis),
            None => analysis = json!({ "withheld": WITHHELD }),
        }
        Self {
            command: clean(&act.text),
            folder: clean(&act.folder.to_string_lossy()),
            workspace: clean(&act.workspace.to_string_lossy()),
            analysis: analysis.to_string(),
        }
    }
}

/// Each simple command of the line, in the order of reading: its words, how it comes to run, and how risky it is.
fn commands(act: &RunCommand) -> Value {
    let all = act.judged.analysis.parts.iter().take(MOST_COMMANDS).map(|part| {
        let words: Vec<&str> = part.argv.iter().map(|word| word.text.as_str()).collect();
        json!({ "words": words, "via": part.via, "risk": part.risk, "reasons": part.reasons })
    });
    all.collect()
}

/// Makes the intent durable, together with the run's row; runs whose processes died are closed in the same
/// transaction, and those that are too old go.
pub(crate) async fn begin(
    permit: Permit<RunCommand>,
    new: NewRun,
    redactor: Option<Redactor>,
    kept_since: Timestamp,
) -> Result<Started<RunCommand>, ExecError> {
    let mut note = json!({ "run": new.id, "tier": new.tier });
    if let Some(repeated) = permit.act().repeats {
        note["repeats"] = json!(repeated);
    }
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
    let Texts { command, folder, workspace, analysis } = Texts::cleaned(act, redactor);
    let names: Vec<_> = act.secrets.iter().map(|used| json!([used.name, used.variable])).collect();
    Row {
        namespace: act.namespace.to_string(),
        principal: permit.principal().to_string(),
        command,
        folder,
        workspace,
        risk: permit.facts().risk.as_str(),
        analysis,
        decision: if act.asked() { "ask" } else { "allow" },
        rule: act.rule(),
        profile: act.confinement.profile.as_str(),
        secrets: Value::Array(names).to_string(),
        owner: owner::own(),
        repeats: act.repeats.map(|id| id.to_string()),
        conversation: act.conversation.clone(),
        new,
    }
}

fn insert(tx: &WriteTx<'_>, row: &Row) -> Result<(), ExecError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO exec_run (id, namespace, principal, command, exact, folder, workspace, risk, analysis,
                 decision, rule, profile, tier, secrets, state, owner, started_ms, repeats, conversation)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'running', ?15, ?16, ?17, ?18)",
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
            row.repeats,
            row.conversation,
        ])?;
    Ok(())
}

/// Closes the runs of processes that died: the sandbox ended them with their process.
fn close_lost(tx: &WriteTx<'_>, now: Timestamp) -> Result<(), ExecError> {
    let owners = owners(tx.sql())?;
    for dead in owners.iter().filter(|owner| !owner::lives(owner)) {
        tx.sql().execute(
            "UPDATE exec_run SET state = 'failed', ended_ms = ?2, why = 'its process died'
             WHERE state = 'running' AND owner = ?1",
            params![dead, now.ms()],
        )?;
    }
    Ok(())
}

/// Records how a run ended, or why it did not start, in the row and in the ledger at once. Texts that had to be
/// withheld as it began are put down now, where they can be.
pub(crate) async fn finish(
    started: Started<RunCommand>,
    begun: (Id<RunKind>, &'static str),
    over: Result<Over, ExecError>,
    texts: Option<Texts>,
    now: Timestamp,
) -> Result<Ran, ExecError> {
    let (seq, (id, tier)) = (started.intent(), begun);
    let changing = started.act().changing;
    let waits = changing == Changing::Waiting;
    match over {
        Err(error) => {
            let why = chain(&error).join(": ");
            let outcome = Outcome::Failed(why.clone());
            started
                .finish_with(outcome, move |tx| {
                    fill_in(tx, id, texts.as_ref())?;
                    fail(tx, id, seq, &why, now)
                })
                .await?;
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
            started
                .finish_with(outcome, move |tx| {
                    fill_in(tx, row.id, texts.as_ref())?;
                    end(tx, seq, &row, waits, now)
                })
                .await?;
            Ok(ran)
        }
    }
}

/// Puts the texts of a run in the place of what was withheld.
fn fill_in(tx: &WriteTx<'_>, id: Id<RunKind>, texts: Option<&Texts>) -> Result<(), ExecError> {
    if let Some(Texts { command, folder, workspace, analysis }) = texts {
        tx.sql().execute(
            "UPDATE exec_run SET command = ?2, folder = ?3, workspace = ?4, analysis = ?5 WHERE id = ?1",
            params![id.to_string(), command, folder, workspace, analysis],
        )?;
    }
    Ok(())
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
