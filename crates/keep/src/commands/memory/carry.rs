//! Memories in prompts and in files, and the state of their index.

use super::{Place, short};
use crate::edge::{Failure, Progress, Session};
use clap::{Args, ValueEnum};
use keep_memory::portable::{graph_server, markdown, mnemosyne};
use keep_memory::{Form, Imported};
use keep_types::Namespace;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory context add a migration --tokens 1500\n  keep memory context add a migration | pbcopy"
)]
pub(super) struct ContextWords {
    /// What is to be done
    #[arg(required = true)]
    task: Vec<String>,
    /// About so many tokens at most
    #[arg(long, default_value_t = 2_000)]
    tokens: usize,
    #[command(flatten)]
    place: Place,
}

/// As what memories are written out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum To {
    /// Keep's own lines, which lose nothing.
    #[default]
    Keep,
    /// Markdown with front matter: one file, or a folder with a file for each.
    Markdown,
    /// The file of the Model Context Protocol's reference memory server.
    Mcp,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory export memories.jsonl\n  keep memory export --all all.jsonl\n  keep memory export --format markdown notes/\n  keep memory export --format mcp memory.json\n  keep memory export - | gzip > memories.gz"
)]
pub(super) struct Export {
    /// The file to make, - for standard output, or for Markdown a folder that ends in /
    to: PathBuf,
    /// As what
    #[arg(long, alias = "form", value_enum, default_value_t)]
    format: To,
    #[command(flatten)]
    place: Place,
}

/// What is taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Of {
    /// An export of Keep's own.
    #[default]
    Keep,
    /// Markdown files with front matter, each a memory.
    Markdown,
    /// What `mnemosyne export` writes.
    Mnemosyne,
    /// The file of the Model Context Protocol's reference memory server.
    Mcp,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory import memories.jsonl\n  keep memory import --format markdown notes/\n  keep memory import --format mcp memory.json\n\nWhat is there already stays as it is, so that an import which was interrupted is gone on with by giving the same files again. Nothing in a file is believed more than you are."
)]
pub(super) struct Import {
    /// The files; for Markdown, folders as well
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// As what
    #[arg(long, alias = "form", value_enum, default_value_t)]
    format: Of,
    /// Where they belong [default: where you are; for Keep's own, where they were]
    #[arg(short, long)]
    namespace: Option<Namespace>,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep memory check\n  keep memory check --all --repair")]
pub(super) struct Check {
    /// Make what is damaged again from the memories
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory dupes\n  keep memory dupes --apply\n\nNothing is merged unless you say so, and what is retired stays readable."
)]
pub(super) struct DupesWords {
    /// Do what is proposed
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    place: Place,
}

impl DupesWords {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.into();
        let done = session
            .with(async |app, caller| Ok(app.memories()?.dupes(caller, &place, self.apply).await?))?;
        session.show(&done, |out| {
            if done.left_out > 0 {
                let what = format!("the {} oldest were not compared: there are too many", done.left_out);
                session.hang(out, "", 2, &what)?;
            }
            if done.plan.groups.is_empty() && done.plan.hints.is_empty() {
                return writeln!(out, "no two of {} memories say the same", done.compared);
            }
            for group in &done.plan.groups {
                writeln!(out, "{} stays", short(group.keep))?;
                for step in &group.steps {
                    let what = format!("{} {}: {}", step.link, short(step.other), step.why);
                    session.hang(out, "  ", 4, &what)?;
                }
            }
            for hint in &done.plan.hints {
                let what = format!("{} and {}: {}", short(hint.older), short(hint.newer), hint.why);
                session.hang(out, "look at ", 2, &what)?;
            }
            if self.apply {
                writeln!(out, "{} steps done", done.applied)
            } else {
                writeln!(out, "{}", session.dim("nothing was changed; --apply does it"))
            }
        })
    }
}

impl ContextWords {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (task, place) = (self.task.join(" "), self.place.into());
        let pack = session.with(async |app, caller| {
            Ok(app.memories()?.context(caller, place, &task, self.tokens).await?)
        })?;
        session.show(&pack, |out| out.write_all(pack.to_markdown().as_bytes()))
    }
}

impl Export {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let form = match self.format {
            To::Keep => Form::Own,
            To::Markdown if is_folder(&self.to) => return self.into_folder(session),
            To::Markdown => Form::Markdown,
            To::Mcp => Form::GraphServer,
        };
        let (place, path) = (self.place.into(), self.to);
        let to_stdout = path.as_os_str() == "-";
        let done = session.with(async |app, caller| {
            let memories = app.memories()?;
            if to_stdout {
                return Ok(memories.export(caller, &place, form, &mut std::io::stdout().lock()).await?);
            }
            use std::os::unix::fs::OpenOptionsExt;
            let made = File::options().write(true).create_new(true).mode(0o600).open(&path);
            let file = made.map_err(|e| Failure::file("making", &path, e))?;
            let mut out = BufWriter::new(file);
            let done = memories.export(caller, &place, form, &mut out).await;
            if done.is_err() {
                // What was begun is no export.
                let _ = std::fs::remove_file(&path);
            }
            let done = done?;
            out.get_ref().sync_all().map_err(|e| Failure::file("writing", &path, e))?;
            Ok(done)
        })?;
        for what in &done.left_out {
            session.say(&format!("left out: {what}"));
        }
        let line = format!(
            "wrote {} memories, {} older versions, {} links",
            done.memories, done.versions, done.links
        );
        if to_stdout {
            session.say(&line);
            return Ok(ExitCode::SUCCESS);
        }
        session.show(&done, |out| writeln!(out, "{line} to {}", path.display()))
    }
}

/// Whether a path means a folder: one that is there, or one that is written so.
fn is_folder(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir()
}

impl Export {
    /// Writes a Markdown file for each memory. None that is there already is written over.
    fn into_folder(self, session: &Session) -> Result<ExitCode, Failure> {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        let (place, folder) = (self.place.into(), self.to);
        let mut put = |name: &str, bytes: &[u8]| {
            // Not before the gate has said yes.
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            let mut file =
                File::options().write(true).create_new(true).mode(0o600).open(folder.join(name))?;
            file.write_all(bytes)
        };
        let done = session
            .with(async |app, caller| Ok(app.memories()?.export_files(caller, &place, &mut put).await?))?;
        for what in &done.left_out {
            session.say(&format!("left out: {what}"));
        }
        session.show(&done, |out| {
            writeln!(out, "wrote {} memories, {} links into {}", done.memories, done.links, folder.display())
        })
    }
}

/// The files that are meant: for a folder, the Markdown files in it.
fn files_of(paths: &[PathBuf], format: Of) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if format != Of::Markdown || !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let reading = |e| Failure::file("reading", path, e);
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(reading)? {
            let file = entry.map_err(reading)?.path();
            if file.extension().is_some_and(|ending| ending == "md") {
                inside.push(file);
            }
        }
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

impl Import {
    /// Takes in Markdown files.
    fn notes(&self, session: &Session, files: &[PathBuf], bar: &mut Progress) -> Result<Imported, Failure> {
        let mut read = Vec::new();
        for path in files {
            let text = std::fs::read_to_string(path).map_err(|e| Failure::file("reading", path, e))?;
            read.extend(markdown::read(&text, &path.display().to_string()));
        }
        let mut progress = |done, all| bar.set(done, all);
        session.with(async |app, caller| {
            let memories = app.memories()?;
            Ok(memories.import(caller, self.namespace.as_ref(), read.into_iter(), &mut progress).await?)
        })
    }

    /// Takes in a file of another form.
    fn file(&self, session: &Session, path: &Path, bar: &mut Progress) -> Result<Imported, Failure> {
        let file = BufReader::new(File::open(path).map_err(|e| Failure::file("opening", path, e))?);
        let place = self.namespace.as_ref();
        let mut progress = |done, all| bar.set(done, all);
        session.with(async |app, caller| {
            let memories = app.memories()?;
            let done = match self.format {
                Of::Keep | Of::Markdown => memories.import_own(caller, place, file, &mut progress).await,
                Of::Mnemosyne => {
                    memories.import(caller, place, mnemosyne::Reader::new(file), &mut progress).await
                }
                Of::Mcp => {
                    memories.import(caller, place, graph_server::Reader::new(file), &mut progress).await
                }
            };
            Ok(done?)
        })
    }

    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let mut bar = Progress::new(session, "importing");
        let files = files_of(&self.files, self.format)?;
        if files.is_empty() {
            return Err(Failure::usage("there are no Markdown files there", "their names end in .md"));
        }
        let mut all = Vec::new();
        if self.format == Of::Markdown {
            // All at once, since they may be linked with each other.
            all.push((format!("{} files", files.len()), self.notes(session, &files, &mut bar)?));
        } else {
            for path in &files {
                all.push((path.display().to_string(), self.file(session, path, &mut bar)?));
            }
        }
        drop(bar);
        let shown: Vec<_> = all.iter().map(|(_, done)| done).collect();
        session.show(&shown, |out| {
            for (name, done) in &all {
                writeln!(
                    out,
                    "{name}: {} memories, {} links, {} known already",
                    done.memories, done.links, done.known
                )?;
                if done.quarantined > 0 {
                    let held = done.quarantined;
                    writeln!(out, "  {held} wait in quarantine; `keep memory quarantined` shows them")?;
                }
                for what in &done.remarks {
                    session.hang(out, "  left out: ", 12, what)?;
                }
                for what in &done.damaged {
                    session.hang(out, "  damaged: ", 11, what)?;
                }
            }
            Ok(())
        })
    }
}

impl Check {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.into();
        let found = session
            .with(async |app, caller| Ok(app.memories()?.check(caller, &place, self.repair).await?))?;
        let broken = found.iter().any(|one| !one.damaged.is_empty() && !one.repaired);
        session.show(&found, |out| {
            if found.is_empty() {
                return writeln!(out, "nothing is remembered here, so there is no index");
            }
            for one in &found {
                let what = match (one.damaged.as_slice(), one.repaired) {
                    ([], _) => "whole".to_owned(),
                    (parts, true) => format!("made again: {}", parts.join(", ")),
                    (parts, false) => format!("damaged at {}; --repair makes it again", parts.join(", ")),
                };
                session.hang(out, &format!("{}: ", one.namespace), 2, &what)?;
            }
            Ok(())
        })?;
        Ok(if broken {
            ExitCode::from(keep_types::ErrorKind::Tampered.exit_code())
        } else {
            ExitCode::SUCCESS
        })
    }
}
