//! What the vault promises, checked on a real installation.

use crate::contents::Contents;
use crate::error::VaultError;
use crate::head::{self, Head};
use crate::keys::{Identity, Keys};
use crate::reader::{VaultConfig, keys_at, read_file, redactor_of};
use crate::seal;
use crate::vault::Sealed;
use keep_redact::Redactor;
use keep_types::{Adversary, Digest, Installation, Probe, Promise, Twin, Verdict, chain};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The vault's promises with their checks and the twins that break them.
#[must_use]
pub fn probes() -> Vec<Probe> {
    vec![
        Probe {
            promise: Promise {
                id: "VAULT-1",
                claim: "The vault's file is the one that was written last: not replaced, not rolled back, not removed",
                against: Adversary::OtherUser,
            },
            run: |at| verdict(is_on_record(at)),
            twin: Twin::Installation(|at| text(replace_by_stranger(at, Record::Stays))),
        },
        Probe {
            promise: Promise {
                id: "VAULT-2",
                claim: "The vault's file opens with its identity and bears that identity's signature",
                against: Adversary::OtherUser,
            },
            run: |at| verdict(is_signed(at)),
            twin: Twin::Installation(|at| text(replace_by_stranger(at, Record::Follows))),
        },
        Probe {
            promise: Promise {
                id: "VAULT-3",
                claim: "The vault's file and its identity are readable by their owner alone",
                against: Adversary::OtherUser,
            },
            run: |at| verdict(are_private(at)),
            twin: Twin::Installation(|at| text(open_identity(at))),
        },
        Probe {
            promise: Promise {
                id: "VAULT-4",
                claim: "No value of the vault stands in any other file of the installation, in any encoding",
                against: Adversary::OtherUser,
            },
            run: |at| verdict(stand_nowhere_else(at)),
            twin: Twin::Installation(|at| text(leak_a_value(at))),
        },
    ]
}

/// What a check came to: it holds, it does not, or there is nothing to check.
type Checked = Result<Verdict, VaultError>;

fn verdict(checked: Checked) -> Verdict {
    match checked {
        Ok(verdict) => verdict,
        Err(VaultError::Locked) => Verdict::NotApplicable("the vault is locked".into()),
        Err(error) => Verdict::Fail(chain(&error).join(": ")),
    }
}

fn text(done: Result<(), VaultError>) -> Result<(), String> {
    done.map_err(|error| chain(&error).join(": "))
}

fn none_yet() -> Verdict {
    Verdict::NotApplicable("there is no vault yet".into())
}

fn head_of(at: &Installation) -> Result<Option<Head>, VaultError> {
    let sql = Connection::open_with_flags(at.data.join("keep.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    head::read(&sql)
}

fn is_on_record(at: &Installation) -> Checked {
    let config = VaultConfig::in_folders(at);
    Ok(match (head_of(at)?, read_file(&config.file)?) {
        (None, None) => none_yet(),
        (Some(head), None) if head.is_before_first() => none_yet(),
        (None, Some(_)) => Verdict::Fail("there is a vault, but none is on record".into()),
        (Some(head), None) => {
            Verdict::Fail(format!("version {} is on record, and no file", head.last.version))
        }
        (Some(head), Some(bytes)) if head.fitting(Digest::of(&bytes)).is_some() => Verdict::Pass,
        (Some(head), Some(_)) => Verdict::Fail(format!("the file is not version {}", head.last.version)),
    })
}

/// The vault's contents, opened and checked as any reader does, but for the record.
fn open(at: &Installation) -> Result<Option<Contents>, VaultError> {
    let config = VaultConfig::in_folders(at);
    let Some(bytes) = read_file(&config.file)? else { return Ok(None) };
    let keys =
        keys_at(&config, &config.identity)?.ok_or(VaultError::IdentityMissing(config.identity.clone()))?;
    Ok(Some(seal::open(&bytes, keys.opener(), &keys.verifier())?.contents))
}

fn is_signed(at: &Installation) -> Checked {
    Ok(if open(at)?.is_some() { Verdict::Pass } else { none_yet() })
}

fn are_private(at: &Installation) -> Checked {
    let config = VaultConfig::in_folders(at);
    let mut seen = false;
    for path in [&config.file, &config.lock, &config.identity, &config.next_identity()] {
        let meta = match std::fs::symlink_metadata(path) {
            Ok(meta) => meta,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(VaultError::file("reading", path, e)),
        };
        seen = true;
        let shown = path.display();
        if !meta.is_file() {
            return Ok(Verdict::Fail(format!("{shown} is no plain file")));
        }
        if meta.mode() & 0o077 != 0 {
            return Ok(Verdict::Fail(format!("others can get at {shown} (mode {:o})", meta.mode() & 0o7777)));
        }
        if meta.uid() != rustix::process::geteuid().as_raw() {
            return Ok(Verdict::Fail(format!("{shown} belongs to user {}", meta.uid())));
        }
    }
    Ok(if seen { Verdict::Pass } else { none_yet() })
}

fn stand_nowhere_else(at: &Installation) -> Checked {
    crate::protect::protect_process()?;
    let Some(contents) = open(at)? else { return Ok(none_yet()) };
    let redactor = redactor_of(&contents);
    let config = VaultConfig::in_folders(at);
    let own = [config.file.clone(), config.identity.clone(), config.next_identity()];
    for folder in [&at.data, &at.config, &at.state] {
        for path in files_below(folder)? {
            if !own.contains(&path)
                && let Some(label) = value_in(&path, &redactor)?
            {
                return Ok(Verdict::Fail(format!("the value of {label} stands in {}", path.display())));
            }
        }
    }
    Ok(Verdict::Pass)
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>, VaultError> {
    let failed = |e| VaultError::file("reading", folder, e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Links, sockets and devices hold nothing of ours.
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            found.extend(files_below(&entry.path())?);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// How much of a file is looked at in one piece.
const PIECE: usize = 1 << 20;
/// How much of the piece before is looked at again: more than any form of a value is long.
const OVERLAP: usize = 512 << 10;

/// The label of a value that stands in a file.
fn value_in(path: &Path, redactor: &Redactor) -> Result<Option<String>, VaultError> {
    let failed = |e| VaultError::file("reading", path, e);
    let mut file = File::open(path).map_err(failed)?;
    let mut window = zeroize::Zeroizing::new(Vec::with_capacity(PIECE + OVERLAP));
    loop {
        let read = (&mut file).take(PIECE as u64).read_to_end(&mut window).map_err(failed)?;
        if let Some(found) = redactor.find(&window) {
            return Ok(Some(found.label.to_owned()));
        }
        if read == 0 {
            return Ok(None);
        }
        let surplus = window.len().saturating_sub(OVERLAP);
        window.drain(..surplus);
    }
}

/// Whether the twin also makes the record say so.
#[derive(Clone, Copy)]
enum Record {
    Stays,
    Follows,
}

/// Puts a vault in the file's place that somebody made who knows only the public recipient.
fn replace_by_stranger(at: &Installation, record: Record) -> Result<(), VaultError> {
    let config = VaultConfig::in_folders(at);
    let keys = keys_at(&config, &config.identity)?.ok_or(VaultError::Locked)?;
    let contents = open(at)?.ok_or(VaultError::Locked)?;
    let stranger = Keys::Own(Arc::new(Identity::generate()));
    let mut forged = contents.clone();
    forged.secrets.clear();
    forged.recipients = vec![crate::contents::RecipientEntry {
        recipient: keys.recipient()?.to_string(),
        label: String::new(),
        added: keep_types::Timestamp::from_ms(0),
    }];
    let sealed = Sealed::of(&forged, &stranger)?;
    std::fs::write(&config.file, &sealed.bytes).map_err(|e| VaultError::file("writing", &config.file, e))?;
    if let Record::Follows = record {
        let sql = Connection::open(at.data.join("keep.db"))?;
        sql.execute("UPDATE vault_head SET digest = ?1", [sealed.mark.digest.as_bytes()])?;
    }
    Ok(())
}

fn open_identity(at: &Installation) -> Result<(), VaultError> {
    let path = VaultConfig::in_folders(at).identity;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))
        .map_err(|e| VaultError::file("opening to others", &path, e))
}

/// Writes a value's base64 into a log, as careless code would.
fn leak_a_value(at: &Installation) -> Result<(), VaultError> {
    use base64::Engine;
    let contents = open(at)?.ok_or(VaultError::Locked)?;
    let value = contents.secrets.first().and_then(|secret| secret.current()).ok_or(VaultError::EmptyValue)?;
    let line = format!("sent {}\n", base64::prelude::BASE64_STANDARD.encode(value.value.reveal()));
    let path = at.state.join("scratch.log");
    std::fs::write(&path, line).map_err(|e| VaultError::file("writing", &path, e))
}
