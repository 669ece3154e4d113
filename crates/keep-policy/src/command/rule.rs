use super::pattern::{HostPattern, PathPattern};
use crate::error::Place;
use crate::pattern::{NamespacePattern, PrincipalPattern};
use crate::rule::{Decision, RuleRef};
use crate::source::Layer;
use keep_shell::{Deed, Effect, Part};
use keep_types::{Name, Namespace, Principal, Risk};
use serde::Serialize;

/// A rule about commands, as written. What is absent speaks of everything.
#[derive(Clone, Debug, Serialize)]
pub struct CommandRule {
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
    /// Whether what it allows is only tried: its changes wait until a person has seen them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tries: bool,
    /// Who it speaks of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<PrincipalPattern>,
    /// Which namespaces it speaks of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<NamespacePattern>,
    /// The first words of the command, each one of several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<Vec<String>>,
    /// Whether those are all of its words: with one more it is another command.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exact: bool,
    /// The file that the program's name leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Paths: an `allow` wants every changed path among them, and without any it is about the workspace
    /// alone; the others want one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathPattern>,
    /// Hosts: an `allow` wants every host among them, the others one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostPattern>,
    /// The least risk it speaks of.
    pub min_risk: Risk,
    /// The greatest risk it speaks of.
    pub max_risk: Risk,
    /// Why, in words for the person who is told.
    pub reason: String,
    /// Commands it matches, as written and checked.
    #[serde(rename = "match")]
    pub matching: Vec<String>,
    /// Commands it does not match, as written and checked.
    #[serde(rename = "not_match", skip_serializing_if = "Vec::is_empty")]
    pub not_matching: Vec<String>,
}

/// What a rule needs to know beside the part itself.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) principal: &'a Principal,
    pub(super) namespace: &'a Namespace,
    pub(super) workspace: &'a str,
    pub(super) resolve: &'a dyn Fn(&str) -> Option<String>,
}

impl CommandRule {
    /// Whether the rule has a say on this caller and place at all.
    pub(super) fn speaks_of(&self, around: &Around<'_>) -> bool {
        let who = self.principals.is_empty()
            || self.principals.iter().any(|pattern| pattern.covers(around.principal));
        let place = self.namespaces.is_empty()
            || self.namespaces.iter().any(|pattern| pattern.covers(around.namespace));
        who && place
    }

    /// Whether the rule has a say on one part of a command.
    pub(super) fn matches(&self, part: &Part, around: &Around<'_>) -> bool {
        self.words_fit(part)
            && self.program_fits(part, around)
            && part.risk >= self.min_risk
            && part.risk <= self.max_risk
            && self.paths_fit(part, around)
            && self.hosts_fit(part)
            && (self.decision != Decision::Allow || is_plain(part))
    }

    /// Words that are not known to the letter are none of those that are written here.
    fn words_fit(&self, part: &Part) -> bool {
        let enough =
            if self.exact { self.argv.len() == part.argv.len() } else { self.argv.len() <= part.argv.len() };
        enough
            && self.argv.iter().zip(&part.argv).all(|(wanted, word)| {
                word.as_known().is_some_and(|word| !word.is_empty() && wanted.iter().any(|one| one == word))
            })
    }

    fn program_fits(&self, part: &Part, around: &Around<'_>) -> bool {
        let Some(wanted) = &self.program else { return true };
        let name = part.argv.first().and_then(|word| word.as_known());
        name.and_then(around.resolve).is_some_and(|found| found == *wanted)
    }

    fn paths_fit(&self, part: &Part, around: &Around<'_>) -> bool {
        let covered = |path: &str| self.paths.iter().any(|pattern| pattern.covers(path, around.workspace));
        let mut touched = part.effects.iter().filter_map(|effect| match effect {
            Effect::Path { deed, path, place } => Some((*deed, path.as_str(), *place)),
            _ => None,
        });
        match self.decision {
            Decision::Allow => touched.all(|(deed, path, place)| {
                deed < Deed::Write || covered(path) || self.paths.is_empty() && is_ones_own(place)
            }),
            Decision::Ask | Decision::Deny => {
                self.paths.is_empty() || touched.any(|(_, path, _)| covered(path))
            }
        }
    }

    fn hosts_fit(&self, part: &Part) -> bool {
        if self.hosts.is_empty() {
            return true;
        }
        let covered = |host: &str| self.hosts.iter().any(|pattern| pattern.covers(host));
        let mut hosts = part.effects.iter().filter_map(|effect| match effect {
            Effect::Network { host, .. } => Some(host.as_deref()),
            _ => None,
        });
        match self.decision {
            // A host that is not known is none of those that are allowed.
            Decision::Allow => hosts.all(|host| host.is_some_and(covered)),
            Decision::Ask | Decision::Deny => hosts.any(|host| host.is_some_and(covered)),
        }
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

/// Where a command may change things without anybody naming the place: what a redirection adds to allowed
/// words is not what somebody meant who allowed the words.
pub(super) fn is_ones_own(place: keep_shell::Place) -> bool {
    use keep_shell::Place;
    matches!(
        place,
        Place::Stream | Place::Workspace | Place::WorkspaceRoot | Place::Output | Place::Temporary
    )
}

/// Whether a part is nothing but its words: a variable that makes other programs run something is not
/// what somebody meant who allowed the words.
fn is_plain(part: &Part) -> bool {
    !part.effects.iter().any(|effect| matches!(effect, Effect::Environment { .. } | Effect::Undecided { .. }))
}
