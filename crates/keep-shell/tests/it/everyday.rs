//! What developers run all day is not asked about, and its parts are what a person would say they are.

use crate::{look, runs};
use keep_types::Risk;

#[test]
fn reading_in_the_workspace_is_low() {
    for text in [
        "ls -la",
        "cat src/main.rs | head -20",
        "git status",
        "git diff HEAD~1 -- src",
        "git diff main...feature",
        "git diff --stat HEAD^",
        "git show HEAD:src/main.rs",
        "git blame -L 1,9 src/main.rs",
        "git log --oneline -5",
        "rg -n 'fn main' src",
        "grep -rn TODO .",
        "find . -name '*.rs' -not -path './target/*'",
        "wc -l src/*.rs",
        "sed -n '1,20p' README.md",
        "awk '{print $1}' x.txt",
        "awk '$1 ~ \"a|b\" { print $2 / 2 }' x.txt",
        "awk '/a|b/ && $3 > 4' x.txt",
        "jq .name package.json",
        "echo \"rm -rf /\"",
        "grep 'rm -rf' Makefile",
        "test -f x && echo yes || echo no",
        "cd src && ls",
        "pwd",
        "for f in *.txt; do wc -l \"$f\"; done",
        "sort x | uniq -c | sort -rn | head",
        "command -v git",
        "which -a python",
        "[ -x /usr/bin/git ] && echo yes",
        "ls 2>/dev/null",
        "diff a b",
        "tree -L 2",
        "head -n 5 x 2>&1",
        "node -v",
        "node --version",
    ] {
        let analysis = look(text);
        assert_eq!(analysis.risk, Risk::Low, "{text:?}\n{}", analysis.explain());
    }
}

#[test]
fn writing_and_building_in_the_workspace_is_medium() {
    for text in [
        "cargo build --release",
        "cargo test -p x 2>&1 | tail -5",
        "npm test",
        "npm run build",
        "make -j4",
        "pytest -q",
        "mkdir -p a/b",
        "touch x",
        "cp a b",
        "mv a b",
        "rm file.txt",
        "rm -rf node_modules",
        "rm -rf target",
        "echo x > out.txt",
        "git add -A",
        "git commit -m 'fix: do not rm -rf root'",
        "git checkout -b new",
        "python script.py",
        "node x.js",
        "sed -i 's/a/b/' src/x.rs",
        "find . -name '*.o' -delete",
        "find . -name '*.txt' -exec rm {} \\;",
        "rm -rf /tmp/x",
        "go test ./...",
        "tsc --noEmit",
        "python3 -c 'print(1)'",
        "git stash",
        "git restore --staged src/main.rs",
        "git restore -S .",
        "unknown-program --flag x",
        "tar xzf x.tgz",
        "git commit -m \"$(cat <<'EOF'\nIt's done (mostly)\nEOF\n)\"",
        "FOO=1 cargo run",
        "PAGER=cat git log && touch x",
        "CC=clang make -j8",
        "go run ./cmd/x",
        "tsc --outDir /tmp/out",
        "pytest --junitxml=/tmp/x.xml tests",
        "node --require ./setup.js x.js",
        "awk -f scripts/x.awk data.txt",
    ] {
        let analysis = look(text);
        assert_eq!(analysis.risk, Risk::Medium, "{text:?}\n{}", analysis.explain());
    }
}

#[test]
fn everything_that_would_run_is_a_part() {
    let cases: &[(&str, &[&str])] = &[
        ("a; b && c || d | e &", &["a", "b", "c", "d", "e"]),
        ("x=1; y=$x$x; echo $y \"${y}z\"", &["echo 11 11z"]),
        ("for i in 1 2; do echo $i; done", &["echo 1", "echo 2"]),
        ("f() { echo $2 $1; }; f a b", &["f a b"][..0]),
        ("sudo -u bob timeout 5 ls -l", &["sudo -u bob timeout 5 ls -l", "timeout 5 ls -l", "ls -l"]),
        ("bash -c 'echo $0 $1' a b", &["bash -c echo $0 $1 a b", "echo a b"]),
        ("echo $(pwd)", &["pwd", "echo /home/ann/app"]),
        ("if true; then a; else b; fi", &["true", "a", "b"]),
        ("cat <<E | sh\nls -l\nE", &["cat", "sh", "ls -l"]),
    ];
    for (text, expected) in cases {
        let found = runs(&look(text));
        for line in *expected {
            assert!(found.iter().any(|found| found == line), "{text:?}: {line:?} not in {found:?}");
        }
    }
    assert_eq!(runs(&look("f() { echo $2 $1; }; f a b")), ["echo b a"]);
}
