//! The rows of `eval memory`.

use crate::Res;
use crate::calibrate::{self, Case, Sort};
use crate::locomo::{self, Conversation};
use crate::measure::Quality;
use crate::row::{Beside, Better, Row};
use crate::scifact;
use keep_embed::{Embedder, Table};
use keep_memory::RELEVANT;
use keep_memory::index::{self, Answer, Cache, Entry, Filters, Keep, Prepared, Query, SpaceId, Standing};
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
    show_calibration(&conversations, &table)?;
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
            let found = library.search(&asked.text, embedder, weights)?;
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
        let found = library.search(claim, embedder, weights)?;
        quality.add(&found, wanted);
    }
    Ok(quality.mean())
}

/// Every question, put to its own conversation, to a few turns with its answer or without, and, every fourth, to
/// the next conversation, which knows nothing of it.
fn cases(conversations: &[Conversation], embedder: &dyn Embedder) -> Res<Vec<Case>> {
    let mut cases = Vec::new();
    for (conversation, talk) in conversations.iter().enumerate() {
        let library = Library::of(&talk.turns, embedder)?;
        let mut put = |text: &str, sort: Sort| -> Res<()> {
            let answer = library.answer(text, embedder, Weights::default())?;
            cases.push(Case { conversation, signs: answer.signs, confidence: answer.confidence, sort });
            Ok(())
        };
        for asked in &talk.questions {
            put(&asked.text, if asked.category == 5 { Sort::Twisted } else { Sort::Answered })?;
        }
        let next = &conversations[(conversation + 1) % conversations.len()];
        for asked in next.questions.iter().step_by(4) {
            put(&asked.text, Sort::Foreign)?;
        }
        // What is sure of many may be unsure of few, and most namespaces are small.
        for (n, asked) in talk.questions.iter().enumerate().filter(|(_, asked)| asked.category < 5) {
            let few = [1, 4, 16, 64][n % 4];
            let from = n * 37 % talk.turns.len();
            let others = (0..few).map(|at| (from + at * 11) % talk.turns.len());
            let others = others.filter(|at| !asked.evidence.contains(at));
            let (places, sort) = match n / 4 % 2 {
                0 => (asked.evidence.iter().copied().chain(others).collect::<Vec<_>>(), Sort::Answered),
                _ => (others.collect(), Sort::Foreign),
            };
            let turns: Vec<Note> = places.iter().map(|&at| talk.turns[at].clone()).collect();
            if turns.is_empty() || asked.evidence.is_empty() {
                continue;
            }
            let answer = Library::of(&turns, embedder)?.answer(&asked.text, embedder, Weights::default())?;
            cases.push(Case { conversation, signs: answer.signs, confidence: answer.confidence, sort });
        }
    }
    Ok(cases)
}

/// Pairs that have no word in common and must be found all the same.
const BY_MEANING: &[(&str, &str)] = &[
    ("pick a database", "we chose Postgres for storage"),
    ("which editor does she like", "Ann prefers writing code in vim"),
    ("how do users log in", "authentication happens with passkeys"),
    ("hot drinks", "Ann prefers tea in the morning"),
    ("what broke yesterday", "the deployment failed with an out of memory error"),
    ("pets", "Greta adopted a small dog"),
    ("programming language of the backend", "the server is written in Rust"),
    ("vacation plans", "we will travel to Italy in the summer"),
];

/// Prints how well a search knows when it has no answer.
fn show_calibration(conversations: &[Conversation], embedder: &dyn Embedder) -> Res<()> {
    let cases = cases(conversations, embedder)?;
    for (name, found) in
        [("left out", calibrate::calibrate(&cases)?), ("as it is", calibrate::as_it_is(&cases))]
    {
        println!(
            "no answer told apart, {name}: AUC {:.3} twisted, {:.3} foreign; at 5 % silenced (below {:.3}) caught \
             {:.3} and {:.3}; {:.3?}",
            found.twisted_auc,
            found.foreign_auc,
            found.threshold,
            found.caught[0],
            found.caught[1],
            found.model
        );
    }
    let [answered, twisted, foreign] = calibrate::below(&cases, RELEVANT);
    println!("called no answer: {answered:.3} of those with one, {twisted:.3} twisted, {foreign:.3} foreign");
    for (question, text) in BY_MEANING {
        let library = Library::of(&[Note { text: (*text).to_owned(), ..Note::default() }], embedder)?;
        let answer = library.answer(question, embedder, Weights::default())?;
        println!("  {:.3} {question} / {text}: {:.2?}", answer.confidence, answer.signs.numbers());
    }
    println!();
    Ok(())
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

    /// The places found, best first.
    fn search(&self, text: &str, embedder: &dyn Embedder, weights: Weights) -> Res<Vec<usize>> {
        let answer = self.answer(text, embedder, weights)?;
        Ok(answer.found.iter().map(|found| found.place as usize).collect())
    }

    fn answer(&self, text: &str, embedder: &dyn Embedder, weights: Weights) -> Res<Answer> {
        let query = Query {
            question: Question::new(text),
            filters: Filters::default(),
            weights,
            most: 50,
            now: Timestamp::from_ms(1_800_000_000_000),
        };
        Ok(index::search(&self.sql, &self.cache, &[embedder], &[SPACE], &query)?)
    }
}

fn prepared(note: &Note, embedder: &dyn Embedder) -> Res<Prepared> {
    let said_at = match note.day {
        Some(day) => Some(format!("{day}T12:00:00Z").parse()?),
        None => None,
    };
    let entry = Entry {
        text: &note.text,
        title: note.title.as_deref(),
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
