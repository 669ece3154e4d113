//! From a layer to the folder below it: all of it, or nothing.

use super::changes::{Change, Changes};
use super::error::LayerError;
use super::fresh::{Layer, Lock};
use super::journal::{Journal, State, VERSION};
use super::node::Kind;
use super::path::RelPath;
use super::root::{Root, names, remove_all};
use super::stage::{check, stage, sync_parents};
use super::step::Field;
use rustix::fs::{self, AtFlags, Mode};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

/// Whether a change may be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It may.
    Take,
    /// It may not, and so none may; why, for a person.
    Refuse(String),
}

/// What came of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// So many steps were taken, and that was all of it.
    All(usize),
    /// Nothing is different below.
    Nothing,
}

/// How far one path of a commit that was cut short has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is as after the commit.
    Done,
    /// It is as before.
    Waiting,
}

/// A commit that was cut short.
#[derive(Debug)]
pub struct Pending<'a> {
    layer: &'a Layer,
    journal: Journal,
    _lock: Lock,
}

impl Layer {
    /// Commits changes that were read from this layer. `judge` is asked about each of them first, in order,
    /// and may ask a person; one refusal refuses all. The overlay must no longer be mounted.
    ///
    /// # Errors
    /// When something is refused, has changed meanwhile, or fails. Nothing below is different then, unless
    /// the error is [`LayerError::Stuck`].
    pub fn commit(
        &self,
        changes: &Changes,
        judge: &mut dyn FnMut(&Change) -> Judgement,
    ) -> Result<Committed, LayerError> {
        let _lock = self.lock()?;
        if Journal::load(&self.home)?.is_some() {
            return Err(LayerError::CutShort);
        }
        allowed(changes, judge)?;
        check(self, changes)?;
        if changes.entries.is_empty() {
            return Ok(Committed::Nothing);
        }
        let (dev, ino) =
            self.upper.identity().map_err(|e| LayerError::file("reading", &self.upper.shown, e))?;
        let staging = format!(".keep-commit-{dev:x}-{ino:x}");
        let mut journal = Journal { version: VERSION, state: State::Staging, staging, steps: Vec::new() };
        journal.save(&self.home)?;
        let staged = self.staged(&journal, changes);
        match staged {
            Ok(steps) => journal.steps = steps,
            Err(error) => {
                self.clear(&journal)?;
                return Err(error);
            }
        }
        journal.state = State::Applying;
        if let Err(error) = journal.save(&self.home) {
            self.clear(&journal)?;
            return Err(error);
        }
        self.apply(journal)
    }

    /// The commit of this layer that was cut short, if there is one.
    ///
    /// # Errors
    /// When its journal cannot be read.
    pub fn pending(&self) -> Result<Option<Pending<'_>>, LayerError> {
        let lock = self.lock()?;
        Ok(Journal::load(&self.home)?.map(|journal| Pending { layer: self, journal, _lock: lock }))
    }

    fn staged(&self, journal: &Journal, changes: &Changes) -> Result<Vec<super::step::Step>, LayerError> {
        let made = self
            .lower
            .folder(&RelPath::default())
            .and_then(|folder| Ok(fs::mkdirat(&folder, &journal.staging, Mode::RWXU)?));
        made.map_err(|e| self.lower.fault("making a folder for copies in", &RelPath::default(), e))?;
        stage(self, &self.staging(journal)?, changes)
    }

    fn staging(&self, journal: &Journal) -> Result<Root, LayerError> {
        let path = RelPath::new(journal.staging.as_bytes()).unwrap_or_default();
        let shown = self.lower.shown.join(&journal.staging);
        let handle = self.lower.folder(&path).map_err(|e| LayerError::file("opening", &shown, e))?;
        Ok(Root::of(handle, shown))
    }

    fn apply(&self, mut journal: Journal) -> Result<Committed, LayerError> {
        let field = Field { lower: &self.lower, staging: self.staging(&journal)? };
        for (at, step) in journal.steps.iter().enumerate() {
            if let Err(error) = field.take(step) {
                let path = step.path().clone();
                let back = journal.steps[..=at].iter().rev().try_for_each(|step| field.take_back(step));
                back.and_then(|()| self.undone(journal)).map_err(LayerError::stuck)?;
                return Err(LayerError::PutBack { path, source: Box::new(error) });
            }
        }
        let ended = sync_parents(&self.lower, &journal.steps).and_then(|()| {
            journal.state = State::Applied;
            journal.save(&self.home)?;
            self.clear(&journal)
        });
        ended.map(|()| Committed::All(journal.steps.len())).map_err(LayerError::stuck)
    }

    fn undone(&self, mut journal: Journal) -> Result<(), LayerError> {
        sync_parents(&self.lower, &journal.steps)?;
        journal.state = State::Undone;
        journal.save(&self.home)?;
        self.clear(&journal)
    }

    /// Removes the staging folder with what is in it, and then the journal.
    fn clear(&self, journal: &Journal) -> Result<(), LayerError> {
        let cleared = (|| {
            let path = RelPath::new(journal.staging.as_bytes()).unwrap_or_default();
            let staging = match self.lower.folder(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                staging => staging?,
            };
            for name in names(&staging)? {
                remove_all(&staging, OsStr::from_bytes(&name))?;
            }
            let folder = self.lower.folder(&RelPath::default())?;
            match fs::unlinkat(&folder, &journal.staging, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })();
        cleared.map_err(|e: io::Error| {
            LayerError::file("removing", &self.lower.shown.join(&journal.staging), e)
        })?;
        Journal::remove(&self.home)
    }
}

impl Pending<'_> {
    /// Each path of the commit, and whether it is as after it. Nothing has been done while there are none.
    ///
    /// # Errors
    /// When the folder below cannot be looked at.
    pub fn progress(&self) -> Result<Vec<(RelPath, Progress)>, LayerError> {
        let all = |progress| self.journal.steps.iter().map(|step| (step.path().clone(), progress)).collect();
        match self.journal.state {
            State::Staging => Ok(Vec::new()),
            State::Applied => Ok(all(Progress::Done)),
            State::Undone => Ok(all(Progress::Waiting)),
            State::Applying => {
                let field = Field { lower: &self.layer.lower, staging: self.layer.staging(&self.journal)? };
                let look = |step: &super::step::Step| {
                    let progress = if field.is_taken(step)? { Progress::Done } else { Progress::Waiting };
                    Ok((step.path().clone(), progress))
                };
                self.journal.steps.iter().map(look).collect()
            }
        }
    }

    /// Goes on to the end. A commit that was cut short before its first step leaves nothing, and can be
    /// begun again.
    ///
    /// # Errors
    /// As [`Layer::commit`].
    pub fn resume(self) -> Result<Committed, LayerError> {
        match self.journal.state {
            State::Staging | State::Undone => self.layer.clear(&self.journal).map(|()| Committed::Nothing),
            State::Applying => self.layer.apply(self.journal),
            State::Applied => {
                self.layer.clear(&self.journal)?;
                Ok(Committed::All(self.journal.steps.len()))
            }
        }
    }

    /// Puts everything back as it was. What has been committed to its end stays.
    ///
    /// # Errors
    /// When somebody has changed what was committed, or a step fails.
    pub fn undo(self) -> Result<Committed, LayerError> {
        if self.journal.state != State::Applying {
            return self.resume();
        }
        let field = Field { lower: &self.layer.lower, staging: self.layer.staging(&self.journal)? };
        let back = self.journal.steps.iter().rev().try_for_each(|step| field.take_back(step));
        back.and_then(|()| self.layer.undone(self.journal)).map_err(LayerError::stuck)?;
        Ok(Committed::Nothing)
    }
}

fn allowed(changes: &Changes, judge: &mut dyn FnMut(&Change) -> Judgement) -> Result<(), LayerError> {
    let mut refused = Vec::new();
    for change in &changes.entries {
        let why = match no_content(change) {
            Some(why) => why,
            None => match judge(change) {
                Judgement::Take => continue,
                Judgement::Refuse(why) => why,
            },
        };
        refused.push((change.path.clone(), why));
    }
    let more = refused.len().saturating_sub(1);
    match refused.into_iter().next() {
        None => Ok(()),
        Some((path, why)) => Err(LayerError::Refused { path, why, more }),
    }
}

/// What nobody can allow.
fn no_content(change: &Change) -> Option<String> {
    let after = change.after.as_ref()?;
    if let Kind::Special(kind) = &after.kind {
        return Some(format!("it is a {kind}, which holds nothing that could be committed"));
    }
    let had = change.before.as_ref().map_or(0, |before| before.mode);
    let gains = after.kind == Kind::File && after.mode & !had & 0o6000 != 0;
    gains.then(|| "it would run as its owner, whoever starts it".into())
}
