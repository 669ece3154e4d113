//! Taking memories out as files, and in from files: one's own and others'.

use crate::acts;
use crate::context::{self, Candidate, Pack};
use crate::engine::{Memories, Where, places, trust_of};
use crate::error::MemoryError;
use crate::limits::CHUNK;
use crate::links::Linking;
use crate::look::spaces_of;
use crate::model::{Draft, Link, Memory};
use crate::portable::own::Line;
use crate::portable::{Incoming, IncomingLink, Read, graph_server, own};
use crate::recall::Asked;
use crate::store;
use keep_types::{Caller, Id, MemoryKind, Namespace, Trust};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::io::Write;

/// Memories that a context is chosen from.
const CANDIDATES: usize = 80;

/// As what memories are written out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Keep's own lines, which lose nothing.
    #[default]
    Own,
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

/// What was taken in.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Imported {
    /// How many memories.
    pub memories: usize,
    /// How many were there already.
    pub known: usize,
    /// How many links.
    pub links: usize,
    /// How many wait in quarantine for a person.
    pub quarantined: usize,
    /// What the file says and memories have no place for.
    pub remarks: Vec<String>,
    /// What could not be read.
    pub damaged: Vec<String>,
}

/// What the act of linking what was imported writes.
pub(crate) struct LinkingAll {
    pub(crate) links: Vec<Linking>,
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
        let home = match place {
            Where::Only(place) => place.clone(),
            Where::Here | Where::Everywhere => caller.home.clone(),
        };
        let permit = self.gate.admit(caller, acts::export(&home, &format!("{place:?}"))).await?;
        store::record(permit).await?;
        let (looked, now) = (places(caller, place), self.now());
        let (memories, versions, links) = self
            .db
            .read(move |tx| {
                let spaces = spaces_of(tx.sql(), looked.as_deref())?;
                store::everything(tx.sql(), &spaces, now)
            })
            .await?;
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
            Form::GraphServer => {
                done.left_out = graph_server::write(out, &memories, &links).map_err(MemoryError::Write)?;
            }
        }
        out.flush().map_err(MemoryError::Write)?;
        Ok(done)
    }

    /// Takes in what another program's file says.
    ///
    /// # Errors
    /// When something of it cannot be taken or the gate refuses; then nothing is remembered.
    pub async fn import(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        read: impl Iterator<Item = Read>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Imported, MemoryError> {
        let mut done = Imported::default();
        let (mut incoming, mut links) = (Vec::new(), Vec::new());
        for one in read {
            match one {
                Read::Memory(_, memory) => incoming.push((*memory, None)),
                Read::Link(_, link) => links.push(link),
                Read::Remark(remark) => done.remarks.push(remark.to_string()),
                Read::Damage(damage) => done.damaged.push(damage.to_string()),
            }
        }
        self.take_in(caller, namespace, incoming, links, (done, progress)).await
    }

    /// Takes in an export of Keep's own. What is there already stays as it is.
    ///
    /// # Errors
    /// As for [`Memories::import`].
    pub async fn import_own(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        from: impl std::io::BufRead,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Imported, MemoryError> {
        let mut done = Imported::default();
        let (mut incoming, mut links, mut older) = (Vec::new(), Vec::new(), 0);
        for line in own::Reader::new(from) {
            match line {
                Ok((_, Line::Memory(memory))) => {
                    incoming.push((incoming_of(&memory), Some(*memory)));
                }
                Ok((_, Line::Version(_))) => older += 1,
                Ok((_, Line::Link(link))) => links.push(IncomingLink {
                    from: link.from.to_string(),
                    to: link.to.to_string(),
                    kind: link.kind,
                    strength: link.strength,
                    reason: link.reason,
                }),
                Err(damage) => done.damaged.push(damage.to_string()),
            }
        }
        if older > 0 {
            done.remarks.push(format!("{older} older versions were left in the file"));
        }
        self.take_in(caller, namespace, incoming, links, (done, progress)).await
    }

    async fn take_in(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        incoming: Vec<(Incoming, Option<Memory>)>,
        links: Vec<IncomingLink>,
        (mut done, progress): (Imported, &mut dyn FnMut(u64, u64)),
    ) -> Result<Imported, MemoryError> {
        let namespace = namespace.cloned().unwrap_or_else(|| caller.home.clone());
        let ids: Vec<_> = incoming.iter().filter_map(|(one, _)| one.id).collect();
        let home = namespace.clone();
        let known: HashSet<Id<MemoryKind>> =
            self.db.read(move |tx| store::known(tx.sql(), &home, &ids)).await?;
        let (mut drafts, mut extras, mut keys) = (Vec::new(), Vec::new(), HashMap::new());
        for (one, whole) in incoming {
            let id = match one.id {
                Some(id) => id,
                None => self.new_id()?,
            };
            keys.insert(one.key.clone().unwrap_or_else(|| id.to_string()), id);
            if known.contains(&id) || drafts.iter().any(|(other, _)| *other == id) && one.id.is_some() {
                done.known += 1;
                continue;
            }
            extras.push((one.recorded_at, one.retired_at, whole));
            drafts.push((id, one.draft));
        }
        let mut made = self.freshen_named(caller, Some(&namespace), drafts).await?;
        for (fresh, (recorded_at, retired_at, whole)) in made.fresh.iter_mut().zip(extras) {
            restore(&mut fresh.memory, whole, trust_of(caller));
            // When something was written down is a claim, and only a person's counts.
            if let (Some(recorded_at), Trust::User) = (recorded_at, trust_of(caller)) {
                fresh.memory.recorded_at = recorded_at.min(fresh.memory.recorded_at);
            }
            fresh.memory.retired_at = retired_at;
        }
        let made = self.prepared_again(made).await?;
        let remembered = self.write_all(caller, "memory.import", made, progress).await?;
        (done.memories, done.quarantined) = (remembered.ids.len(), remembered.quarantined);
        done.links = self.link_all(caller, &namespace, &keys, links, &mut done.remarks).await?;
        Ok(done)
    }

    /// Makes the links of what was imported, as many at once as one transaction takes.
    async fn link_all(
        &self,
        caller: &Caller,
        namespace: &Namespace,
        keys: &HashMap<String, Id<MemoryKind>>,
        links: Vec<IncomingLink>,
        remarks: &mut Vec<String>,
    ) -> Result<usize, MemoryError> {
        let mut wanted = Vec::new();
        for link in links {
            let (Some(from), Some(to)) = (keys.get(&link.from), keys.get(&link.to)) else {
                remarks
                    .push(format!("the link {} {} {} leads out of the file", link.from, link.kind, link.to));
                continue;
            };
            if from == to {
                remarks.push(format!("{from} is linked to itself"));
                continue;
            }
            let mut reason = link.reason;
            if let Some(reason) = &mut reason {
                self.screen()?.text(reason)?;
            }
            let (made_at, made_by) = (self.now(), caller.principal.clone());
            let (kind, strength) = (link.kind, link.strength);
            wanted.push(Link { from: *from, to: *to, kind, strength, reason, made_at, made_by });
        }
        let (mut made, most) = (0, self.limits.links);
        for chunk in wanted.chunks(CHUNK) {
            let (chunk, home) = (chunk.to_vec(), namespace.clone());
            let links: Vec<Linking> =
                self.db.read(move |tx| store::linkings(tx.sql(), &home, chunk, most)).await?;
            made += links.len();
            let act = acts::link_all(LinkingAll { links }, namespace);
            store::link_all(self.gate.admit(caller, act).await?).await?;
        }
        Ok(made)
    }
}

/// What an export of Keep's own says of a memory, as anybody's file would.
fn incoming_of(memory: &Memory) -> Incoming {
    let memory = memory.clone();
    Incoming {
        key: Some(memory.id.to_string()),
        id: Some(memory.id),
        namespace: Some(memory.namespace),
        draft: Draft {
            text: memory.text,
            title: memory.title,
            kind: memory.kind,
            tags: memory.tags,
            importance: memory.importance,
            confidence: memory.confidence,
            trust: Some(memory.trust),
            // The parents may lie elsewhere; what they led to keeps the trust that it had.
            source: match memory.source {
                crate::model::Source::Memories { .. } => crate::model::Source::Caller,
                other => other,
            },
            speaker: memory.speaker,
            said_at: memory.said_at,
            valid: memory.valid,
            expires_at: memory.expires_at,
            pinned: memory.pinned,
        },
        recorded_at: Some(memory.recorded_at),
        retired_at: memory.retired_at,
    }
}

/// What an export of one's own says beyond a draft. What was quarantined stays so.
fn restore(made: &mut Memory, whole: Option<Memory>, trust: Trust) {
    let Some(whole) = whole else { return };
    made.quarantine = made.quarantine.take().or(whole.quarantine);
    if trust == Trust::User {
        made.written_by = whole.written_by;
        made.edited_by = whole.edited_by;
        made.source = whole.source;
    }
}
