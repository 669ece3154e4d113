use crate::edge::{Failure, Session, Table};
use clap::{Args, Subcommand};
use keep_gate::{NewToken, TokenView};
use keep_types::{Duration, Id, Namespace, Principal, Scope, TokenKind};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep token create agent:claude --scope 'memory.*' --namespace project:demo\n  keep token list\n  keep token revoke tok_01kak3…"
)]
pub(crate) struct Token {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a token; it is shown this once
    #[command(
        after_help = "EXAMPLES:\n  keep token create agent:claude --scope 'memory.*' --namespace project:demo > agent.token"
    )]
    Create(Create),
    /// List the tokens
    #[command(after_help = "EXAMPLES:\n  keep token list --json")]
    List,
    /// Revoke a token, at once
    #[command(after_help = "EXAMPLES:\n  keep token revoke tok_01kak3…")]
    Revoke {
        /// The token's id, from `keep token list`
        id: Id<TokenKind>,
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
                let view =
                    session.with(async |app, caller| Ok(app.gate().revoke_token(caller, id).await?))?;
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
        let made = session.with(async |app, caller| Ok(app.gate().create_token(caller, new).await?))?;
        session.say(&format!(
            "{} for {} until {}; it is shown this once",
            made.view.id, made.view.principal, made.view.expires
        ));
        session.show(&made, |out| writeln!(out, "{}", made.token))
    }
}

fn table(tokens: &[TokenView]) -> Table {
    let mut table = Table::new(&["id", "who", "scopes", "where", "expires", "last used", "label"]);
    for token in tokens {
        let words = |items: Vec<String>| items.join(" ");
        let expires = match token.revoked {
            Some(at) => format!("revoked {at}"),
            None => token.expires.to_string(),
        };
        table.row([
            token.id.to_string(),
            token.principal.to_string(),
            words(token.scopes.iter().map(ToString::to_string).collect()),
            words(token.namespaces.iter().map(ToString::to_string).collect()),
            expires,
            token.last_used.map_or("never".into(), |at| at.to_string()),
            token.label.clone(),
        ]);
    }
    table
}
