//! `keep`: arguments in, text or JSON out.
//!
//! **Must not know:** business rules. A command translates words, calls one operation, and shows what
//! came of it. This crate alone reads the environment, the home folder and the terminal.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

mod args;
mod commands;
mod edge;

use clap::{CommandFactory, FromArgMatches};
use edge::{Failure, Session};
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words = words();
    let command = args::Cli::command().color(colors(&words));
    let parsed = command.try_get_matches_from(words);
    let cli = match parsed.and_then(|matches| args::Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return edge::clap_exit(&error),
    };
    let Some(command) = cli.command else {
        return without_command();
    };
    let session = Session::new(cli.global);
    match command.run(&session) {
        Ok(code) => code,
        Err(failure) => failure.report(&session),
    }
}

/// The words of the command line. Whatever wants the path of a shell gets a link to this program: under that
/// name it is `keep sh`.
fn words() -> Vec<OsString> {
    let mut words: Vec<_> = std::env::args_os().collect();
    if words.first().and_then(|name| Path::new(name).file_name()) == Some(OsStr::new("keep-sh")) {
        words.insert(1, "sh".into());
    }
    words
}

/// When help and mistakes are shown in colours. They are what there is before the words are understood, so this looks
/// for the flag by itself.
fn colors(words: &[OsString]) -> clap::ColorChoice {
    let words: Vec<_> =
        words.iter().take_while(|word| *word != "--").filter_map(|word| word.to_str()).collect();
    let inline = words.iter().find_map(|word| word.strip_prefix("--color="));
    let next = words.windows(2).find_map(|pair| (pair[0] == "--color").then_some(pair[1]));
    match inline.or(next) {
        Some("never") => clap::ColorChoice::Never,
        Some("always") => clap::ColorChoice::Always,
        _ => clap::ColorChoice::Auto,
    }
}

/// On a terminal whoever types `keep` wants to know what it can do; a script made a mistake.
fn without_command() -> ExitCode {
    let mut command = args::Cli::command();
    if std::io::stdout().is_terminal() {
        return match command.print_long_help() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let session = Session::new(args::Global::default());
    Failure::usage("a command is missing", "`keep --help` lists them").report(&session)
}
