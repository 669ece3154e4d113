//! The file of the Model Context Protocol's reference memory server: entities with observations, and
//! relations between entities, one JSON object a line.
//!
//! An entity becomes a memory of the kind `entity`, its name as the title and its type as the text; each
//! observation becomes a memory of its own that is `part_of` it, so that one is recalled without the others.
//! A relation becomes `references`, with its own word as the reason. On the way out the same is undone, and
//! any other memory becomes an entity with its text as its only observation.

use super::lines::{Damage, Lines};
use super::{Incoming, IncomingLink, Read};
use crate::model::{Draft, Kind, Link, LinkKind, Memory, Source, Strength};
use keep_types::{Id, MemoryKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io::{self, BufRead, Write};

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Row {
    #[serde(rename_all = "camelCase")]
    Entity { name: String, entity_type: String, observations: Vec<String> },
    #[serde(rename_all = "camelCase")]
    Relation { from: String, to: String, relation_type: String },
}

/// Reads the file line by line.
pub struct Reader<R> {
    lines: Lines<R>,
    ready: VecDeque<Read>,
    seen: HashMap<String, u64>,
}

impl<R: BufRead> Reader<R> {
    /// A reader of this file.
    pub fn new(from: R) -> Self {
        Self { lines: Lines::new(from), ready: VecDeque::new(), seen: HashMap::new() }
    }

    fn entity(&mut self, line: u64, name: &str, entity_type: String, observations: Vec<String>) {
        let told = self.seen.contains_key(name);
        let said = self.seen.entry(name.to_owned()).or_default();
        if told {
            // The server adds an entity it has again when two processes write; its observations count.
            self.ready.push_back(Read::remark(
                line,
                format!("the entity {name:?} stands here again; its observations are added"),
            ));
        } else {
            let text = if entity_type.trim().is_empty() { name.to_owned() } else { entity_type };
            let draft = Draft {
                text,
                title: Some(name.to_owned()),
                kind: entity_kind(),
                source: source(name),
                ..Draft::default()
            };
            let entity = Incoming { key: Some(name.to_owned()), draft, ..Incoming::default() };
            self.ready.push_back(Read::Memory(line, Box::new(entity)));
        }
        for text in observations {
            if text.trim().is_empty() {
                self.ready.push_back(Read::remark(line, "an empty observation is left out"));
                continue;
            }
            *said += 1;
            // No entity's name holds this character and a number after it by accident.
            let key = format!("{name}\u{1f}{said}");
            let draft =
                Draft { text, title: Some(name.to_owned()), source: source(name), ..Draft::default() };
            let observation = Incoming { key: Some(key.clone()), draft, ..Incoming::default() };
            self.ready.push_back(Read::Memory(line, Box::new(observation)));
            let link = IncomingLink {
                from: key,
                to: name.to_owned(),
                kind: LinkKind::PartOf,
                strength: Strength::default(),
                reason: None,
            };
            self.ready.push_back(Read::Link(line, link));
        }
    }
}

fn entity_kind() -> Kind {
    "entity".parse().expect("the usual kinds are names")
}

fn source(name: &str) -> Source {
    Source::Document { at: format!("entity:{name}") }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        while self.ready.is_empty() {
            let (number, line) = match self.lines.next()? {
                (number, Ok(line)) => (number, line),
                (_, Err(damage)) => return Some(Read::Damage(damage)),
            };
            if line.trim().is_empty() {
                continue;
            }
            match serde_json::from_str(&line) {
                Ok(Row::Entity { name, entity_type, observations }) => {
                    self.entity(number, &name, entity_type, observations);
                }
                Ok(Row::Relation { from, to, relation_type }) => {
                    let kind = relation_type.parse().unwrap_or(LinkKind::References);
                    let reason = (relation_type != kind.as_str()).then_some(relation_type);
                    let link = IncomingLink { from, to, kind, strength: Strength::default(), reason };
                    return Some(Read::Link(number, link));
                }
                Err(why) => return Some(Read::Damage(Damage::json(&line, number, &why))),
            }
        }
        self.ready.pop_front()
    }
}

/// Writes memories and the links between them as the server keeps them, and says what it has no place for.
/// Links to memories that are not among these are left out.
///
/// # Errors
/// When writing fails.
pub fn write(out: &mut impl Write, memories: &[Memory], links: &[Link]) -> io::Result<Vec<String>> {
    let entities: HashSet<Id<MemoryKind>> =
        memories.iter().filter(|memory| is_entity(memory)).map(|memory| memory.id).collect();
    let part_of: HashMap<Id<MemoryKind>, Id<MemoryKind>> = links
        .iter()
        .filter(|link| link.kind == LinkKind::PartOf && entities.contains(&link.to))
        .map(|link| (link.from, link.to))
        .collect();
    let names = names(memories, &part_of);
    let mut observations: BTreeMap<Id<MemoryKind>, Vec<String>> = BTreeMap::new();
    for memory in memories {
        if let Some(entity) = part_of.get(&memory.id).filter(|_| !is_entity(memory)) {
            observations.entry(*entity).or_default().push(memory.text.clone());
        }
    }
    let mut write_row = |row: &Row| {
        serde_json::to_writer(&mut *out, row)?;
        out.write_all(b"\n")
    };
    for memory in memories {
        let Some(name) = names.get(&memory.id) else { continue };
        let (entity_type, own) = if is_entity(memory) {
            (memory.text.clone(), observations.remove(&memory.id).unwrap_or_default())
        } else {
            (memory.kind.to_string(), vec![memory.text.clone()])
        };
        write_row(&Row::Entity { name: name.clone(), entity_type, observations: own })?;
    }
    let mut left_out = 0;
    for link in links {
        let undone = link.kind == LinkKind::PartOf
            && part_of.get(&link.from) == Some(&link.to)
            && !names.contains_key(&link.from);
        match (names.get(&link.from), names.get(&link.to)) {
            _ if undone => {}
            (Some(from), Some(to)) => {
                let word = if link.kind == LinkKind::References { link.reason.as_deref() } else { None };
                let relation_type = word.unwrap_or(link.kind.as_str()).to_owned();
                write_row(&Row::Relation { from: from.clone(), to: to.clone(), relation_type })?;
            }
            _ => left_out += 1,
        }
    }
    let mut said = vec!["tags, times, importance, trust and sources have no place in this form".to_owned()];
    if left_out > 0 {
        said.push(format!(
            "{left_out} links of observations, or to memories that are not exported, are left out"
        ));
    }
    Ok(said)
}

fn is_entity(memory: &Memory) -> bool {
    memory.kind.as_str() == "entity"
}

/// A name for each memory that becomes an entity: its title, or its id; of two with the same title, the
/// later has its id behind it.
fn names(
    memories: &[Memory],
    part_of: &HashMap<Id<MemoryKind>, Id<MemoryKind>>,
) -> HashMap<Id<MemoryKind>, String> {
    let mut taken = HashSet::new();
    let entity = memories.iter().filter(|memory| is_entity(memory));
    let others = memories.iter().filter(|memory| !is_entity(memory) && !part_of.contains_key(&memory.id));
    entity
        .chain(others)
        .map(|memory| {
            let mut name = memory.title.clone().unwrap_or_else(|| memory.id.to_string());
            if !taken.insert(name.clone()) {
                name = format!("{name} ({})", memory.id);
                taken.insert(name.clone());
            }
            (memory.id, name)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portable::tests::{id, link, memory};

    const FILE: &str = "\
{\"type\":\"entity\",\"name\":\"Ann\",\"entityType\":\"person\",\"observations\":[\"likes tea\",\"lives in Oslo\",\" \"]}
{\"type\":\"entity\",\"name\":\"Keep\",\"entityType\":\"project\",\"observations\":[]}
{\"type\":\"entity\",\"name\":5}
{\"type\":\"relation\",\"from\":\"Ann\",\"to\":\"Keep\",\"relationType\":\"works on\"}
{\"type\":\"relation\",\"from\":\"Keep\",\"to\":\"Ann\",\"relationType\":\"part_of\"}
";

    #[test]
    fn in_and_out_again() {
        let (mut memories, mut links, mut keys) = (Vec::new(), Vec::new(), HashMap::new());
        let (mut damage, mut remarks) = (0, 0);
        for read in Reader::new(FILE.as_bytes()) {
            match read {
                Read::Memory(_, incoming) => {
                    let number = memories.len() as u8 + 1;
                    keys.insert(incoming.key.unwrap(), id(number));
                    let draft = incoming.draft;
                    memories.push(Memory {
                        kind: draft.kind,
                        title: draft.title,
                        text: draft.text,
                        ..memory(number)
                    });
                }
                Read::Link(_, incoming) => links.push(incoming),
                Read::Remark(remark) => {
                    remarks += 1;
                    assert_eq!(remark.line, 1);
                }
                Read::Damage(found) => {
                    damage += 1;
                    assert_eq!(found.line, 3);
                }
            }
        }
        assert_eq!((memories.len(), links.len(), damage, remarks), (4, 4, 1, 1));
        let links: Vec<Link> = links
            .into_iter()
            .map(|l| Link {
                from: keys[&l.from],
                to: keys[&l.to],
                kind: l.kind,
                reason: l.reason,
                ..link(1, 2)
            })
            .collect();
        let mut out = Vec::new();
        write(&mut out, &memories, &links).unwrap();
        let want = FILE.replace(",\" \"]", "]").replace("{\"type\":\"entity\",\"name\":5}\n", "");
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }

    #[test]
    fn other_memories_become_entities_with_names_of_their_own() {
        let mut out = Vec::new();
        let memories = [memory(1), memory(2)];
        let said = write(&mut out, &memories, &[link(1, 2), link(1, 9)]).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(&format!("\"name\":\"A title ({})\"", id(2))), "{text}");
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(said[1].starts_with("1 links"));
    }
}
