//! Escapes: a byte or a character that a syntax reserves is written as several.
//!
//! An escape that changes nothing in a value gives the value itself, which is kept once; most values
//! are plain letters and digits and never get this far.

use super::number::{lower, upper};
use crate::forms::{Forms, Wrap};
use zeroize::Zeroizing;

type Digits = fn(u8) -> [u8; 2];

/// How one byte is written; nothing means as it stands.
type Bytewise = fn(&mut Vec<u8>, u8, Digits) -> Written;

#[derive(PartialEq)]
enum Written {
    AsIs,
    Escaped,
}

/// The longest that any escape below makes of one byte: `&quot;`, `&apos;`.
const MAX_GROWTH: usize = 6;

pub(super) fn add(forms: &mut Forms, label: u32, value: &[u8]) {
    if value.iter().all(u8::is_ascii_alphanumeric) {
        return;
    }
    let rules = WITH_DIGITS.iter().flat_map(|rule| [(rule, lower as Digits), (rule, upper)]);
    for (rule, digits) in rules.chain(WITHOUT_DIGITS.iter().map(|rule| (rule, lower as Digits))) {
        forms.add(label, Wrap::Never, value.len() * MAX_GROWTH, |out| bytewise(out, value, *rule, digits));
    }
    for line_break in [b"\r\n".as_slice(), b"\n"] {
        forms.add(label, Wrap::Never, value.len() * 2, |out| line_breaks(out, value, line_break));
    }
    if let Ok(text) = std::str::from_utf8(value) {
        add_json(forms, label, text);
    }
}

/// Rules that write some bytes as hex digits, in lower or in upper case.
const WITH_DIGITS: &[Bytewise] = &[
    // RFC 3986, then what browsers, forms and whole addresses leave alone.
    |out, byte, digits| percent(out, byte, digits, b"-._~", Space::Encoded),
    |out, byte, digits| percent(out, byte, digits, b"-._~", Space::Plus),
    |out, byte, digits| percent(out, byte, digits, b"-._~!*'()", Space::Encoded),
    |out, byte, digits| percent(out, byte, digits, b"-._*", Space::Plus),
    |out, byte, digits| percent(out, byte, digits, b"-._~/", Space::Encoded),
    |out, byte, digits| percent(out, byte, digits, b"-._~!$&'()*+,;=:@", Space::Encoded),
    |out, byte, digits| percent(out, byte, digits, b"-._~!*'();/?:@&=+$,#", Space::Encoded),
    // Byte strings and text in source code, quoted either way.
    |out, byte, digits| source(out, byte, digits, b"\""),
    |out, byte, digits| source(out, byte, digits, b"'"),
    |out, byte, digits| source(out, byte, digits, b"\"'"),
    |out, byte, digits| source(out, byte, digits, b""),
    // The same where letters beyond ASCII stay as they are.
    |out, byte, digits| source_text(out, byte, digits, b"\""),
    |out, byte, digits| source_text(out, byte, digits, b"'"),
    |out, byte, digits| source_text(out, byte, digits, b"\"'"),
    |out, byte, digits| source_text(out, byte, digits, b""),
];

/// Rules that do not.
const WITHOUT_DIGITS: &[Bytewise] = &[
    // HTML and XML, with both spellings of the apostrophe and with quotes left alone.
    |out, byte, _| html(out, byte, "\"", "'"),
    |out, byte, _| html(out, byte, "&quot;", "'"),
    |out, byte, _| html(out, byte, "&quot;", "&#39;"),
    |out, byte, _| html(out, byte, "&quot;", "&#x27;"),
    |out, byte, _| html(out, byte, "&quot;", "&apos;"),
    // Shells: inside single quotes, inside double quotes, bare.
    |out, byte, _| replace(out, byte, b"'", "'\\''"),
    |out, byte, _| replace(out, byte, b"'", "'\"'\"'"),
    |out, byte, _| backslash(out, byte, |byte| b"\"$`\\".contains(&byte)),
    |out, byte, _| backslash(out, byte, |byte| b"\"$`\\!".contains(&byte)),
    |out, byte, _| backslash(out, byte, |byte| byte.is_ascii() && !is_shell_plain(byte)),
    |out, byte, _| {
        backslash(out, byte, |byte| byte.is_ascii() && !is_shell_plain(byte) && !b"~#".contains(&byte))
    },
    // SQL and CSV double their quotes.
    |out, byte, _| replace(out, byte, b"'", "''"),
    |out, byte, _| replace(out, byte, b"\"", "\"\""),
];

fn bytewise(out: &mut Vec<u8>, value: &[u8], rule: Bytewise, digits: Digits) {
    for byte in value {
        // No syntax touches letters and digits; asking for each would take most of the set-up time.
        if byte.is_ascii_alphanumeric() || rule(out, *byte, digits) == Written::AsIs {
            out.push(*byte);
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Space {
    Encoded,
    Plus,
}

fn percent(out: &mut Vec<u8>, byte: u8, digits: Digits, kept: &[u8], space: Space) -> Written {
    if byte == b' ' && space == Space::Plus {
        out.push(b'+');
    } else if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
        return Written::AsIs;
    } else {
        out.push(b'%');
        out.extend_from_slice(&digits(byte));
    }
    Written::Escaped
}

fn html(out: &mut Vec<u8>, byte: u8, quote: &str, apostrophe: &str) -> Written {
    let text = match byte {
        b'&' => "&amp;",
        b'<' => "&lt;",
        b'>' => "&gt;",
        b'"' => quote,
        b'\'' => apostrophe,
        _ => return Written::AsIs,
    };
    out.extend_from_slice(text.as_bytes());
    Written::Escaped
}

fn replace(out: &mut Vec<u8>, byte: u8, from: &[u8; 1], to: &str) -> Written {
    if byte != from[0] {
        return Written::AsIs;
    }
    out.extend_from_slice(to.as_bytes());
    Written::Escaped
}

fn backslash(out: &mut Vec<u8>, byte: u8, is_special: fn(u8) -> bool) -> Written {
    if is_special(byte) {
        out.push(b'\\');
    }
    Written::AsIs
}

fn is_shell_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"%+-./:=@_".contains(&byte)
}

fn source(out: &mut Vec<u8>, byte: u8, digits: Digits, quotes: &[u8]) -> Written {
    let short = match byte {
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        b'\\' => b'\\',
        _ if quotes.contains(&byte) => byte,
        b' '..=b'~' => return Written::AsIs,
        _ => {
            out.extend_from_slice(b"\\x");
            out.extend_from_slice(&digits(byte));
            return Written::Escaped;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
    Written::Escaped
}

fn source_text(out: &mut Vec<u8>, byte: u8, digits: Digits, quotes: &[u8]) -> Written {
    if byte.is_ascii() { source(out, byte, digits, quotes) } else { Written::AsIs }
}

fn line_breaks(out: &mut Vec<u8>, value: &[u8], line_break: &[u8]) {
    let mut before = 0;
    for byte in value {
        match byte {
            b'\n' if before == b'\r' => {
                out.pop();
                out.extend_from_slice(line_break);
            }
            b'\n' => out.extend_from_slice(line_break),
            other => out.push(*other),
        }
        before = *byte;
    }
}

/// What a JSON writer escapes beyond what it must.
#[derive(Clone, Copy)]
struct Json {
    slash: bool,
    markup: bool,
    non_ascii: bool,
    delete: bool,
}

/// The writers met in practice: the plain one, those that escape slashes, markup or everything that is
/// not ASCII, and those that do several at once.
const JSON: [Json; 7] = [
    Json { slash: false, markup: false, non_ascii: false, delete: false },
    Json { slash: true, markup: false, non_ascii: false, delete: false },
    Json { slash: false, markup: true, non_ascii: false, delete: false },
    Json { slash: false, markup: false, non_ascii: true, delete: false },
    Json { slash: false, markup: false, non_ascii: true, delete: true },
    Json { slash: true, markup: false, non_ascii: true, delete: false },
    Json { slash: true, markup: true, non_ascii: true, delete: false },
];

fn add_json(forms: &mut Forms, label: u32, text: &str) {
    let mut once = Zeroizing::new(Vec::with_capacity(text.len() * 6));
    for how in JSON {
        for digits in [lower as Digits, upper] {
            once.clear();
            json(&mut once, text, how, digits);
            if once.as_slice() == text.as_bytes() {
                continue;
            }
            forms.add(label, Wrap::Never, once.len(), |out| out.extend_from_slice(&once));
            // JSON inside a JSON string: what the first pass wrote is ASCII or kept, so only
            // backslashes and quotes change.
            forms.add(label, Wrap::Never, once.len() * 2, |out| {
                for byte in once.iter() {
                    if matches!(byte, b'\\' | b'"') {
                        out.push(b'\\');
                    }
                    out.push(*byte);
                }
            });
        }
    }
}

fn json(out: &mut Vec<u8>, text: &str, how: Json, digits: Digits) {
    for character in text.chars() {
        let short = match character {
            '"' => b'"',
            '\\' => b'\\',
            '\n' => b'n',
            '\r' => b'r',
            '\t' => b't',
            '\u{8}' => b'b',
            '\u{c}' => b'f',
            '/' if how.slash => b'/',
            _ => {
                let escaped = character < ' '
                    || (character == '\u{7f}' && how.delete)
                    || (matches!(character, '<' | '>' | '&') && how.markup)
                    || (!character.is_ascii() && how.non_ascii);
                let mut buffer = [0; 4];
                if escaped {
                    units(out, character, digits);
                } else {
                    out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
                }
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
}

fn units(out: &mut Vec<u8>, character: char, digits: Digits) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        let [high, low] = unit.to_be_bytes();
        out.extend_from_slice(b"\\u");
        out.extend_from_slice(&digits(high));
        out.extend_from_slice(&digits(low));
    }
}
