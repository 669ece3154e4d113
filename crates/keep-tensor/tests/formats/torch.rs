use super::pickled::{call, global, number, pickle, storage, tensor, text};
use super::zipped::Zip;
use super::{check_refused, file, ramp, read, read_within, tensors};
use keep_tensor::format::Limits;
use keep_tensor::{Format, Layout, RegionKind};
use std::path::Path;

const CHECKPOINT: [&str; 10] = [
    "model.weight F32 [2, 3] e8a38dbb13939e3e",
    "model.bias F32 [2] 406b3bbc7a61ea3e",
    "tied.first Bf16 [3, 4] 0000803f00404040",
    // A part of a storage, and one in another order, are not the storage's shape.
    "view I64 [10] 0000000000000000",
    "turned F16 [6] 0000003c00400042",
    "scalar I8 [] 03",
    "parameter F64 [2] 0000000000000000",
    "list.0 I32 [3] 0000000001000000",
    "list.1.0 U8 [2] 0001",
    "5 I16 [2] 00000100",
];

fn check(name: &str, expected: &[&str]) {
    let bytes = file(name);
    let layout = read(&bytes, name);
    assert_eq!((layout.format, layout.note.as_deref()), (Format::Torch, None));
    assert_eq!(tensors(&layout, &bytes), expected, "{name}");
}

/// What torch would write of this pickle, with one storage, `0`, of eight bytes.
fn archive(pickle: &[u8]) -> Vec<u8> {
    Zip::default().with("m/data.pkl", pickle).with("m/data/0", &[7; 8]).done()
}

fn check_archive(body: &[u8], expected: &[&str]) {
    let bytes = archive(&pickle(body));
    let layout = read(&bytes, "");
    assert_eq!(layout.format, Format::Torch, "{:?}", layout.note);
    assert_eq!(tensors(&layout, &bytes), expected);
}

fn within(body: &[u8], limits: &Limits) -> Layout {
    read_within(&archive(&pickle(body)), "", limits)
}

#[test]
fn a_state_dictionary_has_its_tensors_names_and_shapes() {
    check("state.pt", &["weight F32 [2, 3] 000000000000803f", "bias F32 [2] 000000000000803f"]);
}

#[test]
fn a_checkpoint_names_each_storage_after_its_first_tensor() {
    check("checkpoint.pt", &CHECKPOINT);
}

#[test]
fn the_form_before_archives_is_read() {
    let bytes = file("old.pt");
    let layout = read(&bytes, "");
    assert_eq!((layout.format, layout.note.as_deref()), (Format::Torch, None));
    // Its storages lie in the order of their keys, which are addresses.
    let (mut found, mut expected) = (tensors(&layout, &bytes), CHECKPOINT.map(str::to_owned));
    found.sort();
    expected.sort();
    assert_eq!(found, expected);

    let cut = read(&bytes[..bytes.len() - 1], "");
    assert_eq!(cut.format, Format::Torch);
    assert!(cut.note.unwrap().contains("is cut off"));
    let first = layout.regions[0].len as usize;
    let mut other = bytes.clone();
    other[first - 8] ^= 1;
    assert!(read(&other, "").note.unwrap().contains("is not as long as the pickle says"));
    check_refused(&bytes[..60], "the pickle is damaged");
}

/// A pickle longer than what is read of it at first.
#[test]
fn long_pickles_before_storages_are_read() {
    let magic = &file("old.pt")[..15];
    let body = [b"}".to_vec(), text("k"), text(&"x".repeat(3 << 20)), b"s".to_vec()];
    let body = [body.concat(), text("t"), tensor("Float", "7", &[2], &[1]), b"s".to_vec()].concat();
    let keys = [b"]".to_vec(), text("7"), b"a".to_vec()].concat();
    let pickles = [pickle(b"N"), pickle(b"N"), pickle(&body), pickle(&keys)].concat();
    let bytes = [magic, &pickles, &2_u64.to_le_bytes(), &[7; 8]].concat();
    assert_eq!(tensors(&read(&bytes, ""), &bytes), ["t F32 [2] 0707070707070707"]);
    let within = Limits { header_bytes: 1 << 20, ..Limits::default() };
    assert!(read_within(&bytes, "", &within).note.unwrap().contains("damaged"));
    // A key that the pickle does not name.
    let keys = pickle(&[b"]".to_vec(), text("8"), b"a".to_vec()].concat());
    let bytes = [magic, &pickle(b"N"), &pickle(b"N"), &pickle(b"N"), &keys, &[0; 16]].concat();
    assert!(read(&bytes, "").note.unwrap().contains("of an unknown kind"));
}

#[test]
fn an_optimizer_is_read() {
    check(
        "adam.pt",
        &[
            "model.weight F32 [2, 2] d48f82bdf4923e3e",
            "model.bias F32 [2] da302dbf0548f0be",
            "optimizer.state.0.step F32 [] 0000803f",
            "optimizer.state.0.exp_avg F32 [2, 2] cdcccc3dcdcccc3d",
            "optimizer.state.0.exp_avg_sq F32 [2, 2] 6f12833a6f12833a",
            "optimizer.state.1.step F32 [] 0000803f",
            "optimizer.state.1.exp_avg F32 [2] cdcccc3dcdcccc3d",
            "optimizer.state.1.exp_avg_sq F32 [2] 6f12833a6f12833a",
        ],
    );
}

#[test]
fn other_forms_are_read() {
    let weight = "_parameters.weight F32 [2, 2] d48f82bdf4923e3e";
    check("module.pt", &[weight, "_parameters.bias F32 [2] da302dbf0548f0be"]);
    check("tensor.pt", &["data/0 F32 [4] 000000000000803f"]);
    check("quantised.pt", &["quantised I8 [4] 02020202"]);
    let scales = "scales U8 [4] 007f8081";
    check("unknown.pt", &[scales, "pairs U8 [8] 003c0000003c0000"]);
    let tagged = "tagged F32 [3] 000000000000803f";
    check(
        "wrapped.pt",
        &[tagged, "sparse.1.0 I64 [2, 2] 0000000000000000", "sparse.1.1 F32 [2] 0000803f0000803f"],
    );
    check("protocol4.pt", &["a F32 [4] 000000000000803f"]);
}

#[test]
fn every_type_is_known() {
    let bytes = file("dtypes.pt");
    let layout = read(&bytes, "");
    let infos = layout.regions.iter().filter_map(|region| match &region.kind {
        RegionKind::Tensor(info) => Some(info),
        RegionKind::Bytes => None,
    });
    let expected: Vec<_> =
        infos.map(|info| format!("{} {:?} [4] {}", info.name, info.dtype, ramp(info.dtype))).collect();
    assert_eq!(expected.len(), 17);
    assert_eq!(tensors(&layout, &bytes), expected);
}

/// The damage tests say nothing of what is read, so one here does: the tensors are where they were.
#[test]
fn a_changed_element_leaves_the_layout_as_it_was() {
    let mut bytes = file("state.pt");
    let before = read(&bytes, "");
    let region = before.regions.iter().find(|region| region.kind != RegionKind::Bytes).unwrap();
    bytes[usize::try_from(region.start).unwrap()] ^= 1;
    assert_eq!(read(&bytes, ""), before);
}

#[test]
fn what_a_pickle_calls_is_not_run() {
    let witness = Path::new(env!("CARGO_TARGET_TMPDIR")).join("a-pickle-ran");
    let command = format!("touch {}", witness.display());
    for (module, name) in
        [("os", "system"), ("posix", "system"), ("builtins", "eval"), ("subprocess", "call")]
    {
        let body = call(&global(module, name), &[text(&command)]);
        check_archive(&body, &[]);
    }
    assert!(!witness.exists());
    // What such a call is given is still looked through, as are keyword arguments and states.
    let hidden = call(&global("os", "system"), &[tensor("Float", "0", &[2], &[1])]);
    check_archive(&hidden, &["0 F32 [2] 0707070707070707"]);
}

#[test]
fn a_storage_that_no_tensor_names_is_known_by_its_member() {
    check_archive(&storage("Half", "0", 4), &["data/0 F16 [4] 0707070707070707"]);
    let deep = [b"]".repeat(100), tensor("Half", "0", &[4], &[1]), b"a".repeat(100)].concat();
    check_archive(&deep, &["data/0 F16 [4] 0707070707070707"]);
    check_archive(&storage("Quantum", "0", 8), &[]);
}

#[test]
fn a_storage_that_is_not_as_described_stays_bytes_with_a_note() {
    for (body, why) in [
        (tensor("Float", "0", &[3], &[1]), "\"0\" has 8 bytes, which is not what the pickle says"),
        (tensor("Float", "9", &[2], &[1]), "\"9\" is not in the archive"),
        (storage("Double", "0", i64::MAX), "which is not what the pickle says"),
    ] {
        let layout = within(&body, &Limits::default());
        assert_eq!((layout.format, layout.regions.len()), (Format::Torch, 1));
        assert!(layout.note.as_ref().is_some_and(|note| note.contains(why)), "{:?}", layout.note);
    }
}

#[test]
fn shapes_that_lie_are_only_counts() {
    for (shape, strides) in [
        (&[i64::MAX, i64::MAX][..], &[i64::MAX, 1][..]),
        (&[3], &[1]),
        (&[2], &[2]),
        (&[1, 2], &[7, -1]),
        (&[0], &[1]),
    ] {
        check_archive(&tensor_of(2, shape, strides), &["data/0 F32 [2] 0707070707070707"]);
    }
    check_archive(&tensor_of(2, &[1, 2], &[7, 1]), &["data/0 F32 [1, 2] 0707070707070707"]);
    check_archive(&tensor_of(2, &[1; 65], &[1; 65]), &["data/0 F32 [2] 0707070707070707"]);
}

/// A tensor that looks at all of a storage of `count` floats.
fn tensor_of(count: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    let [shape, strides] = [shape, strides].map(super::pickled::tuple_of);
    call(
        &global("torch._utils", "_rebuild_tensor_v2"),
        &[storage("Float", "0", count), number(0), shape, strides],
    )
}

#[test]
fn two_storages_of_one_name_are_told_apart() {
    let dict = [
        b"}(".to_vec(),
        text("a"),
        tensor("Float", "0", &[1], &[1]),
        text("a"),
        tensor("Float", "1", &[1], &[1]),
        b"u".to_vec(),
    ]
    .concat();
    let zip =
        Zip::default().with("m/data.pkl", &pickle(&dict)).with("m/data/0", &[1; 4]).with("m/data/1", &[2; 4]);
    let bytes = zip.done();
    let expected = ["a F32 [1] 01010101", "data/1 F32 [1] 02020202"];
    assert_eq!(tensors(&read(&bytes, ""), &bytes), expected);
}

#[test]
fn big_endian_and_packed_members_stay_bytes() {
    let body = pickle(&tensor("Float", "0", &[2], &[1]));
    let zip = || Zip::default().with("m/data.pkl", &body);
    let big = zip().with("m/data/0", &[7; 8]).with("m/byteorder", b"big").done();
    let layout = read(&big, "");
    assert_eq!((layout.format, layout.regions.len()), (Format::Torch, 1));
    assert!(layout.note.unwrap().contains("not little-endian"));
    let packed = zip().with_lie("m/data/0", &[7; 8], |entry| entry.method = 8).done();
    assert_eq!(tensors(&read(&packed, ""), &packed), Vec::<String>::new());
    let pickle = Zip::default().with_lie("m/data.pkl", &body, |entry| entry.method = 8).done();
    check_refused(&pickle, "data.pkl is packed or too long");
}

/// Each would cost memory or time without end, were it believed.
#[test]
fn bombs_go_off_quietly() {
    // Twenty levels, each a list of the one below twice over: a million ways down.
    let doubling: Vec<u8> = (0..20)
        .flat_map(|level| [b"](h".as_slice(), &[level, b'h', level, b'e', b'q', level + 1]].concat())
        .collect();
    let shared = [tensor("Float", "0", &[2], &[1]), b"q\0".to_vec(), doubling].concat();
    let name = format!("{}0 F32 [2] 0707070707070707", "0.".repeat(19));
    check_archive(&shared, &[&name]);
    // A list within itself.
    check_archive(b"]q\0h\0a", &[]);
    // Nested a million deep.
    check_archive(&[b")".to_vec(), b"\x85".repeat(1_000_000)].concat(), &[]);
    // A number in the memo far beyond the others.
    for (body, why) in [
        (b"Nr\xff\xff\xff\x7f".to_vec(), "more than a model needs"),
        (b"]".repeat(3_000_000), "more than a model needs"),
        (b"(".repeat(3_000_000), "more than a model needs"),
        // One list, long, and copied with every call.
        (
            [
                b"c\n\nq\0".to_vec(),
                b"(".to_vec(),
                b"N".repeat(1000),
                b"tq\x01".to_vec(),
                b"h\0h\x01R".repeat(10_000),
            ]
            .concat(),
            "more than",
        ),
    ] {
        check_refused(&archive(&pickle(&body)), why);
    }
    let few = Limits { opcodes: 10, ..Limits::default() };
    assert!(within(&b"N0".repeat(10), &few).note.is_some());
}

#[test]
fn a_long_key_in_many_names_is_not_repeated() {
    let list: Vec<u8> =
        [b"}".to_vec(), text(&"k".repeat(5000)), tensor("Float", "0", &[2], &[1]), b"s".to_vec()].concat();
    check_archive(&list, &["data/0 F32 [2] 0707070707070707"]);
    let all = Limits { header_bytes: 250, ..Limits::default() };
    let body = [b"}".to_vec(), text("key"), tensor("Float", "0", &[2], &[1]), b"s".to_vec()].concat();
    let layout = within(&body, &all);
    assert_eq!(layout.format, Format::Torch);
}

#[test]
fn what_is_no_pickle_says_why() {
    for (body, why) in [
        (&b"\x80\x02"[..], "damaged near byte 2"),
        (b".", "damaged"),
        (b"\x80\x02h\x05.", "damaged"),
        (b"\x80\x02(R.", "damaged"),
        (b"\x80\x02N(0R.", "damaged"),
        (b"N(aN.", "damaged"),
        (b"\x80\x02u.", "damaged"),
        (b"\x80\x02N\x85\x86.", "damaged"),
        (b"\x80\x02X\xff\xff\xff\xffab.", "damaged"),
        (b"\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xffab.", "damaged"),
        (b"cos\nsystem\n(S'ls'\ntR.", "the instruction 0x53, which torch does not write"),
    ] {
        check_refused(&archive(body), why);
    }
}
