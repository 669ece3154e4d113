//! What a run has for itself: caches of its project, and a copy of its repository's settings.

use super::Work;
use crate::home::Said;
use std::fs;

const CACHE: &str = "$HOME/.cache/tool/fetched";

/// A script of the project, whose text is not what is ruled on.
fn script(work: &Work, before: &[&str], text: &str) -> Said {
    fs::write(work.work().join("run.sh"), text).unwrap();
    work.keep(&[before, &["exec", "--", "bash", "run.sh"]].concat())
}

#[test]
fn caches_are_a_projects_own() {
    let work = Work::new();
    let real = work.root().join("ann/.cache");
    assert!(!real.exists());
    let said = script(&work, &[], &format!("mkdir -p $HOME/.cache/tool && echo poisoned > {CACHE}"));
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!real.exists(), "nothing of it is where unconfined programs look");
    let said = script(&work, &[], &format!("cat {CACHE}"));
    assert_eq!(said.out, "poisoned\n", "{said:?}");
    // Who is trusted with everything must not obey it, and who only reads has none.
    fs::write(work.work().join("run.sh"), format!("cat {CACHE} || echo none")).unwrap();
    for profile in ["full-trust", "read-only"] {
        let said = work.person(&["exec", "--profile", profile, "--", "bash", "run.sh"], "");
        assert!(said.out.contains("none") && !said.out.contains("poisoned"), "{profile}: {said:?}");
    }
    // What is there already can be read, and is never changed.
    fs::create_dir_all(real.join("tool")).unwrap();
    fs::write(real.join("tool/mine"), "mine\n").unwrap();
    let said = script(&work, &[], "cat $HOME/.cache/tool/mine && echo theirs > $HOME/.cache/tool/mine");
    assert_eq!((said.code, said.out.as_str()), (0, "mine\n"), "{said:?}");
    assert_eq!(fs::read_to_string(real.join("tool/mine")).unwrap(), "mine\n");
    let said = script(&work, &["--set", "exec.cache_mib=0"], "echo x > $HOME/.cache/x");
    assert_ne!(said.code, 0, "{said:?}");
    assert!(!real.join("x").exists());
}

#[test]
fn caches_are_listed_and_forgotten() {
    let work = Work::new();
    script(&work, &[], "mkdir -p $HOME/.cache && head -c 500000 /dev/urandom > $HOME/.cache/large");
    let listed = work.json(&["runs", "caches", "--json"]);
    assert_eq!(listed[0]["workspace"], work.work().display().to_string(), "{listed}");
    assert!(listed[0]["bytes"].as_u64().unwrap() >= 500_000, "{listed}");
    // A program asks first: that the next build takes long may be somebody's loss.
    let said = work.keep(&["runs", "forget-caches"]);
    assert_eq!(said.code, 8, "{said:?}");
    let said = work.person(&["runs", "forget-caches"], "");
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(work.json(&["runs", "caches", "--json"]), serde_json::json!([]));
    let said = script(&work, &[], "ls $HOME/.cache/large");
    assert_ne!(said.code, 0, "{said:?}");
}

#[test]
fn caches_that_hold_too_much_are_emptied() {
    let work = Work::new();
    let fill = "mkdir -p $HOME/.cache && head -c 3000000 /dev/urandom > $HOME/.cache/large";
    let said = script(&work, &["--set", "exec.cache_mib=1"], fill);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("were emptied"), "{said:?}");
    assert_eq!(work.json(&["runs", "caches", "--json"]), serde_json::json!([]));
}

#[test]
fn harmless_settings_are_taken_over_and_others_are_not() {
    let work = Work::new();
    let git = |words: &[&str]| {
        let done = work.home.command("git").args(words).current_dir(work.work()).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    git(&["init", "--quiet"]);
    let said = script(&work, &[], "git remote add mirror ./upstream.git");
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    assert_eq!(git(&["config", "remote.mirror.url"]), "./upstream.git");
    let file = work.work().join(".git/config");
    let before = fs::read_to_string(&file).unwrap();
    for (number, planted) in [
        "[core]\n\tfsmonitor = ./watch\n",
        "[core]\n\thooksPath = .\n",
        "[alias]\n\tst = !./x\n",
        "[include]\n\tpath = ../evil\n",
        "[remote \"mirror\"]\n\turl = ext::sh -c x\n",
    ]
    .iter()
    .enumerate()
    {
        fs::write(work.work().join("planted"), planted).unwrap();
        let text = format!("git config user.name Ann{number}; cat planted >> .git/config");
        let said = script(&work, &[], &text);
        assert!(said.err.contains("settings stay as they were"), "{planted}: {said:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), before, "all or nothing: {planted}");
    }
    assert!(!work.work().join(".git/config.lock").exists());
}
