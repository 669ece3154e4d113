//! The shell analysis: how long one decision takes, over commands that lie outside the repository.

use super::inside;
use super::row::{Better, Row};
use crate::chore::{self, Chore, root};
use std::path::Path;

/// Measures everything on the commands where they are usually kept.
pub(crate) fn rows() -> Result<Vec<Row>, Chore> {
    inside("shell", "bench", &data(None)?)
}

/// How well it judges: shares of the commands, the known tricks that get through, and programs that bash
/// ran and the analysis did not have. The last two are counted by the crate's own tests.
pub(crate) fn eval(given: Option<&Path>) -> Result<Vec<Row>, Chore> {
    let mut rows = inside("shell", "eval", &data(given)?)?;
    rows.push(Row::new("bypasses allowed", failures("bypasses::", &[])?, "", Better::Lower));
    let scripts = [("KEEP_SHELL_SCRIPTS", SCRIPTS)];
    let unseen = failures("against_bash::", &scripts)?;
    rows.push(Row::new("programs run but not seen by the analysis", unseen, "", Better::Lower));
    Ok(rows)
}

/// Scripts that bash runs for the evaluation.
const SCRIPTS: &str = "3000";

/// How many of the crate's tests fail whose names begin so. The test against bash ends at the first
/// program that was not seen, so there it counts scripts, not programs.
fn failures(prefix: &str, variables: &[(&str, &str)]) -> Result<f64, Chore> {
    let mut command = chore::cargo();
    command.args(["test", "-p", "keep-shell", "--test", "it", "--", prefix]).current_dir(root());
    command.envs(variables.iter().copied());
    let done = command.output().map_err(|source| chore::start_error(&command, source))?;
    let text = String::from_utf8_lossy(&done.stdout);
    let result = text.lines().find(|line| line.starts_with("test result:"));
    let number = |what: &str| {
        let (before, _) = result?.split_once(what)?;
        before.split_whitespace().next_back()?.parse::<f64>().ok()
    };
    match (number(" passed"), number(" failed")) {
        (Some(passed), Some(failed)) if passed + failed > 0.0 => Ok(failed),
        _ => Err(Chore::form(&format!("the tests {prefix}"), &String::from_utf8_lossy(&done.stderr))),
    }
}

/// Where the commands are: as given, or beside the checkout.
pub(crate) fn data(given: Option<&Path>) -> Result<std::path::PathBuf, Chore> {
    let path = given.map_or_else(|| root().join("../shared/data/guard/commands.jsonl"), Path::to_owned);
    if path.is_file() {
        return path.canonicalize().map_err(Chore::file(&path));
    }
    Err(Chore::Missing {
        what: format!("the commands to measure on ({})", path.display()),
        hint: "name a file of {\"command\", \"label\", \"source\"} lines with --data".to_owned(),
    })
}
