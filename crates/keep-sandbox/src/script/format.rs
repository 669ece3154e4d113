//! How a script lies in memory. The stage that interprets scripts includes this same file.
//!
//! A script is words of 64 bits: [`MAGIC`], the number of words of its operations, the operations, and then
//! bytes that they refer to. An operation is a head, the kinds of its arguments, and the arguments.
//! The head holds, from its lowest bits: what to do (8), how many arguments (8), the slot for the result
//! (16), the number of the step that an error names (32).

/// The first word. It changes with the format.
pub(crate) const MAGIC: u64 = 0x6b65_6570_0000_0002;

/// How many results a script can keep. A profile names far fewer paths.
pub(crate) const SLOTS: usize = 512;
/// The slot of an operation whose result nobody reads.
pub(crate) const NO_SLOT: u64 = 0xffff;

/// A system call: its number and up to six arguments. A negative result ends the process.
pub(crate) const CALL: u64 = 1;
/// A new process: flags of `clone`, and the word where the child goes on. It shares the memory of its parent
/// and has a stack of its own, because copying memory that is given up again is most of what a fork costs.
pub(crate) const FORK: u64 = 2;
/// Writes a value into the bytes: offset, value, width.
pub(crate) const STORE: u64 = 3;
/// Turns offsets into addresses: offset of the first word, how many. A zero stays.
pub(crate) const RELOCATE: u64 = 4;
/// Reaps until one process ends, says how, and ends.
pub(crate) const INIT: u64 = 5;
/// Watches a process, the clock and whoever started all this: process, milliseconds or 0, whom to end,
/// milliseconds between asking for that and killing.
pub(crate) const WATCH: u64 = 6;
/// Says that the command runs.
pub(crate) const STARTED: u64 = 7;
/// Says a value.
pub(crate) const SAY: u64 = 8;
/// Ends the process.
pub(crate) const EXIT: u64 = 9;

/// An argument that is itself.
pub(crate) const PLAIN: u64 = 0;
/// An argument that is an offset into the bytes, and becomes an address.
pub(crate) const ADDRESS: u64 = 1;
/// An argument that is the result of an earlier operation.
pub(crate) const RESULT: u64 = 2;

/// Added to the kinds: an error of this call is an answer like any other.
pub(crate) const MAY_FAIL: u64 = 1 << 40;
/// Added to the kinds: this call must fail with the error number that stands 48 bits up.
pub(crate) const MUST_FAIL: u64 = 1 << 41;
/// Where that error number stands.
pub(crate) const ERRNO_SHIFT: u32 = 48;

/// Of [`WATCH`]: to end the tree, kill the process itself, which takes its namespace along.
pub(crate) const KILL_ONE: u64 = 0;
/// Of [`WATCH`]: to end the tree, kill whatever may be signalled. Only sound inside a Landlock domain that
/// scopes signals, which the script proves before.
pub(crate) const KILL_ALL: u64 = 1;

/// The one word that whoever started the stage sends: to ask everything to end. Anything else, and the end of
/// the socket, kills at once.
pub(crate) const ASK_TO_END: u8 = 2;

/// The descriptor of the socket to whoever started the stage.
pub(crate) const CONTROL: i64 = 3;
/// The descriptor of the first thing that came with the script; the script itself comes first.
pub(crate) const FIRST_PASSED: i64 = 4;
/// How many descriptors may come along, the script included.
pub(crate) const MOST_PASSED: usize = 64;

/// How many words a message has.
pub(crate) const MESSAGE_WORDS: usize = 8;
/// A message: step, error number.
pub(crate) const SAYS_FAILED: u64 = 1;
/// A message: the command runs.
pub(crate) const SAYS_STARTED: u64 = 2;
/// A message: how the command ended, as `wait4` has it, where that is not the watched process itself.
pub(crate) const SAYS_STATUS: u64 = 3;
/// A message: why the tree was ended, processor time in microseconds (user, system), KiB of the largest
/// process, how the watched process ended.
pub(crate) const SAYS_ENDED: u64 = 4;
/// A message: a value.
pub(crate) const SAYS_VALUE: u64 = 5;
/// A message that carries a descriptor.
pub(crate) const SAYS_SOCKET: u64 = 6;

/// The command ended by itself.
pub(crate) const BY_ITSELF: u64 = 0;
/// It ran too long.
pub(crate) const BY_CLOCK: u64 = 1;
/// Whoever started it asked for that, or is gone.
pub(crate) const BY_REQUEST: u64 = 2;
