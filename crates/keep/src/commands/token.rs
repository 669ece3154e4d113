use crate::edge::{Failure, Session, Table, ids, visible};
use clap::{Args, Subcommand};
use keep_app::App;
use keep_gate::{NewToken, TokenView};
use keep_types::{Caller, Duration, Id, Namespace, Principal, Scope, Timestamp, TokenKind};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep token create agent:claude --scope 'memory.*' --namespace project:demo --to ~/.config/keep/claude.token\n  keep token list\n  keep token revoke tok_01kak3…"
)]
pub(crate) struct Token {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a token; it is shown this once
    #[command(
        after_help = "EXAMPLES:\n  keep token create agent:claude --scope 'memory.*' --namespace project:demo --to ~/.config/keep/claude.token\n  keep --token-file ~/.config/keep/claude.token whoami\n\nWhoever has a token comes in by it. With --to it is written to a file of its own that you alone can read, outside the folders that agents work in; without, it is printed."
    )]
    Create(Create),
    /// List the tokens
    #[command(after_help = "EXAMPLES:\n  keep token list --json")]
    List,
    /// Revoke a token, at once
    #[command(after_help = "EXAMPLES:\n  keep token revoke tok_01kak3…")]
    Revoke {
        /// The token's id from `keep token list`, or the beginning of it
        id: String,
    },
    /// List good tokens that nobody has used for a while
    #[command(after_help = "EXAMPLES:\n  keep token unused --for 30d")]
    Unused {
        /// For how long
        #[arg(long = "for", default_value = "30d", value_name = "SPAN")]
        span: Duration,
    },
}

#[derive(Args)]
struct Create {
    /// Whom it names: agent:<name> or service:<name>
    principal: Principal,
    /// What it may do: an action, a family (`memory.*`) or `*`
    #[arg(long, required = true, value_name = "SCOPE")]
    scope: Vec<Scope>,
    /// Where: `global`, `project:<name>` or `session:<project>/<id>`
    #[arg(long, required = true, value_name = "NAMESPACE")]
    namespace: Vec<Namespace>,
    /// What it is for
    #[arg(long, default_value = "")]
    label: String,
    /// How long it is good, such as 8h or 30d
    #[arg(long, value_name = "SPAN")]
    expires: Option<Duration>,
    /// Write it to this file, which must not exist, for your eyes alone
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Write it into a project, too, where the agents that work there can read it
    #[arg(long, requires = "to")]
    force: bool,
}

/// A file of a person's own that a token is to lie in, made before the token is: one that has no place to lie in is not
/// made.
struct Destination {
    path: PathBuf,
    file: File,
}

impl Destination {
    fn make(path: &Path, force: bool) -> Result<Self, Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if let (Some(project), false) = (keep_app::find_root(folder), force) {
            return Err(Failure::usage(
                format!(
                    "{} lies in the project {}, whose agents could read it",
                    path.display(),
                    project.display()
                ),
                "name a place outside, such as ~/.config/keep/NAME.token; --force writes it there all the same",
            ));
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match file {
            Ok(file) => Ok(Self { path: path.to_owned(), file }),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(Failure::Exists(path.to_owned()))
            }
            Err(error) => Err(Failure::file("making", path, error)),
        }
    }

    fn write(mut self, token: &str) -> Result<(), Failure> {
        let written = writeln!(self.file, "{token}").and_then(|()| self.file.sync_all());
        written.map_err(|e| Failure::file("writing", &self.path, e))
    }

    /// Removes the file again: there is no token to lie in it.
    fn remove(self) -> Result<(), Failure> {
        std::fs::remove_file(&self.path).map_err(|e| Failure::file("removing", &self.path, e))
    }
}

impl Token {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self.what {
            What::Create(create) => create.run(session),
            What::List => {
                let tokens = session.with(async |app, caller| Ok(app.gate().tokens(caller).await?))?;
                session.show_table(&tokens, &table(&tokens), "there are no tokens")
            }
            What::Unused { span } => {
                let tokens =
                    session.with(async |app, caller| Ok(app.gate().unused_tokens(caller, span).await?))?;
                session.show_table(&tokens, &table(&tokens), "every good token was used lately")
            }
            What::Revoke { id } => {
                let view = session.with(async |app, caller| {
                    let id = named(app, caller, &id).await?;
                    Ok(app.gate().revoke_token(caller, id).await?)
                })?;
                session.show(&view, |out| writeln!(out, "{} of {} is revoked", view.id, view.principal))
            }
        }
    }
}

impl Create {
    fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let new = NewToken {
            principal: self.principal,
            scopes: self.scope,
            namespaces: self.namespace,
            label: self.label,
            lifetime: self.expires,
        };
        let to = self.to.as_deref().map(|to| Destination::make(to, self.force)).transpose()?;
        let made = session.with(async |app, caller| Ok(app.gate().create_token(caller, new).await?));
        let (made, to) = match (made, to) {
            (Ok(made), to) => (made, to),
            (Err(failure), None) => return Err(failure),
            (Err(failure), Some(to)) => {
                to.remove()?;
                return Err(failure);
            }
        };
        if let Some(to) = to {
            let path = to.path.display().to_string();
            to.write(&made.token)?;
            let (view, shown) = (&made.view, visible(&path));
            return session.show(&json!({ "token": view, "file": path }), |out| {
                writeln!(out, "{} for {} until {}, in {shown}", view.id, view.principal, view.expires)
            });
        }
        session.say(&format!(
            "{} for {} until {}; it is shown this once",
            made.view.id, made.view.principal, made.view.expires
        ));
        session.show(&made, |out| writeln!(out, "{}", made.token))
    }
}

/// The token of this id, or of the one id that begins so.
async fn named(app: &App, caller: &Caller, typed: &str) -> Result<Id<TokenKind>, Failure> {
    let parsed = |id: &str| -> Result<Id<TokenKind>, Failure> {
        id.parse().map_err(|e| Failure::usage(format!("{id:?}: {e}"), "`keep token list` lists them"))
    };
    let whole = parsed(typed);
    if whole.is_ok() || !typed.starts_with("tok_") || typed.len() < ids::FEWEST {
        return whole;
    }
    let all = app.gate().tokens(caller).await?;
    let all: Vec<String> = all.iter().map(|token| token.id.to_string()).collect();
    parsed(&ids::named(typed, &all, "keep token list")?)
}

/// The day of a moment: which one it was is what a list is looked at for; `--json` has the whole.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

fn table(tokens: &[TokenView]) -> Table {
    let mut table = Table::new(&["id", "who", "scopes", "where", "until", "used", "label"]);
    let ids: Vec<String> = tokens.iter().map(|token| token.id.to_string()).collect();
    for (token, id) in tokens.iter().zip(ids::shortened(&ids)) {
        let words = |items: Vec<String>| items.join(" ");
        let expires = match token.revoked {
            Some(at) => format!("revoked {}", day(at)),
            None => day(token.expires),
        };
        table.row([
            id.to_owned(),
            token.principal.to_string(),
            words(token.scopes.iter().map(ToString::to_string).collect()),
            words(token.namespaces.iter().map(ToString::to_string).collect()),
            expires,
            token.last_used.map_or("never".into(), day),
            token.label.clone(),
        ]);
    }
    table
}
