use crate::error::Place;
use crate::floor;
use crate::pattern::{ActionPattern, NamespacePattern, PrincipalPattern};
use crate::source::Layer;
use keep_types::{Action, Channel, Name, Namespace, Principal, Risk};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What becomes of an act. Ordered by strictness: `Allow < Ask < Deny`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It happens.
    Allow,
    /// It happens once a person says yes.
    Ask,
    /// It does not happen.
    Deny,
}

impl Decision {
    /// The decision as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Everything a rule can ask about an act.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who acts.
    pub principal: &'a Principal,
    /// What is done.
    pub action: &'a Action,
    /// Where.
    pub namespace: &'a Namespace,
    /// How much it could harm, as the engine judged it.
    pub risk: Risk,
    /// By which way the request came in.
    pub channel: Channel,
}

impl Question<'_> {
    /// The risk that counts: acts that change what Keep itself allows are critical whatever the
    /// engine said.
    #[must_use]
    pub fn effective_risk(&self) -> Risk {
        if floor::is_critical(self.action) { Risk::Critical } else { self.risk }
    }
}

/// One rule as written. Empty lists of namespaces and channels mean every one.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    /// Its name within its file.
    pub id: Name,
    /// Whose it is.
    pub layer: Layer,
    /// The file it stands in.
    pub source: String,
    /// The line it starts in.
    pub line: usize,
    /// What it decides.
    pub decision: Decision,
    /// Who it speaks of.
    pub principals: Vec<PrincipalPattern>,
    /// Which actions it speaks of.
    pub actions: Vec<ActionPattern>,
    /// Which of those it leaves out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except_actions: Vec<ActionPattern>,
    /// Which namespaces it speaks of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<NamespacePattern>,
    /// Which channels it speaks of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// The least risk it speaks of.
    pub min_risk: Risk,
    /// The greatest risk it speaks of.
    pub max_risk: Risk,
    /// Why, in words for the person who is told.
    pub reason: String,
    /// Acts it matches, as written and checked.
    #[serde(rename = "match")]
    pub matching: Vec<String>,
    /// Acts it does not match, as written and checked.
    #[serde(rename = "not_match", skip_serializing_if = "Vec::is_empty")]
    pub not_matching: Vec<String>,
}

impl Rule {
    /// The first part of the rule that turns the question away; `None` when the rule matches.
    #[must_use]
    pub fn mismatch(&self, question: &Question<'_>) -> Option<&'static str> {
        let Question { principal, action, namespace, channel, .. } = *question;
        let risk = question.effective_risk();
        if !self.principals.iter().any(|pattern| pattern.covers(principal)) {
            return Some("the principal");
        }
        if !self.actions.iter().any(|pattern| pattern.covers(action))
            || self.except_actions.iter().any(|pattern| pattern.covers(action))
        {
            return Some("the action");
        }
        if !self.namespaces.is_empty() && !self.namespaces.iter().any(|pattern| pattern.covers(namespace)) {
            return Some("the namespace");
        }
        if risk < self.min_risk || risk > self.max_risk {
            return Some("the risk");
        }
        if !self.channels.is_empty() && !self.channels.contains(&channel) {
            return Some("the channel");
        }
        None
    }

    /// Whether the rule has a say on this question.
    #[must_use]
    pub fn matches(&self, question: &Question<'_>) -> bool {
        self.mismatch(question).is_none()
    }

    /// The rule's name and place.
    #[must_use]
    pub fn reference(&self) -> RuleRef {
        RuleRef {
            id: self.id.to_string(),
            layer: self.layer,
            source: self.source.clone(),
            line: Some(self.line),
        }
    }

    pub(crate) fn place(&self) -> Place {
        Place { file: self.source.clone(), line: self.line, column: 1 }
    }
}

/// Which rule it was, and where a person finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleRef {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub layer: Layer,
    /// The file it stands in.
    pub source: String,
    /// The line it starts in; none for what no file can change.
    pub line: Option<usize>,
}

impl RuleRef {
    /// What is compiled in and stands in no file.
    pub(crate) fn fixed(id: &str) -> Self {
        Self { id: id.to_owned(), layer: Layer::Builtin, source: "Keep".to_owned(), line: None }
    }
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{} ({}:{line})", self.id, self.source),
            None => write!(f, "{} ({})", self.id, self.source),
        }
    }
}
