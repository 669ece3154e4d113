//! What the index finds is what the ranking over texts in memory finds.

use crate::index_world::{SPACE, Said, World, places, query, says, turn};
use keep_embed::Table;
use keep_memory::index::{AsOf, Filters, Query, SpaceId, Span};
use keep_memory::model::Validity;
use keep_memory::rank::{Note, Question, Shelf, Weights};
use keep_types::{Timestamp, Trust};
use proptest::prelude::*;
use std::collections::BTreeMap;

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
        title: None,
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
            // The shelf's vectors are not rounded to bytes; where even the nearest is far, its own error
            // counts for more, since all are divided by it.
            prop_assert!(near(one.meaning, other.meaning, 0.08), "{one:?} {other:?}");
            prop_assert!(near(found.score, hit.score, 0.08));
            prop_assert_eq!(
                (one.speaker, one.question, one.time_word, one.day),
                (other.speaker, other.question, other.time_word, other.day)
            );
        }
        prop_assert_eq!(world.search_cold(&[SPACE], &wanted), answer);
    }
}

const PAST: &str = "2025-01-01T00:00:00Z";
const LATER: &str = "2025-06-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The same words six times, each standing otherwise.
fn six() -> World {
    let mut said: Vec<Said> = (0..6).map(|n| says(&format!("The server listens on port 80{n}."))).collect();
    said[0].standing.kind = "decision".parse().unwrap();
    said[1].standing.trust = Trust::Tool;
    said[2].standing.held = true;
    said[3].standing.retired_at = Some(at(LATER));
    said[3].standing.recorded_at = at(PAST);
    said[4].standing.valid = Validity { from: Some(at(PAST)), to: Some(at(LATER)) };
    said[5].said_at = Some(at(PAST));
    World::of(&said)
}

#[test]
fn filters_narrow_what_is_found() {
    let world = six();
    let check = |filters: Filters, expected: &[u32]| {
        let mut found = places(
            &world.search(&[SPACE], &Query { filters: filters.clone(), ..query("which port?") }).unwrap(),
        );
        found.sort_unstable();
        assert_eq!(found, expected, "{filters:?}");
    };
    let usual = Filters::default;
    let span = |from: &str, to: &str| Span { from: Some(at(from)), to: Some(at(to)) };
    let as_of = |recorded, valid| AsOf { recorded, valid };
    check(usual(), &[0, 1, 5]);
    check(Filters { include_held: true, ..usual() }, &[0, 1, 2, 5]);
    check(Filters { kinds: vec!["decision".parse().unwrap()], ..usual() }, &[0]);
    check(Filters { least_trust: Some(Trust::Agent), ..usual() }, &[0, 5]);
    check(Filters { said: span(PAST, LATER), ..usual() }, &[5]);
    check(Filters { recorded: span(PAST, LATER), ..usual() }, &[]);
    // What was on record in spring, and what was true then.
    let spring = Some(at("2025-03-01T00:00:00Z"));
    check(Filters { as_of: as_of(spring, None), ..usual() }, &[3]);
    check(Filters { as_of: as_of(None, spring), ..usual() }, &[0, 1, 4, 5]);
    let only = |space, places: &[u32]| Some(BTreeMap::from([(space, places.to_vec())]));
    check(Filters { only: only(SPACE, &[1, 2, 5]), ..usual() }, &[1, 5]);
    check(Filters { only: only(SpaceId(8), &[1]), ..usual() }, &[]);
}

#[test]
fn several_spaces_answer_together_and_others_not_at_all() {
    let world = World::new();
    let (project, global, foreign) = (SpaceId(1), SpaceId(2), SpaceId(3));
    world.add(project, 0, &[says("Releases are cut on Tuesdays."), says("The queue drops old jobs.")]);
    world.add(global, 0, &[says("Releases need two reviews."), says("Use British spelling.")]);
    let wanted = query("when are releases cut?");
    let alone = world.search(&[project, global], &wanted).unwrap();
    let secret = says("Releases of the secret cut are on Tuesdays, when nobody looks.");
    world.add(foreign, 0, &[secret]);
    assert_eq!(world.search(&[global, project, project], &wanted).unwrap(), alone);
    assert_eq!((alone.found[0].space, alone.found[0].place), (project, 0));
    assert!(alone.found.iter().all(|found| found.space != foreign));
    assert!(alone.found.iter().any(|found| found.space == global));
    assert!(world.search(&[], &wanted).unwrap().found.is_empty());
    assert!(world.search(&[SpaceId(9)], &wanted).unwrap().found.is_empty());
}

#[test]
fn any_text_is_a_question() {
    let world =
        World::of(&[says("We chose SQLite."), turn("talk", "Ann", "C++ is 50% done; see src/main.rs")]);
    for text in ["", " ", "what's the db?", "C++", "50%", "email: bob", "\"", "AND OR NOT *", "\0", "東京 🦀"]
    {
        world.search(&[SPACE], &query(text)).unwrap();
    }
    assert_eq!(places(&world.ask("src/main.rs?"))[0], 1);
}

#[test]
fn what_matters_or_is_new_comes_first_among_equals() {
    let mut said: Vec<Said> = (0..3).map(|_| says("The staging password rotates weekly.")).collect();
    said[0].standing.recorded_at = at(PAST);
    said[2].standing.importance = 9;
    let world = World::of(&said);
    assert_eq!(places(&world.ask("staging password")), [2, 1, 0]);
    assert_eq!(world.ask("staging password").found[1].legs.recency, 1.0);
}
