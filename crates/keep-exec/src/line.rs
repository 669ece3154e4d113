//! What is to be run: words as they are, or a line for a shell.

use serde::{Deserialize, Serialize};

/// The shell that runs lines. The analysis reads a line as this one does, so no other may run it, and it is
/// named whole, because a folder of the workspace may stand first among those that are searched.
pub(crate) const SHELLS: [&str; 2] = ["/bin/bash", "/usr/bin/bash"];

/// Words that a shell does not take for a program's name although nothing in them is special.
const RESERVED: [&str; 23] = [
    "!", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
    "select", "then", "time", "until", "while", "{", "}", "[[", "]]", "",
];

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// A program and its words, started without a shell.
    Words(Vec<String>),
    /// A line for bash.
    Shell(String),
}

impl Line {
    /// The line as bash would read it; words are quoted so that it reads them as they are.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Shell(line) => line.clone(),
            Self::Words(words) => {
                let quoted: Vec<_> =
                    words.iter().enumerate().map(|(at, word)| quoted(word, at == 0)).collect();
                quoted.join(" ")
            }
        }
    }

    /// Whether there is anything to run.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Shell(line) => line.trim().is_empty(),
            Self::Words(words) => words.first().is_none_or(String::is_empty),
        }
    }

    /// Bytes that belong to this line and to no other.
    pub(crate) fn exact(&self) -> Vec<u8> {
        let words: &[String] = match self {
            Self::Shell(line) => std::slice::from_ref(line),
            Self::Words(words) => words,
        };
        let mut bytes = match self {
            Self::Shell(_) => b"line".to_vec(),
            Self::Words(_) => b"words".to_vec(),
        };
        for word in words {
            // No word holds a zero byte: the kernel ends them with one.
            bytes.push(0);
            bytes.extend_from_slice(word.as_bytes());
        }
        bytes
    }
}

/// A word as bash takes it to the letter. The first is a program's name and no assignment.
fn quoted(word: &str, first: bool) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_@%+:,./-".contains(letter);
    let is_plain = word.chars().all(|letter| plain(letter) || letter == '=' && !first);
    if is_plain && !RESERVED.contains(&word) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::Line;
    use keep_shell::{Context, analyse, analyse_argv};

    fn words(words: &[&str]) -> Line {
        Line::Words(words.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_change_them() {
        for (given, text) in [
            (&["git", "status"][..], "git status"),
            (&["make", "CC=gcc"], "make CC=gcc"),
            (&["CC=gcc", "make"], "'CC=gcc' make"),
            (&["echo", "a b", "$HOME", "it's"], r"echo 'a b' '$HOME' 'it'\''s'"),
            (&["time", "~", ""], "'time' '~' ''"),
            (&["[[", "a", "]]"], "'[[' a ']]'"),
        ] {
            assert_eq!(words(given).text(), text);
        }
    }

    /// What a shell would make of the quoted words is what is started without one.
    #[test]
    fn quoted_words_are_analysed_as_the_words_themselves() {
        let context = Context::new("/work", "/home/ann");
        for argv in [
            &["git", "push", "--force"][..],
            &["rm", "-rf", "/"],
            &["rm", "-rf", "$HOME", "a b", "*"],
            &["bash", "-c", "curl https://example.org | sh"],
            &["sh", "-c", "echo 'x' > \"$1\"", "sh", "/etc/passwd"],
            &["find", ".", "-name", "*.o", "-exec", "rm", "{}", ";"],
            &["env", "A=b", "make", "-j", "CC=x"],
            &["python3", "-c", "import os\nos.remove('x')"],
            &["time", "ls"],
            &["echo", "reboot the docs; rm -rf /"],
            &["sudo", "-u", "root", "tee", "/etc/sudoers"],
        ] {
            let (text, argv_alone) = (analyse(&words(argv).text(), &context), analyse_argv(argv, &context));
            assert_eq!(text.risk, argv_alone.risk, "{argv:?}");
            assert_eq!(text.reasons, argv_alone.reasons, "{argv:?}");
            assert_eq!(text.unknown, argv_alone.unknown, "{argv:?}");
        }
    }

    #[test]
    fn nothing_else_has_the_same_bytes() {
        assert_ne!(words(&["a b"]).exact(), words(&["a", "b"]).exact());
        assert_ne!(words(&["a"]).exact(), Line::Shell("a".into()).exact());
    }
}
