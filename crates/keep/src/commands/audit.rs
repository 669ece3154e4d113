use crate::edge::{Failure, Progress, Session, Table, visible};
use clap::{Args, Subcommand};
use keep_app::words::{Entry, Filter, Phase};
use keep_app::{AnchorTo, check_export};
use keep_gate::AuditFilter;
use keep_types::{Duration, Namespace, Principal, Timestamp};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep audit log --limit 20\n  keep audit verify\n  keep audit export --to audit.jsonl\n  keep audit anchor --to /media/usb/keep.head"
)]
pub(crate) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Show records, newest first
    #[command(
        after_help = "EXAMPLES:\n  keep audit log --principal agent:claude --phase denied --since 2026-11-20T00:00:00Z"
    )]
    Log(Log),
    /// Show records as they come
    #[command(after_help = "EXAMPLES:\n  keep audit tail --json")]
    Tail,
    /// Check every record, detail, key, head and the checkpoint
    #[command(after_help = "EXAMPLES:\n  keep audit verify --json")]
    Verify,
    /// Prove that a record is in the ledger, or that it extends an earlier size
    #[command(after_help = "EXAMPLES:\n  keep audit prove 42\n  keep audit prove --from 100 --to 200")]
    Prove(Prove),
    /// Write records with their proofs as JSON lines
    #[command(
        after_help = "EXAMPLES:\n  keep audit export --to audit.jsonl\n  keep audit export --from 100 --until 200 > part.jsonl"
    )]
    Export(Export),
    /// Check an export with nothing but a public key
    #[command(after_help = "EXAMPLES:\n  keep audit check-export audit.jsonl --key 3b6a27…")]
    CheckExport {
        /// The export
        file: PathBuf,
        /// The public key, from `keep audit key`
        #[arg(long)]
        key: String,
    },
    /// Show the public key that exports are checked with
    #[command(after_help = "EXAMPLES:\n  keep audit key > keep.pub")]
    Key,
    /// Put the signed head where it cannot change together with the ledger
    #[command(
        after_help = "EXAMPLES:\n  keep audit anchor --to /media/usb/keep.head\n  keep audit anchor --git ~/src/anchors"
    )]
    Anchor {
        /// A file
        #[arg(long, required_unless_present = "git", value_name = "FILE")]
        to: Option<PathBuf>,
        /// A git repository; a ref of it is moved, git is not run
        #[arg(long, conflicts_with = "to", value_name = "REPOSITORY")]
        git: Option<PathBuf>,
    },
    /// Check that the ledger extends an anchored head
    #[command(after_help = "EXAMPLES:\n  keep audit check-anchor /media/usb/keep.head")]
    CheckAnchor {
        /// The file
        file: PathBuf,
    },
    /// Accept a ledger that does not extend its checkpoint: a new epoch
    #[command(
        after_help = "EXAMPLES:\n  keep audit accept --reason \"restored the disk from last night's image\""
    )]
    Accept {
        /// Why; it stays in the ledger
        #[arg(long)]
        reason: String,
    },
    /// Turn the ledger's signing key
    #[command(after_help = "EXAMPLES:\n  keep audit rotate-key")]
    RotateKey,
}

#[derive(Args)]
struct Log {
    /// How many at most
    #[arg(long, short = 'n', default_value_t = 50)]
    limit: usize,
    /// Only this principal's
    #[arg(long)]
    principal: Option<Principal>,
    /// Only this action, or a family of them: `memory` shows `memory.write` too
    #[arg(long)]
    action: Option<String>,
    /// Only in this namespace
    #[arg(long)]
    namespace: Option<Namespace>,
    /// Only of this phase
    #[arg(long)]
    phase: Option<String>,
    /// Only since a moment (2026-11-21T09:30:00Z)
    #[arg(long, conflicts_with = "last")]
    since: Option<Timestamp>,
    /// Only of the last span of time (8h)
    #[arg(long)]
    last: Option<Duration>,
    /// Only before this record
    #[arg(long)]
    before: Option<u64>,
    /// Show each record's detail
    #[arg(long)]
    detail: bool,
}

#[derive(Args)]
struct Prove {
    /// Which record
    #[arg(required_unless_present = "from")]
    seq: Option<u64>,
    /// The earlier size
    #[arg(long, requires = "to", conflicts_with = "seq")]
    from: Option<u64>,
    /// The later size
    #[arg(long, requires = "from")]
    to: Option<u64>,
}

#[derive(Args)]
struct Export {
    /// The file to write; stdout when absent
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// From this record on
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Before this record
    #[arg(long)]
    until: Option<u64>,
}

impl Audit {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self.what {
            What::Log(log) => log.run(session),
            What::Tail => tail(session),
            What::Verify => verify(session),
            What::Prove(prove) => prove.run(session),
            What::Export(export) => export.run(session),
            What::CheckExport { file, key } => {
                let report = check_export(&file, &key)?;
                session.show(&report, |out| {
                    let (records, origin) = (report.records.end - report.records.start, &report.origin);
                    writeln!(out, "{records} records of {origin} are in its signed tree of {}", report.size)
                })
            }
            What::Key => {
                let key = session.with(async |app, _| Ok(app.public_key()?))?;
                session.show(&json!({ "key": key }), |out| match &key {
                    Some(key) => writeln!(out, "{key}"),
                    None => writeln!(out, "the ledger is empty"),
                })
            }
            What::Anchor { to, git } => {
                let to = match (to, git) {
                    (Some(file), _) => AnchorTo::File(file),
                    (None, Some(repository)) => AnchorTo::Git(repository),
                    (None, None) => {
                        return Err(Failure::usage("an anchor needs a place", "--to FILE or --git DIR"));
                    }
                };
                let view = session.with(async |app, caller| Ok(app.audit_anchor(caller, to).await?))?;
                session.show(&view, |out| {
                    writeln!(out, "{} records anchored in {}", view.size, visible(&view.at))
                })
            }
            What::CheckAnchor { file } => {
                let size = session.with(async |app, _| Ok(app.audit_check_anchor(&file)?))?;
                session.show(&json!({ "size": size }), |out| {
                    writeln!(out, "the ledger extends the anchored head of {size} records")
                })
            }
            What::Accept { reason } => {
                session.with(async |app, caller| Ok(app.gate().accept_ledger(caller, reason).await?))?;
                session.show(&json!({ "accepted": true }), |out| writeln!(out, "a new epoch has begun"))
            }
            What::RotateKey => {
                session.with(async |app, caller| Ok(app.gate().rotate_ledger_key(caller).await?))?;
                session.show(&json!({ "rotated": true }), |out| writeln!(out, "the ledger has a new key"))
            }
        }
    }
}

impl Log {
    fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let phase = self.phase.as_deref().map(phase_of).transpose()?;
        let since = self.since.or_else(|| self.last.map(|span| now().minus(span)));
        let filter = Filter {
            before_seq: self.before,
            principal: self.principal,
            action: self.action,
            namespace: self.namespace,
            phase,
            since,
            limit: Some(self.limit),
            newest_first: true,
            ..Filter::default()
        };
        let entries = session
            .with(async |app, caller| Ok(app.gate().audit_log(caller, AuditFilter(filter)).await?))?;
        session.show_table(&entries, &table(&entries, self.detail), "no record matches")
    }
}

fn phase_of(word: &str) -> Result<Phase, Failure> {
    Phase::ALL.into_iter().find(|phase| phase.as_str() == word).ok_or_else(|| {
        let words = Phase::ALL.map(Phase::as_str).join(", ");
        Failure::usage(format!("{word:?} is no phase"), format!("use one of {words}"))
    })
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn table(entries: &[Entry], detail: bool) -> Table {
    let mut table =
        Table::new(&["seq", "when", "who", "what", "phase", if detail { "detail" } else { "summary" }]);
    for entry in entries {
        let text = match (&entry.detail, detail) {
            (None, _) => "(erased)".to_owned(),
            (Some(whole), true) => whole.to_string(),
            (Some(whole), false) => whole["summary"].as_str().unwrap_or_default().to_owned(),
        };
        table.row([
            entry.seq.to_string(),
            entry.at.to_string(),
            entry.principal.to_string(),
            entry.action.to_string(),
            entry.phase.as_str().to_owned(),
            text,
        ]);
    }
    table
}

/// Shows each record once as it comes, until Ctrl-C.
fn tail(session: &Session) -> Result<ExitCode, Failure> {
    session.with(async |app, caller| {
        let newest = Filter { limit: Some(10), newest_first: true, ..Filter::default() };
        let mut entries = app.gate().audit_log(caller, AuditFilter(newest)).await?;
        entries.reverse();
        loop {
            let mut out = Vec::new();
            for entry in &entries {
                if session.is_json() {
                    let line = serde_json::to_string(entry).map_err(std::io::Error::from)?;
                    writeln!(out, "{line}")?;
                } else {
                    let summary = entry.detail.as_ref().and_then(|d| d["summary"].as_str()).unwrap_or("");
                    let (seq, at, who, what) = (entry.seq, entry.at, &entry.principal, &entry.action);
                    let phase = entry.phase.as_str();
                    writeln!(out, "{seq} {at} {who} {what} {phase} {}", visible(summary))?;
                }
            }
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(&session.cleaner().bytes(&out))?;
            stdout.flush()?;
            drop(stdout);
            let after = entries.last().map(|entry| entry.seq.0).or(Some(0));
            loop {
                std::thread::sleep(std::time::Duration::from_millis(250));
                let newer = Filter { after, limit: Some(1_000), ..Filter::default() };
                entries = app.gate().audit_log(caller, AuditFilter(newer)).await?;
                if !entries.is_empty() {
                    break;
                }
            }
        }
    })
}

fn verify(session: &Session) -> Result<ExitCode, Failure> {
    let mut progress = Progress::new(session, "verifying records");
    let report =
        session.with(async |app, _| Ok(app.audit_verify(&mut |done, all| progress.set(done, all))?))?;
    drop(progress);
    session.show(&report, |out| {
        writeln!(out, "{} records hold, root {}", report.records, report.root)?;
        writeln!(out, "{} details match, {} erased", report.details, report.erased)?;
        writeln!(out, "{} keys, epoch {}", report.keys, report.epoch)?;
        writeln!(out, "the checkpoint covers {} records", report.checkpoint)
    })
}

impl Prove {
    fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match (self.seq, self.from, self.to) {
            (Some(seq), ..) => {
                let proof = session.with(async |app, _| Ok(app.audit_prove(seq)?))?;
                print_proof(session, &proof)
            }
            (None, Some(from), Some(to)) => {
                let proof = session.with(async |app, _| Ok(app.audit_consistency(from, to)?))?;
                print_proof(session, &proof)
            }
            _ => Err(Failure::usage("a proof is of something", "name a record, or --from and --to")),
        }
    }
}

/// A proof is for programs: it is JSON whether asked for or not.
fn print_proof(session: &Session, proof: &impl serde::Serialize) -> Result<ExitCode, Failure> {
    let text = serde_json::to_string_pretty(proof).map_err(std::io::Error::from)?;
    session.show(proof, |out| writeln!(out, "{text}"))
}

impl Export {
    fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let range = match (self.from, self.until) {
            (0, None) => None,
            (from, until) => Some(from..until.unwrap_or(u64::MAX)),
        };
        let mut progress = Progress::new(session, "exporting records");
        let mut tell = |done, all| progress.set(done, all);
        let count = match &self.to {
            Some(path) => {
                let failed = |e| Failure::file("writing", path, e);
                if path.exists() {
                    return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
                }
                // An export that is refused or fails half way leaves no file behind.
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let file =
                    tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
                let mut file = std::io::BufWriter::new(file);
                let count = session.with(async |app, caller| {
                    Ok(app.audit_export(caller, range, &mut file, &mut tell).await?)
                })?;
                let file = file.into_inner().map_err(|e| failed(e.into_error()))?;
                file.as_file().sync_all().map_err(failed)?;
                file.persist_noclobber(path).map_err(|e| failed(e.error))?;
                count
            }
            None => {
                let mut out = std::io::stdout().lock();
                session.with(async |app, caller| {
                    Ok(app.audit_export(caller, range, &mut out, &mut tell).await?)
                })?
            }
        };
        drop(progress);
        session.say(&format!("{count} records exported"));
        Ok(ExitCode::SUCCESS)
    }
}
