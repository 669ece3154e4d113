//! A reader for git's configuration files, for the few settings that matter here. Included files are
//! not followed; that there are any is told.

/// One `key = value` of a configuration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The section, in lower case.
    pub(crate) section: String,
    /// What stands in quotes behind it.
    pub(crate) subsection: Option<Vec<u8>>,
    /// The key, in lower case.
    pub(crate) key: String,
    /// None for a key alone, which means "true".
    pub(crate) value: Option<Vec<u8>>,
}

impl Setting {
    pub(crate) fn is(&self, section: &str, key: &str) -> bool {
        self.subsection.is_none() && self.section == section && self.key == key
    }

    pub(crate) fn is_true(&self) -> bool {
        let Some(value) = &self.value else { return true };
        [&b"true"[..], b"yes", b"on", b"1"].iter().any(|word| value.eq_ignore_ascii_case(word))
    }
}

/// Reads a configuration file as git does.
///
/// # Errors
/// With the line, from 1, at which it stops being one.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<Setting>, usize> {
    let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut reader = Reader { bytes, at, line: 1 };
    let mut settings = Vec::new();
    // Git takes settings before the first section, and makes nothing of them.
    let mut section: (String, Option<Vec<u8>>) = (String::new(), None);
    loop {
        let line = reader.line;
        match reader.next() {
            None => return Ok(settings),
            Some(b'#' | b';') => reader.skip_comment(),
            Some(b'[') => section = reader.section().ok_or(line)?,
            Some(first) if first.is_ascii_alphabetic() => {
                let (section, subsection) = section.clone();
                let (key, value) = reader.setting(first).ok_or(line)?;
                settings.push(Setting { section, subsection, key, value });
            }
            Some(byte) if byte.is_ascii_whitespace() => {}
            Some(_) => return Err(line),
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl Reader<'_> {
    /// The next byte, with CR LF as one LF.
    fn next(&mut self) -> Option<u8> {
        if self.bytes[self.at..].starts_with(b"\r\n") {
            self.at += 1;
        }
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        self.line += usize::from(byte == b'\n');
        Some(byte)
    }

    fn skip_comment(&mut self) {
        while self.next().is_some_and(|b| b != b'\n') {}
    }

    /// What follows a `[`: `name]` or `name "subsection"]`.
    fn section(&mut self) -> Option<(String, Option<Vec<u8>>)> {
        let mut name = String::new();
        let mut byte = self.next()?;
        while byte.is_ascii_alphanumeric() || b"-.".contains(&byte) {
            name.push(char::from(byte.to_ascii_lowercase()));
            byte = self.next()?;
        }
        if name.is_empty() {
            return None;
        }
        if byte == b']' {
            return Some((name, None));
        }
        while byte == b' ' || byte == b'\t' {
            byte = self.next()?;
        }
        let mut subsection = Vec::new();
        (byte == b'"').then_some(())?;
        loop {
            match self.next()? {
                b'"' => break,
                b'\\' => subsection.push(self.next().filter(|b| *b != b'\n')?),
                b'\n' => return None,
                byte => subsection.push(byte),
            }
        }
        (self.next()? == b']').then_some((name, Some(subsection)))
    }

    fn setting(&mut self, first: u8) -> Option<(String, Option<Vec<u8>>)> {
        let mut key = String::from(char::from(first.to_ascii_lowercase()));
        let mut byte = self.next();
        while let Some(part) = byte.filter(|b| b.is_ascii_alphanumeric() || *b == b'-') {
            key.push(char::from(part.to_ascii_lowercase()));
            byte = self.next();
        }
        while matches!(byte, Some(b' ' | b'\t')) {
            byte = self.next();
        }
        match byte {
            None | Some(b'\n') => Some((key, None)),
            Some(b'=') => Some((key, Some(self.value()?))),
            Some(_) => None,
        }
    }

    /// Up to the line's end or a comment, without the blanks around it; quotes keep blanks and comments.
    fn value(&mut self) -> Option<Vec<u8>> {
        let (mut value, mut end, mut quoted) = (Vec::new(), 0, false);
        loop {
            match self.next() {
                None | Some(b'\n') if quoted => return None,
                None | Some(b'\n') => break,
                Some(b'#' | b';') if !quoted => {
                    self.skip_comment();
                    break;
                }
                Some(b'"') => quoted = !quoted,
                Some(byte @ (b' ' | b'\t' | b'\r')) if !quoted => {
                    if !value.is_empty() {
                        value.push(byte);
                    }
                    continue;
                }
                // The end of the file ends its last line, as it does for git.
                Some(b'\\') => match self.next().unwrap_or(b'\n') {
                    b'\n' => continue,
                    b'n' => value.push(b'\n'),
                    b't' => value.push(b'\t'),
                    b'b' => value.push(8),
                    byte @ (b'"' | b'\\') => value.push(byte),
                    _ => return None,
                },
                Some(byte) => value.push(byte),
            }
            end = value.len();
        }
        value.truncate(end);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<Vec<String>, usize> {
        let text_of = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
        let show = |s: &Setting| {
            let subsection =
                s.subsection.as_ref().map(|name| format!(" {}", text_of(name))).unwrap_or_default();
            let value = s.value.as_ref().map(|value| format!("={}", text_of(value))).unwrap_or_default();
            format!("{}{subsection}.{}{value}", s.section, s.key)
        };
        parse(text.as_bytes()).map(|settings| settings.iter().map(show).collect())
    }

    #[test]
    fn settings_are_read_as_git_does() {
        for (text, expected) in [
            ("", &[][..]),
            ("[core]\n\tbare = false\n", &["core.bare=false"]),
            ("\u{feff}[CORE]hooksPath=x\r\nY\r\n", &["core.hookspath=x", "core.y"]),
            ("[a]b = c d \t# no\n; no\n[e \"F\\\"g\"]\nh=i;no", &["a.b=c d", "e F\"g.h=i"]),
            ("[a]b = \" c # \" d\n c=\\\"x\\t\\\\\n", &["a.b= c #  d", "a.c=\"x\t\\"]),
            ("[a]b = one \\\n two\n\n", &["a.b=one  two"]),
            ("[a]b =\n[a.B]c-1", &["a.b=", "a.b.c-1"]),
            ("a=b", &[".a=b"]),
            ("[a]b=c\\", &["a.b=c"]),
        ] {
            let expected = expected.iter().map(ToString::to_string).collect();
            assert_eq!(shown(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn what_git_refuses_is_refused_with_its_line() {
        for (text, line) in [
            ("[]", 1),
            ("[a]\n=b", 2),
            ("[a\nb=c", 1),
            ("\n[a \"b]\n", 2),
            ("[a]\nb = \"c\n", 2),
            ("[a]\nb = \\x\n", 2),
            ("[a]\nb c\n", 2),
            ("[a]\nb # c\n", 2),
        ] {
            assert_eq!(shown(text), Err(line), "{text:?}");
        }
    }

    #[test]
    fn truth_has_several_words() {
        for (text, expected) in [("[a]b", true), ("[a]b=Yes", true), ("[a]b=0", false), ("[a]b=", false)] {
            assert_eq!(parse(text.as_bytes()).unwrap()[0].is_true(), expected, "{text}");
        }
    }
}
