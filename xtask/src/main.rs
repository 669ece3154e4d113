//! The project's own chores, called as `cargo xtask NAME`.
//!
//! **Must not know:** anything of a crate's insides. The parts of a benchmark that call a crate
//! directly live in `benches/`, so that the chores build while a crate does not.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod bench;
mod chore;
mod eval;
mod layers;
mod node;
mod papers;
mod python;
mod test;
mod tools;

use chore::Chore;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask CHORE

Chores:
  test [ARGS]               install what the tests need, then run them all; ARGS go to nextest
  bench NAME [--data DIR] [--json FILE]
                            measure, print a table, write the rows as JSON
  eval NAME [--data FILE] [--json FILE]
                            measure quality on data
  check-layers              fail when a crate depends upwards or changes things without a permit
  check-papers              fail when a paper is out of date
  tool NAME                 print the path of a tool, installing it into target/tools if missing";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test", rest @ ..] => test::run(rest),
        ["bench", rest @ ..] => bench::run(rest),
        ["eval", rest @ ..] => eval::run(rest),
        ["check-layers"] => layers::check(),
        ["check-papers"] => papers::check(),
        ["tool", name] => tools::print_path(name),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(Chore::Usage(USAGE.to_owned())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            error.exit_code()
        }
    }
}
