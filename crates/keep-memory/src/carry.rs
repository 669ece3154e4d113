//! Taking memories out: into a prompt, and as files.

use crate::acts;
use crate::context::{self, Candidate, Pack};
use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::look::{Wanted, spaces_of};
use crate::model::{Link, Memory};
use crate::portable::own::Line;
use crate::portable::{graph_server, markdown, own};
use crate::recall::Asked;
use crate::store;
use keep_types::Caller;
use serde::Serialize;
use std::io::Write;

/// Memories that a context is chosen from.
const CANDIDATES: usize = 80;
/// The newest memories that a briefing is chosen from.
const BRIEFED: usize = 200;

/// As what memories are written out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Keep's own lines, which lose nothing.
    #[default]
    Own,
    /// One Markdown file, each memory with front matter. It has no place for older versions.
    Markdown,
    /// The file of the Model Context Protocol's reference memory server.
    GraphServer,
}

/// What was written out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Exported {
    /// How many memories.
    pub memories: usize,
    /// How many older versions of them.
    pub versions: usize,
    /// How many links.
    pub links: usize,
    /// What the form has no place for.
    pub left_out: Vec<String>,
}

impl Memories {
    /// The memories that serve a task best, within about so many tokens, ready for a prompt.
    ///
    /// # Errors
    /// As for [`Memories::recall`].
    pub async fn context(
        &self,
        caller: &Caller,
        place: Where,
        task: &str,
        budget: usize,
    ) -> Result<Pack, MemoryError> {
        let asked = Asked { question: task.to_owned(), place, most: CANDIDATES, ..Asked::default() };
        let recalled = self.recall(caller, asked).await?;
        let candidates: Vec<_> =
            recalled.found.iter().map(|one| Candidate { memory: &one.memory, score: one.score }).collect();
        let table = keep_embed::Table::built_in()?;
        Ok(context::pack(task, &candidates, budget, table.tokenizer()))
    }

    /// What whoever begins to work here should know before they ask anything, within about so many tokens:
    /// what is pinned, what matters most and what is newest.
    ///
    /// # Errors
    /// When the gate refuses or the database cannot be read.
    pub async fn briefing(&self, caller: &Caller, place: Where, budget: usize) -> Result<Pack, MemoryError> {
        let wanted = Wanted { place, most: BRIEFED, ..Wanted::default() };
        let newest = self.list(caller, &wanted).await?;
        let candidates = newest.iter().enumerate().map(|(index, memory)| {
            let newness = 1.0 - index as f32 / BRIEFED as f32;
            let pinned = if memory.pinned { 1.0 } else { 0.0 };
            Candidate { memory, score: f32::from(memory.importance.get()) / 10.0 + newness + pinned }
        });
        let table = keep_embed::Table::built_in()?;
        Ok(context::pack("", &candidates.collect::<Vec<_>>(), budget, table.tokenizer()))
    }

    /// Writes memories out, with what is retired and what is quarantined. That they were is on record.
    ///
    /// # Errors
    /// When the gate refuses, the database cannot be read, or writing fails.
    pub async fn export(
        &self,
        caller: &Caller,
        place: &Where,
        form: Form,
        out: &mut impl Write,
    ) -> Result<Exported, MemoryError> {
        let now = self.now();
        let Gathered { memories, versions, links } = self.gather(caller, place).await?;
        let mut done = Exported { memories: memories.len(), links: links.len(), ..Exported::default() };
        match form {
            Form::Own => {
                own::write_header(out, now).map_err(MemoryError::Write)?;
                done.versions = versions.len();
                let memories = memories.into_iter().map(|one| Line::Memory(Box::new(one)));
                let versions = versions.into_iter().map(|one| Line::Version(Box::new(one)));
                for line in memories.chain(versions).chain(links.into_iter().map(Line::Link)) {
                    own::write_line(out, &line).map_err(MemoryError::Write)?;
                }
            }
            Form::Markdown => {
                markdown::write_all(out, &memories, &links).map_err(MemoryError::Write)?;
                done.left_out = without_versions(versions.len());
            }
            Form::GraphServer => {
                done.left_out = graph_server::write(out, &memories, &links).map_err(MemoryError::Write)?;
            }
        }
        out.flush().map_err(MemoryError::Write)?;
        Ok(done)
    }

    /// Writes memories out as Markdown files, one each: `put` is given a file's name and what stands in it.
    ///
    /// # Errors
    /// As for [`Memories::export`].
    pub async fn export_files(
        &self,
        caller: &Caller,
        place: &Where,
        put: &mut dyn FnMut(&str, &[u8]) -> std::io::Result<()>,
    ) -> Result<Exported, MemoryError> {
        let Gathered { memories, versions, links } = self.gather(caller, place).await?;
        for memory in &memories {
            let mut file = Vec::new();
            markdown::write_one(&mut file, memory, &links).map_err(MemoryError::Write)?;
            put(&format!("{}.md", memory.id), &file).map_err(MemoryError::Write)?;
        }
        let left_out = without_versions(versions.len());
        Ok(Exported { memories: memories.len(), versions: 0, links: links.len(), left_out })
    }

    /// Everything that an export writes. That it was read is on record.
    async fn gather(&self, caller: &Caller, place: &Where) -> Result<Gathered, MemoryError> {
        let home = match place {
            Where::Only(place) => place.clone(),
            Where::Here | Where::Everywhere => caller.home.clone(),
        };
        let permit = self.gate.admit(caller, acts::export(&home, &format!("{place:?}"))).await?;
        store::record(permit).await?;
        let (looked, now) = (places(caller, place), self.now());
        self.db
            .read(move |tx| {
                let spaces = spaces_of(tx.sql(), looked.as_deref())?;
                let (memories, versions, links) = store::everything(tx.sql(), &spaces, now)?;
                Ok(Gathered { memories, versions, links })
            })
            .await
    }
}

/// What an export writes.
struct Gathered {
    memories: Vec<Memory>,
    versions: Vec<Memory>,
    links: Vec<Link>,
}

/// What Markdown has no place for.
fn without_versions(count: usize) -> Vec<String> {
    if count == 0 { Vec::new() } else { vec![format!("{count} older versions")] }
}
