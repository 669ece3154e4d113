//! Cuts bytes that are no tensor where their content says so, so that an insertion near the start of a file
//! moves the cuts with it and what follows is stored once.
//!
//! Where the cuts fall decides what is found again among pieces stored years ago. So the table and the
//! sizes below are as good as a file format: changing one loses no data, but every deduplication across
//! the change. That is also why this is forty lines of our own (a gear hash, as in FastCDC with normalised
//! sizes) and no crate, whose next version may cut elsewhere.
//!
//! Sizes: tensors are split into chunks of up to 1 MiB, and opaque bytes should not make smaller or larger
//! objects than they do. Below 256 KiB, a request to a bucket and an index entry cost more than the bytes;
//! above 1 MiB, one changed byte stores too much again, and a reader holds too much at once. Between
//! training steps such cuts find nothing (no 64 KiB of a checkpoint stay equal), so smaller pieces would
//! only be more pieces.

/// No piece but the last is shorter.
pub const MIN: usize = 256 << 10;
/// From here on a cut is sixteen times as likely.
const NORMAL: usize = 512 << 10;
/// No piece is longer.
pub const MAX: usize = 1 << 20;

/// Up to [`NORMAL`] one place in 2^21 is a cut, so about one piece in eight ends there. After it one in
/// 2^17, so all but one piece in fifty end before [`MAX`]. The average is some 600 KiB. The bits are the
/// upper ones, which depend on the last 64 bytes; a low bit depends only on the last few.
const STRICT: u64 = ((1 << 21) - 1) << 43;
const LOOSE: u64 = ((1 << 17) - 1) << 47;

/// How many bytes the hash remembers: each leaves its 64 bits after as many shifts.
const WINDOW: usize = 64;

/// A random number for each byte.
const GEAR: [u64; 256] = gear();

/// The numbers of the splitmix64 generator from seed 0. Any fixed table does; this one is short to state.
const fn gear() -> [u64; 256] {
    let mut table = [0; 256];
    let mut state = 0_u64;
    let mut index = 0;
    while index < table.len() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        table[index] = mixed ^ (mixed >> 31);
        index += 1;
    }
    table
}

/// Finds the cuts in bytes that arrive bit by bit. It holds none of them.
///
/// ```
/// let mut cutter = keep_tensor::format::cut::Cutter::default();
/// let bytes = vec![7; 3 << 20];
/// let mut ends = Vec::new();
/// let (mut rest, mut at) = (&bytes[..], 0);
/// while let Some(taken) = cutter.push(rest) {
///     at += taken;
///     ends.push(at);
///     rest = &rest[taken..];
/// }
/// assert_eq!(ends, [1 << 20, 2 << 20, 3 << 20]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cutter {
    filled: usize,
    hash: u64,
}

impl Cutter {
    /// How many of `bytes` end the present piece; the rest belongs to the next and is to be given again.
    /// `None`: all were taken and the piece goes on.
    pub fn push(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = self.skip(bytes.len());
        at += self.warm(&bytes[at..]);
        for (end, mask) in [(NORMAL, STRICT), (MAX, LOOSE)] {
            let scanned = self.scan(&bytes[at..], end, mask);
            at += scanned.taken;
            if scanned.cut || self.filled == MAX {
                *self = Self::default();
                return Some(at);
            }
        }
        None
    }

    /// Bytes of the piece that has begun and not ended; at the end of the input, the last piece.
    pub fn pending(&self) -> usize {
        self.filled
    }

    /// What lies before the window of the first possible cut cannot matter.
    fn skip(&mut self, available: usize) -> usize {
        let taken = (MIN - WINDOW).saturating_sub(self.filled).min(available);
        self.filled += taken;
        taken
    }

    /// Fills the window, so that the first possible cut, too, depends on nothing before it.
    fn warm(&mut self, bytes: &[u8]) -> usize {
        let most = MIN.saturating_sub(self.filled).min(bytes.len());
        self.hash = bytes[..most].iter().fold(self.hash, |hash, byte| step(hash, *byte));
        self.filled += most;
        most
    }

    /// Hashes until the piece has `end` bytes, or a cut before that.
    fn scan(&mut self, bytes: &[u8], end: usize, mask: u64) -> Scanned {
        let most = end.saturating_sub(self.filled).min(bytes.len());
        let mut hash = self.hash;
        let cut = bytes[..most].iter().position(|byte| {
            hash = step(hash, *byte);
            hash & mask == 0
        });
        let taken = cut.map_or(most, |index| index + 1);
        self.hash = hash;
        self.filled += taken;
        Scanned { taken, cut: cut.is_some() }
    }
}

fn step(hash: u64, byte: u8) -> u64 {
    (hash << 1).wrapping_add(GEAR[usize::from(byte)])
}

struct Scanned {
    taken: usize,
    cut: bool,
}

/// Where each piece of `bytes` ends; the last ends with them. None for no bytes.
pub fn boundaries(bytes: &[u8]) -> Vec<usize> {
    let mut cutter = Cutter::default();
    let (mut ends, mut at) = (Vec::new(), 0);
    while let Some(taken) = cutter.push(&bytes[at..]) {
        at += taken;
        ends.push(at);
    }
    if at < bytes.len() {
        ends.push(bytes.len());
    }
    ends
}
