//! Looking after what is stored.

use super::{Place, size, watch};
use crate::edge::{Failure, Session, Table, visible};
use clap::Args;
use keep_app::open_other;
use keep_artifact::{Depth, Plan, Reference, Repaired, Retention, Tag, Tidied, USUAL_GRACE, Verified};
use keep_types::{Duration, ErrorKind};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact tag model@7 best\n  keep artifact tag model@7 --remove best"
)]
pub(super) struct TagWords {
    /// Which version
    reference: Reference,
    /// What to mark it with: best, or step=1200
    tags: Vec<Tag>,
    /// A mark to take away; may be given again
    #[arg(long, value_name = "TAG")]
    remove: Vec<Tag>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact rm model@7\n  keep artifact rm model --all\n\nBytes that nothing uses any more go with `keep artifact gc`."
)]
pub(super) struct Rm {
    /// Which version: MODEL@7, MODEL@best
    reference: Reference,
    /// All versions of the artifact
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact keep model --last 5 --every step=1000 --tagged\n  keep artifact keep model --last 5 --apply"
)]
pub(super) struct KeepWords {
    /// Which artifact
    reference: Reference,
    /// Keep this many of the newest versions
    #[arg(long, default_value_t = 0)]
    last: usize,
    /// Keep versions whose tag of this key is a multiple of the number; may be given again
    #[arg(long, value_name = "KEY=NUMBER")]
    every: Vec<String>,
    /// Keep every version that bears a tag
    #[arg(long)]
    tagged: bool,
    /// Remove what the plan does not keep
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact gc             show what would go\n  keep artifact gc --apply"
)]
pub(super) struct Gc {
    /// Delete it
    #[arg(long)]
    apply: bool,
    /// Spare what was still in use this long ago
    #[arg(long, default_value_t = USUAL_GRACE)]
    grace: Duration,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact verify\n  keep artifact verify model@7\n  keep artifact verify --sample 50\n  keep artifact verify --repair --from s3://bucket/models"
)]
pub(super) struct Verify {
    /// Only this version
    reference: Option<Reference>,
    /// Only so many pieces of each version, drawn at random
    #[arg(long, value_name = "PIECES")]
    sample: Option<usize>,
    /// Put what is damaged right, or say what is lost
    #[arg(long, conflicts_with = "sample")]
    repair: bool,
    /// The store that a repair brings it from: a folder, or s3://bucket/prefix
    #[arg(long, value_name = "STORE", requires = "repair")]
    from: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact owner\n  keep artifact owner --take-over \"the old machine is gone\"\n\nEverybody may pull from a store and push to it. Only who tends it puts into it, removes from it and deletes what nothing uses. Before it is taken over, the other must be at rest."
)]
pub(super) struct Owner {
    /// Tend it from now on in the other's place, for a reason that is recorded
    #[arg(long, value_name = "REASON")]
    take_over: Option<String>,
}

impl TagWords {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        if self.tags.is_empty() && self.remove.is_empty() {
            let hint = "name a tag, or one to --remove; `keep artifact log` shows which there are";
            return Err(Failure::usage("there is nothing to change", hint));
        }
        let place = self.place.namespace;
        let tags = session.with(async |app, caller| {
            let change = (&self.tags[..], &self.remove[..]);
            Ok(app.artifacts(caller).await?.tag(caller, place.as_ref(), &self.reference, change).await?)
        })?;
        session.show(&tags, |out| {
            let words: Vec<_> = tags.iter().map(ToString::to_string).collect();
            writeln!(
                out,
                "{}: {}",
                self.reference,
                if words.is_empty() { "no tags".into() } else { words.join(" ") }
            )
        })
    }
}

impl Rm {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.namespace;
        let gone = session.with(async |app, caller| {
            let artifacts = app.artifacts(caller).await?;
            Ok(artifacts.remove(caller, place.as_ref(), &self.reference, self.all).await?)
        })?;
        session.show(&gone, |out| {
            let numbers: Vec<_> = gone.iter().map(ToString::to_string).collect();
            writeln!(out, "removed {}: {}", self.reference.name, numbers.join(", "))
        })
    }
}

fn every(words: &[String]) -> Result<Vec<(String, u64)>, Failure> {
    let one = |word: &String| {
        let wrong = || Failure::usage(format!("{:?} is no rule", visible(word)), "write --every step=1000");
        let (key, number) = word.split_once('=').ok_or_else(wrong)?;
        match number.parse() {
            Ok(number) if number > 0 => Ok((key.to_owned(), number)),
            _ => Err(wrong()),
        }
    };
    words.iter().map(one).collect()
}

impl KeepWords {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let wanted = Retention { last: self.last, every: every(&self.every)?, tagged: self.tagged };
        let place = self.place.namespace;
        let plan = session.with(async |app, caller| {
            let artifacts = app.artifacts(caller).await?;
            Ok(artifacts.retain(caller, place.as_ref(), &self.reference, &wanted, self.apply).await?)
        })?;
        let code = session.show_table(&plan, &table_of(&plan), "no versions")?;
        if !plan.applied {
            session.say("nothing was removed; --apply does it");
        }
        Ok(code)
    }
}

fn table_of(plan: &Plan) -> Table {
    let mut table = Table::new(&["version", "stays", "why", "tags"]);
    for fate in &plan.versions {
        let tags: Vec<_> = fate.tags.iter().map(ToString::to_string).collect();
        let (stays, why) = match &fate.kept_because {
            Some(why) => ("yes", why.clone()),
            None if plan.applied => ("gone", String::new()),
            None => ("no", String::new()),
        };
        table.row([fate.version.to_string(), stays.to_owned(), why, tags.join(" ")]);
    }
    table
}

impl Gc {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let bar = watch(session);
        let found = session.with(async |app, caller| {
            let artifacts = app.artifacts(caller).await?;
            Ok(match self.apply {
                true => artifacts.collect(caller, self.grace, bar).await?,
                false => artifacts.survey(caller, self.grace).await?,
            })
        })?;
        session.show(&found, |out| {
            let verb = if found.applied { "deleted" } else { "would delete" };
            writeln!(out, "{verb} {} bundles, {}", found.bundles, size(found.bytes))?;
            if let Some(tidied) = &found.tidied {
                say_tidied(out, tidied, found.applied)?;
            }
            if found.dead_puts > 0 {
                writeln!(out, "{} put(s) ended before they were recorded", found.dead_puts)?;
            }
            if found.young > 0 || found.in_flight > 0 {
                let (young, running) = (found.young, found.in_flight);
                writeln!(
                    out,
                    "spared: {young} bundles that are younger than the grace, {running} running put(s)"
                )?;
            }
            if found.needed_elsewhere > 0 {
                writeln!(
                    out,
                    "left in the store: {} bundles that others have named there",
                    found.needed_elsewhere
                )?;
            }
            if !found.applied {
                writeln!(out, "--apply does it")?;
            }
            Ok(())
        })
    }
}

impl Owner {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let charge = session.with(async |app, caller| {
            let artifacts = app.artifacts(caller).await?;
            Ok(match &self.take_over {
                Some(reason) => artifacts.take_charge(caller, reason).await?,
                None => artifacts.charge(caller).await?,
            })
        })?;
        session.show(&charge, |out| {
            let since = charge.since.map_or(String::new(), |since| format!(", since {since}"));
            let store = visible(&charge.store);
            match (charge.installation, charge.own) {
                (None, _) => writeln!(out, "{store}: nobody tends it yet; the first put makes it one's own"),
                (Some(id), true) => writeln!(out, "{store}: tended by this installation ({id}{since})"),
                (Some(id), false) => writeln!(out, "{store}: tended by another installation ({id}{since})"),
            }
        })
    }
}

fn say_tidied(out: &mut dyn std::io::Write, tidied: &Tidied, applied: bool) -> std::io::Result<()> {
    if let Some(why) = &tidied.failed_because {
        return writeln!(out, "nothing was stored anew: {}", visible(why));
    }
    let (verb, free) = if applied { ("stored anew", "frees") } else { ("would store anew", "would free") };
    let (versions, written, freed) = (tidied.versions, size(tidied.written_bytes), size(tidied.freed_bytes));
    writeln!(out, "{verb} parts of {versions} version(s): {written}")?;
    if tidied.reencoded > 0 {
        let (count, bytes) = (tidied.reencoded, size(tidied.reencoded_bytes));
        writeln!(out, "  {count} tensors that differed from removed ones, {bytes}")?;
    }
    writeln!(out, "  that {free} {freed} after the grace")
}

impl Verify {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let depth = self.sample.map_or(Depth::All, Depth::Sample);
        let (place, reference) = (self.place.namespace, self.reference);
        let (bar, repair_bar) = (watch(session), watch(session));
        let (found, repaired) = session.with(async |app, caller| {
            let artifacts = app.artifacts(caller).await?;
            let mut repaired = None;
            if let Some(from) = &self.from {
                let other = open_other(app, caller, from).await?;
                let which = (place.as_ref(), reference.as_ref());
                repaired = Some(artifacts.repair(caller, which, &other, repair_bar).await?);
            }
            Ok((artifacts.verify(caller, place.as_ref(), reference.as_ref(), depth, bar).await?, repaired))
        })?;
        let shown = Shown { verified: &found, repaired: repaired.as_ref() };
        session.show(&shown, |out| {
            if let Some(repaired) = &repaired {
                let (objects, bytes) = (repaired.objects, size(repaired.bytes));
                writeln!(
                    out,
                    "put {objects} stored object(s) right, {bytes}; {} not found",
                    repaired.lost.len()
                )?;
            }
            for one in &found.damaged {
                let file = one.file.as_deref().map_or(String::new(), |file| format!(", {}", visible(file)));
                let (artifact, version, problem) = (&one.artifact, one.version, visible(&one.problem));
                writeln!(out, "DAMAGED {artifact}, version {version}{file}: {problem}")?;
                let verb = if self.repair { "lost" } else { "concerns" };
                match one.parts.is_empty() {
                    true if self.repair => writeln!(out, "  {verb}: all of it")?,
                    true => {}
                    false => {
                        one.parts.iter().try_for_each(|part| writeln!(out, "  {verb}: {}", visible(part)))?;
                    }
                }
            }
            let (versions, bytes, damaged) = (found.versions, size(found.bytes), found.damaged.len());
            writeln!(out, "{versions} versions, {bytes} checked, {damaged} damaged")
        })?;
        let whole = found.damaged.is_empty();
        if !whole && self.from.is_none() {
            session.say("a store that it was pushed to may have it whole: `keep artifact verify --repair --from STORE`");
        }
        Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(ErrorKind::Tampered.exit_code()) })
    }
}

/// What a verification found, and what a repair before it did.
#[derive(serde::Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    verified: &'a Verified,
    #[serde(skip_serializing_if = "Option::is_none")]
    repaired: Option<&'a Repaired>,
}
