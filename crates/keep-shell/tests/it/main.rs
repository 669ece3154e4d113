//! The analysis from outside: tricks that got past others, what bash really does, a second parser,
//! and texts that nobody would write.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod against_bash;
mod bypasses;
mod corpus;
mod everyday;
mod json;
mod second_parser;
mod services;
mod strange;

use keep_shell::{Analysis, Context, analyse};

/// A developer's machine.
fn context() -> Context<'static> {
    Context {
        cwd: "/home/ann/app",
        home: "/home/ann",
        workspace: "/home/ann/app",
        variables: &[("TMPDIR", "/tmp")],
        resolve: None,
    }
}

fn look(text: &str) -> Analysis {
    analyse(text, &context())
}

/// The words of every part, for comparing.
fn runs(analysis: &Analysis) -> Vec<String> {
    let line = |part: &keep_shell::Part| {
        part.argv.iter().map(|word| word.text.clone()).collect::<Vec<_>>().join(" ")
    };
    analysis.parts.iter().filter(|part| !part.argv.is_empty()).map(line).collect()
}
