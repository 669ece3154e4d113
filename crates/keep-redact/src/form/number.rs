//! Bytes written as numbers: hex in its usual dresses, decimal lists, UTF-16 units.

use crate::forms::{Forms, Wrap};
use zeroize::Zeroize;

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// What stands before each byte, what between two, and whether lines of it get wrapped.
const HEX: [(&str, &str, Wrap); 8] = [
    ("", "", Wrap::Lines),
    ("", ":", Wrap::Lines),
    ("", " ", Wrap::Lines),
    ("", "-", Wrap::Never),
    ("\\x", "", Wrap::Never),
    ("%", "", Wrap::Never),
    ("0x", ", ", Wrap::Lines),
    ("0x", ",", Wrap::Never),
];

const DECIMAL: [&str; 3] = [", ", ",", " "];

pub(super) fn add(forms: &mut Forms, label: u32, value: &[u8]) {
    for (before, between, wrap) in HEX {
        for digits in [LOWER, UPPER] {
            let max_len = value.len() * (2 + before.len() + between.len());
            forms.add(label, wrap, max_len, |out| hex(out, value, digits, before, between));
        }
    }
    for between in DECIMAL {
        forms.add(label, Wrap::Never, value.len() * (3 + between.len()), |out| decimal(out, value, between));
    }
    if let Ok(text) = std::str::from_utf8(value) {
        let order: [fn(u16) -> [u8; 2]; 2] = [u16::to_le_bytes, u16::to_be_bytes];
        for bytes_of in order {
            forms.add(label, Wrap::Never, value.len() * 2, |out| {
                out.extend(text.encode_utf16().flat_map(bytes_of));
            });
        }
    }
}

fn hex(out: &mut Vec<u8>, value: &[u8], digits: &[u8; 16], before: &str, between: &str) {
    // One copy of a prepared unit for each byte: this runs sixteen times over each value.
    let mut unit = [before.as_bytes(), b"00", between.as_bytes()].concat();
    let at = before.len();
    for byte in value {
        unit[at..at + 2].copy_from_slice(&pair(*byte, digits));
        out.extend_from_slice(&unit);
    }
    out.truncate(out.len() - between.len());
    unit.zeroize();
}

fn pair(byte: u8, digits: &[u8; 16]) -> [u8; 2] {
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

/// Two hex digits in lower case, for the escapes.
pub(super) fn lower(byte: u8) -> [u8; 2] {
    pair(byte, LOWER)
}

/// Two hex digits in upper case, for the escapes.
pub(super) fn upper(byte: u8) -> [u8; 2] {
    pair(byte, UPPER)
}

fn decimal(out: &mut Vec<u8>, value: &[u8], between: &str) {
    for (index, byte) in value.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(between.as_bytes());
        }
        if *byte >= 100 {
            out.push(b'0' + byte / 100);
        }
        if *byte >= 10 {
            out.push(b'0' + byte / 10 % 10);
        }
        out.push(b'0' + byte % 10);
    }
}
