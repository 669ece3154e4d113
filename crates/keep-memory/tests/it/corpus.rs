//! Files that once were trouble, or that fuzzing starts from: each is read to its end, whole, cut off anywhere,
//! and with any byte changed.

use crate::reading;
use std::fs;
use std::path::Path;

fn replay(name: &str, read: fn(&[u8]) -> usize, files: usize, memories: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let (mut count, mut found) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        (count, found) = (count + 1, found + read(&bytes));
        for end in 0..bytes.len() {
            read(&bytes[..end]);
        }
        let mut changed = bytes.clone();
        for at in 0..bytes.len() {
            for other in [b'"', b'\n', b'-', b'{', 0, 0xff] {
                changed[at] = other;
                read(&changed);
            }
            changed[at] = bytes[at];
        }
    }
    assert!(count >= files && found >= memories, "{name}: {count} files, {found} memories");
}

#[test]
fn own_lines_replay() {
    replay("own", reading::own, 6, 4);
}

#[test]
fn markdown_replays() {
    replay("markdown", reading::markdown, 6, 6);
}

#[test]
fn mnemosyne_replays() {
    replay("mnemosyne", reading::mnemosyne, 5, 4);
}

#[test]
fn the_graph_server_replays() {
    replay("graph_server", reading::graph_server, 5, 5);
}
