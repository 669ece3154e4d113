//! Replaces known secret values, in every encoding a program is likely to print them in, in any byte
//! stream and across chunk borders.
//!
//! Each value is searched for raw and in the forms listed in `form`: base64 (standard and URL-safe, at
//! each of the three alignments, also wrapped), hex (also with separators, also wrapped), decimal bytes,
//! percent-encoding, JSON, HTML, shell and source-code escapes, UTF-16. A match becomes
//! `[redacted:LABEL]`.
//!
//! **Not covered:** compressed or encrypted copies, base32, octal, a value split by foreign text (a hex
//! dump's text column, a log prefix on each line), hex in groups of several bytes, mixed letter case inside
//! hex, escapes nested more than twice, decimal bytes that stand on a line each (except in
//! [`Redactor::json`]), wrapped base64 of values under 13 bytes, lines wrapped before their 16th character,
//! and part of a value.
//!
//! Search time grows slowly with the number of values. Text that looks like the forms themselves (long
//! lists of decimal or hex bytes) is several times slower than a log. The worst case is a value that repeats
//! itself for tens of thousands of bytes, or hundreds of values that start each other, in a text made of the
//! same: a hundred thousand to a million bytes a second.
//!
//! **Must not know:** where the values come from. This crate is pure: no I/O, no clock, no environment,
//! no random numbers.

mod filter;
mod form;
mod forms;
mod handle;
mod json;
mod known;
mod paint;
mod redactor;
mod search;
mod stream;
mod window;
mod wrapped;

pub use handle::{Feed, Handle, Withheld};
pub use known::{Known, MIN_BYTES, Unfit};
pub use redactor::{Found, Redactor};
pub use stream::Stream;
