//! Writing memories down.

use super::short;
use crate::edge::{Ago, Ahead, Failure, Progress, Session};
use clap::Args;
use keep_memory::model::{Draft, Importance, Kind, Memory, Source, Strength, Validity};
use keep_types::{Namespace, Trust};
use std::io::{BufRead, IsTerminal, Read};
use std::process::ExitCode;

/// What is read from standard input for one memory; the engine's own limit is lower.
const MOST_STDIN_BYTES: u64 = 2 << 20;

/// What is read from standard input for many; more is several files.
const MOST_LINES_BYTES: u64 = 1 << 30;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep remember \"we chose Postgres because of its JSON\" --kind decision --tag db\n  keep remember Ann prefers tea --kind preference --speaker Ann\n  git log -1 --format=%B | keep remember --kind event --from-tool git\n  keep remember \"the staging key ends on Friday\" --expires 7d"
)]
pub(crate) struct Remember {
    /// What to remember; without it, or with -, standard input
    text: Vec<String>,
    #[command(flatten)]
    said: Said,
    /// Read one memory a line from standard input, as JSON: {"text": "…", "kind": "…", "tags": [...]}
    #[arg(long, conflicts_with = "text")]
    jsonl: bool,
    /// Where it belongs: global, project:NAME, session:PROJECT/ID [default: where you are]
    #[arg(short, long)]
    namespace: Option<Namespace>,
}

/// What is said of a memory beside its text.
#[derive(Args, Clone, Default)]
pub(super) struct Said {
    /// insight, decision, constraint, architecture, pattern, bugfix, preference, reference, task, event,
    /// entity, or a word of your own
    #[arg(short, long, default_value_t)]
    kind: Kind,
    /// A word to file it under; may be given again
    #[arg(short, long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// A headline
    #[arg(long)]
    title: Option<String>,
    /// How much it matters, from 1 to 10 [default: 5]
    #[arg(short, long, value_name = "1-10", value_parser = importance)]
    importance: Option<Importance>,
    /// How sure you are, from 0 to 1 [default: 1]
    #[arg(long, value_name = "0-1", value_parser = strength)]
    confidence: Option<Strength>,
    /// Believe it no more than this: document, tool, agent
    #[arg(long)]
    trust: Option<Trust>,
    /// Who said it
    #[arg(long, value_name = "NAME")]
    speaker: Option<String>,
    /// When it was said or happened: a day, a moment, or 3h for three hours ago
    #[arg(long, value_name = "WHEN")]
    said_at: Option<Ago>,
    /// From when on it is true
    #[arg(long, value_name = "WHEN")]
    valid_from: Option<Ago>,
    /// Until when it is true
    #[arg(long, value_name = "WHEN")]
    valid_to: Option<Ahead>,
    /// When it ends and is removed: a day, a moment, or 30d from now
    #[arg(long, value_name = "WHEN")]
    expires: Option<Ahead>,
    /// It neither decays nor is proposed for removal
    #[arg(long)]
    pin: bool,
    #[command(flatten)]
    from: From,
}

/// Where a memory comes from.
#[derive(Args, Clone, Default)]
#[group(multiple = false)]
struct From {
    /// It is a turn of this conversation; its turns are remembered in their order
    #[arg(long, value_name = "NAME", help_heading = "Where it comes from")]
    conversation: Option<String>,
    /// It stands in this file, or file:line
    #[arg(long, value_name = "PATH", help_heading = "Where it comes from")]
    from_file: Option<String>,
    /// This tool put it out
    #[arg(long, value_name = "TOOL", help_heading = "Where it comes from")]
    from_tool: Option<String>,
    /// It is text from outside: a page, a mail, a paper
    #[arg(long, value_name = "PLACE", help_heading = "Where it comes from")]
    from_document: Option<String>,
    /// It follows from this memory; may be given again
    #[arg(long, value_name = "ID", help_heading = "Where it comes from")]
    from_memory: Vec<keep_types::Id<keep_types::MemoryKind>>,
}

pub(super) fn importance(text: &str) -> Result<Importance, String> {
    let wrong = || "importance goes from 1 to 10".to_owned();
    text.parse::<u8>().ok().and_then(|n| Importance::try_from(n).ok()).ok_or_else(wrong)
}

pub(super) fn strength(text: &str) -> Result<Strength, String> {
    let wrong = || "it goes from 0 to 1".to_owned();
    text.parse::<f32>().ok().and_then(|n| Strength::try_from(n).ok()).ok_or_else(wrong)
}

impl From {
    fn source(self) -> Source {
        if let Some(conversation) = self.conversation {
            return Source::Conversation { conversation, turn: None };
        }
        if let Some(file) = self.from_file {
            let line =
                file.rsplit_once(':').and_then(|(path, line)| Some((path.to_owned(), line.parse().ok()?)));
            return match line {
                Some((path, line)) => Source::File { path, line: Some(line) },
                None => Source::File { path: file, line: None },
            };
        }
        if let Some(tool) = self.from_tool {
            return Source::Tool { tool, call: None };
        }
        if let Some(at) = self.from_document {
            return Source::Document { at };
        }
        match self.from_memory {
            none if none.is_empty() => Source::Caller,
            parents => Source::Memories { parents },
        }
    }
}

impl Said {
    pub(super) fn draft(self, text: String) -> Draft {
        Draft {
            text,
            title: self.title,
            kind: self.kind,
            tags: self.tags,
            importance: self.importance.unwrap_or_default(),
            confidence: self.confidence.unwrap_or_default(),
            trust: self.trust,
            source: self.from.source(),
            speaker: self.speaker,
            said_at: self.said_at.map(|at| at.0),
            valid: Validity { from: self.valid_from.map(|at| at.0), to: self.valid_to.map(|at| at.0) },
            expires_at: self.expires.map(|at| at.0),
            pinned: self.pin,
        }
    }
}

/// The words, or what standard input says.
pub(super) fn text_of(words: &[String]) -> Result<String, Failure> {
    if !words.is_empty() && words != ["-"] {
        return Ok(words.join(" "));
    }
    let stdin = std::io::stdin();
    if words.is_empty() && stdin.is_terminal() {
        let hint = "write `keep remember \"we chose Postgres\"`, or pipe it in";
        return Err(Failure::usage("there is nothing to remember", hint));
    }
    let mut text = String::new();
    let read = stdin.lock().take(MOST_STDIN_BYTES).read_to_string(&mut text);
    read.map_err(|e| Failure::file("reading", std::path::Path::new("standard input"), e))?;
    Ok(text)
}

impl Remember {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        if self.jsonl {
            return self.many(session);
        }
        let draft = self.said.draft(text_of(&self.text)?);
        let made = session.with(async |app, caller| {
            Ok(app.memories()?.remember(caller, self.namespace.as_ref(), draft).await?)
        })?;
        session.show(&made, |out| writeln!(out, "{}", line_of(&made)))
    }
}

impl Remember {
    /// All that standard input says, one memory a line.
    fn many(self, session: &Session) -> Result<ExitCode, Failure> {
        let mut drafts = Vec::new();
        for (number, line) in std::io::stdin().lock().take(MOST_LINES_BYTES).lines().enumerate() {
            let line =
                line.map_err(|e| Failure::file("reading", std::path::Path::new("standard input"), e))?;
            if line.trim().is_empty() {
                continue;
            }
            let draft: Draft = serde_json::from_str(&line).map_err(|error| {
                let hint = r#"write one memory a line: {"text": "we chose Postgres", "kind": "decision"}"#;
                Failure::usage(format!("line {} is no memory: {error}", number + 1), hint)
            })?;
            drafts.push(draft);
        }
        let mut bar = Progress::new(session, "remembering");
        let made = session.with(async |app, caller| {
            let memories = app.memories()?;
            let namespace = self.namespace.as_ref();
            Ok(memories.remember_all(caller, namespace, drafts, &mut |done, all| bar.set(done, all)).await?)
        })?;
        drop(bar);
        session.show(&made, |out| {
            writeln!(out, "remembered {} in {}", made.ids.len(), made.namespace)?;
            match made.quarantined {
                0 => Ok(()),
                held => writeln!(out, "{held} wait in quarantine; `keep memory quarantined` shows them"),
            }
        })
    }
}

/// What was remembered, in a line.
fn line_of(made: &Memory) -> String {
    let line =
        format!("remembered {} in {} ({}, trust {})", short(made.id), made.namespace, made.kind, made.trust);
    match (&made.quarantine, &made.flag) {
        (Some(why), _) => format!("{line}\nit waits in quarantine for a person: {why}"),
        (None, Some(why)) => format!("{line}\nit is flagged: {why}"),
        (None, None) => line,
    }
}
