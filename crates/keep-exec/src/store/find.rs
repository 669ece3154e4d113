//! What the table says; nothing here changes anything. Every query names the namespaces that it looks at.

use crate::error::ExecError;
use crate::look::{RunView, State};
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
    tried";

/// Which runs are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// All of them.
    All,
    /// Those whose changes wait.
    Waiting,
    /// Those that are on record as running; their processes may have died.
    Running,
}

/// The latest runs of these namespaces, the newest first; none of them: of all.
pub(crate) fn list(
    sql: &Connection,
    places: Option<&[Namespace]>,
    which: Which,
    most: usize,
) -> Result<Vec<RunView>, ExecError> {
    let (mut within, mut given) = within(places);
    match which {
        Which::All => {}
        Which::Waiting => within.push_str(" AND tried = 'pending'"),
        Which::Running => within.push_str(" AND state = 'running'"),
    }
    given.push(most.to_string());
    let text = format!(
        "{SELECT} FROM exec_run WHERE {within} ORDER BY started_ms DESC, id DESC LIMIT CAST(? AS INTEGER)"
    );
    let mut statement = sql.prepare_cached(&text)?;
    let mut rows = statement.query(params_from_iter(given))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(view(row)?);
    }
    Ok(found)
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
