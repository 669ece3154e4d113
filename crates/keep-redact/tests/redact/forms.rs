//! Each form is found, alone and in company, whole and streamed.

use crate::help::{contains, one, streamed};
use crate::table;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use keep_redact::{Known, Redactor};

fn check(value: &[u8], forms: &[(&str, &[u8])]) {
    let redactor = one(value);
    for (name, form) in forms {
        for (before, after) in [("", ""), ("user:", ":end"), ("~~", "~~"), ("\u{1}", "\n")] {
            let text = [before.as_bytes(), form, after.as_bytes()].concat();
            let expected = [before.as_bytes(), b"[redacted:s]", after.as_bytes()].concat();
            let shown = String::from_utf8_lossy(&text);
            assert_eq!(redactor.bytes(&text), expected, "{name}: {shown}");
            assert_eq!(streamed(&redactor, &text, &[1]), expected, "{name}, streamed: {shown}");
            let found = redactor.find(&text).unwrap();
            assert_eq!(
                (found.start, found.end),
                (before.len(), before.len() + form.len()),
                "{name}: {shown}"
            );
        }
    }
}

#[test]
fn every_form_of_a_plain_value() {
    check(table::PLAIN, table::PLAIN_FORMS);
}

#[test]
fn every_form_of_a_value_full_of_special_characters() {
    check(table::ODD, table::ODD_FORMS);
}

#[test]
fn text_without_a_value_comes_back_borrowed() {
    let redactor = one(table::PLAIN);
    for text in ["", "tR9vQ2xLm4Kp8Zs", "R9vQ2xLm4Kp8Zs1", "plain", "tR9vQ2xLm4Kp8Zs2"] {
        assert!(matches!(redactor.text(text), std::borrow::Cow::Borrowed(same) if same == text));
        assert_eq!(redactor.find(text.as_bytes()), None);
    }
}

#[test]
fn odd_values_are_found_as_they_are() {
    let values: [&[u8]; 9] = [
        b"(.*)+[a-z]{3}$|^",
        b"\\d\\d\\d\\d\\d\\d\\d\\d",
        b"nul\0in\0side",
        b"\0\0\0\0\0\0\0\0",
        b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8",
        "\u{1f511}\u{1f512}\u{1f513}".as_bytes(),
        "Schl\u{fc}ssel-\u{df}\u{df}".as_bytes(),
        b"line one\nline two\r\nline three",
        b"        ",
    ];
    for value in values {
        let redactor = one(value);
        let text = [b"<".as_slice(), value, b">"].concat();
        assert_eq!(redactor.bytes(&text), b"<[redacted:s]>".as_slice(), "{value:?}");
        assert_eq!(streamed(&redactor, &text, &[3, 1]), b"<[redacted:s]>", "{value:?}");
        let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(redactor.text(&hex), "[redacted:s]");
    }
}

#[test]
fn line_breaks_may_change_or_go_missing_at_the_end() {
    let redactor = one(b"line one\nline two\n");
    for text in ["line one\nline two\n", "line one\r\nline two\r\n", "line one\\nline two\\n"] {
        assert_eq!(redactor.text(text), "[redacted:s]");
    }
    assert_eq!(redactor.text("<line one\nline two>"), "<[redacted:s]>");
    assert_eq!(redactor.text("<line one\\nline two>"), "<[redacted:s]>");
}

/// What stands around the value decides which base64 the value becomes.
#[test]
fn base64_wherever_the_value_stands_in_what_was_encoded() {
    let filler = b"\xc3\x28/?surroundings of any kind\x00\xff";
    for value in [table::PLAIN, table::ODD, b"12345678", b"\xfb\xff\xbf\xfb\xff\xbf\xfb\xff\xbf"] {
        let redactor = one(value);
        for before in 0..filler.len() {
            for after in 0..4 {
                let plain = [&filler[..before], value, &filler[..after]].concat();
                for text in [BASE64_STANDARD.encode(&plain), BASE64_URL_SAFE_NO_PAD.encode(&plain)] {
                    let redacted = redactor.text(&text);
                    let (head, tail) = redacted.split_once("[redacted:s]").unwrap();
                    // Whatever is left belongs to the neighbours, apart from the characters that they share
                    // with the value.
                    let hidden = before * 8 / 6..((before + value.len()) * 8).div_ceil(6);
                    assert!(head.len() <= hidden.start + 1, "{text} {redacted}");
                    assert!(text.len() - tail.len() >= hidden.end - 1, "{text} {redacted}");
                }
            }
        }
    }
}

#[test]
fn wrapped_base64_and_hex() {
    let mut value = b"-----BEGIN KEY-----\n".to_vec();
    value.extend((0..200u8).map(|n| n.wrapping_mul(89).wrapping_add(7)));
    let redactor = one(&value);
    let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    let spaced = value.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
    for (breaks, width) in
        [("\n", 64), ("\r\n", 76), ("\n    ", 64), ("\\n", 64), ("\\r\\n", 70), ("\n\t\t", 16), ("\n", 17)]
    {
        for lead in 0..40 {
            let encoded = BASE64_STANDARD.encode([vec![b'x'; lead], value.clone()].concat());
            for text in [encoded, "f".repeat(lead) + &hex] {
                let lines: Vec<&[u8]> = text.as_bytes().chunks(width).collect();
                let wrapped = lines.join(breaks.as_bytes());
                let redacted = redactor.bytes(&wrapped);
                assert!(contains(&redacted, b"[redacted:s]"), "{breaks:?} {width} {lead}");
                // What stays is what stood before, a shared character on each side, and the padding.
                assert!(redacted.len() <= lead * 2 + 12 + 40, "{}", String::from_utf8_lossy(&redacted));
                assert_eq!(streamed(&redactor, &wrapped, &[7, 1, 30]), *redacted);
            }
        }
        for (between, first) in [(" ", " "), (":", "")] {
            let lines: Vec<String> =
                spaced.chunks(16).map(|line| first.to_owned() + &line.join(between)).collect();
            let end = if between == ":" { ":\n  " } else { "\n" };
            let redacted = redactor.bytes(lines.join(end).as_bytes()).into_owned();
            assert_eq!(String::from_utf8(redacted).unwrap(), first.to_owned() + "[redacted:s]");
        }
    }
}

#[test]
fn a_break_that_is_too_wide_or_too_frequent_is_no_line_break() {
    let hex: String = table::PLAIN.iter().map(|byte| format!("{byte:02x}")).collect();
    let redactor = one(table::PLAIN);
    let wide = format!("{}\n{}{}", &hex[..16], " ".repeat(40), &hex[16..]);
    assert_eq!(redactor.text(&wide), wide);
}

#[test]
fn a_match_takes_whole_characters_of_text() {
    // The value starts and ends in the middle of a character.
    let text = "a\u{1f511}bcdefgh\u{1f512}z";
    let value = &text.as_bytes()[3..14];
    let redactor = one(value);
    assert_eq!(redactor.text(text), "a[redacted:s]z");
    assert_eq!(redactor.bytes(text.as_bytes())[..3], text.as_bytes()[..3]);
}

#[test]
fn overlapping_values_become_one_replacement_and_touching_ones_two() {
    let values =
        [("a", b"ABCDEFGHIJ".as_slice()), ("b", b"IJKLMNOPQR"), ("c", b"EFGHIJKL"), ("d", b"QRSTUVWXYZ")];
    let (redactor, _) = Redactor::new(values.map(|(label, value)| Known { label, value }));
    for (text, expected) in [
        ("<ABCDEFGHIJKLMNOPQR>", "<[redacted:a]>"),
        ("<ABCDEFGHIJKLMNOPQRSTUVWXYZ>", "<[redacted:a]>"),
        ("<IJKLMNOPQRSTUVWXYZ>", "<[redacted:b]>"),
        ("<EFGHIJKLMNOPQR>", "<[redacted:c]>"),
        ("<ABCDEFGHIJABCDEFGHIJ>", "<[redacted:a][redacted:a]>"),
        ("<ABCDEFGHIJQRSTUVWXYZ>", "<[redacted:a][redacted:d]>"),
    ] {
        assert_eq!(redactor.text(text), expected);
        assert_eq!(streamed(&redactor, text.as_bytes(), &[2]), expected.as_bytes());
    }
}

#[test]
fn find_gives_the_leftmost_and_of_these_the_longest() {
    let values = [("short", b"ABCDEFGH".as_slice()), ("long", b"ABCDEFGHIJKLMNOP"), ("late", b"HIJKLMNOPQ")];
    let (redactor, _) = Redactor::new(values.map(|(label, value)| Known { label, value }));
    for (text, expected) in [
        ("..ABCDEFGHIJKLMNOPQ", (2, 18, "long")),
        ("..ABCDEFGHIJKLMNO", (2, 10, "short")),
        ("HIJKLMNOPQ ABCDEFGH", (0, 10, "late")),
    ] {
        let found = redactor.find(text.as_bytes()).unwrap();
        assert_eq!((found.start, found.end, found.label), expected);
    }
}
