//! What is done to the ledger as a whole: erasing details, turning the key, accepting a mismatch. Each
//! leaves its own record.

use crate::append::{Draft, Salts, insert};
use crate::checkpoint::{self, Stored};
use crate::error::{Forgery, LedgerError};
use crate::health::Health;
use crate::hex;
use crate::keys::{self, EPOCH, ERASE, ROTATE, turn_detail};
use crate::ledger::{Ledger, genesis_in, introduce_key, new_origin};
use crate::ranges::Ranges;
use crate::rebuild::rebuild;
use crate::record::Seq;
use crate::state::{Pinned, TreeState};
use crate::verify::verify_all;
use crate::wait::block_on;
use ed25519_dalek::SigningKey;
use keep_db::WriteTx;
use keep_types::{Principal, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

/// Details erased in one transaction, which must not hold up others for long.
const ERASE_CHUNK: usize = 2_000;

impl Ledger {
    /// Erases the details of records older than a moment and answers how many. The records stay and
    /// verify as before; each chunk of erasures is a record itself.
    ///
    /// # Errors
    /// When the ledger takes no records; what was erased before that is recorded.
    pub async fn erase_details(&self, by: Principal, before: Timestamp) -> Result<u64, LedgerError> {
        self.erase(by, Erase::Before(before)).await
    }

    /// Erases the details of these records, such as those that turned out to hold something private.
    ///
    /// # Errors
    /// As [`Ledger::erase_details`].
    pub async fn erase_details_of(&self, by: Principal, seqs: Vec<u64>) -> Result<u64, LedgerError> {
        let mut erased = 0;
        for chunk in seqs.chunks(ERASE_CHUNK) {
            erased += self.erase(by.clone(), Erase::These(chunk.to_vec())).await?;
        }
        Ok(erased)
    }

    async fn erase(&self, by: Principal, which: Erase) -> Result<u64, LedgerError> {
        let mut erased = 0;
        loop {
            let (ledger, by, chunk) = (self.clone(), by.to_string(), which.clone());
            let count = self.core.db.write(move |tx| ledger.erase_chunk(tx, &by, &chunk)).await?;
            erased += count;
            if count < ERASE_CHUNK as u64 || matches!(which, Erase::These(_)) {
                return Ok(erased);
            }
        }
    }

    fn erase_chunk(&self, tx: &mut WriteTx<'_>, by: &str, which: &Erase) -> Result<u64, LedgerError> {
        let seqs = which.find(tx.sql())?;
        if seqs.is_empty() {
            return Ok(0);
        }
        let mut ranges = Ranges::default();
        let mut delete = tx.sql().prepare_cached("DELETE FROM ledger_detail WHERE seq = ?1")?;
        for seq in &seqs {
            delete.execute([seq])?;
            ranges.add(*seq as u64);
        }
        drop(delete);
        let detail = json!({ "erased": ranges.to_json(), "count": seqs.len() });
        self.append_draft(tx, &Draft::own(by, ERASE, &detail))?;
        Ok(seqs.len() as u64)
    }

    /// Turns the signing key. The old key signs the record that introduces the new one; heads up to
    /// that record stay good with the old key, later ones need the new.
    ///
    /// # Errors
    /// When the ledger is not anchored, or a file or the database cannot be written.
    pub async fn rotate_key(&self, by: Principal) -> Result<(), LedgerError> {
        let path = self.core.config.key_file.clone();
        // The lock keeps two processes from turning the key at once.
        let _lock = checkpoint::lock(&self.core.config.checkpoint)?;
        if !matches!(self.health(), Health::Anchored { .. } | Health::Empty) {
            return Err(LedgerError::Refused(self.health().why()));
        }
        let state = self.core.db.read(|tx| Ok::<_, LedgerError>(TreeState::read(tx.sql())?)).await?;
        let old = self.core.own_key(state.map(|state| state.key))?.ok_or(Forgery::ForeignKeyFile)?;
        let secret = keys::Secret::new(keys::random()?);
        let new = Arc::new(SigningKey::from_bytes(&secret));
        let next = keys::next_key_file(&path);
        keys::write_secret(&next, &secret)?;
        keys::sync_folder(&next)?;
        let (ledger, key) = (self.clone(), Arc::clone(&new));
        self.core.db.write(move |tx| ledger.rotate_in(tx, &by.to_string(), &old, &key)).await?;
        std::fs::rename(&next, &path).map_err(|e| LedgerError::file("replacing", &path, e))?;
        keys::sync_folder(&path)?;
        self.core.lock().signer = Some(new);
        Ok(())
    }

    fn rotate_in(
        &self,
        tx: &mut WriteTx<'_>,
        by: &str,
        old: &Arc<SigningKey>,
        new: &SigningKey,
    ) -> Result<(), LedgerError> {
        let public = new.verifying_key().to_bytes();
        let (state, sql) = tx.group_and_sql::<TreeState>()?;
        if old.verifying_key().to_bytes() != state.key {
            return Err(Forgery::ForeignKeyFile.into());
        }
        state.signer = Some(Arc::clone(old));
        state.now_ms = self.core.config.clock.now().ms();
        state.keep_head(sql, Pinned::Yes)?;
        let detail = turn_detail(&state.origin, old, &public);
        let seq = self.append_draft(tx, &Draft::own(by, ROTATE, &detail))?;
        introduce_key(tx.sql(), seq, &public)?;
        let state = tx.group::<TreeState>()?;
        state.key = public;
        state.signer = None;
        Ok(())
    }

    /// Accepts that the database does not extend the checkpoint, and goes on from what is there: a new
    /// epoch, whose first record holds both heads, what was found, and the reason. Where records
    /// themselves were changed, their hashes are computed anew, and gaps are filled by records that
    /// say so.
    ///
    /// # Errors
    /// When a file or the database cannot be written; the mismatch then stands.
    pub async fn accept(&self, by: Principal, reason: String) -> Result<(), LedgerError> {
        let ledger = self.clone();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        std::thread::Builder::new()
            .name("keep-accept".into())
            .spawn(move || sender.send(ledger.accept_now(&by, &reason)))
            .map_err(|_| LedgerError::Thread)?;
        receiver.await.map_err(|_| LedgerError::Thread)?
    }

    pub(crate) fn accept_now(&self, by: &Principal, reason: &str) -> Result<(), LedgerError> {
        let path = &self.core.config.checkpoint;
        let _lock = checkpoint::lock(path)?;
        let stored = checkpoint::read(path)?;
        let key = SigningKey::from_bytes(&*keys::secret_or_new(&self.core.config.key_file)?);
        let job = Acceptance {
            by: by.to_string(),
            reason: reason.to_owned(),
            stored,
            public: key.verifying_key().to_bytes(),
            health: self.health(),
        };
        let (clock, salts) = (Arc::clone(&self.core.config.clock), Salts::new());
        let state = block_on(self.core.db.write(move |tx| {
            job.perform(tx, &*clock, &salts)?;
            Ok::<_, LedgerError>(tx.group::<TreeState>()?.clone())
        }))?;
        {
            let mut mutable = self.core.lock();
            mutable.signer = Some(Arc::new(key));
            mutable.health = Health::Unanchored;
        }
        self.core.put_checkpoint(&state)
    }
}

/// Which details to erase.
#[derive(Clone, Debug)]
enum Erase {
    Before(Timestamp),
    These(Vec<u64>),
}

impl Erase {
    /// The next chunk of records whose details are there and may be erased.
    fn find(&self, sql: &rusqlite::Connection) -> Result<Vec<i64>, LedgerError> {
        const OWN: &str = "r.action NOT LIKE 'ledger.%'";
        let seqs = match self {
            Self::Before(moment) => sql
                .prepare_cached(&format!(
                    "SELECT d.seq FROM ledger_detail d CROSS JOIN ledger_record r ON r.seq = d.seq
                     WHERE r.utc_ms < ?1 AND {OWN} ORDER BY d.seq LIMIT ?2"
                ))?
                .query_map((moment.ms(), ERASE_CHUNK as i64), |row| row.get(0))?
                .collect::<Result<Vec<i64>, _>>()?,
            Self::These(seqs) => sql
                .prepare_cached(&format!(
                    "SELECT d.seq FROM ledger_detail d CROSS JOIN ledger_record r ON r.seq = d.seq
                     WHERE d.seq IN (SELECT value FROM json_each(?1)) AND {OWN} ORDER BY d.seq"
                ))?
                .query_map([Value::from(seqs.clone()).to_string()], |row| row.get(0))?
                .collect::<Result<Vec<i64>, _>>()?,
        };
        Ok(seqs)
    }
}

/// Everything that goes into the record of an accepted mismatch.
struct Acceptance {
    by: String,
    reason: String,
    stored: Stored,
    public: [u8; 32],
    health: Health,
}

impl Acceptance {
    fn perform(
        &self,
        tx: &mut WriteTx<'_>,
        clock: &dyn keep_types::Clock,
        salts: &Salts,
    ) -> Result<Seq, LedgerError> {
        let found = verify_all(tx.sql(), &self.stored, &mut |_, _| {}).err();
        let mut erased = Ranges::default();
        match &found {
            Some(LedgerError::Tampered(forgery)) if is_outside(forgery) => {}
            None => {}
            Some(_) => {
                let (state, lost) = rebuild(tx.sql(), clock)?;
                erased = lost;
                if let Some(state) = state {
                    *tx.group::<TreeState>()? = state;
                }
            }
        }
        let (state, sql) = tx.group_and_sql::<TreeState>()?;
        if state.frontier.size() == 0 {
            let known = self.stored.head().map(|head| head.head.origin.clone());
            let origin = known.map_or_else(new_origin, Ok)?;
            genesis_in(tx, &origin, &self.public, clock, salts)?;
        } else {
            sql.execute("DELETE FROM ledger_head WHERE size > ?1", [state.frontier.size() as i64])?;
        }
        let state = tx.group::<TreeState>()?;
        let before = state.head();
        state.signer = None;
        state.epoch = self.stored.head().map_or(0, |head| head.head.epoch).max(state.epoch) + 1;
        let mut detail = json!({
            "reason": self.reason,
            "found": found.map_or_else(|| self.health.why(), |error| error.to_string()),
            "checkpoint": self.stored.text(),
            "database": { "size": before.size, "root": hex::encode(&before.root) },
            "epoch": state.epoch,
            "erased": erased.to_json(),
        });
        let new_key = state.key != self.public;
        if new_key {
            detail["key"] = hex::encode(&self.public).into();
            state.key = self.public;
        }
        let seq = insert(tx, &Draft::own(&self.by, EPOCH, &detail), clock, salts)?;
        if new_key {
            introduce_key(tx.sql(), seq, &self.public)?;
        }
        Ok(seq)
    }
}

/// Whether the database is whole in itself and only the world outside it says otherwise.
fn is_outside(forgery: &Forgery) -> bool {
    matches!(
        forgery,
        Forgery::RolledBack { .. }
            | Forgery::Unanchored { .. }
            | Forgery::BadCheckpoint { .. }
            | Forgery::ForeignLog { .. }
    )
}
