//! The rows of `eval memory`.

use crate::Res;
use crate::locomo::{self, Conversation};
use crate::measure::Quality;
use crate::row::{Beside, Better, Row};
use crate::scifact;
use keep_embed::{Embedder, Table};
use keep_memory::rank::{Question, Shelf, Weights};
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
        context_far: 0.0,
        meaning: 0.0,
        meaning_near: 0.0,
        meaning_far: 0.0,
        speaker: 0.0,
        question: 0.0,
        time_word: 0.0,
        day: 0.0,
    };
    let recipes = [
        Recipe { name: "bm25 alone", weights: plain },
        Recipe {
            name: "bm25 with context",
            weights: Weights { context_near: 0.5, context_far: 0.25, ..plain },
        },
        Recipe {
            name: "without context",
            weights: Weights {
                context_near: 0.0,
                context_far: 0.0,
                meaning_near: 0.0,
                meaning_far: 0.0,
                ..whole
            },
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
        let mut shelf = Shelf::new(embedder, weights);
        for turn in &conversation.turns {
            shelf.push(turn)?;
        }
        let mut quality = Quality::default();
        for asked in
            conversation.questions.iter().filter(|asked| counts(asked.category) && !asked.evidence.is_empty())
        {
            let hits = shelf.search(&Question::new(&asked.text), 50)?;
            let found: Vec<usize> = hits.iter().map(|hit| hit.at).collect();
            quality.add(&found, &asked.evidence);
        }
        all = all.and(quality);
    }
    Ok(all)
}

fn over_documents(folder: &Path, embedder: &dyn Embedder, weights: Weights) -> Res<Quality> {
    let data = scifact::load(folder)?;
    let mut shelf = Shelf::new(embedder, weights);
    for note in &data.notes {
        shelf.push(note)?;
    }
    let mut quality = Quality::default();
    for (claim, wanted) in &data.claims {
        let hits = shelf.search(&Question::new(claim), 50)?;
        let found: Vec<usize> = hits.iter().map(|hit| hit.at).collect();
        quality.add(&found, wanted);
    }
    Ok(quality.mean())
}
