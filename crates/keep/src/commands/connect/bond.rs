//! An agent and the project that it works in: its token, and what its settings say of it.

use super::files::{Found, Planned};
use super::text;
use crate::edge::{Failure, Session, visible};
use keep_gate::{NewToken, NewTokenSecret, TokenView};
use keep_server::connect::{Agent, ConnectError, SettingsFile, Standing};
use keep_types::{Duration, Id, Name, Namespace, Principal, PrincipalKind, Scope, TokenKind};
use serde_json::json;
use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A token that ends sooner is made anew.
const ENDS_SOON: Duration = Duration::from_ms(7 * 24 * 3_600_000);
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

/// Who is connected where, and what that takes.
pub(super) struct Bond {
    pub(super) agent: Agent,
    pub(super) root: PathBuf,
    pub(super) project: Name,
    clients: PathBuf,
    pub(super) token_file: PathBuf,
    pub(super) token: Token,
}

/// The token in the agent's file.
pub(super) enum Token {
    /// There is no file.
    None,
    Good(TokenView),
    /// Not good any more, or not for long.
    Ending(Option<TokenView>),
}

impl Bond {
    /// What there is of it. Whoever only looks is told nothing of tokens, which are a person's to see.
    pub(super) fn find(session: &Session, agent: Agent, only_looks: bool) -> Result<Self, Failure> {
        let root = root()?;
        let (project, clients, tokens, now) = session.with(async |app, caller| {
            let project = app.project_name(&root).await?;
            let tokens = if only_looks { Vec::new() } else { app.gate().tokens(caller).await? };
            Ok((project, app.at().config.join("clients"), tokens, app.now()))
        })?;
        let token_file = clients.join(format!("{}-{project}.token", agent.name()));
        let token = match token_id(&token_file)? {
            None => Token::None,
            Some(id) => match tokens.into_iter().find(|view| Some(view.id) == id) {
                Some(view) if view.is_good(now.plus(ENDS_SOON)) => Token::Good(view),
                other => Token::Ending(other),
            },
        };
        Ok(Self { agent, root, project, clients, token_file, token })
    }

    pub(super) fn plan(
        &self,
        change: impl Fn(&SettingsFile, &str) -> Result<Option<String>, ConnectError>,
    ) -> Result<Vec<Planned>, Failure> {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let home = home.ok_or_else(|| Failure::usage("HOME is not set", "it says where settings lie"))?;
        let token_file = text(&self.token_file)?;
        let mut plan = Vec::new();
        for file in self.agent.files(&self.root, &home) {
            let found = Found::look(&file.path, &self.root, &home)?;
            let wrong = |error: ConnectError| {
                Failure::usage(error.to_string(), format!("look into {}", file.path.display()))
            };
            let standing = file.standing(found.text(), &token_file).map_err(wrong)?;
            let after = change(&file, found.text()).map_err(wrong)?;
            plan.push(found.becomes(after, standing));
        }
        Ok(plan)
    }

    /// What a person may not expect of it.
    pub(super) fn warn(&self, session: &Session, plan: &[Planned]) {
        let name = self.agent.name();
        for other in plan.iter().filter(|one| one.standing == Standing::Another) {
            let path = other.path.display();
            session.say(&format!("{path} names another server `keep`, which this one replaces"));
        }
        if self.agent.is_for_every_folder() {
            let root = self.root.display();
            session.say(&format!(
                "{name} reads its servers from one file: Keep's tools work in {root}, wherever it is started"
            ));
        }
    }

    /// A token that is good for a while: the one that there is, or a new one in its place.
    pub(super) fn renewed(&self, session: &Session) -> Result<TokenView, Failure> {
        if let Token::Good(view) = &self.token {
            return Ok(view.clone());
        }
        let root = self.root.clone();
        let bound = session.with(async |app, caller| Ok(app.bind_project(caller, root).await?.name))?;
        if bound != self.project {
            let why = format!("the project became {bound} meanwhile, and nothing was written");
            return Err(Failure::usage(why, "try again"));
        }
        let made = make_token(session, self.agent, Namespace::Project(bound))?;
        write_token(&self.clients, &self.token_file, &made.token)?;
        if let Token::Ending(Some(old)) = &self.token {
            revoke(session, old.id)?;
        }
        Ok(made.view)
    }

    /// Revokes the token and removes its file; whether there was one to revoke.
    pub(super) fn forget(&self, session: &Session, view: Option<&TokenView>) -> Result<bool, Failure> {
        if let Some(view) = view {
            revoke(session, view.id)?;
        }
        std::fs::remove_file(&self.token_file).map_err(|e| Failure::file("removing", &self.token_file, e))?;
        Ok(view.is_some())
    }

    pub(super) fn connected_already(&self, session: &Session, view: &TokenView) -> Result<ExitCode, Failure> {
        let (name, root) = (self.agent.name(), self.root.display());
        let until = day(view);
        session.show(&self.result(view, &[]), |out| {
            writeln!(
                out,
                "{name} is connected in {} already; its token is good until {until}",
                visible(&root.to_string())
            )
        })
    }

    pub(super) fn connected(
        &self,
        session: &Session,
        plan: &[Planned],
        view: &TokenView,
    ) -> Result<ExitCode, Failure> {
        let (name, root) = (self.agent.name(), self.root.display());
        let code = session.show(&self.result(view, plan), |out| {
            writeln!(out, "{name} is connected; start it anew in {}", visible(&root.to_string()))?;
            writeln!(out, "Its token is good until {}; `keep connect {name}` makes another then.", day(view))
        })?;
        let in_repository = self.root.join(".git").exists();
        if in_repository && plan.iter().any(|one| one.before.is_none() && one.path.starts_with(&self.root)) {
            session.say("what was written holds paths of this machine: keep it out of the repository (.git/info/exclude)");
        }
        if let Some(left) = self.agent.left() {
            session.say(left);
        }
        Ok(code)
    }

    fn result(&self, view: &TokenView, plan: &[Planned]) -> serde_json::Value {
        let changed = plan.iter().filter(|one| one.before != one.after).map(|one| &one.path);
        json!({ "agent": self.agent.name(), "project": self.project, "token_until": view.expires,
                "written": changed.collect::<Vec<_>>() })
    }

    /// Removes folders of the project that held nothing but what went.
    pub(super) fn tidy(&self, plan: &[Planned]) {
        for one in plan.iter().filter(|one| one.before.is_some() && one.after.is_none()) {
            let above = one.path.ancestors().skip(1);
            for folder in above.take_while(|folder| folder.starts_with(&self.root) && **folder != self.root) {
                // One that holds something else stays.
                if std::fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
    }
}

/// The day on which a token ends.
fn day(view: &TokenView) -> String {
    view.expires.to_string().chars().take(10).collect()
}

/// The project that is worked in. A home is none, whatever lies in it.
fn root() -> Result<PathBuf, Failure> {
    let here = std::env::current_dir()
        .map_err(|e| Failure::file("finding the working folder", Path::new("."), e))?;
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match keep_app::find_root(&here) {
        Some(root) if root.parent().is_some() && Some(&root) != home.as_ref() => Ok(root),
        _ => Err(Failure::usage(
            format!("{} is no project", here.display()),
            "go to one: a folder with a `.git` or a `.keep` in it",
        )),
    }
}

/// Makes the agent's token; the gate asks whoever sits at the terminal.
fn make_token(session: &Session, agent: Agent, namespace: Namespace) -> Result<NewTokenSecret, Failure> {
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
    session.with(async |app, caller| Ok(app.gate().create_token(caller, new).await?))
}

fn revoke(session: &Session, id: Id<TokenKind>) -> Result<(), Failure> {
    session.with(async |app, caller| Ok(app.gate().revoke_token(caller, id).await?)).map(drop)
}

/// Puts the token where the agent reads it; one that is there is replaced whole.
fn write_token(folder: &Path, path: &Path, token: &str) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|e| Failure::file("making", folder, e))?;
    let write = || -> std::io::Result<()> {
        // For its owner alone, as such files are made.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        writeln!(file, "{token}")?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|e| Failure::file("writing", path, e))
}

/// The id of the token in a file, if there is a file; none of it where it holds no token.
fn token_id(path: &Path) -> Result<Option<Option<Id<TokenKind>>>, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::file("reading", path, error)),
    };
    Ok(Some(text.split('_').nth(1).and_then(|id| format!("tok_{id}").parse().ok())))
}
