//! Texts that once were trouble, or that fuzzing starts from: each has an analysis.

use crate::look;
use std::fs;
use std::path::Path;

#[test]
fn the_corpus_replays() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let analysis = look(&String::from_utf8_lossy(&bytes));
        assert_ne!(analysis.unparsable.as_deref(), Some("the analysis failed on this text"));
        count += 1;
    }
    assert!(count >= 20, "{count}");
}
