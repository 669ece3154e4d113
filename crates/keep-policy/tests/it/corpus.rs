//! Rule files that once were trouble, or that fuzzing starts from. The first line of each says whether it
//! loads.

use crate::any_file::holds_for;
use crate::source;
use keep_policy::{Layer, Policy};
use keep_types::chain;
use proptest::prelude::*;
use proptest::sample::Index;
use std::fs;
use std::path::Path;

fn corpus() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    paths.map(|path| (path.display().to_string(), text(&path))).collect()
}

#[test]
fn the_corpus_replays() {
    let corpus = corpus();
    for (name, text) in &corpus {
        let loads = Policy::load(vec![source(Layer::User, text)]);
        let told = loads.as_ref().err().map(|error| chain(error).join(": ")).unwrap_or_default();
        assert_eq!(loads.is_ok(), text.starts_with("# loads\n"), "{name}: {told}");
        holds_for(text);
    }
    assert!(corpus.len() >= 30, "the corpus is there");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// A file of the corpus with a piece cut out or a piece of another put in.
    #[test]
    fn mutations_of_the_corpus_hold(
        (which, other, from, at) in any::<(Index, Index, Index, Index)>(),
        length in 0usize..40,
    ) {
        let corpus = corpus();
        let (mut text, piece) = (corpus[which.index(corpus.len())].1.clone(), &corpus[other.index(corpus.len())].1);
        let start = piece.floor_char_boundary(from.index(piece.len() + 1));
        let end = piece.floor_char_boundary((start + length).min(piece.len()));
        let cut = text.floor_char_boundary(at.index(text.len() + 1));
        let until = text.floor_char_boundary((cut + length / 2).min(text.len()));
        text.replace_range(cut..until, &piece[start..end]);
        holds_for(&text);
    }
}
