//! The words that `keep` understands.

use crate::commands::{
    approvals, artifact, attest, audit, backup, config, connect, doctor, exec, hook, init, mcp, memory, open,
    pack, papers, policy, project, purge, restore, runs, secret, serve, shell_check, status, stop, token,
    tries, trust, unpack, up, version, whoami,
};
use crate::edge::{Failure, Session};
use clap::{ArgMatches, Args, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// One gate for what agents remember, run and store.
#[derive(Parser)]
#[command(
    name = "keep",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "EXAMPLES:\n  keep status                 how this installation is\n  keep inbox                  what waits for your yes\n  keep audit log --limit 20   what happened last\n  keep attest                 check every promise of SECURITY.md here\n\nEXIT CODES: 0 ok, 1 internal, 2 usage, 3 denied, 4 not found, 5 tampered,\n            6 unavailable, 7 conflict, 8 waits for approval, 130 interrupted"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal that can show them.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Flags of every command.
#[derive(Args, Clone, Default)]
pub(crate) struct Global {
    /// Keep everything below this folder instead of the usual places [env: KEEP_HOME]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub(crate) home: Option<PathBuf>,
    /// Print JSON on stdout; errors as one JSON line on stderr
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// Never ask: what would be asked is refused
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) no_input: bool,
    /// Say nothing but results and errors
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Global options"
    )]
    pub(crate) color: Color,
    /// Show the token in this file [env: KEEP_TOKEN_FILE]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) token_file: Option<PathBuf>,
    /// Set a configuration value for this command
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", help_heading = "Global options")]
    pub(crate) set: Vec<String>,
}

/// The commands. What a command takes is worked out for the one that is asked for, not at each start for all.
macro_rules! commands {
    ($($(#[$hidden:ident])? $name:literal $(| $alias:literal)? $variant:ident($arguments:ty): $about:literal,)*) => {
        pub(crate) enum Command {
            $($variant($arguments),)*
        }

        impl Command {
            /// Runs the command.
            pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
                match self {
                    $(Self::$variant(command) => command.run(session),)*
                }
            }
        }

        impl Subcommand for Command {
            fn augment_subcommands(all: clap::Command) -> clap::Command {
                all.subcommands([$(
                    clap::Command::new($name)
                        .about($about)
                        .alias(None::<&str> $(.or(Some($alias)))?)
                        .hide(false $(|| stringify!($hidden) == "hidden")?)
                        .defer(|command| <$arguments>::augment_args(command).about($about)),
                )*])
            }

            fn augment_subcommands_for_update(all: clap::Command) -> clap::Command {
                Self::augment_subcommands(all)
            }

            fn has_subcommand(name: &str) -> bool {
                [$($name),*].contains(&name)
            }
        }

        impl FromArgMatches for Command {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                Self::from_arg_matches_mut(&mut matches.clone())
            }

            fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
                let (name, mut words) = matches.remove_subcommand().ok_or_else(missing)?;
                match name.as_str() {
                    $($name => <$arguments>::from_arg_matches_mut(&mut words).map(Self::$variant),)*
                    _ => Err(missing()),
                }
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }
    };
}

fn missing() -> clap::Error {
    clap::Error::raw(clap::error::ErrorKind::MissingSubcommand, "a command is missing")
}

commands! {
    "init" Init(init::Init): "Make this installation, and say where it put things",
    "status" Status(status::Status): "Show how this installation is",
    "whoami" Whoami(whoami::Whoami): "Show who Keep takes you for, and why",
    "doctor" Doctor(doctor::Doctor): "Look for what is wrong, and say what to do about it",
    "audit" Audit(audit::Audit): "Read, check, prove, export and anchor the audit log",
    "secret" Secret(secret::Secret): "Store, use, share and look after secrets",
    "artifact" Artifact(artifact::Artifact): "Store heavy files in versions, and restore them",
    "remember" Remember(memory::Remember): "Remember something, or what standard input says",
    "recall" Recall(memory::RecallWords): "Recall what was remembered, by any words",
    "memory" Memory(memory::Memory): "Look after what is remembered",
    "unlock" Unlock(secret::Unlock): "Open the vault with its passphrase, for a while",
    "lock" Lock(secret::Lock): "Forget the vault's key again",
    #[hidden] "hold-key" HoldKey(secret::HoldKey): "Hold an unlocked key",
    "token" Token(token::Token): "Make, list and revoke tokens",
    "policy" Policy(policy::Policy): "Show, check and explain the rules",
    "exec" Exec(exec::Exec): "Run a program: judged, confined, and recorded",
    "sh" Sh(exec::Sh): "Run a line of shell in the same way",
    "try" Try(tries::Try): "Run a program so that its changes wait, and commit or discard them",
    "runs" Runs(runs::Runs): "List what ran, and show one run whole",
    "shell-check" ShellCheck(shell_check::ShellCheckWords): "Say what a command line would do, and what policy says to it; nothing runs",
    "up" Up(up::Up): "Start the server and the dashboard, and say how to begin",
    "open" | "dashboard" Open(open::Open): "Say where the dashboard of a running server is, and sign in to it",
    "serve" | "server" Serve(serve::Serve): "Serve the HTTP API and MCP on this machine, until Ctrl-C",
    "mcp" Mcp(mcp::Mcp): "Speak the Model Context Protocol with the agent that started this",
    "connect" Connect(connect::Connect): "Connect an agent: its settings, its hooks, its token",
    "disconnect" Disconnect(connect::Disconnect): "Take out of an agent's settings what `keep connect` put in",
    "hook" Hook(hook::Hook): "Answer an agent's own hooks: judge its commands, brief it",
    "pack" Pack(pack::Pack): "Pack a file or folder: smaller, checked, signed if wanted",
    "unpack" Unpack(unpack::Unpack): "Unpack what `keep pack` packed, bit for bit",
    "inbox" Inbox(approvals::Inbox): "List the requests that wait for a person",
    "approve" Approve(approvals::Approve): "Approve a request",
    "deny" Deny(approvals::Deny): "Deny a request",
    "stop" Stop(stop::Stop): "Stop everything: deny all acts until `keep resume`",
    "resume" Resume(stop::Resume): "End a stop",
    "trust" Trust(trust::Trust): "Trust this project's settings as they are now",
    "project" Project(project::Project): "List, rename and merge projects",
    "config" Config(config::Config): "Show and change settings",
    "backup" Backup(backup::Backup): "Copy the database into one file",
    "restore" Restore(restore::Restore): "Put a backup in the database's place",
    "attest" Attest(attest::Attest): "Check every promise of SECURITY.md on this installation",
    "purge" Purge(purge::Purge): "Erase old details, or with --all the whole installation",
    "completions" Completions(papers::Completions): "Print completions for a shell",
    "man" Man(papers::Man): "Print the manual page, or write one per command",
    "version" Version(version::Version): "Show the version",
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    fn look(path: &str, command: &clap::Command) {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let is_list =
            |paragraph: &str| paragraph.split(':').next().is_some_and(|head| head == head.to_uppercase());
        for paragraph in text.split("\n\n").filter(|paragraph| !is_list(paragraph)) {
            assert!(
                !paragraph.contains('\n'),
                "{path}: the terminal's width breaks these lines once more: {paragraph}"
            );
        }
        for below in command.get_subcommands() {
            look(&format!("{path} {}", below.get_name()), below);
        }
    }

    #[test]
    fn closing_texts_are_wrapped_by_the_terminals_width_alone() {
        // What a command takes is worked out when it is asked for, or now.
        let mut all = Cli::command();
        all.build();
        assert!(all.find_subcommand("up").and_then(|up| up.get_after_help()).is_some());
        look("keep", &all);
    }
}
