//! Looking after what is remembered: its worth, and its vectors.

use super::{Place, short};
use crate::edge::{Failure, Progress, Session, Table};
use clap::Args;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory decay\n  keep memory decay --all --apply\n\nA memory's worth is its importance, fading with time since it was last recalled or edited; a pinned one keeps it. Nothing is removed by this, and what a memory was given stays written down; whoever uses memories has recall count what is left of them, once a day and in passing; --apply does all of it now."
)]
pub(super) struct DecayWords {
    #[command(flatten)]
    place: Place,
    /// Have recall count each as much as it is worth by now
    #[arg(long)]
    apply: bool,
    /// Show so many at most, the least worth first
    #[arg(short, long, default_value_t = 20)]
    limit: usize,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory reembed --all\n\nAfter the program has come with another table of embeddings. Each use of memories does some of it in passing; this does all of it now. It can be stopped and begun again."
)]
pub(super) struct Reembed {
    #[command(flatten)]
    place: Place,
}

impl DecayWords {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (place, limit, apply) = (self.place.into(), self.limit, self.apply);
        let decay = session
            .with(async |app, caller| Ok(app.memories()?.decay(caller, &place, limit, apply).await?))?;
        let mut table = Table::new(&["id", "given", "worth", "counts as"]);
        for one in &decay.least {
            table.row([
                short(one.id),
                one.importance.to_string(),
                format!("{:.1}", one.worth),
                one.counts.to_string(),
            ]);
        }
        let code = session.show_table(&decay, &table, "no memories here")?;
        if decay.memories > 0 && !session.is_json() {
            session.say(&match decay.applied {
                0 if apply => "recall counts all of them as much as they are worth already".to_owned(),
                0 => format!(
                    "{} of {} memories have faded; --apply has recall count them so",
                    decay.faded, decay.memories
                ),
                applied => format!("recall counts {applied} memories otherwise than before"),
            });
        }
        Ok(code)
    }
}

impl Reembed {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.into();
        let mut bar = Progress::new(session, "embedding");
        let mut progress = |done, all| bar.set(done, all);
        let done = session
            .with(async |app, caller| Ok(app.memories()?.reembed(caller, &place, &mut progress).await?))?;
        drop(bar);
        session.show(&done, |out| {
            if done.is_empty() {
                return writeln!(out, "every vector is of the embedder in use");
            }
            for one in &done {
                writeln!(out, "{}: {} memories embedded anew", one.namespace, one.memories)?;
            }
            Ok(())
        })
    }
}
