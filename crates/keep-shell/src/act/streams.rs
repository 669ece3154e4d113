//! Programs whose output is known when their input is: what a later shell would read.

use super::Act;
use super::apply::Used;
use crate::reduce::{Flow, is_plain};
use crate::word::{Sort, Word};

impl Act<'_, '_> {
    pub(crate) fn echo(&mut self) -> Flow {
        let mut words = &self.argv[1..];
        let (mut line, mut escapes) = (true, false);
        while let Some(flag) = words.first().and_then(Word::as_known) {
            if flag.len() < 2
                || !flag.starts_with('-')
                || flag[1..].contains(|c| !matches!(c, 'n' | 'e' | 'E'))
            {
                break;
            }
            line &= !flag.contains('n');
            escapes |= flag.contains('e');
            words = &words[1..];
        }
        let network = words.iter().any(|word| word.from_network);
        let plain = words.len() == 1 && (words[0].plain || words[0].as_known().is_some_and(is_plain));
        let names = match words {
            [word] if word.sort == Sort::Pattern => vec![word.text.clone()],
            _ => Vec::new(),
        };
        let known = words.iter().all(|word| word.sort == Sort::Known && !word.several);
        // Escapes differ between shells; a text with any is not followed.
        let odd = words.iter().any(|word| word.text.contains('\\')) && escapes;
        if !known || odd {
            return Flow { network, plain, names, ..Flow::unknown() };
        }
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let text = texts.join(" ") + if line { "\n" } else { "" };
        Flow { network, plain, ..Flow::of(text) }
    }

    pub(crate) fn printf(&mut self) -> Flow {
        let words = &self.argv[1..];
        let network = words.iter().any(|word| word.from_network);
        if let [flag, name, ..] = words
            && flag.text == "-v"
        {
            let name = name.clone();
            self.reducer.subscripts(&name, self.shell);
            self.shell.set(&name.text, crate::reduce::Value::Unknown);
            return Flow::of("");
        }
        let known = words.iter().all(|word| word.sort == Sort::Known && !word.several);
        let text = match words {
            [format] if known && !format.text.contains('%') => Some(format.text.clone()),
            [format, rest @ ..] if known && matches!(format.text.as_str(), "%s" | "%s\\n") => {
                let end = if format.text == "%s" { "" } else { "\n" };
                Some(rest.iter().map(|word| format!("{}{end}", word.text)).collect())
            }
            _ => None,
        };
        match text {
            Some(text) => Flow { network, ..Flow::of(crate::word::pieces::ansi(&text)) },
            None => Flow { network, ..Flow::unknown() },
        }
    }

    /// `cat` without files, or `tee`: what came in goes out.
    pub(crate) fn cat(&mut self, used: &Used) -> Flow {
        let passes = used.operands.iter().all(|word| word.text == "-") || used.title == "tee";
        let numbered = used
            .flags
            .iter()
            .any(|(flag, _)| matches!(*flag, "-n" | "-b" | "-A" | "-v" | "-e" | "-t" | "-E" | "-T"));
        if passes && !numbered {
            return Flow { given: true, ..self.stdin.clone() };
        }
        let fetched = used.operands.iter().any(|word| self.reducer.fetched.contains(&word.text));
        let stream = used.operands.iter().any(|word| word.from_network);
        Flow { network: self.stdin.network || fetched || stream, ..Flow::unknown() }
    }

    pub(crate) fn pwd(&mut self) -> Flow {
        match self.shell.folders.as_slice() {
            [Some(folder)] => Flow::of(format!("{folder}\n")),
            _ => Flow::unknown(),
        }
    }

    /// `base64 -d`: decoded where the input is known, marked otherwise.
    pub(crate) fn decode(&mut self, used: &Used) -> Flow {
        let decodes = ["-d", "-D", "--decode"].iter().any(|flag| used.has(flag));
        let network = self.stdin.network;
        let text = self.stdin.text.as_deref().filter(|_| used.operands.is_empty());
        match text {
            Some(text) if decodes => match base64(text) {
                Some(text) => Flow { network, ..Flow::of(text) },
                None => Flow { network, decoded: true, ..Flow::unknown() },
            },
            _ => Flow { network, decoded: decodes, ..Flow::unknown() },
        }
    }

    pub(crate) fn dirname(&mut self, used: &Used) -> Flow {
        let Some(text) = used.operands.first().and_then(Word::as_known) else {
            return Flow { plain: used.title == "basename", ..Flow::unknown() };
        };
        let text = text.trim_end_matches('/');
        let made = if used.title == "dirname" {
            match text.rfind('/') {
                Some(0) => "/",
                Some(at) => &text[..at],
                None => ".",
            }
        } else {
            let name = text.rsplit('/').next().unwrap_or(text);
            used.operands.get(1).and_then(|end| name.strip_suffix(end.text.as_str())).unwrap_or(name)
        };
        if text.is_empty() { Flow::unknown() } else { Flow::of(format!("{made}\n")) }
    }
}

/// Standard base64, blanks ignored.
fn base64(text: &str) -> Option<String> {
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::new());
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    String::from_utf8(out).ok()
}
