//! The index as it is written.

use crate::index_world::{SPACE, Said, World, Written, places, query, says, turn};
use keep_embed::{EmbedError, Embedder, EmbedderId, Quantised};
use keep_memory::index::{
    Behind, IndexError, Part, Place, Prepared, add, check, rebuild, reembed, remove, repair, replace,
    restand, search, stale,
};
use keep_types::Digest;

#[test]
fn what_is_added_is_found_by_word_by_meaning_and_by_neighbour() {
    let world = World::of(&[
        says("We chose SQLite because one file is easy to back up."),
        turn("talk", "Melanie", "What did you paint last week?"),
        turn("talk", "Caroline", "A sunset over the lake."),
        says("The linter runs before every commit."),
    ]);
    assert_eq!(places(&world.ask("which database did we choose?"))[0], 0);
    assert_eq!(places(&world.ask("what did Caroline paint?"))[0], 2);
    assert_eq!(places(&world.ask("code style checks at committing"))[0], 3);
}

/// A conversation of as many turns, and what was said beside it.
fn talk(turns: usize) -> Vec<Said> {
    let of = |at: usize| match at % 5 {
        0 => turn("talk", "Melanie", &format!("Did you see number {at} of the lighthouse?")),
        1 => turn("talk", "Caroline", &format!("Yes, picture {at} hangs in the kitchen.")),
        2 => turn("other", "Joe", &format!("The tide was at {at} that morning.")),
        3 => says(&format!("Build {at} took nine minutes.")),
        _ => turn("talk", "Melanie", &format!("I painted the harbour {at} times.")),
    };
    (0..turns).map(of).collect()
}

fn numbered(said: &[Said]) -> Vec<(Place, Said)> {
    (0..).zip(said.iter().cloned()).collect()
}

/// The index made anew from these memories.
fn afresh(said: &[(Place, Said)]) -> Vec<String> {
    let world = World::new();
    rebuild(&world.sql, SPACE, &Written { said, table: &world.table }).unwrap();
    world.rows()
}

#[test]
fn what_is_removed_leaves_nothing() {
    let mut said = talk(300);
    said[130] = turn("talk", "Xenia", "The zeppelin landed at Quezaltenango with forty crocodiles.");
    let world = World::of(&said);
    assert!(world.rows().iter().any(|row| row.contains("zeppelin") || row.contains("quezaltenango")));
    let old = said[130].prepared(&world.table);
    remove(&world.sql, SPACE, 130, &old).unwrap();

    let rows = world.rows();
    for word in ["zeppelin", "quezaltenango", "crocodil", "land", "forti", "xenia"] {
        assert!(!rows.iter().any(|row| row.to_lowercase().contains(word)), "{word}");
    }
    // Neither in what its neighbours had taken up: all is as if it had never been said.
    let mut left = numbered(&said);
    left.remove(130);
    assert_eq!(rows, afresh(&left));
    assert!(!places(&world.ask("zeppelin with crocodiles")).contains(&130));
    assert!(matches!(remove(&world.sql, SPACE, 130, &old), Err(IndexError::Place { place: 130, .. })));
}

#[test]
fn removing_all_turns_in_any_order_leaves_no_row_of_words() {
    let said = talk(40);
    let world = World::of(&said);
    for at in (0..40).step_by(2).chain((1..40).rev().step_by(2)) {
        remove(&world.sql, SPACE, at, &said[at as usize].prepared(&world.table)).unwrap();
    }
    let left = world.rows();
    assert!(left.iter().all(|row| row.contains("\"space\"") || row.contains("\"leaf\"")), "{left:?}");
    assert!(world.ask("lighthouse").found.is_empty());
}

#[test]
fn another_text_takes_the_place_of_the_first() {
    let mut said = talk(300);
    let world = World::of(&said);
    let old = said[131].prepared(&world.table);
    said[131] = turn("talk", "Melanie", "Was the zeppelin late?");
    replace(&world.sql, SPACE, 131, &old, &said[131].prepared(&world.table)).unwrap();
    assert_eq!(world.rows(), afresh(&numbered(&said)));
    assert_eq!(places(&world.ask("zeppelin"))[0], 131);
}

#[test]
fn how_a_memory_stands_changes_alone() {
    let mut said = talk(20);
    let world = World::of(&said);
    assert_eq!(places(&world.ask("Build 13"))[0], 13);
    said[13].standing.held = true;
    said[14].standing.expires_at = Some("2026-01-01T00:00:00Z".parse().unwrap());
    for at in [13, 14] {
        restand(&world.sql, SPACE, at, &said[at as usize].standing).unwrap();
    }
    assert_eq!(world.rows(), afresh(&numbered(&said)));
    let found = places(&world.ask("Build 13 painted harbour 14"));
    assert!(!found.contains(&13) && !found.contains(&14), "{found:?}");
}

#[test]
fn one_by_one_or_at_once_is_the_same() {
    let said = talk(300);
    let world = World::new();
    for (at, one) in (0..).zip(&said) {
        world.add(SPACE, at, std::slice::from_ref(one));
    }
    assert_eq!(world.rows(), World::of(&said).rows());
    let taken = add(&world.sql, SPACE, 5, &[said[5].prepared(&world.table)]);
    assert!(matches!(taken, Err(IndexError::Place { place: 5, .. })));
}

#[test]
fn a_flipped_byte_is_noticed_and_repaired() {
    let said = talk(600);
    let world = World::of(&said);
    let whole = world.rows();
    let written = numbered(&said);
    let rows = Written { said: &written, table: &world.table };
    let damages = [
        ("UPDATE memory_index_term SET postings = X'0102030405060708' WHERE term = 'paint'", Part::Words(0)),
        (
            "UPDATE memory_index_leaf SET body = CAST(substr(body, 1, 99) || X'5a5b' || substr(body, 102) AS BLOB)
             WHERE key & 0xffffffff = 1",
            Part::Leaf(1),
        ),
        (
            "UPDATE memory_index_vector SET vector = zeroblob(264) WHERE key & 0xffffffff = 299",
            Part::Vector(299),
        ),
        ("DELETE FROM memory_index_vector WHERE key & 0xffffffff = 301", Part::Vector(301)),
        ("UPDATE memory_index_space SET form = 0", Part::Whole),
    ];
    for (damage, part) in damages {
        world.sql.execute_batch(damage).unwrap();
        assert_eq!(check(&world.sql, SPACE).unwrap(), [part].into(), "{damage}");
        let cold = keep_memory::index::Cache::new(keep_memory::index::Keep::UpTo(1 << 30));
        let asked = search(&world.sql, &cold, &[&world.table], &[SPACE], &query("who painted"));
        assert!(matches!(asked, Err(IndexError::Damaged { part: found, .. }) if found == part), "{asked:?}");
        repair(&world.sql, SPACE, part, &rows).unwrap();
        assert_eq!(world.rows(), whole, "{damage}");
        assert!(check(&world.sql, SPACE).unwrap().is_empty());
    }
}

#[test]
fn what_is_kept_follows_what_is_written() {
    let said = talk(300);
    let world = World::of(&said[..290]);
    for at in 290..300 {
        world.ask("harbour");
        world.add(SPACE, at, std::slice::from_ref(&said[at as usize]));
        assert_eq!(world.ask("harbour"), world.search_cold(&[SPACE], &query("harbour")));
    }
    remove(&world.sql, SPACE, 294, &said[294].prepared(&world.table)).unwrap();
    assert_eq!(world.ask("harbour 294"), world.search_cold(&[SPACE], &query("harbour 294")));
}

/// An embedder that knows nothing but which letters a text has.
struct Letters(EmbedderId);

impl Letters {
    fn new() -> Self {
        Self(EmbedderId { name: "letters".into(), version: 1, digest: Digest::of(b"letters") })
    }
}

impl Embedder for Letters {
    fn id(&self) -> &EmbedderId {
        &self.0
    }

    fn dimensions(&self) -> usize {
        26
    }

    fn embed(&self, text: &str, out: &mut [f32]) -> Result<(), EmbedError> {
        out.fill(0.0);
        text.bytes().filter(u8::is_ascii_lowercase).for_each(|byte| out[usize::from(byte - b'a')] += 1.0);
        keep_embed::normalise(out);
        Ok(())
    }
}

#[test]
fn an_embedder_follows_another_while_searches_go_on() {
    let said = talk(300);
    let world = World::of(&said);
    let letters = Letters::new();
    let ask = |embedders: &[&dyn Embedder]| {
        search(&world.sql, &world.cache, embedders, &[SPACE], &query("picture in the kitchen")).unwrap()
    };
    let prepared = |at: Place| -> Quantised {
        let entry: Prepared = said[at as usize].prepared(&letters);
        entry.vector().clone()
    };
    let (mut rounds, mut behind) = (0, Behind::NONE);
    while let Some((places, next)) = stale(&world.sql, SPACE, letters.id(), behind).unwrap() {
        // Begun anew in the middle, it comes upon the same leaf at once.
        let (again, _) = stale(&world.sql, SPACE, letters.id(), Behind::NONE).unwrap().unwrap();
        assert_eq!(again, places);
        behind = next;
        let vectors = places.iter().map(|at| (*at, prepared(*at))).collect();
        reembed(&world.sql, SPACE, &letters, vectors).unwrap();
        let answer = ask(&[&world.table, &letters]);
        assert!(answer.found.iter().take(3).all(|found| found.place % 5 < 3), "{answer:?}");
        rounds += 1;
    }
    assert_eq!(rounds, 2, "each leaf once");
    // The old embedder made no vector that is left; without the new one words alone are searched.
    assert!(ask(&[&world.table]).found.iter().all(|found| found.legs.meaning == 0.0));
    assert!(ask(&[&letters]).found.iter().any(|found| found.legs.meaning > 0.9));
    let same = World::new();
    let entries: Vec<Prepared> = said.iter().map(|said| said.prepared(&letters)).collect();
    add(&same.sql, SPACE, 0, &entries).unwrap();
    let vectors = |world: &World| {
        let rows = world.rows().into_iter().filter(|row| row.contains("\"vector\""));
        rows.collect::<Vec<_>>()
    };
    assert_eq!(vectors(&world), vectors(&same));
}
