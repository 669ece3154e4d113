//! For any values, any text around them and any cutting into pieces.

use crate::help::{contains, many, streamed};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

fn hex(value: &[u8]) -> Vec<u8> {
    value.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// The characters of base64 that the value determines when so many bytes precede it.
fn base64(value: &[u8], before: usize) -> Vec<u8> {
    let text = BASE64_STANDARD.encode([vec![0; before], value.to_vec()].concat());
    text.as_bytes()[(before * 8).div_ceil(6)..(before + value.len()) * 8 / 6].to_vec()
}

fn percent(value: &[u8]) -> Vec<u8> {
    value.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect()
}

fn decimal(value: &[u8]) -> Vec<u8> {
    format!("{value:?}").trim_matches(['[', ']']).as_bytes().to_vec()
}

fn some_forms(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![value.to_vec(), hex(value), percent(value), decimal(value)];
    forms.extend((0..3).map(|before| base64(value, before)));
    forms
}

/// Values of any bytes, and of so few different ones that they overlap, repeat and nest.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 8..40),
        vec(prop_oneof![Just(b'a'), Just(b'b')], 8..24),
        "[ -~]{8,30}".prop_map(String::into_bytes),
        "\\PC{8,12}".prop_map(String::into_bytes),
    ]
}

#[derive(Clone, Debug)]
enum Piece {
    Noise(Vec<u8>),
    Form(Index, Index),
    /// A form in lines of so many bytes.
    Wrapped(Index, Index, usize, &'static str),
    /// A form without its last byte.
    Stump(Index, Index),
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        vec(any::<u8>(), 0..60).prop_map(Piece::Noise),
        vec(prop_oneof![Just(b'a'), Just(b'b')], 0..60).prop_map(Piece::Noise),
        any::<(Index, Index)>().prop_map(|(value, form)| Piece::Form(value, form)),
        (
            any::<(Index, Index)>(),
            3usize..40,
            prop_oneof![Just("\n"), Just("\r\n  "), Just("\\n"), Just("n\\n\\r ")]
        )
            .prop_map(|((value, form), width, line_break)| Piece::Wrapped(value, form, width, line_break)),
        any::<(Index, Index)>().prop_map(|(value, form)| Piece::Stump(value, form)),
    ]
}

fn compose(values: &[Vec<u8>], pieces: &[Piece]) -> Vec<u8> {
    let form_of = |value: &Index, form: &Index| form.get(&some_forms(value.get::<Vec<u8>>(values))).clone();
    let mut text = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Noise(bytes) => text.extend_from_slice(bytes),
            Piece::Form(value, form) => text.extend(form_of(value, form)),
            Piece::Wrapped(value, form, width, line_break) => {
                let form = form_of(value, form);
                let lines: Vec<&[u8]> = form.chunks(*width).collect();
                text.extend(lines.join(line_break.as_bytes()));
            }
            Piece::Stump(value, form) => {
                text.extend(form_of(value, form));
                text.pop();
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_form_is_left_and_pieces_do_not_matter(
        values in vec(value(), 1..6),
        pieces in vec(piece(), 0..12),
        lens in vec(1usize..200, 1..6),
    ) {
        let text = compose(&values, &pieces);
        let redactor = many(&values);
        let whole = redactor.bytes(&text);
        prop_assert_eq!(&streamed(&redactor, &text, &lens), &*whole);
        prop_assert_eq!(&streamed(&redactor, &text, &[1]), &*whole);
        for value in &values {
            for form in some_forms(value) {
                prop_assert!(!contains(&whole, &form), "{:?} is left", String::from_utf8_lossy(&form));
            }
        }
        prop_assert_eq!(redactor.find(&text).is_some(), matches!(whole, std::borrow::Cow::Owned(_)));
    }

    #[test]
    fn what_is_not_a_value_stays(
        values in vec(vec(b'a'..=b'z', 20..40), 1..6),
        words in vec("[0-9 ]{1,30}", 0..10),
    ) {
        // Digits and blanks are in no form of these values for long, so only what was put in goes.
        let redactor = many(&values);
        let mut text = Vec::new();
        let mut expected = Vec::new();
        for (place, word) in words.iter().enumerate() {
            let which = values.iter().position(|value| *value == values[place % values.len()]).unwrap();
            text.extend_from_slice(&[word.as_bytes(), b"<", &values[which], b">"].concat());
            expected.extend_from_slice(&[word.as_bytes(), b"<", format!("[redacted:v{which}]").as_bytes(), b">"].concat());
        }
        prop_assert_eq!(redactor.bytes(&text).into_owned(), expected);
    }

    #[test]
    fn text_stays_text(values in vec(value(), 1..4), text in "\\PC{0,60}", cut in any::<Index>()) {
        // A value that is a stretch of the text, cut anywhere, may start and end inside a character.
        let mut values = values;
        let from = cut.index(text.len().max(1)).min(text.len());
        let stretch = &text.as_bytes()[from..(from + 9).min(text.len())];
        if stretch.len() >= 8 {
            values.push(stretch.to_vec());
        }
        let redactor = many(&values);
        let redacted = redactor.text(&text);
        prop_assert!(stretch.len() < 8 || !contains(redacted.as_bytes(), stretch));
    }
}
