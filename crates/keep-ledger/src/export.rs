//! Exports: JSON lines that carry their own proofs, and their verifier, which needs only the export
//! and the public key.

use crate::error::{ExportFault, LedgerError};
use crate::hex;
use crate::keys::KeyChain;
use crate::ledger::Ledger;
use crate::merkle::{Hash, consistency, inclusion, root_at, verify_inclusion};
use crate::note::{Head, SignedHead};
use crate::record::{Committed, NO_DETAIL, detail_digest, log_number, one_line};
use crate::rows::{committed, qualified};
use crate::state::TreeState;
use crate::tree::StoredTree;
use crate::wait::block_on;
use ed25519_dalek::VerifyingKey;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};
use std::ops::Range;

/// The version of the form.
const VERSION: u32 = 1;
/// The longest line that is read; a detail has its own, smaller limits at the gate.
const MAX_LINE_BYTES: u64 = 16 << 20;
/// Records read in one go while exporting, so that no reader holds a snapshot for long.
const CHUNK: u64 = 1_024;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    keep_ledger_export: u32,
    origin: String,
    keys: Vec<ExportedKey>,
    /// The signed head that the proofs lead to.
    head: String,
    first: u64,
    last: Option<u64>,
}

/// A key of the ledger and the record that introduced it.
#[derive(Serialize, Deserialize)]
struct ExportedKey {
    seq: u64,
    public: String,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: u64,
    utc_ms: i64,
    monotonic_ns: u64,
    boot: String,
    pid: u32,
    started_ticks: u64,
    principal: String,
    namespace: String,
    action: String,
    phase: String,
    refers_to: Option<u64>,
    digest: String,
    exact: Option<String>,
    salt: Option<String>,
    /// The detail's JSON as text, exactly as it was hashed.
    detail: Option<String>,
    proof: Vec<String>,
}

/// That a record is in the signed tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InclusionProof {
    /// Which record.
    pub seq: u64,
    /// The size of the tree.
    pub size: u64,
    /// The record's leaf.
    pub leaf: keep_types::Digest,
    /// The hashes from the leaf to the root.
    pub path: Vec<keep_types::Digest>,
    /// The tree's root.
    pub root: keep_types::Digest,
    /// The signed head.
    pub head: String,
}

/// That one tree extends another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConsistencyProof {
    /// The older size.
    pub old: u64,
    /// The older root.
    pub old_root: keep_types::Digest,
    /// The newer size.
    pub new: u64,
    /// The newer root.
    pub new_root: keep_types::Digest,
    /// The hashes.
    pub path: Vec<keep_types::Digest>,
}

/// What a verified export holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// The log's name.
    pub origin: String,
    /// How many records the signed head covers.
    pub size: u64,
    /// The records of the export.
    pub records: Range<u64>,
    /// Details that are there and fit.
    pub details: u64,
    /// Details that were erased before the export.
    pub erased: u64,
}

impl Ledger {
    /// The public key in force, as 64 hex digits; what a verifier of an export needs.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn public_key(&self) -> Result<Option<String>, LedgerError> {
        let state = block_on(self.core.db.read(|tx| Ok::<_, LedgerError>(TreeState::read(tx.sql())?)))?;
        Ok(state.map(|state| hex::encode(&state.key)))
    }

    /// The proof that a record is in the tree of now, with its signed head. Blocks.
    ///
    /// # Errors
    /// When there is no such record, or the ledger is not anchored and so nothing is signed.
    pub fn prove(&self, seq: u64) -> Result<InclusionProof, LedgerError> {
        let (head, note) = self.sign_now()?;
        if seq >= head.size {
            return Err(LedgerError::NoSuchRecord(seq));
        }
        let size = head.size;
        let (leaf, path) = block_on(self.core.db.read(move |tx| {
            let mut tree = StoredTree::new(tx.sql());
            let leaf = crate::merkle::Nodes::node(&mut tree, 0, seq)?;
            Ok::<_, LedgerError>((leaf, inclusion(&mut tree, seq, size)?))
        }))?;
        let path = path.into_iter().map(keep_types::Digest::from_bytes).collect();
        let (leaf, root) = (keep_types::Digest::from_bytes(leaf), keep_types::Digest::from_bytes(head.root));
        Ok(InclusionProof { seq, size, leaf, path, root, head: note })
    }

    /// The proof that the tree of `new` records extends the one of `old`. Blocks.
    ///
    /// # Errors
    /// When the ledger never had those sizes.
    pub fn consistency(&self, old: u64, new: u64) -> Result<ConsistencyProof, LedgerError> {
        block_on(self.core.db.read(move |tx| {
            let size = TreeState::read(tx.sql())?.map_or(0, |state| state.frontier.size());
            if old == 0 || old > new || new > size {
                return Err(LedgerError::BadSizes { old, new, size });
            }
            let mut tree = StoredTree::new(tx.sql());
            let digest = keep_types::Digest::from_bytes;
            Ok(ConsistencyProof {
                old,
                old_root: digest(root_at(&mut tree, old)?),
                new,
                new_root: digest(root_at(&mut tree, new)?),
                path: consistency(&mut tree, old, new)?.into_iter().map(digest).collect(),
            })
        }))
    }

    /// Writes the records of a range, all with `None`, as JSON lines with proofs to one signed head.
    /// Answers how many records it wrote. Blocks.
    ///
    /// # Errors
    /// When the ledger is not anchored, or something cannot be read or written.
    pub fn export(
        &self,
        to: &mut dyn Write,
        range: Option<Range<u64>>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<u64, LedgerError> {
        let (head, note) = self.sign_now()?;
        let range = range.unwrap_or(0..head.size);
        let range = range.start..range.end.min(head.size);
        let origin = head.origin.clone();
        let chain = block_on(self.core.db.read({
            let origin = origin.clone();
            move |tx| KeyChain::load(tx.sql(), &origin)
        }))?;
        let header = Header {
            keep_ledger_export: VERSION,
            origin,
            keys: chain
                .0
                .iter()
                .map(|known| ExportedKey { seq: known.seq, public: hex::encode(&known.public) })
                .collect(),
            head: note,
            first: range.start,
            last: range.end.checked_sub(1).filter(|last| *last >= range.start),
        };
        write_line(to, &header)?;
        let (mut next, total) = (range.start, range.end.saturating_sub(range.start));
        while next < range.end {
            let chunk = next..range.end.min(next + CHUNK);
            let (size, from_to) = (head.size, chunk.clone());
            let lines = block_on(self.core.db.read(move |tx| read_lines(tx.sql(), from_to, size)))?;
            to.write_all(lines.as_bytes()).map_err(LedgerError::ExportIo)?;
            next = chunk.end;
            progress(next - range.start, total);
        }
        to.flush().map_err(LedgerError::ExportIo)?;
        Ok(total)
    }

    /// The head of this moment, signed. An unanchored or mismatched ledger signs nothing.
    pub(crate) fn sign_now(&self) -> Result<(Head, String), LedgerError> {
        let signer = match self.health() {
            crate::Health::Anchored { .. } => self.core.lock().signer.clone(),
            other => return Err(LedgerError::Refused(other.why())),
        };
        let state = block_on(self.core.db.read(|tx| Ok::<_, LedgerError>(TreeState::read(tx.sql())?)))?;
        let state = state.ok_or(LedgerError::NothingToAnchor)?;
        let signer = match signer.filter(|key| key.verifying_key().to_bytes() == state.key) {
            Some(signer) => signer,
            None => self
                .core
                .own_key(Some(state.key))?
                .ok_or(LedgerError::Tampered(crate::Forgery::ForeignKeyFile))?,
        };
        let head = state.head();
        let note = head.sign(&signer);
        Ok((head, note))
    }
}

fn write_line<T: Serialize>(to: &mut dyn Write, line: &T) -> Result<(), LedgerError> {
    let text = json_line(line)?;
    to.write_all(text.as_bytes()).map_err(LedgerError::ExportIo)
}

fn json_line<T: Serialize>(line: &T) -> Result<String, LedgerError> {
    let json = serde_json::to_string(line).map_err(|e| LedgerError::ExportIo(e.into()))?;
    let mut text = one_line(&json);
    text.push('\n');
    Ok(text)
}

fn read_lines(sql: &Connection, range: Range<u64>, size: u64) -> Result<String, LedgerError> {
    let mut tree = StoredTree::new(sql);
    let mut statement = sql.prepare_cached(&format!(
        "SELECT {}, d.salt, d.detail FROM ledger_record r LEFT JOIN ledger_detail d ON d.seq = r.seq
         WHERE r.seq >= ?1 AND r.seq < ?2 ORDER BY r.seq",
        qualified()
    ))?;
    let mut rows = statement.query((range.start as i64, range.end as i64))?;
    let mut lines = String::new();
    while let Some(row) = rows.next()? {
        let (record, _) = committed(row)?;
        let seq = record.seq;
        let text = |bytes: &[u8], what| {
            String::from_utf8(bytes.to_vec()).map_err(|_| LedgerError::Malformed { seq, what })
        };
        let (salt, detail) = match (row.get_ref(15)?, row.get_ref(16)?) {
            (ValueRef::Blob(salt), ValueRef::Text(json)) => {
                (Some(hex::encode(salt)), Some(text(json, "detail")?))
            }
            _ => (None, None),
        };
        let line = Line {
            seq,
            utc_ms: record.utc_ms,
            monotonic_ns: record.monotonic_ns,
            boot: hex::encode(record.boot),
            pid: record.pid,
            started_ticks: record.started_ticks,
            principal: text(record.principal, "principal")?,
            namespace: text(record.namespace, "namespace")?,
            action: text(record.action, "action")?,
            phase: text(record.phase, "phase")?,
            refers_to: record.refers_to,
            digest: hex::encode(record.detail),
            exact: record.exact.map(hex::encode),
            salt,
            detail,
            proof: inclusion(&mut tree, seq, size)?.iter().map(|hash| hex::encode(hash)).collect(),
        };
        lines.push_str(&json_line(&line)?);
    }
    Ok(lines)
}

/// Verifies an export with nothing but the public key of its head, as 64 hex digits.
///
/// # Errors
/// With the first line that does not hold.
pub fn verify_export(from: impl BufRead, public_key: &str) -> Result<ExportReport, LedgerError> {
    let mut lines = Lines { from, number: 0 };
    let header: Header = lines.parse()?.ok_or_else(|| lines.fault(malformed("it is empty")))?;
    let key = hex::decode_array(public_key)
        .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
        .ok_or_else(|| lines.fault(malformed("the given public key is none")))?;
    if header.keep_ledger_export != VERSION {
        return Err(lines.fault(malformed("its version is unknown")));
    }
    let head = SignedHead::parse(&header.head).map_err(|e| lines.fault(malformed(&e.to_string())))?;
    head.verify(&key).map_err(|_| lines.fault(ExportFault::BadSignature))?;
    let head = head.head;
    if head.origin != header.origin {
        return Err(lines.fault(malformed("its head is that of another log")));
    }
    let end = header.last.map_or(header.first, |last| last.saturating_add(1));
    let mut report = ExportReport {
        origin: header.origin,
        size: head.size,
        records: header.first..end,
        details: 0,
        erased: 0,
    };
    for expected in header.first..end {
        let line: Line = lines.parse()?.ok_or_else(|| lines.fault(ExportFault::Ends { expected }))?;
        if line.seq != expected {
            return Err(lines.fault(ExportFault::Gap { expected, found: line.seq }));
        }
        match check_line(&line, &head).map_err(|fault| lines.fault(fault))? {
            Detail::None => {}
            Detail::Fits => report.details += 1,
            Detail::Erased => report.erased += 1,
        }
    }
    if lines.next()?.is_some() {
        return Err(lines.fault(ExportFault::Trailing));
    }
    Ok(report)
}

enum Detail {
    None,
    Fits,
    Erased,
}

fn check_line(line: &Line, head: &Head) -> Result<Detail, ExportFault> {
    let bytes = |text: &str| hex::decode(text).ok_or_else(|| malformed("it holds bad hex"));
    let (boot, digest) = (bytes(&line.boot)?, bytes(&line.digest)?);
    let exact = line.exact.as_deref().map(bytes).transpose()?;
    let record = Committed {
        log: log_number(&head.origin),
        seq: line.seq,
        utc_ms: line.utc_ms,
        monotonic_ns: line.monotonic_ns,
        boot: &boot,
        pid: line.pid,
        started_ticks: line.started_ticks,
        principal: line.principal.as_bytes(),
        namespace: line.namespace.as_bytes(),
        action: line.action.as_bytes(),
        phase: line.phase.as_bytes(),
        refers_to: line.refers_to,
        detail: &digest,
        exact: exact.as_deref(),
    };
    let path: Vec<Hash> = line
        .proof
        .iter()
        .map(|hash| hex::decode_array(hash).ok_or_else(|| malformed("its proof holds bad hex")))
        .collect::<Result<_, _>>()?;
    let leaf = record.leaf(&mut Vec::new());
    verify_inclusion(&leaf, line.seq, head.size, &path, &head.root).map_err(ExportFault::NotInTree)?;
    match (&line.salt, &line.detail) {
        (Some(salt), Some(detail)) if detail_digest(&bytes(salt)?, detail.as_bytes())[..] == digest[..] => {
            Ok(Detail::Fits)
        }
        (None, None) if digest[..] == NO_DETAIL => Ok(Detail::None),
        (None, None) => Ok(Detail::Erased),
        _ => Err(ExportFault::Detail),
    }
}

fn malformed(what: &str) -> ExportFault {
    ExportFault::Malformed(what.to_owned())
}

struct Lines<R> {
    from: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn fault(&self, why: ExportFault) -> LedgerError {
        LedgerError::Export { line: self.number, why }
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, LedgerError> {
        let mut line = Vec::new();
        self.number += 1;
        let mut limited = std::io::Read::take(&mut self.from, MAX_LINE_BYTES);
        limited.read_until(b'\n', &mut line).map_err(LedgerError::ExportIo)?;
        if line.is_empty() {
            return Ok(None);
        }
        match line.pop() {
            Some(b'\n') => Ok(Some(line)),
            _ => Err(self.fault(malformed("it does not end, or is too long"))),
        }
    }

    fn parse<T: for<'de> Deserialize<'de>>(&mut self) -> Result<Option<T>, LedgerError> {
        let Some(line) = self.next()? else {
            return Ok(None);
        };
        let parsed = serde_json::from_slice(&line);
        parsed.map(Some).map_err(|e| self.fault(malformed(&e.to_string())))
    }
}
