//! The result: what a command line would run, what that does, and how risky it is.

use crate::effect::Effect;
use crate::risk::Reason;
use crate::text::Oddity;
use crate::word::Word;
use keep_types::Risk;
use serde::Serialize;

/// The shape of the JSON; raised when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

/// How a simple command comes to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// A stage of a pipeline.
    Pipeline,
    /// A subshell or a process in the background.
    Subshell,
    /// `$( … )` or backticks.
    Substitution,
    /// `<( … )` or `>( … )`.
    ProcessSubstitution,
    /// Inside a here-document.
    Document,
    /// A branch that may not be taken.
    Branch,
    /// A loop's body.
    Loop,
    /// A function's body.
    Function,
    /// An alias.
    Alias,
    /// `trap`.
    Trap,
    /// `eval`.
    Eval,
    /// A text that another shell runs.
    Shell,
    /// Another program that runs it: `sudo`, `xargs`, `find -exec`.
    Program,
    /// A variable that names a program to run: `GIT_SSH_COMMAND`.
    Variable,
    /// On another machine or in a container.
    Elsewhere,
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Redirect {
    /// The operator.
    pub operator: &'static str,
    /// What it leads to.
    pub target: Word,
}

/// One simple command that would run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The words, the program's name first; empty for a bare assignment or redirection.
    pub argv: Vec<Word>,
    /// The name under which the table knows the program and its sub-command; none when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// How it comes to run, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Via>,
    /// Variables set for it alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assignments: Vec<(String, Word)>,
    /// Redirections.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirects: Vec<Redirect>,
    /// What it does.
    pub effects: Vec<Effect>,
    /// The highest of the reasons' risks, or low.
    pub risk: Risk,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// What a command line would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Analysis {
    /// The shape's version.
    pub version: u32,
    /// The highest risk of all parts and of the text itself.
    pub risk: Risk,
    /// The reasons of that highest risk and of the others, each once, the gravest first.
    pub reasons: Vec<Reason>,
    /// Why the text cannot be read as bash would, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unparsable: Option<String>,
    /// Some program may run that is not among the parts, or with other words.
    pub unknown: bool,
    /// What is odd about the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<Oddity>,
    /// Every simple command that would run, in the order of reading.
    pub parts: Vec<Part>,
}

impl Analysis {
    /// Adds up the parts and what was found about the text.
    pub(crate) fn of(
        parts: Vec<Part>,
        oddities: Vec<Oddity>,
        unparsable: Option<String>,
        unknown: bool,
    ) -> Self {
        let mut reasons: Vec<Reason> = Vec::new();
        if let Some(why) = &unparsable {
            reasons.push(Reason::new(
                Risk::High,
                "unparsable",
                format!("the command cannot be checked: {why}"),
            ));
        }
        for odd in &oddities {
            reasons.push(Reason::new(Risk::High, "odd-text", odd.text()));
        }
        for reason in parts.iter().flat_map(|part| &part.reasons) {
            if !reasons.contains(reason) {
                reasons.push(reason.clone());
            }
        }
        if unknown && !reasons.iter().any(|reason| reason.risk >= Risk::High) {
            reasons.push(Reason::new(
                Risk::High,
                "unknown",
                "part of what would run cannot be known beforehand",
            ));
        }
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.risk));
        let risk = reasons.first().map_or(Risk::Low, |reason| reason.risk);
        Self { version: VERSION, risk, reasons, unparsable, unknown, oddities, parts }
    }

    /// The analysis as a few lines for a person: the risk, why, and what would run.
    #[must_use]
    pub fn explain(&self) -> String {
        use std::fmt::Write as _;
        let mut out = format!("risk: {}\n", self.risk);
        for reason in &self.reasons {
            // Writing into a string cannot fail.
            let _ = writeln!(out, "  {}: {}", reason.risk, reason.text);
        }
        for part in self.parts.iter().filter(|part| !part.argv.is_empty()) {
            let words: Vec<String> = part.argv.iter().map(|word| visible(&word.text)).collect();
            let _ = writeln!(out, "runs: {}", words.join(" "));
        }
        out
    }
}

/// A text with what cannot be seen made visible, for showing to a person.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != '\n' && letter != '\t' && crate::text::is_hidden(letter) {
            out.extend(letter.escape_unicode());
        } else {
            out.push(letter);
        }
    }
    out
}
