//! What a run changed, read and committed.

use crate::overlay::{Try, commit, path, short, take, tree};
use keep_sandbox::layer::{Committed, Diff, DiffLimits, Judgement, Kind, Layer, LayerError};
use std::fs;
use std::os::unix::fs::symlink;

const FILL: &str = "echo one > a; echo two > b; mkdir d d/e; echo three > d/c; echo four > d/e/f; ln -s a link; \
                    echo five > run; chmod 640 run";

/// Runs, reads and commits; the folder is then what the run saw.
fn check(fill: &str, script: &str, changes: &[&str]) {
    let one = Try::new(fill);
    let layer = one.layer();
    let saw = one.run(&layer, script);
    let before = tree(&one.lower());
    let found = layer.changes().unwrap();
    assert_eq!(short(&found), changes, "{script}");
    assert_eq!(tree(&one.lower()), before, "reading changes nothing");
    let expected = if changes.is_empty() { Committed::Nothing } else { commit_all(&layer) };
    if changes.is_empty() {
        assert_eq!(commit(&layer, &found).unwrap(), expected);
    }
    assert_eq!(tree(&one.lower()), saw, "{script}");
    layer.discard().unwrap();
    assert!(!one.home().exists());
    assert_eq!(tree(&one.lower()), saw, "{script}");
}

fn commit_all(layer: &Layer) -> Committed {
    let done = commit(layer, &layer.changes().unwrap()).unwrap();
    assert!(matches!(done, Committed::All(1..)));
    assert!(layer.pending().unwrap().is_none());
    done
}

#[test]
fn nothing() {
    check(FILL, "cat a > /dev/null; touch a; chmod 600 b; chmod 644 b; echo x > x; rm x", &[]);
}

#[test]
fn files() {
    check(
        FILL,
        "echo new > new; echo more >> a; rm b; chmod 755 run; echo x > d/e/f",
        &["changed a", "removed b", "changed d/e/f", "created new", "mode run"],
    );
}

#[test]
fn folders() {
    check(
        FILL,
        "mkdir -p n/m; echo x > n/m/x; rm -r d/e; chmod 700 d; mkdir -m 555 locked; echo y > d/c",
        &[
            "mode d",
            "changed d/c",
            "removed d/e",
            "removed d/e/f",
            "created locked",
            "created n",
            "created n/m",
            "created n/m/x",
        ],
    );
}

#[test]
fn a_folder_made_anew_hides_what_it_held() {
    check(
        FILL,
        "rm -r d; mkdir d; echo new > d/new; mkdir d/e; echo four > d/e/g",
        &["removed d/c", "removed d/e/f", "created d/e/g", "created d/new"],
    );
}

#[test]
fn one_kind_becomes_another() {
    check(
        FILL,
        "rm -r d; echo file > d; rm a; mkdir a; echo x > a/x; rm b; ln -s /etc/passwd b; rm link; echo real > link",
        &[
            "replaced a",
            "created a/x",
            "replaced b",
            "replaced d",
            "removed d/c",
            "removed d/e",
            "removed d/e/f",
            "replaced link",
        ],
    );
}

#[test]
fn moves() {
    check(
        FILL,
        "mv a z; mv d/e/f d/e/g; mv link link2; ln b hard",
        &[
            "removed a",
            "removed d/e/f",
            "created d/e/g",
            "created hard",
            "removed link",
            "created link2",
            "created z",
        ],
    );
}

#[test]
fn links_are_never_followed() {
    let one = Try::new(FILL);
    let elsewhere = one.folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("secret"), "secret").unwrap();
    let layer = one.layer();
    one.run(
        &layer,
        &format!("ln -s {} out; ln -sfn ../../etc up; mkdir dd; ln -s ../a dd/in", elsewhere.display()),
    );
    let changes = layer.changes().unwrap();
    let out: Vec<bool> = changes.entries.iter().map(keep_sandbox::layer::Change::leads_out).collect();
    assert_eq!(short(&changes), ["created dd", "created dd/in", "created out", "created up"]);
    assert_eq!(out, [false, false, true, true]);
    commit(&layer, &changes).unwrap();
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
    assert!(fs::symlink_metadata(one.lower().join("out")).unwrap().is_symlink());
}

#[test]
fn a_folder_that_became_a_link_leads_nowhere() {
    let one = Try::new(FILL);
    let elsewhere = one.folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("c"), "three\n").unwrap();
    let layer = one.layer();
    one.run(&layer, "echo evil > d/c; echo evil > d/n");
    let changes = layer.changes().unwrap();
    fs::rename(one.lower().join("d"), one.folder.path().join("d")).unwrap();
    symlink(&elsewhere, one.lower().join("d")).unwrap();
    let before = tree(&one.lower());
    assert!(matches!(commit(&layer, &changes), Err(LayerError::Conflict { .. })));
    assert_eq!(fs::read(elsewhere.join("c")).unwrap(), b"three\n");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
    assert_eq!(tree(&one.lower()), before);
}

#[test]
fn what_changed_meanwhile_is_not_replaced() {
    for (script, meanwhile) in [
        ("echo x > a", "echo other > a"),
        ("echo x > a", "printf 'ONE\\n' > a"),
        ("echo x > a", "rm a"),
        ("echo x > a", "rm a; mkdir a"),
        ("rm a", "echo other > a"),
        ("echo x > new", "echo other > new"),
        ("rm -r d", "echo other > d/new"),
        ("rm -r d", "echo other > d/e/f"),
        ("rm -r d; echo x > d", "echo other > d/new"),
        ("chmod 600 run", "chmod 666 run"),
        ("ln -sfn b link", "ln -sfn d link"),
        ("echo x > d/c", "rm -r d"),
    ] {
        // While it runs, and after it has been looked at.
        for early in [true, false] {
            let one = Try::new(FILL);
            let layer = one.layer();
            one.run(&layer, script);
            if early {
                one.outside(meanwhile);
            }
            let changes = layer.changes().unwrap();
            if !early {
                one.outside(meanwhile);
            }
            let before = tree(&one.lower());
            let refused = commit(&layer, &changes);
            assert!(
                matches!(refused, Err(LayerError::Conflict { .. })),
                "{script} {meanwhile} {early}: {refused:?}"
            );
            assert_eq!(tree(&one.lower()), before, "{script} {meanwhile} {early}");
            layer.discard().unwrap();
        }
    }
}

#[test]
fn what_changed_elsewhere_stays() {
    let one = Try::new(FILL);
    let layer = one.layer();
    one.run(&layer, "echo x > a; echo n > d/n");
    one.outside("echo other > b; echo other > d/other");
    commit_all(&layer);
    assert_eq!(fs::read(one.lower().join("b")).unwrap(), b"other\n");
    assert_eq!(fs::read(one.lower().join("d/other")).unwrap(), b"other\n");
    assert_eq!(fs::read(one.lower().join("d/n")).unwrap(), b"n\n");
}

#[test]
fn protected_paths_refuse_the_whole() {
    for script in [
        "mkdir -p .git/hooks; echo evil > .git/hooks/pre-commit",
        "mkdir -p .GIT/hooks; echo evil > .GIT/hooks/pre-commit",
        "ln -s /etc .git",
        "ln -s ../d .keep",
        "echo x > .keep",
    ] {
        let one = Try::new(FILL);
        let layer = one.layer();
        one.run(&layer, &format!("echo x > a; {script}"));
        let before = tree(&one.lower());
        let protected = [path(".git/hooks"), path(".keep")];
        let changes = layer.changes().unwrap();
        let refused =
            layer.commit(&changes, &mut |change| match protected.iter().find(|p| change.touches(p)) {
                Some(protected) => Judgement::Refuse(format!("{protected} is protected")),
                None => Judgement::Take,
            });
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("is protected"), "{script}: {said}");
        assert_eq!(tree(&one.lower()), before, "{script}");
    }
}

#[test]
fn pipes_and_programs_that_run_as_their_owner_are_refused() {
    for (script, word) in
        [("mkfifo p", "pipe"), ("cp a s; chmod 4755 s", "owner"), ("chmod 2755 run", "owner")]
    {
        let one = Try::new(FILL);
        let layer = one.layer();
        one.run(&layer, script);
        let changes = layer.changes().unwrap();
        let said = commit(&layer, &changes).unwrap_err().to_string();
        assert!(said.contains(word), "{script}: {said}");
    }
}

#[test]
fn hostile_names() {
    let one = Try::named("l:o,w\\er", "echo x > plain");
    let layer = one.layer();
    let saw = one.run(
        &layer,
        "n=$(printf '\\033[2J\\n\\377\\\\%%'); echo x > \"$n\"; mkdir -- -rf; echo y > ./-rf/'a b'; echo z > \"$(printf '%0255d' 7)\"; \
         : > .wh.plain; : > '...'",
    );
    let changes = layer.changes().unwrap();
    assert!(short(&changes).contains(&"created %1b[2j%0a%ff\\%25".to_owned()), "{:?}", short(&changes));
    commit_all(&layer);
    assert_eq!(tree(&one.lower()), saw);
    layer.discard().unwrap();
    // Deeper than a path can be said in one breath, and so more than the test's own eyes can see.
    let layer = one.layer();
    one.run_unseen(
        &layer,
        "d=$(printf '%0250d' 7); p=$d; for i in 1 2 3 4 5 6 7 8 9 10 11; do p=$p/$d; done; \
         mkdir -p $p; echo x > $p/end; mv $d t; mkdir -p $p; mv t $p/$d",
    );
    assert_eq!(layer.changes().unwrap().entries.len(), 25);
    commit_all(&layer);
    assert!(layer.changes().unwrap().entries.is_empty());
    layer.discard().unwrap();
}

#[test]
fn differences() {
    let one = Try::new(
        "printf 'a\\nb\\nc\\n' > t; printf '\\000' > bin; head -c 100000 /dev/zero | tr '\\0' x > large",
    );
    let layer = one.layer();
    one.run(&layer, "printf 'a\\nx\\nc\\n' > t; printf '\\001\\000' > bin; echo >> large; echo n > n; mkdir d; chmod 600 t");
    let limits = DiffLimits { file_bytes: 1000, text_bytes: 1000 };
    let of = |name: &str| {
        let changes = layer.changes().unwrap();
        let change = changes.entries.iter().find(|change| change.path == path(name)).unwrap();
        layer.diff(change, limits).unwrap()
    };
    assert_eq!(of("t"), Diff::Text { hunks: "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n".into(), cut: false });
    assert_eq!(of("n"), Diff::Text { hunks: "@@ -1,0 +1,1 @@\n+n\n".into(), cut: false });
    assert_eq!(of("bin"), Diff::Binary);
    assert_eq!(of("large"), Diff::Large);
    assert_eq!(of("d"), Diff::NoFile);
}

#[test]
fn a_layer_is_opened_again() {
    let one = Try::new(FILL);
    let saw = one.run(&one.layer(), "echo x > a");
    let layer = Layer::open(&one.home()).unwrap();
    commit_all(&layer);
    assert_eq!(tree(&one.lower()), saw);
    one.outside("cd ..; mv lower old; mkdir lower");
    assert!(matches!(Layer::open(&one.home()), Err(LayerError::Elsewhere { .. })));
}

#[test]
fn a_layer_that_changed_after_it_was_shown_is_not_committed() {
    let one = Try::new(FILL);
    let layer = one.layer();
    one.run(&layer, "echo shown > a");
    let changes = layer.changes().unwrap();
    one.run(&layer, "echo other > a");
    let before = tree(&one.lower());
    assert!(matches!(layer.commit(&changes, &mut take), Err(LayerError::Moved { .. })));
    assert_eq!(tree(&one.lower()), before);
    assert!(layer.pending().unwrap().is_none());
    assert_eq!(fs::read_dir(one.lower()).unwrap().count(), 5);
}

#[test]
fn a_layer_is_ended_by_one_process_at_a_time() {
    let one = Try::new(FILL);
    let (first, second) = (one.layer(), Layer::open(&one.home()).unwrap());
    one.run(&first, "echo x > a");
    let changes = first.changes().unwrap();
    let done = first.commit(&changes, &mut |_| {
        assert!(matches!(commit(&second, &changes), Err(LayerError::Busy { .. })));
        assert!(matches!(second.pending(), Err(LayerError::Busy { .. })));
        Judgement::Take
    });
    assert_eq!(done.unwrap(), Committed::All(1));
    second.discard().unwrap();
}

#[test]
fn a_layer_inside_its_own_folder_is_refused() {
    let one = Try::new(FILL);
    let made = Layer::create(&one.lower().join("d/try"), &one.lower());
    assert!(matches!(made, Err(LayerError::Unmountable { .. })), "{made:?}");
    assert!(!one.lower().join("d/try").exists());
}

/// Marks that an overlay of another kernel writes: removed names without devices.
#[test]
fn whiteouts_without_devices() {
    let one = Try::new(FILL);
    let layer = one.layer();
    let upper = one.home().join("upper");
    fs::create_dir(upper.join("d")).unwrap();
    fs::write(upper.join("d/c"), "").unwrap();
    fs::write(upper.join("a"), "").unwrap();
    let mark = |name: &str, attribute: &str, value: &[u8]| {
        rustix::fs::setxattr(upper.join(name), attribute, value, rustix::fs::XattrFlags::empty()).unwrap();
    };
    mark("d", "user.overlay.opaque", b"x");
    mark("d/c", "user.overlay.whiteout", b"y");
    // Without the mark on its folder it is an empty file.
    mark("a", "user.overlay.whiteout", b"y");
    let changes = layer.changes().unwrap();
    assert_eq!(short(&changes), ["changed a", "removed d/c"]);
    assert_eq!(changes.entries[0].after.as_ref().unwrap().kind, Kind::File);
}

/// Figures for docs/sandbox-try.md: run with `--ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn figures() {
    let one =
        Try::new("for d in $(seq 100); do mkdir $d; for f in $(seq 500); do echo $f > $d/$f; done; done");
    let time = std::time::Instant::now();
    let layer = one.layer();
    println!("50,000 files noted: {:?}", time.elapsed());
    one.run_unseen(&layer, "for d in $(seq 10); do echo x >> $d/1; done; rm -r 50; mkdir n; for f in $(seq 200); do echo $f > n/$f; done");
    let time = std::time::Instant::now();
    let changes = layer.changes().unwrap();
    println!("{} changes read: {:?}", changes.entries.len(), time.elapsed());
    let time = std::time::Instant::now();
    commit(&layer, &changes).unwrap();
    println!("committed: {:?}", time.elapsed());
}
