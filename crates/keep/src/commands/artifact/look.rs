//! Looking at what is there.

use super::{Place, ratio, size};
use crate::edge::{Failure, Session, Table};
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
        session.show_table(&found, &differences(&found), "the two hold the same")
    }
}

fn differences(found: &[Difference]) -> Table {
    let mut table = Table::new(&["path", "part", "change", "size", "differs", "costs"]);
    for one in found {
        let change = match one.change {
            Change::Added => "added",
            Change::Removed => "removed",
            Change::Changed => "changed",
            Change::Reshaped => "reshaped",
        };
        let share = |bytes| format!("{:.2} %", 100.0 * bytes as f64 / one.bytes.max(1) as f64);
        let differs = one.differing_bytes.map_or(String::new(), share);
        let (bytes, cost) = (size(one.bytes), size(one.cost_bytes));
        table.row([one.path.clone(), one.part.clone(), change.into(), bytes, differs, cost]);
    }
    table
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
            return session.show_table(&all, &versions(&all), empty);
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
        session.show_table(&log, &versions(&log), "no versions")
    }
}

fn versions(all: &[VersionView]) -> Table {
    let mut table = Table::new(&["name", "where", "files", "size", "added", "ratio", "made", "by", "tags"]);
    for view in all {
        let tags: Vec<_> = view.tags.iter().map(ToString::to_string).collect();
        table.row([
            format!("{}@{}", view.key.name, view.version),
            view.key.namespace.to_string(),
            view.sums.files.to_string(),
            size(view.sums.raw_bytes),
            size(view.sums.stored_bytes),
            ratio(view.sums.raw_bytes, view.sums.stored_bytes),
            view.made.to_string().chars().take(16).collect(),
            view.by.clone(),
            tags.join(" "),
        ]);
    }
    table
}

fn table_of(parts: &[PartView]) -> Table {
    let mut table = Table::new(&["path", "tensor", "size", "what"]);
    for part in parts {
        let tensor = part.tensor.clone().unwrap_or_default();
        table.row([part.path.clone(), tensor, size(part.bytes), part.what.clone()]);
    }
    table
}
