//! Finding the vault's state, opening it, and feeding the redactor. Reads take no lock: the file is
//! replaced as a whole, and what is on record of it is announced before and settled after.

use crate::contents::Contents;
use crate::error::VaultError;
use crate::head::{self, Head, Mark};
use crate::hold;
use crate::keys::{Identity, IdentityFile, Keys, read_identity};
use crate::protect::protect_process;
use crate::seal;
use keep_db::Db;
use keep_redact::{Feed, Known, Redactor, Withheld};
use keep_types::{Digest, Duration, Installation, Timestamp, chain};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A vault file of more than this was not written here.
const MAX_FILE_BYTES: u64 = seal::MAX_PLAIN_BYTES + (64 << 20);
/// How often a read that a writer overtook is made again; each is over in well under a millisecond.
const ATTEMPTS: u32 = 25;

/// Where the vault's files lie, and its usual terms.
#[derive(Clone, Debug)]
pub struct VaultConfig {
    /// The vault's file.
    pub file: PathBuf,
    /// The lock that writers queue at.
    pub lock: PathBuf,
    /// The identity.
    pub identity: PathBuf,
    /// The folder with the socket of whoever holds an unlocked key.
    pub holders: PathBuf,
    /// How often a value is to change when nothing else is said.
    pub rotate_every: Duration,
}

impl VaultConfig {
    /// The usual places in an installation.
    #[must_use]
    pub fn in_folders(at: &Installation) -> Self {
        Self {
            file: at.data.join("vault.age"),
            lock: at.data.join("vault.lock"),
            identity: at.config.join("identity"),
            holders: at.state.clone(),
            rotate_every: crate::contents::QUARTER,
        }
    }

    /// A new identity waits here until the vault opens with it.
    pub(crate) fn next_identity(&self) -> PathBuf {
        self.identity.with_file_name("identity.next")
    }
}

/// Opens the vault. Cheap to clone.
#[derive(Clone)]
pub struct Reader(Arc<Inner>);

struct Inner {
    db: Db,
    config: VaultConfig,
    cache: Mutex<Option<Cached>>,
}

/// The vault as it was read last, and what that hangs on. Its values are in the redactor's memory
/// anyway, so keeping the contents beside it lets out nothing more.
struct Cached {
    file: FileId,
    read: Arc<ReadVault>,
    redactor: OnceLock<Redactor>,
}

/// A replaced file is another file, and one that was written to has another time of change, which
/// nobody can set.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
    bytes: u64,
    changed_ns: i128,
}

/// The vault as it was read.
pub(crate) struct ReadVault {
    pub(crate) contents: Contents,
    pub(crate) keys: Keys,
    pub(crate) opened_with: OpenedWith,
    pub(crate) head: Option<Head>,
    pub(crate) mark: Mark,
    /// Whether the file is the one that a process was about to write when it ended.
    pub(crate) unsettled: bool,
}

/// Which identity's file opened the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenedWith {
    /// The one in its place.
    Current,
    /// The one that a rekey was about to put there when it was cut short.
    Next,
}

/// How the vault is, without opening it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum VaultState {
    /// There is none yet.
    Absent,
    /// It opens without a passphrase.
    Open,
    /// It opens since somebody gave the passphrase.
    Unlocked {
        /// Until when.
        until: Timestamp,
    },
    /// It waits for its passphrase.
    Locked,
    /// It does not open.
    Broken {
        /// Why.
        reason: String,
    },
}

impl Reader {
    /// A reader of the vault that lies there.
    #[must_use]
    pub fn new(db: Db, config: VaultConfig) -> Self {
        Self(Arc::new(Inner { db, config, cache: Mutex::new(None) }))
    }

    pub(crate) fn config(&self) -> &VaultConfig {
        &self.0.config
    }

    /// What is on record of the vault's file.
    pub(crate) fn head(&self) -> Result<Option<Head>, VaultError> {
        self.0.db.read(|tx| head::read(tx.sql())).wait()
    }

    /// The key that opens the vault: the holder's, or the identity's own when it has no passphrase.
    pub(crate) fn keys(&self) -> Result<Option<Keys>, VaultError> {
        protect_process()?;
        keys_at(&self.0.config, &self.0.config.identity)
    }

    /// The vault as it is, for looking: read anew only when its file or its record has changed, or the
    /// key that opened it is no longer held.
    pub(crate) fn look(&self) -> Result<Option<Arc<ReadVault>>, VaultError> {
        let file = FileId::of(&self.0.config.file)?;
        if let Some(file) = file
            && let Some(read) = self.cached(file)?
        {
            return Ok(Some(read));
        }
        let Some(read) = self.read()?.map(Arc::new) else { return Ok(None) };
        // A file that was replaced while it was read is not remembered under the wrong name.
        if let Some(file) = file
            && FileId::of(&self.0.config.file)? == Some(file)
        {
            *self.cache() = Some(Cached { file, read: Arc::clone(&read), redactor: OnceLock::new() });
        }
        Ok(Some(read))
    }

    fn cached(&self, file: FileId) -> Result<Option<Arc<ReadVault>>, VaultError> {
        let read = match &*self.cache() {
            Some(cached) if cached.file == file => Arc::clone(&cached.read),
            _ => return Ok(None),
        };
        let held = match &read.keys {
            Keys::Own(_) => true,
            Keys::Held(known) => {
                hold::holder(&self.0.config.holders)?.is_some_and(|now| now.verifier == known.verifier)
            }
        };
        if held && self.head()? == read.head {
            return Ok(Some(read));
        }
        *self.cache() = None;
        Ok(None)
    }

    fn cache(&self) -> MutexGuard<'_, Option<Cached>> {
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the vault and checks that it is the one that was written last; `None` before the first
    /// write.
    pub(crate) fn read(&self) -> Result<Option<ReadVault>, VaultError> {
        for _ in 0..ATTEMPTS {
            match self.attempt()? {
                Attempt::Read(read) => return Ok(Some(*read)),
                Attempt::Absent => return Ok(None),
                Attempt::Differs(..) | Attempt::Closed(_) => {
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
            }
        }
        match self.attempt()? {
            Attempt::Read(read) => Ok(Some(*read)),
            Attempt::Absent => Ok(None),
            Attempt::Differs(bytes, head) => Err(self.why(bytes.as_deref(), &head)),
            Attempt::Closed(error) => Err(error),
        }
    }

    fn attempt(&self) -> Result<Attempt, VaultError> {
        let bytes = read_file(&self.0.config.file)?;
        let head = self.head()?;
        let (Some(bytes), Some(head)) = (bytes.as_ref(), head.as_ref()) else {
            return Ok(match (bytes, head) {
                (None, None) => Attempt::Absent,
                // A first write that was announced and never came.
                (None, Some(head)) if head.is_before_first() => Attempt::Absent,
                (bytes, head) => Attempt::Differs(bytes, Box::new(head.unwrap_or_else(before_first))),
            });
        };
        let digest = Digest::of(bytes);
        let Some(mark) = head.fitting(digest) else {
            return Ok(Attempt::Differs(Some(bytes.clone()), Box::new(head.clone())));
        };
        let (opened, keys, opened_with) = match self.open(bytes, mark) {
            Ok(opened) => opened,
            Err(error) => {
                // Another process may be giving the vault a new identity between these very reads.
                let moving = head.next.is_some() || self.head()?.as_ref() != Some(head);
                return if moving { Ok(Attempt::Closed(error)) } else { Err(error) };
            }
        };
        Ok(Attempt::Read(Box::new(ReadVault {
            contents: opened.contents,
            keys,
            opened_with,
            mark: mark.clone(),
            unsettled: *mark != head.last,
            head: Some(head.clone()),
        })))
    }

    /// Opens bytes that are on record, with the identity that signed them. While a new identity takes
    /// over, that may be the one which is not in its place yet.
    fn open(&self, bytes: &[u8], mark: &Mark) -> Result<(seal::Opened, Keys, OpenedWith), VaultError> {
        protect_process()?;
        let config = &self.0.config;
        let signer = ed25519_dalek::VerifyingKey::from_bytes(&mark.signer).map_err(|_| VaultError::Forged)?;
        let mut why = VaultError::IdentityMissing(config.identity.clone());
        for (path, which) in
            [(config.identity.clone(), OpenedWith::Current), (config.next_identity(), OpenedWith::Next)]
        {
            match keys_at(config, &path) {
                Ok(None) => {}
                Ok(Some(keys)) if keys.verifier() == signer => {
                    return Ok((seal::open(bytes, keys.opener(), &signer)?, keys, which));
                }
                // A key that is held opens what was there before; its passphrase opens what is there now.
                Ok(Some(Keys::Held(_))) | Err(VaultError::Locked) => why = VaultError::Locked,
                Ok(Some(Keys::Own(_))) if matches!(why, VaultError::IdentityMissing(_)) => {
                    why = VaultError::NotForUs;
                }
                Ok(Some(Keys::Own(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Err(why)
    }

    /// Which key signed the version on record that the file is, if it is one.
    pub(crate) fn signer_of_file(&self) -> Result<Option<[u8; 32]>, VaultError> {
        let (Some(bytes), Some(head)) = (read_file(&self.0.config.file)?, self.head()?) else {
            return Ok(None);
        };
        Ok(head.fitting(Digest::of(&bytes)).map(|mark| mark.signer))
    }

    /// Opens the vault with the identity of another recipient, for when its own is lost. The signature
    /// must be that of the version on record all the same.
    pub(crate) fn read_with(&self, identity: &Identity) -> Result<ReadVault, VaultError> {
        let file = &self.0.config.file;
        let head = self.head()?.unwrap_or_else(before_first);
        let missing = || VaultError::Missing { path: file.clone(), version: head.last.version };
        let bytes = read_file(file)?.ok_or_else(missing)?;
        let mark =
            head.fitting(Digest::of(&bytes)).ok_or(VaultError::Replaced { version: head.last.version })?;
        let signer = ed25519_dalek::VerifyingKey::from_bytes(&mark.signer).map_err(|_| VaultError::Forged)?;
        let opened = seal::open(&bytes, &identity.opener, &signer)?;
        // These keys never write: whoever recovers gives the vault a new identity.
        let keys = Keys::Own(Arc::new(Identity::generate()));
        let (mark, unsettled) = (mark.clone(), *mark != head.last);
        let opened_with = OpenedWith::Current;
        Ok(ReadVault { contents: opened.contents, keys, opened_with, mark, unsettled, head: Some(head) })
    }

    /// Which of its possible faults a file has that is not on record.
    fn why(&self, bytes: Option<&[u8]>, head: &Head) -> VaultError {
        let known = &head.last;
        let Some(bytes) = bytes else {
            return VaultError::Missing { path: self.0.config.file.clone(), version: known.version };
        };
        let keys = match self.keys() {
            Ok(Some(keys)) => keys,
            Ok(None) => return VaultError::IdentityMissing(self.0.config.identity.clone()),
            Err(error) => return error,
        };
        let opened = match seal::open_unpinned(bytes, keys.opener()) {
            Ok(opened) => opened,
            Err(error) => return error,
        };
        let found = opened.contents.version;
        if opened.signer != keys.verifier() {
            VaultError::Forged
        } else if head.is_before_first() {
            VaultError::Ahead { found, known: 0 }
        } else if opened.contents.vault != known.vault {
            VaultError::OtherVault
        } else if found < known.version {
            VaultError::RolledBack { found, known: known.version }
        } else if found > known.version {
            VaultError::Ahead { found, known: known.version }
        } else {
            VaultError::Replaced { version: found }
        }
    }

    /// The file as it is, with its mark, for a person who accepts it though it is not on record.
    pub(crate) fn mark_of_file(&self) -> Result<Option<Mark>, VaultError> {
        let Some(bytes) = read_file(&self.0.config.file)? else { return Ok(None) };
        let keys = self.keys()?.ok_or_else(|| VaultError::IdentityMissing(self.0.config.identity.clone()))?;
        let opened = seal::open(&bytes, keys.opener(), &keys.verifier())?;
        Ok(Some(Mark {
            vault: opened.contents.vault,
            version: opened.contents.version,
            digest: Digest::of(&bytes),
            signer: opened.signer.to_bytes(),
        }))
    }

    /// How the vault is.
    #[must_use]
    pub fn state(&self) -> VaultState {
        match self.try_state() {
            Ok(state) => state,
            Err(error) => VaultState::Broken { reason: chain(&error).join(": ") },
        }
    }

    fn try_state(&self) -> Result<VaultState, VaultError> {
        match self.look() {
            Ok(None) => Ok(VaultState::Absent),
            Ok(Some(read)) => Ok(match &read.keys {
                Keys::Own(_) => VaultState::Open,
                Keys::Held(holder) => VaultState::Unlocked { until: holder.until },
            }),
            Err(VaultError::Locked) => Ok(VaultState::Locked),
            Err(error) => Err(error),
        }
    }
}

enum Attempt {
    Read(Box<ReadVault>),
    Absent,
    Closed(VaultError),
    Differs(Option<Vec<u8>>, Box<Head>),
}

fn before_first() -> Head {
    let none =
        Mark { vault: String::new(), version: 0, digest: Digest::from_bytes([0; 32]), signer: [0; 32] };
    Head { last: none, next: None }
}

/// The key in an identity's file, or at its holder when that file needs a passphrase.
pub(crate) fn keys_at(config: &VaultConfig, path: &Path) -> Result<Option<Keys>, VaultError> {
    match read_identity(path)? {
        None => Ok(None),
        Some(IdentityFile::Plain(identity)) => Ok(Some(Keys::Own(Arc::from(identity)))),
        Some(IdentityFile::Protected(_)) => match hold::holder(&config.holders)? {
            Some(holder) => Ok(Some(Keys::Held(Arc::new(holder)))),
            None => Err(VaultError::Locked),
        },
    }
}

/// Reads a file whole; `None` when there is none.
pub(crate) fn read_file(path: &Path) -> Result<Option<Vec<u8>>, VaultError> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(VaultError::file("opening", path, e)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| VaultError::file("reading", path, e))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(VaultError::TooMany {
            what: "bytes in the vault's file",
            limit: MAX_FILE_BYTES as usize,
        });
    }
    Ok(Some(bytes))
}

impl Feed for Reader {
    /// Every value that the vault holds, old ones included: a rotated key may still be good somewhere.
    fn redactor(&self) -> Result<Redactor, Withheld> {
        let withheld = |error: VaultError| Withheld { reason: chain(&error).join(": ") };
        let Some(read) = self.look().map_err(withheld)? else { return Ok(Redactor::default()) };
        Ok(match &*self.cache() {
            Some(cached) if Arc::ptr_eq(&cached.read, &read) => {
                cached.redactor.get_or_init(|| redactor_of(&read.contents)).clone()
            }
            _ => redactor_of(&read.contents),
        })
    }
}

/// A redactor of all values in these contents.
pub(crate) fn redactor_of(contents: &Contents) -> Redactor {
    let values = contents.secrets.iter().flat_map(|secret| {
        secret
            .versions
            .iter()
            .map(|version| Known { label: secret.key.name.as_str(), value: version.value.reveal() })
    });
    // Values too short to be told from ordinary text were warned of when they were set.
    Redactor::new(values).0
}

/// A redactor of what lies in a vault, whatever is on record of it: for cleaning a message when nothing
/// else is open. With no vault, or one that does not open, it knows nothing.
#[must_use]
pub fn redactor_at(config: &VaultConfig) -> Redactor {
    let open = || -> Result<Option<Redactor>, VaultError> {
        let Some(bytes) = read_file(&config.file)? else { return Ok(None) };
        protect_process()?;
        let Some(keys) = keys_at(config, &config.identity)? else { return Ok(None) };
        Ok(Some(redactor_of(&seal::open(&bytes, keys.opener(), &keys.verifier())?.contents)))
    };
    open().ok().flatten().unwrap_or_default()
}

impl FileId {
    fn of(path: &Path) -> Result<Option<Self>, VaultError> {
        match std::fs::metadata(path) {
            Ok(meta) => Ok(Some(Self {
                device: meta.dev(),
                inode: meta.ino(),
                bytes: meta.size(),
                changed_ns: i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec()),
            })),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(VaultError::file("reading", path, e)),
        }
    }
}
