//! An act shown whole before somebody answers for it: nothing is cut, and nothing hides in blanks or in
//! characters without a shape.

use super::text::visible;
use serde_json::Value;
use std::io::Write;
use unicode_width::UnicodeWidthStr;

/// So many blanks or line ends in a row are counted rather than drawn, so that they push nothing out of
/// sight.
const RUN: usize = 8;
/// What is at most this wide stands on the line of its name.
const SHORT: usize = 56;
/// Before the lines of a long value.
const INDENT: &str = "    ";
/// A terminal narrower than this is written to as if it were this wide.
const MIN_WIDTH: usize = 20;

/// Writes every value of a detail under its name, the long ones wrapped and with their length in front.
pub(crate) fn show(out: &mut dyn Write, detail: &Value, width: usize) -> std::io::Result<()> {
    for (name, text) in leaves(detail).into_iter().filter(|leaf| says(detail, leaf)) {
        let (name, lines) = (visible(&name), lines(&text, width));
        match lines.as_slice() {
            [one] if one.width() <= SHORT && text.chars().count() <= SHORT => {
                writeln!(out, "  {name}  {one}")?;
            }
            lines => {
                writeln!(out, "  {name}, {} characters:", text.chars().count())?;
                for line in lines {
                    writeln!(out, "{INDENT}{line}")?;
                }
            }
        }
    }
    Ok(())
}

/// Whether a value says something. What an act could have had of its own and has not (a note, a label) says nothing;
/// deeper down, in the words of a command, an empty one is a word.
fn says(detail: &Value, (name, _): &(String, String)) -> bool {
    match detail.get(name) {
        Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        _ => true,
    }
}

/// Every value with its name, in order. Strings stand for themselves: what is read is what would run.
fn leaves(detail: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(String::new(), detail, &mut found);
    found
}

fn walk(name: String, value: &Value, found: &mut Vec<(String, String)>) {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                walk(below(key), value, found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, value) in items.iter().enumerate() {
                walk(below(&at.to_string()), value, found);
            }
        }
        // An act without details has none to show.
        Value::Object(_) if name.is_empty() => {}
        Value::String(text) => found.push((name, text.clone())),
        other => found.push((name, other.to_string())),
    }
}

/// The text with every character accounted for, in lines of this width. A line ends where the text's own
/// does, which is marked, or where the width does, which is not.
fn lines(text: &str, width: usize) -> Vec<String> {
    let room = width.max(MIN_WIDTH) - INDENT.len();
    let mut lines = vec![String::new()];
    for piece in pieces(text) {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.width() + piece.width() > room {
            lines.push(piece);
        } else {
            line.push_str(&piece);
            if piece.ends_with('⏎') || piece.contains("⏎×") {
                lines.push(String::new());
            }
        }
    }
    if lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// The text as what is drawn for each character, or for each long run of the same one.
fn pieces(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let blank = chars[at..].iter().take_while(|c| is_blank(**c)).count();
        if blank > 0 {
            gap(&chars[at..at + blank], &mut pieces);
            at += blank;
            continue;
        }
        let same = chars[at..].iter().take_while(|c| **c == chars[at]).count();
        match unseen(chars[at]) {
            Some(mark) if same >= RUN => pieces.push(format!("{mark}×{same}")),
            Some(mark) => pieces.extend(std::iter::repeat_n(mark, same)),
            None => pieces.extend(std::iter::repeat_n(chars[at].to_string(), same)),
        }
        at += same;
    }
    pieces
}

/// Draws blanks and line ends: as they are when few, counted when many. Line ends are counted over all of
/// the gap, since lines of nothing but blanks hide as well as empty ones.
fn gap(chars: &[char], pieces: &mut Vec<String>) {
    let ends = chars.iter().filter(|c| **c == '\n').count();
    if ends >= RUN {
        if chars.len() > ends {
            pieces.push(format!("␠×{}", chars.len() - ends));
        }
        pieces.push(format!("⏎×{ends}"));
        return;
    }
    for run in chars.chunk_by(|a, b| (*a == '\n') == (*b == '\n')) {
        match run {
            ['\n', ..] => pieces.extend(run.iter().map(|_| "⏎".to_owned())),
            run if run.len() >= RUN => pieces.push(format!("␠×{}", run.len())),
            run => pieces.extend(run.iter().map(|c| if *c == '\t' { "⇥" } else { " " }.to_owned())),
        }
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n')
}

/// What is drawn for a character that shows nothing of itself, or looks like a common blank and is none.
fn unseen(c: char) -> Option<String> {
    let drawn = visible(c.encode_utf8(&mut [0; 4]));
    if drawn.chars().ne([c]) {
        return Some(drawn);
    }
    let shapeless = c.is_whitespace()
        || matches!(c,
            '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0080}'..='\u{e0fff}');
    shapeless.then(|| format!("\\u{{{:x}}}", c as u32))
}

#[cfg(test)]
mod tests {
    use super::{lines, show};
    use serde_json::{Value, json};

    fn shown(detail: &Value) -> String {
        let mut out = Vec::new();
        show(&mut out, detail, 80).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn blanks_and_shapeless_characters_hide_nothing() {
        for (text, want) in [
            ("ls -l", "ls -l"),
            ("a       b", "a       b"),
            ("a        b", "a␠×8b"),
            ("a\tb", "a⇥b"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{200b}\u{200b}b", "a\\u{200b}\\u{200b}b"),
            ("a\u{a0}b", "a\\u{a0}b"),
            ("a\u{3164}b", "a\\u{3164}b"),
            ("a\u{e0041}b", "a\\u{e0041}b"),
            ("a\u{e0100}b", "a\\u{e0100}b"),
            ("a\x1b[2Jb\rc\0", "a\\u{1b}[2Jb\\u{d}c\\u{0}"),
            ("größe ✓", "größe ✓"),
        ] {
            assert_eq!(lines(text, 80).concat(), want, "{text:?}");
        }
        for padding in [" ".repeat(300), "\t".repeat(300), " \t".repeat(150)] {
            assert_eq!(lines(&format!("ls{padding}; rm -r x"), 80), ["ls␠×300; rm -r x"]);
        }
        assert_eq!(lines(&format!("ls{}rm", "\u{200b}".repeat(300)), 80), ["ls\\u{200b}×300rm"]);
        // A screen of empty lines, and one of lines that only look it.
        assert_eq!(lines(&format!("ls{}rm", "\n".repeat(300)), 80), ["ls⏎×300", "rm"]);
        assert_eq!(lines(&format!("ls{}rm", " \n".repeat(300)), 80), ["ls␠×300⏎×300", "rm"]);
    }

    #[test]
    fn a_long_command_is_whole() {
        let command: String = (0..2_000).map(|n| format!("word{n:05} ")).collect();
        assert_eq!(command.chars().count(), 20_000);
        let wrapped = lines(&command, 80);
        assert_eq!(wrapped.concat(), command);
        assert!(wrapped.iter().all(|line| line.chars().count() <= 76));
        let out = shown(&json!({ "act": { "command": command, "cwd": "/srv" } }));
        assert!(out.starts_with("  act.command, 20000 characters:\n    word00000 word00001 "), "{out}");
        assert!(out.ends_with("  act.cwd  /srv\n"), "{out}");
    }

    #[test]
    fn lines_of_the_text_stay_lines() {
        assert_eq!(lines("one\ntwo\n", 80), ["one⏎", "two⏎"]);
        assert_eq!(lines("", 80), [""]);
        assert_eq!(lines(&"漢".repeat(40), 24), vec!["漢".repeat(10); 4], "a wide character counts as two");
        assert_eq!(lines("abc", 0), ["abc"]);
    }

    #[test]
    fn every_value_stands_under_its_name() {
        let detail = json!({
            "argv": ["git", ""], "env": {}, "none": null, "label": "", "in": { "none": null }, "count": 3, "a\u{202e}b": true,
        });
        let want = "  a\\u{202e}b  true\n  argv.0  git\n  argv.1  \n  count  3\n  env  {}\n  in.none  null\n";
        let mut got: Vec<_> = shown(&detail).lines().map(str::to_owned).collect();
        got.sort();
        assert_eq!(got.join("\n") + "\n", want);
        assert_eq!(shown(&json!({})), "");
    }
}
