//! Small pieces that several pages show.

use maud::{Markup, html};

/// A moment, in full where one points at it and short where one reads. UTC, as everywhere in Keep.
pub(super) fn moment(at: &str) -> Markup {
    let short = at.get(..16).unwrap_or(at).replace('T', " ");
    html! { time datetime=(at) title=(at) { (short) } }
}

/// A word in a colour that says how much to mind it; the word alone says it, too.
pub(super) fn badge(word: &str) -> Markup {
    let tone = match word {
        "ok" | "pass" | "allow" | "done" | "outcome" | "approved" | "used" | "low" | "anchored" => "good",
        "warn" | "ask" | "waiting" | "medium" | "high" | "intent" | "unanchored" | "locked" => "mind",
        "fail" | "deny" | "denied" | "critical" | "failed" | "mismatch" | "broken" | "abandoned" => "bad",
        _ => "plain",
    };
    html! { span class={ "badge " (tone) } { (word) } }
}

/// Text from anywhere, with what moves the reading direction or hides written out.
pub(super) fn visible(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c,
                '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if hidden(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// A JSON value as a person reads it.
pub(super) fn json(value: &serde_json::Value) -> Markup {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    html! { pre { (visible(&text)) } }
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn nothing_hides() {
        assert_eq!(visible("rm\u{202e}x\n\u{1b}[1m"), "rm\\u{202e}x\n\\u{1b}[1m");
    }
}
