//! Folders: links, modes, empty things, odd names.

use super::{Desk, names};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

fn mode(desk: &Desk, path: &str) -> u32 {
    fs::symlink_metadata(desk.at(path)).unwrap().permissions().mode() & 0o7777
}

fn set_mode(desk: &Desk, path: &str, mode: u32) {
    fs::set_permissions(desk.at(path), fs::Permissions::from_mode(mode)).unwrap();
}

fn tree() -> Desk {
    let desk = Desk::new();
    desk.write("run/model 🦀/weights.safetensors", &super::checkpoint(0));
    desk.write("run/model 🦀/copy.safetensors", &super::checkpoint(0));
    desk.write("run/empty", b"");
    desk.write("run/größe.txt", "größe\n".as_bytes());
    fs::create_dir(desk.at("run/hollow")).unwrap();
    symlink("model 🦀/weights.safetensors", desk.at("run/latest")).unwrap();
    symlink("../größe.txt", desk.at("run/hollow/up")).unwrap();
    symlink("nowhere", desk.at("run/dangling")).unwrap();
    set_mode(&desk, "run/empty", 0o4755);
    set_mode(&desk, "run/größe.txt", 0o440);
    set_mode(&desk, "run/hollow", 0o550);
    desk
}

fn same_tree(desk: &Desk, a: &str, b: &str) {
    let below = |top: &str| -> Vec<_> {
        let all = names(&desk.at(top));
        all.iter().map(|path| path.strip_prefix(desk.at(top)).unwrap().to_owned()).collect()
    };
    assert_eq!(below(a), below(b));
    for path in below(a) {
        let (a, b) = (desk.at(a).join(&path), desk.at(b).join(&path));
        if a.is_symlink() {
            assert_eq!(fs::read_link(a).unwrap(), fs::read_link(b).unwrap());
        } else if a.is_file() {
            assert_eq!(fs::read(a).unwrap(), fs::read(b).unwrap(), "{}", path.display());
        }
    }
}

#[test]
fn a_folder_comes_back_with_all_it_holds() {
    let desk = tree();
    desk.ok("pack run");
    desk.ok("unpack run.keep -o back");
    same_tree(&desk, "run", "back");
    assert_eq!(mode(&desk, "back/empty"), 0o755, "no bit that lends somebody's rights comes back");
    assert_eq!(mode(&desk, "back/größe.txt"), 0o440);
    assert_eq!(mode(&desk, "back/hollow"), 0o550);
    // Into an empty folder, and not into one that holds something.
    fs::create_dir(desk.at("there")).unwrap();
    desk.ok("unpack run.keep -o there");
    same_tree(&desk, "run", "there");
    desk.fails("unpack run.keep -o there", 7, "is not empty");
    desk.fails("unpack run.keep -o step0.safetensors", 7, "is no folder");
    // The same content is stored once.
    let size = |path: &str| fs::metadata(desk.at(path)).unwrap().len();
    desk.ok("pack step0.safetensors");
    assert!(size("run.keep") < size("step0.safetensors.keep") * 3 / 2);
    desk.fails("pack run -o run/inside.keep", 2, "would lie in the folder");
}

#[test]
fn folders_have_bases_too() {
    let desk = tree();
    desk.ok("pack run -o 0.keep");
    desk.write("later/model 🦀/weights.safetensors", &super::checkpoint(1));
    desk.write("later/new", b"new");
    desk.ok("pack later --base 0.keep -o 1.keep");
    let size = |path: &str| fs::metadata(desk.at(path)).unwrap().len();
    assert!(size("1.keep") * 5 < size("0.keep"), "{} {}", size("1.keep"), size("0.keep"));
    desk.fails("unpack 1.keep -o back", 4, "needs the base");
    desk.ok("unpack 1.keep --base 0.keep -o back");
    same_tree(&desk, "later", "back");
}

#[test]
fn a_mode_is_never_widened() {
    let desk = tree();
    set_mode(&desk, "step0.safetensors", 0o600);
    desk.ok("pack step0.safetensors");
    assert_eq!(mode(&desk, "step0.safetensors.keep"), 0o600, "the pack is as private as the file");
    desk.ok("unpack step0.safetensors.keep -o back");
    assert_eq!(mode(&desk, "back"), 0o600);
    set_mode(&desk, "step1.safetensors", 0o666);
    desk.ok("pack step1.safetensors");
    let line = format!("umask 077; exec {} unpack step1.safetensors.keep -o narrow; ", crate::home::KEEP);
    let said = desk.home.converse_with("sh", &["-c", &line], &[]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(mode(&desk, "narrow"), 0o600, "the umask has a say");
}

#[test]
fn force_replaces_files_and_follows_no_link() {
    let desk = tree();
    desk.ok("pack run");
    desk.write("victim", b"precious");
    fs::create_dir_all(desk.at("there/model 🦀")).unwrap();
    symlink("../victim", desk.at("there/empty")).unwrap();
    desk.write("there/other", b"stays");
    desk.ok("unpack run.keep -o there --force");
    assert_eq!(fs::read(desk.at("victim")).unwrap(), b"precious");
    assert!(!desk.at("there/empty").is_symlink());
    assert_eq!(fs::read(desk.at("there/other")).unwrap(), b"stays");
    // A link where a folder belongs is in the way, whatever it points to.
    fs::create_dir(desk.at("elsewhere")).unwrap();
    fs::create_dir(desk.at("again")).unwrap();
    symlink("../elsewhere", desk.at("again/model 🦀")).unwrap();
    let said = desk.run("unpack run.keep -o again --force");
    assert_eq!(said.code, 7, "{said:?}");
    assert!(said.out.contains("in the way"), "{said:?}");
    assert_eq!(fs::read_dir(desk.at("elsewhere")).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_packed_is_named() {
    let desk = Desk::new();
    fs::create_dir(desk.at("run")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(desk.at("run/socket")).unwrap();
    desk.fails("pack run", 2, "is a socket");
    drop(socket);
    fs::remove_file(desk.at("run/socket")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(desk.at("run/pipe")).status().unwrap().success());
    desk.fails("pack run", 2, "is a pipe");
    desk.fails("pack run/pipe", 2, "is a pipe");
    fs::remove_file(desk.at("run/pipe")).unwrap();
    for target in ["/etc/passwd", "../step0.safetensors", "a/../../b"] {
        symlink(target, desk.at("run/link")).unwrap();
        desk.fails("pack run", 2, "out of its folder");
        fs::remove_file(desk.at("run/link")).unwrap();
    }
    desk.write("run/a:b", b"");
    desk.fails("pack run", 2, "has a colon");
}

#[test]
fn a_file_of_nothing_and_a_file_of_holes_come_back() {
    use std::os::unix::fs::MetadataExt;
    const HOLES: u64 = 300 << 20;
    let desk = Desk::new();
    desk.write("in/nothing", b"");
    desk.write("in/holes", b"a beginning");
    let holes = fs::OpenOptions::new().write(true).open(desk.at("in/holes")).unwrap();
    holes.set_len(HOLES).unwrap();
    drop(holes);
    for (source, to) in [("in", "out"), ("in/holes", "holes")] {
        desk.ok(&format!("pack {source} -o p{to}.keep"));
        assert!(fs::metadata(desk.at(&format!("p{to}.keep"))).unwrap().len() < 1 << 20);
        desk.ok(&format!("unpack p{to}.keep -o {to}"));
    }
    assert_eq!(fs::read(desk.at("out/nothing")).unwrap(), b"");
    for path in ["out/holes", "holes"] {
        let back = fs::metadata(desk.at(path)).unwrap();
        assert_eq!(back.len(), HOLES);
        // What was a hole takes no room again.
        assert!(back.blocks() * 512 < HOLES / 10, "{} blocks", back.blocks());
        let file = fs::File::open(desk.at(path)).unwrap();
        let mut start = [0; 4096];
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut start, 0).unwrap();
        assert!(start.starts_with(b"a beginning") && start[11..].iter().all(|byte| *byte == 0));
    }
}
