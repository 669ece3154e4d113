//! Forgetting.

use super::{Place, short};
use crate::edge::{Failure, Session};
use clap::Args;
use keep_memory::model::Handle;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory forget 01kar3m7\n\nThe text, its versions, vectors and index entries are overwritten. The audit log keeps that a memory was forgotten, without what it said."
)]
pub(super) struct Forget {
    /// Which memories
    #[arg(required = true)]
    ids: Vec<Handle>,
    #[command(flatten)]
    place: Place,
}

impl Forget {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.into();
        let gone = session
            .with(async |app, caller| Ok(app.memories()?.forget(caller, &place, &self.ids).await?))?;
        session.show(&gone, |out| {
            let ids: Vec<_> = gone.ids.iter().map(|id| short(*id)).collect();
            writeln!(out, "forgot {}", ids.join(" "))?;
            for id in &gone.derived {
                writeln!(out, "  made from it, and still there: {}", short(*id))?;
            }
            match gone.withdrawn {
                0 => {}
                one => writeln!(out, "  requests withdrawn that showed its text: {one}")?,
            }
            for what in &gone.beyond {
                session.hang(out, "  out of reach: ", 4, what)?;
            }
            Ok(())
        })
    }
}
