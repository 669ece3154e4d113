//! The index as it is written.

use crate::index_world::{SPACE, World, places, says, turn};

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
