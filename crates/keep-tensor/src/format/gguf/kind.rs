//! The kinds of tensors that GGUF numbers.

use crate::Dtype;

/// How elements are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One after the other.
    Plain(Dtype),
    /// In blocks of so many elements, each of so many bytes.
    Blocks { elements: u64, bytes: usize },
}

/// The kind of this number. Numbers that are gone, and 9, whose size changed, are not here.
pub(super) fn kind(number: u32) -> Option<Kind> {
    let blocks = |elements, bytes| Kind::Blocks { elements, bytes };
    Some(match number {
        0 => Kind::Plain(Dtype::F32),
        1 => Kind::Plain(Dtype::F16),
        2 => blocks(32, 18),
        3 => blocks(32, 20),
        6 => blocks(32, 22),
        7 => blocks(32, 24),
        8 => blocks(32, 34),
        10 => blocks(256, 84),
        11 => blocks(256, 110),
        12 => blocks(256, 144),
        13 => blocks(256, 176),
        14 => blocks(256, 210),
        15 => blocks(256, 292),
        16 => blocks(256, 66),
        17 => blocks(256, 74),
        18 => blocks(256, 98),
        19 => blocks(256, 50),
        20 => blocks(32, 18),
        21 => blocks(256, 110),
        22 => blocks(256, 82),
        23 => blocks(256, 136),
        24 => Kind::Plain(Dtype::I8),
        25 => Kind::Plain(Dtype::I16),
        26 => Kind::Plain(Dtype::I32),
        27 => Kind::Plain(Dtype::I64),
        28 => Kind::Plain(Dtype::F64),
        29 => blocks(256, 56),
        30 => Kind::Plain(Dtype::Bf16),
        34 => blocks(256, 54),
        35 => blocks(256, 66),
        39 => blocks(32, 17),
        40 => blocks(64, 36),
        41 => blocks(128, 18),
        _ => return None,
    })
}
