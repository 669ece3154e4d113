//! Paths: made absolute, and told where they lie.

use crate::context::Context;
use crate::effect::Place;
use crate::word::{Sort, Word, pattern};

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
        || (rest.starts_with(".e") || rest.starts_with(".[") || rest.starts_with(".?"))
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
    let mut parts = inside.split('/').skip(1);
    let first = parts.clone().next().unwrap_or_default();
    let last = parts.clone().last().unwrap_or_default();
    let obeyed = |part: &str| {
        matches!(
            part,
            ".git"
                | ".hg"
                | ".svn"
                | ".keep"
                | ".claude"
                | ".codex"
                | ".gemini"
                | ".cursor"
                | ".agents"
                | ".vscode"
                | ".idea"
                | ".husky"
                | ".devcontainer"
                | ".direnv"
        )
    };
    let obeyed_file = matches!(
        last,
        ".gitconfig"
            | ".gitmodules"
            | ".mcp.json"
            | ".envrc"
            | ".bashrc"
            | ".zshrc"
            | ".profile"
            | ".bash_profile"
            | ".zshenv"
            | ".npmrc"
            | ".yarnrc"
            | ".yarnrc.yml"
            | ".pre-commit-config.yaml"
            | "claude.md"
            | "agents.md"
    );
    if parts.any(obeyed) || obeyed_file || inside.starts_with("/.github/workflows") {
        return Place::Trusted;
    }
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

const SYSTEM: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/proc",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/usr",
    "/var",
    "/system",
    "/library",
    "/private",
    "/applications",
    "/snap",
    "/nix",
];

/// Folders that hold all of a system or all of its users.
fn is_vital(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    let (first, second, third) = (parts.next(), parts.next(), parts.next());
    match (first, second, third) {
        (Some(_), None, _) => {
            SYSTEM.contains(&path) || matches!(path, "/home" | "/root" | "/users" | "/mnt" | "/media")
        }
        (Some("home" | "users"), Some(_), None) => true,
        (Some("usr"), Some("bin" | "lib" | "lib64" | "sbin" | "local" | "share"), None) => true,
        (Some("var"), Some("lib" | "log"), None) => true,
        _ => false,
    }
}

/// Files that run without anybody asking, or that decide who may do what.
fn is_startup(path: &str, below_home: &str) -> bool {
    let system = [
        "/etc/passwd",
        "/etc/group",
        "/etc/sudoers",
        "/etc/sudoers.d",
        "/etc/cron",
        "/etc/crontab",
        "/var/spool/cron",
        "/etc/profile",
        "/etc/bash.bashrc",
        "/etc/zsh",
        "/etc/environment",
        "/etc/ld.so",
        "/etc/pam.d",
        "/etc/init",
        "/etc/rc",
        "/etc/systemd",
        "/lib/systemd",
        "/usr/lib/systemd",
        "/etc/ssh",
        "/etc/hosts",
        "/etc/resolv.conf",
        "/proc/sys",
        "/proc/sysrq-trigger",
        "/sys/fs/cgroup",
        "/boot/",
        "/root/.",
        "/etc/gitconfig",
        "/etc/security",
    ];
    let home = [
        "/.bash",
        "/.zsh",
        "/.profile",
        "/.login",
        "/.logout",
        "/.inputrc",
        "/.ssh",
        "/.config/autostart",
        "/.config/systemd",
        "/.config/fish",
        "/.config/git",
        "/.gitconfig",
        "/.npmrc",
        "/.config/pip",
        "/.pip",
        "/.cargo/config",
        "/.cargo/bin",
        "/.local/bin",
        "/bin/",
        "/.vimrc",
        "/.config/nvim",
        "/.emacs",
        "/.tmux",
        "/.xinitrc",
        "/.xprofile",
        "/.xsession",
        "/.pam_environment",
        "/.direnvrc",
        "/.config/keep",
        "/.claude",
        "/.codex",
        "/.gemini",
        "/.cursor",
        "/.vscode",
        "/.config/code",
        "/library/launchagents",
        "/.local/share/keep",
        "/.local/state/keep",
        "/.gdbinit",
        "/.pythonrc",
        "/.config/direnv",
        "/.pypirc",
        "/.m2/settings",
    ];
    let other_home = path
        .strip_prefix("/home/")
        .and_then(|rest| rest.find('/').map(|at| &rest[at..]))
        .is_some_and(|rest| home.iter().any(|prefix| rest.starts_with(prefix)));
    system.iter().any(|prefix| path.starts_with(prefix))
        || home.iter().any(|prefix| below_home.starts_with(prefix))
        || other_home
}

/// Paths that stand for the kinds of secrets, to hold patterns against.
const SECRETS: &[&str] = &[
    "/etc/shadow",
    "/etc/gshadow",
    "~/.ssh/id_rsa",
    "~/.ssh/id_ed25519",
    "~/.ssh/id_ecdsa",
    "~/.aws/credentials",
    "~/.netrc",
    "~/.pgpass",
    "~/.git-credentials",
    "~/.kube/config",
    "~/.docker/config.json",
    "~/.vault-token",
    "~/.config/gh/hosts.yml",
    "~/.config/gcloud/credentials.db",
    "~/.gnupg/secring.gpg",
    "/proc/1/environ",
    "/proc/self/environ",
    "/etc/ssh/ssh_host_rsa_key",
    "/root/.ssh/id_rsa",
    "~/.npmrc",
    "~/.pypirc",
    "~/.cargo/credentials.toml",
    "~/.password-store/x.gpg",
];

/// Whether a path, in small letters, is that of a secret.
fn is_secret(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let by_name = matches!(
        name,
        ".netrc"
            | "_netrc"
            | ".pgpass"
            | ".git-credentials"
            | ".vault-token"
            | ".pypirc"
            | ".my.cnf"
            | "id_rsa"
            | "id_dsa"
            | "id_ecdsa"
            | "id_ed25519"
            | "shadow-"
            | "opasswd"
            | ".htpasswd"
            | "credentials.json"
            | "service-account.json"
            | "master.key"
            | "logins.json"
            | "key4.db"
            | "login data"
            | "cookies.sqlite"
            | ".dockercfg"
            | ".terraformrc"
            | "credentials.tfrc.json"
            | ".s3cfg"
            | ".boto"
            | "wallet.dat"
    );
    let env = name.strip_prefix(".env").is_some_and(|rest| {
        rest.is_empty()
            || rest.starts_with('.')
                && !["example", "sample", "template", "dist", "test", "schema"]
                    .iter()
                    .any(|word| rest.contains(word))
    });
    let by_end = [".kdbx", ".p12", ".pfx", ".jks", ".keystore", ".ppk"].iter().any(|end| name.ends_with(end))
        || name.ends_with(".key") && name.len() > 4
        || name.ends_with(".pem") && (name.contains("key") || name.contains("priv"));
    let by_folder = [
        "/.aws/credentials",
        "/.aws/sso",
        "/.gnupg",
        "/.password-store",
        "/.azure",
        "/.config/gcloud",
        "/.kube/config",
        "/.docker/config.json",
        "/.config/gh/hosts",
        "/.config/op/",
        "/.cargo/credentials",
        "/.config/rclone",
        "/etc/shadow",
        "/etc/gshadow",
        "/etc/sudoers",
        "/etc/ssl/private",
        "/run/secrets",
        "/library/keychains",
        "/.local/share/keyrings",
        "/.mozilla/firefox",
        "/.config/google-chrome",
        "/.config/keep/identity",
        "/.config/keep/keys",
        "/.config/helm/registry",
        "/etc/krb5.keytab",
        "/var/lib/pam/password",
    ]
    .iter()
    .any(|part| path.contains(part));
    let ssh = path.contains("/.ssh/")
        && !name.ends_with(".pub")
        && !matches!(name, "known_hosts" | "config" | "authorized_keys");
    let host_key = path.contains("/etc/ssh/ssh_host_") && !name.ends_with(".pub");
    let process = path.starts_with("/proc/") && matches!(name, "environ" | "mem" | "kcore" | "auxv" | "kmem");
    // Whoever takes the folder whole takes the keys in it.
    let holder = ["/.ssh", "/.aws", "/.kube", "/.docker", "/.config/gh", "/.config/op", "/.config/keep"]
        .iter()
        .any(|folder| path.ends_with(folder));
    by_name || env || by_end || by_folder || ssh || host_key || process || holder
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
