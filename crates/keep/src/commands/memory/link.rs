//! Links, and what lies around a memory.

use super::remember::strength;
use super::{Place, short};
use crate::edge::{Failure, Session};
use clap::Args;
use keep_memory::model::{Handle, LinkKind, Memory, Strength};
use keep_memory::{Graph, LinkTerms};
use std::io::Write;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory link 01kar3m7 implements 01kar2zz\n  keep memory link 01kar3m7 contradicts 01kar2zz --reason \"measured again\"\n\nKinds: extends, contradicts, implements, references, supersedes, caused_by, part_of."
)]
pub(super) struct LinkWords {
    /// The memory that the link goes out from
    from: Handle,
    /// How it bears on the other
    kind: LinkKind,
    /// The memory that it leads to
    to: Handle,
    /// How strong it is, from 0 to 1
    #[arg(long, value_name = "0-1", value_parser = strength)]
    strength: Option<Strength>,
    /// Why it is made
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep memory unlink 01kar3m7 implements 01kar2zz")]
pub(super) struct Unlink {
    /// The memory that the link goes out from
    from: Handle,
    /// Which kind of link
    kind: LinkKind,
    /// The memory that it leads to
    to: Handle,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory graph 01kar3m7\n  keep memory graph 01kar3m7 --depth 3 --json"
)]
pub(super) struct GraphWords {
    /// Around which memory
    id: Handle,
    /// So many links away at most
    #[arg(long, default_value_t = 2)]
    depth: usize,
    #[command(flatten)]
    place: Place,
}

impl LinkWords {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.into();
        let terms = LinkTerms { strength: self.strength.unwrap_or_default(), reason: self.reason };
        let made = session.with(async |app, caller| {
            let ends = (&self.from, self.kind, &self.to);
            Ok(app.memories()?.link(caller, &place, ends, terms).await?)
        })?;
        session
            .show(&made, |out| writeln!(out, "linked: {} {} {}", short(made.from), made.kind, short(made.to)))
    }
}

impl Unlink {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.into();
        session.with(async |app, caller| {
            let ends = (&self.from, self.kind, &self.to);
            Ok(app.memories()?.unlink(caller, &place, ends).await?)
        })?;
        let shown = serde_json::json!({ "from": self.from, "kind": self.kind, "to": self.to });
        session.show(&shown, |out| writeln!(out, "unlinked: {} {} {}", self.from, self.kind, self.to))
    }
}

impl GraphWords {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let place = self.place.into();
        let graph = session.with(async |app, caller| {
            Ok(app.memories()?.graph(caller, &place, &self.id, self.depth).await?)
        })?;
        session.show(&graph, |out| draw(session, out, &graph))
    }
}

/// Each memory with what goes out from it.
fn draw(session: &Session, out: &mut dyn Write, graph: &Graph) -> std::io::Result<()> {
    let head = |memory: &Memory| memory.title.clone().unwrap_or_else(|| memory.text.clone());
    for memory in &graph.memories {
        session.hang(out, &format!("{}  ", short(memory.id)), 16, &head(memory))?;
        for link in graph.links.iter().filter(|link| link.from == memory.id) {
            writeln!(out, "  {} {}", link.kind, short(link.to))?;
        }
    }
    if graph.more {
        writeln!(out, "{}", session.dim("there is more around these; --depth goes further"))?;
    }
    Ok(())
}
