//! What is handed in, and what cannot be searched for.

use std::fmt;

/// The shortest value and the shortest form that is searched for. Anything shorter turns up by chance in
/// ordinary output, and a redactor that cries wolf gets switched off.
pub const MIN_BYTES: usize = 8;

/// A secret value and the name that may be shown in its place.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// What the replacement says: `[redacted:LABEL]`.
    pub label: &'a str,
    /// The value, any bytes.
    pub value: &'a [u8],
}

impl fmt::Debug for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("label", &self.label).field("bytes", &self.value.len()).finish()
    }
}

/// A value too short to be searched for: it stays visible wherever it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The value's label.
    pub label: String,
    /// How long the value is.
    pub bytes: usize,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the value of {} has {} bytes, under the {MIN_BYTES} that can be redacted without false alarms",
            self.label, self.bytes
        )
    }
}
