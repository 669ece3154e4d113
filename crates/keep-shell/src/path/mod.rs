//! Paths: made absolute, and told where they lie.

mod known;

use crate::context::Context;
use crate::effect::Place;
use crate::word::{Sort, Word, pattern};
use keep_types::is_asked_about;
use known::{SECRETS, SYSTEM, is_secret, is_startup, is_vital};

/// A path without `.`, `..` and doubled slashes, seen from a folder. Lexical: symbolic links are the
/// caller's to follow.
pub(crate) fn normalise(folder: &str, text: &str) -> String {
    let mut parts: Vec<&str> = Vec::with_capacity(8);
    let base = if text.starts_with('/') { "" } else { folder };
    for part in base.split('/').chain(text.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut out = String::with_capacity(base.len() + text.len() + 1);
    for part in parts {
        out.push('/');
        out.push_str(part);
    }
    if out.is_empty() {
        out.push('/');
    }
    out
}

/// Whether a path is a folder or lies in it. By whole names: `/proj-evil` is not in `/proj`.
pub(crate) fn within(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where a word leads that is used as a path, from each folder that the command may stand in.
pub(crate) fn locate(word: &Word, folders: &[Option<String>], context: &Context<'_>) -> Vec<(String, Place)> {
    if word.sort == Sort::Unknown && !word.plain {
        // What is known before the hole decides nothing: the hole may begin with `..`.
        return vec![(word.text.clone(), Place::Unknown)];
    }
    if word.text.starts_with('/') {
        return vec![placed(normalise("/", &word.text), word, context)];
    }
    let mut out: Vec<(String, Place)> = Vec::with_capacity(folders.len());
    for folder in folders {
        let found = match folder {
            Some(folder) => placed(normalise(folder, &word.text), word, context),
            None => (word.text.clone(), Place::Unknown),
        };
        if !out.contains(&found) {
            out.push(found);
        }
    }
    out
}

fn placed(path: String, word: &Word, context: &Context<'_>) -> (String, Place) {
    let path = match context.resolve {
        Some(resolve) if word.sort == Sort::Known => resolve(&path).unwrap_or(path),
        _ => path,
    };
    let place =
        if word.sort == Sort::Known { place(&path, context) } else { place_of_pattern(&path, context) };
    (path, place)
}

/// Where the names may lie that match a pattern; the worst of them.
fn place_of_pattern(path: &str, context: &Context<'_>) -> Place {
    let cut = path.find(['*', '?', '[', '$', '`', '(']).unwrap_or(path.len());
    let slash = path[..cut].rfind('/').unwrap_or(0);
    let (folder, rest) = (if slash == 0 { "/" } else { &path[..slash] }, &path[slash + 1..]);
    let home = context.home.trim_end_matches('/');
    let depth = |text: &str| text.matches('/').count();
    // A pattern's letters match no slash, so only paths of the same depth can match.
    let secret = is_secret(&path.to_ascii_lowercase())
        || SECRETS.iter().any(|secret| {
            let known = secret.strip_prefix("~").map_or((*secret).to_owned(), |rest| format!("{home}{rest}"));
            // Nor a dot at the start of a name.
            let dots =
                path.split('/').zip(known.split('/')).all(|(p, k)| !k.starts_with('.') || p.starts_with('.'));
            depth(&known) == depth(path) && dots && pattern::matches(path, &known)
        });
    if secret
        || (matches!(rest, ".*" | ".*.*")
            || rest.starts_with(".e")
            || rest.starts_with(".[")
            || rest.starts_with(".?"))
            && pattern::matches(rest, ".env")
    {
        return Place::Secret;
    }
    let at = place(folder, context);
    let everything = matches!(rest, "*" | "**" | "**/*" | ".*" | "?*" | "{*,.*}" | "*.*");
    match at {
        // `.*` matches `..` in every bash but the newest.
        _ if rest == ".*" && within(folder, context.workspace) => Place::WorkspaceRoot,
        Place::Vital if everything => Place::Vital,
        Place::Vital if folder == "/" => Place::Vital,
        Place::Vital => Place::Home,
        Place::WorkspaceRoot if everything => Place::WorkspaceRoot,
        Place::WorkspaceRoot => place(&path[..cut], context).min(Place::Workspace).max(Place::Workspace),
        other => other,
    }
}

/// Where an absolute, normalised path lies.
pub(crate) fn place(path: &str, context: &Context<'_>) -> Place {
    let workspace = context.workspace.trim_end_matches('/');
    let home = context.home.trim_end_matches('/');
    // Names compare without case: on some systems they are the same file.
    let lower = path.to_ascii_lowercase();
    if let Some(place) = device(&lower) {
        return place;
    }
    if is_secret(&lower) {
        return Place::Secret;
    }
    let in_workspace = !workspace.is_empty() && within(path, workspace);
    if in_workspace {
        let inside = &lower[workspace.len()..];
        return inside_workspace(inside);
    }
    if matches!(path, "/tmp" | "/var/tmp") {
        return Place::Temporary;
    }
    if within(path, "/tmp") || within(path, "/var/tmp") || is_own_temp(path, context) {
        return Place::Temporary;
    }
    // A folder that holds the workspace holds the user's other work too.
    if path == "/" || path == home || within(workspace, path) || is_vital(&lower) {
        return Place::Vital;
    }
    let in_home = !home.is_empty() && within(path, home);
    let below_home = if in_home { &lower[home.len()..] } else { "" };
    if is_startup(&lower, below_home) {
        return Place::Startup;
    }
    if in_home {
        return Place::Home;
    }
    if SYSTEM.iter().any(|folder| within(&lower, folder)) { Place::System } else { Place::Outside }
}

fn is_own_temp(path: &str, context: &Context<'_>) -> bool {
    context.variable("TMPDIR").is_some_and(|folder| folder.len() > 1 && within(path, folder))
}

fn inside_workspace(inside: &str) -> Place {
    if inside.is_empty() {
        return Place::WorkspaceRoot;
    }
    if is_asked_about(inside) {
        return Place::Trusted;
    }
    let first = inside.split('/').nth(1).unwrap_or_default();
    let output = |part: &str| {
        matches!(
            part,
            "node_modules"
                | "target"
                | "build"
                | "dist"
                | "out"
                | "__pycache__"
                | ".pytest_cache"
                | ".mypy_cache"
                | ".ruff_cache"
                | ".next"
                | ".nuxt"
                | ".cache"
                | "coverage"
                | ".tox"
                | ".venv"
                | "venv"
                | ".gradle"
                | ".turbo"
                | ".parcel-cache"
                | "tmp"
                | ".eggs"
                | ".nyc_output"
                | "_build"
                | ".terraform"
        )
    };
    if output(first) || inside.split('/').any(|part| matches!(part, "node_modules" | "__pycache__")) {
        Place::Output
    } else {
        Place::Workspace
    }
}

fn device(path: &str) -> Option<Place> {
    let name = path.strip_prefix("/dev/")?;
    let stream = matches!(
        name,
        "null" | "stdin" | "stdout" | "stderr" | "tty" | "zero" | "random" | "urandom" | "full" | "ptmx"
    );
    if stream || name.starts_with("fd/") {
        return Some(Place::Stream);
    }
    if name == "shm" || name.starts_with("shm/") {
        return Some(Place::Temporary);
    }
    Some(Place::Device)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Place {
        place(path, &Context::new("/house/app", "/home/ann"))
    }

    #[test]
    fn paths_lose_their_detours() {
        for (text, expected) in [
            ("a/../b", "/house/app/b"),
            ("..//x/.", "/house/x"),
            ("/..//etc/./passwd", "/etc/passwd"),
            ("", "/house/app"),
            ("../../../..", "/"),
        ] {
            assert_eq!(normalise("/house/app", text), expected);
        }
    }

    #[test]
    fn every_path_has_its_place() {
        for (path, expected) in [
            ("/house/app/src/x.rs", Place::Workspace),
            ("/house/app", Place::WorkspaceRoot),
            ("/house/app-evil/x", Place::Outside),
            ("/house", Place::Vital),
            ("/house/app/.git/config", Place::Trusted),
            ("/house/app/sub/.GIT/hooks/x", Place::Trusted),
            ("/house/app/.github/mcp.json", Place::Trusted),
            ("/house/app/sub/CLAUDE.md", Place::Trusted),
            ("/house/app/node_modules/x", Place::Output),
            ("/house/app/.env", Place::Secret),
            ("/house/app/.env.example", Place::Workspace),
            ("/", Place::Vital),
            ("/home/ann", Place::Vital),
            ("/home/bob", Place::Vital),
            ("/home/ann/notes", Place::Home),
            ("/home/ann/.bashrc", Place::Startup),
            ("/home/ann/.ssh/id_ed25519", Place::Secret),
            ("/home/ann/.ssh/id_ed25519.pub", Place::Startup),
            ("/etc/shadow", Place::Secret),
            ("/etc/passwd", Place::Startup),
            ("/etc/os-release", Place::System),
            ("/tmp/x", Place::Temporary),
            ("/dev/null", Place::Stream),
            ("/dev/sda1", Place::Device),
            ("/data/x", Place::Outside),
        ] {
            assert_eq!(at(path), expected, "{path}");
        }
    }

    #[test]
    fn a_pattern_lies_where_the_worst_match_lies() {
        let context = Context::new("/house/app", "/home/ann");
        for (path, expected) in [
            ("/house/app/*", Place::WorkspaceRoot),
            ("/house/app/*.rs", Place::Workspace),
            ("/house/app/src/*", Place::Workspace),
            ("/home/ann/.ssh/*", Place::Secret),
            ("/etc/sha?ow", Place::Secret),
            ("/home/*/.ssh/id_rsa", Place::Secret),
            ("/*", Place::Vital),
            ("/home/ann/*", Place::Vital),
        ] {
            assert_eq!(place_of_pattern(path, &context), expected, "{path}");
        }
    }
}
