//! What the table says; nothing here changes anything. Every query names the namespaces that it looks at.

use crate::error::ExecError;
use crate::look::{RunView, RunsWanted, Standing, State};
use crate::said::Copy;
use keep_ledger::owner;
use keep_types::{Namespace, Timestamp};
use rusqlite::types::FromSql;
use rusqlite::{Connection, Row, params_from_iter};

/// All but what was said, which may be long.
const SELECT: &str =
    "SELECT id, seq, namespace, principal, command, folder, workspace, risk, analysis, decision,
    rule, profile, tier, secrets, state, owner, started_ms, ended_ms, why, code, signal, ended_by, user_us,
    system_us, largest_bytes, output_bytes, output_digest, errors_bytes, errors_digest,
    tried, repeats, conversation";

/// More that wait nobody looks through.
const MOST_TRIES: usize = 1_000;

/// Which runs are listed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which<'a> {
    /// Those that are wanted.
    These(&'a RunsWanted),
    /// Those whose changes wait.
    Waiting,
}

/// The latest runs of these namespaces, the newest first; none of them: of all.
pub(crate) fn list(
    sql: &Connection,
    places: Option<&[Namespace]>,
    which: Which<'_>,
) -> Result<Vec<RunView>, ExecError> {
    let (mut within, mut given) = within(places);
    let (skip, most) = match which {
        Which::Waiting => {
            within.push_str(" AND tried = 'pending'");
            (0, MOST_TRIES)
        }
        Which::These(wanted) => {
            narrow(sql, wanted, &mut within, &mut given)?;
            (wanted.skip, wanted.most)
        }
    };
    given.extend([most.to_string(), skip.to_string()]);
    let text = listing(&within);
    let mut statement = sql.prepare_cached(&text)?;
    let mut rows = statement.query(params_from_iter(given))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(view(row)?);
    }
    Ok(found)
}

/// The query for a list. Which runs are in it is found in the index alone: rows are long, and most are skipped.
fn listing(within: &str) -> String {
    format!(
        "{SELECT} FROM exec_run WHERE rowid IN (
             SELECT rowid FROM exec_run WHERE {within} ORDER BY started_ms DESC, id DESC
             LIMIT CAST(? AS INTEGER) OFFSET CAST(? AS INTEGER))
         ORDER BY started_ms DESC, id DESC"
    )
}

/// Adds what is wanted to the condition of a query, and its values to those that are given.
fn narrow(
    sql: &Connection,
    wanted: &RunsWanted,
    within: &mut String,
    given: &mut Vec<String>,
) -> Result<(), ExecError> {
    if let Some(who) = &wanted.who {
        within.push_str(" AND principal = ?");
        given.push(who.to_string());
    }
    if let Some(run) = &wanted.repeats {
        within.push_str(" AND repeats = ?");
        given.push(run.to_string());
    }
    if wanted.standing == Standing::Any {
        return Ok(());
    }
    // A run whose process died is on record as running until the next one closes its row.
    let owners = owners(sql)?;
    let alive: Vec<String> = owners.into_iter().filter(|owner| owner::lives(owner)).collect();
    let marks = vec!["?"; alive.len()].join(", ");
    within.push_str(&match wanted.standing {
        Standing::Any => String::new(),
        Standing::Running => format!(" AND state = 'running' AND owner IN ({marks})"),
        Standing::Failed => format!(
            " AND (state = 'failed' OR state = 'running' AND owner NOT IN ({marks})
                OR state = 'ended' AND ended_by IS NOT 'request' AND (code IS NOT 0 OR ended_by IS NOT 'itself'))"
        ),
    });
    given.extend(alive);
    Ok(())
}

/// Whose runs are on record as running.
pub(super) fn owners(sql: &Connection) -> Result<Vec<String>, ExecError> {
    let mut statement = sql.prepare_cached("SELECT DISTINCT owner FROM exec_run WHERE state = 'running'")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// How many runs are going on in these namespaces.
pub(crate) fn running(sql: &Connection, places: Option<&[Namespace]>) -> Result<usize, ExecError> {
    let (within, given) = within(places);
    let text =
        format!("SELECT owner, COUNT(*) FROM exec_run WHERE {within} AND state = 'running' GROUP BY owner");
    let mut statement = sql.prepare_cached(&text)?;
    let mut rows = statement.query(params_from_iter(given))?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        if owner::lives(&row.get::<_, String>(0)?) {
            count += usize::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
        }
    }
    Ok(count)
}

/// The runs whose ids begin so, with what they said; two at most, which is enough to know that one was meant.
pub(crate) fn by_handle(
    sql: &Connection,
    places: Option<&[Namespace]>,
    handle: &str,
) -> Result<Vec<RunView>, ExecError> {
    let (within, mut given) = within(places);
    // In ASCII nothing that an id is made of comes after the tilde.
    given.extend([handle.to_owned(), format!("{handle}~")]);
    let text = format!(
        "{SELECT}, output, errors FROM exec_run WHERE {within} AND id >= ? AND id < ? ORDER BY id LIMIT 2"
    );
    let mut statement = sql.prepare_cached(&text)?;
    let mut rows = statement.query(params_from_iter(given))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut one = view(row)?;
        one.output.kept = row.get::<_, Option<Vec<u8>>>("output")?.unwrap_or_default();
        one.errors.kept = row.get::<_, Option<Vec<u8>>>("errors")?.unwrap_or_default();
        found.push(one);
    }
    Ok(found)
}

fn within(places: Option<&[Namespace]>) -> (String, Vec<String>) {
    match places {
        None => ("1".to_owned(), Vec::new()),
        Some(places) => {
            let marks = vec!["?"; places.len()].join(", ");
            (format!("namespace IN ({marks})"), places.iter().map(ToString::to_string).collect())
        }
    }
}

fn view(row: &Row<'_>) -> Result<RunView, ExecError> {
    let text = |name: &str| row.get::<_, String>(name);
    let count = |name: &str| row.get::<_, Option<i64>>(name).map(|count| count.map(i64::cast_unsigned));
    let owner: String = text("owner")?;
    let state = match text("state")?.as_str() {
        "ended" => State::Ended,
        "failed" => State::Failed,
        // Its row is closed by the next run; until then it is seen for what it is.
        "running" if !owner::lives(&owner) => State::Lost,
        "running" => State::Running,
        other => return Err(ExecError::corrupt(format!("the state {other}"))),
    };
    Ok(RunView {
        id: parsed(row, "id")?,
        seq: count("seq")?,
        namespace: parsed(row, "namespace")?,
        principal: parsed(row, "principal")?,
        command: text("command")?,
        folder: text("folder")?,
        workspace: text("workspace")?,
        risk: text("risk")?,
        analysis: serde_json::from_str(&text("analysis")?).map_err(ExecError::corrupt)?,
        decision: text("decision")?,
        rule: text("rule")?,
        profile: text("profile")?,
        tier: text("tier")?,
        secrets: serde_json::from_str(&text("secrets")?).map_err(ExecError::corrupt)?,
        state,
        started: Timestamp::from_ms(row.get("started_ms")?),
        ended: row.get::<_, Option<i64>>("ended_ms")?.map(Timestamp::from_ms),
        why: optional(row, "why")?,
        code: optional(row, "code")?,
        signal: optional(row, "signal")?,
        ended_by: optional(row, "ended_by")?,
        user_us: count("user_us")?,
        system_us: count("system_us")?,
        largest_bytes: count("largest_bytes")?,
        output: stored(row, "output_bytes", "output_digest")?,
        errors: stored(row, "errors_bytes", "errors_digest")?,
        tried: optional(row, "tried")?,
        repeats: optional::<String>(row, "repeats")?
            .map(|id| id.parse())
            .transpose()
            .map_err(ExecError::corrupt)?,
        conversation: optional(row, "conversation")?,
    })
}

fn optional<T: FromSql>(row: &Row<'_>, name: &str) -> Result<Option<T>, ExecError> {
    Ok(row.get(name)?)
}

fn parsed<T: std::str::FromStr>(row: &Row<'_>, name: &str) -> Result<T, ExecError>
where
    T::Err: std::fmt::Display,
{
    row.get::<_, String>(name)?.parse().map_err(|error| ExecError::corrupt(format!("{name}: {error}")))
}

fn stored(row: &Row<'_>, bytes: &str, hash: &str) -> Result<Copy, ExecError> {
    let hash: Option<String> = row.get(hash)?;
    let hash = hash.map(|hash| hash.parse()).transpose().map_err(ExecError::corrupt)?;
    let bytes = row.get::<_, Option<i64>>(bytes)?.unwrap_or_default().cast_unsigned();
    Ok(Copy { kept: Vec::new(), bytes, digest: hash })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::SCHEMA;

    /// However many runs there are, and whatever they said.
    #[test]
    fn which_runs_are_listed_is_found_in_the_index() {
        let sql = Connection::open_in_memory().unwrap();
        SCHEMA.steps.iter().for_each(|step| sql.execute_batch(step).unwrap());
        let places: Vec<Namespace> = vec!["project:demo".parse().unwrap()];
        for standing in [Standing::Any, Standing::Running, Standing::Failed] {
            for who in [None, Some("agent:a".parse().unwrap())] {
                let wanted = RunsWanted { standing, who, most: 51, ..RunsWanted::default() };
                let (mut within, mut given) = within(Some(&places));
                narrow(&sql, &wanted, &mut within, &mut given).unwrap();
                given.extend(["51".to_owned(), "90000".to_owned()]);
                let mut plan = sql.prepare(&format!("EXPLAIN QUERY PLAN {}", listing(&within))).unwrap();
                let mut rows = plan.query(params_from_iter(given)).unwrap();
                let mut steps = Vec::new();
                while let Some(row) = rows.next().unwrap() {
                    steps.push(row.get::<_, String>(3).unwrap());
                }
                let index = "USING COVERING INDEX exec_run_listed";
                assert!(steps.iter().any(|step| step.contains(index)), "{within}: {steps:?}");
            }
        }
    }
}
