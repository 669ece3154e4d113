use crate::pattern::PatternError;
use keep_types::{ErrorKind, Explain};
use std::fmt;
use std::path::PathBuf;

/// A spot in a rule file; lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as its source names it.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A file's text by lines, to turn offsets into places: asked once for each entry, counting from the top each time
/// would be slow.
pub struct Lines<'a> {
    file: &'a str,
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// The lines of a file's text.
    #[must_use]
    pub fn of(file: &'a str, text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { file, text, starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    /// The spot at a byte offset.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let before = &self.text.as_bytes()[self.starts[line - 1]..offset];
        // Continuation bytes don't start a character; counting the others survives a bad offset.
        let column = before.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() + 1;
        Place { file: self.file.to_owned(), line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Why a policy did not load. There is no partial policy: one wrong rule and nothing is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The folder or a file in it cannot be read.
    #[error("reading the rules at {path}")]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A rule file that somebody else can change.
    #[error("{path} can be changed by others (mode {mode:03o})")]
    Writable {
        /// The folder or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file over the limit.
    #[error("{file} is {size_bytes} bytes long, over the limit of {limit_bytes}")]
    TooLarge {
        /// The file.
        file: String,
        /// Its size.
        size_bytes: u64,
        /// The limit.
        limit_bytes: usize,
    },
    /// More files, rules or list entries than allowed.
    #[error("{file} brings the number of {what} to {count}, over the limit of {limit}")]
    TooMany {
        /// The file, with its line where it is a list.
        file: String,
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// How many at most.
        limit: usize,
    },
    /// Not TOML.
    #[error("{place}: not valid TOML: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser said.
        message: String,
    },
    /// A key that nothing reads.
    #[error("{place}: unknown key {key:?}")]
    UnknownKey {
        /// Where.
        place: Place,
        /// The key.
        key: String,
        /// The nearest known key.
        suggestion: Option<&'static str>,
    },
    /// A key that must be there and is not.
    #[error("{place}: the rule lacks `{key}`")]
    Missing {
        /// Where the rule starts.
        place: Place,
        /// The key.
        key: &'static str,
    },
    /// A value of another type.
    #[error("{place}: `{key}` must be {wanted}, this is {found}")]
    WrongType {
        /// Where.
        place: Place,
        /// The key.
        key: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A value of the right type that means nothing.
    #[error("{place}: `{key}` is malformed: {message}")]
    Malformed {
        /// Where.
        place: Place,
        /// The key.
        key: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A pattern that is none.
    #[error("{place}: `{key}` holds something that is no pattern")]
    Pattern {
        /// Where.
        place: Place,
        /// The key.
        key: &'static str,
        /// What is wrong.
        #[source]
        source: PatternError,
    },
    /// Two rules of one file with one id.
    #[error("{place}: the id {id} is taken by the rule in line {first_line}")]
    DuplicateId {
        /// Where the second is.
        place: Place,
        /// The id.
        id: String,
        /// Where the first is.
        first_line: usize,
    },
    /// A project's file that allows something.
    #[error("{place}: rule {id} allows something, and a project's own rules may only ask or deny")]
    ProjectAllows {
        /// Where.
        place: Place,
        /// The rule.
        id: String,
    },
    /// A rule that would hold up the emergency stop.
    #[error("{place}: rule {id} names gate.stop, which stays open to everybody")]
    RestrictsStop {
        /// Where.
        place: Place,
        /// The rule.
        id: String,
    },
    /// An example that does not say by which way the request came, in a rule that depends on it.
    #[error("{place}: rule {id} names channels, so its example {example:?} must name one too")]
    ExampleWithoutChannel {
        /// Where.
        place: Place,
        /// The rule.
        id: String,
        /// The example.
        example: String,
    },
    /// A `match` example that the rule does not match.
    #[error("{place}: rule {id} does not match its own example {example:?}: {mismatch} differs")]
    ExampleMissed {
        /// Where.
        place: Place,
        /// The rule.
        id: String,
        /// The example.
        example: String,
        /// Which part of the rule turns it away.
        mismatch: &'static str,
    },
    /// A `not_match` example that the rule does match.
    #[error("{place}: rule {id} matches {example:?}, which it says it does not")]
    ExampleCaught {
        /// Where.
        place: Place,
        /// The rule.
        id: String,
        /// The example.
        example: String,
    },
}

impl Explain for PolicyError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::Read { .. } => ErrorKind::Unavailable,
            Self::Writable { .. } => ErrorKind::Denied,
            _ => ErrorKind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Writable { path, .. } => format!("run `chmod go-w {}`", path.display()),
            Self::UnknownKey { suggestion: Some(known), .. } => format!("did you mean `{known}`?"),
            Self::UnknownKey { suggestion: None, .. } => {
                "a rule has id, decision, principals, actions, except_actions, namespaces, channels, \
                 min_risk, max_risk, reason, match and not_match"
                    .to_owned()
            }
            Self::Missing { key: "match", .. } => {
                "every rule shows at least one act that it matches, such as \
                 `match = [\"agent:claude memory.write project:demo medium\"]`"
                    .to_owned()
            }
            Self::ProjectAllows { .. } => {
                "move the rule to your own rules folder; `keep trust` shows and pins what a project's \
                 files may widen, and permission is never among it"
                    .to_owned()
            }
            Self::RestrictsStop { .. } => {
                "`keep stop` only narrows, so nobody needs permission for it; drop it from the rule"
                    .to_owned()
            }
            Self::ExampleMissed { .. } | Self::ExampleCaught { .. } => {
                "the rule or its example is wrong; until they agree nothing is allowed".to_owned()
            }
            _ => return None,
        })
    }
}
