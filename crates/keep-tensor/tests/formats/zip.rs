use super::pickled::{pickle, storage, tensor};
use super::zipped::{Entry, Zip};
use super::{check_refused, read, tensors};
use keep_tensor::Format;

type Lie = fn(&mut Entry);

/// The pickle of one tensor of two floats in the storage `0`.
fn body() -> Vec<u8> {
    pickle(&tensor("Float", "0", &[2], &[1]))
}

fn start() -> Zip {
    Zip::default().with("m/data.pkl", &body())
}

fn check_read(bytes: &[u8]) {
    let layout = read(bytes, "");
    assert_eq!((layout.format, layout.note.as_deref()), (Format::Torch, None));
    assert_eq!(tensors(&layout, bytes), ["data/0 F32 [2] 0707070707070707"]);
}

#[test]
fn archives_of_many_kinds_are_read() {
    let zip = || start().with("m/data/0", &[7; 8]);
    check_read(&zip().done());
    check_read(&zip().done_as(b"a comment"));
    check_read(&zip().done_wide(|_| {}));
    let wide = start().with_lie("m/data/0", &[7; 8], |entry| {
        let header = u64::from(entry.header);
        (entry.packed, entry.plain, entry.header) = (u32::MAX, u32::MAX, u32::MAX);
        entry.extra = [
            &[9, 9, 1, 0, 5, 1, 0, 24, 0][..],
            &8_u64.to_le_bytes(),
            &8_u64.to_le_bytes(),
            &header.to_le_bytes(),
        ]
        .concat();
    });
    check_read(&wide.done());
    check_read(&Zip::default().with("data.pkl", &body()).with("data/0", &[7; 8]).done());
}

#[test]
fn an_archive_of_something_else_is_opaque_without_a_word() {
    let bytes = Zip::default().with("word/document.xml", b"<x/>").with("a/b/data.pkl", b"").done();
    let layout = read(&bytes, "letter.docx");
    assert_eq!((layout.format, layout.note), (Format::Opaque, None));
    assert_eq!(layout.regions.len(), 1);
    assert!(read(&bytes, "model.pt").note.unwrap().contains("the name says PyTorch"));
}

#[test]
fn members_that_overlap_are_not_believed() {
    let two =
        pickle(&[b"(".to_vec(), storage("Float", "0", 2), storage("Float", "1", 2), b"t".to_vec()].concat());
    let at = |header: &mut u32, place: u32| *header = place;
    let first = 30 + "m/data.pkl".len() as u32 + two.len() as u32;
    let zip = Zip::default().with("m/data.pkl", &two).with("m/data/0", &[7; 8]);
    let zip = zip.with_lie("m/data/1", &[8; 8], |entry| at(&mut entry.header, first));
    check_refused(&zip.done(), "two members of the archive overlap");
    // The members' own headers may claim more room than the directory does.
    let mut long =
        Zip::default().with("m/data.pkl", &two).with("m/data/0", &[7; 8]).with("m/data/1", &[8; 8]).done();
    let extra = usize::try_from(first).unwrap() + 28;
    long[extra] = 46;
    check_refused(&long, "overlaps");
}

#[test]
fn a_directory_that_lies_is_not_believed() {
    let zip = || start().with("m/data/0", &[7; 8]);
    check_refused(
        &zip().with("m/data/0", &[9; 8]).done(),
        "two members of the archive are named \"m/data/0\"",
    );
    check_refused(&zip().done_wide(|wide| wide.entries = u64::MAX), "claims 18446744073709551615 members");
    check_refused(&zip().done_wide(|wide| wide.entries = 1 << 19), "breaks off at entry 2");
    check_refused(&zip().done_wide(|wide| wide.start = u64::MAX), "does not lie in the file");
    check_refused(&zip().done_wide(|wide| wide.len = u64::MAX), "does not lie in the file");
    check_refused(&zip().done_wide(|wide| wide.place = u64::MAX), "large end does not lie in the file");
    check_refused(&zip().done_wide(|wide| wide.place = 0), "large end is damaged");
    check_refused(&[zip().done(), vec![0]].concat(), "has no end");
}

#[test]
fn a_member_that_lies_stays_bytes_with_a_note() {
    let lies: [(Lie, &str); 3] = [
        (|entry| entry.header = u32::MAX - 1, "does not lie in the archive"),
        (|entry| (entry.packed, entry.plain) = (1 << 30, 1 << 30), "does not lie in the archive"),
        (|entry| (entry.packed, entry.plain) = (4, 4), "which is not what the pickle says"),
    ];
    for (lie, why) in lies {
        let bytes = start().with_lie("m/data/0", &[7; 8], lie).done();
        let layout = read(&bytes, "");
        assert_eq!((layout.format, layout.regions.len()), (Format::Torch, 1));
        assert!(layout.note.as_ref().is_some_and(|note| note.contains(why)), "{:?} {why}", layout.note);
    }
    let mut moved = start().with("m/data/0", &[7; 8]).done();
    let at = moved.windows(8).position(|bytes| bytes == b"m/data/0").unwrap();
    moved[at - 30] = 0;
    assert!(read(&moved, "").note.unwrap().contains("does not begin where it should"));
    // Encrypted, or of two lengths, or with a number that stands nowhere.
    let encrypted = start().with_lie("m/data/0", &[7; 8], |entry| entry.flags = 1).done();
    assert_eq!(read(&encrypted, "").regions.len(), 1);
    let longer = start().with_lie("m/data/0", &[7; 8], |entry| entry.plain = 9).done();
    assert_eq!(read(&longer, "").regions.len(), 1);
    let nowhere = start().with_lie("m/data/0", &[7; 8], |entry| entry.packed = u32::MAX).done();
    check_refused(&nowhere, "breaks off");
}
