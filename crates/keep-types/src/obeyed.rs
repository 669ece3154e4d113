//! What lies in a folder of work and other programs run or obey later: one list for whoever asks before it is
//! written, whoever protects it from what runs, and whoever restores files.

/// Folders that are obeyed whatever lies in them, wherever they lie. Version control is not among them: a command
/// has to write there, so what is obeyed of it is told apart by whoever protects it.
pub const OBEYED_FOLDERS: &[&str] = &[
    ".keep",
    // Agents: settings, hooks, servers, commands, skills.
    ".agents",
    ".aider",
    ".claude",
    ".codex",
    ".cursor",
    ".gemini",
    ".opencode",
    ".windsurf",
    // Editors: tasks, settings that name programs, servers.
    ".devcontainer",
    ".idea",
    ".vscode",
    ".zed",
    // Programs in the place of the compiler and the linker, for whoever's build comes next.
    ".cargo",
    // What a hook of git, or entering the folder, runs.
    ".direnv",
    ".husky",
    // What a service runs after a push. The folder of one forge holds settings and hooks of an agent, too.
    ".buildkite",
    ".circleci",
    ".github",
];

/// Files that are obeyed, wherever they lie.
pub const OBEYED_FILES: &[&str] = &[
    ".aider.conf.yml",
    ".devcontainer.json",
    ".envrc",
    ".gitlab-ci.yml",
    ".gitmodules",
    ".lefthook.yml",
    ".mcp.json",
    ".mise.toml",
    ".pre-commit-config.yaml",
    ".travis.yml",
    // Text that an agent takes for its person's words, and not for a file of the work.
    ".clinerules",
    ".cursorrules",
    ".windsurfrules",
];

/// Files that are obeyed where they are, and whose place is kept free by nobody: every listing of the folder would show
/// what stands in for them, and git brings them. The words for agents are text, and what an agent does for them still
/// goes its usual way; the others count where their tool was set up, which then has its file, or ask before they do.
pub const OBEYED_WHERE_THERE: &[&str] = &[
    "AGENTS.md",
    "CLAUDE.local.md",
    "CLAUDE.md",
    "GEMINI.md",
    "Jenkinsfile",
    "copilot-instructions.md",
    "lefthook.yml",
    "mise.toml",
    "opencode.json",
    "opencode.jsonc",
];

/// Single files in folders that hold other things, too; wherever these lie.
pub const OBEYED_BELOW: &[&str] = &[".hg/hgrc"];

/// Files of which a person is asked before a line names one, and that a run may write nevertheless: they count for
/// whoever starts the tool that they belong to, as a build script does, or in a home folder alone.
pub const OBEYED_BY_TOOLS: &[&str] = &[
    ".bash_profile",
    ".bashrc",
    ".exrc",
    ".gdbinit",
    ".gitconfig",
    ".lldbinit",
    ".netrc",
    ".npmrc",
    ".pnpmfile.cjs",
    ".profile",
    ".tool-versions",
    ".vimrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".zshenv",
    ".zshrc",
];

/// The folders of version control, which are asked about as a whole.
const VERSION_CONTROL: &[&str] = &[".git", ".hg", ".svn"];

/// Whether a path below a folder of work, with slashes, is one that a person is asked about before a line names it.
#[must_use]
pub fn is_asked_about(path: &str) -> bool {
    is_obeyed(path) || is_among(OBEYED_BY_TOOLS, path.rsplit('/').next().unwrap_or_default())
}

/// Whether a path below a folder of work, with slashes, is obeyed by other programs, or may be. Names compare without
/// case: on some systems they are the same file.
#[must_use]
pub fn is_obeyed(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let last = parts.clone().next_back().unwrap_or_default();
    let below = |known: &&str| {
        let Some(cut) = path.len().checked_sub(known.len()).filter(|cut| path.is_char_boundary(*cut)) else {
            return false;
        };
        path[cut..].eq_ignore_ascii_case(known) && (cut == 0 || path[..cut].ends_with('/'))
    };
    is_among(OBEYED_FILES, last)
        || is_among(OBEYED_WHERE_THERE, last)
        || parts.any(|part| is_among(OBEYED_FOLDERS, part) || is_among(VERSION_CONTROL, part))
        || OBEYED_BELOW.iter().any(below)
}

fn is_among(names: &[&str], part: &str) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_obeyed_is_told_by_its_name() {
        for (path, expected) in [
            (".claude/settings.local.json", true),
            ("/.claude", true),
            ("sub/.CLAUDE/x", true),
            ("CLAUDE.md", true),
            ("sub/claude.md", true),
            (".git/config", true),
            (".github/workflows/x.yml", true),
            (".cargo/config.toml", true),
            ("sub/.cargo/config", true),
            (".hg/hgrc", true),
            ("x.cargo/config", false),
            ("claude.md/x", false),
            ("my.claude", false),
            ("src/main.rs", false),
            ("ä/ö", false),
            ("", false),
        ] {
            assert_eq!(is_obeyed(path), expected, "{path}");
            assert_eq!(is_asked_about(path), expected, "{path}");
        }
        assert!(is_asked_about("sub/.npmrc") && !is_obeyed("sub/.npmrc"));
    }
}
