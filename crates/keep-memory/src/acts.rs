//! What the engine asks the gate for. What a record says of a memory is its id, its kind, its size and its
//! digest: never the text, which would outlive the memory there.

use crate::dupes::Consolidating;
use crate::links::Linking;
use crate::model::Memory;
use crate::take_in::LinkingAll;
use keep_types::{
    Act, ActFacts, Action, Asks, Digest, FieldHasher, Id, MemoryKind, Namespace, Offers, Risk, Touch,
};
use serde_json::{Value, json};

/// So many at once are looked at first when a program writes them.
const MANY: usize = 1_000;

/// An act whose effect needs `what`.
pub(crate) struct Deed<W> {
    pub(crate) what: W,
    facts: ActFacts,
    asks: Option<Asks>,
    shown: Option<String>,
}

impl<W: Send + 'static> Act for Deed<W> {
    fn facts(&self) -> ActFacts {
        self.facts.clone()
    }

    fn offers(&self) -> Offers {
        // Whoever is asked must see what would be remembered, and a record must not keep it; what is
        // offered for editing is kept by the request alone, until it is answered.
        Offers { edit: self.shown.clone(), ..Offers::default() }
    }

    fn asks(&self) -> Option<Asks> {
        self.asks.clone()
    }
}

impl<W> Deed<W> {
    fn new(what: W, action: &'static str, namespace: &Namespace, touch: Touch, summary: String) -> Self {
        let facts = ActFacts {
            action: Action::of(action),
            namespace: namespace.clone(),
            touch,
            risk: if touch == Touch::Read { Risk::Low } else { Risk::Medium },
            summary,
            detail: json!({}),
            bound: FieldHasher::new(action).finish(),
            exact: None,
        };
        Self { what, facts, asks: None, shown: None }
    }

    fn risk(mut self, risk: Risk) -> Self {
        self.facts.risk = risk;
        self
    }

    fn detail(mut self, detail: Value) -> Self {
        self.facts.detail = detail;
        self
    }

    fn bound(mut self, bound: Digest) -> Self {
        self.facts.bound = bound;
        self
    }
}

/// What a record says of a memory.
fn said_of(memory: &Memory) -> Value {
    json!({
        "id": memory.id,
        "kind": memory.kind,
        "bytes": memory.text.len(),
        "digest": Digest::of(memory.text.as_bytes()),
        "trust": memory.trust,
        "quarantined": memory.quarantine.is_some(),
    })
}

/// What an approval of a memory binds: all that its writer said, and nothing that is made up anew each
/// time it is asked for.
fn bound_of(hasher: FieldHasher, memory: &Memory) -> FieldHasher {
    let said = json!({
        "kind": memory.kind, "title": memory.title, "text": memory.text, "tags": memory.tags,
        "importance": memory.importance, "confidence": memory.confidence, "trust": memory.trust,
        "source": memory.source, "speaker": memory.speaker, "said_at": memory.said_at,
        "valid": memory.valid, "expires_at": memory.expires_at, "pinned": memory.pinned,
    });
    hasher.field("memory", said.to_string())
}

/// Writing memories down.
pub(crate) fn remember<W>(what: W, action: &'static str, namespace: &Namespace, new: &[&Memory]) -> Deed<W> {
    let bytes: usize = new.iter().map(|memory| memory.text.len()).sum();
    let summary = match new {
        [one] => format!("remember one memory ({}, {} bytes) in {namespace}", one.kind, one.text.len()),
        many => format!("remember {} memories of {bytes} bytes in {namespace}", many.len()),
    };
    let bound = new.iter().fold(FieldHasher::new(action), |hasher, memory| bound_of(hasher, memory)).finish();
    let detail = match new.len() {
        0..=16 => json!({ "memories": new.iter().map(|memory| said_of(memory)).collect::<Vec<_>>() }),
        count => json!({
            "count": count, "bytes": bytes, "digest": bound,
            "first": new.first().map(|memory| memory.id), "last": new.last().map(|memory| memory.id),
        }),
    };
    let risk = if new.len() > MANY { Risk::High } else { Risk::Medium };
    let mut deed = Deed::new(what, action, namespace, Touch::Change, summary);
    deed.shown = match new {
        [one] => Some(one.text.clone()),
        _ => None,
    };
    deed.risk(risk).detail(detail).bound(bound)
}

/// Looking at memories: recall, lists, links, counts.
pub(crate) fn read<W>(what: W, namespace: &Namespace) -> Deed<W> {
    Deed::new(what, "memory.read", namespace, Touch::Read, "read memories".into())
}

/// Removing memories for good.
pub(crate) fn forget<W>(what: W, namespace: &Namespace, ids: &[Id<MemoryKind>]) -> Deed<W> {
    let summary = match ids {
        [one] => format!("forget {one} for good"),
        many => format!("forget {} memories for good", many.len()),
    };
    let bound = ids
        .iter()
        .fold(FieldHasher::new("memory.forget"), |hasher, id| hasher.field("id", id.to_string()))
        .finish();
    Deed::new(what, "memory.forget", namespace, Touch::Change, summary)
        .risk(Risk::High)
        .detail(json!({ "ids": ids.iter().take(100).collect::<Vec<_>>(), "count": ids.len() }))
        .bound(bound)
}

impl<W> Deed<W> {
    /// The same act with what its effect needs.
    pub(crate) fn with<V>(self, what: V) -> Deed<V> {
        let Self { facts, asks, shown, .. } = self;
        Deed { what, facts, asks, shown }
    }

    /// A change of something that is believed more than whoever changes it is asked about.
    pub(crate) fn above(mut self, above: bool) -> Self {
        if above {
            self.asks = Some(Asks {
                rule: "memory-above-own-trust".into(),
                reason: "a person wrote it, and whoever changes it is believed less".into(),
            });
        }
        self
    }

    /// Names, in words and in what an approval binds, the memory that the act is about as well.
    pub(crate) fn about(mut self, how: &str, other: &impl std::fmt::Display) -> Self {
        self.facts.summary = format!("{} {how} {other}", self.facts.summary);
        self.facts.detail[how.replace(' ', "_")] = json!(other.to_string());
        let bound = FieldHasher::new(self.facts.action.as_str());
        self.facts.bound =
            bound.field("before", self.facts.bound.as_bytes()).field(how, other.to_string()).finish();
        self
    }
}

/// Changing a memory, or what is said of it.
pub(crate) fn change<W>(
    what: W,
    action: &'static str,
    verb: &'static str,
    namespace: &Namespace,
    new: &Memory,
) -> Deed<W> {
    let summary = format!("{verb} the memory {}", new.id);
    let mut detail = said_of(new);
    detail["change"] = json!(verb);
    let hasher = FieldHasher::new(action).field("verb", verb).field("id", new.id.to_string());
    let bound = bound_of(hasher, new).field("quarantine", [u8::from(new.quarantine.is_some())]).finish();
    let mut deed = Deed::new(what, action, namespace, Touch::Change, summary).detail(detail).bound(bound);
    deed.shown = (verb == "edit").then(|| new.text.clone());
    deed
}

/// Making or taking away a link.
pub(crate) fn link<W>(
    what: W,
    verb: &'static str,
    namespace: &Namespace,
    (from, kind, to): (Id<MemoryKind>, crate::model::LinkKind, Id<MemoryKind>),
) -> Deed<W> {
    let bound = FieldHasher::new("memory.write")
        .field("verb", verb)
        .field("from", from.to_string())
        .field("kind", kind.as_str())
        .field("to", to.to_string())
        .finish();
    Deed::new(what, "memory.write", namespace, Touch::Change, format!("{verb} {from} {kind} {to}"))
        .detail(json!({ "change": verb, "from": from, "to": to, "kind": kind }))
        .bound(bound)
}

/// Removing what has expired. That was said when it was written, so nobody is asked again.
pub(crate) fn expire<W>(what: W, namespace: &Namespace, ids: &[Id<MemoryKind>]) -> Deed<W> {
    let summary = format!("remove {} expired memories", ids.len());
    Deed::new(what, "memory.expire", namespace, Touch::Change, summary)
        .risk(Risk::Low)
        .detail(json!({ "ids": ids.iter().take(100).collect::<Vec<_>>(), "count": ids.len() }))
}

/// Having recall count memories as much as they are worth by now. It follows from what was written and from the
/// time, and takes nothing away, so nobody is asked.
pub(crate) fn fade(namespace: &Namespace) -> Deed<()> {
    let summary = format!("count the memories of {namespace} as much as they are worth by now");
    Deed::new((), "memory.decay", namespace, Touch::Change, summary).risk(Risk::Low)
}

/// Writing memories out to a file.
pub(crate) fn export(namespace: &Namespace, place: &str) -> Deed<()> {
    let bound = FieldHasher::new("memory.export").field("place", place).finish();
    Deed::new((), "memory.export", namespace, Touch::Read, "write memories out to a file".into())
        .risk(Risk::Medium)
        .bound(bound)
}

/// Making the links of what was imported.
pub(crate) fn link_all(what: LinkingAll, namespace: &Namespace) -> Deed<LinkingAll> {
    let count = what.links.len();
    let bound = what.links.iter().fold(FieldHasher::new("memory.import"), |hasher, one| {
        hasher.field("link", format!("{} {} {}", one.link.from, one.link.kind, one.link.to))
    });
    let bound = what
        .parents
        .iter()
        .fold(bound, |hasher, (child, parent)| hasher.field("parent", format!("{child} {parent}")));
    let (bound, parents) = (bound.finish(), what.parents.len());
    let summary = format!("make {count} links, and name {parents} parents");
    Deed::new(what, "memory.import", namespace, Touch::Change, summary)
        .detail(json!({ "links": count, "parents": parents, "digest": bound }))
        .bound(bound)
}

/// Carrying out a plan about memories that say the same.
pub(crate) fn consolidate(what: Consolidating, namespace: &Namespace) -> Deed<Consolidating> {
    let named = |one: &Linking| format!("{} {} {}", one.link.from, one.link.kind, one.link.to);
    let steps: Vec<_> = what.steps.iter().map(|step| named(&step.link)).collect();
    let retired = what.steps.iter().filter(|step| step.retired.is_some()).count();
    let bound =
        steps.iter().fold(FieldHasher::new("memory.consolidate"), |hasher, step| hasher.field("step", step));
    let summary = format!("link {} memories that say the same, and retire {retired}", steps.len());
    Deed::new(what, "memory.consolidate", namespace, Touch::Change, summary)
        .detail(json!({ "steps": steps.iter().take(100).collect::<Vec<_>>(), "count": steps.len() }))
        .bound(bound.finish())
}
