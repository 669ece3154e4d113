use keep_types::{ActFacts, Offers, Principal};

/// What a person at the terminal is asked.
#[derive(Debug)]
pub struct Question<'a> {
    /// Who wants it.
    pub principal: &'a Principal,
    /// The act, whole.
    pub facts: &'a ActFacts,
    /// Why policy asks.
    pub reason: &'a str,
    /// What they may answer beside yes and no.
    pub offers: &'a Offers,
    /// Whether a one-time code must come with a yes.
    pub code: CodeWanted,
}

/// Whether an answer needs a one-time code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeWanted {
    /// A plain yes is enough.
    No,
    /// Six digits from the authenticator.
    Yes,
}

/// What the person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go ahead.
    Yes {
        /// The one-time code, where wanted.
        code: Option<String>,
    },
    /// No, and perhaps why.
    No {
        /// What they added.
        note: Option<String>,
    },
    /// Yes, and save the rule that was offered. It is shown, and asked about, before it is saved.
    SaveRule,
    /// No, but this text in the place of the one that was offered for editing. It is no yes to that
    /// text: an approval binds exact bytes, so whoever asked makes a new act of it and asks anew.
    Edited(String),
    /// There is nobody at this terminal to answer.
    Nobody,
}

/// Puts a question to the person at the terminal. A surface supplies it; it may block.
pub trait Asker: Send + Sync + 'static {
    /// Asks and waits for the answer.
    fn ask(&self, question: &Question<'_>) -> Answer;
}

/// The asker of a surface that has no terminal.
#[derive(Clone, Copy, Debug)]
pub struct AskNobody;

impl Asker for AskNobody {
    fn ask(&self, _: &Question<'_>) -> Answer {
        Answer::Nobody
    }
}
