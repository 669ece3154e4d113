//! Between stores.

use super::{Place, size, watch};
use crate::edge::{Failure, Session, Table, visible};
use clap::Args;
use keep_app::open_other;
use keep_artifact::{Copied, Reference};
use keep_types::{ErrorKind, Name};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact push model@7 s3://bucket/models\n  keep artifact push model /mnt/usb/models\n\nWhat is there already is not copied again, so a push that was cut short goes on."
)]
pub(super) struct Push {
    /// Which version
    reference: Reference,
    /// The other store: a folder, or s3://bucket/prefix
    url: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep artifact pull s3://bucket/models model\n  keep artifact pull /mnt/usb/models model@7 --as old"
)]
pub(super) struct Pull {
    /// The other store: a folder, or s3://bucket/prefix
    url: String,
    /// Which version
    reference: Reference,
    /// As the next version of another name
    #[arg(long = "as", value_name = "NAME")]
    known_as: Option<Name>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep artifact sync s3://bucket/models")]
pub(super) struct Sync {
    /// The other store: a folder, or s3://bucket/prefix
    url: String,
    #[command(flatten)]
    place: Place,
}

impl Push {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let watch = watch(session);
        let copied = session.with(async |app, caller| {
            let other = open_other(app, caller, &self.url).await?;
            let wanted = (self.place.namespace.as_ref(), &self.reference);
            Ok(app.artifacts(caller).await?.push(caller, wanted, &other, watch).await?)
        })?;
        session.show(&copied, |out| writeln!(out, "{}", line(&copied)))
    }
}

impl Pull {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let watch = watch(session);
        let copied = session.with(async |app, caller| {
            let other = open_other(app, caller, &self.url).await?;
            let wanted = (self.place.namespace.as_ref(), &self.reference, self.known_as.as_ref());
            Ok(app.artifacts(caller).await?.pull(caller, wanted, &other, watch).await?)
        })?;
        session.show(&copied, |out| writeln!(out, "{}", line(&copied)))
    }
}

impl Sync {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let watch = watch(session);
        let synced = session.with(async |app, caller| {
            let other = open_other(app, caller, &self.url).await?;
            let place = self.place.namespace.as_ref();
            Ok(app.artifacts(caller).await?.sync(caller, place, &other, watch).await?)
        })?;
        let mut table = Table::new(&["way", "version", "size", "moved"]);
        let ways = [("pushed", &synced.pushed), ("pulled", &synced.pulled)];
        for (way, copied) in ways.iter().flat_map(|(way, all)| all.iter().map(move |one| (way, one))) {
            let name = format!("{}@{}", copied.key.name, copied.version);
            table.row([(*way).to_owned(), name, size(copied.bytes), size(copied.moved_bytes)]);
        }
        let code = session.show_table(&synced, &table, "nothing had to be copied")?;
        if synced.diverged.is_empty() {
            return Ok(code);
        }
        let names: Vec<_> = synced.diverged.iter().map(|name| visible(name)).collect();
        session.say(&format!(
            "left alone, since each side has another version of that number: {}; `keep artifact pull --as` takes one over under another name",
            names.join(", ")
        ));
        Ok(ExitCode::from(ErrorKind::Conflict.exit_code()))
    }
}

fn line(copied: &Copied) -> String {
    let (name, version) = (visible(copied.key.name.as_str()), copied.version);
    let (bytes, moved) = (size(copied.bytes), size(copied.moved_bytes));
    if copied.already {
        return format!("{name}@{version}: the same was there already, {moved} of {bytes} moved");
    }
    format!("{name}@{version}: {moved} of {bytes} moved")
}
