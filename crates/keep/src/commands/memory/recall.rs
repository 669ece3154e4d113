//! Recalling.

use super::{Place, day, short};
use crate::edge::{Ago, Failure, Session, counted, visible};
use clap::Args;
use keep_memory::model::Kind;
use keep_memory::{Asked, Leg, Recall, Recalled};
use keep_types::Trust;
use std::io::Write;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep recall what db did we choose\n  keep recall --kind decision --since 90d database\n  keep recall --explain who likes tea\n  keep recall --as-of 2026-06-01 what db did we use\n\nAny words are a question. When nothing that is remembered answers it, that is said."
)]
pub(crate) struct RecallWords {
    /// The question
    #[arg(required = true)]
    question: Vec<String>,
    #[command(flatten)]
    place: Place,
    /// Only of this kind; may be given again
    #[arg(short, long = "kind", value_name = "KIND")]
    kinds: Vec<Kind>,
    /// Only with this tag; may be given again, and then all of them are meant
    #[arg(short, long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only with at least this trust: document, tool, agent, user
    #[arg(long)]
    trust: Option<Trust>,
    /// Only what was said from then on: a day, a moment, or 7d ago
    #[arg(long, value_name = "WHEN")]
    since: Option<Ago>,
    /// Only what was said before then
    #[arg(long, value_name = "WHEN")]
    until: Option<Ago>,
    /// As it was on record then, found by what it said then
    #[arg(long, value_name = "WHEN")]
    as_of: Option<Ago>,
    /// What was true then
    #[arg(long, value_name = "WHEN")]
    valid_at: Option<Ago>,
    /// So many at most
    #[arg(short, long, default_value_t = 5)]
    limit: usize,
    /// Say why each was found
    #[arg(short, long)]
    explain: bool,
    /// Show weak answers, too
    #[arg(long)]
    weak: bool,
}

impl RecallWords {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let explain = self.explain;
        let asked = Asked {
            question: self.question.join(" "),
            place: self.place.into(),
            kinds: self.kinds,
            tags: self.tags,
            least_trust: self.trust,
            since: self.since.map(|at| at.0),
            until: self.until.map(|at| at.0),
            as_of: self.as_of.map(|at| at.0),
            valid_at: self.valid_at.map(|at| at.0),
            most: self.limit,
            even_weak: self.weak,
            only_looks: false,
        };
        let answer = session.with(async |app, caller| Ok(app.memories()?.recall(caller, asked).await?))?;
        session.show(&answer, |out| show(session, out, &answer, explain))
    }
}

fn show(session: &Session, out: &mut dyn Write, answer: &Recall, explain: bool) -> std::io::Result<()> {
    if answer.found.is_empty() {
        return match answer.weak {
            0 => writeln!(out, "nothing relevant is remembered here"),
            weak => {
                let answers = counted(weak as u64, "weak answer");
                writeln!(out, "nothing relevant is remembered here; --weak shows {answers}")
            }
        };
    }
    for (number, one) in answer.found.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        show_one(session, out, one, explain)?;
    }
    if explain {
        writeln!(out)?;
        writeln!(out, "{}", session.dim(&format!("confidence {:.2}", answer.confidence)))?;
    }
    Ok(())
}

/// What a leg adds, and of what.
fn summand(name: &str, leg: &Leg) -> String {
    let Leg { value, weight, adds } = leg;
    if *weight == 1.0 {
        format!("{name} {adds:.2}")
    } else {
        format!("{name} {adds:.2} ({weight} x {value:.2})")
    }
}

fn show_one(session: &Session, out: &mut dyn Write, one: &Recalled, explain: bool) -> std::io::Result<()> {
    let memory = &one.memory;
    let text = memory
        .title
        .as_ref()
        .map_or_else(|| memory.text.clone(), |title| format!("{title}: {}", memory.text));
    for line in text.lines() {
        session.hang(out, "", 0, line)?;
    }
    let said = memory.said_at.unwrap_or(memory.recorded_at);
    let mut about = format!("{}  {}  {}  trust {}", short(memory.id), day(said), memory.kind, memory.trust);
    if let Some(speaker) = &memory.speaker {
        about.push_str(&format!("  {}", visible(speaker)));
    }
    if memory.retired_at.is_some() {
        about.push_str("  retired");
    }
    writeln!(out, "  {}", session.dim(&about))?;
    if let Some(why) = &memory.flag {
        session.hang(out, "  ", 2, &format!("reads like orders: {why}"))?;
    }
    if explain {
        let legs: Vec<_> = one.legs.iter().map(|(name, leg)| summand(name, leg)).collect();
        session.hang(out, "  ", 2, &format!("score {:.2} = {}", one.score, legs.join(" + ")))?;
    }
    Ok(())
}
