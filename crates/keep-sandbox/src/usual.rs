//! What hardly any command should see or change, for whoever makes profiles.

use keep_types::{OBEYED_BELOW, OBEYED_FILES, OBEYED_FOLDERS, OBEYED_WHERE_THERE};
use std::path::{Path, PathBuf};

/// Below the home folder: keys, tokens, browsers, histories, and Keep's own folders where they usually lie.
const CREDENTIALS: &[&str] = &[
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".config/gcloud",
    ".kube",
    ".docker",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".m2/settings.xml",
    ".git-credentials",
    ".config/git/credentials",
    ".config/gh",
    ".config/glab-cli",
    ".config/op",
    ".config/rclone",
    ".config/sops",
    ".vault-token",
    ".terraform.d",
    ".pgpass",
    ".my.cnf",
    ".password-store",
    ".local/share/keyrings",
    ".mozilla",
    ".thunderbird",
    ".config/google-chrome",
    ".config/chromium",
    ".config/BraveSoftware",
    ".config/microsoft-edge",
    ".bash_history",
    ".zsh_history",
    ".python_history",
    ".psql_history",
    ".config/keep",
    ".local/share/keep",
    ".local/state/keep",
];

/// Below a repository's folder: what git runs or obeys. A slash at the end is a folder, or that a folder stands
/// there while nothing is: who packs or archives a workspace meanwhile does not see empty folders, and would take
/// empty files along.
const OF_GIT: &[&str] =
    &[".git/hooks/", ".git/config", ".git/config.worktree", ".git/commondir", ".git/info/attributes"];

/// Below the folder of a part of a repository: the same.
const OF_A_PART: &[&str] = &["hooks/", "config", "config.worktree", "commondir", "info/attributes"];
/// Where there is no repository: without it a folder is none, whatever else lies in it.
const OF_NO_REPOSITORY: &[&str] = &["HEAD/"];
/// How deep the names of parts may reach, and how many there may be: who has more has them guarded in part.
const DEEPEST: usize = 6;
const MOST_PARTS: usize = 256;

/// Below the home folder: what shells and sessions run when they start, and what a person's agents obey.
const STARTS: &[&str] = &[
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".gitconfig",
    ".config/git/",
    ".config/fish/",
    ".config/autostart/",
    ".config/systemd/",
    ".claude/",
    ".claude.json",
    ".codex/",
    ".cursor/",
    ".gemini/",
    ".codeium/",
    ".config/opencode/",
    ".config/zed/",
    ".copilot/",
];

/// The settings of an agent that have a name which every listing of the folder shows. They are kept free where that
/// agent is used: nobody else obeys them.
const OF_OPENCODE: &[&str] = &["opencode.json", "opencode.jsonc"];
const SIGNS_OF_OPENCODE: &[&str] = &[".config/opencode", ".local/share/opencode", ".opencode"];

/// Below the home folder: what package managers and build tools fetched and made, and need not keep.
const CACHES: &[&str] = &[
    ".cache",
    ".npm",
    ".cargo/registry",
    ".cargo/git",
    "go/pkg",
    ".m2/repository",
    ".gradle/caches",
    ".gradle/wrapper",
    ".ivy2/cache",
    ".yarn/berry",
    ".local/share/pnpm/store",
    ".bun/install/cache",
    ".nuget/packages",
    ".node-gyp",
];

/// What a run may change below a home folder as long as nothing unconfined gets to see it.
#[must_use]
pub fn caches(home: &Path) -> Vec<PathBuf> {
    CACHES.iter().map(|path| home.join(path)).collect()
}

/// Where container engines listen. Whoever may use one is as good as root on the machine.
const ENGINES: &[&str] = &[
    "/run/docker.sock",
    "/var/run/docker.sock",
    "/run/podman",
    "/run/containerd",
    "/run/crio",
    "/var/run/balena-engine.sock",
];
/// The same in the folder of a user's session, and below the home folder.
const ENGINES_OF_A_USER: &[&str] = &["docker.sock", "podman", "containerd-rootless"];
const ENGINES_AT_HOME: &[&str] = &[".docker/run", ".docker/desktop", ".colima", ".lima", ".rd", ".orbstack"];

/// What to hide of container engines: of the machine, of this user's session, below a home folder.
#[must_use]
pub fn engines(home: &Path) -> Vec<PathBuf> {
    let session = PathBuf::from(format!("/run/user/{}", rustix::process::geteuid().as_raw()));
    let of_machine = ENGINES.iter().map(PathBuf::from);
    let of_user = ENGINES_OF_A_USER.iter().map(|path| session.join(path));
    of_machine.chain(of_user).chain(ENGINES_AT_HOME.iter().map(|path| home.join(path))).collect()
}

/// What to hide below a home folder.
#[must_use]
pub fn credentials(home: &Path) -> Vec<PathBuf> {
    CREDENTIALS.iter().map(|path| home.join(path)).collect()
}

/// What to protect below a workspace, and below a home folder in case the workspace reaches into it.
#[must_use]
pub fn runs_later(workspace: &Path, home: &Path) -> Vec<PathBuf> {
    let below = |root: &Path, paths: &[&str]| paths.iter().map(|path| root.join(path)).collect::<Vec<_>>();
    // With a slash at the end, for what stands there while nothing is.
    let whole = |paths: &[&str]| paths.iter().map(|path| workspace.join(path).join("")).collect::<Vec<_>>();
    let parts = parts(&workspace.join(".git/modules"), DEEPEST);
    let parts = parts.iter().take(MOST_PARTS).flat_map(|part| below(part, OF_A_PART)).collect();
    let uses_opencode = below(home, SIGNS_OF_OPENCODE).iter().any(|sign| is_there(sign));
    let none = if workspace.join(".git").exists() { &[] } else { OF_NO_REPOSITORY };
    [
        below(workspace, OF_GIT),
        below(workspace, none),
        whole(OBEYED_FOLDERS),
        whole(OBEYED_FILES),
        below(workspace, OBEYED_BELOW),
        below(workspace, OBEYED_WHERE_THERE).into_iter().filter(|path| is_there(path)).collect(),
        if uses_opencode { whole(OF_OPENCODE) } else { Vec::new() },
        parts,
        below(home, STARTS),
    ]
    .concat()
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The folders of a repository's parts, which may have slashes in their names and parts themselves.
fn parts(folder: &Path, deep: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for one in folders(folder) {
        if one.join("HEAD").is_file() {
            found.extend(if deep > 0 { parts(&one.join("modules"), deep - 1) } else { Vec::new() });
            found.push(one);
        } else if deep > 0 {
            found.extend(parts(&one, deep - 1));
        }
    }
    found
}

/// The folders in a folder; none where there is none.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_folder = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let mut found: Vec<PathBuf> = entries.filter(is_folder).map(|entry| entry.path()).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Whatever a line must not write unasked, no run may.
    #[test]
    fn all_that_is_obeyed_is_guarded() {
        let guarded = runs_later(Path::new("/work"), Path::new("/home/ann"));
        for path in OBEYED_FOLDERS.iter().chain(OBEYED_FILES).chain(OBEYED_BELOW) {
            assert!(keep_types::is_obeyed(path), "{path}");
            let path = Path::new("/work").join(path);
            assert!(guarded.iter().any(|guarded| path.starts_with(guarded)), "{}", path.display());
        }
    }

    #[test]
    fn parts_of_a_repository_are_guarded() {
        let scratch = tempfile::tempdir().unwrap();
        let work = scratch.path();
        for part in ["modules/one", "modules/group/two", "modules/one/modules/inner"] {
            let part = work.join(".git").join(part);
            fs::create_dir_all(&part).unwrap();
            fs::write(part.join("HEAD"), "ref: refs/heads/main").unwrap();
        }
        let guarded = runs_later(work, Path::new("/nonexistent"));
        assert!(!guarded.contains(&work.join("HEAD/")));
        assert!(runs_later(&work.join(".git/modules"), work).contains(&work.join(".git/modules/HEAD")));
        for path in [
            ".git/config",
            ".git/modules/one/config",
            ".git/modules/group/two/hooks/",
            ".git/modules/one/modules/inner/config",
        ] {
            assert!(guarded.contains(&work.join(path)), "{path} is not among {guarded:?}");
        }
    }
}
