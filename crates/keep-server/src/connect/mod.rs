//! What agents' own settings say of Keep. Pure: text in, text out; whoever calls reads, shows and writes.

mod hooks;
mod json;
mod toml;

use std::path::{Path, PathBuf};

/// An agent whose settings are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    /// Claude Code, in a project.
    Claude,
    /// Codex, for a person.
    Codex,
    /// Cursor, in a project.
    Cursor,
    /// Gemini CLI, in a project.
    Gemini,
    /// VS Code, in a project.
    VsCode,
}

/// How Keep is started by an agent.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The program.
    pub program: String,
    /// The file with the agent's token.
    pub token_file: String,
}

/// A file of an agent's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFile {
    /// Where it lies.
    pub path: PathBuf,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    JsonServers,
    VsCodeServers,
    ClaudeHooks,
    /// Servers and hooks in one file.
    Gemini,
    TomlServers,
}

/// Settings that cannot be changed without harm.
#[derive(Debug, thiserror::Error)]
#[error("{what}; nothing was changed")]
pub struct ConnectError {
    what: String,
}

impl ConnectError {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

impl Agent {
    /// The agent's name, as its token has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Cursor => "cursor",
            Self::Gemini => "gemini",
            Self::VsCode => "vscode",
        }
    }

    /// The files that its settings lie in, for a project and a person.
    #[must_use]
    pub fn files(self, project: &Path, home: &Path) -> Vec<SettingsFile> {
        let file = |path: PathBuf, form| SettingsFile { path, form };
        match self {
            // The token file is this machine's, so the settings that name it must not be shared by a
            // repository: Claude Code reads servers from .mcp.json, which is, and asks before using it.
            Self::Claude => vec![
                file(project.join(".mcp.json"), Form::JsonServers),
                file(project.join(".claude/settings.local.json"), Form::ClaudeHooks),
            ],
            Self::Codex => vec![file(home.join(".codex/config.toml"), Form::TomlServers)],
            Self::Cursor => vec![file(project.join(".cursor/mcp.json"), Form::JsonServers)],
            Self::Gemini => vec![file(project.join(".gemini/settings.json"), Form::Gemini)],
            Self::VsCode => vec![file(project.join(".vscode/mcp.json"), Form::VsCodeServers)],
        }
    }
}

impl SettingsFile {
    /// The file's text with Keep in it. What else stands there stays.
    ///
    /// # Errors
    /// When the text is not what such a file holds.
    pub fn connected(&self, text: &str, entry: &Entry) -> Result<String, ConnectError> {
        match self.form {
            Form::JsonServers => json::connected(text, entry, &json::USUAL),
            Form::VsCodeServers => json::connected(text, entry, &json::VS_CODE),
            Form::ClaudeHooks => hooks::connected(text, entry, &hooks::CLAUDE),
            Form::Gemini => {
                hooks::connected(&json::connected(text, entry, &json::USUAL)?, entry, &hooks::GEMINI)
            }
            Form::TomlServers => toml::connected(text, entry),
        }
    }

    /// The file's text without Keep; none where nothing else stood in it.
    ///
    /// # Errors
    /// When the text is not what such a file holds.
    pub fn disconnected(&self, text: &str) -> Result<Option<String>, ConnectError> {
        match self.form {
            Form::JsonServers => json::disconnected(text, &json::USUAL),
            Form::VsCodeServers => json::disconnected(text, &json::VS_CODE),
            Form::ClaudeHooks => hooks::disconnected(text, &hooks::CLAUDE),
            Form::Gemini => {
                let rest = json::disconnected(text, &json::USUAL)?.unwrap_or_default();
                hooks::disconnected(&rest, &hooks::GEMINI)
            }
            Form::TomlServers => toml::disconnected(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry { program: "/opt/keep's/keep".into(), token_file: "/home/ann/a b.token".into() }
    }

    fn check(agent: Agent, which: usize, before: &str, holds: &[&str]) {
        let file = &agent.files(Path::new("/p"), Path::new("/h"))[which];
        let with = file.connected(before, &entry()).unwrap();
        for part in holds {
            assert!(with.contains(part), "{part} is not in {with}");
        }
        assert_eq!(file.connected(&with, &entry()).unwrap(), with, "a second time changed it");
        let after = file.disconnected(&with).unwrap();
        assert_eq!(after.unwrap_or_default().trim(), before.trim(), "it was not undone");
    }

    #[test]
    fn what_is_done_is_undone() {
        let server = ["\"--token-file\"", "\"mcp\"", "/home/ann/a b.token"];
        check(Agent::Claude, 0, "", &server);
        let other = "{\n  \"mcpServers\": {\n    \"other\": {\n      \"command\": \"x\"\n    }\n  }\n}\n";
        check(Agent::Claude, 0, other, &server);
        check(Agent::Cursor, 0, other, &server);
        let hooks = ["'/opt/keep'\\\\''s/keep' --token-file '/home/ann/a b.token' hook claude pre-tool-use"];
        check(Agent::Claude, 1, "", &hooks);
        let own = "{\n  \"model\": \"m\",\n  \"hooks\": {\n    \"PreToolUse\": [\n      {\n        \"matcher\": \"Edit\",\n        \"hooks\": []\n      }\n    ]\n  }\n}\n";
        check(Agent::Claude, 1, own, &hooks);
        let both = ["\"mcpServers\"", "hook gemini before-tool", "\"run_shell_command\""];
        check(Agent::Gemini, 0, "", &both);
        check(Agent::Gemini, 0, "{\n  \"theme\": \"dark\"\n}\n", &both);
        check(Agent::VsCode, 0, "", &["\"servers\"", "\"type\": \"stdio\""]);
        check(Agent::Codex, 0, "", &["[mcp_servers.keep]", "\"mcp\""]);
        check(
            Agent::Codex,
            0,
            "# mine\nmodel = \"m\"\n\n[mcp_servers.other]\ncommand = \"x\"\n",
            &["# mine", "[mcp_servers.keep]"],
        );
    }

    #[test]
    fn what_is_not_understood_stays_as_it_is() {
        for (agent, which, text) in [
            (Agent::Claude, 0, "not json"),
            (Agent::Claude, 0, "[]"),
            (Agent::Claude, 0, "{\"mcpServers\": 7}"),
            (Agent::Claude, 1, "{\"hooks\": []}"),
            (Agent::Codex, 0, "= broken"),
            (Agent::Codex, 0, "mcp_servers = 7"),
        ] {
            let file = &agent.files(Path::new("/p"), Path::new("/h"))[which];
            assert!(file.connected(text, &entry()).is_err(), "{text}");
            assert!(file.disconnected(text).is_err(), "{text}");
        }
    }
}
