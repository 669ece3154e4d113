//! What hardly any command should see or change, for whoever makes profiles.

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

/// Below a workspace: what runs later, by another program and unconfined. A slash at the end is a folder.
const RUNS_LATER: &[&str] =
    &[".git/hooks/", ".git/config", ".gitmodules", ".keep/", ".vscode/", ".idea/", ".mcp.json", ".envrc"];

/// Below the home folder: what shells and sessions run when they start.
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
];

/// What to hide below a home folder.
#[must_use]
pub fn credentials(home: &Path) -> Vec<PathBuf> {
    CREDENTIALS.iter().map(|path| home.join(path)).collect()
}

/// What to protect below a workspace, and below a home folder in case the workspace reaches into it.
#[must_use]
pub fn runs_later(workspace: &Path, home: &Path) -> Vec<PathBuf> {
    let below = |root: &Path, paths: &[&str]| paths.iter().map(|path| root.join(path)).collect::<Vec<_>>();
    [below(workspace, RUNS_LATER), below(home, STARTS)].concat()
}
