//! Why a reader went no further.

use std::io;

/// Input failed, which is the caller's business, or the file is not what it promised, which is a note.
#[derive(Debug)]
pub(super) enum Stop {
    Io(io::Error),
    Unfit(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The file is not what it promised; `why` is for a person.
pub(super) fn unfit(why: impl Into<String>) -> Stop {
    Stop::Unfit(why.into())
}
