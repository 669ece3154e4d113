//! Waiting: for the command to end, for time to be up, for whoever started it to be gone.

use crate::format as f;
use crate::kernel::{call, nr};
use crate::{end, fail, say};

const SIGKILL: i64 = 9;
const SIGCHLD: u32 = 17;
const EINTR: i64 = -4;
const WNOHANG: i64 = 1;

/// What `wait4` says of the time and memory that a process and its children used; the first words are
/// seconds and microseconds for the user, then for the system, then the KiB of the largest.
type Usage = [u64; 18];

fn wait(which: i64, how: i64, usage: &mut Usage) -> (i64, u64) {
    let mut status = 0_i32;
    loop {
        let at = &raw mut status as i64;
        let ended = call(nr::WAIT4, [which, at, how, usage.as_mut_ptr() as i64, 0, 0]);
        if ended != EINTR {
            return (ended, status as u32 as u64);
        }
    }
}

/// The first process of a namespace: reaps whatever ends, and ends with the command. The kernel then kills
/// all that is left in the namespace.
pub(crate) fn init(command: i64) -> ! {
    let mut usage = [0; 18];
    loop {
        let (ended, status) = wait(-1, 0, &mut usage);
        if ended == command {
            say(f::SAYS_STATUS, [status, 0, 0, 0, 0]);
            end(0);
        }
        if ended < 0 {
            end(1);
        }
    }
}

/// Nanoseconds since some moment.
fn now() -> i64 {
    let mut time = [0_i64; 2];
    const CLOCK_BOOTTIME: i64 = 7;
    call(nr::CLOCK_GETTIME, [CLOCK_BOOTTIME, time.as_mut_ptr() as i64, 0, 0, 0, 0]);
    time[0] * 1_000_000_000 + time[1]
}

/// Waits until the process ends, and ends everything when time is up or nobody is there any more.
pub(crate) fn watch(process: i64, wall_ms: i64, whom: u64, step: u64) -> ! {
    let deadline = (wall_ms > 0).then(|| now() + wall_ms * 1_000_000);
    let set = 1_u64 << (SIGCHLD - 1);
    const CLOEXEC_NONBLOCK: i64 = 0o2_004_000;
    let signals = call(nr::SIGNALFD4, [-1, &raw const set as i64, 8, CLOEXEC_NONBLOCK, 0, 0]);
    if signals < 0 {
        fail(step, -signals);
    }
    let mut usage = [0; 18];
    let mut why = f::BY_ITSELF;
    let status = loop {
        if let Some(status) = reaped(process, signals, &mut usage) {
            break status;
        }
        if let Some(reason) = until(deadline, signals) {
            why = reason;
            kill(process, whom);
            break wait(process, 0, &mut usage).1;
        }
    };
    if whom == f::KILL_ALL {
        end_the_rest();
    }
    // What the children of the watched process used is in its own figures, because they were waited for.
    let mut all: Usage = [0; 18];
    const RUSAGE_CHILDREN: i64 = -1;
    call(nr::GETRUSAGE, [RUSAGE_CHILDREN, all.as_mut_ptr() as i64, 0, 0, 0, 0]);
    let [user_us, system_us] = [all[0] * 1_000_000 + all[1], all[2] * 1_000_000 + all[3]];
    say(f::SAYS_ENDED, [why, user_us, system_us, all[4], status]);
    end(0)
}

/// Reaps what has ended; how the watched process did when it is among it.
fn reaped(process: i64, signals: i64, usage: &mut Usage) -> Option<u64> {
    let mut read = [0_u8; 128];
    call(nr::READ, [signals, read.as_mut_ptr() as i64, 128, 0, 0, 0]);
    loop {
        let (ended, status) = wait(-1, WNOHANG, usage);
        if ended == process {
            return Some(status);
        }
        if ended <= 0 {
            return None;
        }
    }
}

/// Sleeps until something happens; a reason when everything must end.
fn until(deadline: Option<i64>, signals: i64) -> Option<u64> {
    #[repr(C)]
    struct Watched {
        descriptor: i32,
        wanted: i16,
        happened: i16,
    }
    const POLLIN: i16 = 1;
    let mut watched = [
        Watched { descriptor: f::CONTROL as i32, wanted: POLLIN, happened: 0 },
        Watched { descriptor: signals as i32, wanted: POLLIN, happened: 0 },
    ];
    let left = deadline.map(|deadline| deadline - now());
    if left.is_some_and(|left| left <= 0) {
        return Some(f::BY_CLOCK);
    }
    let time = left.map(|left| [left / 1_000_000_000, left % 1_000_000_000]);
    let time_at = time.as_ref().map_or(0, |time| time.as_ptr() as i64);
    let happened = call(nr::PPOLL, [watched.as_mut_ptr() as i64, 2, time_at, 0, 8, 0]);
    // A word on the socket means the same as its end: there is only one thing to ask for.
    if happened > 0 && watched[0].happened != 0 {
        return Some(f::BY_REQUEST);
    }
    None
}

fn kill(process: i64, whom: u64) {
    let target = if whom == f::KILL_ALL { -1 } else { process };
    call(nr::KILL, [target, SIGKILL, 0, 0, 0, 0]);
}

/// Reaps and kills until nothing is left. Whatever the command started and nobody waited for is a child of
/// this process or descends from one, so without children there is nothing. One signal to everything
/// reaches all processes at once, because the kernel sends it under the lock that a fork needs; a second
/// round only meets what was being reaped.
fn end_the_rest() {
    let mut usage = [0; 18];
    let mut how = WNOHANG;
    while wait(-1, how, &mut usage).0 >= 0 {
        kill(-1, f::KILL_ALL);
        how = 0;
    }
}
