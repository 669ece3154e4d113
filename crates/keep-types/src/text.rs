//! Text from anywhere, as a person sees all of it.

/// Whether a letter shows nothing, or moves what is shown: controls, marks of direction, letters without a width
/// and letters that are blank. Line breaks and tabs are controls, too; whoever shows text knows what they do there.
#[must_use]
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Text with everything that hides written out (`\u{202e}`); line breaks and tabs stay. What is visible stays as it
/// is, so doing it twice changes nothing.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) && letter != '\n' && letter != '\t' {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides() {
        assert_eq!(visible("rm\u{202e}x\n\u{1b}[1m"), "rm\\u{202e}x\n\\u{1b}[1m");
        for blank in
            ['\u{115f}', '\u{1160}', '\u{2800}', '\u{3164}', '\u{ffa0}', '\u{200b}', '\u{2066}', '\u{e0041}']
        {
            let shown = visible(&format!("a{blank}b"));
            assert_eq!(shown, format!("a{}b", blank.escape_unicode()));
            assert_eq!(visible(&shown), shown);
        }
        assert_eq!(visible("日本 ❤\u{fe0f} ü ✓\t"), "日本 ❤\u{fe0f} ü ✓\t");
    }
}
