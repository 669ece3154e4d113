//! Taking memories in from files: one's own and others'.

use crate::acts;
use crate::engine::{Memories, trust_of};
use crate::error::MemoryError;
use crate::limits::CHUNK;
use crate::links::Linking;
use crate::model::{Draft, Link, Memory, Source};
use crate::portable::own::{self, Line};
use crate::portable::{Incoming, IncomingLink, Read};
use crate::remember::Remembering;
use crate::store;
use keep_types::{Caller, Digest, FieldHasher, Id, MemoryKind, Namespace, Timestamp, Trust};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};

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
    /// The rows of memories, each with one that it was made from.
    pub(crate) parents: Vec<(i64, i64)>,
}

impl Memories {
    /// Takes in what another program's file says. All of it is checked before any is written, and then it is
    /// written in stretches, one namespace after another. Whatever ends that half way leaves whole memories, and the
    /// same file taken in again goes on where it ended: what is there already is passed over, and so is a link.
    ///
    /// # Errors
    /// When something of it cannot be taken or the gate refuses; then nothing is remembered, unless it was a later
    /// namespace's turn.
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
                Read::Memory(_, memory) => {
                    incoming.push(Taken { one: *memory, whole: None, before: Vec::new() });
                }
                Read::Link(_, link) => links.push((link, None)),
                Read::Remark(remark) => done.remarks.push(remark.to_string()),
                Read::Damage(damage) => done.damaged.push(damage.to_string()),
            }
        }
        self.take_in(caller, namespace, incoming, links, (done, progress)).await
    }

    /// Takes in an export of Keep's own. Each memory goes where it was, unless a namespace is named. What is
    /// there already stays as it is. Who wrote what and when, how it read before and what it was made from
    /// is a claim of the file's, and only a person's file is believed about that.
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
        let (mut incoming, mut links) = (Vec::new(), Vec::new());
        let mut older: HashMap<(Namespace, Id<MemoryKind>), Vec<Memory>> = HashMap::new();
        for line in own::Reader::new(from) {
            match line {
                Ok((_, Line::Memory(memory))) => incoming.push(*memory),
                Ok((_, Line::Version(memory))) => {
                    older.entry((memory.namespace.clone(), memory.id)).or_default().push(*memory);
                }
                Ok((_, Line::Link(link))) => links.push((incoming_link(&link), Some(link))),
                Err(damage) => done.damaged.push(damage.to_string()),
            }
        }
        let believed = trust_of(caller) == Trust::User;
        let mut taken = Vec::with_capacity(incoming.len());
        for memory in incoming {
            let before = older.remove(&(memory.namespace.clone(), memory.id)).unwrap_or_default();
            if !believed && !before.is_empty() {
                done.remarks.push(format!("{} older versions of {}", before.len(), memory.id));
            }
            let before = if believed { before } else { Vec::new() };
            taken.push(Taken { one: incoming_of(&memory), whole: Some(memory), before });
        }
        let strays: usize = older.values().map(Vec::len).sum();
        if strays > 0 {
            done.remarks.push(format!("{strays} older versions of memories that are not in the file"));
        }
        self.take_in(caller, namespace, taken, links, (done, progress)).await
    }

    async fn take_in(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        incoming: Vec<Taken>,
        links: Vec<(IncomingLink, Option<Link>)>,
        (mut done, progress): (Imported, &mut dyn FnMut(u64, u64)),
    ) -> Result<Imported, MemoryError> {
        let mut places: BTreeMap<Namespace, Vec<Taken>> = BTreeMap::new();
        for taken in incoming {
            let own = taken.whole.as_ref().map(|whole| &whole.namespace);
            let place = namespace.or(own).unwrap_or(&caller.home).clone();
            places.entry(place).or_default().push(taken);
        }
        if namespace.is_none() {
            places.retain(|place, taken| {
                let may = caller.may_write(place) || *place == caller.home;
                if !may {
                    let count = taken.len();
                    done.remarks
                        .push(format!("{count} memories of another namespace; --namespace takes them in"));
                }
                may
            });
        }
        let (mut made, mut ends) = (Vec::new(), Ends::default());
        for (place, taken) in places {
            made.push(self.made_of(caller, &place, taken, &mut ends, &mut done).await?);
        }
        for made in made {
            let remembered = self.write_all(caller, "memory.import", made, progress).await?;
            done.memories += remembered.ids.len();
            done.quarantined += remembered.quarantined;
        }
        done.links = self.link_all(caller, ends, links, &mut done.remarks).await?;
        Ok(done)
    }

    /// Makes memories of what belongs to one namespace.
    async fn made_of(
        &self,
        caller: &Caller,
        namespace: &Namespace,
        incoming: Vec<Taken>,
        ends: &mut Ends,
        done: &mut Imported,
    ) -> Result<Remembering, MemoryError> {
        if !caller.may_write(namespace) {
            // Before anything is said about what is there already.
            drop(self.gate.admit(caller, acts::remember((), "memory.import", namespace, &[])).await?);
        }
        let ids = ids_of(namespace, &incoming);
        let (home, asked) = (namespace.clone(), ids.clone());
        let known: HashSet<Id<MemoryKind>> =
            self.db.read(move |tx| store::known(tx.sql(), &home, &asked)).await?;
        let (mut drafts, mut extras, mut named) = (Vec::new(), Vec::new(), HashSet::new());
        for (id, Taken { mut one, whole, before }) in ids.into_iter().zip(incoming) {
            ends.named.insert(one.key.clone().unwrap_or_else(|| id.to_string()), (id, namespace.clone()));
            // The parents may lie elsewhere, or come later in the file; what they led to keeps the trust that
            // the file says it had. Where it says nothing, they are looked for.
            let mut parents = None;
            if let (Source::Memories { parents: named }, Some(_)) = (&one.draft.source, one.draft.trust) {
                ends.parents.push((id, namespace.clone(), named.clone()));
                parents = Some(std::mem::replace(&mut one.draft.source, Source::Caller));
            }
            if known.contains(&id) || !named.insert(id) {
                done.known += 1;
                continue;
            }
            extras.push((one.recorded_at, one.retired_at, whole, (before, parents)));
            drafts.push((id, one.draft));
        }
        let mut made = self.freshen_named(caller, Some(namespace), drafts).await?;
        let (trust, screen) = (trust_of(caller), self.screen()?);
        for (fresh, (recorded_at, retired_at, whole, (before, parents))) in made.fresh.iter_mut().zip(extras)
        {
            let now = fresh.memory.recorded_at;
            restore(&mut fresh.memory, whole, trust);
            if let (Some(parents), Trust::User) = (parents, trust) {
                fresh.memory.source = parents;
            }
            // When something was written down is a claim, and only a person's counts.
            if let (Some(recorded_at), Trust::User) = (recorded_at, trust) {
                fresh.memory.recorded_at = recorded_at.min(now);
            }
            fresh.memory.retired_at = retired_at;
            for mut version in before {
                screen.text(&mut version.text)?;
                version.title.as_mut().map_or(Ok(()), |title| screen.text(title))?;
                version.tags.iter_mut().try_for_each(|tag| screen.text(tag))?;
                version.namespace = namespace.clone();
                version.trust = version.trust.min(trust);
                fresh.before.push(version);
            }
        }
        self.prepared_again(made).await
    }

    /// Makes the links of what was imported, as many at once as one transaction takes, and says of each
    /// memory that was made from others which these are.
    async fn link_all(
        &self,
        caller: &Caller,
        ends: Ends,
        links: Vec<(IncomingLink, Option<Link>)>,
        remarks: &mut Vec<String>,
    ) -> Result<usize, MemoryError> {
        let believed = trust_of(caller) == Trust::User;
        let mut wanted: BTreeMap<Namespace, Vec<(Link, Namespace)>> = BTreeMap::new();
        for (link, whole) in links {
            let (Some((from, here)), Some((to, there))) =
                (ends.named.get(&link.from), ends.named.get(&link.to))
            else {
                remarks
                    .push(format!("the link {} {} {} leads out of the file", link.from, link.kind, link.to));
                continue;
            };
            if from == to || !here.sees(there) {
                remarks.push(format!("the link {from} {} {to} leads where no link may", link.kind));
                continue;
            }
            let mut reason = link.reason;
            if let Some(reason) = &mut reason {
                self.screen()?.text(reason)?;
            }
            let whole = whole.filter(|_| believed);
            let (made_at, made_by) = match whole {
                Some(whole) => (whole.made_at, whole.made_by),
                None => (self.now(), caller.principal.clone()),
            };
            let (kind, strength) = (link.kind, link.strength);
            let link = Link { from: *from, to: *to, kind, strength, reason, made_at, made_by };
            wanted.entry(here.clone()).or_default().push((link, there.clone()));
        }
        let mut made = 0;
        for (home, links) in wanted {
            for chunk in links.chunks(CHUNK) {
                made += self.link_chunk(caller, &home, chunk.to_vec()).await?;
            }
        }
        if believed {
            self.descend(caller, ends).await?;
        }
        Ok(made)
    }

    async fn link_chunk(
        &self,
        caller: &Caller,
        home: &Namespace,
        chunk: Vec<(Link, Namespace)>,
    ) -> Result<usize, MemoryError> {
        let (here, most) = (home.clone(), self.limits.links);
        let links: Vec<Linking> =
            self.db.read(move |tx| store::linkings(tx.sql(), &here, chunk, most)).await?;
        let made = links.len();
        let act = acts::link_all(LinkingAll { links, parents: Vec::new() }, home);
        store::link_all(self.gate.admit(caller, act).await?).await?;
        Ok(made)
    }

    /// Puts down which memories others were made from, where these came along.
    async fn descend(&self, caller: &Caller, ends: Ends) -> Result<(), MemoryError> {
        let mut families: BTreeMap<Namespace, Vec<_>> = BTreeMap::new();
        for (child, home, parents) in ends.parents {
            for parent in parents {
                let Some((parent, there)) = ends.named.get(&parent.to_string()) else { continue };
                if home.sees(there) {
                    families.entry(home.clone()).or_default().push((child, *parent, there.clone()));
                }
            }
        }
        for (home, family) in families {
            for chunk in family.chunks(CHUNK) {
                let (chunk, here) = (chunk.to_vec(), home.clone());
                let parents = self.db.read(move |tx| store::descents(tx.sql(), &here, &chunk)).await?;
                let act = acts::link_all(LinkingAll { links: Vec::new(), parents }, &home);
                store::link_all(self.gate.admit(caller, act).await?).await?;
            }
        }
        Ok(())
    }
}

/// A memory on its way in.
struct Taken {
    one: Incoming,
    /// All that an export of one's own says of it.
    whole: Option<Memory>,
    /// How it read before.
    before: Vec<Memory>,
}

/// What links of a file may lead to.
#[derive(Default)]
struct Ends {
    /// The memories by what the file calls them, and where they are now.
    named: HashMap<String, (Id<MemoryKind>, Namespace)>,
    /// Which memories one was made from.
    parents: Vec<(Id<MemoryKind>, Namespace, Vec<Id<MemoryKind>>)>,
}

/// The ids that memories have or are given. One that has none is given one that follows from what the file says of
/// it, so that the same file taken in again finds it: what was interrupted is gone on with, and nothing is there
/// twice. Where a file says the same several times, each has its own.
fn ids_of(namespace: &Namespace, incoming: &[Taken]) -> Vec<Id<MemoryKind>> {
    let mut times: HashMap<Digest, u64> = HashMap::new();
    let mut named = |one: &Incoming| {
        let draft = &one.draft;
        let said = json!({
            "key": one.key, "kind": draft.kind, "title": draft.title, "text": draft.text, "tags": draft.tags,
            "source": draft.source, "speaker": draft.speaker, "said_at": draft.said_at, "valid": draft.valid,
            "recorded_at": one.recorded_at,
        });
        let hasher = FieldHasher::new("memory.import").field("namespace", namespace.to_string());
        let said = hasher.field("said", said.to_string()).finish();
        let nth = times.entry(said).or_default();
        *nth += 1;
        let digest = FieldHasher::new("memory.import.id")
            .field("said", said.as_bytes())
            .field("nth", nth.to_le_bytes())
            .finish();
        let moment = one.recorded_at.or(draft.said_at).filter(|moment| moment.ms() >= 0);
        let random = std::array::from_fn(|at| digest.as_bytes()[at]);
        Id::from_parts(moment.unwrap_or(Timestamp::from_ms(0)), random)
    };
    incoming.iter().map(|taken| taken.one.id.unwrap_or_else(|| named(&taken.one))).collect()
}

fn incoming_link(link: &Link) -> IncomingLink {
    IncomingLink {
        from: link.from.to_string(),
        to: link.to.to_string(),
        kind: link.kind,
        strength: link.strength,
        reason: link.reason.clone(),
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
            source: memory.source,
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
    made.flag = made.flag.take().or(whole.flag);
    if trust == Trust::User {
        made.version = whole.version.max(1);
        made.edited_at = whole.edited_at.min(made.edited_at);
        (made.recalls, made.recalled_at) = (whole.recalls, whole.recalled_at);
        made.written_by = whole.written_by;
        made.edited_by = whole.edited_by;
    }
}
