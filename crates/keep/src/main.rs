//! `keep`: arguments in, text or JSON out.
//!
//! **Must not know:** business rules. A command translates words, calls one operation, and shows what
//! came of it. This crate alone reads the environment, the home folder and the terminal.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

mod args;
mod commands;
mod edge;

use clap::{CommandFactory, Parser};
use edge::{Failure, Session};
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match args::Cli::try_parse_from(words()) {
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
