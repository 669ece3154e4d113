//! `cargo xtask check-papers`: what the papers say and a program can hold them to.

use crate::chore::{Chore, output, read, report, root};
use cargo_metadata::MetadataCommand;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::process::Command;

/// A security policy that nobody looked at for a quarter is not one.
const REVIEW_DAYS: i32 = 92;

/// Runs every check of the papers.
pub(crate) fn check() -> Result<(), Chore> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut findings = review_findings(&read(&root().join("SECURITY.md"))?, today);
    findings.extend(dependency_findings(
        &read(&root().join("docs/dependencies.md"))?,
        &direct_dependencies()?,
        &workspace_dependencies(&read(&root().join("Cargo.toml"))?)?,
    ));
    findings.extend(tracked_paths()?);
    findings.extend(property_findings(&read(&root().join("docs/properties.md"))?, &tests()?));
    report("check-papers", findings, "review date, dependencies, paths and properties are in order")
}

/// Tests that docs/properties.md names and that are not there, and rows that name none.
fn property_findings(text: &str, known: &BTreeSet<String>) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, row, _, tests, _] = columns.as_slice() else { continue };
        if row.parse::<u8>().is_err() {
            continue;
        }
        let mut named = tests.split('`').skip(1).step_by(2).peekable();
        if named.peek().is_none() {
            findings.push(format!("docs/properties.md:{}: names no test", number + 1));
        }
        let gone = named.filter(|name| !known.contains(*name));
        findings.extend(gone.map(|name| format!("docs/properties.md:{}: no test `{name}`", number + 1)));
    }
    findings
}

/// The names of all tests of our crates.
fn tests() -> Result<BTreeSet<String>, Chore> {
    let files = output(Command::new("git").args(["ls-files", "-z", "--cached", "crates/*.rs"]))?;
    let mut names = BTreeSet::new();
    for name in files.split('\0').filter(|name| !name.is_empty()) {
        // A file deleted but not yet committed holds no test any more.
        let Ok(text) = std::fs::read_to_string(root().join(name)) else { continue };
        names.extend(tests_of(&text));
    }
    Ok(names)
}

/// The functions of a file that are marked as tests.
fn tests_of(text: &str) -> Vec<String> {
    let (mut marked, mut names) = (false, Vec::new());
    for line in text.lines().map(str::trim_start) {
        let declared = line.strip_prefix("fn ").or_else(|| line.strip_prefix("async fn "));
        if let Some(name) = declared.and_then(|rest| rest.split(['(', '<']).next()).filter(|_| marked) {
            names.push(name.to_owned());
        }
        let between = line.starts_with("#[") || line.starts_with("///");
        marked = line.starts_with("#[test]") || line.starts_with("#[tokio::test") || (marked && between);
    }
    names
}

fn review_findings(text: &str, today: Date) -> Vec<String> {
    let Some(line) = text.lines().find_map(|line| line.strip_prefix("Review date: ")) else {
        return vec!["SECURITY.md: has no line `Review date: YYYY-MM-DD`".to_owned()];
    };
    let Ok(date) = line.trim().parse::<Date>() else {
        return vec![format!("SECURITY.md: `{line}` is not a date")];
    };
    let age = (today - date).get_days();
    if age > REVIEW_DAYS {
        vec![format!("SECURITY.md: reviewed {age} days ago; read it again, then set its review date")]
    } else if age < -1 {
        vec![format!("SECURITY.md: the review date {date} lies ahead")]
    } else {
        Vec::new()
    }
}

/// Every name in the first column of docs/dependencies.md's table.
fn listed(text: &str) -> BTreeSet<String> {
    let first = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    text.lines().filter_map(first).collect()
}

fn dependency_findings(text: &str, used: &BTreeSet<String>, shared: &BTreeSet<String>) -> Vec<String> {
    let listed = listed(text);
    let wanted: BTreeSet<String> = used.union(shared).cloned().collect();
    let missing =
        wanted.difference(&listed).map(|name| format!("docs/dependencies.md: no line for `{name}`"));
    let gone =
        listed.difference(&wanted).map(|name| format!("docs/dependencies.md: `{name}` is no dependency"));
    let idle = shared.difference(used).map(|name| format!("Cargo.toml: no crate uses `{name}`"));
    missing.chain(gone).chain(idle).collect()
}

/// What our crates name directly that is not ours.
fn direct_dependencies() -> Result<BTreeSet<String>, Chore> {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .map_err(|why| Chore::form(&"cargo's metadata", &why))?;
    let all = metadata.packages.into_iter().flat_map(|package| package.dependencies);
    Ok(all.filter(|need| need.path.is_none()).map(|need| need.name).collect())
}

/// What the workspace shares that is not ours.
fn workspace_dependencies(manifest: &str) -> Result<BTreeSet<String>, Chore> {
    let parsed: toml::Table = manifest.parse().map_err(|why| Chore::form(&"Cargo.toml", &why))?;
    let shared =
        parsed.get("workspace").and_then(|it| it.get("dependencies")).and_then(toml::Value::as_table);
    let shared = shared.ok_or_else(|| Chore::form(&"Cargo.toml", &"no [workspace.dependencies]"))?;
    Ok(shared.iter().filter(|(_, value)| value.get("path").is_none()).map(|(name, _)| name.clone()).collect())
}

/// Tracked files that name a place of the machine they were written on.
fn tracked_paths() -> Result<Vec<String>, Chore> {
    let files = output(Command::new("git").args(["ls-files", "-z", "--cached"]))?;
    let own = root().display().to_string();
    let mut findings = Vec::new();
    for name in files.split('\0').filter(|name| !name.is_empty()) {
        // A file deleted but not yet committed, or one that is not text, names nothing.
        let Ok(text) = std::fs::read_to_string(root().join(name)) else {
            continue;
        };
        findings.extend(path_findings(name, &text, &own));
    }
    Ok(findings)
}

/// Fragments that stand only in the paths of a real machine's toolchain; spelled in two halves so
/// that this file passes its own check.
const MACHINE_FRAGMENTS: &[&str] = &[concat!(".cargo/", "registry/src"), concat!(".rustup/", "toolchains/")];

fn path_findings(name: &str, text: &str, own: &str) -> Vec<String> {
    // A checkout directly below the root folder has too short a path to tell it from a word.
    let own = Some(own).filter(|path| path.matches('/').count() > 1);
    let needles = MACHINE_FRAGMENTS.iter().copied().chain(own);
    needles
        .filter_map(|needle| {
            let line = text.lines().position(|line| line.contains(needle))?;
            Some(format!("{name}:{}: names a path of this machine", line + 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_review_is_good_for_92_days() {
        let today: Date = "2026-11-21".parse().unwrap();
        let cases = [
            ("Review date: 2026-11-21", None),
            ("Review date: 2026-08-21", None),
            ("Review date: 2026-08-20", Some("93 days ago")),
            ("Review date: 2027-01-01", Some("lies ahead")),
            ("Review date: soon", Some("is not a date")),
            ("nothing", Some("has no line")),
        ];
        for (text, expected) in cases {
            let found = review_findings(text, today).join("; ");
            assert_eq!(expected.is_none(), found.is_empty(), "{text}: {found}");
            assert!(found.contains(expected.unwrap_or_default()), "{text}: {found}");
        }
    }

    #[test]
    fn dependencies_and_their_lines_agree() {
        let text = "| crate | why |\n| `serde` | x |\n| `old` | y |\n";
        let found = dependency_findings(text, &names(&["serde", "new"]), &names(&["serde", "idle"]));
        assert_eq!(
            found,
            [
                "docs/dependencies.md: no line for `idle`",
                "docs/dependencies.md: no line for `new`",
                "docs/dependencies.md: `old` is no dependency",
                "Cargo.toml: no crate uses `idle`",
            ]
        );
    }

    #[test]
    fn a_test_that_is_named_is_there() {
        let text = "| | property | tests |\n|---|---|---|\n| 1 | one | `here` |\n| 2 | two | `here` `gone` |\n| 3 | three | none |\n";
        assert_eq!(
            property_findings(text, &names(&["here"])),
            ["docs/properties.md:4: no test `gone`", "docs/properties.md:5: names no test"]
        );
    }

    #[test]
    fn only_what_is_marked_is_a_test() {
        let text = "fn a() {\n}\n#[test]\nfn b() {\n#[tokio::test]\n/// Why.\nasync fn c() {\nfn d() {\n";
        assert_eq!(tests_of(text), ["b", "c"]);
    }

    #[test]
    fn a_machines_own_paths_are_found() {
        let own = "/srv/me/keep";
        assert!(path_findings("a", "see docs/exit-codes.md and /tmp/x", own).is_empty());
        assert_eq!(path_findings("a", "x\n/srv/me/keep/target", own), ["a:2: names a path of this machine"]);
        assert_eq!(path_findings("a", &format!("~/{}", MACHINE_FRAGMENTS[0]), own).len(), 1);
    }
}
