//! Packs that somebody changed or made to do harm, and work that is cut short.

use super::{Desk, checkpoint, names};
use crate::home::KEEP;
use keep_tensor::pack::PackWriter;
use keep_tensor::pipeline::Options;
use keep_tensor::{Format, Layout, Region, RegionKind};
use std::fs;
use std::io::Cursor;
use std::process::Command;

#[test]
fn any_changed_byte_is_found() {
    let desk = Desk::new();
    desk.ok("pack step0.safetensors -o a.keep");
    let whole = fs::read(desk.at("a.keep")).unwrap();
    for at in [0, 9, 20, whole.len() / 2, whole.len() - 200, whole.len() - 100, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(desk.at("b.keep"), bytes).unwrap();
        let said = desk.run("unpack b.keep -o x");
        assert!([2, 5].contains(&said.code), "{at}: {said:?}");
        assert!(!desk.at("x").exists());
        assert!([2, 5].contains(&desk.run("pack verify b.keep").code), "{at}");
    }
    fs::write(desk.at("b.keep"), &whole[..whole.len() / 2]).unwrap();
    desk.fails("unpack b.keep -o x", 5, "reading the pack");
    fs::write(desk.at("b.keep"), "no pack").unwrap();
    desk.fails("unpack b.keep -o x", 5, "too short");
}

/// A pack with one file called as given, made by the writer and then renamed in its index: the hashes are
/// then put right, so that nothing but the rule on paths stands in its way.
fn renamed(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let layout = Layout {
        format: Format::Opaque,
        note: None,
        regions: vec![Region { start: 0, len: 4, kind: RegionKind::Bytes }],
    };
    let mut writer = PackWriter::new(Vec::new(), None).unwrap();
    writer.file(from, 0o644, &mut Cursor::new(b"evil"), &layout, None, Options::default()).unwrap();
    let (mut bytes, _) = writer.finish(None).unwrap();
    let at = bytes.windows(from.len()).rposition(|window| window == from.as_bytes()).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    let (body, trailer) = bytes.split_at(bytes.len() - 153);
    let index_bytes = u64::from_le_bytes(trailer[8..16].try_into().unwrap()) as usize;
    let mut hasher = blake3::Hasher::new_derive_key("keep pack, version 1, root");
    hasher.update(&body[..16]).update(&body[body.len() - index_bytes..]);
    let root = *hasher.finalize().as_bytes();
    let end = bytes.len() - 153 + 16;
    bytes[end..end + 32].copy_from_slice(&root);
    bytes
}

#[test]
fn a_pack_cannot_write_outside() {
    let desk = Desk::new();
    fs::write(desk.at("good.keep"), renamed("aa/b", "aa/c")).unwrap();
    desk.ok("unpack good.keep -o good");
    assert_eq!(fs::read(desk.at("good/c")).unwrap(), b"evil");
    for (from, to) in [("xx/evil", "../evil"), ("xevil", "/evil"), ("a/b/c", "a/../"), ("ab", "..")] {
        fs::write(desk.at("bad.keep"), renamed(from, to)).unwrap();
        desk.fails(
            "unpack bad.keep -o out",
            5,
            "has a part that leads elsewhere|is empty"
                .split('|')
                .find(|text| desk.run("pack ls bad.keep").out.contains(text))
                .unwrap(),
        );
    }
}

#[test]
fn a_pack_cannot_plant_a_link_out_of_its_folder() {
    let desk = Desk::new();
    for target in ["/etc", "..", "a/../.."] {
        let mut writer = PackWriter::new(Vec::new(), None).unwrap();
        writer.folder("run", 0o755).unwrap();
        writer.link("run/link", target).unwrap();
        fs::write(desk.at("bad.keep"), writer.finish(None).unwrap().0).unwrap();
        desk.fails("unpack bad.keep -o out", 2, "out of its folder");
    }
}

#[test]
fn a_full_disk_leaves_nothing() {
    let desk = Desk::new();
    let disk = desk.at("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=32k", "none"]).arg(&disk).output();
    if !mounted.is_ok_and(|done| done.status.success()) {
        println!("SKIPPED: a file system to fill cannot be mounted here");
        return;
    }
    desk.ok("pack step0.safetensors -o a.keep");
    let fails = |line: &str| {
        let said = desk.run(line);
        (said.code, names(&disk).len(), said)
    };
    let all = [fails("pack step0.safetensors -o disk/b.keep"), fails("unpack a.keep -o disk/back")];
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    for (code, left, said) in all {
        assert_eq!((code, left), (6, 0), "{said:?}");
        assert!(said.out.contains("No space left"), "{said:?}");
    }
}

#[test]
fn ctrl_c_leaves_nothing() {
    let desk = Desk::new();
    // Slow enough, in any build, to be met at work: a fifo as the only file of its folder would be refused,
    // so it is much data.
    let many: Vec<u8> = checkpoint(0).repeat(2_000);
    desk.write("run/large", &many);
    let before = names(desk.home.folder.path());
    desk.home.ok(&["status"]);
    // The agent at no terminal is asked, so a terminal's child is what is stopped.
    let line = format!(
        "{KEEP} pack run -o run.keep & pid=$!; \
         while ! ls .keep-* >/dev/null 2>&1; do kill -0 $pid || exit 99; done; kill -INT $pid; wait $pid"
    );
    let said = desk.home.converse_with("bash", &["-c", &line], &[]);
    assert_eq!(said.code, 130, "{said:?}");
    assert_eq!(names(desk.home.folder.path()), before);
}

#[test]
fn a_folder_that_cannot_be_filled_is_as_it_was() {
    let desk = Desk::new();
    desk.write("in/a", b"new a");
    desk.write("in/b/c", b"new c");
    desk.write("in/z/d", b"new d");
    desk.ok("pack in -o in.keep");
    desk.write("out/a", b"old a");
    desk.write("out/b/c", b"old c");
    desk.write("out/b/kept", b"kept");
    // A file where the last folder belongs: what was replaced before it was found goes back.
    desk.write("out/z", b"in the way");
    desk.fails("unpack in.keep -o out --force", 7, "is no folder");
    for (path, bytes) in [("a", "old a"), ("b/c", "old c"), ("b/kept", "kept"), ("z", "in the way")] {
        assert_eq!(fs::read_to_string(desk.at(&format!("out/{path}"))).unwrap(), bytes, "{path}");
    }
    fs::remove_file(desk.at("out/z")).unwrap();
    desk.ok("unpack in.keep -o out --force");
    for (path, bytes) in [("a", "new a"), ("b/c", "new c"), ("b/kept", "kept"), ("z/d", "new d")] {
        assert_eq!(fs::read_to_string(desk.at(&format!("out/{path}"))).unwrap(), bytes, "{path}");
    }
    assert_eq!(names(&desk.at("out")).len(), 6, "nothing is left beside them");
}
