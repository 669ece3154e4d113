//! Looking at what is there.

use super::{Place, ratio, size};
use crate::edge::{Failure, Session, Table, visible};
use clap::Args;
use keep_artifact::{Change, Difference, PartView, Reference, VersionView};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact ls\n  keep artifact ls --all\n  keep artifact ls model@7          its files and tensors"
)]
pub(super) struct Ls {
    /// What is in this version
    reference: Option<Reference>,
    #[command(flatten)]
    place: Place,
    /// In every namespace, not only those seen from here
    #[arg(short, long, conflicts_with = "namespace")]
    all: bool,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep artifact log model")]
pub(super) struct Log {
    /// Which artifact
    reference: Reference,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact diff model@6 model@7\n  keep artifact diff model@best model"
)]
pub(super) struct Diff {
    /// The version before
    first: Reference,
    /// The version after
    second: Reference,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep artifact du\n  keep artifact du --namespace project:demo")]
pub(super) struct Du {
    #[command(flatten)]
    place: Place,
}

impl Diff {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.namespace;
        let found = session.with(async |app, caller| {
            let both = (&self.first, &self.second);
            Ok(app.artifacts(caller).await?.diff(caller, place.as_ref(), both).await?)
        })?;
        session.show(&found, |out| {
            if found.is_empty() {
                return writeln!(out, "the two hold the same");
            }
            let lines = differences(&found).lines(usize::MAX);
            let narrow = lines.iter().any(|line| line.chars().count() > session.width());
            for line in if narrow { records(&found) } else { lines } {
                writeln!(out, "{line}")?;
            }
            let costs = size(found.iter().map(|one| one.cost_bytes).sum());
            writeln!(out, "{} differ, which costs {costs}", found.len())
        })
    }
}

/// How much changed, in words and columns.
struct Shown {
    name: String,
    change: &'static str,
    what: String,
    share: String,
    largest: String,
    rms: String,
    cost: String,
}

impl Shown {
    fn of(one: &Difference) -> Self {
        let change = match one.change {
            Change::Added => "added",
            Change::Removed => "removed",
            Change::Changed => "changed",
            Change::Reshaped => "reshaped",
        };
        let path = if one.path.is_empty() { String::new() } else { format!("{}: ", one.path) };
        let dtype = one.dtype.map_or_else(String::new, |dtype| format!("{dtype:?} ").to_lowercase());
        let float = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2e}"));
        let moved = one.moved.as_ref();
        let share = moved.map_or_else(String::new, |moved| share(moved.changed, moved.elements));
        Self {
            name: visible(&format!("{path}{}", one.part)),
            change,
            what: format!("{dtype}{}", size(one.bytes)),
            share,
            largest: float(moved.and_then(|moved| moved.largest)),
            rms: float(moved.and_then(|moved| moved.rms)),
            cost: size(one.cost_bytes),
        }
    }
}

/// A share that is not zero is never shown as none of it, nor one that is not all as all.
fn share(of: u64, all: u64) -> String {
    let percent = 100.0 * of as f64 / all.max(1) as f64;
    match percent {
        _ if of == 0 => "0 %".into(),
        _ if percent < 0.01 => "<0.01 %".into(),
        _ if of < all && percent > 99.99 => ">99.99 %".into(),
        _ => format!("{percent:.2} %"),
    }
}

fn differences(found: &[Difference]) -> Table {
    let mut table = Table::new(&["part", "change", "what", "elements", "largest", "rms", "costs"]);
    for one in found.iter().map(Shown::of) {
        let change = one.change.to_owned();
        table.row([one.name, change, one.what, one.share, one.largest, one.rms, one.cost]);
    }
    table
}

/// The same in two lines each, for names that leave no room beside them.
fn records(found: &[Difference]) -> Vec<String> {
    let record = |one: Shown| {
        let mut words = vec![format!("{} {}", one.change, one.share), one.what];
        for (what, value) in [("max", &one.largest), ("rms", &one.rms)] {
            if !value.is_empty() {
                words.push(format!("{what} {value}"));
            }
        }
        words.push(format!("costs {}", one.cost));
        words.retain(|word| !word.is_empty());
        let words: Vec<_> = words.iter().map(|word| word.trim()).collect();
        [one.name, format!("  {}", words.join(", "))]
    };
    found.iter().map(Shown::of).flat_map(record).collect()
}

impl Du {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.namespace;
        let usage = session.with(async |app, caller| {
            Ok(app.artifacts(caller).await?.usage(caller, place.as_ref()).await?)
        })?;
        session.show(&usage, |out| {
            let took = ratio(usage.logical_bytes, usage.stored_bytes);
            writeln!(out, "versions     {}", usage.versions)?;
            writeln!(out, "logical      {}", size(usage.logical_bytes))?;
            writeln!(out, "stored       {} ({took})", size(usage.stored_bytes))?;
            writeln!(out, "saved by")?;
            writeln!(out, "  same tensors and files  {}", size(usage.saved_by_same_regions))?;
            writeln!(out, "  same chunks             {}", size(usage.saved_by_same_chunks))?;
            writeln!(out, "  differences             {}", size(usage.saved_by_differences))?;
            writeln!(out, "  coding                  {}", size(usage.saved_by_coding))
        })
    }
}

impl Ls {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let Some(reference) = self.reference else {
            let all = session
                .with(async |app, caller| Ok(app.artifacts(caller).await?.list(caller, self.all).await?))?;
            let empty = "no artifacts here; `keep artifact put NAME PATH` stores one";
            return session.show_table(&all, &newest(&all), empty);
        };
        let place = self.place.namespace;
        let parts = session.with(async |app, caller| {
            Ok(app.artifacts(caller).await?.parts(caller, place.as_ref(), &reference).await?)
        })?;
        session.show_table(&parts, &table_of(&parts), "it is an empty folder")
    }
}

impl Log {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (reference, place) = (self.reference, self.place.namespace);
        let log = session.with(async |app, caller| {
            Ok(app.artifacts(caller).await?.log(caller, place.as_ref(), &reference).await?)
        })?;
        session.show_table(&log, &versions(&log, session.width()), "no versions")
    }
}

/// The newest of every artifact.
fn newest(all: &[VersionView]) -> Table {
    let mut table = Table::new(&["name", "size", "added", "ratio", "made", "tags", "where"]);
    for view in all {
        let [name, size, added, ratio, made, tags] = cells(view, 10);
        table.row([name, size, added, ratio, made, tags, view.key.namespace.to_string()]);
    }
    table
}

/// The versions of one artifact; who made them only where there is room.
fn versions(all: &[VersionView], width: usize) -> Table {
    let wide = width >= 80;
    let mut headers = vec!["name", "size", "added", "ratio", "made", "tags"];
    headers.extend(wide.then_some("by"));
    let mut table = Table::new(&headers);
    for view in all {
        let mut row = cells(view, if wide { 16 } else { 10 }).to_vec();
        row.extend(wide.then(|| view.by.clone()));
        table.row(row);
    }
    table
}

/// What both show of a version, with so many letters of its time.
fn cells(view: &VersionView, letters: usize) -> [String; 6] {
    let tags: Vec<_> = view.tags.iter().map(ToString::to_string).collect();
    [
        format!("{}@{}", view.key.name, view.version),
        size(view.sums.raw_bytes),
        size(view.sums.stored_bytes),
        ratio(view.sums.raw_bytes, view.sums.stored_bytes),
        view.made.to_string().chars().take(letters).collect(),
        tags.join(" "),
    ]
}

fn table_of(parts: &[PartView]) -> Table {
    let mut table = Table::new(&["path", "tensor", "size", "what"]);
    for part in parts {
        let tensor = part.tensor.clone().unwrap_or_default();
        table.row([part.path.clone(), tensor, size(part.bytes), part.what.clone()]);
    }
    table
}
