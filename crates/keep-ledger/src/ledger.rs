use crate::append::{Draft, Salts, insert};
use crate::checkpoint::{self, Stored, check_extends, check_open};
use crate::error::{Forgery, LedgerError};
use crate::health::Health;
use crate::hex;
use crate::keys::{self, KeyChain, Secret};
use crate::merkle::empty_root;
use crate::note::Head;
use crate::owner::Owner;
use crate::record::{Phase, Record, Seq};
use crate::state::TreeState;
use crate::ticker::Ticker;
use crate::wait::block_on;
use ed25519_dalek::SigningKey;
use keep_db::{Db, DbError, Pending, WriteTx, create_private_folder, replace_file};
use keep_types::Clock;
use rusqlite::Connection;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whose records the ledger makes about itself.
pub(crate) const HOUSE: &str = "service:keep";

/// Where the ledger's files lie, and which clock it reads.
#[derive(Clone)]
pub struct LedgerConfig {
    /// The signing key (ed25519); the HMAC key lies beside it, with `.hmac` for its ending.
    pub key_file: PathBuf,
    /// The checkpoint.
    pub checkpoint: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl LedgerConfig {
    /// The usual names in the configuration and the state folder.
    #[must_use]
    pub fn in_folders(config: &Path, state: &Path, clock: Arc<dyn Clock>) -> Self {
        Self { key_file: config.join("ledger.key"), checkpoint: state.join("checkpoint"), clock }
    }
}

/// The open ledger. Cheap to clone; the last clone writes the checkpoint.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) core: Arc<Core>,
    ticker: Arc<Ticker>,
}

/// All but the thread that writes checkpoints, which holds this too.
pub(crate) struct Core {
    pub db: Db,
    pub config: LedgerConfig,
    pub hmac_key: Secret,
    pub salts: Salts,
    pub mutable: Mutex<Mutable>,
}

/// What changes while the ledger is open.
pub(crate) struct Mutable {
    pub health: Health,
    /// The private key, while it is that of the ledger.
    pub signer: Option<Arc<SigningKey>>,
    /// The checkpoint last written or checked by this process.
    pub seen: Option<String>,
}

/// What one look at the files and the database found.
struct Look {
    stored: Stored,
    state: Option<TreeState>,
    verdict: Result<(), LedgerError>,
    open_intents: Vec<(u64, Owner)>,
}

impl Ledger {
    /// Opens the ledger: checks that the database extends the checkpoint, starts an empty one, and
    /// closes the intents of processes that are gone. A mismatch is no error here but a [`Health`].
    ///
    /// # Errors
    /// When a file or the database cannot be read or written.
    pub fn open(db: Db, config: LedgerConfig) -> Result<Self, LedgerError> {
        for path in [&config.key_file, &config.checkpoint] {
            if let Some(folder) = path.parent() {
                create_private_folder(folder)?;
            }
        }
        let hmac_key = keys::secret_or_new(&config.key_file.with_extension("hmac"))?;
        let mutable = Mutable { health: Health::Empty, signer: None, seen: None };
        let core = Arc::new(Core { db, config, hmac_key, salts: Salts::new(), mutable: Mutex::new(mutable) });
        let mut look = core.look()?;
        let fresh = look.state.is_none() && look.stored.head().is_none_or(|h| h.head.size == 0);
        if fresh && !matches!(look.stored, Stored::Damaged(_)) {
            core.begin()?;
            look = core.look()?;
        }
        core.judge(&look)?;
        let ledger = Self { ticker: Arc::new(Ticker::new(Arc::clone(&core))), core };
        ledger.close_abandoned(look.open_intents)?;
        Ok(ledger)
    }

    /// Looks again, as at opening: after another process accepted a mismatch or restored a backup.
    ///
    /// # Errors
    /// When a file or the database cannot be read.
    pub fn recheck(&self) -> Result<Health, LedgerError> {
        let look = self.core.look()?;
        self.core.judge(&look)?;
        Ok(self.health())
    }

    /// How the database stands to the checkpoint.
    #[must_use]
    pub fn health(&self) -> Health {
        self.core.lock().health.clone()
    }

    /// The HMAC of bytes under the installation's own key.
    #[must_use]
    pub fn hmac(&self, bytes: &[u8]) -> [u8; 32] {
        keys::hmac(&self.core.hmac_key, bytes)
    }

    /// Appends a record in the caller's transaction, so that effect and record stand or fall together.
    ///
    /// # Errors
    /// When the ledger takes no records or the row cannot be written; the act must then not happen.
    pub fn append_in(&self, tx: &mut WriteTx<'_>, record: &Record) -> Result<Seq, LedgerError> {
        let draft = Draft::of(record, &self.core.hmac_key)?;
        self.append_draft(tx, &draft)
    }

    /// Appends a record in a transaction of its own, or one shared with other jobs of the moment.
    #[expect(clippy::needless_pass_by_value, reason = "a record is made for one append")]
    pub fn append(&self, record: Record) -> Pending<Seq, LedgerError> {
        let draft = Draft::of(&record, &self.core.hmac_key);
        let ledger = self.clone();
        self.core.db.write(move |tx| ledger.append_draft(tx, &draft?))
    }

    pub(crate) fn append_draft(&self, tx: &mut WriteTx<'_>, draft: &Draft) -> Result<Seq, LedgerError> {
        let signer = self.core.admits()?;
        let state = tx.group::<TreeState>()?;
        if !state.sound {
            return Err(LedgerError::Refused("the stored state was changed".into()));
        }
        state.signer = signer;
        let seq = insert(tx, draft, &*self.core.config.clock, &self.core.salts)?;
        self.ticker.touch();
        Ok(seq)
    }

    /// Writes the checkpoint now, if the ledger has grown beyond it.
    ///
    /// # Errors
    /// When it cannot be written; the records are safe all the same.
    pub fn flush_checkpoint(&self) -> Result<(), LedgerError> {
        self.core.write_checkpoint()
    }

    /// Writes the checkpoint and ends the thread behind it. Clones stay usable.
    ///
    /// # Errors
    /// When the checkpoint cannot be written.
    pub fn close(&self) -> Result<(), LedgerError> {
        self.ticker.stop();
        self.ticker.settled();
        self.core.write_checkpoint()
    }

    /// Closes the intents of processes that are gone. Whoever finds the database busy leaves that to
    /// the next opening.
    fn close_abandoned(&self, intents: Vec<(u64, Owner)>) -> Result<(), LedgerError> {
        let dead: Vec<u64> =
            intents.into_iter().filter(|(_, owner)| !owner.lives()).map(|(seq, _)| seq).collect();
        if dead.is_empty() || !self.health().takes_records() {
            return Ok(());
        }
        let ledger = self.clone();
        let closed = block_on(self.core.db.write(move |tx| ledger.abandon(tx, &dead)));
        match closed {
            Err(LedgerError::Db(DbError::Locked { .. })) => Ok(()),
            other => other,
        }
    }

    fn abandon(&self, tx: &mut WriteTx<'_>, dead: &[u64]) -> Result<(), LedgerError> {
        for &seq in dead {
            // Another process may have closed it meanwhile.
            let still_open: bool = tx
                .sql()
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM ledger_open_intent WHERE seq = ?1)")?
                .query_row([seq as i64], |row| row.get(0))?;
            if !still_open {
                continue;
            }
            let of = tx
                .sql()
                .prepare_cached("SELECT principal, namespace, action FROM ledger_record WHERE seq = ?1")?
                .query_row([seq as i64], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            let (principal, namespace, action) = of?;
            let draft = Draft {
                principal,
                namespace,
                action,
                phase: Phase::Abandoned,
                refers_to: Some(seq),
                detail: None,
                exact: None,
                owner: Owner::own(),
            };
            self.append_draft(tx, &draft)?;
        }
        Ok(())
    }
}

impl Core {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Mutable> {
        self.mutable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether records are taken now, and with which key heads are signed.
    fn admits(&self) -> Result<Option<Arc<SigningKey>>, LedgerError> {
        let mutable = self.lock();
        match &mutable.health {
            Health::Mismatch { reason } => Err(LedgerError::Refused(reason.clone())),
            Health::Unanchored => Ok(None),
            Health::Empty | Health::Anchored { .. } => Ok(mutable.signer.clone()),
        }
    }

    /// Reads the checkpoint first and the database after it: the other way round, a process that
    /// appends between the two reads would look like a rollback.
    fn look(&self) -> Result<Look, LedgerError> {
        let stored = checkpoint::read(&self.config.checkpoint)?;
        block_on(self.db.read(move |tx| look_at(tx.sql(), stored)))
    }

    /// Turns what was seen into the health and the signer.
    fn judge(&self, look: &Look) -> Result<(), LedgerError> {
        let state_key = look.state.as_ref().map(|state| state.key);
        let signer = self.own_key(state_key)?;
        let mut mutable = self.lock();
        let foreign_key = state_key.is_some() && signer.is_none();
        mutable.signer = signer;
        mutable.seen = None;
        mutable.health = match &look.verdict {
            Err(LedgerError::Tampered(Forgery::Unanchored { .. })) => Health::Unanchored,
            Err(error) => Health::Mismatch { reason: reason(error) },
            Ok(()) if foreign_key => Health::Mismatch { reason: Forgery::ForeignKeyFile.to_string() },
            Ok(()) => {
                mutable.seen = look.stored.text().map(str::to_owned);
                Health::Anchored { size: look.stored.head().map_or(0, |h| h.head.size) }
            }
        };
        Ok(())
    }

    /// The private key of the file, if it is the one in force. A turn of the key that was interrupted
    /// between its record and the renaming of the file is finished here.
    pub(crate) fn own_key(&self, in_force: Option<[u8; 32]>) -> Result<Option<Arc<SigningKey>>, LedgerError> {
        let path = &self.config.key_file;
        let key_of = |path: &Path| -> Result<_, LedgerError> {
            let secret = keys::read_secret(path)?;
            Ok(secret.map(|secret| SigningKey::from_bytes(&secret)))
        };
        let fits = |key: &SigningKey| in_force.is_none_or(|k| key.verifying_key().to_bytes() == k);
        if let Some(key) = key_of(path)?.filter(fits) {
            return Ok(Some(Arc::new(key)));
        }
        let next = keys::next_key_file(path);
        if in_force.is_some()
            && let Some(key) = key_of(&next)?.filter(fits)
        {
            std::fs::rename(&next, path).map_err(|e| LedgerError::file("replacing", path, e))?;
            keys::sync_folder(path)?;
            return Ok(Some(Arc::new(key)));
        }
        Ok(None)
    }

    /// Starts an empty ledger. The checkpoint of size 0 goes first: a crash after it leaves an empty
    /// ledger, never one that looks as if its checkpoint had been removed.
    fn begin(&self) -> Result<(), LedgerError> {
        let path = &self.config.checkpoint;
        let _lock = checkpoint::lock(path)?;
        let key = SigningKey::from_bytes(&*keys::secret_or_new(&self.config.key_file)?);
        let origin = match checkpoint::read(path)? {
            Stored::Note { head, .. } if head.head.size > 0 => return Ok(()),
            Stored::Note { head, .. } if head.verify(&key.verifying_key()).is_ok() => head.head.origin,
            Stored::Note { .. } | Stored::Damaged(_) => return Ok(()),
            Stored::Missing => {
                let origin = new_origin()?;
                let exists = block_on(self.db.read(|tx| Ok(TreeState::read(tx.sql())?.is_some())));
                if exists.map_err(|e: LedgerError| e)? {
                    return Ok(());
                }
                let head = Head { origin: origin.clone(), size: 0, root: empty_root(), epoch: 0 };
                replace_file(path, head.sign(&key).as_bytes())?;
                origin
            }
        };
        self.write_genesis(origin, &key)
    }

    /// Writes the first record, unless another process did so meanwhile.
    pub(crate) fn write_genesis(&self, origin: String, key: &SigningKey) -> Result<(), LedgerError> {
        let public = key.verifying_key().to_bytes();
        let clock = Arc::clone(&self.config.clock);
        let salts = Salts::new();
        block_on(self.db.write(move |tx| {
            if TreeState::read(tx.sql())?.is_some() {
                return Ok(());
            }
            genesis_in(tx, &origin, &public, &*clock, &salts)
        }))
    }

    /// Writes the checkpoint of what is committed, unless a newer one is there.
    pub(crate) fn write_checkpoint(&self) -> Result<(), LedgerError> {
        if self.admits()?.is_none() {
            return Ok(());
        }
        let path = &self.config.checkpoint;
        let _lock = checkpoint::lock(path)?;
        let stored = checkpoint::read(path)?;
        let known = stored.text().is_some() && stored.text() == self.lock().seen.as_deref();
        let (for_check, covered) = (stored.clone(), stored.head().map(|h| (h.head.epoch, h.head.size)));
        let looked = block_on(self.db.read(move |tx| {
            let Some(state) = TreeState::read(tx.sql())? else {
                return Ok(None);
            };
            if !known {
                let chain = KeyChain::load(tx.sql(), &state.origin)?;
                match &for_check {
                    Stored::Missing => {
                        return Err(Forgery::Unanchored { size: state.frontier.size() }.into());
                    }
                    Stored::Damaged(forgery) => return Err(forgery.clone().into()),
                    Stored::Note { head, .. } => check_extends(tx.sql(), &state, &chain, head)?,
                }
            }
            Ok(Some(state))
        }));
        let state = match looked {
            Ok(Some(state)) if state.sound => state,
            Ok(_) => return Ok(()),
            Err(error) => {
                self.note_tampering(&error);
                return Err(error);
            }
        };
        if covered.is_some_and(|covered| covered >= (state.epoch, state.frontier.size())) {
            self.note_written(stored.text(), covered.map_or(0, |(_, size)| size));
            return Ok(());
        }
        self.put_checkpoint(&state)
    }

    /// Signs and writes; the lock is held.
    pub(crate) fn put_checkpoint(&self, state: &TreeState) -> Result<(), LedgerError> {
        let mut signer = self.lock().signer.clone();
        if signer.as_ref().is_none_or(|key| key.verifying_key().to_bytes() != state.key) {
            // Another process turned the key.
            signer = self.own_key(Some(state.key))?;
            self.lock().signer = signer.clone();
        }
        let Some(signer) = signer else {
            return Err(Forgery::ForeignKeyFile.into());
        };
        let note = state.head().sign(&signer);
        replace_file(&self.config.checkpoint, note.as_bytes())?;
        self.note_written(Some(&note), state.frontier.size());
        Ok(())
    }

    fn note_written(&self, note: Option<&str>, size: u64) {
        let mut mutable = self.lock();
        mutable.seen = note.map(str::to_owned);
        if !matches!(mutable.health, Health::Mismatch { .. }) {
            mutable.health = Health::Anchored { size };
        }
    }

    /// Remembers that something does not fit, so that nothing is changed from now on.
    pub(crate) fn note_tampering(&self, error: &LedgerError) {
        let Some(forgery) = error.forgery() else {
            return;
        };
        self.lock().health = match forgery {
            Forgery::Unanchored { .. } => Health::Unanchored,
            _ => Health::Mismatch { reason: reason(error) },
        };
    }
}

/// What is said of an error where only its reason has room.
fn reason(error: &LedgerError) -> String {
    match error {
        LedgerError::Tampered(forgery) => forgery.to_string(),
        other => keep_types::chain(other).join(": "),
    }
}

/// A name that no other installation has.
pub(crate) fn new_origin() -> Result<String, LedgerError> {
    Ok(format!("keep.local/{}", hex::encode(&keys::random::<16>()?)))
}

/// Writes the record that gives the ledger its name and its first key.
pub(crate) fn genesis_in(
    tx: &mut WriteTx<'_>,
    origin: &str,
    public: &[u8; 32],
    clock: &dyn Clock,
    salts: &Salts,
) -> Result<(), LedgerError> {
    let state = tx.group::<TreeState>()?;
    *state = TreeState::begun(origin, *public);
    let detail = json!({ "origin": origin, "key": hex::encode(public) });
    let seq = insert(tx, &Draft::own(HOUSE, keys::GENESIS, &detail), clock, salts)?;
    introduce_key(tx.sql(), seq, public)
}

/// Notes for quick reading which record introduced a key.
pub(crate) fn introduce_key(sql: &Connection, seq: Seq, public: &[u8; 32]) -> Result<(), LedgerError> {
    sql.prepare_cached("INSERT OR REPLACE INTO ledger_key (seq, public) VALUES (?1, ?2)")?
        .execute((seq.0 as i64, &public[..]))?;
    Ok(())
}

fn look_at(sql: &Connection, stored: Stored) -> Result<Look, LedgerError> {
    let Some(state) = TreeState::read(sql)? else {
        let size = stored.head().map_or(0, |h| h.head.size);
        let verdict = match (&stored, crate::rows::count_by_last(sql)?) {
            (Stored::Damaged(forgery), _) => Err(forgery.clone().into()),
            (_, present @ 1..) => Err(Forgery::StateEdited { size: present }.into()),
            _ if size > 0 => Err(Forgery::RolledBack { size: 0, checkpoint: size }.into()),
            _ => Ok(()),
        };
        return Ok(Look { stored, state: None, verdict, open_intents: Vec::new() });
    };
    let verdict =
        KeyChain::load(sql, &state.origin).and_then(|chain| check_open(sql, &state, &chain, &stored));
    let open_intents = read_intents(sql)?;
    Ok(Look { stored, state: Some(state), verdict, open_intents })
}

/// The intents whose outcome nobody has recorded yet, with the owners that their records name. The
/// cross join keeps SQLite from scanning all records for the few in the list.
pub(crate) fn read_intents(sql: &Connection) -> Result<Vec<(u64, Owner)>, LedgerError> {
    let mut statement = sql.prepare_cached(
        "SELECT i.seq, r.boot, r.pid, r.started_ticks FROM ledger_open_intent i
         CROSS JOIN ledger_record r ON r.seq = i.seq AND r.phase = 'intent' ORDER BY i.seq",
    )?;
    let rows = statement.query_map([], |row| {
        let owner = Owner {
            boot: row.get(1)?,
            pid: row.get::<_, i64>(2)? as u32,
            started_ticks: row.get::<_, i64>(3)? as u64,
        };
        Ok((row.get::<_, i64>(0)? as u64, owner))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
