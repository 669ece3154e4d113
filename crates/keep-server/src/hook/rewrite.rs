//! A command as it is run through `keep sh`, and that command again.

/// How this program is called by an agent's shell.
#[derive(Clone, Debug)]
pub struct Through {
    begins: String,
}

impl Through {
    /// The program, with where its installation lies where that is not the usual place, and with the file of the
    /// agent's token where it has one.
    #[must_use]
    pub fn new(program: &str, home: Option<&str>, token_file: Option<&str>) -> Self {
        Self { begins: format!("{} sh -c ", called(program, home, token_file)) }
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

/// The beginning of a line that calls the program.
pub(crate) fn called(program: &str, home: Option<&str>, token_file: Option<&str>) -> String {
    let flag = |name, value: Option<&str>| value.map(|value| format!(" {name} {}", quoted(value)));
    let flags = [flag("--home", home), flag("--token-file", token_file)];
    quoted(program) + &flags.into_iter().flatten().collect::<String>()
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
        let through = Through::new("/opt/keep's/keep", Some("/srv/a home"), Some("/home/ann/a.token"));
        assert!(
            through
                .rewrite("ls")
                .contains(" --home '/srv/a home' --token-file '/home/ann/a.token' sh -c 'ls'")
        );
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
