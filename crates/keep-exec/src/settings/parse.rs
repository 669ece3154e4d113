//! A file of git's settings, as far as it is plain.

/// Longer is nobody's settings.
const MOST_BYTES: usize = 1 << 20;

/// One setting. Names of sections and keys are in lower case, as git compares them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) section: String,
    /// The part of a section's name that is in quotes.
    pub(super) part: Option<String>,
    pub(super) key: String,
    /// None for a key that stands alone, which is true.
    pub(super) value: Option<String>,
}

impl Entry {
    /// The setting's name, for a person.
    pub(super) fn name(&self) -> String {
        match &self.part {
            Some(part) => format!("{}.{part}.{}", self.section, self.key),
            None => format!("{}.{}", self.section, self.key),
        }
    }
}

/// All settings of a file in their order, or which line is not plain.
pub(super) fn entries(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    if bytes.len() > MOST_BYTES {
        return Err("it is too long".to_owned());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
    let mut found = Vec::new();
    let mut section: Option<(String, Option<String>)> = None;
    for (number, line) in text.split('\n').enumerate() {
        let odd = |what: &str| format!("line {}: {what}", number + 1);
        // A line that goes on in the next one, and bytes that editors do not show.
        if line.ends_with('\\') || line.chars().any(|c| c.is_control() && c != '\t' || c == '\u{feff}') {
            return Err(odd("it is not plain"));
        }
        let line = line.trim_matches([' ', '\t']);
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with('[') {
            section = Some(heading(line).ok_or_else(|| odd("no plain heading"))?);
            continue;
        }
        let (section, part) = section.clone().ok_or_else(|| odd("it stands before every heading"))?;
        let (key, value) = setting(line).ok_or_else(|| odd("no plain setting"))?;
        found.push(Entry { section, part, key, value });
    }
    Ok(found)
}

/// `[section]` or `[section "part"]` and nothing behind.
fn heading(line: &str) -> Option<(String, Option<String>)> {
    let inside = line.strip_prefix('[')?.strip_suffix(']')?;
    let (name, part) = match inside.split_once(" \"") {
        None => (inside, None),
        Some((name, part)) => {
            let part = part.strip_suffix('"')?;
            if part.contains(['"', '\\', ']']) {
                return None;
            }
            (name, Some(part.to_owned()))
        }
    };
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    plain.then(|| (name.to_ascii_lowercase(), part))
}

/// `key = value`, or a key alone.
fn setting(line: &str) -> Option<(String, Option<String>)> {
    let (key, value) = match line.split_once('=') {
        None => (line, None),
        Some((key, value)) => {
            (key.trim_end_matches([' ', '\t']), Some(plain(value.trim_matches([' ', '\t']))?))
        }
    };
    let named = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    named.then(|| (key.to_ascii_lowercase(), value))
}

/// A value that is the same to every reader: without a comment behind it, and in quotes as a whole or not at all.
fn plain(value: &str) -> Option<String> {
    match value.strip_prefix('"') {
        None => (!value.contains(['"', '\\', '#', ';'])).then(|| value.to_owned()),
        Some(rest) => {
            let inside = rest.strip_suffix('"')?;
            let mut out = String::new();
            let mut letters = inside.chars();
            while let Some(letter) = letters.next() {
                match letter {
                    '"' => return None,
                    '\\' => match letters.next()? {
                        escaped @ ('"' | '\\') => out.push(escaped),
                        't' => out.push('\t'),
                        'n' => out.push('\n'),
                        _ => return None,
                    },
                    letter => out.push(letter),
                }
            }
            Some(out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_files_are_read_as_git_reads_them() {
        let text = "# mine\n[core]\n\tbare = false\n\tFileMode\n[remote \"Origin\"]\n\turl = https://example.org/a b\n[alias]\n  x = \"!f() { \\\"a\\\"; }\"\n";
        let shown: Vec<String> = entries(text.as_bytes())
            .unwrap()
            .iter()
            .map(|one| format!("{}={}", one.name(), one.value.as_deref().unwrap_or("?")))
            .collect();
        assert_eq!(
            shown,
            [
                "core.bare=false",
                "core.filemode=?",
                "remote.Origin.url=https://example.org/a b",
                "alias.x=!f() { \"a\"; }"
            ]
        );
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in [
            "bare = false\n",
            "[core] bare = false\n",
            "[core]\n\tbare = a\\\n b\n",
            "[core]\r\n\tbare = true\r\n",
            "\u{feff}[core]\n",
            "[core]\n\tx = a ; b\n",
            "[core]\n\tx = a # b\n",
            "[core]\n\tx = a \"b\" c\n",
            "[core]\n\tx = \"a\" b\n",
            "[core]\n\tx = \"a\n",
            "[core]\n\tx = \"a\\\"\n",
            "[remote.origin]\n\turl = x\n",
            "[remote \"a\\\"b\"]\n\turl = x\n",
            "[remote \"a\"] # x\n\turl = x\n",
            "[remote  \"a\"]\n\turl = x\n",
            "[core\n\tx = y\n",
            "[core]\n\t1x = y\n",
            "[core]\n\tx y\n",
            "[core]\n\tx\0 = y\n",
        ] {
            assert!(entries(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
