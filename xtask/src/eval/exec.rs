//! `cargo xtask eval exec`: what confinement breaks of ordinary work, and what gets out of it.

use super::place::{Outcome, Place, Way};
use super::tree;
use super::trial::{self, Escape, Task};
use crate::bench::row::{Beside, Better, Row};
use crate::chore::{self, Chore};
use std::fs;
use std::path::PathBuf;

/// How much memory an attempt may use: little, since without confinement it uses more than this, and somebody
/// may be working on the machine.
const TIGHT_MIB: u32 = 768;

/// How much memory an ordinary task may use.
const AMPLE_MIB: u32 = 4096;

/// Tries everything whose name contains one of the texts (`a|b`), and says what came of it, a line for each.
pub(crate) fn rows(only: Option<&str>, by: By) -> Result<Vec<Row>, Chore> {
    let mut trials = Trials::new(by)?;
    let wanted = |name: &str| only.is_none_or(|parts| parts.split('|').any(|part| name.contains(part)));
    let mut equal = Count::default();
    for task in trial::tasks()?.iter().filter(|task| wanted(&task.name)) {
        equal.add(&task.name, task.differs_because.as_deref(), trials.task(task)?);
    }
    let asked = std::mem::take(&mut trials.not_admitted);
    let mut held = Count::default();
    for escape in trial::escapes()?.iter().filter(|escape| wanted(&escape.name)) {
        held.add(&escape.name, escape.through_because.as_deref(), trials.escape(escape)?);
    }
    let share = 100.0 * f64::from(equal.good) / f64::from((equal.good + equal.bad).max(1));
    let figure = |name: &str, count: u32| Beside::new(name, f64::from(count), "");
    Ok(vec![
        Row::new("ordinary tasks equal to unconfined", share, "%", Better::Higher)
            .beside(figure("tasks run", equal.good + equal.bad))
            .beside(figure("tasks not run here", equal.none))
            .beside(figure("tasks that Keep asks about first", asked)),
        Row::new("escapes that succeeded", f64::from(held.bad), "", Better::Lower)
            .beside(figure("escapes tried", held.good + held.bad))
            .beside(figure("escapes that prove nothing here", held.none))
            .beside(figure("escapes that Keep asks about first", trials.not_admitted)),
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

/// What runs the trials confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// `keep exec`; what policy does not admit by itself, as if a person had said yes, and escapes then by the sandbox
    /// alone, since a yes would open what they try.
    Keep,
    /// The sandbox alone, which is built much sooner.
    Sandbox,
}

/// Where things are tried, and with what.
struct Trials {
    place: Place,
    by: By,
    keep: PathBuf,
    sandbox: PathBuf,
    /// How many tasks or attempts policy did not let run by themselves.
    not_admitted: u32,
}

impl Trials {
    fn new(by: By) -> Result<Self, Chore> {
        let build = |words: &[&str]| chore::run(chore::cargo().args(["build", "--quiet"]).args(words));
        if by == By::Keep {
            build(&["-p", "keep"])?;
        }
        build(&["-p", "keep-sandbox", "--example", "workspace"])?;
        let (keep, sandbox) = (chore::built("debug/keep"), chore::built("debug/examples/workspace"));
        Ok(Self { place: Place::new()?, by, keep, sandbox, not_admitted: 0 })
    }

    /// The ways to run confined: as everybody does, and for what policy does not admit by itself, as if a person
    /// had said yes.
    fn ways(&self, memory_mib: u32) -> [Way; 3] {
        let (keep, sandbox) = (self.keep.clone(), self.sandbox.clone());
        let alone = Way::Sandbox { program: sandbox, memory_mib };
        match self.by {
            By::Keep => [
                Way::Keep { program: keep.clone(), memory_mib },
                Way::KeepAfterYes { program: keep, memory_mib },
                alone,
            ],
            By::Sandbox => [(); 3].map(|()| alone.clone()),
        }
    }

    /// Runs a task without confinement, then with it, each from a fresh copy of its repository.
    fn task(&mut self, task: &Task) -> Result<Verdict, Chore> {
        if let Err(missing) = trial::provide(&task.needs) {
            return Ok(Verdict::None(one_line(&missing)));
        }
        if let Err(why) = self.place.lay_out(&task.repository) {
            return Ok(Verdict::None(one_line(&why)));
        }
        let plain = steps(&self.place, &Way::Unconfined, task)?;
        if plain.status.code() != Some(task.exit) {
            let why = format!("without confinement: {}: {}", plain.status, plain.last_words());
            return Ok(Verdict::None(why));
        }
        let expected = self.place.set_aside("expected")?;
        let done = self.confined(task)?;
        let varies: Vec<&str> = task.varies.iter().map(|varying| varying.path.as_str()).collect();
        let mut differences = tree::differences(&expected, &self.place.project(), &varies)?;
        if done.status != plain.status {
            let how = format!("{} instead of {}: {}", done.status, plain.status, done.last_words());
            differences.insert(0, how);
        }
        if differences.is_empty() {
            return Ok(Verdict::Good);
        }
        // Once more without: what differs then as well does so by itself.
        self.place.lay_out(&task.repository)?;
        let again = steps(&self.place, &Way::Unconfined, task)?;
        let by_itself = tree::differences(&expected, &self.place.project(), &varies)?;
        if again.status != plain.status || !by_itself.is_empty() {
            let why = format!("two runs without confinement differ: {}", few(&by_itself));
            return Ok(Verdict::None(why));
        }
        Ok(Verdict::Bad(few(&differences)))
    }

    fn confined(&mut self, task: &Task) -> Result<Outcome, Chore> {
        let [asking, admitted, alone] = self.ways(AMPLE_MIB);
        self.place.lay_out(&task.repository)?;
        let done = steps(&self.place, &asking, task)?;
        if !done.was_not_admitted()? {
            return Ok(done);
        }
        println!("asked    {}: {}", task.name, done.last_words());
        self.not_admitted += 1;
        self.place.lay_out(&task.repository)?;
        let done = steps(&self.place, &admitted, task)?;
        if !done.was_not_admitted()? {
            return Ok(done);
        }
        // Not even a yes in advance lets run what is critical.
        self.place.lay_out(&task.repository)?;
        steps(&self.place, &alone, task)
    }

    /// Tries a way out without confinement, where it has to work, and then with it.
    fn escape(&mut self, escape: &Escape) -> Result<Verdict, Chore> {
        if let Err(missing) = trial::provide(&escape.needs) {
            return Ok(Verdict::None(one_line(&missing)));
        }
        match attempt(&mut self.place, &Way::Unconfined, escape)? {
            Attempt::Through(_) => {}
            Attempt::Held(said) | Attempt::NotBegun(said) => {
                let why = format!("it does not succeed without confinement, either: {said}");
                return Ok(Verdict::None(why));
            }
        }
        let [asking, _, alone] = self.ways(TIGHT_MIB);
        let tried = match attempt(&mut self.place, &asking, escape)? {
            Attempt::NotBegun(_) => {
                self.not_admitted += 1;
                attempt(&mut self.place, &alone, escape)?
            }
            tried => tried,
        };
        match tried {
            Attempt::Held(_) => Ok(Verdict::Good),
            Attempt::Through(said) => Ok(Verdict::Bad(said)),
            Attempt::NotBegun(said) => Err(Chore::form(&escape.name, &format!("it did not begin: {said}"))),
        }
    }
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

/// How an attempt went, and what it said at last.
enum Attempt {
    Held(String),
    Through(String),
    NotBegun(String),
}

fn attempt(place: &mut Place, way: &Way, escape: &Escape) -> Result<Attempt, Chore> {
    place.lay_out(&escape.repository)?;
    place.outside(&place.beyond(), &escape.before)?;
    let script = format!("echo '{BEGAN}'\n{}", escape.attempt);
    let done = if escape.terminal { place.run_at_terminal(way, &script) } else { place.run(way, &script) }?;
    let said = done.last_words();
    let began = chore::read_lossy(&done.said)?.lines().any(|line| line.trim() == BEGAN);
    // What is asked outside says something, too.
    let heard = done.said.with_file_name("heard");
    fs::rename(&done.said, &heard).map_err(Chore::file(&heard))?;
    let through = place.is_so(&escape.through)?;
    place.outside(&place.beyond(), CLEAR)?;
    Ok(match (began, through) {
        (false, _) => Attempt::NotBegun(said),
        (true, false) => Attempt::Held(said),
        (true, true) => Attempt::Through(said),
    })
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
