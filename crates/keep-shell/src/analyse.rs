//! The way in: look at the text, parse it, walk it, add it up.

use crate::analysis::Analysis;
use crate::context::Context;
use crate::limits::{OWN_STACK_ABOVE, OWN_STACK_BYTES};
use crate::reduce::{Flow, Reducer, Shell};
use crate::text::look;
use crate::word::Word;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

/// What a command line would do if bash ran it in this context.
#[must_use]
pub fn analyse(text: &str, context: &Context<'_>) -> Analysis {
    let seen = look(text);
    if !seen.parsable() {
        let why = seen.oddities.first().map(|odd| odd.text().to_owned());
        return Analysis::of(Vec::new(), seen.oddities, why, true);
    }
    let reducer = guarded(seen.openers, || {
        let mut reducer = Reducer::new();
        let mut shell = Shell::new(context);
        reducer.script(text, &mut shell, &Flow::default());
        reducer.uncalled(&mut shell);
        reducer
    });
    match reducer {
        Some(reducer) => Analysis::of(reducer.parts, seen.oddities, reducer.unparsable, reducer.unknown),
        None => {
            Analysis::of(Vec::new(), seen.oddities, Some("the analysis failed on this text".to_owned()), true)
        }
    }
}

/// What a program would do that is started with these words, without a shell.
#[must_use]
pub fn analyse_argv(argv: &[&str], context: &Context<'_>) -> Analysis {
    let whole = argv.join(" ");
    let seen = look(&whole);
    if !seen.parsable() {
        let why = seen.oddities.first().map(|odd| odd.text().to_owned());
        return Analysis::of(Vec::new(), seen.oddities, why, true);
    }
    let reducer = guarded(seen.openers, || {
        let mut reducer = Reducer::new();
        let mut shell = Shell::new(context);
        let words = argv.iter().map(|word| Word::known(*word)).collect();
        reducer.run(words, Vec::new(), Vec::new(), Vec::new(), &mut shell, &Flow::default());
        reducer
    });
    match reducer {
        Some(reducer) => Analysis::of(reducer.parts, seen.oddities, reducer.unparsable, reducer.unknown),
        None => Analysis::of(
            Vec::new(),
            seen.oddities,
            Some("the analysis failed on these words".to_owned()),
            true,
        ),
    }
}

/// Does the work where its stack is sure to suffice; `None` when it panicked. A defect in the analysis
/// must not become a command that nobody was asked about.
fn guarded(openers: usize, work: impl FnOnce() -> Reducer + Send) -> Option<Reducer> {
    let work = || catch_unwind(AssertUnwindSafe(work)).ok();
    if openers <= OWN_STACK_ABOVE {
        return work();
    }
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("keep-shell".to_owned()).stack_size(OWN_STACK_BYTES);
        builder.spawn_scoped(scope, work).ok()?.join().ok().flatten()
    })
}
