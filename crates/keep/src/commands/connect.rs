//! `keep connect` and `keep disconnect`: an agent's own settings, shown before they change.

use crate::edge::{Answered, Failure, Session, confirm, visible};
use clap::{Args, ValueEnum};
use keep_gate::NewToken;
use keep_server::connect::{Agent, ConnectError, Entry, SettingsFile};
use keep_types::{Namespace, Principal, PrincipalKind, Scope};
use serde_json::json;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What an agent's token covers; within it, policy decides.
const SCOPES: [&str; 8] = [
    "memory.*",
    "exec.*",
    "artifact.*",
    "secret.list",
    "secret.use",
    "audit.*",
    "approval.read",
    "project.bind",
];

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Named {
    /// Claude Code
    Claude,
    /// Codex
    Codex,
    /// Cursor
    Cursor,
    /// Gemini CLI
    Gemini,
    /// VS Code
    #[value(name = "vscode")]
    VsCode,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep connect claude\n  keep connect cursor --print     only say what would stand where\n\nThe agent gets a token of its own, for this project. Its settings are shown as they will be before\nthey are written; `keep disconnect` takes out again what this put in."
)]
pub(crate) struct Connect {
    /// Which agent
    agent: Named,
    /// Only print what would be written; no token is made
    #[arg(long)]
    print: bool,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep disconnect claude")]
pub(crate) struct Disconnect {
    /// Which agent
    agent: Named,
}

impl From<Named> for Agent {
    fn from(named: Named) -> Self {
        match named {
            Named::Claude => Self::Claude,
            Named::Codex => Self::Codex,
            Named::Cursor => Self::Cursor,
            Named::Gemini => Self::Gemini,
            Named::VsCode => Self::VsCode,
        }
    }
}

/// A file as it is and as it will be; none is no file.
struct Planned {
    path: PathBuf,
    before: Option<String>,
    after: Option<String>,
}

impl Connect {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let agent = Agent::from(self.agent);
        let root = root()?;
        let project = session.with(async |app, caller| {
            let project = app.bind_project(caller, root.clone()).await?;
            Ok((project.name, app.at().config.join("clients")))
        })?;
        let (project, clients) = project;
        let token_file = clients.join(format!("{}-{project}.token", agent.name()));
        let program = std::env::current_exe()
            .map_err(|e| Failure::file("finding this program at", Path::new("/proc/self/exe"), e))?;
        let entry = Entry { program: text(&program)?, token_file: text(&token_file)? };
        let plan = plan(agent, &root, |file, before| file.connected(before, &entry).map(Some))?;
        if self.print {
            return show(session, &plan);
        }
        show(session, &plan)?;
        if confirm("Write this?")? != Answered::Yes {
            return Err(Failure::usage("nothing was written", "`--print` only shows it"));
        }
        if !token_file.exists() {
            let token = make_token(session, agent, Namespace::Project(project))?;
            write_token(&clients, &token_file, &token)?;
        }
        carry_out(&plan)?;
        session.say(&format!("{} is connected; start it anew in {}", agent.name(), root.display()));
        Ok(ExitCode::SUCCESS)
    }
}

impl Disconnect {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let agent = Agent::from(self.agent);
        let root = root()?;
        let (project, clients) = session.with(async |app, caller| {
            let project = app.bind_project(caller, root.clone()).await?;
            Ok((project.name, app.at().config.join("clients")))
        })?;
        let plan = plan(agent, &root, SettingsFile::disconnected)?;
        let token_file = clients.join(format!("{}-{project}.token", agent.name()));
        if let Some(id) = token_id(&token_file)? {
            session.with(async |app, caller| Ok(app.gate().revoke_token(caller, id).await?))?;
            std::fs::remove_file(&token_file).map_err(|e| Failure::file("removing", &token_file, e))?;
        }
        carry_out(&plan)?;
        session.say(&format!("{} is disconnected, and its token for {project} revoked", agent.name()));
        Ok(ExitCode::SUCCESS)
    }
}

/// The project that is worked in, or the folder.
fn root() -> Result<PathBuf, Failure> {
    let here = std::env::current_dir()
        .map_err(|e| Failure::file("finding the working folder", Path::new("."), e))?;
    Ok(keep_app::find_root(&here).unwrap_or(here))
}

fn text(path: &Path) -> Result<String, Failure> {
    let said = path.to_str().map(str::to_owned);
    said.ok_or_else(|| Failure::usage("a path is not valid Unicode", "agents' settings are text"))
}

fn plan(
    agent: Agent,
    root: &Path,
    change: impl Fn(&SettingsFile, &str) -> Result<Option<String>, ConnectError>,
) -> Result<Vec<Planned>, Failure> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let home = home.ok_or_else(|| Failure::usage("HOME is not set", "it says where settings lie"))?;
    let mut plan = Vec::new();
    for file in agent.files(root, &home) {
        let before = match std::fs::read_to_string(&file.path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::file("reading", &file.path, error)),
        };
        let after = change(&file, before.as_deref().unwrap_or_default()).map_err(|error| {
            Failure::usage(error.to_string(), format!("look into {}", file.path.display()))
        })?;
        plan.push(Planned { path: file.path, before, after });
    }
    Ok(plan)
}

fn show(session: &Session, plan: &[Planned]) -> Result<ExitCode, Failure> {
    let view: Vec<_> = plan.iter().map(|one| json!({ "file": one.path, "text": one.after })).collect();
    session.show(&view, |out| {
        for one in plan {
            let verb = match (&one.before, &one.after) {
                (None, _) => "new",
                (Some(before), Some(after)) if before == after => "unchanged",
                _ => "changed",
            };
            writeln!(out, "{} ({verb})", visible(&one.path.display().to_string()))?;
            for line in one.after.iter().flat_map(|text| text.lines()) {
                let old = one.before.iter().flat_map(|text| text.lines()).any(|before| before == line);
                writeln!(out, "{} {}", if old { ' ' } else { '+' }, visible(line))?;
            }
        }
        Ok(())
    })
}

/// Makes the agent's token; the gate asks whoever sits at the terminal.
fn make_token(session: &Session, agent: Agent, namespace: Namespace) -> Result<String, Failure> {
    let wrong = |_| Failure::usage("an agent's name is malformed", "this is a fault of the program");
    let name = agent.name().parse().map_err(wrong)?;
    let scopes = SCOPES.iter().filter_map(|scope| scope.parse::<Scope>().ok()).collect();
    let new = NewToken {
        principal: Principal::new(PrincipalKind::Agent, name),
        scopes,
        namespaces: vec![namespace],
        label: format!("keep connect {}", agent.name()),
        lifetime: None,
    };
    Ok(session.with(async |app, caller| Ok(app.gate().create_token(caller, new).await?))?.token)
}

fn write_token(folder: &Path, path: &Path, token: &str) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|e| Failure::file("making", folder, e))?;
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        writeln!(file, "{token}")?;
        file.sync_all()
    };
    write().map_err(|e| Failure::file("writing", path, e))
}

/// The id of the token in a file, if there is a file.
fn token_id(path: &Path) -> Result<Option<keep_types::Id<keep_types::TokenKind>>, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::file("reading", path, error)),
    };
    Ok(text.split('_').nth(1).and_then(|id| format!("tok_{id}").parse().ok()))
}

/// Replaces each file whole, so that an agent that reads it meanwhile finds the old or the new one.
fn carry_out(plan: &[Planned]) -> Result<(), Failure> {
    for one in plan.iter().filter(|one| one.before != one.after) {
        let done = match &one.after {
            None => std::fs::remove_file(&one.path),
            Some(text) => replace(&one.path, text),
        };
        done.map_err(|e| Failure::file("writing", &one.path, e))?;
    }
    Ok(())
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
