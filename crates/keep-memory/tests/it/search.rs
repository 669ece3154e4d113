//! What the index finds is what the ranking over texts in memory finds.

use crate::index_world::{SPACE, Said, World, now, places, query, says, standing, turn};
use keep_embed::Table;
use keep_memory::index::{AsOf, Filters, Query, SpaceId, Span};
use keep_memory::model::Validity;
use keep_memory::rank::{Note, Question, Shelf, Weights};
use keep_types::{Timestamp, Trust};
use proptest::prelude::*;

const WORDS: &[&str] = &[
    "Caroline",
    "Melanie",
    "painted",
    "sunset",
    "camping",
    "mountains",
    "database",
    "SQLite",
    "chose",
    "because",
    "yesterday",
    "July",
    "dog",
    "puppy",
    "race",
    "charity",
    "ran",
    "weekend",
    "pottery",
    "class",
    "kids",
    "swimming",
    "adoption",
    "agency",
    "what",
    "when",
    "did",
    "go",
    "the",
    "?",
];

fn sentence() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(WORDS), 1..12).prop_map(|words| words.join(" "))
}

fn said() -> impl Strategy<Value = Said> {
    let talk = proptest::option::of(proptest::sample::select(vec!["one", "two"]));
    let speaker = proptest::option::of(proptest::sample::select(vec!["Caroline", "Melanie"]));
    let day = proptest::option::of(0_i64..60);
    (sentence(), talk, speaker, day).prop_map(|(text, talk, speaker, day)| Said {
        conversation: talk.map(str::to_owned),
        speaker: speaker.map(str::to_owned),
        said_at: day.map(|day| Timestamp::from_ms(1_688_000_000_000 + day * 86_400_000)),
        ..says(&text)
    })
}

fn note(said: &Said) -> Note {
    let day = said.said_at.map(|at| {
        let at = jiff::Timestamp::from_millisecond(at.ms()).unwrap();
        jiff::tz::Offset::UTC.to_datetime(at).date()
    });
    Note {
        text: said.text.clone(),
        conversation: said.conversation.clone(),
        speaker: said.speaker.clone(),
        day,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn the_index_scores_as_the_shelf_does(
        said in proptest::collection::vec(said(), 1..40),
        question in sentence(),
        batch in 1_usize..20,
    ) {
        let world = World::new();
        for (at, some) in said.chunks(batch).enumerate() {
            world.add(SPACE, (at * batch) as u32, some);
        }
        let table = Table::built_in().unwrap();
        let weights = Weights { importance: 0.0, recency: 0.0, ..Weights::default() };
        let mut shelf = Shelf::new(&table, weights);
        for said in &said {
            shelf.push(&note(said)).unwrap();
        }
        let hits = shelf.search(&Question::new(&question), said.len()).unwrap();
        let wanted = Query { weights, most: said.len(), ..query(&question) };
        let answer = world.search(&[SPACE], &wanted).unwrap();
        prop_assert_eq!(answer.found.len(), hits.len());
        for found in &answer.found {
            let hit = hits.iter().find(|hit| hit.at == found.place as usize).unwrap();
            let (one, other) = (found.legs, hit.legs);
            let near = |a: f32, b: f32, by: f32| (a - b).abs() <= by;
            prop_assert!(near(one.words, other.words, 1e-4), "{one:?} {other:?}");
            // The shelf's vectors are not rounded to bytes.
            prop_assert!(near(one.meaning, other.meaning, 0.03), "{one:?} {other:?}");
            prop_assert!(near(found.score, hit.score, 0.03));
            prop_assert_eq!(
                (one.speaker, one.question, one.time_word, one.day),
                (other.speaker, other.question, other.time_word, other.day)
            );
        }
        prop_assert_eq!(world.search_cold(&[SPACE], &wanted), answer);
    }
}
