//! The ways a value is likely to be printed.

mod base64;
mod escape;
mod number;

use crate::MIN_BYTES;
use crate::forms::{Forms, Wrap};

/// Adds every form of `value`.
pub(crate) fn add_all(forms: &mut Forms, label: u32, value: &[u8]) {
    forms.next_value();
    add(forms, label, value);
    // A value read from a file often ends in a line break that is gone wherever the value is used.
    let trimmed = value.trim_ascii_end();
    if (MIN_BYTES..value.len()).contains(&trimmed.len()) {
        add(forms, label, trimmed);
    }
}

fn add(forms: &mut Forms, label: u32, value: &[u8]) {
    forms.add(label, Wrap::Never, value.len(), |out| out.extend_from_slice(value));
    base64::add(forms, label, value);
    number::add(forms, label, value);
    escape::add(forms, label, value);
}
