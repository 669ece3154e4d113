//! The fuzz targets' corpora hold in the ordinary tests, too.

use super::checks;
use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() > 2, "the corpus is missing");
    for file in files {
        check(&std::fs::read(file).unwrap());
    }
}

#[test]
fn the_corpora_hold() {
    replay("chunk", checks::chunk);
    replay("cut", checks::cut);
    replay("gguf", checks::gguf);
    replay("npy", checks::npy);
    // Those that were not changed are packs; otherwise nothing behind the root would be read.
    replay("pack", |bytes| _ = checks::pack(bytes));
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/pack/plain");
    assert!(checks::pack(&std::fs::read(whole).unwrap()));
    replay("safetensors", checks::safetensors);
    replay("torch", checks::torch);
    replay("zip", checks::zip);
}
