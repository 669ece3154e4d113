//! Base64, wherever the value stands in what was encoded.
//!
//! Three bytes become four characters, so the text depends on the value's place modulo three. At each
//! place only the characters that the value alone determines are searched for; the one shared with a
//! neighbour on either side carries at most four bits and may stay.

use crate::forms::{Forms, Wrap};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

pub(super) fn add(forms: &mut Forms, label: u32, value: &[u8]) {
    let mut plain = Zeroizing::new(Vec::with_capacity(value.len() + 2));
    let mut text = Zeroizing::new(vec![0; (value.len() + 2).div_ceil(3) * 4]);
    for before in 0..3 {
        plain.clear();
        plain.resize(before, 0);
        plain.extend_from_slice(value);
        let written = BASE64_STANDARD
            .encode_slice(plain.as_slice(), text.as_mut_slice())
            .expect("the text has four characters for every three bytes begun");
        let first = (before * 8).div_ceil(6);
        let last = plain.len() * 8 / 6;
        both_alphabets(forms, label, &text[first..last]);
        if before == 0 {
            let unpadded = (plain.len() * 8).div_ceil(6);
            both_alphabets(forms, label, &text[..unpadded]);
            both_alphabets(forms, label, &text[..written]);
        }
    }
}

fn both_alphabets(forms: &mut Forms, label: u32, text: &[u8]) {
    forms.add(label, Wrap::Lines, text.len(), |out| out.extend_from_slice(text));
    if text.iter().any(|byte| matches!(byte, b'+' | b'/')) {
        forms.add(label, Wrap::Lines, text.len(), |out| {
            out.extend(text.iter().map(|byte| match byte {
                b'+' => b'-',
                b'/' => b'_',
                other => *other,
            }));
        });
    }
}
