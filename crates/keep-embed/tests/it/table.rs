//! The table as it is compiled in, and tables that are not whole.

use keep_embed::{EmbedError, Embedder, Table, dot};

static BYTES: &[u8] = include_bytes!("../../data/table.bin");

fn embed(text: &str) -> Vec<f32> {
    let table = Table::built_in().unwrap();
    let mut vector = vec![0.0; table.dimensions()];
    table.embed(text, &mut vector).unwrap();
    vector
}

#[test]
fn the_table_is_what_its_header_says() {
    let table = Table::built_in().unwrap();
    table.verify().unwrap();
    assert_eq!(table.dimensions(), 256);
    assert_eq!(table.id().name, "table");
}

#[test]
fn one_changed_byte_is_found() {
    let mut bytes = BYTES.to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let table = Table::from_bytes(bytes.leak()).unwrap();
    assert!(matches!(table.verify(), Err(EmbedError::Changed { .. })));
}

#[test]
fn what_is_no_whole_table_is_refused() {
    let longer = [BYTES, b"x"].concat();
    let mut newer = BYTES.to_vec();
    newer[8] = 99;
    let (mut huge, mut flat) = (BYTES.to_vec(), BYTES.to_vec());
    huge[16..28].fill(0xff);
    flat[20..24].fill(0);
    let check = |bytes: &[u8]| Table::from_bytes(bytes.to_vec().leak()).map(drop).unwrap_err();
    assert!(matches!(check(b""), EmbedError::NoTable));
    assert!(matches!(check(&BYTES[1..]), EmbedError::NoTable));
    assert!(matches!(check(&BYTES[..59]), EmbedError::NoTable));
    assert!(matches!(check(&BYTES[..BYTES.len() - 1]), EmbedError::Length { .. }));
    assert!(matches!(check(&BYTES[..1000]), EmbedError::Length { .. }));
    assert!(matches!(check(&longer), EmbedError::Length { .. }));
    assert!(matches!(check(&huge), EmbedError::Length { .. }));
    assert!(matches!(check(&flat), EmbedError::NoTable));
    assert!(matches!(check(&newer), EmbedError::Layout { found: 99, .. }));
}

#[test]
fn a_damaged_tree_does_not_panic() {
    let mut read = 0;
    for step in [997, 4999, 20_011, 99_991] {
        // Child pointers here and there point anywhere, also out of the tree.
        let mut bytes = BYTES.to_vec();
        for at in (1000..250_000).step_by(step) {
            bytes[at] ^= 0xa5;
        }
        if let Ok(table) = Table::from_bytes(bytes.leak()) {
            let mut vector = vec![0.0; table.dimensions()];
            table.embed(include_str!("tokens.jsonl"), &mut vector).unwrap();
            read += 1;
        }
    }
    assert!(read > 0, "no damaged table was read at all");
}

#[test]
fn a_vector_has_length_one_and_nothing_has_none() {
    for text in ["a", "the db is postgres", "漢字", "?"] {
        let vector = embed(text);
        assert!((dot(&vector, &vector) - 1.0).abs() < 1e-5, "{text}");
    }
    for text in ["", " \n\t", "\u{0}\u{200b}", "\u{10ffff}"] {
        assert!(embed(text).iter().all(|&x| x == 0.0), "{text:?}");
    }
}

#[test]
fn near_meanings_lie_nearer_than_far_ones() {
    let check = |text: &str, near: &str, far: &str| {
        let (near, far) = (dot(&embed(text), &embed(near)), dot(&embed(text), &embed(far)));
        assert!(near > far + 0.1, "{text}: {near} against {far}");
    };
    check("which database do we use?", "postgres stores the tables", "the cat slept in the garden");
    check("my daughter starts school", "the children go to class", "the compiler found an error");
    check("how do I deploy this?", "run the release script on the server", "she likes strawberry cake");
    check("the tests fail at night", "nightly build is broken", "we went hiking in the mountains");
}

#[test]
fn a_batch_is_each_text_by_itself() {
    let table = Table::built_in().unwrap();
    let mut both = vec![0.0; 512];
    table.embed_batch(&["one text", "another"], &mut both).unwrap();
    assert_eq!(both, [embed("one text"), embed("another")].concat());
}

#[test]
fn a_wrong_room_is_refused() {
    let table = Table::built_in().unwrap();
    let check = |room: usize, wanted: usize| {
        let mut out = vec![0.0; room];
        let error =
            if wanted == 256 { table.embed("a", &mut out) } else { table.embed_batch(&["a", "b"], &mut out) };
        assert!(matches!(error, Err(EmbedError::Room { wanted: w, room: r }) if w == wanted && r == room));
    };
    check(255, 256);
    check(0, 256);
    check(256, 512);
}
