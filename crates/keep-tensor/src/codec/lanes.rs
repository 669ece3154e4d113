//! How an element is cut into byte planes.

use crate::Dtype;

/// The integers that a tensor is read as: what follows from an element's type and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lanes {
    /// Bytes of one lane: 1, 2, 4 or 8.
    pub(crate) width: usize,
    /// Whether a lane is turned left by one bit before it is cut. In a float that puts the sign below the
    /// fraction, which is as random, and lets the top plane start with the exponent: all of it, and nothing
    /// else, in bf16 and f32.
    pub(crate) turn: bool,
}

impl Lanes {
    /// The parts of a complex number are lanes of their own, so it is read as pairs of floats are.
    pub(crate) fn of(dtype: Dtype) -> Self {
        let (width, turn) = match dtype {
            Dtype::Bool | Dtype::U8 | Dtype::I8 | Dtype::F8E4M3 | Dtype::F8E5M2 => (1, false),
            Dtype::U16 | Dtype::I16 => (2, false),
            Dtype::F16 | Dtype::Bf16 => (2, true),
            Dtype::U32 | Dtype::I32 => (4, false),
            Dtype::F32 | Dtype::C64 => (4, true),
            Dtype::U64 | Dtype::I64 => (8, false),
            Dtype::F64 | Dtype::C128 => (8, true),
        };
        Self { width, turn }
    }

    /// By how many bits a lane is turned.
    pub(crate) fn turn(self) -> u32 {
        u32::from(self.turn)
    }

    /// The same lanes, cut as they are.
    pub(crate) fn unturned(self) -> Self {
        Self { turn: false, ..self }
    }

    pub(crate) fn code(self) -> u8 {
        self.width as u8 | if self.turn { 0x10 } else { 0 }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        let lanes = Self { width: usize::from(code & 0x0f), turn: code & 0x10 != 0 };
        (matches!(lanes.width, 1 | 2 | 4 | 8) && lanes.code() == code).then_some(lanes)
    }
}
