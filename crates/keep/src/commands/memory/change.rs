//! Changing memories.

use super::remember::{Said, importance, strength, text_of};
use super::{Place, short};
use crate::edge::{Ago, Ahead, Failure, Session};
use clap::Args;
use keep_memory::Edit;
use keep_memory::model::{Handle, Importance, Kind, Memory, Strength, Validity};
use keep_types::Trust;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory edit 01kar3m7 we chose Postgres 17\n  keep memory edit 01kar3m7 --add-tag db --importance 8\n\nHow it read before stays in `keep memory history`."
)]
pub(super) struct EditWords {
    /// Which memory
    id: Handle,
    /// Its new text; without it the text stays
    text: Vec<String>,
    /// Another headline; an empty one takes it away
    #[arg(long)]
    title: Option<String>,
    /// Another kind
    #[arg(short, long)]
    kind: Option<Kind>,
    /// A tag to add; may be given again
    #[arg(long, value_name = "TAG")]
    add_tag: Vec<String>,
    /// A tag to take away; may be given again
    #[arg(long, value_name = "TAG")]
    remove_tag: Vec<String>,
    /// How much it matters, from 1 to 10
    #[arg(short, long, value_name = "1-10", value_parser = importance)]
    importance: Option<Importance>,
    /// How sure you are, from 0 to 1
    #[arg(long, value_name = "0-1", value_parser = strength)]
    confidence: Option<Strength>,
    /// Believe it no more than this
    #[arg(long)]
    trust: Option<Trust>,
    /// From when on it is true
    #[arg(long, value_name = "WHEN")]
    valid_from: Option<Ago>,
    /// Until when it is true
    #[arg(long, value_name = "WHEN")]
    valid_to: Option<Ahead>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory supersede 01kar3m7 we moved to SQLite\n  keep memory supersede 01kar3m7 we moved to SQLite --changed-at 2026-11-01\n\nThe old one is found by `keep recall --as-of` only; with --changed-at it stays true until then."
)]
pub(super) struct Supersede {
    /// Which memory no longer counts
    id: Handle,
    /// What is so instead; without it, or with -, standard input
    text: Vec<String>,
    /// When the world changed, where the old one was not wrong
    #[arg(long, value_name = "WHEN")]
    changed_at: Option<Ago>,
    #[command(flatten)]
    said: Said,
    #[command(flatten)]
    place: Place,
}

/// One memory.
#[derive(Args)]
pub(super) struct One {
    /// Which memory
    id: Handle,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory expire 01kar3m7 30d\n  keep memory expire 01kar3m7 never\n  keep memory expire            remove what has expired now"
)]
pub(super) struct Expire {
    /// Which memory; without it, what has expired is removed
    #[arg(requires = "when")]
    id: Option<Handle>,
    /// When it ends: a day, a moment, 30d from now, or never
    when: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory quarantine 01kar3m7 it came from a page that I do not trust"
)]
pub(super) struct Quarantine {
    /// Which memory
    id: Handle,
    /// Why
    #[arg(required = true)]
    why: Vec<String>,
    #[command(flatten)]
    place: Place,
}

fn say(session: &Session, verb: &str, made: &Memory) -> Result<ExitCode, Failure> {
    session.show(made, |out| writeln!(out, "{verb} {}", short(made.id)))
}

impl EditWords {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let text = if self.text.is_empty() { None } else { Some(text_of(&self.text)?) };
        let valid = Validity { from: self.valid_from.map(|at| at.0), to: self.valid_to.map(|at| at.0) };
        let edit = Edit {
            text,
            title: self.title,
            kind: self.kind,
            add_tags: self.add_tag,
            remove_tags: self.remove_tag,
            importance: self.importance,
            confidence: self.confidence,
            trust: self.trust,
            valid: (valid != Validity::default()).then_some(valid),
        };
        let place = self.place.into();
        let made = session
            .with(async |app, caller| Ok(app.memories()?.edit(caller, &place, &self.id, edit).await?))?;
        session.show(&made, |out| writeln!(out, "edited {}, now version {}", short(made.id), made.version))
    }
}

impl Supersede {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let draft = self.said.draft(text_of(&self.text)?);
        let (place, changed) = (self.place.into(), self.changed_at.map(|at| at.0));
        let made = session.with(async |app, caller| {
            Ok(app.memories()?.supersede(caller, &place, &self.id, draft, changed).await?)
        })?;
        session.show(&made, |out| writeln!(out, "remembered {} in the place of {}", short(made.id), self.id))
    }
}

impl One {
    pub(super) fn pin(self, session: &Session, pinned: bool) -> Result<ExitCode, Failure> {
        let place = self.place.into();
        let made = session
            .with(async |app, caller| Ok(app.memories()?.pin(caller, &place, &self.id, pinned).await?))?;
        say(session, if pinned { "pinned" } else { "unpinned" }, &made)
    }

    pub(super) fn release(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.into();
        let made = session
            .with(async |app, caller| Ok(app.memories()?.release(caller, &place, &self.id).await?))?;
        say(session, "released", &made)
    }
}

impl Expire {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (Some(id), Some(when)) = (self.id, self.when) else {
            let gone =
                session.with(async |app, caller| Ok(app.memories()?.remove_expired(caller).await?))?;
            let shown = serde_json::json!({ "removed": gone });
            return session.show(&shown, |out| writeln!(out, "removed {gone} expired memories"));
        };
        let end = match when.as_str() {
            "never" => None,
            when => {
                let end: Ahead = when.parse().map_err(|error: crate::edge::MomentError| {
                    Failure::usage(error.to_string(), "or write never")
                })?;
                Some(end.0)
            }
        };
        let place = self.place.into();
        let made = session
            .with(async |app, caller| Ok(app.memories()?.set_expiry(caller, &place, &id, end).await?))?;
        session.show(&made, |out| match made.expires_at {
            Some(end) => writeln!(out, "{} ends at {end}", short(made.id)),
            None => writeln!(out, "{} does not end", short(made.id)),
        })
    }
}

impl Quarantine {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (place, why) = (self.place.into(), self.why.join(" "));
        let made = session.with(async |app, caller| {
            Ok(app.memories()?.quarantine(caller, &place, &self.id, why).await?)
        })?;
        say(session, "quarantined", &made)
    }
}
