//! What agents' own settings say of Keep. Pure: text in, text out; whoever calls reads, shows and writes.

mod hooks;
mod json;
mod toml;

use crate::hook;
use std::path::{Path, PathBuf};

/// An agent whose settings are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    /// Claude Code, in a project.
    Claude,
    /// Codex: its server for a person, its hooks in a project.
    Codex,
    /// GitHub Copilot CLI, in a project.
    Copilot,
    /// Cursor, in a project.
    Cursor,
    /// Gemini CLI, in a project.
    Gemini,
    /// opencode, in a project.
    OpenCode,
    /// VS Code, in a project.
    VsCode,
    /// Windsurf: its server for a person, its hooks in a project.
    Windsurf,
    /// Zed, for a person.
    Zed,
}

/// How Keep is started by an agent.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The program.
    pub program: String,
    /// Where the installation lies, where that is not the usual place.
    pub home: Option<String>,
    /// The file with the agent's token.
    pub token_file: String,
}

impl Entry {
    /// The flags that say which installation, and who calls.
    fn flags(&self) -> Vec<&str> {
        let home = self.home.iter().flat_map(|home| ["--home", home]);
        home.chain(["--token-file", &self.token_file]).collect()
    }

    /// The words that an agent starts the server with, behind the program.
    fn words(&self) -> Vec<&str> {
        let mut words = self.flags();
        words.push("mcp");
        words
    }

    /// The beginning of a line of shell that calls the program.
    fn line(&self) -> String {
        hook::called(&self.program, self.home.as_deref(), Some(&self.token_file))
    }
}

/// What stands under our name in an agent's list of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing, or the file lists no servers.
    Nothing,
    /// What was written here for the agent's token.
    Ours,
    /// Something else: another project's, or a person's own.
    Another,
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
    OpenCodeServers,
    VsCodeServers,
    ZedServers,
    TomlServers,
    ClaudeHooks,
    CodexHooks,
    CopilotHooks,
    CursorHooks,
    WindsurfHooks,
    /// Servers and hooks in one file.
    Gemini,
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
            Self::Copilot => "copilot",
            Self::Cursor => "cursor",
            Self::Gemini => "gemini",
            Self::OpenCode => "opencode",
            Self::VsCode => "vscode",
            Self::Windsurf => "windsurf",
            Self::Zed => "zed",
        }
    }

    /// What is left for the person to do, since only the agent can.
    #[must_use]
    pub fn left(self) -> Option<&'static str> {
        match self {
            Self::Codex => Some(
                "Codex runs no hook before you trusted it with /hooks; in Codex's own sandbox a rewritten \
                 command cannot be recorded and is not run (see docs/server.md)",
            ),
            Self::Copilot => Some("Copilot runs no hook of a folder that you have not trusted"),
            Self::Cursor => Some("Cursor runs no hook of a workspace that you have not trusted"),
            Self::OpenCode | Self::VsCode | Self::Zed => Some(
                "it can use Keep's tools now; its own shell is not judged by Keep, since it has no hooks that \
                 could do that",
            ),
            Self::Claude | Self::Gemini | Self::Windsurf => None,
        }
    }

    /// Whether it reads its servers from one file, whichever folder it works in.
    #[must_use]
    pub fn is_for_every_folder(self) -> bool {
        matches!(self, Self::Codex | Self::Windsurf | Self::Zed)
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
            Self::Codex => vec![
                file(home.join(".codex/config.toml"), Form::TomlServers),
                file(project.join(".codex/hooks.json"), Form::CodexHooks),
            ],
            // The local settings again: `.github/hooks/` is the repository's, and runs in the cloud, too.
            Self::Copilot => vec![
                file(project.join(".github/mcp.json"), Form::JsonServers),
                file(project.join(".github/copilot/settings.local.json"), Form::CopilotHooks),
            ],
            Self::Cursor => vec![
                file(project.join(".cursor/mcp.json"), Form::JsonServers),
                file(project.join(".cursor/hooks.json"), Form::CursorHooks),
            ],
            Self::Gemini => vec![file(project.join(".gemini/settings.json"), Form::Gemini)],
            Self::OpenCode => vec![file(project.join("opencode.json"), Form::OpenCodeServers)],
            Self::VsCode => vec![file(project.join(".vscode/mcp.json"), Form::VsCodeServers)],
            Self::Windsurf => vec![
                file(home.join(".codeium/windsurf/mcp_config.json"), Form::JsonServers),
                file(project.join(".windsurf/hooks.json"), Form::WindsurfHooks),
            ],
            Self::Zed => vec![file(home.join(".config/zed/settings.json"), Form::ZedServers)],
        }
    }
}

impl Form {
    fn servers(self) -> Option<&'static json::Shape> {
        match self {
            Self::JsonServers | Self::Gemini => Some(&json::USUAL),
            Self::OpenCodeServers => Some(&json::OPENCODE),
            Self::VsCodeServers => Some(&json::VS_CODE),
            Self::ZedServers => Some(&json::ZED),
            _ => None,
        }
    }

    fn hooks(self) -> Option<&'static hooks::Events> {
        match self {
            Self::ClaudeHooks => Some(&hooks::CLAUDE),
            Self::CodexHooks => Some(&hooks::CODEX),
            Self::CopilotHooks => Some(&hooks::COPILOT),
            Self::CursorHooks => Some(&hooks::CURSOR),
            Self::Gemini => Some(&hooks::GEMINI),
            Self::WindsurfHooks => Some(&hooks::WINDSURF),
            _ => None,
        }
    }
}

impl SettingsFile {
    /// The file's text with Keep in it. What else stands there stays.
    ///
    /// # Errors
    /// When the text is not what such a file holds.
    pub fn connected(&self, text: &str, entry: &Entry) -> Result<String, ConnectError> {
        if self.form == Form::TomlServers {
            return toml::connected(text, entry);
        }
        let mut text = text.to_owned();
        if let Some(shape) = self.form.servers() {
            text = json::connected(&text, entry, shape)?;
        }
        if let Some(events) = self.form.hooks() {
            text = hooks::connected(&text, entry, events)?;
        }
        Ok(text)
    }

    /// What stands under our name in the file.
    ///
    /// # Errors
    /// When the text is not what such a file holds.
    pub fn standing(&self, text: &str, token_file: &str) -> Result<Standing, ConnectError> {
        match self.form.servers() {
            _ if self.form == Form::TomlServers => toml::standing(text, token_file),
            Some(shape) => json::standing(text, token_file, shape),
            None => Ok(Standing::Nothing),
        }
    }

    /// The file's text without Keep as it was written for this token; none where nothing else stood in it.
    ///
    /// # Errors
    /// When the text is not what such a file holds.
    pub fn disconnected(&self, text: &str, token_file: &str) -> Result<Option<String>, ConnectError> {
        let ours = self.standing(text, token_file)? == Standing::Ours;
        if self.form == Form::TomlServers {
            return if ours { toml::disconnected(text) } else { Ok(Some(text.to_owned())) };
        }
        let mut left = Some(text.to_owned());
        if let Some(shape) = self.form.servers().filter(|_| ours) {
            left = json::disconnected(&left.unwrap_or_default(), shape)?;
        }
        if let Some(events) = self.form.hooks() {
            left = hooks::disconnected(&left.unwrap_or_default(), events)?;
        }
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry { program: "/opt/keep's/keep".into(), home: None, token_file: TOKEN.into() }
    }

    const TOKEN: &str = "/home/ann/a b.token";

    fn check(agent: Agent, which: usize, before: &str, holds: &[&str]) {
        let file = &agent.files(Path::new("/p"), Path::new("/h"))[which];
        let with = file.connected(before, &entry()).unwrap();
        for part in holds {
            assert!(with.contains(part), "{part} is not in {with}");
        }
        assert_eq!(file.connected(&with, &entry()).unwrap(), with, "a second time changed it");
        let after = file.disconnected(&with, TOKEN).unwrap();
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
        check(Agent::Copilot, 0, other, &server);
        check(Agent::OpenCode, 0, "", &["\"mcp\": {", "\"type\": \"local\"", "\"--token-file\","]);
        check(Agent::Windsurf, 0, other, &server);
        check(
            Agent::Zed,
            0,
            "{\n  \"theme\": \"x\"\n}\n",
            &["\"context_servers\"", "\"source\": \"custom\""],
        );
        check(Agent::Codex, 0, "", &["[mcp_servers.keep]", "\"mcp\""]);
        check(
            Agent::Codex,
            0,
            "# mine\nmodel = \"m\"\n\n[mcp_servers.other]\ncommand = \"x\"\n",
            &["# mine", "[mcp_servers.keep]"],
        );
    }

    #[test]
    fn every_agents_hooks_have_its_form() {
        check(
            Agent::Codex,
            1,
            "",
            &["\"PreToolUse\": [", "\"matcher\": \"Bash\"", "hook codex pre-tool-use"],
        );
        let cursor = ["\"version\": 1", "hook cursor before-shell-execution", "\"failClosed\": true"];
        check(Agent::Cursor, 1, "", &cursor);
        let own = "{\n  \"version\": 1,\n  \"hooks\": {\n    \"stop\": [\n      {\n        \"command\": \"x\"\n      }\n    ]\n  }\n}\n";
        check(Agent::Cursor, 1, own, &cursor);
        check(Agent::Cursor, 1, "{\n  \"version\": 2\n}\n", &["\"version\": 2"]);
        let copilot = ["\"preToolUse\": [", "\"type\": \"command\"", "hook copilot session-start"];
        check(Agent::Copilot, 1, "", &copilot);
        check(Agent::Copilot, 1, "{\n  \"model\": \"m\"\n}\n", &copilot);
        check(Agent::Windsurf, 1, "", &["\"pre_run_command\"", "hook windsurf post-run-command"]);
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
            (Agent::Codex, 1, "{\"hooks\": {\"PreToolUse\": {}}}"),
            (Agent::Cursor, 1, "{\"hooks\": []}"),
            (Agent::Copilot, 1, "[]"),
            (Agent::Zed, 0, "// mine\n{}"),
        ] {
            let file = &agent.files(Path::new("/p"), Path::new("/h"))[which];
            assert!(file.connected(text, &entry()).is_err(), "{text}");
            assert!(file.disconnected(text, TOKEN).is_err(), "{text}");
        }
    }

    #[test]
    fn another_installation_is_named_wherever_it_is_called() {
        let entry = Entry { home: Some("/srv/keep home".into()), ..entry() };
        for (agent, which, part) in [
            (Agent::Claude, 0, "\"--home\",\n        \"/srv/keep home\",\n        \"--token-file\""),
            (Agent::Claude, 1, "--home '/srv/keep home' --token-file '/home/ann/a b.token' hook claude"),
            (Agent::Codex, 0, "args = [\"--home\", \"/srv/keep home\", \"--token-file\""),
            (Agent::OpenCode, 0, "\"--home\""),
        ] {
            let file = &agent.files(Path::new("/p"), Path::new("/h"))[which];
            let with = file.connected("", &entry).unwrap();
            assert!(with.contains(part), "{part} is not in {with}");
        }
    }

    #[test]
    fn what_is_not_ours_stays() {
        let json = "{\n  \"mcpServers\": {\n    \"keep\": {\n      \"command\": \"mine\"\n    }\n  }\n}\n";
        let toml =
            "[mcp_servers.keep]\ncommand = \"keep\"\nargs = [\"--token-file\", \"/other.token\", \"mcp\"]\n";
        for (agent, text) in [(Agent::Claude, json), (Agent::Codex, toml), (Agent::Gemini, json)] {
            let file = &agent.files(Path::new("/p"), Path::new("/h"))[0];
            assert_eq!(file.standing(text, TOKEN).unwrap(), Standing::Another);
            assert_eq!(file.disconnected(text, TOKEN).unwrap().as_deref(), Some(text));
            assert_eq!(file.standing("", TOKEN).unwrap(), Standing::Nothing);
            let with = file.connected(text, &entry()).unwrap();
            assert_eq!(file.standing(&with, TOKEN).unwrap(), Standing::Ours);
        }
    }

    #[test]
    fn the_form_of_a_file_stays() {
        let wide = "{\n    \"mcpServers\": {\n        \"other\": {\n            \"command\": \"x\"\n        }\n    }\n}";
        check(Agent::Claude, 0, wide, &["            \"command\": \"x\"\n"]);
        let tabs = wide.replace("    ", "\t");
        check(Agent::Claude, 0, &tabs, &["\t\t\"other\""]);
        let file = &Agent::Claude.files(Path::new("/p"), Path::new("/h"))[0];
        let with = file.connected(wide, &entry()).unwrap();
        assert_eq!(file.disconnected(&with, TOKEN).unwrap().as_deref(), Some(wide), "to the last byte");
    }
}
