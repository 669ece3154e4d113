//! The exact list of system calls that confines one run, worked out before anything runs.

pub(crate) mod format;

use format as f;
use std::borrow::Cow;
use std::ffi::CString;
use std::fmt;
use std::path::{Path, PathBuf};

/// Something that a script keeps: the result of an operation, or a descriptor that came along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u16);

impl Slot {
    /// The descriptor that came along at this place, counted after the script.
    pub(crate) fn passed(place: usize) -> Self {
        // The script itself is the first; there are never as many as would not fit.
        Self(u16::try_from(place + 1).unwrap_or(u16::MAX))
    }
}

/// Where in the script's bytes something lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(pub(crate) u64);

/// An argument of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arg {
    /// Itself.
    Is(i64),
    /// The address of bytes of the script.
    At(Place),
    /// What an earlier operation had as its result.
    Of(Slot),
}

impl From<Slot> for Arg {
    fn from(slot: Slot) -> Self {
        Self::Of(slot)
    }
}

impl From<Place> for Arg {
    fn from(place: Place) -> Self {
        Self::At(place)
    }
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Is(value)
    }
}

impl From<i32> for Arg {
    fn from(value: i32) -> Self {
        Self::Is(value.into())
    }
}

impl From<u32> for Arg {
    fn from(value: u32) -> Self {
        Self::Is(value.into())
    }
}

/// What a step does, for the error that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    what: Cow<'static, str>,
    path: Option<PathBuf>,
}

impl Step {
    /// The path that this step is about, if it does just this.
    pub(crate) fn path_if(&self, what: &str) -> Option<&Path> {
        self.path.as_deref().filter(|_| self.what == what)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.path.as_ref().map_or(Ok(()), |path| write!(f, " {}", path.display()))
    }
}

/// What a call may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Success,
    Anything,
    Error(i32),
}

/// Between asking a run to end and killing it: enough to save and tidy up, and little enough for somebody who
/// waits.
const GRACE_MS: i64 = 2000;

/// A child's first operation, not known yet.
#[must_use]
pub(crate) struct Fork {
    /// The child's number, in its parent.
    pub(crate) process: Slot,
    target: usize,
}

/// A script being written.
#[derive(Debug, Default)]
pub(crate) struct Script {
    words: Vec<u64>,
    bytes: Vec<u8>,
    steps: Vec<Step>,
    slots: usize,
    /// Slots whose results nobody reads any more.
    free: Vec<Slot>,
    passed: usize,
}

impl Script {
    /// A script that so many descriptors come along with.
    pub(crate) fn new(passed: usize) -> Self {
        Self { slots: passed + 1, passed, ..Self::default() }
    }

    /// How many descriptors must come along.
    pub(crate) fn passed(&self) -> usize {
        self.passed
    }

    /// Starts a step; the operations that follow belong to it.
    pub(crate) fn step(&mut self, what: impl Into<Cow<'static, str>>) {
        self.steps.push(Step { what: what.into(), path: None });
    }

    /// Starts a step that is about a path.
    pub(crate) fn step_at(&mut self, what: &'static str, path: &Path) {
        self.steps.push(Step { what: what.into(), path: Some(path.to_owned()) });
    }

    /// A system call that must succeed.
    pub(crate) fn call<const N: usize>(&mut self, number: libc::c_long, arguments: [Arg; N]) {
        self.operation(f::CALL, number, &arguments, Answer::Success, f::NO_SLOT);
    }

    /// A system call that must succeed and whose result is used later.
    pub(crate) fn call_for<const N: usize>(&mut self, number: libc::c_long, arguments: [Arg; N]) -> Slot {
        let slot = self.slot();
        self.operation(f::CALL, number, &arguments, Answer::Success, slot.0.into());
        slot
    }

    /// A system call whose failure changes nothing.
    pub(crate) fn try_call<const N: usize>(&mut self, number: libc::c_long, arguments: [Arg; N]) {
        self.operation(f::CALL, number, &arguments, Answer::Anything, f::NO_SLOT);
    }

    /// A system call whose answer, error or not, is used later.
    pub(crate) fn try_for<const N: usize>(&mut self, number: libc::c_long, arguments: [Arg; N]) -> Slot {
        let slot = self.slot();
        self.operation(f::CALL, number, &arguments, Answer::Anything, slot.0.into());
        slot
    }

    /// A system call that is made to see it refused.
    pub(crate) fn refused<const N: usize>(&mut self, number: libc::c_long, arguments: [Arg; N], with: i32) {
        self.operation(f::CALL, number, &arguments, Answer::Error(with), f::NO_SLOT);
    }

    /// A system call whose answer, error or not, is said to whoever started the stage.
    pub(crate) fn ask<const N: usize>(&mut self, number: libc::c_long, arguments: [Arg; N]) {
        let slot = self.slot();
        self.operation(f::CALL, number, &arguments, Answer::Anything, slot.0.into());
        self.control(f::SAY, &[slot.into()], f::NO_SLOT);
    }

    /// A new process; what the parent does comes next, and the child starts at [`Script::child`].
    pub(crate) fn fork(&mut self, flags: i64) -> Fork {
        let process = self.slot();
        let target = self.words.len() + 3;
        self.control(f::FORK, &[flags.into(), 0.into()], process.0.into());
        Fork { process, target }
    }

    /// What follows is done by that child.
    pub(crate) fn child(&mut self, fork: &Fork) {
        self.words[fork.target] = self.words.len() as u64;
    }

    /// Writes a value of four bytes into the script's bytes.
    pub(crate) fn store_four(&mut self, place: Place, value: Slot) {
        self.control(f::STORE, &[Arg::Is(place.0.cast_signed()), value.into(), 4.into()], f::NO_SLOT);
    }

    /// Reaps until this process ends, then ends.
    pub(crate) fn init(&mut self, process: Slot) {
        self.control(f::INIT, &[process.into()], f::NO_SLOT);
    }

    /// Watches a process until all is over, then ends.
    pub(crate) fn watch(&mut self, process: Slot, wall_ms: i64, whom: u64) {
        let whom = Arg::Is(whom.cast_signed());
        self.control(f::WATCH, &[process.into(), wall_ms.into(), whom, GRACE_MS.into()], f::NO_SLOT);
    }

    /// Says that the command runs.
    pub(crate) fn started(&mut self) {
        self.control(f::STARTED, &[], f::NO_SLOT);
    }

    /// Ends.
    pub(crate) fn exit(&mut self) {
        self.control(f::EXIT, &[0.into()], f::NO_SLOT);
    }

    /// Bytes of the script.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Place {
        // What the kernel reads as a structure has to lie on its boundary.
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let place = Place(self.bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        place
    }

    /// Words of the script.
    pub(crate) fn words(&mut self, words: &[u64]) -> Place {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        self.bytes(&bytes)
    }

    /// A text that ends with a zero.
    pub(crate) fn text(&mut self, text: &CString) -> Place {
        self.bytes(text.as_bytes_with_nul())
    }

    /// A list of addresses that ends with a zero, as `execve` wants it.
    pub(crate) fn list(&mut self, texts: &[CString]) -> Place {
        let mut words: Vec<u64> = texts.iter().map(|text| self.text(text).0).collect();
        words.push(0);
        self.structure(&words)
    }

    /// Words that are offsets into the script's bytes and become addresses; zeros stay.
    pub(crate) fn structure(&mut self, words: &[u64]) -> Place {
        let place = self.words(words);
        self.control(f::RELOCATE, &[Arg::Is(place.0.cast_signed()), Arg::Is(words.len() as i64)], f::NO_SLOT);
        place
    }

    /// Lets another result have this slot from here on.
    pub(crate) fn free(&mut self, slot: Slot) {
        self.free.push(slot);
    }

    fn slot(&mut self) -> Slot {
        if let Some(slot) = self.free.pop() {
            return slot;
        }
        let slot = Slot(u16::try_from(self.slots).unwrap_or(u16::MAX));
        self.slots += 1;
        slot
    }

    fn control(&mut self, code: u64, arguments: &[Arg], slot: u64) {
        self.push(code, arguments, 0, slot);
    }

    fn operation(&mut self, code: u64, number: libc::c_long, given: &[Arg], answer: Answer, slot: u64) {
        let mut arguments = vec![Arg::Is(number)];
        arguments.extend_from_slice(given);
        let mark = match answer {
            Answer::Success => 0,
            Answer::Anything => f::MAY_FAIL,
            Answer::Error(errno) => f::MUST_FAIL | u64::from(errno.unsigned_abs()) << f::ERRNO_SHIFT,
        };
        self.push(code, &arguments, mark, slot);
    }

    fn push(&mut self, code: u64, arguments: &[Arg], mark: u64, slot: u64) {
        let step = self.steps.len().saturating_sub(1) as u64;
        self.words.push(code | (arguments.len() as u64) << 8 | slot << 16 | step << 32);
        let at = self.words.len();
        self.words.push(mark);
        for (place, argument) in arguments.iter().enumerate() {
            let (kind, word) = match *argument {
                Arg::Is(value) => (f::PLAIN, value.cast_unsigned()),
                Arg::At(place) => (f::ADDRESS, place.0),
                Arg::Of(slot) => (f::RESULT, slot.0.into()),
            };
            self.words[at] |= kind << (4 * place);
            self.words.push(word);
        }
    }

    /// What a step was about.
    pub(crate) fn named(&self, step: u64) -> Option<&Step> {
        self.steps.get(usize::try_from(step).ok()?)
    }

    /// The script as the stage reads it; nothing when it keeps more results than a stage has room for.
    pub(crate) fn finish(&self) -> Option<Vec<u8>> {
        if self.slots > f::SLOTS || self.passed >= f::MOST_PASSED {
            return None;
        }
        let mut whole = Vec::with_capacity((2 + self.words.len()) * 8 + self.bytes.len());
        for word in [f::MAGIC, self.words.len() as u64].iter().chain(&self.words) {
            whole.extend_from_slice(&word.to_ne_bytes());
        }
        whole.extend_from_slice(&self.bytes);
        Some(whole)
    }
}

/// The script as a person reads it: each step, and below it the operations that it is made of.
impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut at, mut shown) = (0, None);
        while let [head, kinds, rest @ ..] = self.words.get(at..).unwrap_or_default() {
            let (code, count, slot, step) =
                (head & 0xff, (head >> 8 & 0xff) as usize, head >> 16 & 0xffff, head >> 32);
            if shown != Some(step) {
                shown = Some(step);
                let named = self.named(step).map(ToString::to_string).unwrap_or_default();
                writeln!(f, "{named}")?;
            }
            let names = ["call", "fork", "store", "relocate", "init", "watch", "started", "say", "exit"];
            let name = names.get((code as usize).wrapping_sub(1)).unwrap_or(&"?");
            write!(f, "  {at}: {name}")?;
            for (place, word) in rest.iter().take(count).enumerate() {
                match kinds >> (4 * place) & 0xf {
                    f::ADDRESS => write!(f, " @{word}")?,
                    f::RESULT => write!(f, " ${word}")?,
                    _ => write!(f, " {}", word.cast_signed())?,
                }
            }
            if slot != f::NO_SLOT {
                write!(f, " -> ${slot}")?;
            }
            let mark = if kinds & f::MAY_FAIL != 0 {
                " (may fail)"
            } else if kinds & f::MUST_FAIL != 0 {
                " (must fail)"
            } else {
                ""
            };
            writeln!(f, "{mark}")?;
            at += 2 + count;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_says_what_it_does() {
        let mut script = Script::new(3);
        script.step_at("enter the folder", Path::new("/work"));
        let path = script.text(&c"/work".to_owned());
        script.call(80, [path.into()]);
        script.step("start");
        let fork = script.fork(17);
        script.watch(fork.process, 0, f::KILL_ONE);
        script.child(&fork);
        script.refused(62, [Slot::passed(2).into(), 0.into()], libc::EPERM);
        let expected = "\
enter the folder /work
  0: call 80 @0
start
  4: fork 17 14 -> $4
  8: watch $4 0 0 2000
  14: call 62 $3 0 (must fail)
";
        assert_eq!(script.to_string(), expected);
        let whole = script.finish().unwrap();
        assert_eq!(whole.len(), (2 + 19) * 8 + 6);
        assert!(whole.ends_with(b"/work\0"));
    }

    #[test]
    fn more_results_than_a_stage_keeps_are_no_script() {
        let mut script = Script::new(0);
        for _ in 0..f::SLOTS {
            script.call_for(39, []);
        }
        assert!(script.finish().is_none());
    }
}
