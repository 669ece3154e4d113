//! `keep audit`: what surfaces ask of the ledger beyond what the gate answers.

use crate::app::App;
use crate::error::AppError;
use keep_gate::{Outcome, Permit};
use keep_ledger::{
    ConsistencyProof, ExportReport, Filter, InclusionProof, Ledger, LedgerError, VerifyReport,
};
use keep_types::{Act, ActFacts, Action, Caller, Duration, FieldHasher, Namespace, Risk, Touch};
use serde::Serialize;
use serde_json::json;
use std::fs::File;
use std::io::{BufReader, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where a signed head is anchored.
#[derive(Clone, Debug)]
pub enum AnchorTo {
    /// A new file.
    File(PathBuf),
    /// A ref of a git repository.
    Git(PathBuf),
}

/// An anchor that was made.
#[derive(Clone, Debug, Serialize)]
pub struct AnchorView {
    /// Where.
    pub at: String,
    /// How many records it covers.
    pub size: u64,
}

struct Anchor(AnchorTo);

impl Act for Anchor {
    fn facts(&self) -> ActFacts {
        let to = self.0.shown();
        ActFacts {
            action: Action::of("audit.anchor"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("anchor the ledger's head to {to}"),
            detail: json!({ "to": to }),
            bound: FieldHasher::new("audit.anchor").field("to", to).finish(),
            exact: None,
        }
    }
}

impl AnchorTo {
    fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Git(path) => format!("{} ({})", path.display(), keep_ledger::GIT_REF),
        }
    }
}

/// Reading the whole log, details and all, for somebody elsewhere.
struct Export(Option<Range<u64>>);

impl Act for Export {
    fn facts(&self) -> ActFacts {
        let range = self.0.as_ref().map(|range| format!("{}..{}", range.start, range.end));
        ActFacts {
            action: Action::of("audit.export"),
            namespace: Namespace::Global,
            touch: Touch::Read,
            risk: Risk::Low,
            summary: "export the audit log".into(),
            bound: FieldHasher::new("audit.export")
                .field("range", range.clone().unwrap_or_default())
                .finish(),
            detail: json!({ "range": range }),
            exact: None,
        }
    }
}

/// An export that was admitted.
#[must_use = "nothing is exported before it is written"]
pub struct Exporting {
    ledger: Ledger,
    range: Option<Range<u64>>,
}

impl Exporting {
    /// Writes it; answers how many records. Blocks.
    ///
    /// # Errors
    /// When the ledger is not anchored, or something cannot be read or written.
    pub fn write(self, to: &mut dyn Write, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, AppError> {
        Ok(self.ledger.export(to, self.range, progress)?)
    }
}

impl App {
    /// Checks the whole ledger. A forgery found also stops all changes until somebody looked.
    ///
    /// # Errors
    /// The first thing found to be wrong, by name.
    pub fn audit_verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport, AppError> {
        Ok(self.ledger.verify(progress)?)
    }

    /// The proof that a record is in the ledger.
    ///
    /// # Errors
    /// When there is no such record.
    pub fn audit_prove(&self, seq: u64) -> Result<InclusionProof, AppError> {
        Ok(self.ledger.prove(seq)?)
    }

    /// The proof that the ledger extends itself as it was when it had fewer records.
    ///
    /// # Errors
    /// When it was never that long.
    pub fn audit_consistency(&self, old: u64, new: u64) -> Result<ConsistencyProof, AppError> {
        Ok(self.ledger.consistency(old, new)?)
    }

    /// The public key that exports are checked with.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn public_key(&self) -> Result<Option<String>, AppError> {
        Ok(self.ledger.public_key()?)
    }

    /// Writes records as JSON lines with their proofs; answers how many.
    ///
    /// # Errors
    /// When the gate refuses, or the lines cannot be written.
    pub async fn audit_export(
        &self,
        caller: &Caller,
        range: Option<Range<u64>>,
        to: &mut dyn Write,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<u64, AppError> {
        self.audit_exporting(caller, range).await?.write(to, progress)
    }

    /// The same for whoever cannot wait: admitted, and still to be written.
    ///
    /// # Errors
    /// When the gate refuses.
    pub async fn audit_exporting(
        &self,
        caller: &Caller,
        range: Option<Range<u64>>,
    ) -> Result<Exporting, AppError> {
        let permit: Permit<Export> = self.gate.admit(caller, Export(range)).await?;
        let Export(range) = permit.observe().await?;
        Ok(Exporting { ledger: self.ledger.clone(), range })
    }

    /// Writes the signed head where it cannot be changed together with the ledger.
    ///
    /// # Errors
    /// When the gate refuses, or the file or repository cannot be written.
    pub async fn audit_anchor(&self, caller: &Caller, to: AnchorTo) -> Result<AnchorView, AppError> {
        let started = self.gate.admit(caller, Anchor(to)).await?.begin().await?;
        let to = &started.act().0;
        let head = match to {
            AnchorTo::File(path) => self.ledger.anchor_to_file(path),
            AnchorTo::Git(path) => self.ledger.anchor_to_git(path).map(|(head, _)| head),
        };
        let at = to.shown();
        let outcome = match &head {
            Ok(head) => Outcome::Done(json!({ "size": head.size })),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        started.finish(outcome).await?;
        Ok(AnchorView { at, size: head?.size })
    }

    /// Checks that the ledger extends a head that was anchored to a file; answers the head's size.
    ///
    /// # Errors
    /// When it does not, by name.
    pub fn audit_check_anchor(&self, path: &Path) -> Result<u64, AppError> {
        Ok(self.ledger.check_anchor_file(path)?.size)
    }

    /// Erases the details of records older than the configured retention, or than a span given now.
    ///
    /// # Errors
    /// When no person confirms it, or the ledger takes no record.
    pub async fn erase_old_details(&self, caller: &Caller, older: Option<Duration>) -> Result<u64, AppError> {
        let span = older.unwrap_or(self.effective.values.detail_retention);
        let before = self.now().minus(span);
        let erased = self.gate.erase_details(caller, before).await?;
        self.db.truncate_log()?;
        Ok(erased)
    }

    /// How many records there are. It says nothing of what they hold.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn records(&self) -> Result<u64, AppError> {
        let newest = Filter { limit: Some(1), newest_first: true, ..Filter::default() };
        Ok(self.ledger.query(newest).await?.first().map_or(0, |entry| entry.seq.0 + 1))
    }
}

/// Checks an export with nothing but a public key: no installation is needed.
///
/// # Errors
/// With the line that does not hold.
pub fn check_export(path: &Path, public_key: &str) -> Result<ExportReport, AppError> {
    let file = File::open(path).map_err(|e| AppError::file("reading", path, e))?;
    keep_ledger::verify_export(BufReader::new(file), public_key.trim())
        .map_err(|error: LedgerError| error.into())
}
