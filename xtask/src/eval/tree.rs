//! Two trees of files, compared: names, kinds, modes, owners, links and every byte.

use crate::chore::Chore;
use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What differs between two trees, a line each; paths that a pattern covers are left out. A pattern is a
/// path below the root in which `*` stands for any part of a name, and `**` for any folders.
pub(crate) fn differences(a: &Path, b: &Path, left_out: &[&str]) -> Result<Vec<String>, Chore> {
    let (left, right) = (list(a)?, list(b)?);
    let covered = |path: &Path| left_out.iter().any(|pattern| covers(pattern, path));
    let mut found = Vec::new();
    for (path, one) in &left {
        if covered(path) {
            continue;
        }
        let what = match right.get(path) {
            None => Some("missing".to_owned()),
            Some(other) => difference(&a.join(path), one, &b.join(path), other)?,
        };
        found.extend(what.map(|what| format!("{}: {what}", path.display())));
    }
    let more = right.keys().filter(|path| !left.contains_key(*path) && !covered(path));
    found.extend(more.map(|path| format!("{}: made", path.display())));
    Ok(found)
}

/// Everything below a folder, which itself has the empty path.
fn list(root: &Path) -> Result<BTreeMap<PathBuf, Metadata>, Chore> {
    let mut found = BTreeMap::new();
    let mut open = vec![PathBuf::new()];
    while let Some(path) = open.pop() {
        let at = root.join(&path);
        let own = fs::symlink_metadata(&at).map_err(Chore::file(&at))?;
        if own.is_dir() {
            for entry in fs::read_dir(&at).map_err(Chore::file(&at))? {
                open.push(path.join(entry.map_err(Chore::file(&at))?.file_name()));
            }
        }
        found.insert(path, own);
    }
    Ok(found)
}

fn difference(a: &Path, one: &Metadata, b: &Path, other: &Metadata) -> Result<Option<String>, Chore> {
    let (left, right) = (one.mode(), other.mode());
    if left != right {
        return Ok(Some(format!("mode {right:o} instead of {left:o}")));
    }
    let (left, right) = ((one.uid(), one.gid()), (other.uid(), other.gid()));
    if left != right {
        return Ok(Some(format!("owner {right:?} instead of {left:?}")));
    }
    if one.is_symlink() {
        let (left, right) = (target(a)?, target(b)?);
        return Ok(
            (left != right).then(|| format!("leads to {} instead of {}", right.display(), left.display()))
        );
    }
    if !one.is_file() {
        return Ok(None);
    }
    if one.nlink() != other.nlink() {
        return Ok(Some(format!("{} names instead of {}", other.nlink(), one.nlink())));
    }
    if one.len() != other.len() {
        return Ok(Some(format!("{} bytes instead of {}", other.len(), one.len())));
    }
    let same = same(open(a)?, open(b)?).map_err(Chore::file(b))?;
    Ok((!same).then(|| "other content".to_owned()))
}

fn target(path: &Path) -> Result<PathBuf, Chore> {
    fs::read_link(path).map_err(Chore::file(path))
}

fn open(path: &Path) -> Result<BufReader<File>, Chore> {
    File::open(path).map(BufReader::new).map_err(Chore::file(path))
}

fn same(mut a: impl Read, mut b: impl Read) -> io::Result<bool> {
    const AT_ONCE: usize = 1 << 16;
    loop {
        let (mut left, mut right) = (Vec::with_capacity(AT_ONCE), Vec::with_capacity(AT_ONCE));
        a.by_ref().take(AT_ONCE as u64).read_to_end(&mut left)?;
        b.by_ref().take(AT_ONCE as u64).read_to_end(&mut right)?;
        if left != right {
            return Ok(false);
        }
        if left.is_empty() {
            return Ok(true);
        }
    }
}

/// Whether a pattern covers a path or a folder above it.
fn covers(pattern: &str, path: &Path) -> bool {
    let parts: Vec<&str> = pattern.split('/').collect();
    let names: Vec<String> =
        path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    (1..=names.len()).any(|end| matches(&parts, &names[..end]))
}

fn matches(parts: &[&str], names: &[String]) -> bool {
    match (parts, names) {
        ([], []) => true,
        (["**", rest @ ..], _) => (0..=names.len()).any(|skip| matches(rest, &names[skip..])),
        ([part, parts @ ..], [name, names @ ..]) => is_like(part, name) && matches(parts, names),
        _ => false,
    }
}

fn is_like(part: &str, name: &str) -> bool {
    match part.split_once('*') {
        None => part == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn every_kind_of_difference_is_seen() {
        let scratch = tempfile::tempdir().unwrap();
        let (a, b) = (scratch.path().join("a"), scratch.path().join("b"));
        for root in [&a, &b] {
            fs::create_dir_all(root.join("deep/er")).unwrap();
            for name in ["same", "bytes", "mode", "hard", "deep/er/left-out"] {
                fs::write(root.join(name), "one").unwrap();
            }
            symlink("same", root.join("link")).unwrap();
        }
        assert_eq!(differences(&a, &b, &[]).unwrap(), [""; 0]);
        fs::write(b.join("bytes"), "two").unwrap();
        fs::set_permissions(b.join("mode"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::hard_link(b.join("hard"), b.join("more")).unwrap();
        fs::remove_file(b.join("link")).unwrap();
        symlink("mode", b.join("link")).unwrap();
        fs::remove_file(b.join("same")).unwrap();
        fs::write(b.join("deep/er/left-out"), "other").unwrap();
        let found = differences(&a, &b, &["deep/**/left-*"]).unwrap();
        let expected = [
            "bytes: other content",
            "hard: 2 names instead of 1",
            "link: leads to mode instead of same",
            "mode: mode 100700 instead of 100644",
            "same: missing",
            "more: made",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn patterns_cover_what_lies_below_them() {
        for (pattern, path, expected) in [
            ("target", "target/debug/x", true),
            ("target", "my/target", false),
            ("**/__pycache__", "a/b/__pycache__/x.pyc", true),
            ("**/__pycache__", "__pycache__", true),
            (".git/*.lock", ".git/index.lock", true),
            (".git/*.lock", ".git/a/index.lock", false),
            ("*", "", false),
        ] {
            assert_eq!(covers(pattern, Path::new(path)), expected, "{pattern} {path}");
        }
    }
}
