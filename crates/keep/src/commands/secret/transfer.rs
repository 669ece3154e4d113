use super::{Place, Several};
use crate::edge::{Answered, Failure, Session, confirm, visible};
use clap::Args;
use keep_vault::{ImportInto, ImportReport, Replace, SecretName, Short, Which, dotenv};
use std::collections::BTreeSet;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zeroize::Zeroizing;

/// A larger file is no list of assignments; an encrypted one is little longer.
const MAX_IMPORT_BYTES: u64 = 2 << 20;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret import .env\n  keep secret import .env.production --profile production --remove\n  keep secret import from-ann.age           a file that was encrypted to this vault"
)]
pub(super) struct Import {
    /// The .env file, or one encrypted to this vault; - is standard input
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Give names that exist the file's value
    #[arg(long)]
    overwrite: bool,
    /// Store values under 8 bytes, too, which cannot be kept out of output and records
    #[arg(long)]
    allow_short: bool,
    /// Take what is in the vault now out of the file, without asking
    #[arg(long)]
    remove: bool,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret export --recipient age1… > for-ann.age\n  keep secret export --recipient age1… --only DATABASE_URL --profile production -o for-ci.age\n\nThe result is an age file with NAME=value lines; its reader runs `age -d -i KEY` or `keep secret import`."
)]
pub(super) struct Export {
    /// Whose public key: age1…; may be given several times
    #[arg(short, long, required = true, value_name = "KEY")]
    recipient: Vec<String>,
    /// Only the secret of this name
    #[arg(long, value_name = "NAME")]
    only: Option<SecretName>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    several: Several,
}

impl Import {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let bytes = read(&self.file)?;
        let (place, replace) = (self.place.clone(), if self.overwrite { Replace::Yes } else { Replace::No });
        let short = if self.allow_short { Short::Allow } else { Short::Refuse };
        let report = session.with(async |app, caller| {
            let into = ImportInto {
                namespace: place.namespace.clone().unwrap_or_else(|| caller.home.clone()),
                profile: place.profile(app),
                replace,
                short,
            };
            Ok(app.vault().import(caller, &bytes, into).await?)
        })?;
        session.show(&report, |out| describe(out, &report))?;
        self.offer_to_remove(session, &bytes, &report)?;
        Ok(ExitCode::SUCCESS)
    }

    /// What is in the vault now need not lie in the file any more.
    fn offer_to_remove(&self, session: &Session, bytes: &[u8], report: &ImportReport) -> Result<(), Failure> {
        let stored: BTreeSet<SecretName> =
            report.imported.iter().chain(&report.unchanged).map(|key| key.name.clone()).collect();
        let plain = self.file != Path::new("-") && !bytes.starts_with(b"age-encryption.org/");
        if stored.is_empty() || !plain {
            return Ok(());
        }
        let shown = visible(&self.file.display().to_string());
        if !self.remove {
            if !std::io::stdin().is_terminal() || !session.may_ask() {
                session.say(&format!("{shown} still holds these values; --remove takes them out of it"));
                return Ok(());
            }
            let count = match stored.len() {
                1 => "the assignment".to_owned(),
                n => format!("the {n} assignments"),
            };
            let hint = "without `--remove` they stay in the file";
            if confirm(&format!("Take {count} out of {shown}?"), hint)? == Answered::No {
                return Ok(());
            }
        }
        // A value that somebody wrote there meanwhile was not imported and must not go.
        if *read(&self.file)? != *bytes {
            return Err(Failure::usage(
                format!("{shown} changed meanwhile, so it was left as it is"),
                "import it again",
            ));
        }
        replace_content(&self.file, &dotenv::without(bytes, &stored))?;
        session.say(&format!(
            "took them out of {shown}; a repository's history may still hold them: rotate those"
        ));
        Ok(())
    }
}

fn describe(out: &mut dyn Write, report: &ImportReport) -> std::io::Result<()> {
    let groups = [
        ("imported", &report.imported),
        ("unchanged", &report.unchanged),
        ("left, exists with another value (--overwrite)", &report.kept),
        ("left, under 8 bytes (--allow-short)", &report.short),
        ("left, empty", &report.empty),
    ];
    for (what, keys) in groups {
        for key in keys {
            writeln!(out, "{key}: {what}")?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |e| Failure::file("reading", path, e);
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 << 10));
    let read = |from: &mut dyn Read, bytes: &mut Vec<u8>| from.take(MAX_IMPORT_BYTES + 1).read_to_end(bytes);
    if path == Path::new("-") {
        read(&mut std::io::stdin().lock(), &mut bytes).map_err(failed)?;
    } else {
        read(&mut std::fs::File::open(path).map_err(failed)?, &mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > MAX_IMPORT_BYTES {
        let message =
            format!("{} is larger than {MAX_IMPORT_BYTES} bytes", visible(&path.display().to_string()));
        return Err(Failure::usage(message, "a .env file holds settings, one a line"));
    }
    Ok(bytes)
}

/// Replaces a file's content as a whole, keeping its mode.
fn replace_content(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |e| Failure::file("writing", path, e);
    // A link is followed to what it stands for, which is then replaced.
    let path = path.canonicalize().map_err(failed)?;
    let mode = std::fs::metadata(&path).map_err(failed)?.permissions();
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().set_permissions(mode).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&path).map_err(|e| failed(e.error))?;
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

impl Export {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        if self.output.is_none() && std::io::stdout().is_terminal() {
            return Err(Failure::usage(
                "an age file is no text for a terminal",
                "name a file with -o, or use a pipe",
            ));
        }
        let which = Which { name: self.only.clone(), ..self.several.which() };
        let recipients = self.recipient;
        let bytes = session.with(async |app, caller| {
            let which =
                Which { profile: which.profile.clone().or_else(|| Some(app.usual_profile())), ..which };
            Ok(app.vault().export(caller, &which, &recipients).await?)
        })?;
        match &self.output {
            None => {
                let mut out = std::io::stdout().lock();
                out.write_all(&bytes)?;
                out.flush()?;
            }
            Some(path) => {
                let mut file = std::fs::OpenOptions::new();
                std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
                let mut file = file
                    .write(true)
                    .create_new(true)
                    .open(path)
                    .map_err(|e| Failure::file("creating", path, e))?;
                file.write_all(&bytes)
                    .and_then(|()| file.sync_all())
                    .map_err(|e| Failure::file("writing", path, e))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
