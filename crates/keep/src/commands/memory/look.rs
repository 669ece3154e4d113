//! Looking at memories.

use super::{Place, day, short};
use crate::edge::{Ago, Failure, Session, Table, size};
use clap::Args;
use keep_memory::Wanted;
use keep_memory::model::{Handle, Kind, Memory};
use keep_types::Trust;
use std::io::Write;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory ls\n  keep memory ls --kind decision --tag db --since 30d\n  keep memory ls --all --limit 100"
)]
pub(super) struct Ls {
    #[command(flatten)]
    place: Place,
    /// Only of this kind
    #[arg(short, long)]
    kind: Option<Kind>,
    /// Only with this tag
    #[arg(short, long)]
    tag: Option<String>,
    /// Only with at least this trust: document, tool, agent, user
    #[arg(long)]
    trust: Option<Trust>,
    /// Only what was said from then on: a day, a moment, or 7d ago
    #[arg(long, value_name = "WHEN")]
    since: Option<Ago>,
    /// Only what was said before then
    #[arg(long, value_name = "WHEN")]
    until: Option<Ago>,
    /// Retired ones, too
    #[arg(long)]
    retired: bool,
    /// Only pinned ones
    #[arg(long)]
    pinned: bool,
    /// So many at most
    #[arg(short, long, default_value_t = 20)]
    limit: usize,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep memory show 01kar3m7")]
pub(super) struct Show {
    /// Which memory
    id: Handle,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep memory history 01kar3m7")]
pub(super) struct HistoryWords {
    /// Which memory
    id: Handle,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep memory quarantined\n  keep memory release 01kar3m7")]
pub(super) struct Quarantined {
    #[command(flatten)]
    place: Place,
    /// So many at most
    #[arg(short, long, default_value_t = 50)]
    limit: usize,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep memory stats\n  keep memory stats --all")]
pub(super) struct StatsWords {
    #[command(flatten)]
    place: Place,
}

impl Quarantined {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let wanted =
            Wanted { place: self.place.into(), quarantined: true, most: self.limit, ..Wanted::default() };
        let found = session.with(async |app, caller| Ok(app.memories()?.list(caller, &wanted).await?))?;
        session.show(&found, |out| {
            if found.is_empty() {
                return writeln!(out, "nothing waits in quarantine");
            }
            for one in &found {
                let why = one.quarantine.as_deref().unwrap_or_default();
                writeln!(out, "{}  {}", short(one.id), session.dim(&one.source.in_words(short)))?;
                session.hang(out, "  because ", 10, why)?;
                session.hang(out, "  ", 2, &one.text)?;
            }
            Ok(())
        })
    }
}

impl StatsWords {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.into();
        let found = session.with(async |app, caller| Ok(app.memories()?.stats(caller, &place).await?))?;
        session.show(&found, |out| {
            if found.is_empty() {
                return writeln!(out, "no memories here; `keep remember TEXT` makes one");
            }
            for one in &found {
                let counts = |counts: &std::collections::BTreeMap<String, u64>| {
                    counts.iter().map(|(what, n)| format!("{what} {n}")).collect::<Vec<_>>().join(", ")
                };
                writeln!(out, "{}: {} memories, {}", one.namespace, one.memories, size(one.text_bytes))?;
                session.hang(out, "  kinds  ", 9, &counts(&one.kinds))?;
                session.hang(out, "  trust  ", 9, &counts(&one.trust))?;
                let line = format!(
                    "{} edited, {} faded, {} retired, {} pinned, {} quarantined, {} links",
                    one.edited, one.faded, one.retired, one.pinned, one.quarantined, one.links
                );
                session.hang(out, "  of it  ", 9, &line)?;
            }
            Ok(())
        })
    }
}

impl Ls {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let wanted = Wanted {
            place: self.place.into(),
            kind: self.kind,
            tag: self.tag,
            least_trust: self.trust,
            since: self.since.map(|at| at.0),
            until: self.until.map(|at| at.0),
            quarantined: false,
            retired: self.retired,
            pinned: self.pinned,
            most: self.limit,
        };
        let found = session.with(async |app, caller| Ok(app.memories()?.list(caller, &wanted).await?))?;
        session.show_table(&found, &table(&found), "no memories here; `keep remember TEXT` makes one")
    }
}

/// Memories as rows: what names them first, what they say last.
pub(super) fn table(found: &[Memory]) -> Table {
    let mut table = Table::new(&["id", "day", "kind", "text"]);
    for one in found {
        let said = one.said_at.unwrap_or(one.recorded_at);
        let text = one.title.as_ref().map_or_else(|| one.text.clone(), |t| format!("{t}: {}", one.text));
        let mark = if one.retired_at.is_some() { "(retired) " } else { "" };
        table.row([short(one.id), day(said), one.kind.to_string(), format!("{mark}{text}")]);
    }
    table
}

impl Show {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.into();
        let found =
            session.with(async |app, caller| Ok(app.memories()?.get(caller, &place, &self.id).await?))?;
        session.show(&found, |out| whole(session, out, &found))
    }
}

impl HistoryWords {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.into();
        let found = session
            .with(async |app, caller| Ok(app.memories()?.history(caller, &place, &self.id).await?))?;
        session.show(&found, |out| {
            for one in std::iter::once(&found.now).chain(&found.before) {
                let by = one.edited_by.as_ref().unwrap_or(&one.written_by);
                let line = format!("version {} of {} by {by}", one.version, one.edited_at);
                writeln!(out, "{}", session.dim(&line))?;
                session.hang(out, "  ", 2, &one.text)?;
            }
            Ok(())
        })
    }
}

/// A memory with all that is known of it.
fn whole(session: &Session, out: &mut dyn Write, one: &Memory) -> std::io::Result<()> {
    if let Some(title) = &one.title {
        session.hang(out, "", 0, title)?;
    }
    for line in one.text.lines() {
        session.hang(out, "", 0, line)?;
    }
    writeln!(out)?;
    let mut say = |what: &str, text: String| session.hang(out, &format!("{what:<11}"), 11, &text);
    say("id", one.id.to_string())?;
    say("where", one.namespace.to_string())?;
    say("kind", one.kind.to_string())?;
    if !one.tags.is_empty() {
        say("tags", one.tags.join(" "))?;
    }
    say("trust", format!("{}, {}", one.trust, one.source.in_words(short)))?;
    say("importance", format!("{}{}", one.importance.get(), if one.pinned { ", pinned" } else { "" }))?;
    say("written", format!("{} by {}", one.recorded_at, one.written_by))?;
    if one.version > 1 {
        let by = one.edited_by.as_ref().unwrap_or(&one.written_by);
        say("edited", format!("{} by {by}, version {}", one.edited_at, one.version))?;
    }
    let moments = [
        ("said", one.said_at),
        ("true from", one.valid.from),
        ("true until", one.valid.to),
        ("retired", one.retired_at),
        ("expires", one.expires_at),
        ("recalled", one.recalled_at),
    ];
    for (what, moment) in moments {
        if let Some(moment) = moment {
            say(what, moment.to_string())?;
        }
    }
    if let Some(speaker) = &one.speaker {
        say("speaker", speaker.clone())?;
    }
    if let Some(why) = &one.quarantine {
        say("held", format!("{why}; `keep memory release` lets it be recalled"))?;
    } else if let Some(why) = &one.flag {
        say("flag", why.clone())?;
    }
    Ok(())
}
