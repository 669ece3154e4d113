//! Waiting: for the command to end, for time to be up, for whoever started it to be gone.

use crate::format as f;
use crate::kernel::{call, nr};
use crate::{end, fail, say};

const SIGKILL: i64 = 9;
const SIGTERM: u32 = 15;
const SIGCHLD: u32 = 17;
const SIGCONT: i64 = 18;
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

/// The first process of a namespace: reaps whatever ends, hands on a request to end, and ends with the
/// command. The kernel then kills all that is left in the namespace.
pub(crate) fn init(command: i64) -> ! {
    // Both are blocked, so that neither is lost; a blocked signal reaches even the first of a namespace.
    let set = 1_u64 << (SIGCHLD - 1) | 1 << (SIGTERM - 1);
    const CLOEXEC: i64 = 0o2_000_000;
    let signals = call(nr::SIGNALFD4, [-1, &raw const set as i64, 8, CLOEXEC, 0, 0]);
    if signals < 0 {
        end(1);
    }
    let mut usage = [0; 18];
    let mut asked = false;
    loop {
        let (ended, status) = wait(-1, WNOHANG, &mut usage);
        if ended == command {
            say(f::SAYS_STATUS, [status, 0, 0, 0, 0]);
        }
        // What was asked to end has its grace even when the command itself is quicker.
        if ended < 0 || ended == command && !asked {
            end(0);
        }
        if ended == 0 {
            let mut read = [0_u32; 32];
            call(nr::READ, [signals, read.as_mut_ptr() as i64, 128, 0, 0, 0]);
            if read[0] == SIGTERM {
                asked = true;
                ask(-1);
            }
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

/// How long a run may take, and how it is ended.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) wall_ms: i64,
    pub(crate) whom: u64,
    pub(crate) grace_ms: i64,
}

/// Waits until the process ends. When time is up or that is wanted, asks everything to end and kills what
/// has not done so after a grace; kills at once when nobody is there any more.
pub(crate) fn watch(process: i64, terms: Terms, step: u64) -> ! {
    let mut deadline = (terms.wall_ms > 0).then(|| now() + terms.wall_ms * 1_000_000);
    let set = 1_u64 << (SIGCHLD - 1);
    const CLOEXEC_NONBLOCK: i64 = 0o2_004_000;
    let signals = call(nr::SIGNALFD4, [-1, &raw const set as i64, 8, CLOEXEC_NONBLOCK, 0, 0]);
    if signals < 0 {
        fail(step, -signals);
    }
    let target = if terms.whom == f::KILL_ALL { -1 } else { process };
    let mut usage = [0; 18];
    let mut why = f::BY_ITSELF;
    let mut status = None;
    let status = loop {
        let left = reap(process, signals, &mut status, &mut usage);
        if let Some(status) = status
            && (why == f::BY_ITSELF || left == Left::Nothing)
        {
            break status;
        }
        let wanted = until(deadline, signals);
        if why == f::BY_ITSELF {
            why = match wanted {
                Wanted::Nothing => f::BY_ITSELF,
                Wanted::TimeIsUp => f::BY_CLOCK,
                Wanted::Asked | Wanted::Now => f::BY_REQUEST,
            };
            if matches!(wanted, Wanted::TimeIsUp | Wanted::Asked) {
                ask(target);
                deadline = Some(now() + terms.grace_ms * 1_000_000);
                continue;
            }
        }
        // What was asked to end was asked once; what comes then is that its grace is over.
        if matches!(wanted, Wanted::TimeIsUp | Wanted::Now) {
            call(nr::KILL, [target, SIGKILL, 0, 0, 0, 0]);
            break match status {
                Some(status) => status,
                None => wait(process, 0, &mut usage).1,
            };
        }
    };
    if terms.whom == f::KILL_ALL {
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

/// Whether there may be more to reap.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    Something,
}

/// Reaps what has ended, and notes how the watched process did when it is among it.
fn reap(process: i64, signals: i64, status: &mut Option<u64>, usage: &mut Usage) -> Left {
    let mut read = [0_u8; 128];
    call(nr::READ, [signals, read.as_mut_ptr() as i64, 128, 0, 0, 0]);
    loop {
        let (ended, how) = wait(-1, WNOHANG, usage);
        if ended == process {
            *status = Some(how);
        }
        match ended {
            0 => return Left::Something,
            ..0 => return Left::Nothing,
            _ => {}
        }
    }
}

/// What is to be done about a run.
#[derive(Clone, Copy)]
enum Wanted {
    Nothing,
    TimeIsUp,
    Asked,
    Now,
}

/// Sleeps until something happens.
fn until(deadline: Option<i64>, signals: i64) -> Wanted {
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
        return Wanted::TimeIsUp;
    }
    let time = left.map(|left| [left / 1_000_000_000, left % 1_000_000_000]);
    let time_at = time.as_ref().map_or(0, |time| time.as_ptr() as i64);
    let happened = call(nr::PPOLL, [watched.as_mut_ptr() as i64, 2, time_at, 0, 8, 0]);
    if happened <= 0 || watched[0].happened == 0 {
        return Wanted::Nothing;
    }
    let mut word = 0_u8;
    // Anything but the one word means the same as the socket's end.
    match call(nr::READ, [f::CONTROL, &raw mut word as i64, 1, 0, 0, 0]) {
        1 if word == f::ASK_TO_END => Wanted::Asked,
        _ => Wanted::Now,
    }
}

/// Asks for an end, and wakes what is stopped so that it can.
fn ask(target: i64) {
    call(nr::KILL, [target, SIGTERM.into(), 0, 0, 0, 0]);
    if target == -1 {
        call(nr::KILL, [-1, SIGCONT, 0, 0, 0, 0]);
    }
}

/// Reaps and kills until nothing is left. Whatever the command started and nobody waited for is a child of
/// this process or descends from one, so without children there is nothing. One signal to everything
/// reaches all processes at once, because the kernel sends it under the lock that a fork needs; a second
/// round only meets what was being reaped.
fn end_the_rest() {
    let mut usage = [0; 18];
    let mut how = WNOHANG;
    while wait(-1, how, &mut usage).0 >= 0 {
        call(nr::KILL, [-1, SIGKILL, 0, 0, 0, 0]);
        how = 0;
    }
}
