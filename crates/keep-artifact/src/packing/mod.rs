//! Packing: files and folders into one pack and back, outside of any store.
//!
//! Files are read and written through folder handles, name by name: no link is followed on the way, none
//! that leads out of its folder is packed or unpacked, and everything has its name only once it is whole.
//! Memory is bounded whatever the files weigh.

mod acts;
mod bases;
mod blank;
mod effects;
mod error;
mod folder;
mod links;
mod opened;
mod paths;
mod places;
mod probes;
mod report;
mod shared;
mod signer;
mod source;
mod watch;

pub use acts::Existing;
pub use error::PackingError;
pub(crate) use probes::probes;
pub use report::{
    EntryKindView, EntryView, Note, PackReport, PackView, TensorView, UnpackReport, VerifyReport,
};
pub use signer::Signer;
pub use watch::{Progressed, Watch};

use acts::{LookInside, MakeKey, PackFiles, Place, SignPack, Unpack, Wanted};
use bases::Bases;
use keep_gate::{Gate, Outcome, Started};
use keep_tensor::Base;
use keep_types::{Act, Caller, chain};
use opened::{Opened, check_pack, open};
use places::{beside, canonical, check_existing, destination, last_name, stem};
use serde_json::json;
use signer::Key;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Packs and unpacks. Cheap to clone.
#[derive(Clone)]
pub struct Packing {
    gate: Gate,
    workspace: PathBuf,
}

/// What to pack.
#[derive(Clone, Debug)]
pub struct PackWanted {
    /// The file or folder. A link named here is followed; one met below is not.
    pub source: PathBuf,
    /// Where the pack goes; beside the source by default.
    pub out: Option<PathBuf>,
    /// What differences are made against, and what that is itself a difference to.
    pub bases: Vec<PathBuf>,
    /// What becomes of a file that is there.
    pub existing: Existing,
    /// The file of the key to sign with.
    pub key: Option<PathBuf>,
    /// How many threads encode.
    pub jobs: NonZeroUsize,
}

/// What to unpack.
#[derive(Clone, Debug)]
pub struct UnpackWanted {
    /// The pack.
    pub pack: PathBuf,
    /// Where it goes; under its own name in the working folder by default.
    pub out: Option<PathBuf>,
    /// The bases that it and its bases need, in any order.
    pub bases: Vec<PathBuf>,
    /// What becomes of what is there.
    pub existing: Existing,
    /// Who has to have signed it.
    pub signer: Option<Signer>,
    /// How many threads decode.
    pub jobs: NonZeroUsize,
}

/// Which tensor to write out.
#[derive(Clone, Debug)]
pub struct TensorWanted {
    /// The pack.
    pub pack: PathBuf,
    /// The tensor.
    pub tensor: String,
    /// The file of the pack that it is in; needed when several have one of the name.
    pub file: Option<String>,
    /// The bases that are needed, in any order.
    pub bases: Vec<PathBuf>,
    /// Who has to have signed the pack.
    pub signer: Option<Signer>,
    /// How many threads decode.
    pub jobs: NonZeroUsize,
}

/// How thoroughly a pack is checked.
#[derive(Clone, Debug)]
pub enum Check {
    /// Its index, its signature, and the hashes of all stored bytes.
    Stored,
    /// That, and everything is restored and thrown away; with the bases that are needed.
    Restored {
        /// The bases, in any order.
        bases: Vec<PathBuf>,
        /// How many threads decode.
        jobs: NonZeroUsize,
    },
}

impl Packing {
    /// For callers that work in this folder.
    #[must_use]
    pub fn new(gate: Gate, workspace: &Path) -> Self {
        // A folder that is not there holds nothing, so nothing lies within it.
        let workspace = workspace.canonicalize().unwrap_or_else(|_| workspace.to_owned());
        Self { gate, workspace }
    }

    /// Packs a file or a folder.
    ///
    /// # Errors
    /// When the gate refuses, something cannot be packed or changed meanwhile, or the pack cannot be
    /// written. Then no pack is left.
    pub async fn pack(
        &self,
        caller: &Caller,
        wanted: PackWanted,
        watch: &Arc<Watch>,
    ) -> Result<PackReport, PackingError> {
        let source = canonical(&wanted.source)?;
        let given = std::path::absolute(&wanted.source).unwrap_or_else(|_| source.clone());
        let name = last_name(&given).or_else(|_| last_name(&source))?;
        let out = match &wanted.out {
            Some(out) => destination(out)?,
            None => destination(&beside(&given, &source, &name))?,
        };
        if out.starts_with(&source) && out != source {
            return Err(PackingError::OutInside(out));
        }
        check_existing(&out, wanted.existing)?;
        let act = PackFiles {
            bases: wanted.bases.iter().map(|base| canonical(base)).collect::<Result<_, _>>()?,
            key: wanted.key.as_deref().map(Key::read).transpose()?,
            source,
            name,
            out,
            existing: wanted.existing,
            workers: workers(wanted.jobs),
            place: self.place(caller),
        };
        self.run(caller, act, watch, effects::pack, |report| {
            json!({
                "root": report.root.to_string(), "files": report.files,
                "raw_bytes": report.raw_bytes, "stored_bytes": report.stored_bytes,
            })
        })
        .await
    }

    /// Unpacks a pack.
    ///
    /// # Errors
    /// When the gate refuses, the pack is not signed as asked or is damaged, the base is missing or
    /// another, something is there already, or a file cannot be written. Then nothing is left.
    pub async fn unpack(
        &self,
        caller: &Caller,
        wanted: UnpackWanted,
        watch: &Arc<Watch>,
    ) -> Result<UnpackReport, PackingError> {
        let opened = open(&wanted.pack, wanted.signer.as_ref())?;
        let top = paths::top(opened.pack.entries());
        let own = match &top {
            paths::Top::File(name) | paths::Top::Folder(name) => name.clone(),
            paths::Top::Several => stem(&opened.path),
        };
        let to = match &wanted.out {
            None => destination(Path::new(&own))?,
            // A file goes into a folder that is there, as `cp` does it.
            Some(out) if out.is_dir() && matches!(top, paths::Top::File(_)) => destination(&out.join(&own))?,
            Some(out) => destination(out)?,
        };
        if matches!(top, paths::Top::File(_)) {
            check_existing(&to, wanted.existing)?;
        }
        let act = Unpack {
            root: opened.pack.root(),
            signer: opened.signer(),
            pack: opened.path,
            source: opened.source,
            wanted: Wanted::Everything,
            to,
            bases: wanted.bases.iter().map(|base| canonical(base)).collect::<Result<_, _>>()?,
            existing: wanted.existing,
            workers: workers(wanted.jobs),
            place: self.place(caller),
        };
        self.run(caller, act, watch, effects::unpack, unpacked).await
    }

    /// Writes the elements of one tensor into a file.
    ///
    /// # Errors
    /// As [`Packing::unpack`], and when there is no such tensor, or several.
    pub async fn extract(
        &self,
        caller: &Caller,
        wanted: TensorWanted,
        to: &Path,
        existing: Existing,
        watch: &Arc<Watch>,
    ) -> Result<UnpackReport, PackingError> {
        let opened = open(&wanted.pack, wanted.signer.as_ref())?;
        let (file, to) = (opened.file_of(&wanted)?, destination(to)?);
        check_existing(&to, existing)?;
        let act = Unpack {
            root: opened.pack.root(),
            signer: opened.signer(),
            pack: opened.path,
            source: opened.source,
            wanted: Wanted::Tensor { file, tensor: wanted.tensor },
            to,
            bases: wanted.bases.iter().map(|base| canonical(base)).collect::<Result<_, _>>()?,
            existing,
            workers: workers(wanted.jobs),
            place: self.place(caller),
        };
        self.run(caller, act, watch, effects::unpack, unpacked).await
    }

    /// Writes the elements of one tensor to whatever takes them. Says how many bytes.
    ///
    /// # Errors
    /// As [`Packing::extract`].
    pub async fn cat(
        &self,
        caller: &Caller,
        wanted: TensorWanted,
        out: &mut (impl Write + Send),
    ) -> Result<u64, PackingError> {
        self.look(caller, &wanted.pack).await?;
        let mut opened = open(&wanted.pack, wanted.signer.as_ref())?;
        let file = opened.file_of(&wanted)?;
        let bases = Bases::open(&wanted.bases)?;
        let base = effects::base_of(&opened.path, &opened.pack, &bases, &file)?;
        let base = base.as_ref().map(|base| &**base as &dyn Base);
        let written = opened.pack.cat(&file, &wanted.tensor, base, workers(wanted.jobs), out);
        written.map_err(|e| PackingError::tensor("reading", &opened.path, e))
    }

    /// What a pack says of itself.
    ///
    /// # Errors
    /// When the gate refuses, or it cannot be read or is damaged.
    pub async fn list(&self, caller: &Caller, pack: &Path) -> Result<PackView, PackingError> {
        self.look(caller, pack).await?;
        let opened = open(pack, None)?;
        let size = opened.source.len().map_err(|e| PackingError::file("reading", pack, e))?;
        Ok(PackView::of(&opened.path, size, &opened.pack))
    }

    /// Checks a pack.
    ///
    /// # Errors
    /// When the gate refuses, the pack is not signed as asked or is damaged, or it cannot be read.
    pub async fn verify(
        &self,
        caller: &Caller,
        pack: &Path,
        signer: Option<&Signer>,
        check: &Check,
        watch: &Arc<Watch>,
    ) -> Result<VerifyReport, PackingError> {
        self.look(caller, pack).await?;
        let opened = open(pack, signer)?;
        let checked = check_pack(&opened, check, watch);
        checked.map_err(|error| if watch.is_stopped() { PackingError::Interrupted } else { error })
    }

    /// Signs a pack in place. Its root stays what it was.
    ///
    /// # Errors
    /// When the gate refuses, the key cannot be read, or the pack is damaged or cannot be written.
    pub async fn sign(
        &self,
        caller: &Caller,
        pack: &Path,
        key: &Path,
        watch: &Arc<Watch>,
    ) -> Result<Signer, PackingError> {
        let key = Key::read(key)?;
        let signer = key.signer();
        let Opened { path, source, pack } = open(pack, None)?;
        let act = SignPack { pack: path, source, root: pack.root(), key, place: self.place(caller) };
        self.run(caller, act, watch, effects::sign, |root| json!({ "root": root.to_string() })).await?;
        Ok(signer)
    }

    /// Makes a key that signs packs, in a new file that only its owner can read.
    ///
    /// # Errors
    /// When the gate refuses, or the file is there or cannot be written.
    pub async fn make_key(&self, caller: &Caller, to: &Path) -> Result<Signer, PackingError> {
        let (key, to) = (Key::draw()?, destination(to)?);
        check_existing(&to, Existing::Keep)?;
        let signer = key.signer();
        let act = MakeKey { to, key, place: self.place(caller) };
        let said = json!({ "signer": signer });
        let write = |started: &Started<MakeKey>, _: &Watch| effects::make_key(started);
        self.run(caller, act, &Arc::default(), write, move |()| said).await?;
        Ok(signer)
    }

    fn place(&self, caller: &Caller) -> Place {
        Place { namespace: caller.home.clone(), workspace: self.workspace.clone() }
    }

    async fn look(&self, caller: &Caller, pack: &Path) -> Result<(), PackingError> {
        let pack = canonical(pack)?;
        let permit = self.gate.admit(caller, LookInside { pack, place: self.place(caller) }).await?;
        permit.observe().await?;
        Ok(())
    }

    /// Has an act admitted and done on a thread that may block, with its intent before and its outcome
    /// after.
    async fn run<A, T>(
        &self,
        caller: &Caller,
        act: A,
        watch: &Arc<Watch>,
        effect: impl FnOnce(&Started<A>, &Watch) -> Result<T, PackingError> + Send + 'static,
        outcome: impl FnOnce(&T) -> serde_json::Value,
    ) -> Result<T, PackingError>
    where
        A: Act + Sync,
        T: Send + 'static,
    {
        let started = self.gate.admit(caller, act).await?.begin().await?;
        watch.begin();
        let inside = Arc::clone(watch);
        let (started, done) = tokio::task::spawn_blocking(move || {
            let done = effect(&started, &inside);
            (started, done)
        })
        .await
        .map_err(|_| PackingError::Worker)?;
        // Whatever the work then said of its streams.
        let done = done.map_err(|error| if watch.is_stopped() { PackingError::Interrupted } else { error });
        let said = match &done {
            Ok(value) => Outcome::Done(outcome(value)),
            Err(error) => Outcome::Failed(chain(error).join(": ")),
        };
        started.finish(said).await?;
        done
    }
}

fn unpacked(report: &UnpackReport) -> serde_json::Value {
    json!({ "files": report.files, "raw_bytes": report.raw_bytes })
}

fn workers(jobs: NonZeroUsize) -> keep_tensor::pipeline::Workers {
    if jobs.get() == 1 {
        keep_tensor::pipeline::Workers::Inline
    } else {
        keep_tensor::pipeline::Workers::Threads(jobs)
    }
}
