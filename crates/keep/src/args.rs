//! The words that `keep` understands.

use crate::commands::{
    approvals, artifact, attest, audit, backup, config, connect, doctor, exec, hook, init, mcp, memory, open,
    pack, papers, policy, project, purge, restore, runs, secret, serve, shell_check, status, stop, token,
    tries, trust, unpack, up, version, whoami,
};
use crate::edge::{Failure, Session};
use clap::{Args, Parser, Subcommand, ValueEnum};
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

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make this installation, and say where it put things
    Init(init::Init),
    /// Show how this installation is
    Status(status::Status),
    /// Show who Keep takes you for, and why
    Whoami(whoami::Whoami),
    /// Look for what is wrong, and say what to do about it
    Doctor(doctor::Doctor),
    /// Read, check, prove, export and anchor the audit log
    Audit(audit::Audit),
    /// Store, use, share and look after secrets
    Secret(secret::Secret),
    /// Store heavy files in versions, and restore them
    Artifact(artifact::Artifact),
    /// Remember something, or what standard input says
    Remember(memory::Remember),
    /// Recall what was remembered, by any words
    Recall(memory::RecallWords),
    /// Look after what is remembered
    Memory(memory::Memory),
    /// Open the vault with its passphrase, for a while
    Unlock(secret::Unlock),
    /// Forget the vault's key again
    Lock(secret::Lock),
    /// Hold an unlocked key
    #[command(hide = true)]
    HoldKey(secret::HoldKey),
    /// Make, list and revoke tokens
    Token(token::Token),
    /// Show, check and explain the rules
    Policy(policy::Policy),
    /// Run a program: judged, confined, and recorded
    Exec(exec::Exec),
    /// Run a line of shell in the same way
    Sh(exec::Sh),
    /// Run a program so that its changes wait, and commit or discard them
    Try(tries::Try),
    /// List what ran, and show one run whole
    Runs(runs::Runs),
    /// Say what a command line would do, and what policy says to it; nothing runs
    ShellCheck(shell_check::ShellCheckWords),
    /// Start the server and the dashboard, and say how to begin
    Up(up::Up),
    /// Say where the dashboard of a running server is, and sign in to it
    #[command(alias = "dashboard")]
    Open(open::Open),
    /// Serve the HTTP API and MCP on this machine, until Ctrl-C
    #[command(alias = "server")]
    Serve(serve::Serve),
    /// Speak the Model Context Protocol with the agent that started this
    Mcp(mcp::Mcp),
    /// Connect an agent: its settings, its hooks, its token
    Connect(connect::Connect),
    /// Take out of an agent's settings what `keep connect` put in
    Disconnect(connect::Disconnect),
    /// Answer an agent's own hooks: judge its commands, brief it
    Hook(hook::Hook),
    /// Pack a file or folder: smaller, checked, signed if wanted
    Pack(pack::Pack),
    /// Unpack what `keep pack` packed, bit for bit
    Unpack(unpack::Unpack),
    /// List the requests that wait for a person
    Inbox(approvals::Inbox),
    /// Approve a request
    Approve(approvals::Approve),
    /// Deny a request
    Deny(approvals::Deny),
    /// Stop everything: deny all acts until `keep resume`
    Stop(stop::Stop),
    /// End a stop
    Resume(stop::Resume),
    /// Trust this project's settings as they are now
    Trust(trust::Trust),
    /// List, rename and merge projects
    Project(project::Project),
    /// Show and change settings
    Config(config::Config),
    /// Copy the database into one file
    Backup(backup::Backup),
    /// Put a backup in the database's place
    Restore(restore::Restore),
    /// Check every promise of SECURITY.md on this installation
    Attest(attest::Attest),
    /// Erase old details, or with --all the whole installation
    Purge(purge::Purge),
    /// Print completions for a shell
    Completions(papers::Completions),
    /// Print the manual page, or write one per command
    Man(papers::Man),
    /// Show the version
    Version(version::Version),
}

impl Command {
    /// Runs the command.
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self {
            Self::Init(command) => command.run(session),
            Self::Status(command) => command.run(session),
            Self::Whoami(command) => command.run(session),
            Self::Doctor(command) => command.run(session),
            Self::Audit(command) => command.run(session),
            Self::Secret(command) => command.run(session),
            Self::Artifact(command) => command.run(session),
            Self::Remember(command) => command.run(session),
            Self::Recall(command) => command.run(session),
            Self::Memory(command) => command.run(session),
            Self::Unlock(command) => command.run(session),
            Self::Lock(command) => command.run(session),
            Self::HoldKey(command) => command.run(session),
            Self::Token(command) => command.run(session),
            Self::Policy(command) => command.run(session),
            Self::Exec(command) => command.run(session),
            Self::Sh(command) => command.run(session),
            Self::Try(command) => command.run(session),
            Self::Runs(command) => command.run(session),
            Self::ShellCheck(command) => command.run(session),
            Self::Up(command) => command.run(session),
            Self::Connect(command) => command.run(session),
            Self::Disconnect(command) => command.run(session),
            Self::Hook(command) => command.run(session),
            Self::Open(command) => command.run(session),
            Self::Serve(command) => command.run(session),
            Self::Mcp(command) => command.run(session),
            Self::Pack(command) => command.run(session),
            Self::Unpack(command) => command.run(session),
            Self::Inbox(command) => command.run(session),
            Self::Approve(command) => command.run(session),
            Self::Deny(command) => command.run(session),
            Self::Stop(command) => command.run(session),
            Self::Resume(command) => command.run(session),
            Self::Trust(command) => command.run(session),
            Self::Project(command) => command.run(session),
            Self::Config(command) => command.run(session),
            Self::Backup(command) => command.run(session),
            Self::Restore(command) => command.run(session),
            Self::Attest(command) => command.run(session),
            Self::Purge(command) => command.run(session),
            Self::Completions(command) => command.run(session),
            Self::Man(command) => command.run(session),
            Self::Version(command) => command.run(session),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    /// Commands whose closing texts are still broken by hand.
    const BY_HAND: [&str; 2] = ["keep connect", "keep hook"];

    fn look(path: &str, command: &clap::Command) {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let is_list =
            |paragraph: &str| paragraph.split(':').next().is_some_and(|head| head == head.to_uppercase());
        for paragraph in text.split("\n\n").filter(|paragraph| !is_list(paragraph)) {
            let broken = paragraph.contains('\n') && !BY_HAND.contains(&path);
            assert!(!broken, "{path}: the terminal's width breaks these lines once more: {paragraph}");
        }
        for below in command.get_subcommands() {
            look(&format!("{path} {}", below.get_name()), below);
        }
    }

    #[test]
    fn closing_texts_are_wrapped_by_the_terminals_width_alone() {
        look("keep", &Cli::command());
    }
}
