//! What `mnemosyne export` writes: its notes as a JSON array or as JSON lines. Its Markdown export leaves
//! out what a memory needs and is not read.
//!
//! Its seventeen types become the usual kinds, with the type as a tag where the kind is wider; its eight
//! links become ours; keywords become tags; what a note is about (`context`) follows its text. Files and
//! entities become tags where they are words and remarks where not. Counts of access are not taken over.

use super::lines::Damage;
use super::pieces::Pieces;
use super::{Incoming, IncomingLink, Read};
use crate::model::{Draft, Importance, Kind, LinkKind, Source, Strength, Validity};
use keep_types::{Name, Namespace, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::io::BufRead;

/// Its types, and what they are here.
const KINDS: &[(&str, &str)] = &[
    ("architecture_decision", "decision"),
    ("code_pattern", "pattern"),
    ("bug_fix", "bugfix"),
    ("configuration", "reference"),
    ("constraint", "constraint"),
    ("entity", "entity"),
    ("insight", "insight"),
    ("reference", "reference"),
    ("preference", "preference"),
    ("task", "task"),
    ("agent_event", "event"),
    ("constitution", "constraint"),
    ("feature_spec", "architecture"),
    ("implementation_plan", "task"),
    ("task_breakdown", "task"),
    ("quality_checklist", "constraint"),
    ("clarification", "insight"),
];

/// Its links: ours, and whether it runs the other way here.
const LINKS: &[(&str, LinkKind, Way)] = &[
    ("extends", LinkKind::Extends, Way::Same),
    ("builds_upon", LinkKind::Extends, Way::Same),
    ("contradicts", LinkKind::Contradicts, Way::Same),
    ("implements", LinkKind::Implements, Way::Same),
    ("references", LinkKind::References, Way::Same),
    ("referenced_by", LinkKind::References, Way::Reversed),
    ("clarifies", LinkKind::Extends, Way::Same),
    ("supersedes", LinkKind::Supersedes, Way::Same),
];

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Same,
    Reversed,
}

/// A note. What has no field here is found in `others` and remarked upon.
#[derive(Deserialize)]
struct Note {
    id: String,
    #[serde(default)]
    namespace: Value,
    content: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    context: String,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    memory_type: String,
    #[serde(default)]
    importance: Option<u8>,
    #[serde(default)]
    confidence: Option<f32>,
    #[serde(default)]
    links: Vec<NoteLink>,
    #[serde(default)]
    related_files: Vec<String>,
    #[serde(default)]
    related_entities: Vec<String>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    #[serde(default)]
    is_archived: bool,
    superseded_by: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
struct NoteLink {
    target_id: String,
    link_type: String,
    strength: Option<f32>,
    #[serde(default)]
    reason: String,
}

/// What is known and not taken over: how often a note was read, and vectors of another embedder.
const LEFT: &[&str] = &[
    "access_count",
    "last_accessed_at",
    "embedding",
    "embedding_model",
    "archived_at",
    "created_by",
    "modified_by",
    "visible_to",
];

/// Reads an export note by note.
pub struct Reader<R> {
    pieces: Pieces<R>,
    ready: VecDeque<Read>,
}

impl<R: BufRead> Reader<R> {
    /// A reader of this export.
    pub fn new(from: R) -> Self {
        Self { pieces: Pieces::new(from), ready: VecDeque::new() }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        while self.ready.is_empty() {
            let (line, text) = match self.pieces.next()? {
                Ok(piece) => piece,
                Err(damage) => return Some(Read::Damage(damage)),
            };
            match serde_json::from_str::<Note>(&text) {
                Ok(note) => take(note, line, &mut self.ready),
                Err(why) => return Some(Read::Damage(Damage::json(&text, line, &why))),
            }
        }
        self.ready.pop_front()
    }
}

/// Turns a note into a memory, its links and what is to be said of it.
fn take(mut note: Note, line: u64, out: &mut VecDeque<Read>) {
    let mut remarks = Vec::new();
    let namespace = namespace(&note.namespace, &mut remarks);
    let kind = kind(&note.memory_type, &mut note.tags, &mut remarks);
    let importance = note
        .importance
        .map(Importance::try_from)
        .and_then(|given| given.map_err(|why| remarks.push(why.to_string())).ok());
    let confidence = note
        .confidence
        .map(Strength::try_from)
        .and_then(|given| given.map_err(|why| remarks.push(why.to_string())).ok());
    let draft = Draft {
        text: text(&note),
        title: (!note.summary.is_empty() && note.summary != note.content).then(|| note.summary.clone()),
        kind,
        tags: tags(&note, &mut remarks),
        importance: importance.unwrap_or_default(),
        confidence: confidence.unwrap_or_default(),
        trust: None,
        source: Source::Document { at: format!("mnemosyne:{}", note.id) },
        expires_at: note.expires_at,
        valid: Validity::default(),
        ..Draft::default()
    };
    let retired = note.is_archived || note.superseded_by.is_some();
    let retired_at = retired.then_some(note.updated_at.or(note.created_at)).flatten();
    if retired && retired_at.is_none() {
        remarks.push("it was archived at no known time and comes in as current".to_owned());
    }
    remarks.extend(
        note.others
            .keys()
            .filter(|name| !LEFT.contains(&name.as_str()))
            .map(|name| format!("the field {name:?} is not known")),
    );
    let key = Some(note.id.clone());
    let memory = Incoming { key, id: None, namespace, draft, recorded_at: note.created_at, retired_at };
    out.push_back(Read::Memory(line, Box::new(memory)));
    links(note, &mut remarks, |link| out.push_back(Read::Link(line, link)));
    out.extend(remarks.into_iter().map(|what| Read::remark(line, what)));
}

/// `{"type":"project","name":…}` as the export has it, or `project:…` as its commands take it. A name that is
/// none here is brought into form, and one that cannot be is left for the importer to place.
fn namespace(value: &Value, remarks: &mut Vec<String>) -> Option<Namespace> {
    let parts: Vec<&str> = match value {
        Value::String(text) => text.splitn(3, ':').collect(),
        Value::Object(fields) => ["type", "name", "project", "session_id"]
            .iter()
            .filter_map(|name| fields.get(*name)?.as_str())
            .collect(),
        _ => Vec::new(),
    };
    let mut name = |text: &str| {
        let slug = Name::slug(text);
        if slug.as_ref().is_none_or(|slug| slug.as_str() != text) {
            remarks.push(match &slug {
                Some(slug) => format!("the namespace {text:?} is called {slug} here"),
                None => format!("the namespace {text:?} has no name here"),
            });
        }
        slug
    };
    match parts.as_slice() {
        ["global"] => Some(Namespace::Global),
        ["project", project] => Some(Namespace::Project(name(project)?)),
        ["session", project, id] => Some(Namespace::Session { project: name(project)?, id: name(id)? }),
        _ => {
            remarks.push("its namespace is not understood".to_owned());
            None
        }
    }
}

fn kind(given: &str, tags: &mut Vec<String>, remarks: &mut Vec<String>) -> Kind {
    let Some((_, ours)) = KINDS.iter().find(|(theirs, _)| *theirs == given) else {
        remarks.push(format!("the type {given:?} is not known; it comes in as an insight"));
        return Kind::default();
    };
    let distinct = KINDS.iter().filter(|(_, other)| other == ours).count() > 1 && *ours != given;
    if distinct {
        tags.push(given.replace('_', "-"));
    }
    ours.parse().unwrap_or_default()
}

/// The note, and under it what it says of when it matters.
fn text(note: &Note) -> String {
    if note.context.trim().is_empty() {
        note.content.clone()
    } else {
        format!("{}\n\nContext: {}", note.content, note.context)
    }
}

fn tags(note: &Note, remarks: &mut Vec<String>) -> Vec<String> {
    let words =
        note.tags.iter().chain(&note.keywords).chain(&note.related_entities).chain(&note.related_files);
    let mut tags: Vec<String> = words
        .filter_map(|word| {
            let tag = word.split_whitespace().collect::<Vec<_>>().join("-").replace(',', "-");
            if tag.is_empty() || tag.len() > 128 {
                remarks.push("a tag is empty or too long and is left out".to_owned());
                return None;
            }
            Some(tag)
        })
        .collect();
    tags.sort();
    tags.dedup();
    tags
}

fn links(note: Note, remarks: &mut Vec<String>, mut give: impl FnMut(IncomingLink)) {
    for link in note.links {
        let Some((name, kind, way)) = LINKS.iter().find(|known| known.0 == link.link_type) else {
            remarks.push(format!("a link of the type {:?} has no kind here and is left out", link.link_type));
            continue;
        };
        let (from, to) = match way {
            Way::Same => (note.id.clone(), link.target_id),
            Way::Reversed => (link.target_id, note.id.clone()),
        };
        let strength =
            link.strength.and_then(|strength| Strength::try_from(strength).ok()).unwrap_or_default();
        let word = if *name == kind.as_str() { String::new() } else { name.replace('_', " ") };
        let reason =
            [word, link.reason].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
        give(IncomingLink {
            from,
            to,
            kind: *kind,
            strength,
            reason: (!reason.is_empty()).then_some(reason),
        });
    }
    if let Some(newer) = note.superseded_by {
        let (kind, strength) = (LinkKind::Supersedes, Strength::default());
        give(IncomingLink { from: newer, to: note.id, kind, strength, reason: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = r#"[
  {
    "id": "11111111-0000-4000-8000-000000000001",
    "namespace": { "type": "session", "project": "My App", "session_id": "s1" },
    "created_at": "2025-11-01T10:00:00.123456Z", "updated_at": "2025-11-02T10:00:00Z",
    "content": "Use \"Postgres\" {always}", "summary": "Postgres", "keywords": ["db", "db"], "tags": ["storage layer"],
    "context": "when choosing a store", "memory_type": "quality_checklist", "importance": 9, "confidence": 0.75,
    "links": [
      {"target_id": "22222222-0000-4000-8000-000000000002", "link_type": "referenced_by", "strength": 0.5, "reason": "cites",
       "created_at": "2025-11-01T10:00:00Z", "last_traversed_at": null, "user_created": false},
      {"target_id": "x", "link_type": "likes", "strength": 1.0, "reason": ""}
    ],
    "related_files": ["src/db.rs"], "related_entities": [], "access_count": 4, "last_accessed_at": "2025-11-02T10:00:00Z",
    "expires_at": null, "is_archived": true, "superseded_by": "22222222-0000-4000-8000-000000000002", "embedding_model": "m",
    "mood": "good"
  },
  { "id": "broken", "content": 5 },
  { "id": "22222222-0000-4000-8000-000000000002", "namespace": {"type": "global"}, "content": "c", "memory_type": "weather", "importance": 12 }
]
"#;

    #[test]
    fn an_export_is_mapped_and_what_is_not_is_said() {
        let read: Vec<_> = Reader::new(EXPORT.as_bytes()).collect();
        let Read::Memory(2, first) = &read[0] else { panic!("{:?}", read[0]) };
        assert_eq!(first.namespace.as_ref().unwrap().to_string(), "session:my-app/s1");
        assert_eq!(first.draft.text, "Use \"Postgres\" {always}\n\nContext: when choosing a store");
        assert_eq!(first.draft.kind.as_str(), "constraint");
        assert_eq!(first.draft.tags, ["db", "quality-checklist", "src/db.rs", "storage-layer"]);
        assert_eq!((first.draft.importance.get(), first.draft.confidence.get()), (9, 0.75));
        assert_eq!(first.recorded_at.unwrap().to_string(), "2025-11-01T10:00:00.123Z");
        assert_eq!(first.retired_at.unwrap().to_string(), "2025-11-02T10:00:00.000Z");
        let links: Vec<_> = read
            .iter()
            .filter_map(|read| if let Read::Link(_, link) = read { Some(link) } else { None })
            .collect();
        assert_eq!(links.len(), 2);
        assert_eq!(
            (links[0].kind, links[0].from.as_bytes()[0], links[0].reason.as_deref()),
            (LinkKind::References, b'2', Some("referenced by: cites"))
        );
        assert_eq!((links[1].kind, links[1].from.as_bytes()[0]), (LinkKind::Supersedes, b'2'));
        let said: Vec<_> = read
            .iter()
            .filter_map(|read| if let Read::Remark(remark) = read { Some(remark.to_string()) } else { None })
            .collect();
        for part in [
            "line 2: the namespace \"My App\" is called my-app here",
            "\"likes\" has no kind",
            "\"mood\" is not known",
            "line 18: the type \"weather\"",
            "importance goes from",
        ] {
            assert!(said.iter().any(|remark| remark.contains(part)), "{part}: {said:#?}");
        }
        let damage: Vec<_> = read
            .iter()
            .filter_map(|read| if let Read::Damage(damage) = read { Some(damage) } else { None })
            .collect();
        assert_eq!((damage.len(), damage[0].line), (1, 17));
        assert!(damage[0].what.contains("expected a string"));
    }

    #[test]
    fn lines_give_the_same_as_an_array() {
        let values: Vec<Value> = serde_json::from_str(EXPORT).unwrap();
        let lines: String = values.iter().map(|value| format!("{value}\n")).collect();
        let memories = |text: &str| {
            Reader::new(text.as_bytes())
                .filter_map(|read| if let Read::Memory(_, memory) = read { Some(memory) } else { None })
                .collect::<Vec<_>>()
        };
        assert_eq!(memories(&lines), memories(EXPORT));
        assert_eq!(memories(&lines).len(), 2);
    }

    #[test]
    fn every_type_has_a_usual_kind() {
        for (theirs, ours) in KINDS {
            assert!(ours.parse::<Kind>().unwrap().is_usual(), "{theirs}");
        }
        assert_eq!(KINDS.len(), 17);
    }
}
