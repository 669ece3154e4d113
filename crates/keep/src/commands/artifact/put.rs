//! Storing and restoring.

use super::{Place, ratio, size, watch};
use crate::edge::{Failure, Session, counted, visible};
use clap::Args;
use keep_artifact::{Check, Existing, Key, NewArtifact, Reference, Tag, Wanted};
use keep_types::Name;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact put model ./model.safetensors\n  keep artifact put run ./checkpoint-1200 --tag step=1200 --tag best\n\nWhat is stored already is not stored again, and a tensor that changed little is stored as what changed."
)]
pub(super) struct PutWords {
    /// The artifact's name; its versions are numbered
    name: Name,
    /// The file or folder
    path: PathBuf,
    /// Mark this version: best, or step=1200; may be given again
    #[arg(short, long = "tag", value_name = "TAG")]
    tags: Vec<Tag>,
    /// Read what is stored already before relying on it, also in a bucket
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact get model\n  keep artifact get model@7 --to ./old.safetensors\n  keep artifact get run@best --to ./best\n\nEvery byte is checked before anything gets its name."
)]
pub(super) struct Get {
    /// Which version: MODEL, MODEL@7, MODEL@best
    reference: Reference,
    /// Where to put it [default: its own name, here]
    #[arg(long, value_name = "PATH")]
    to: Option<PathBuf>,
    /// Replace a file that is there; folders are never replaced
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact cat run config.json\n  keep artifact cat model --tensor lm_head.weight > lm_head.bin"
)]
pub(super) struct Cat {
    /// Which version: MODEL, MODEL@7, MODEL@best
    reference: Reference,
    /// The file within it, where it is a folder
    path: Option<String>,
    /// One tensor of the file
    #[arg(long)]
    tensor: Option<String>,
    #[command(flatten)]
    place: Place,
}

impl PutWords {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let watch = watch(session);
        let put = session.with(async |app, caller| {
            let namespace = self.place.namespace.unwrap_or_else(|| caller.home.clone());
            let key = Key { namespace, name: self.name };
            let check = self.check.then_some(Check::Bytes);
            let new = NewArtifact { key, path: self.path, tags: self.tags, check, fence: None };
            Ok(app.artifacts(caller).await?.put(caller, new, watch).await?)
        })?;
        if let Some(why) = &put.no_base_because {
            session.say(&format!(
                "the version before could not be read, so nothing is a difference to it: {why}"
            ));
        }
        if put.stored_anew > 0 {
            session.say(&format!(
                "{} part(s) that were stored already are damaged there or gone, and were stored anew; `keep artifact verify` tells which versions need them",
                put.stored_anew
            ));
        }
        session.show(&put, |out| {
            let sums = &put.sums;
            writeln!(
                out,
                "{}@{} in {}: {}, {}, stored in {} ({})",
                put.key.name,
                put.version,
                put.key.namespace,
                counted(sums.files, "file"),
                size(sums.raw_bytes),
                size(sums.stored_bytes),
                ratio(sums.raw_bytes, sums.stored_bytes)
            )
        })
    }
}

impl Get {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let watch = watch(session);
        let here = std::env::current_dir()
            .map_err(|e| Failure::file("finding the working folder", std::path::Path::new("."), e))?;
        let wanted = Wanted {
            reference: self.reference,
            namespace: self.place.namespace,
            to: self.to,
            here,
            existing: if self.replace { Existing::Replace } else { Existing::Keep },
            fence: None,
        };
        let got = session
            .with(async |app, caller| Ok(app.artifacts(caller).await?.get(caller, wanted, watch).await?))?;
        session.show(&got, |out| {
            let path = visible(&got.path.display().to_string());
            let (name, version) = (&got.key.name, got.version);
            writeln!(out, "{path}: {name}@{version}, {}, {}", counted(got.files, "file"), size(got.bytes))
        })
    }
}

impl Cat {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        session.with(async |app, caller| {
            let part = (self.path, self.tensor);
            let artifacts = app.artifacts(caller).await?;
            let place = self.place.namespace.as_ref();
            Ok(artifacts.cat(caller, &self.reference, place, part, std::io::stdout()).await?)
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
