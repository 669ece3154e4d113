//! The stage: the program that a confined run starts as.
//!
//! It receives a script from whoever started it and interprets that: system calls in order, a few ways to
//! fork and wait, and at last `execve`. All decisions were taken before, in tested code; here is only what
//! has to happen in the new process. It uses no library, so that starting it costs next to nothing.
//!
//! Why it is unsafe, and why that is bearable: it calls the kernel with addresses. Every address points into
//! the script's own mapping, which lives until the process ends, or to a local that outlives the call. The
//! script comes from the process that started this one, over a socket that nobody else has, in a file whose
//! content can no longer change; whoever could forge it could as well run any program in its place.

#![no_std]
#![no_main]

#[path = "../src/script/format.rs"]
#[allow(dead_code, reason = "each side uses its half")]
mod format;
mod kernel;
mod watch;

use format as f;
use kernel::{call, nr};

/// What an ended stage leaves as its status when it failed. Nobody relies on it: failures are messages.
const FAILED: i64 = 126;

/// One running script.
struct Stage {
    words: *const u64,
    count: usize,
    bytes: *mut u8,
    slots: [i64; f::SLOTS],
}

/// Reads the script that waits on standard input and runs it.
#[unsafe(no_mangle)]
extern "C" fn stage() -> ! {
    let (script, length) = receive();
    // A private mapping that may be written: addresses are put into it.
    let map = call(nr::MMAP, [0, length, 1 | 2, 2, script, 0]);
    if map < 0 {
        end(FAILED);
    }
    let words = map as *const u64;
    // SAFETY: the mapping is as long as the script, and every script has these two words.
    let (magic, count) = unsafe { (*words, *words.add(1) as usize) };
    if magic != f::MAGIC || (count + 2) * 8 > length as usize {
        end(FAILED);
    }
    // SAFETY: checked just above: the operations lie inside the mapping, the bytes follow them.
    let (words, bytes) = unsafe { (words.add(2), words.add(2 + count) as *mut u8) };
    let mut stage = Stage { words, count, bytes, slots: [0; f::SLOTS] };
    for (at, slot) in stage.slots.iter_mut().take(f::MOST_PASSED).enumerate() {
        *slot = f::FIRST_PASSED + at as i64;
    }
    stage.run(0)
}

/// Where a child begins, on a stack of its own.
extern "C" fn child(stage: *mut Stage, at: usize) -> ! {
    // SAFETY: the parent's stage, which lives as long as either of them: neither ever returns from `run`.
    // They share it, and that is sound because from here on each uses words that the other does not: the
    // parent only waits, or watches with what it has at hand, or uses slots of its own.
    unsafe { (*stage).run(at) }
}

/// Moves the socket out of the way of standard input and takes the script and what comes with it.
fn receive() -> (i64, i64) {
    // Whatever the process that started this one forgot to keep to itself.
    call(nr::CLOSE_RANGE, [3, u32::MAX as i64, 0, 0, 0, 0]);
    const F_DUPFD_CLOEXEC: i64 = 1030;
    if call(nr::FCNTL, [0, F_DUPFD_CLOEXEC, f::CONTROL, 0, 0, 0]) != f::CONTROL {
        end(FAILED);
    }
    let mut length = 0_u64;
    let part = [&raw mut length as u64, 8];
    let mut passed = [0_u64; 2 + f::MOST_PASSED / 2];
    let message =
        [0, 0, part.as_ptr() as u64, 1, passed.as_mut_ptr() as u64, size_of_val(&passed) as u64, 0_u64];
    const MSG_CMSG_CLOEXEC: i64 = 0x4000_0000;
    let got = call(nr::RECVMSG, [f::CONTROL, message.as_ptr() as i64, MSG_CMSG_CLOEXEC, 0, 0, 0]);
    // What was received counts from the lowest free number, because everything above was closed.
    if got != 8 {
        end(FAILED);
    }
    (f::FIRST_PASSED, length as i64)
}

impl Stage {
    fn word(&self, at: usize) -> u64 {
        if at >= self.count {
            end(FAILED);
        }
        // SAFETY: inside the operations, checked just above.
        unsafe { *self.words.add(at) }
    }

    fn run(&mut self, mut at: usize) -> ! {
        loop {
            let (head, kinds) = (self.word(at), self.word(at + 1));
            let (code, count, step) = (head & 0xff, (head >> 8 & 0xff) as usize, head >> 32);
            let mut given = [0_i64; 7];
            for (place, value) in given.iter_mut().take(count).enumerate() {
                *value = self.value(kinds >> (4 * place) & 0xf, self.word(at + 2 + place));
            }
            at += 2 + count;
            let result = match code {
                f::CALL => {
                    let [number, arguments @ ..] = given;
                    checked(call(number, arguments), kinds, step)
                }
                f::FORK => checked(self.fork(given[0], given[1] as usize), kinds, step),
                f::STORE => self.store(given[0], given[1], given[2]),
                f::RELOCATE => self.relocate(given[0], given[1]),
                f::INIT => watch::init(given[0]),
                f::WATCH => {
                    let [process, wall_ms, whom, grace_ms, ..] = given;
                    watch::watch(process, watch::Terms { wall_ms, whom: whom as u64, grace_ms }, step)
                }
                f::STARTED => say(f::SAYS_STARTED, [0; 5]),
                f::SAY => say(f::SAYS_VALUE, [given[0] as u64, 0, 0, 0, 0]),
                f::EXIT => end(given[0]),
                _ => end(FAILED),
            };
            if let Some(slot) = self.slots.get_mut((head >> 16 & 0xffff) as usize) {
                *slot = result;
            }
        }
    }

    fn fork(&mut self, flags: i64, at: usize) -> i64 {
        const STACK: i64 = 64 * 1024;
        // Anonymous, private, readable and writable.
        let stack = call(nr::MMAP, [0, STACK, 1 | 2, 2 | 0x20, -1, 0]);
        if stack < 0 {
            return stack;
        }
        kernel::fork(flags, stack + STACK, self, at)
    }

    fn value(&self, kind: u64, word: u64) -> i64 {
        match kind {
            f::ADDRESS => self.bytes as i64 + word as i64,
            f::RESULT => self.slots.get(word as usize).copied().unwrap_or(-1),
            _ => word as i64,
        }
    }

    fn store(&mut self, offset: i64, value: i64, width: i64) -> i64 {
        // SAFETY: the script names a place inside its own bytes, aligned or not.
        unsafe {
            let place = self.bytes.offset(offset as isize);
            if width == 4 {
                (place as *mut i32).write_unaligned(value as i32);
            } else {
                (place as *mut i64).write_unaligned(value);
            }
        }
        0
    }

    fn relocate(&mut self, offset: i64, count: i64) -> i64 {
        for at in 0..count {
            // SAFETY: the script names words inside its own bytes.
            unsafe {
                let place = self.bytes.offset((offset + at * 8) as isize) as *mut u64;
                let value = place.read_unaligned();
                if value != 0 {
                    place.write_unaligned(self.bytes as u64 + value);
                }
            }
        }
        0
    }
}

/// Ends the process unless the result is one that the script expects.
fn checked(result: i64, kinds: u64, step: u64) -> i64 {
    if kinds & f::MUST_FAIL != 0 {
        if result == -((kinds >> f::ERRNO_SHIFT) as i64) {
            return result;
        }
        fail(step, 0);
    }
    if result < 0 && kinds & f::MAY_FAIL == 0 {
        fail(step, -result);
    }
    result
}

/// Says which step failed and ends.
fn fail(step: u64, errno: i64) -> ! {
    say(f::SAYS_FAILED, [step, errno as u64, 0, 0, 0]);
    end(FAILED)
}

/// Sends one message. Nobody may be there to read it any more, which is no reason to stop.
fn say(kind: u64, [a, b, c, d, e]: [u64; 5]) -> i64 {
    let message: [u64; f::MESSAGE_WORDS] = [kind, a, b, c, d, e, 0, 0];
    const MSG_NOSIGNAL: i64 = 0x4000;
    let (at, length) = (message.as_ptr() as i64, size_of_val(&message) as i64);
    call(nr::SENDTO, [f::CONTROL, at, length, MSG_NOSIGNAL, 0, 0])
}

/// Ends the process.
fn end(code: i64) -> ! {
    loop {
        call(nr::EXIT_GROUP, [code, 0, 0, 0, 0, 0]);
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    end(FAILED)
}
