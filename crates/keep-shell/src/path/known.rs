//! Which paths matter, by name: roots, what runs by itself, keys and passwords.

pub(super) const SYSTEM: &[&str] = &[
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
pub(super) fn is_vital(path: &str) -> bool {
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
pub(super) fn is_startup(path: &str, below_home: &str) -> bool {
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
pub(super) const SECRETS: &[&str] = &[
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
pub(super) fn is_secret(path: &str) -> bool {
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
