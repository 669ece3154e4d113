//! `cargo xtask eval exec`: what confinement breaks of ordinary work, and what gets out of it.

use super::place::{Outcome, Place, Way};
use super::tree;
use super::trial::{self, Escape, Task};
use crate::bench::row::{Beside, Better, Row};
use crate::chore::{self, Chore, root};
use std::env;
use std::path::PathBuf;
use std::process::Command;

/// How much memory an attempt may use: little, since without confinement it uses more than this, and somebody
/// may be working on the machine.
const TIGHT_MIB: u32 = 768;

/// Tries everything whose name contains one of the texts (`a|b`), and says what came of it, a line for each.
pub(crate) fn rows(only: Option<&str>) -> Result<Vec<Row>, Chore> {
    let program = sandbox()?;
    let way = |memory_mib| Way::Sandbox { program: program.clone(), memory_mib };
    let (work, attempts) = (way(4096), way(TIGHT_MIB));
    let wanted = |name: &str| only.is_none_or(|parts| parts.split('|').any(|part| name.contains(part)));
    let mut place = Place::new()?;
    let mut equal = Count::default();
    for task in trial::tasks()?.iter().filter(|task| wanted(&task.name)) {
        equal.add(&task.name, task.differs_because.as_deref(), try_task(&mut place, &work, task)?);
    }
    let mut held = Count::default();
    for escape in trial::escapes()?.iter().filter(|escape| wanted(&escape.name)) {
        held.add(&escape.name, escape.through_because.as_deref(), try_escape(&mut place, &attempts, escape)?);
    }
    let share = 100.0 * f64::from(equal.good) / f64::from((equal.good + equal.bad).max(1));
    let figure = |name: &str, count: u32| Beside::new(name, f64::from(count), "");
    Ok(vec![
        Row::new("ordinary tasks equal to unconfined", share, "%", Better::Higher)
            .beside(figure("tasks run", equal.good + equal.bad))
            .beside(figure("tasks not run here", equal.none)),
        Row::new("escapes that succeeded", f64::from(held.bad), "", Better::Lower)
            .beside(figure("escapes tried", held.good + held.bad))
            .beside(figure("escapes that prove nothing here", held.none)),
    ])
}

/// What came of a trial.
enum Verdict {
    /// What ought to be.
    Good,
    /// What ought not to be.
    Bad(String),
    /// It says nothing on this machine.
    None(String),
}

#[derive(Default)]
struct Count {
    good: u32,
    bad: u32,
    none: u32,
}

impl Count {
    fn add(&mut self, name: &str, known: Option<&str>, verdict: Verdict) {
        match verdict {
            Verdict::Good => {
                self.good += 1;
                let note = known.map_or("", |_| " (its file says otherwise)");
                println!("ok       {name}{note}");
            }
            Verdict::Bad(how) => {
                self.bad += 1;
                println!("NOT OK   {name}: {how}");
                println!("         {}", known.unwrap_or("not understood yet"));
            }
            Verdict::None(why) => {
                self.none += 1;
                println!("not run  {name}: {why}");
            }
        }
    }
}

/// The example of the sandbox's crate, built.
fn sandbox() -> Result<PathBuf, Chore> {
    let words = ["build", "--quiet", "-p", "keep-sandbox", "--example", "workspace"];
    chore::run(Command::new(env!("CARGO")).args(words))?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("debug/examples/workspace"))
}

/// Runs a task without confinement, then with it, each from a fresh copy of its repository.
fn try_task(place: &mut Place, way: &Way, task: &Task) -> Result<Verdict, Chore> {
    if let Err(missing) = trial::provide(&task.needs) {
        return Ok(Verdict::None(one_line(&missing)));
    }
    if let Err(why) = place.lay_out(&task.repository) {
        return Ok(Verdict::None(one_line(&why)));
    }
    let plain = steps(place, &Way::Unconfined, task)?;
    if plain.status.code() != Some(task.exit) {
        return Ok(Verdict::None(format!("without confinement: {}: {}", plain.status, plain.last_words())));
    }
    let expected = place.set_aside("expected")?;
    place.lay_out(&task.repository)?;
    let done = steps(place, way, task)?;
    let varies: Vec<&str> = task.varies.iter().map(|varying| varying.path.as_str()).collect();
    let mut differences = tree::differences(&expected, &place.project(), &varies)?;
    if done.status != plain.status {
        differences.insert(0, format!("{} instead of {}: {}", done.status, plain.status, done.last_words()));
    }
    if differences.is_empty() {
        return Ok(Verdict::Good);
    }
    // Once more without: what differs then as well does so by itself.
    place.lay_out(&task.repository)?;
    let again = steps(place, &Way::Unconfined, task)?;
    let by_itself = tree::differences(&expected, &place.project(), &varies)?;
    if again.status != plain.status || !by_itself.is_empty() {
        return Ok(Verdict::None(format!("two runs without confinement differ: {}", few(&by_itself))));
    }
    Ok(Verdict::Bad(few(&differences)))
}

/// Runs the scripts of a task until one ends badly.
fn steps(place: &Place, way: &Way, task: &Task) -> Result<Outcome, Chore> {
    let (last, first) = task.run.split_last().ok_or_else(|| Chore::form(&task.name, &"it runs nothing"))?;
    for script in first {
        let done = place.run(way, script)?;
        if !done.status.success() {
            return Ok(done);
        }
    }
    place.run(way, last)
}

/// What every attempt says first, so that one that never ran is not taken for one that was held.
const BEGAN: &str = "the attempt begins";

/// Tries a way out without confinement, where it has to work, and then with it.
fn try_escape(place: &mut Place, way: &Way, escape: &Escape) -> Result<Verdict, Chore> {
    if let Err(missing) = trial::provide(&escape.needs) {
        return Ok(Verdict::None(one_line(&missing)));
    }
    let (control, said) = attempt(place, &Way::Unconfined, escape)?;
    if !control {
        return Ok(Verdict::None(format!("it does not succeed without confinement, either: {said}")));
    }
    match attempt(place, way, escape)? {
        (false, _) => Ok(Verdict::Good),
        (true, said) => Ok(Verdict::Bad(said)),
    }
}

/// Whether an attempt got through, and what it said at last.
fn attempt(place: &mut Place, way: &Way, escape: &Escape) -> Result<(bool, String), Chore> {
    place.lay_out(&escape.repository)?;
    place.outside(&place.beyond(), &escape.before)?;
    let script = format!("echo '{BEGAN}'\n{}", escape.attempt);
    let done = if escape.terminal { place.run_at_terminal(way, &script) } else { place.run(way, &script) }?;
    let said = done.last_words();
    let began = chore::read_lossy(&done.said)?.contains(BEGAN);
    // What is asked outside says something, too.
    let heard = done.said.with_file_name("heard");
    std::fs::rename(&done.said, &heard).map_err(Chore::file(&heard))?;
    let through = place.is_so(&escape.through)?;
    place.outside(&place.beyond(), CLEAR)?;
    if !began {
        return Err(Chore::form(&escape.name, &format!("it did not begin: {said}")));
    }
    Ok((through, said))
}

/// Ends what was started beside an attempt.
const CLEAR: &str = "if test -e pids; then xargs --no-run-if-empty kill -9 < pids || true; fi";

fn one_line(why: &Chore) -> String {
    why.to_string().replace('\n', " ")
}

fn few(lines: &[String]) -> String {
    const SHOWN: usize = 4;
    let more = lines.len().saturating_sub(SHOWN);
    let mut text = lines.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}
