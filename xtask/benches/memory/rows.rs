//! The rows of `eval memory`.

use crate::Res;
use crate::locomo::{self, Conversation};
use crate::measure::Quality;
use crate::row::{Beside, Better, Row};
use crate::scifact;
use keep_embed::{Embedder, Table};
use keep_memory::index::{self, Cache, Entry, Filters, Keep, Prepared, Query, SpaceId, Standing};
use keep_memory::model::{Kind, Validity};
use keep_memory::rank::{Note, Question, Weights};
use keep_types::{Timestamp, Trust};
use rusqlite::Connection;
use std::path::Path;

/// A recipe, and what it is called.
struct Recipe {
    name: &'static str,
    weights: Weights,
}

/// Measures everything below a folder with `locomo.json` and `scifact/`.
pub(crate) fn eval(data: &Path) -> Res<Vec<Row>> {
    let table = Table::built_in()?;
    let conversations = locomo::load(&data.join("locomo.json"))?;
    let whole = Weights::default();
    let plain = Weights {
        context_near: 0.0,
        context_answer: 0.0,
        meaning_answer: 0.0,
        context_far: 0.0,
        meaning: 0.0,
        meaning_near: 0.0,
        meaning_far: 0.0,
        speaker: 0.0,
        question: 0.0,
        time_word: 0.0,
        day: 0.0,
        importance: 0.0,
        recency: 0.0,
    };
    let recipes = [
        Recipe { name: "bm25 alone", weights: plain },
        Recipe {
            name: "bm25 with context",
            weights: Weights {
                context_near: whole.context_near,
                context_answer: whole.context_answer,
                context_far: whole.context_far,
                ..plain
            },
        },
        Recipe {
            name: "without words around",
            weights: Weights { context_near: 0.0, context_answer: 0.0, context_far: 0.0, ..whole },
        },
        Recipe { name: "without meaning", weights: Weights { meaning: 0.0, ..whole } },
        Recipe { name: "without speaker", weights: Weights { speaker: 0.0, ..whole } },
        Recipe { name: "without question", weights: Weights { question: 0.0, ..whole } },
        Recipe { name: "without time words", weights: Weights { time_word: 0.0, ..whole } },
        Recipe { name: "without day", weights: Weights { day: 0.0, ..whole } },
        Recipe { name: "whole", weights: whole },
    ];
    println!("{:<20} {:>6} {:>6} {:>6} {:>6}", "locomo", "R@5", "R@10", "R@20", "MRR");
    let mut means = Vec::new();
    for recipe in &recipes {
        let mean = over(&conversations, &table, recipe.weights, |category| category <= 4)?.mean();
        println!(
            "{:<20} {:>6.3} {:>6.3} {:>6.3} {:>6.3}",
            recipe.name, mean.r5, mean.r10, mean.r20, mean.mrr
        );
        means.push(mean);
    }
    for (category, name) in [(4, "single-hop"), (2, "temporal"), (1, "multi-hop"), (3, "open")] {
        let mean = over(&conversations, &table, whole, |found| found == category)?.mean();
        println!(
            "  {name:<18} {:>6.3} {:>6.3} {:>6.3} {:>6.3}  n {}",
            mean.r5, mean.r10, mean.r20, mean.mrr, mean.questions
        );
    }
    let (bm25, best) = (means[0], means[means.len() - 1]);
    let science = over_documents(&data.join("scifact"), &table, whole)?;
    let words = over_documents(&data.join("scifact"), &table, plain)?;
    println!("scifact nDCG@10 {:.3}, bm25 alone {:.3}\n", science.ndcg10, words.ndcg10);
    println!("questions without an answer told apart, AUC {:.3}\n", abstention(&conversations, &table)?);
    let row = |name: &str, value: f64, beside: f64| {
        Row::new(name, value, "", Better::Higher).beside(Beside::new("bm25 alone", beside, ""))
    };
    Ok(vec![
        row("locomo R@10", best.r10, bm25.r10),
        row("locomo R@5", best.r5, bm25.r5),
        row("locomo MRR", best.mrr, bm25.mrr),
        Row::new("locomo R@10 over bm25 alone", best.r10 / bm25.r10, "x", Better::Higher),
        row("scifact nDCG@10", science.ndcg10, words.ndcg10),
    ])
}

fn over(
    conversations: &[Conversation],
    embedder: &dyn Embedder,
    weights: Weights,
    counts: impl Fn(u64) -> bool,
) -> Res<Quality> {
    let mut all = Quality::default();
    for conversation in conversations {
        let library = Library::of(&conversation.turns, embedder)?;
        let mut quality = Quality::default();
        for asked in
            conversation.questions.iter().filter(|asked| counts(asked.category) && !asked.evidence.is_empty())
        {
            let (found, _) = library.search(&asked.text, embedder, weights)?;
            quality.add(&found, &asked.evidence);
        }
        all = all.and(quality);
    }
    Ok(all)
}

fn over_documents(folder: &Path, embedder: &dyn Embedder, weights: Weights) -> Res<Quality> {
    let data = scifact::load(folder)?;
    let library = Library::of(&data.notes, embedder)?;
    let mut quality = Quality::default();
    for (claim, wanted) in &data.claims {
        let (found, _) = library.search(claim, embedder, weights)?;
        quality.add(&found, wanted);
    }
    Ok(quality.mean())
}

/// How often a question that has an answer is given more confidence than one that has none.
fn abstention(conversations: &[Conversation], embedder: &dyn Embedder) -> Res<f64> {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for conversation in conversations {
        let library = Library::of(&conversation.turns, embedder)?;
        for asked in &conversation.questions {
            let (_, confidence) = library.search(&asked.text, embedder, Weights::default())?;
            if asked.category == 5 { without.push(confidence) } else { with.push(confidence) }
        }
    }
    let better = |one: f32| {
        without
            .iter()
            .map(|other| f64::from(u8::from(one > *other)) + 0.5 * f64::from(u8::from(one == *other)))
            .sum::<f64>()
    };
    let sum: f64 = with.iter().map(|one| better(*one)).sum();
    Ok(sum / (with.len() * without.len()) as f64)
}

/// Notes in an index of their own.
struct Library {
    sql: Connection,
    cache: Cache,
}

const SPACE: SpaceId = SpaceId(1);

impl Library {
    fn of(notes: &[Note], embedder: &dyn Embedder) -> Res<Self> {
        let sql = Connection::open_in_memory()?;
        for step in keep_memory::SCHEMA.steps {
            sql.execute_batch(step)?;
        }
        let entries = notes.iter().map(|note| prepared(note, embedder)).collect::<Res<Vec<_>>>()?;
        for (at, batch) in entries.chunks(256).enumerate() {
            index::add(&sql, SPACE, u32::try_from(at * 256)?, batch)?;
        }
        Ok(Self { sql, cache: Cache::new(Keep::UpTo(1 << 30)) })
    }

    /// The places found, best first, and how sure the search is.
    fn search(&self, text: &str, embedder: &dyn Embedder, weights: Weights) -> Res<(Vec<usize>, f32)> {
        let query = Query {
            question: Question::new(text),
            filters: Filters::default(),
            weights,
            most: 50,
            now: Timestamp::from_ms(1_800_000_000_000),
        };
        let answer = index::search(&self.sql, &self.cache, &[embedder], &[SPACE], &query)?;
        Ok((answer.found.iter().map(|found| found.place as usize).collect(), answer.confidence))
    }
}

fn prepared(note: &Note, embedder: &dyn Embedder) -> Res<Prepared> {
    let said_at = match note.day {
        Some(day) => Some(format!("{day}T12:00:00Z").parse()?),
        None => None,
    };
    let entry = Entry {
        text: &note.text,
        title: None,
        tags: &[],
        conversation: note.conversation.as_deref(),
        speaker: note.speaker.as_deref(),
        said_at,
        standing: Standing {
            kind: Kind::default(),
            trust: Trust::User,
            importance: 5,
            held: false,
            pinned: false,
            recorded_at: Timestamp::from_ms(1_790_000_000_000),
            retired_at: None,
            valid: Validity::default(),
            expires_at: None,
        },
    };
    Ok(Prepared::of(embedder, &entry)?)
}
