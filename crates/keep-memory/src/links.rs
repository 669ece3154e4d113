//! Links between memories, and what lies around one.

use crate::acts;
use crate::checked::{LINE, within};
use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::look::spaces_of;
use crate::model::{Handle, Link, LinkKind, Memory, Strength};
use crate::store;
use keep_types::{Caller, Id, MemoryKind};
use serde::Serialize;
use std::collections::HashMap;

/// Steps from a memory at most: further out everything hangs together.
const DEEPEST: usize = 6;
/// Memories of a picture at most: more cannot be looked at.
const WIDEST: usize = 200;

/// What the act of linking writes.
#[derive(Clone)]
pub(crate) struct Linking {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) link: Link,
    pub(crate) most: usize,
}

/// What the act of unlinking takes away.
pub(crate) struct Unlinking {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) kind: LinkKind,
    pub(crate) ids: (Id<MemoryKind>, Id<MemoryKind>),
}

/// Memories and the links between them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Graph {
    /// The memories, the ones that were asked for first.
    pub memories: Vec<Memory>,
    /// The links between them.
    pub links: Vec<Link>,
    /// Whether there is more around them than this shows.
    pub more: bool,
}

/// How a link is to be.
#[derive(Clone, Debug, Default)]
pub struct LinkTerms {
    /// How strong it is.
    pub strength: Strength,
    /// Why it is made.
    pub reason: Option<String>,
}

impl Memories {
    /// Links a memory to another that is seen from where the first one lives.
    ///
    /// # Errors
    /// When one of them is not there, the other is not seen from the first, or the gate refuses.
    pub async fn link(
        &self,
        caller: &Caller,
        place: &Where,
        (from, kind, to): (&Handle, LinkKind, &Handle),
        mut terms: LinkTerms,
    ) -> Result<Link, MemoryError> {
        if let Some(reason) = &mut terms.reason {
            self.screen()?.text(reason)?;
        }
        let (from, to) = (self.find(caller, place, from).await?, self.find(caller, place, to).await?);
        if from.seq == to.seq {
            return Err(MemoryError::Itself(from.memory.id));
        }
        if !from.memory.namespace.sees(&to.memory.namespace) {
            return Err(MemoryError::OutOfSight {
                from: from.memory.namespace.clone(),
                to: to.memory.namespace.clone(),
            });
        }
        let link = Link {
            from: from.memory.id,
            to: to.memory.id,
            kind,
            strength: terms.strength,
            reason: terms.reason.map(|reason| within("reason", reason, LINE)).transpose()?,
            made_at: self.now(),
            made_by: caller.principal.clone(),
        };
        let what = Linking { from: from.seq, to: to.seq, link: link.clone(), most: self.limits.links };
        let act = acts::link(what, "link", &from.memory.namespace, (link.from, kind, link.to));
        store::link(self.gate.admit(caller, act).await?).await?;
        Ok(link)
    }

    /// Takes a link away.
    ///
    /// # Errors
    /// When there is none, or the gate refuses.
    pub async fn unlink(
        &self,
        caller: &Caller,
        place: &Where,
        (from, kind, to): (&Handle, LinkKind, &Handle),
    ) -> Result<(), MemoryError> {
        let (from, to) = (self.find(caller, place, from).await?, self.find(caller, place, to).await?);
        let ids = (from.memory.id, to.memory.id);
        let what = Unlinking { from: from.seq, to: to.seq, kind, ids };
        let act = acts::link(what, "unlink", &from.memory.namespace, (ids.0, kind, ids.1));
        store::unlink(self.gate.admit(caller, act).await?).await
    }

    /// What lies around a memory, so many links away at most. Nothing that the caller does not see, nor
    /// what is quarantined or has expired, is in it or leads on.
    ///
    /// # Errors
    /// When there is no such memory, or the gate refuses.
    pub async fn graph(
        &self,
        caller: &Caller,
        place: &Where,
        around: &Handle,
        depth: usize,
    ) -> Result<Graph, MemoryError> {
        self.may_read(caller, place).await?;
        let start = self.find(caller, place, around).await?;
        let (looked, now) = (places(caller, place), self.now());
        self.db
            .read(move |tx| {
                let spaces = spaces_of(tx.sql(), looked.as_deref())?;
                let mut graph = Graph::default();
                let mut known = HashMap::from([(start.seq, start.memory.id)]);
                let mut edge = vec![start.seq];
                graph.memories.push(start.memory);
                for step in 0..=depth.min(DEEPEST) {
                    let mut next = Vec::new();
                    for seq in edge {
                        for (link, other) in store::links_of(tx.sql(), &spaces, seq, now)? {
                            let fresh = !known.contains_key(&other.seq);
                            if fresh && (step == depth.min(DEEPEST) || known.len() >= WIDEST) {
                                graph.more = true;
                                continue;
                            }
                            if !graph.links.contains(&link) {
                                graph.links.push(link);
                            }
                            if fresh {
                                known.insert(other.seq, other.memory.id);
                                next.push(other.seq);
                                graph.memories.push(other.memory);
                            }
                        }
                    }
                    edge = next;
                }
                Ok(graph)
            })
            .await
    }
}
