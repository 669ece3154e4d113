//! SciFact, read from outside the repository: abstracts, and claims with the abstracts that speak of them.

use crate::Res;
use keep_memory::rank::Note;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// Abstracts and claims.
pub(crate) struct SciFact {
    pub(crate) notes: Vec<Note>,
    /// Each claim with the places of its abstracts.
    pub(crate) claims: Vec<(String, Vec<usize>)>,
}

/// Reads them.
pub(crate) fn load(folder: &Path) -> Res<SciFact> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))
    };
    let mut places = HashMap::new();
    let mut notes = Vec::new();
    for line in read("corpus.jsonl")?.lines() {
        let document: Value = serde_json::from_str(line)?;
        let part = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
        places.insert(part("_id"), notes.len());
        notes.push(Note { text: part("text"), title: Some(part("title")), ..Note::default() });
    }
    let mut wanted: HashMap<String, Vec<usize>> = HashMap::new();
    for line in read("qrels.tsv")?.lines().skip(1) {
        let mut cells = line.split('\t');
        if let (Some(query), Some(document)) = (cells.next(), cells.next())
            && let Some(place) = places.get(document)
        {
            wanted.entry(query.to_owned()).or_default().push(*place);
        }
    }
    let mut claims = Vec::new();
    for line in read("queries.jsonl")?.lines() {
        let query: Value = serde_json::from_str(line)?;
        if let Some(places) = query["_id"].as_str().and_then(|id| wanted.get(id)) {
            claims.push((query["text"].as_str().unwrap_or_default().to_owned(), places.clone()));
        }
    }
    Ok(SciFact { notes, claims })
}
