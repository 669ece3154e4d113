use super::{Jobs, existing};
use crate::edge::{Failure, Flow, Session, Table, size, visible};
use clap::Args;
use keep_artifact::packing::{Check, EntryKindView, PackView, Signer, TensorWanted};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct Ls {
    /// The pack
    pack: PathBuf,
    /// Show every tensor
    #[arg(long)]
    tensors: bool,
}

#[derive(Args)]
pub(super) struct Verify {
    /// The pack
    pack: PathBuf,
    /// Refuse it unless this key signed it
    #[arg(long, value_name = "KEY")]
    require_signer: Option<Signer>,
    /// Restore everything, too, and throw it away
    #[arg(long)]
    restore: bool,
    /// With --restore: the base, and what that is a difference to
    #[arg(long, value_name = "PACK|FILE", requires = "restore")]
    base: Vec<PathBuf>,
    #[command(flatten)]
    jobs: Jobs,
}

#[derive(Args)]
pub(super) struct Cat {
    /// The pack
    pack: PathBuf,
    /// The tensor, by its name
    tensor: String,
    /// The file that it is in, when several have one of the name
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
    /// Write it to this file, not to standard output
    #[arg(short, long, value_name = "OUT")]
    out: Option<PathBuf>,
    /// The base, and what that is a difference to
    #[arg(long, value_name = "PACK|FILE")]
    base: Vec<PathBuf>,
    /// Refuse the pack unless this key signed it
    #[arg(long, value_name = "KEY")]
    require_signer: Option<Signer>,
    #[command(flatten)]
    jobs: Jobs,
    /// Replace a file that is there
    #[arg(long, requires = "out")]
    force: bool,
}

impl Ls {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let view = session.with(async |app, caller| Ok(app.packing().list(caller, &self.pack).await?))?;
        let table = if self.tensors { tensors(&view) } else { entries(&view) };
        session.show(&view, |out| {
            let ratio = view.raw_bytes as f64 / view.stored_bytes.max(1) as f64;
            writeln!(out, "{} → {}, {ratio:.2}x", size(view.raw_bytes), size(view.stored_bytes))?;
            session.hang(out, "root   ", 7, &view.root.to_string())?;
            if let Some(base) = view.base {
                session.hang(out, "base   ", 7, &base.to_string())?;
            }
            let signer = view.signer.map_or_else(|| "nobody".to_owned(), |signer| signer.to_string());
            session.hang(out, "signer ", 7, &signer)?;
            if !table.is_empty() {
                writeln!(out)?;
            }
            for (number, line) in
                table.lines(session.width()).iter().enumerate().skip(usize::from(table.is_empty()))
            {
                writeln!(out, "{}", if number == 0 { session.dim(line) } else { line.clone() })?;
            }
            Ok(())
        })
    }
}

fn entries(view: &PackView) -> Table {
    let mut table = Table::new(&["path", "what", "size", "stored", "mode"]);
    for entry in &view.entries {
        let path = entry.path.clone();
        match &entry.kind {
            EntryKindView::File { mode, format, raw_bytes, stored_bytes, tensors, needs_base, .. } => {
                let tensors = match tensors.len() {
                    0 => String::new(),
                    1 => ", 1 tensor".into(),
                    count => format!(", {count} tensors"),
                };
                let needs = if *needs_base { ", needs the base" } else { "" };
                let what = format!("{format}{tensors}{needs}");
                table.row([path, what, size(*raw_bytes), size(*stored_bytes), mode.clone()]);
            }
            EntryKindView::Folder { mode } => {
                table.row([path, "folder".into(), String::new(), String::new(), mode.clone()]);
            }
            EntryKindView::Link { target } => {
                table.row([path, format!("link to {target}"), String::new(), String::new(), String::new()]);
            }
        }
    }
    table
}

fn tensors(view: &PackView) -> Table {
    let mut table = Table::new(&["tensor", "type", "shape", "size", "file"]);
    for entry in &view.entries {
        let EntryKindView::File { tensors, .. } = &entry.kind else { continue };
        for tensor in tensors {
            let shape: Vec<_> = tensor.shape.iter().map(ToString::to_string).collect();
            let name = tensor.name.clone();
            table.row([
                name,
                tensor.dtype.clone(),
                shape.join("×"),
                size(tensor.raw_bytes),
                entry.path.clone(),
            ]);
        }
    }
    table
}

impl Verify {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let check = match self.restore {
            false => Check::Stored,
            true => Check::Restored { bases: self.base, jobs: self.jobs.count() },
        };
        let flow = Flow::begin(session, "checking")?;
        let report = session.with(async |app, caller| {
            let signer = self.require_signer.as_ref();
            Ok(app.packing().verify(caller, &self.pack, signer, &check, flow.watch()).await?)
        })?;
        drop(flow);
        session.show(&report, |out| {
            let restored = if report.restored { ", all of it restored" } else { "" };
            let signer = report.signer.map_or_else(|| "nobody".to_owned(), |signer| signer.to_string());
            let stored = size(report.stored_bytes);
            writeln!(out, "{} {} pieces, {stored}{restored}", session.green("ok"), report.chunks)?;
            session.hang(out, "root   ", 7, &report.root.to_string())?;
            session.hang(out, "signer ", 7, &signer)
        })
    }
}

impl Cat {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let wanted = TensorWanted {
            pack: self.pack,
            tensor: self.tensor,
            file: self.file,
            bases: self.base,
            signer: self.require_signer,
            jobs: self.jobs.count(),
        };
        let Some(to) = self.out else { return to_stdout(session, wanted) };
        let flow = Flow::begin(session, "writing")?;
        let report = session.with(async |app, caller| {
            let existing = existing(self.force);
            Ok(app.packing().extract(caller, wanted, &to, existing, flow.watch()).await?)
        })?;
        drop(flow);
        session.show(&report, |out| {
            writeln!(out, "{}: {}", visible(&report.path.display().to_string()), size(report.raw_bytes))
        })
    }
}

/// The bytes as they are; with --json, too: whoever asks for a tensor wants nothing around it.
fn to_stdout(session: &Session, wanted: TensorWanted) -> Result<ExitCode, Failure> {
    let mut out = std::io::stdout();
    if out.is_terminal() {
        return Err(Failure::usage(
            "a tensor is not for reading on a terminal",
            "write it to a file with -o, or into a pipe",
        ));
    }
    session.with(async |app, caller| Ok(app.packing().cat(caller, wanted, &mut out).await?))?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
