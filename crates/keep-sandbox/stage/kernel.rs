//! System calls, and what a program without a library needs besides.

use core::arch::{asm, global_asm};

/// Numbers of the calls that the stage makes of its own accord.
#[cfg(target_arch = "x86_64")]
pub(crate) mod nr {
    pub(crate) const READ: i64 = 0;
    pub(crate) const CLOSE: i64 = 3;
    pub(crate) const MMAP: i64 = 9;
    pub(crate) const SOCKET: i64 = 41;
    pub(crate) const CONNECT: i64 = 42;
    pub(crate) const SENDTO: i64 = 44;
    pub(crate) const RECVMSG: i64 = 47;
    pub(crate) const CLONE: i64 = 56;
    pub(crate) const WAIT4: i64 = 61;
    pub(crate) const KILL: i64 = 62;
    pub(crate) const FCNTL: i64 = 72;
    pub(crate) const GETRUSAGE: i64 = 98;
    pub(crate) const CLOCK_GETTIME: i64 = 228;
    pub(crate) const EXIT_GROUP: i64 = 231;
    pub(crate) const PPOLL: i64 = 271;
    pub(crate) const SIGNALFD4: i64 = 289;
    pub(crate) const CLOSE_RANGE: i64 = 436;
}

/// Numbers of the calls that the stage makes of its own accord.
#[cfg(target_arch = "aarch64")]
pub(crate) mod nr {
    pub(crate) const FCNTL: i64 = 25;
    pub(crate) const CLOSE: i64 = 57;
    pub(crate) const READ: i64 = 63;
    pub(crate) const PPOLL: i64 = 73;
    pub(crate) const SIGNALFD4: i64 = 74;
    pub(crate) const EXIT_GROUP: i64 = 94;
    pub(crate) const CLOCK_GETTIME: i64 = 113;
    pub(crate) const KILL: i64 = 129;
    pub(crate) const GETRUSAGE: i64 = 165;
    pub(crate) const SOCKET: i64 = 198;
    pub(crate) const CONNECT: i64 = 203;
    pub(crate) const SENDTO: i64 = 206;
    pub(crate) const RECVMSG: i64 = 212;
    pub(crate) const CLONE: i64 = 220;
    pub(crate) const MMAP: i64 = 222;
    pub(crate) const WAIT4: i64 = 260;
    pub(crate) const CLOSE_RANGE: i64 = 436;
}

// The kernel starts a program with its arguments on the stack and no address to return to.
#[cfg(target_arch = "x86_64")]
global_asm!(".globl _start", "_start:", "xor ebp, ebp", "and rsp, -16", "call stage", "ud2");
#[cfg(target_arch = "aarch64")]
global_asm!(".globl _start", "_start:", "mov x29, xzr", "mov x30, xzr", "b stage");

/// Calls the kernel; a negative result is an error number.
#[cfg(target_arch = "x86_64")]
pub(crate) fn call(number: i64, [a, b, c, d, e, g]: [i64; 6]) -> i64 {
    let result;
    // SAFETY: the kernel's calling convention; what the addresses point to is the caller's to answer for,
    // as the head of this program says.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") a, in("rsi") b, in("rdx") c,
            in("r10") d, in("r8") e, in("r9") g, lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// Calls the kernel; a negative result is an error number.
#[cfg(target_arch = "aarch64")]
pub(crate) fn call(number: i64, [a, b, c, d, e, g]: [i64; 6]) -> i64 {
    let result;
    // SAFETY: as for the other processor.
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") a => result, in("x1") b, in("x2") c, in("x3") d,
            in("x4") e, in("x5") g, options(nostack));
    }
    result
}

/// Makes a process that begins in `child` on another stack.
#[cfg(target_arch = "x86_64")]
pub(crate) fn fork(flags: i64, stack: i64, stage: *mut crate::Stage, at: usize) -> i64 {
    let result;
    // SAFETY: the kernel's calling convention; the child takes its arguments from registers, which it has as
    // its parent had them, and touches nothing of this stack.
    unsafe {
        asm!("syscall", "test rax, rax", "jnz 2f", "xor ebp, ebp", "mov rdi, r12", "mov rsi, r13",
            "call {child}", "ud2", "2:", child = sym crate::child, inlateout("rax") nr::CLONE => result,
            in("rdi") flags, in("rsi") stack, in("rdx") 0_i64, in("r10") 0_i64, in("r8") 0_i64,
            in("r12") stage, in("r13") at, lateout("rcx") _, lateout("r11") _);
    }
    result
}

/// Makes a process that begins in `child` on another stack.
#[cfg(target_arch = "aarch64")]
pub(crate) fn fork(flags: i64, stack: i64, stage: *mut crate::Stage, at: usize) -> i64 {
    let result;
    // SAFETY: as for the other processor.
    unsafe {
        asm!("svc 0", "cbnz x0, 2f", "mov x29, xzr", "mov x30, xzr", "mov x0, x9", "mov x1, x10",
            "b {child}", "2:", child = sym crate::child, in("x8") nr::CLONE, inlateout("x0") flags => result,
            in("x1") stack, in("x2") 0_i64, in("x3") 0_i64, in("x4") 0_i64, in("x9") stage, in("x10") at);
    }
    result
}

/// The compiler may ask for this when it clears an array.
#[unsafe(no_mangle)]
extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
    // SAFETY: whoever asks owns `count` bytes there.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("rep stosb", inout("rdi") to => _, inout("rcx") count => _, in("al") byte as u8, options(nostack));
    }
    #[cfg(not(target_arch = "x86_64"))]
    for at in 0..count {
        // SAFETY: as above. Volatile, or this loop would become a call of itself.
        unsafe { to.add(at).write_volatile(byte as u8) };
    }
    to
}

/// The compiler may ask for this when it copies an array.
#[unsafe(no_mangle)]
extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    // SAFETY: whoever asks owns `count` bytes at both places.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("rep movsb", inout("rdi") to => _, inout("rsi") from => _, inout("rcx") count => _,
            options(nostack));
    }
    #[cfg(not(target_arch = "x86_64"))]
    for at in 0..count {
        // SAFETY: as above.
        unsafe { to.add(at).write_volatile(*from.add(at)) };
    }
    to
}
