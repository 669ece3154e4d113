//! `keep policy`: the rules in force, a check of a file, and what they say to an act.

use crate::app::App;
use crate::error::AppError;
use keep_policy::{Layer, Policy, Question, Rule, Ruling, Source};
use keep_types::{Action, Channel, Digest, Namespace, Principal, Risk, chain};
use serde::Serialize;
use std::path::Path;

/// The rules in force.
#[derive(Debug, Serialize)]
pub struct PolicyView {
    /// The policy's version: approvals are good under it alone.
    pub version: Digest,
    /// Why nothing is allowed, when the rules do not load.
    pub closed: Option<String>,
    /// Every rule.
    pub rules: Vec<Rule>,
}

impl App {
    /// The rules in force.
    #[must_use]
    pub fn policy(&self) -> PolicyView {
        let policy = self.gate.policy();
        PolicyView {
            version: policy.version(),
            closed: self.rules.closed_because().map(|error| chain(&*error).join(": ")),
            rules: policy.rules().to_vec(),
        }
    }

    /// Loads one file as if it stood in the rules folder; answers how many rules it holds.
    ///
    /// # Errors
    /// With the place of what is wrong in it.
    pub fn check_rules(&self, path: &Path) -> Result<usize, AppError> {
        let text = std::fs::read_to_string(path).map_err(|e| AppError::file("reading", path, e))?;
        let builtin = Policy::load(Vec::new())?.rules().len();
        let source = Source { layer: Layer::User, name: path.display().to_string(), text };
        Ok(Policy::load(vec![source])?.rules().len() - builtin)
    }

    /// What the rules say to an act, without doing or recording anything.
    #[must_use]
    pub fn explain(
        &self,
        principal: &Principal,
        action: &Action,
        namespace: &Namespace,
        risk: Risk,
        channel: Channel,
    ) -> Ruling {
        self.gate.policy().decide(&Question { principal, action, namespace, risk, channel })
    }
}
