//! Links, and what lies around a memory.

use super::remember::strength;
use super::{Place, short};
use crate::edge::{Failure, Session};
use clap::{Args, ValueEnum};
use keep_memory::LinkTerms;
use keep_memory::model::{Handle, LinkKind, Strength};
use keep_memory::picture::Picture;
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

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Drawn {
    /// As lines of text.
    #[default]
    Tree,
    /// For Graphviz.
    Dot,
    /// For Mermaid.
    Mermaid,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep memory graph 01kar3m7\n  keep memory graph 01kar3m7 --depth 3 --form dot | dot -Tsvg > graph.svg"
)]
pub(super) struct GraphWords {
    /// Around which memory
    id: Handle,
    /// How it is drawn; --json gives it as JSON
    #[arg(long, value_enum, default_value_t)]
    form: Drawn,
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
        let Some(centre) = graph.memories.first().map(|memory| memory.id) else {
            return Ok(ExitCode::SUCCESS);
        };
        let picture = Picture::new(centre, &graph.memories, &graph.links);
        let text = match self.form {
            Drawn::Tree => picture.to_tree(),
            Drawn::Dot => picture.to_dot(),
            Drawn::Mermaid => picture.to_mermaid(),
        };
        if graph.more {
            session.say("there is more around these; --depth goes further");
        }
        session.show(&graph, |out| out.write_all(text.as_bytes()))
    }
}
