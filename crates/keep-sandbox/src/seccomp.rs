//! Which system calls a confined command may not make: a filter for the kernel, as a program of its packet
//! filter.
//!
//! A list of what is refused, not of what is allowed: the command is any program, and what it may touch is
//! the business of Landlock and of the namespaces. Refused is what reaches around these (new namespaces,
//! mounts, other processes, keys, programs in the kernel) and what widens the kernel's surface without
//! need. The filter is written here and not by a library, because three answers are wanted in one filter
//! (no such call, not permitted, kill) and calls of the x32 interface must not slip through by their number.

use libc::c_long;
use std::collections::BTreeMap;

/// One instruction, as the kernel has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Instruction {
    code: u16,
    yes: u8,
    no: u8,
    value: u32,
}

const LOAD: u16 = 0x20;
const EQUAL: u16 = 0x15;
const ANY_BIT: u16 = 0x45;
const AT_LEAST: u16 = 0x35;
const JUMP: u16 = 0x05;
const RETURN: u16 = 0x06;

const ALLOW: u32 = 0x7fff_0000;
const KILL: u32 = 0x8000_0000;
const ERROR: u32 = 0x0005_0000;

/// Where the call's number, its architecture and its arguments stand.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn argument(place: u32) -> u32 {
    16 + 8 * place
}

#[cfg(target_arch = "x86_64")]
const NATIVE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const NATIVE: u32 = 0xc000_00b7;
/// Calls of the x32 interface carry this bit in their number and the native architecture.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

/// What asks for new namespaces, in `clone` and `unshare`.
const NEW_NAMESPACES: u32 = 0x7e02_0080;
/// Puts characters into a terminal as if typed, and pastes its selection.
const TERMINAL_TRICKS: [u32; 2] = [0x5412, 0x541c];

/// Not permitted, whatever the arguments.
const REFUSED: &[c_long] = &[
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    // What is mounted where.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_setns,
    // Keys, which belong to the user and not to a folder.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // The kernel's insides.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_fanotify_init,
    libc::SYS_lookup_dcookie,
    libc::SYS_syslog,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
    // The machine as a whole.
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
];

/// Not permitted where nothing but Landlock stands around the command: Landlock guards neither modes, owners
/// and times of files nor what processes of one user share.
const REFUSED_ALONE: &[c_long] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utimes,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_futimesat,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    SETXATTRAT,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    REMOVEXATTRAT,
    FILE_SETATTR,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
];
const FCHMODAT2: c_long = 452;
const SETXATTRAT: c_long = 463;
const REMOVEXATTRAT: c_long = 466;
const FILE_SETATTR: c_long = 469;
/// Flags and project of a file, which may be changed through a descriptor that only reads.
const FILE_FLAGS: [u32; 2] = [0x4008_6602, 0x401c_5820];

/// Said not to exist, so that programs fall back: `clone3` and `openat2` hide what they are asked for behind
/// an address, and `io_uring` makes calls that no filter sees.
const UNKNOWN: &[c_long] = &[
    libc::SYS_clone3,
    libc::SYS_openat2,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// A file with one of these runs as its owner or its group, for everybody who reaches it, and where it lies
/// outside nothing confines it.
const RUNS_AS_OWNER: u32 = libc::S_ISUID | libc::S_ISGID;
/// Flags of `open` with which its mode counts; without, that argument is whatever happens to be there.
const MAKES: u32 = (libc::O_CREAT | libc::O_TMPFILE & !libc::O_DIRECTORY).cast_unsigned();
/// Calls that give a file a mode, and where the mode stands.
const MODES: &[(c_long, u32)] = &[
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_creat, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mknod, 1),
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (FCHMODAT2, 2),
    (libc::SYS_mknodat, 2),
];
/// Calls that may make a file, and where their flags stand; the mode comes right behind.
const OPENS: &[(c_long, u32)] = &[
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, 1),
    (libc::SYS_openat, 2),
];

/// Which sockets a command may open. Pairs that are connected from birth are always allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sockets {
    /// Internet sockets of both versions, and questions about routes.
    pub(crate) internet: bool,
    /// Sockets that have a path or an abstract name.
    pub(crate) local: bool,
}

/// What the filter is to refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Which sockets may be opened.
    pub(crate) sockets: Sockets,
    /// Whether nothing but Landlock stands around the command besides.
    pub(crate) alone: bool,
}

/// What happens on one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    Answer(u32),
    Ask(Question),
}

/// What has to be asked of the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    NewNamespaces,
    Terminal,
    Pair,
    Family,
    OwnLimits,
    /// The mode at this place.
    Mode(u32),
    /// The mode behind the flags at this place, if these make a file.
    ModeIfMade(u32),
}

#[derive(Default)]
struct Filter(Vec<Instruction>);

impl Filter {
    fn push(&mut self, code: u16, value: u32, yes: u8, no: u8) {
        self.0.push(Instruction { code, yes, no, value });
    }

    fn answer(&mut self, value: u32) {
        self.push(RETURN, value, 0, 0);
    }

    /// Looks a number up among ranges, each from its start to the next one's, by halving them. The kernel
    /// runs a new filter once for every number there is, so a list to go through would cost a tenth of a
    /// millisecond at each start.
    fn among(&mut self, rules: Rules, ranges: &[(u32, On)]) {
        let [.., _, _] = ranges else {
            if let [(_, on)] = ranges {
                self.on(rules, *on);
            }
            return;
        };
        let (low, high) = ranges.split_at(ranges.len() / 2);
        let mut lower = Self::default();
        lower.among(rules, low);
        let Some(&(from, _)) = high.first() else { return };
        match u8::try_from(lower.0.len()) {
            Ok(skip) => self.push(AT_LEAST, from, skip, 0),
            Err(_) => {
                self.push(AT_LEAST, from, 0, 1);
                self.push(JUMP, lower.0.len() as u32, 0, 0);
            }
        }
        self.0.extend(lower.0);
        self.among(rules, high);
    }

    fn on(&mut self, rules: Rules, on: On) {
        match on {
            On::Answer(answer) => self.answer(answer),
            On::Ask(Question::NewNamespaces) => {
                self.push(LOAD, argument(0), 0, 0);
                self.push(ANY_BIT, NEW_NAMESPACES, 0, 1);
                self.answer(error(libc::EPERM));
                self.answer(ALLOW);
            }
            On::Ask(Question::Terminal) => {
                self.push(LOAD, argument(1), 0, 0);
                let files = if rules.alone { &FILE_FLAGS[..] } else { &[] };
                for &request in TERMINAL_TRICKS.iter().chain(files) {
                    self.push(EQUAL, request, 0, 1);
                    self.answer(error(libc::EPERM));
                }
                self.answer(ALLOW);
            }
            On::Ask(Question::Pair) => {
                self.push(LOAD, argument(0), 0, 0);
                self.push(EQUAL, libc::AF_UNIX as u32, 0, 1);
                self.answer(ALLOW);
                self.answer(error(libc::EACCES));
            }
            On::Ask(Question::Family) => families(self, rules.sockets),
            On::Ask(Question::Mode(place)) => self.mode(place),
            On::Ask(Question::ModeIfMade(flags)) => {
                self.push(LOAD, argument(flags), 0, 0);
                self.push(ANY_BIT, MAKES, 1, 0);
                self.answer(ALLOW);
                self.mode(flags + 1);
            }
            On::Ask(Question::OwnLimits) => {
                self.push(LOAD, argument(0), 0, 0);
                self.push(EQUAL, 0, 0, 1);
                self.answer(ALLOW);
                self.answer(error(libc::EPERM));
            }
        }
    }
}

impl Filter {
    fn mode(&mut self, place: u32) {
        self.push(LOAD, argument(place), 0, 0);
        self.push(ANY_BIT, RUNS_AS_OWNER, 0, 1);
        self.answer(error(libc::EPERM));
        self.answer(ALLOW);
    }
}

fn error(errno: i32) -> u32 {
    ERROR | errno.unsigned_abs()
}

/// The filter as the bytes that the kernel reads.
pub(crate) fn program(rules: Rules) -> Vec<u8> {
    let instructions = filter(rules).0;
    instructions
        .iter()
        .flat_map(|one| {
            let mut bytes = [0; 8];
            bytes[..2].copy_from_slice(&one.code.to_ne_bytes());
            bytes[2] = one.yes;
            bytes[3] = one.no;
            bytes[4..].copy_from_slice(&one.value.to_ne_bytes());
            bytes
        })
        .collect()
}

fn filter(rules: Rules) -> Filter {
    let mut filter = Filter::default();
    filter.push(LOAD, ARCHITECTURE, 0, 0);
    filter.push(EQUAL, NATIVE, 1, 0);
    filter.answer(KILL);
    filter.push(LOAD, NUMBER, 0, 0);
    #[cfg(target_arch = "x86_64")]
    {
        filter.push(ANY_BIT, X32, 0, 1);
        filter.answer(KILL);
    }
    filter.among(rules, &ranges(rules));
    filter
}

/// What happens on which number, as ranges in order: all that is not named is allowed.
fn ranges(rules: Rules) -> Vec<(u32, On)> {
    let mut named: BTreeMap<u32, On> = BTreeMap::new();
    let mut name = |numbers: &[c_long], on| named.extend(numbers.iter().map(|number| (*number as u32, on)));
    name(REFUSED, On::Answer(error(libc::EPERM)));
    name(UNKNOWN, On::Answer(error(libc::ENOSYS)));
    name(&[libc::SYS_clone, libc::SYS_unshare], On::Ask(Question::NewNamespaces));
    name(&[libc::SYS_ioctl], On::Ask(Question::Terminal));
    name(&[libc::SYS_socketpair], On::Ask(Question::Pair));
    name(&[libc::SYS_socket], On::Ask(Question::Family));
    for &(number, place) in MODES {
        name(&[number], On::Ask(Question::Mode(place)));
    }
    for &(number, flags) in OPENS {
        name(&[number], On::Ask(Question::ModeIfMade(flags)));
    }
    if rules.alone {
        name(REFUSED_ALONE, On::Answer(error(libc::EPERM)));
        name(&[libc::SYS_prlimit64], On::Ask(Question::OwnLimits));
    }
    let mut ranges = vec![(0, On::Answer(ALLOW))];
    for (&number, &on) in &named {
        for next in [(number, on), (number + 1, On::Answer(ALLOW))] {
            // A range without length gives way, and one that goes on as before is no new one.
            ranges.pop_if(|last| last.0 == next.0);
            if ranges.last().is_none_or(|last| last.1 != next.1) {
                ranges.push(next);
            }
        }
    }
    ranges
}

fn families(filter: &mut Filter, sockets: Sockets) {
    filter.push(LOAD, argument(0), 0, 0);
    let internet = [libc::AF_INET, libc::AF_INET6].into_iter().filter(|_| sockets.internet);
    for family in internet.chain([libc::AF_UNIX].into_iter().filter(|_| sockets.local)) {
        filter.push(EQUAL, family as u32, 0, 1);
        filter.answer(ALLOW);
    }
    if sockets.internet {
        filter.push(EQUAL, libc::AF_NETLINK as u32, 0, 3);
        filter.push(LOAD, argument(2), 0, 0);
        filter.push(EQUAL, libc::NETLINK_ROUTE as u32, 0, 1);
        filter.answer(ALLOW);
    }
    filter.answer(error(libc::EACCES));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would answer, worked out by running the program.
    fn answer(sockets: Sockets, architecture: u32, number: u32, arguments: [u32; 3]) -> u32 {
        let [one, two, three] = arguments;
        answer_of(Rules { sockets, alone: false }, architecture, number, [one, two, three, 0])
    }

    fn answer_of(rules: Rules, architecture: u32, number: u32, arguments: [u32; 4]) -> u32 {
        let program = filter(rules).0;
        let (mut at, mut value) = (0, 0);
        loop {
            let one = program[at];
            at += 1;
            let taken = match one.code {
                LOAD => {
                    value = match one.value {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        place => arguments[(place as usize - 16) / 8],
                    };
                    continue;
                }
                RETURN => return one.value,
                JUMP => {
                    at += one.value as usize;
                    continue;
                }
                EQUAL => value == one.value,
                AT_LEAST => value >= one.value,
                _ => value & one.value != 0,
            };
            at += usize::from(if taken { one.yes } else { one.no });
        }
    }

    const OPEN: Sockets = Sockets { internet: true, local: false };
    const CLOSED: Sockets = Sockets { internet: false, local: false };

    #[test]
    fn calls_are_answered_by_number_and_arguments() {
        let (inet, unix, netlink, packet) =
            (libc::AF_INET as u32, libc::AF_UNIX as u32, libc::AF_NETLINK as u32, libc::AF_PACKET as u32);
        let (eperm, eacces, enosys) = (error(libc::EPERM), error(libc::EACCES), error(libc::ENOSYS));
        let table = [
            (OPEN, libc::SYS_read, [0; 3], ALLOW),
            (OPEN, libc::SYS_ptrace, [0; 3], eperm),
            (OPEN, libc::SYS_clone3, [0; 3], enosys),
            (OPEN, libc::SYS_io_uring_setup, [0; 3], enosys),
            (OPEN, libc::SYS_clone, [17, 0, 0], ALLOW),
            (OPEN, libc::SYS_clone, [0x1000_0000 | 17, 0, 0], eperm),
            (OPEN, libc::SYS_unshare, [0x400, 0, 0], ALLOW),
            (OPEN, libc::SYS_unshare, [0x0002_0000, 0, 0], eperm),
            (OPEN, libc::SYS_ioctl, [0, 0x5412, 0], eperm),
            (OPEN, libc::SYS_ioctl, [0, 0x541c, 0], eperm),
            (OPEN, libc::SYS_ioctl, [0, 0x5413, 0], ALLOW),
            (OPEN, libc::SYS_socket, [inet, 1, 0], ALLOW),
            (CLOSED, libc::SYS_socket, [inet, 1, 0], eacces),
            (OPEN, libc::SYS_socket, [unix, 1, 0], eacces),
            (Sockets { internet: false, local: true }, libc::SYS_socket, [unix, 1, 0], ALLOW),
            (OPEN, libc::SYS_socket, [netlink, 3, 0], ALLOW),
            (OPEN, libc::SYS_socket, [netlink, 3, 9], eacces),
            (CLOSED, libc::SYS_socket, [netlink, 3, 0], eacces),
            (OPEN, libc::SYS_socket, [packet, 3, 0], eacces),
            (CLOSED, libc::SYS_socketpair, [unix, 1, 0], ALLOW),
            (CLOSED, libc::SYS_socketpair, [inet, 1, 0], eacces),
        ];
        for (sockets, number, arguments, expected) in table {
            let got = answer(sockets, NATIVE, number as u32, arguments);
            assert_eq!(got, expected, "call {number} with {arguments:x?} and {sockets:?}");
        }
    }

    #[test]
    fn every_number_has_the_answer_of_its_list() {
        for alone in [false, true] {
            let rules = Rules { sockets: OPEN, alone };
            for number in 0..600_u32 {
                let is_in = |list: &[c_long]| list.contains(&c_long::from(number));
                let expected = match number {
                    _ if is_in(REFUSED) || alone && is_in(REFUSED_ALONE) => error(libc::EPERM),
                    _ if is_in(UNKNOWN) => error(libc::ENOSYS),
                    // With nothing but zeros, what depends on arguments is harmless or no known family.
                    _ if is_in(&[libc::SYS_socket, libc::SYS_socketpair]) => error(libc::EACCES),
                    _ => ALLOW,
                };
                assert_eq!(answer_of(rules, NATIVE, number, [0; 4]), expected, "call {number}");
            }
        }
    }

    #[test]
    fn no_file_runs_as_its_owner() {
        let rules = Rules { sockets: OPEN, alone: false };
        let made = (libc::O_CREAT | libc::O_WRONLY) as u32;
        let table = [
            (libc::SYS_fchmod, [0, 0o755, 0, 0], true),
            (libc::SYS_fchmod, [0, 0o4755, 0, 0], false),
            (libc::SYS_fchmodat, [0, 0, 0o2755, 0], false),
            (FCHMODAT2, [0, 0, 0o4700, 0], false),
            (libc::SYS_mknodat, [0, 0, 0o104755, 0], false),
            (libc::SYS_mknodat, [0, 0, 0o100755, 0], true),
            (libc::SYS_openat, [0, 0, made, 0o4755], false),
            (libc::SYS_openat, [0, 0, libc::O_TMPFILE as u32, 0o4755], false),
            (libc::SYS_openat, [0, 0, made, 0o1755], true),
            // Without a file to be made the mode is whatever the register holds.
            (libc::SYS_openat, [0, 0, libc::O_DIRECTORY as u32, 0o7777], true),
        ];
        for (number, arguments, may) in table {
            let expected = if may { ALLOW } else { error(libc::EPERM) };
            assert_eq!(
                answer_of(rules, NATIVE, number as u32, arguments),
                expected,
                "{number} {arguments:x?}"
            );
        }
    }

    #[test]
    fn another_interface_is_no_way_around() {
        assert_eq!(answer(OPEN, 0x4000_0003, libc::SYS_read as u32, [0; 3]), KILL);
        #[cfg(target_arch = "x86_64")]
        assert_eq!(answer(OPEN, NATIVE, X32 | libc::SYS_read as u32, [0; 3]), KILL);
    }
}
