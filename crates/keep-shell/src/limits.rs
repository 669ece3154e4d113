//! Every limit of the analysis. Whatever exceeds one is asked about, never waved through.

/// Longest command line that is looked into. People do not read longer ones before they say yes, and
/// a script of this size belongs in a file that can be reviewed.
pub const MAX_BYTES: usize = 64 * 1024;

/// Most brackets open at once. The parser tries several readings of each, so its time can double per
/// level; real scripts stay below ten.
pub(crate) const MAX_BRACKETS: usize = 20;

/// Words that open something (`if`, `(`, `$(`, …) in the whole text. Bounds the parser's stack
/// together with the thread that it runs on.
pub(crate) const MAX_OPENERS: usize = 4_000;

/// More openers than this and the work is done on a thread with a stack of its own.
pub(crate) const OWN_STACK_ABOVE: usize = 40;

/// Stack of that thread; pages that are never touched cost nothing.
pub(crate) const OWN_STACK_BYTES: usize = 256 * 1024 * 1024;

/// How deep texts may nest that are parsed anew: `sh -c "sh -c …"`, `$( … )`, `eval`.
pub(crate) const MAX_DEPTH: usize = 16;

/// How many programs may start one another on one line, `env nice timeout 5 …`.
pub(crate) const MAX_WRAPPERS: usize = 48;

/// Elements of a list that a variable is followed to.
pub(crate) const MAX_ELEMENTS: usize = 1_024;

/// Simple commands that are looked at, loops and calls unrolled.
pub(crate) const MAX_STEPS: usize = 4_000;

/// Values of a `for` loop that are tried one by one.
pub(crate) const MAX_TURNS: usize = 12;

/// Words that one brace expression may make.
pub(crate) const MAX_BRACES: usize = 256;

/// Folders that a later command might be standing in.
pub(crate) const MAX_FOLDERS: usize = 4;

/// Longest text that a variable is followed to; concatenation in a loop would grow without end.
pub(crate) const MAX_VALUE: usize = 64 * 1024;
