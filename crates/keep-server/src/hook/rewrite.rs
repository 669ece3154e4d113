//! A command as it is run through `keep sh`, and that command again.

/// How this program is called by an agent's shell.
#[derive(Clone, Debug)]
pub struct Through {
    begins: String,
}

impl Through {
    /// The program, with the file of the agent's token where it has one.
    #[must_use]
    pub fn new(program: &str, token_file: Option<&str>) -> Self {
        let token = token_file.map(|file| format!(" --token-file {}", quoted(file))).unwrap_or_default();
        Self { begins: format!("{}{token} sh -c ", quoted(program)) }
    }

    /// The line that runs this one through `keep sh`.
    #[must_use]
    pub fn rewrite(&self, line: &str) -> String {
        format!("{}{}", self.begins, quoted(line))
    }

    /// The line that such a line runs: agents repeat what they saw. Nothing may stand behind it.
    #[must_use]
    pub fn line(&self, command: &str) -> Option<String> {
        let inner = command.trim().strip_prefix(&self.begins)?;
        let line = inner.strip_prefix('\'')?.strip_suffix('\'')?.replace("'\\''", "'");
        (quoted(&line) == inner).then_some(line)
    }
}

/// A word that a shell takes as it is. Agents give lines to one; there is no other form.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::Through;

    #[test]
    fn a_line_is_found_again_and_nothing_else_is() {
        let through = Through::new("/opt/keep's/keep", Some("/home/ann/a.token"));
        for line in ["ls", "echo 'a b' \"c\"", "it's", "'", "", "a\nb"] {
            let rewritten = through.rewrite(line);
            assert_eq!(through.line(&rewritten).as_deref(), Some(line), "{rewritten}");
        }
        let rewritten = through.rewrite("ls");
        for other in [
            format!("{rewritten}; rm -rf /"),
            format!("{rewritten} && 'x'"),
            format!("{rewritten}''"),
            rewritten.replace("'ls'", "'ls'; echo 'x'"),
            "keep sh -c 'ls'".into(),
            "ls".into(),
        ] {
            assert_eq!(through.line(&other), None, "{other}");
        }
    }
}
