use super::testing::Repo;
use super::*;
use keep_redact::Known;
use std::fs;
use std::os::unix::fs::symlink;

const VALUE: &str = "correct-horse-battery";
const IDENTITY: &str = "AGE-SECRET-KEY-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE";
const AGE: &str = "age-encryption.org/v1\n-> X25519 abc\n";

fn known() -> Redactor {
    let (redactor, unfit) = Redactor::new([Known { label: "HORSE", value: VALUE.as_bytes() }]);
    assert_eq!(unfit, []);
    redactor
}

/// What was found, a line each: whether tracked, place, what.
fn shown(found: &[Exposure]) -> Vec<String> {
    let show = |exposure: &Exposure| {
        let Exposure { path, line, what, tracked } = exposure;
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        let what = match what {
            What::EnvFile { name } => format!("env {name}"),
            What::KnownValue { label } => format!("known {label}"),
            What::NotLooked { why } => format!("not looked: {why:?}"),
            other => format!("{other:?}"),
        };
        format!("{} {}{line} {what}", if *tracked { "tracked" } else { "untracked" }, path.to_string_lossy())
    };
    found.iter().map(show).collect()
}

#[track_caller]
fn check(repo: &Repo, scope: Scope, expected: &[&str]) {
    assert_eq!(shown(&look(&repo.root, &known(), scope).unwrap()), expected);
}

#[test]
fn every_kind_of_file_is_told() {
    let repo = Repo::new();
    repo.add(".gitignore", ".env\n*.age\n");
    repo.add("a/vault.age", "not encrypted at all");
    repo.add("b/blob", AGE);
    repo.add("b/armored", format!("\n-----BEGIN AGE ENCRYPTED FILE-----\n{AGE}"));
    repo.add("c/key.txt", format!("# created: today\n{IDENTITY}\n"));
    repo.add(".env", format!("DEBUG=true\n\nTOKEN=hunter2\nHORSE={VALUE}\nEMPTY=\n"));
    repo.add(".env.example", "TOKEN=hunter2\n");
    repo.add("prod.env", "TOKEN=changeme\n");
    repo.add("d/config.json", format!("{{\n  \"password\": \"{VALUE}\",\n  \"again\": \"{VALUE}\"\n}}"));
    repo.add("d/image.bin", [b"\0\xff\n\0".as_slice(), VALUE.as_bytes(), b"\xfe"].concat());
    repo.add("README.md", "AGE-SECRET-KEY-1... is what an identity looks like; TOKEN=hunter2\n");
    repo.write("untracked/.env.local", "TOKEN=hunter2\n");
    repo.write("untracked/x.age", "");
    repo.write("untracked/plain.txt", VALUE);
    for skipped in ["target", "node_modules", "x/.venv", ".git/x"] {
        repo.write(&format!("{skipped}/.env"), "TOKEN=hunter2\n");
    }
    let tracked = [
        "tracked .env:3 env TOKEN",
        "tracked .env:4 env HORSE",
        "tracked .env:4 known HORSE",
        "tracked a/vault.age AgeFile",
        "tracked b/armored AgeFile",
        "tracked b/blob AgeFile",
        "tracked c/key.txt:2 Identity",
        "tracked d/config.json:2 known HORSE",
        "tracked d/image.bin:2 known HORSE",
    ];
    check(&repo, Scope::Tracked, &tracked);
    let untracked = ["untracked untracked/.env.local:1 env TOKEN", "untracked untracked/x.age AgeFile"];
    check(&repo, Scope::All, &[&tracked[..], &untracked].concat());
    repo.git(&["commit", "-q", "-m", "all of it"]);
    check(&repo, Scope::Tracked, &tracked);
    repo.git(&["rm", "-q", "--cached", "-r", "."]);
    check(&repo, Scope::Tracked, &[]);
}

#[test]
fn a_report_holds_no_value_and_any_path() {
    let repo = Repo::new();
    repo.write(".env", format!("TOKEN={VALUE}"));
    let odd = repo.root.join(OsStr::from_bytes(b"\xff.age"));
    fs::write(odd, "").unwrap();
    let found = look(&repo.root, &known(), Scope::All).unwrap();
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(
        json,
        "[{\"path\":\".env\",\"line\":1,\"what\":\"env-file\",\"name\":\"TOKEN\",\"tracked\":false},\
          {\"path\":\".env\",\"line\":1,\"what\":\"known-value\",\"label\":\"HORSE\",\"tracked\":false},\
          {\"path\":\"\u{fffd}.age\",\"line\":null,\"what\":\"age-file\",\"tracked\":false}]"
    );
    assert!(!format!("{found:?}").contains(VALUE));
}

#[test]
fn what_is_staged_but_does_not_lie_there_is_told() {
    let repo = Repo::new();
    let real = "TOKEN=hunter2\n";
    for path in ["same/.env", "touched/.env", "changed/.env", "sized/.env", "gone/.env", "linked/.env"] {
        repo.add(path, real);
    }
    repo.add("plain.txt", real);
    repo.add("gone.age", AGE);
    repo.add("other/changed.txt", real);
    repo.write("touched/.env", real);
    repo.write("changed/.env", "TOKEN=xxxxxxx\n");
    repo.write("sized/.env", "");
    repo.write("other/changed.txt", "");
    for gone in ["gone/.env", "linked/.env", "gone.age"] {
        fs::remove_file(repo.root.join(gone)).unwrap();
    }
    symlink("../same/.env", repo.root.join("linked/.env")).unwrap();
    check(
        &repo,
        Scope::Tracked,
        &[
            "tracked changed/.env StagedDiffers",
            "tracked gone/.env StagedDiffers",
            "tracked gone.age AgeFile",
            "tracked linked/.env StagedDiffers",
            "tracked same/.env:1 env TOKEN",
            "tracked sized/.env StagedDiffers",
            "tracked touched/.env:1 env TOKEN",
        ],
    );
}

#[test]
fn files_that_git_converts_are_not_taken_for_changed() {
    let repo = Repo::new();
    repo.git(&["config", "core.autocrlf", "true"]);
    repo.add(".env", "TOKEN=changeme\r\n");
    // Made older than the index, so that its time proves something.
    let file = fs::File::open(repo.root.join(".env")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000)).unwrap();
    repo.git(&["add", ".env"]);
    check(&repo, Scope::Tracked, &[]);
    repo.write(".env", "TOKEN=replaced\r\n");
    check(&repo, Scope::Tracked, &["tracked .env StagedDiffers", "tracked .env:1 env TOKEN"]);
}

#[test]
fn links_are_not_followed() {
    let repo = Repo::new();
    let outside = repo.outside().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join(".env"), format!("TOKEN={VALUE}\n")).unwrap();
    fs::write(outside.join("plain"), VALUE).unwrap();
    repo.add("folder/plain", "");
    repo.add("plain", "");
    fs::remove_dir_all(repo.root.join("folder")).unwrap();
    fs::remove_file(repo.root.join("plain")).unwrap();
    symlink(&outside, repo.root.join("folder")).unwrap();
    symlink(outside.join("plain"), repo.root.join("plain")).unwrap();
    symlink(outside.join(".env"), repo.root.join(".env")).unwrap();
    symlink(outside.join(".env"), repo.root.join("tracked.env")).unwrap();
    repo.git(&["add", "tracked.env"]);
    rustix::fs::mkfifoat(rustix::fs::CWD, repo.root.join("pipe.env"), rustix::fs::Mode::RWXU).unwrap();
    check(&repo, Scope::All, &[]);
}

#[test]
fn paths_that_git_would_refuse_lead_nowhere() {
    let repo = Repo::new();
    repo.write("folder/file", "");
    fs::write(repo.outside().join("file"), "").unwrap();
    let mut tree = Tree::open(&repo.root).unwrap();
    assert!(tree.file(b"folder/file").unwrap().is_some());
    let absolute = repo.root.join("folder/file");
    for path in [
        b"../file".as_slice(),
        b"folder/../folder/file",
        b"./folder/file",
        b"folder//file",
        b"/folder/file",
        b"folder/file/",
        b"folder/file/x",
        b"folder",
        b".git/config",
        b".GIT/config",
        b"folder/fi\0le",
        b"",
        absolute.as_os_str().as_bytes(),
    ] {
        assert!(tree.file(path).unwrap().is_none(), "{}", String::from_utf8_lossy(path));
    }
    assert!(tree.file(&[b'a'; 300]).is_err());
}

#[test]
fn every_shape_of_repository_is_read() {
    let shapes: [(&[&str], &[&[&str]]); 6] = [
        (&["init", "-q"], &[]),
        (&["init", "-q"], &[&["update-index", "--index-version", "4"]]),
        (&["init", "-q"], &[&["update-index", "--split-index"], &["update-index", "--chmod=+x", "a/.env"]]),
        (&["init", "-q"], &[&["config", "index.skipHash", "true"], &["update-index", "--force-write-index"]]),
        (&["init", "-q", "--object-format=sha256"], &[]),
        (&["init", "-q", "--object-format=sha256"], &[&["update-index", "--split-index"]]),
    ];
    for (init, steps) in shapes {
        let repo = Repo::with(init);
        repo.add("a/.env", "TOKEN=hunter2\n");
        repo.add("b/.env", "TOKEN=hunter2\n");
        steps.iter().for_each(|step| repo.git(step));
        repo.add("c/.env", "TOKEN=hunter2\n");
        repo.git(&["rm", "-q", "-f", "b/.env"]);
        repo.write("d/.env", "TOKEN=hunter2\n");
        check(&repo, Scope::Tracked, &["tracked a/.env:1 env TOKEN", "tracked c/.env:1 env TOKEN"]);
    }
}

#[test]
fn linked_trees_have_an_index_of_their_own_and_submodules_are_others() {
    let repo = Repo::new();
    repo.add(".env", "TOKEN=hunter2\n");
    repo.git(&["commit", "-q", "-m", "one"]);
    repo.git(&["worktree", "add", "-q", "../linked"]);
    repo.git(&["rm", "-q", ".env"]);
    repo.git(&["submodule", "--quiet", "add", "../linked", "module"]);
    repo.write("nested/.env", "TOKEN=hunter2\n");
    repo.write("nested/.git", "gitdir: elsewhere");
    check(&repo, Scope::All, &[]);
    let of = |path: &Path| shown(&look(path, &known(), Scope::All).unwrap());
    assert_eq!(of(&repo.outside().join("linked")), ["tracked .env:1 env TOKEN"]);
    assert_eq!(of(&repo.root.join("module")), ["tracked .env:1 env TOKEN"]);
    assert_eq!(of(&repo.root.join("nested")), ["untracked .env:1 env TOKEN"]);
    assert_eq!(of(repo.outside()), [] as [&str; 0]);
}

#[test]
fn an_index_beside_the_own_one_can_be_named() {
    let repo = Repo::new();
    repo.add(".env", "TOKEN=hunter2\n");
    fs::copy(repo.root.join(".git/index"), repo.root.join(".git/other")).unwrap();
    repo.git(&["rm", "-q", "--cached", ".env"]);
    check(&repo, Scope::Tracked, &[]);
    let found = look_at_index(&repo.root, &known(), Scope::Tracked, Path::new(".git/other")).unwrap();
    assert_eq!(shown(&found), ["tracked .env:1 env TOKEN"]);
    let missing = look_at_index(&repo.root, &known(), Scope::Tracked, Path::new(".git/none")).unwrap_err();
    assert!(matches!(missing, ExposureError::File { .. }), "{missing:?}");
}

#[test]
fn a_commit_of_everything_is_judged_by_the_index_that_git_prepared_for_it() {
    let repo = Repo::new();
    repo.add(".env", "TOKEN=hunter2\n");
    repo.git(&["commit", "-q", "-m", "one"]);
    let copy = repo.outside().join("prepared");
    let keep = repo.program("keep", &format!("cp \"$GIT_INDEX_FILE\" '{}'; exit 1", copy.display()));
    crate::effects::hook::tests::install_unasked(&repo.root, &keep).unwrap();
    repo.write(".env", "TOKEN=changeme\n");
    assert!(!repo.try_git(&["commit", "-q", "-a", "-m", "two"]).status.success());
    let found = look_at_index(&repo.root, &known(), Scope::Tracked, &copy).unwrap();
    assert_eq!(shown(&found), [] as [&str; 0]);
    check(&repo, Scope::Tracked, &["tracked .env StagedDiffers"]);
}

#[test]
fn a_damaged_index_is_an_error_and_never_more() {
    let repo = Repo::new();
    for path in [".env", "a/b/c.txt", "a/d.txt"] {
        repo.add(path, "TOKEN=hunter2\n");
    }
    repo.git(&["commit", "-q", "-m", "with a tree in the index"]);
    let index = repo.root.join(".git/index");
    let good = fs::read(&index).unwrap();
    for bytes in [&good[..good.len() - 1], &good[..10], b"", b"DIRC"] {
        fs::write(&index, bytes).unwrap();
        let error = look(&repo.root, &known(), Scope::Tracked).unwrap_err();
        assert!(matches!(error, ExposureError::Index { .. }), "{error:?}");
    }
    // With zeros for the checksum, which git allows, the reader meets each damaged byte itself.
    let repository = git::Repository::at(&repo.root).unwrap().unwrap();
    let content = good.len() - 20;
    for at in 0..content {
        for bit in [0x01, 0x10, 0x80, 0xff] {
            let mut bytes = [&good[..content], &[0; 20]].concat();
            bytes[at] ^= bit;
            fs::write(&index, bytes).unwrap();
            let _ = Index::read(&repository, None).map(|index| index.iter().flat_map(Index::files).count());
        }
    }
    fs::remove_file(&index).unwrap();
    check(&repo, Scope::Tracked, &[]);
}

#[test]
fn large_files_are_searched_piece_by_piece() {
    let repo = Repo::new();
    let mebibyte = 1 << 20;
    let filler = b"0123456789abcde\n".repeat(mebibyte / 16);
    for (name, before) in [("a", mebibyte - 7), ("b", mebibyte + 1), ("c", 3 * mebibyte - 5)] {
        let mut bytes = filler.repeat(4);
        bytes.splice(before..before, VALUE.bytes());
        repo.add(name, bytes);
    }
    repo.add("large.env", filler.repeat(2));
    repo.add("none", filler.repeat(4));
    let huge = fs::File::create(repo.root.join("huge")).unwrap();
    repo.git(&["add", "huge"]);
    huge.set_len(65 << 20).unwrap();
    check(
        &repo,
        Scope::Tracked,
        &[
            "tracked a:65536 known HORSE",
            "tracked b:65537 known HORSE",
            "tracked c:196608 known HORSE",
            "tracked huge not looked: TooLarge",
            "tracked large.env not looked: TooLarge",
        ],
    );
}

#[test]
fn what_limits_cut_off_is_told() {
    let repo = Repo::new();
    repo.write("1/2/3/4/5/6/7/8/.env", "TOKEN=hunter2\n");
    repo.write("1/2/3/4/5/6/7/8/9/.env", "TOKEN=hunter2\n");
    repo.write("broken/.env", "TOKEN=hunter2\nnothing\n");
    check(
        &repo,
        Scope::All,
        &[
            "untracked 1/2/3/4/5/6/7/8/.env:1 env TOKEN",
            "untracked 1/2/3/4/5/6/7/8/9 not looked: TooDeep",
            "untracked broken/.env:1 env TOKEN",
            "untracked broken/.env:2 not looked: NotDotenv",
        ],
    );
    let many: String = (0..=MAX_FOUND).map(|i| format!("T{i}=hunter2\n")).collect();
    repo.write("many/.env", many);
    let found = look(&repo.root, &known(), Scope::All).unwrap();
    assert_eq!(found.len(), MAX_FOUND + 1);
    assert_eq!(shown(&found[MAX_FOUND..]), ["untracked many/.env not looked: TooManyFound"]);
    fs::remove_file(repo.root.join("many/.env")).unwrap();
    repo.add("repeated", format!("{VALUE}\n").repeat(1000));
    check(
        &repo,
        Scope::Tracked,
        &["tracked repeated not looked: TooManyFound", "tracked repeated:1 known HORSE"],
    );
}

#[test]
fn a_folder_with_too_many_entries_is_told() {
    let repo = Repo::new();
    repo.write("a/.env", "TOKEN=hunter2\n");
    fs::create_dir(repo.root.join("z")).unwrap();
    for i in 0..20_000 {
        fs::File::create(repo.root.join(format!("z/{i}"))).unwrap();
    }
    check(&repo, Scope::All, &["untracked a/.env:1 env TOKEN", "untracked z not looked: TooManyEntries"]);
}

#[test]
fn nothing_that_a_repository_says_is_run() {
    let repo = Repo::new();
    repo.add(".env", "TOKEN=hunter2\n");
    let marker = repo.outside().join("marker");
    let program = repo.program("evil", &format!("echo ran >> '{}'; cat", marker.display()));
    let program = program.to_str().unwrap();
    for (key, value) in [
        ("core.fsmonitor", program.to_owned()),
        ("core.hooksPath", format!("{}/evil-hooks", repo.outside().display())),
        ("core.pager", program.to_owned()),
        ("core.sshCommand", program.to_owned()),
        ("alias.status", format!("!{program}")),
        ("alias.ls-files", format!("!{program}")),
        ("filter.evil.clean", program.to_owned()),
        ("filter.evil.smudge", program.to_owned()),
        ("filter.evil.process", program.to_owned()),
        ("diff.external", program.to_owned()),
    ] {
        repo.git(&["config", key, &value]);
    }
    repo.write(".gitattributes", "* filter=evil diff=evil\n");
    for hook in ["pre-commit", "post-index-change", "fsmonitor-watchman", "post-checkout"] {
        repo.program(&format!("evil-hooks/{hook}"), &format!("echo ran >> '{}'", marker.display()));
    }
    // The file must differ in time from the index, so that anything built on git would ask the filter.
    repo.write(".env", "TOKEN=hunter3\n");
    let _ = fs::remove_file(&marker);
    let own = repo.outside().join("keep");
    look(&repo.root, &known(), Scope::All).unwrap();
    look(&repo.root, &known(), Scope::Tracked).unwrap();
    assert!(crate::effects::hook::tests::install_unasked(&repo.root, &own).is_err());
    assert_eq!(crate::hook::state(&repo.root, &own).unwrap(), crate::hook::HookState::Elsewhere);
    crate::effects::hook::tests::remove_unasked(&repo.root).unwrap();
    assert!(!marker.exists(), "something in the repository was run");
    // And git itself does run it, so the trap is one.
    repo.try_git(&["status"]);
    assert!(marker.exists());
}
