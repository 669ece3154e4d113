use super::{check_refused, file, read, read_within, tensors};
use keep_tensor::Format;
use keep_tensor::format::Limits;

/// The start of a file of so many tensors and pairs.
fn start(tensors: u64, pairs: u64) -> Vec<u8> {
    [b"GGUF\x03\0\0\0".to_vec(), tensors.to_le_bytes().into(), pairs.to_le_bytes().into()].concat()
}

fn text(text: &str) -> Vec<u8> {
    [(text.len() as u64).to_le_bytes().to_vec(), text.into()].concat()
}

fn pair(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [text(key), kind.to_le_bytes().into(), value.into()].concat()
}

fn described(name: &str, extents: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let extents: Vec<u8> = extents.iter().flat_map(|extent| extent.to_le_bytes()).collect();
    let rank = (extents.len() as u32 / 8).to_le_bytes().to_vec();
    [text(name), rank, extents, kind.to_le_bytes().into(), offset.to_le_bytes().into()].concat()
}

/// A file of one tensor, aligned as asked, with 64 bytes of data.
fn aligned(alignment: u32) -> Vec<u8> {
    let pair = pair("general.alignment", 4, &alignment.to_le_bytes());
    [start(1, 1), pair, described("t", &[2, 3], 0, 0), vec![7; 64]].concat()
}

fn one(described: &[u8]) -> Vec<u8> {
    [start(1, 0), described.to_vec(), vec![7; 128]].concat()
}

#[test]
fn tensors_are_found_where_they_lie() {
    let bytes = file("some.gguf");
    let layout = read(&bytes, "some.gguf");
    assert_eq!((layout.format, layout.note.as_deref()), (Format::Gguf, None));
    let expected = [
        "token_embd.weight F32 [2, 4] 000000000000803f",
        "half F16 [4] 0000003c00400042",
        "brain Bf16 [4] 0000010002000300",
        // Two rows of one block each, which starts with a half-precision scale of 31 / 127.
        "blk.0.ffn.weight U8 [68] d033000408",
    ];
    let found = tensors(&layout, &bytes);
    assert_eq!(found[..3], expected[..3]);
    assert!(found[3].starts_with(expected[3]), "{found:?}");
}

#[test]
fn the_alignment_is_that_of_the_file() {
    for alignment in [1, 8, 64] {
        let bytes = aligned(alignment);
        let layout = read(&bytes, "");
        assert_eq!(layout.format, Format::Gguf, "{:?}", layout.note);
        assert!(
            layout.regions.iter().any(|region| region.start % u64::from(alignment) == 0 && region.len == 24)
        );
    }
    for alignment in [0, 3, 48, 1 << 31, u32::MAX] {
        check_refused(&aligned(alignment), "the alignment of the tensors is impossible");
    }
    check_refused(&aligned(1 << 30), "does not lie in the file");
    let pair = pair("general.alignment", 4, &32_u32.to_le_bytes());
    check_refused(&[start(0, 2), pair.repeat(2)].concat(), "stands twice");
    let wide = [start(0, 1), self::pair("general.alignment", 10, &[32, 0, 0, 0, 0, 0, 0, 0])].concat();
    check_refused(&wide, "impossible");
}

#[test]
fn pairs_of_every_kind_are_passed_over() {
    let lists = [&9_u32.to_le_bytes()[..], &2_u64.to_le_bytes()].concat();
    let inner = [&8_u32.to_le_bytes()[..], &1_u64.to_le_bytes(), &text("x")].concat();
    let pairs = [
        pair("a", 0, &[1]),
        pair("b", 7, &[1]),
        pair("c", 3, &[1, 2]),
        pair("d", 6, &[1; 4]),
        pair("e", 12, &[1; 8]),
        pair("f", 8, &text("long text")),
        pair("g", 9, &[&5_u32.to_le_bytes()[..], &3_u64.to_le_bytes(), &[0; 12]].concat()),
        pair("h", 9, &[lists, inner.clone(), inner].concat()),
    ];
    let bytes = [start(1, 8), pairs.concat(), described("t", &[2], 0, 0), vec![7; 64]].concat();
    assert_eq!(tensors(&read(&bytes, ""), &bytes), ["t F32 [2] 0707070707070707"]);
}

#[test]
fn a_header_of_many_blocks_is_read() {
    let pairs: Vec<u8> = (0..4000)
        .flat_map(|index| pair(&format!("key.{index}"), 8, &text(&"v".repeat(index % 90))))
        .collect();
    let bytes = [start(1, 4000), pairs, described("t", &[2], 0, 0), vec![7; 64]].concat();
    assert_eq!(tensors(&read(&bytes, ""), &bytes), ["t F32 [2] 0707070707070707"]);
    let within = Limits { header_bytes: 100_000, ..Limits::default() };
    assert!(read_within(&bytes, "", &within).note.unwrap().contains("cut off, or longer"));
}

#[test]
fn blocks_are_bytes_with_a_name() {
    let bytes = one(&described("q", &[64, 2], 2, 0));
    assert_eq!(tensors(&read(&bytes, ""), &bytes), ["q U8 [72] 0707070707070707"]);
    let unknown = one(&described("q", &[64, 2], 99, 0));
    let layout = read(&unknown, "");
    assert_eq!((layout.format, layout.regions.len()), (Format::Gguf, 1));
}

#[test]
fn what_is_not_believed_says_why() {
    let two = [start(2, 0), described("a", &[4], 0, 0), described("b", &[4], 0, 8), vec![7; 128]].concat();
    let twins = [start(2, 0), described("a", &[4], 0, 0), described("a", &[4], 0, 32), vec![7; 128]].concat();
    let deep = [&9_u32.to_le_bytes()[..], &1_u64.to_le_bytes()].concat().repeat(10_000);
    let lists = [&9_u32.to_le_bytes()[..], &u64::MAX.to_le_bytes()].concat();
    for (bytes, why) in [
        (two, "overlaps"),
        (twins, "two tensors are named \"a\""),
        (start(u64::MAX, 0), "claims 18446744073709551615 tensors"),
        (start(1 << 20, 0), "cut off"),
        (start(0, u64::MAX), "cut off"),
        (b"GGUF\x01\0\0\0".into(), "version 1 is not known"),
        (one(&described("t", &[u64::MAX, u64::MAX], 0, 0)), "does not lie in the file"),
        (one(&described("t", &[4], 0, u64::MAX)), "does not lie in the file"),
        (one(&described("t", &[33], 2, 0)), "does not lie in the file"),
        (one(&described("t", &[], 2, 0)), "does not lie in the file"),
        (one(&described("t", &[1; 65], 0, 0)), "claims 65 extents"),
        (one(&[&2_u64.to_le_bytes()[..], b"\xff\xff"].concat()), "is not text"),
        (one(&u64::MAX.to_le_bytes()), "a name of 18446744073709551615 bytes"),
        ([start(0, 1), pair("k", 77, &[])].concat(), "the unknown kind 77"),
        ([start(0, 1), pair("k", 9, &deep)].concat(), "nests lists too deep"),
        ([start(0, 1), pair("k", 9, &lists)].concat(), "cut off"),
        (
            [start(0, 1), pair("k", 9, &[&10_u32.to_le_bytes()[..], &u64::MAX.to_le_bytes()].concat())]
                .concat(),
            "cut off",
        ),
    ] {
        check_refused(&bytes, why);
    }
    let big = read(b"GGUF\0\0\0\x03\0\0\0\0\0\0\0\0", "");
    assert_eq!((big.format, big.note.as_deref()), (Format::Gguf, Some("its numbers are not little-endian")));
}
