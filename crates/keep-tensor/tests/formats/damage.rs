//! Every damage of every committed file is carried, and the regions stay exact (which `read` checks).

use super::{file, read};
use proptest::prelude::*;
use std::path::Path;

/// Names of the committed files that are read as something.
pub(crate) fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".py") && !name.ends_with(".md"))
        .collect();
    names.sort();
    assert!(names.len() >= 20, "the files are missing");
    names
}

#[test]
fn every_prefix_is_carried() {
    for name in names() {
        let bytes = file(&name);
        for end in 0..bytes.len() {
            read(&bytes[..end], &name);
        }
    }
}

/// Up to here every bit is flipped; in longer files, whose headers say the same over and over, one of each
/// byte.
const SMALL: usize = 1024;

#[test]
fn every_flipped_bit_is_carried() {
    for name in names() {
        let mut bytes = file(&name);
        for index in 0..bytes.len() {
            let bits = if bytes.len() <= SMALL { 0..8 } else { index % 8..index % 8 + 1 };
            for bit in bits {
                bytes[index] ^= 1 << bit;
                read(&bytes, &name);
                bytes[index] ^= 1 << bit;
            }
        }
    }
}

/// Bytes that counts, lengths and offsets turn hostile with.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..9),
        Just(vec![0xff; 8]),
        Just(vec![0; 8]),
        Just(vec![0xff, 0xff, 0xff, 0x7f]),
        Just(vec![0, 0, 0, 0x80]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn many_damages_at_once_are_carried(
        pick in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), hostile()), 1..4),
        moved in proptest::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1..64_usize)),
    ) {
        let names = names();
        let name = pick.get(&names);
        let mut bytes = file(name);
        for (place, with) in edits {
            let start = place.index(bytes.len());
            let end = bytes.len().min(start + with.len());
            bytes[start..end].copy_from_slice(&with[..end - start]);
        }
        if let Some((from, to, len)) = moved {
            let from = from.index(bytes.len());
            let part = bytes[from..bytes.len().min(from + len)].to_vec();
            let to = to.index(bytes.len());
            bytes.splice(to..to, part);
        }
        read(&bytes, name);
    }
}
