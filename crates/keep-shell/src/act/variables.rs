//! Variables of the environment that make other programs run or load something.

/// What setting a variable means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Its value is a command that some program runs.
    Command,
    /// Its value makes programs load code, read other settings or talk to other hosts.
    Loads,
    /// A list of folders that programs are found in.
    Path,
}

/// What a variable means, if setting it means anything.
pub(crate) fn meaning(name: &str) -> Option<Meaning> {
    let command = matches!(
        name,
        "PAGER"
            | "GIT_PAGER"
            | "MANPAGER"
            | "EDITOR"
            | "VISUAL"
            | "GIT_EDITOR"
            | "GIT_SEQUENCE_EDITOR"
            | "GIT_SSH"
            | "GIT_SSH_COMMAND"
            | "GIT_ASKPASS"
            | "SSH_ASKPASS"
            | "SUDO_ASKPASS"
            | "GIT_EXTERNAL_DIFF"
            | "GIT_PROXY_COMMAND"
            | "GIT_TEMPLATE_DIR"
            | "BROWSER"
            | "PROMPT_COMMAND"
            | "LESSOPEN"
            | "LESSCLOSE"
            | "SHELL"
            | "FCEDIT"
            | "RUSTC_WRAPPER"
            | "RUSTC_WORKSPACE_WRAPPER"
            | "CMAKE_C_COMPILER_LAUNCHER"
            | "MAKESHELL"
            | "RSYNC_RSH"
            | "CVS_RSH"
            | "SVN_SSH"
            | "TAR_OPTIONS"
            | "RIPGREP_CONFIG_PATH"
            | "SYSTEMD_PAGER"
            | "AWS_PAGER"
            | "GH_PAGER"
            | "BAT_PAGER"
            | "DELTA_PAGER"
            | "HGEDITOR"
            | "SVN_EDITOR"
            | "KUBE_EDITOR"
            | "PS0"
            | "CC"
            | "CXX"
            | "LD"
            | "AR"
            | "AS"
            | "CPP"
            | "HOSTCC"
            | "RUSTDOC"
            | "CARGO_BUILD_RUSTC"
            | "CARGO_BUILD_RUSTC_WRAPPER"
            | "CARGO_BUILD_RUSTDOC"
            | "PS4"
    );
    if command {
        return Some(Meaning::Command);
    }
    if matches!(name, "PATH" | "GIT_EXEC_PATH" | "CDPATH") {
        return Some(Meaning::Path);
    }
    let loads = matches!(
        name,
        "BASH_ENV"
            | "ENV"
            | "BASHOPTS"
            | "SHELLOPTS"
            | "PYTHONSTARTUP"
            | "PYTHONPATH"
            | "PYTHONHOME"
            | "PYTHONINSPECT"
            | "PERL5OPT"
            | "PERL5LIB"
            | "PERLLIB"
            | "PERL5DB"
            | "RUBYOPT"
            | "RUBYLIB"
            | "NODE_OPTIONS"
            | "NODE_PATH"
            | "JAVA_TOOL_OPTIONS"
            | "_JAVA_OPTIONS"
            | "JDK_JAVA_OPTIONS"
            | "MAVEN_OPTS"
            | "GRADLE_OPTS"
            | "CLASSPATH"
            | "GIT_DIR"
            | "GIT_WORK_TREE"
            | "GIT_CONFIG"
            | "GIT_CONFIG_GLOBAL"
            | "GIT_CONFIG_SYSTEM"
            | "GIT_COMMON_DIR"
            | "GIT_CONFIG_PARAMETERS"
            | "GIT_CONFIG_COUNT"
            | "GIT_OBJECT_DIRECTORY"
            | "GIT_INDEX_FILE"
            | "DOCKER_HOST"
            | "KUBECONFIG"
            | "AWS_CONFIG_FILE"
            | "AWS_ENDPOINT_URL"
            | "CODEX_HOME"
            | "KEEP_HOME"
            | "CLAUDE_CONFIG_DIR"
            | "XDG_CONFIG_HOME"
            | "HOME"
            | "IFS"
            | "GLOBIGNORE"
            | "TERMINFO"
            | "LOCPATH"
            | "RUSTFLAGS"
            | "GOFLAGS"
            | "GOPROXY"
            | "GNUMAKEFLAGS"
            | "ZDOTDIR"
            | "PYTHONBREAKPOINT"
            | "PYTHONUSERBASE"
            | "PYTEST_PLUGINS"
            | "PYTEST_ADDOPTS"
            | "JAVA_OPTS"
            | "JAVA_HOME"
            | "MANOPT"
            | "LESS"
            | "RUSTUP_TOOLCHAIN"
            | "CARGO_ENCODED_RUSTFLAGS"
            | "MAKEFLAGS"
            | "MAKEFILES"
            | "CARGO_HOME"
            | "RUSTC"
            | "PIP_INDEX_URL"
            | "PIP_EXTRA_INDEX_URL"
            | "UV_INDEX_URL"
            | "NODE_EXTRA_CA_CERTS"
            | "NODE_TLS_REJECT_UNAUTHORIZED"
            | "GIT_SSL_NO_VERIFY"
            | "SSL_CERT_FILE"
            | "PYTHONHTTPSVERIFY"
            | "CURL_CA_BUNDLE"
            | "REQUESTS_CA_BUNDLE"
            | "OPENSSL_CONF"
            | "GCONV_PATH"
            | "MANPATH"
            | "VIMINIT"
            | "EXINIT"
            | "INPUTRC"
            | "PSQLRC"
            | "ANSIBLE_CONFIG"
            | "R_PROFILE"
            | "R_PROFILE_USER"
    );
    let prefixes = [
        "CARGO_TARGET_",
        "CARGO_ALIAS_",
        "LD_",
        "DYLD_",
        "npm_config_",
        "NPM_CONFIG_",
        "GIT_CONFIG_KEY_",
        "GIT_CONFIG_VALUE_",
        "BASH_FUNC_",
    ];
    let ends = ["_BASE_URL", "_API_BASE", "_proxy", "_PROXY"];
    let harmless_of_git =
        ["GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_TERMINAL_PROMPT", "GIT_MERGE_AUTOEDIT", "GIT_OPTIONAL_LOCKS"];
    if name.starts_with("GIT_") && !harmless_of_git.iter().any(|known| name.starts_with(known)) {
        return Some(Meaning::Loads);
    }
    // An IFS of blanks alone, or one that a loop reads lines with, changes nothing that matters here.
    if name == "IFS" {
        return None;
    }
    if loads
        || prefixes.iter().any(|prefix| name.starts_with(prefix))
        || ends.iter().any(|end| name.ends_with(end))
    {
        return Some(Meaning::Loads);
    }
    None
}
