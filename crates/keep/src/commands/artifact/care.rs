//! Looking after what is stored.

use super::{Place, size, watch};
use crate::edge::{Failure, Session, Table, visible};
use clap::Args;
use keep_artifact::{Depth, Plan, Reference, Retention, Tag, Tidied, USUAL_GRACE};
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
    after_help = "EXAMPLES:\n  keep artifact verify\n  keep artifact verify model@7\n  keep artifact verify --sample 50"
)]
pub(super) struct Verify {
    /// Only this version
    reference: Option<Reference>,
    /// Only so many pieces of each version, drawn at random
    #[arg(long, value_name = "PIECES")]
    sample: Option<usize>,
    #[command(flatten)]
    place: Place,
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
            Ok(app.artifacts().await?.tag(caller, place.as_ref(), &self.reference, change).await?)
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
            let artifacts = app.artifacts().await?;
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
            let artifacts = app.artifacts().await?;
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
        let found = session.with(async |app, caller| {
            let artifacts = app.artifacts().await?;
            Ok(match self.apply {
                true => artifacts.collect(caller, self.grace).await?,
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
            if !found.applied {
                writeln!(out, "--apply does it")?;
            }
            Ok(())
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
        let watch = watch(session);
        let depth = self.sample.map_or(Depth::All, Depth::Sample);
        let place = self.place.namespace;
        let found = session.with(async |app, caller| {
            let artifacts = app.artifacts().await?;
            let reference = self.reference.as_ref();
            Ok(artifacts.verify(caller, place.as_ref(), reference, depth, watch).await?)
        })?;
        session.show(&found, |out| {
            for one in &found.damaged {
                let file = one.file.as_deref().map_or(String::new(), |file| format!(", {}", visible(file)));
                let (artifact, version, problem) = (&one.artifact, one.version, visible(&one.problem));
                writeln!(out, "DAMAGED {artifact}, version {version}{file}: {problem}")?;
            }
            let (versions, bytes, damaged) = (found.versions, size(found.bytes), found.damaged.len());
            writeln!(out, "{versions} versions, {bytes} checked, {damaged} damaged")
        })?;
        let whole = found.damaged.is_empty();
        Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(ErrorKind::Tampered.exit_code()) })
    }
}
