//! The marks that chats with models are put together from, and pictures that carry data away.

use super::Orders;

/// Marks that no note needs. Written in two parts each, so that this file does not hold them.
const ANYWHERE: &[(&str, &str)] = &[
    ("<|", "im_start|>"),
    ("<|", "im_end|>"),
    ("<|", "im_sep|>"),
    ("<|", "system|>"),
    ("<|", "user|>"),
    ("<|", "assistant|>"),
    ("<|", "endoftext|>"),
    ("<|", "start_header_id|>"),
    ("<|", "eot_id|>"),
    ("<|", "begin_of_text|>"),
    ("<|", "channel|>"),
    ("<|", "endofprompt|>"),
    ("[", "/inst]"),
    ("<<", "sys>>"),
    ("<</", "sys>>"),
    ("<start_of", "_turn>"),
    ("<end_of", "_turn>"),
    ("<function", "_calls>"),
    ("</function", "_calls>"),
    ("<function", "_results>"),
    ("<tool", "_call>"),
    ("</tool", "_call>"),
    ("<tool", "_result>"),
    ("</tool", "_result>"),
    ("<tool", "_response>"),
    ("</tool", "_response>"),
    ("<system", "-reminder>"),
    ("</system", "-reminder>"),
    ("<system", "_prompt>"),
    ("</system", "_prompt>"),
    ("</system", ">"),
    ("<｜begin", "▁of▁sentence｜>"),
    ("<｜user", "｜>"),
    ("<｜assistant", "｜>"),
];

/// Marks that count at the beginning of a line only: elsewhere people write about them.
const AT_LINE: &[(&str, &str)] = &[
    ("<system", ">"),
    ("[inst", "]"),
    ("[system", "]"),
    ("### instruction", ":"),
    ("### system", ":"),
    ("### response", ":"),
    ("### assistant", ":"),
    ("system prompt", ":"),
    ("<assistant", ">"),
    ("<user", ">"),
    ("<human", ">"),
    ("new system message", ":"),
];

pub(super) fn find(text: &str) -> Option<Orders> {
    let small = text.to_ascii_lowercase();
    let imitates = |start: usize, end: usize| {
        Some(Orders { why: "it imitates the marks of a system, a tool or another speaker", start, end })
    };
    if small.contains(['<', '[', '#', ':']) {
        for (head, tail) in ANYWHERE {
            for (at, _) in small.match_indices(head) {
                if small[at + head.len()..].starts_with(tail) {
                    return imitates(at, at + head.len() + tail.len());
                }
            }
        }
        let mut line_start = 0;
        for line in small.split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            for (head, tail) in AT_LINE {
                if line[indent..].strip_prefix(head).is_some_and(|rest| rest.starts_with(tail)) {
                    let start = line_start + indent;
                    return imitates(start, start + head.len() + tail.len());
                }
            }
            line_start += line.len();
        }
    }
    turns(&small).and_then(|(start, end)| imitates(start, end)).or_else(|| picture(text))
}

/// A conversation's turn inside a text: a line that begins a person's turn and, later, one that begins the
/// model's. Either alone is an ordinary word.
fn turns(small: &str) -> Option<(usize, usize)> {
    let person = ["\nhuman:", "\nuser:"].iter().find_map(|turn| small.find(turn))?;
    let model =
        ["\nassistant:", "\nai:"].iter().find_map(|turn| Some(small[person..].find(turn)? + person))?;
    Some((person + 1, model + "\nai:".len()))
}

/// A picture in Markdown whose address has room for what the reader knows: whoever shows it sends it.
fn picture(text: &str) -> Option<Orders> {
    text.match_indices("![").find_map(|(start, _)| {
        let rest = &text[start..];
        let open = rest.find("](http")?;
        let address = &rest[open + 2..];
        let address = &address[..address
            .find(')')
            .unwrap_or(address.len())
            .min(address.ceil_char_boundary(2048.min(address.len())))];
        let (_, query) = address.split_once('?')?;
        let has_room =
            ["={", "=[", "=<", "=$", "=%7B", "=%7b", "=%5B", "=%5b"].iter().any(|room| query.contains(room));
        let why = "it asks for a picture whose address would carry data away";
        has_room.then(|| Orders { why, start, end: start + open + 2 + address.len() })
    })
}
