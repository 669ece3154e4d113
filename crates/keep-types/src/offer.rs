use serde::{Deserialize, Serialize};

/// What else a person may answer to an act than yes and no.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offers {
    /// The rule that would let it happen unasked from now on.
    pub rule: RuleOffer,
    /// The text that a person may put another in the place of, for an act that is made of one.
    pub edit: Option<String>,
}

/// Whether a rule could cover an act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleOffer {
    /// Rules of this kind do not speak of it.
    #[default]
    None,
    /// This one would.
    Rule {
        /// As it would stand in a rule file.
        text: String,
        /// What it lets happen beside this act, and what it does not, in words for a person.
        covers: String,
    },
    /// None can, and why.
    Unsuitable(String),
}

/// An engine with finer rules of its own asks a person about an act. It only narrows: what the rules about
/// acts allow is asked about all the same, and what they deny stays denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asks {
    /// Which of its rules asks.
    pub rule: String,
    /// Why, in words for the person who is asked.
    pub reason: String,
}
