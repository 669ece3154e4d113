//! Says what a command line would run, what that touches, and how risky it is, before anything runs.
//!
//! [`analyse`] parses a text the way bash would read it, follows variables, functions, substitutions and
//! wrappers as far as the text alone tells, and returns every simple command with its effects. Whatever
//! cannot be told is said to be unknown, and unknown is never low.
//!
//! **Not covered:** what a program does that nothing in its words says; what a variable holds that the
//! caller does not know; code in other languages beyond a search for words that reach the system; the
//! insides of scripts and makefiles that a command runs.
//!
//! **Must not know:** the operating system. No file is opened, no variable of the environment read, no
//! program started; the caller hands in the folder, the home, known variables and a way to follow
//! symbolic links.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod act;
mod analyse;
mod analysis;
mod context;
mod effect;
mod limits;
mod parse;
mod path;
mod programs;
mod reduce;
mod risk;
mod text;
mod word;

pub use analyse::{analyse, analyse_argv};
pub use analysis::{Analysis, Part, Redirect, VERSION, Via, visible};
pub use context::{Context, Resolve};
pub use effect::{Deed, Effect, Kind, Origin, Place, Traffic};
pub use limits::MAX_BYTES;
pub use programs::known_programs;
pub use risk::Reason;
pub use text::Oddity;
pub use word::{Sort, Word};
