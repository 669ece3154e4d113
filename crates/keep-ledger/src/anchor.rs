//! Anchors: the signed head put where a program that can change this installation cannot reach.

use crate::checkpoint::check_extends;
use crate::error::{Forgery, LedgerError};
use crate::git::write_ref;
use crate::keys::KeyChain;
use crate::ledger::Ledger;
use crate::note::{Head, SignedHead};
use crate::state::TreeState;
use crate::wait::block_on;
use keep_db::replace_file;
use std::path::{Path, PathBuf};

/// Where an anchor lies in a git repository.
pub const GIT_REF: &str = "refs/keep/ledger";

impl Ledger {
    /// Writes the signed head of this moment to a file, which should lie where this machine's programs
    /// cannot change it afterwards. Blocks.
    ///
    /// # Errors
    /// When the ledger is not anchored or the file cannot be written.
    pub fn anchor_to_file(&self, path: &Path) -> Result<Head, LedgerError> {
        let (head, note) = self.sign_now()?;
        replace_file(path, note.as_bytes())?;
        remember(&self.core.config.checkpoint, path)?;
        Ok(head)
    }

    /// Adds a commit that holds the signed head to `refs/keep/ledger` of a git repository, ready to be
    /// pushed. No git program is run. Answers the commit's id. Blocks.
    ///
    /// # Errors
    /// When the ledger is not anchored or the repository cannot take it.
    pub fn anchor_to_git(&self, repository: &Path) -> Result<(Head, String), LedgerError> {
        let (head, note) = self.sign_now()?;
        let seconds = self.core.config.clock.now().ms().div_euclid(1000);
        let message = format!("Anchor {} records of {}\n", head.size, head.origin);
        let commit = write_ref(repository, GIT_REF, ("checkpoint", &note), &message, seconds)?;
        Ok((head, commit))
    }

    /// Checks that this ledger extends an anchored head. Blocks.
    ///
    /// # Errors
    /// With the forgery, when it does not.
    pub fn check_anchor(&self, note: &str) -> Result<Head, LedgerError> {
        let signed = SignedHead::parse(note).map_err(|e| Forgery::bad_note(&e))?;
        block_on(self.core.db.read(move |tx| {
            let Some(state) = TreeState::read(tx.sql())? else {
                return Err(Forgery::RolledBack { size: 0, checkpoint: signed.head.size }.into());
            };
            let chain = KeyChain::load(tx.sql(), &state.origin)?;
            check_extends(tx.sql(), &state, &chain, &signed)?;
            Ok(signed.head)
        }))
    }

    /// [`Ledger::check_anchor`] of a file.
    ///
    /// # Errors
    /// When the file cannot be read, or as there.
    pub fn check_anchor_file(&self, path: &Path) -> Result<Head, LedgerError> {
        let note =
            std::fs::read_to_string(path).map_err(|e| LedgerError::file("reading the anchor", path, e))?;
        self.check_anchor(&note)
    }
}

/// Anchor files that are remembered, so that `keep attest` finds them; the oldest are forgotten.
const MAX_REMEMBERED: usize = 32;

/// The list of anchor files, beside the checkpoint.
pub(crate) fn list_file(checkpoint: &Path) -> PathBuf {
    checkpoint.with_file_name("anchors")
}

/// The anchor files that were written from here.
pub(crate) fn remembered(checkpoint: &Path) -> Result<Vec<PathBuf>, LedgerError> {
    let list = list_file(checkpoint);
    match std::fs::read_to_string(&list) {
        Ok(text) => Ok(text.lines().map(PathBuf::from).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(LedgerError::file("reading", &list, error)),
    }
}

fn remember(checkpoint: &Path, anchor: &Path) -> Result<(), LedgerError> {
    let anchor = std::path::absolute(anchor).map_err(|e| LedgerError::file("resolving", anchor, e))?;
    // A path that is not one line of text is not remembered; it can still be checked by name.
    let Some(text) = anchor.to_str().filter(|text| !text.contains('\n')) else {
        return Ok(());
    };
    let mut all = remembered(checkpoint)?;
    if all.contains(&anchor) {
        return Ok(());
    }
    all.push(PathBuf::from(text));
    let kept = &all[all.len().saturating_sub(MAX_REMEMBERED)..];
    let lines: String = kept.iter().filter_map(|path| path.to_str()).map(|p| format!("{p}\n")).collect();
    Ok(replace_file(&list_file(checkpoint), lines.as_bytes())?)
}
