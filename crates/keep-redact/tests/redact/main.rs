//! What the redactor promises, checked from outside with encoders and a search of the tests' own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod forms;
mod help;
mod hostile;
mod json;
mod labels;
mod property;
mod table;
