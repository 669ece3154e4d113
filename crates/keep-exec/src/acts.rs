//! What the gate is asked.

use crate::confine::Confinement;
use crate::engine::{Advice, SecretUse};
use crate::judge::Judged;
use crate::line::Line;
use crate::run::Changing;
use keep_policy::{Decision, Profile};
use keep_types::{
    Act, ActFacts, Action, Asks, Digest, FieldHasher, Id, Namespace, Offers, Risk, RuleOffer, RunKind, Touch,
};
use serde_json::json;
use std::ffi::OsString;
use std::path::PathBuf;

/// So much of a command stands in a summary, which is one line; the whole is in the detail.
const SUMMARY_CHARS: usize = 100;

/// A command that is to run, with everything that decides what it does.
pub(crate) struct RunCommand {
    pub(crate) line: Line,
    pub(crate) text: String,
    pub(crate) namespace: Namespace,
    pub(crate) folder: PathBuf,
    pub(crate) workspace: PathBuf,
    /// The program as it is started.
    pub(crate) program: PathBuf,
    /// Its words, without its name.
    pub(crate) arguments: Vec<OsString>,
    /// What it gets of the environment, apart from values of secrets.
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) secrets: Vec<SecretUse>,
    /// What it was ruled on under.
    pub(crate) judged_under: Profile,
    pub(crate) judged: Judged,
    pub(crate) confinement: Confinement,
    /// What becomes of its changes.
    pub(crate) changing: Changing,
    /// Whether nobody is asked because its changes wait, by a rule.
    pub(crate) tried: bool,
    /// Why it is asked about whatever the rules about commands say.
    pub(crate) besides: Option<Asks>,
    /// An HMAC of the environment.
    pub(crate) environment_proof: [u8; 32],
    /// What the files hold that would run; none where nobody is asked.
    pub(crate) contents: Option<Digest>,
    /// The run that it repeats.
    pub(crate) repeats: Option<Id<RunKind>>,
    /// What tells the conversation that it comes from, where something does.
    pub(crate) conversation: Option<String>,
    pub(crate) advice: Advice,
}

impl RunCommand {
    /// Whether a person has to say yes.
    pub(crate) fn asked(&self) -> bool {
        self.besides.is_some() || self.is_asked_about()
    }

    /// Whether the rules about commands want a person to say yes.
    fn is_asked_about(&self) -> bool {
        self.judged.ruling.decision == Decision::Ask && !self.tried
    }

    /// Which rule decided.
    pub(crate) fn rule(&self) -> String {
        self.besides.as_ref().map_or_else(|| self.judged.ruling.rule.id.to_string(), |asks| asks.rule.clone())
    }

    fn risk(&self) -> Risk {
        let besides = if self.besides.is_some() { Risk::High } else { Risk::Low };
        self.judged.analysis.risk.max(self.judged.ruling.risk).max(besides)
    }
}

impl Act for RunCommand {
    fn facts(&self) -> ActFacts {
        let mut shown: String = self.text.chars().take(SUMMARY_CHARS).collect();
        if shown.len() < self.text.len() {
            shown.push('…');
        }
        let confinement = json!(self.confinement);
        let secrets: Vec<_> =
            self.secrets.iter().map(|used| format!("{}={}", used.name, used.variable)).collect();
        let mut detail = json!({
            "command": self.text,
            "cwd": self.folder,
            "profile": self.judged_under,
            "workspace": self.workspace,
            "program": self.program,
            "confinement": confinement,
            "reasons": self.judged.analysis.reasons,
            "rule": self.rule(),
            "changes": self.changing,
        });
        if !secrets.is_empty() {
            detail["secrets"] = json!(secrets);
        }
        let mut bound = FieldHasher::new("exec.run")
            .field("line", self.line.exact())
            .field("cwd", self.folder.as_os_str().as_encoded_bytes())
            .field("workspace", self.workspace.as_os_str().as_encoded_bytes())
            .field("program", self.program.as_os_str().as_encoded_bytes())
            .field("judged under", self.judged_under.as_str())
            .field("confinement", confinement.to_string())
            .field("changes", detail["changes"].to_string())
            .field("secrets", secrets.join("\n"))
            .field("environment", self.environment_proof);
        if let Some(contents) = &self.contents {
            bound = bound.field("contents", contents.as_bytes());
        }
        ActFacts {
            action: Action::of("exec.run"),
            namespace: self.namespace.clone(),
            touch: Touch::Change,
            risk: self.risk(),
            summary: format!("run {shown}"),
            detail,
            bound: bound.finish(),
            exact: Some(self.line.exact()),
        }
    }

    fn offers(&self) -> Offers {
        // A rule about commands answers the question of the rules about commands, and no other.
        let rule = if self.besides.is_some() {
            RuleOffer::None
        } else {
            (self.advice)(&self.text, &self.folder, &self.judged.analysis)
        };
        Offers { rule, edit: Some(self.text.clone()) }
    }

    fn denies(&self) -> Option<Asks> {
        let ruling = &self.judged.ruling;
        (ruling.decision == Decision::Deny)
            .then(|| Asks { rule: ruling.rule.id.to_string(), reason: ruling.reason.clone() })
    }

    fn asks(&self) -> Option<Asks> {
        if let Some(asks) = &self.besides {
            return Some(asks.clone());
        }
        let ruling = &self.judged.ruling;
        self.is_asked_about()
            .then(|| Asks { rule: ruling.rule.id.to_string(), reason: ruling.reason.clone() })
    }
}

/// Looking at what ran, and what it said.
pub(crate) struct LookAtRuns {
    pub(crate) namespace: Namespace,
}

impl Act for LookAtRuns {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("exec.list"),
            namespace: self.namespace.clone(),
            touch: Touch::Read,
            risk: Risk::Low,
            summary: "look at runs".into(),
            detail: json!({}),
            bound: FieldHasher::new("exec.list").finish(),
            exact: None,
        }
    }
}

/// Asking a run to end.
pub(crate) struct CancelRun {
    pub(crate) id: Id<RunKind>,
    pub(crate) namespace: Namespace,
}

impl Act for CancelRun {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("exec.cancel"),
            namespace: self.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::Low,
            summary: format!("end {}", self.id),
            detail: json!({ "run": self.id }),
            bound: FieldHasher::new("exec.cancel").field("run", self.id.to_string()).finish(),
            exact: None,
        }
    }
}

/// Committing what a run changed that had to wait.
pub(crate) struct CommitTry {
    pub(crate) id: Id<RunKind>,
    pub(crate) namespace: Namespace,
    pub(crate) workspace: PathBuf,
    /// What is committed, as it was shown.
    pub(crate) changes: Vec<String>,
    pub(crate) digest: Digest,
}

impl Act for CommitTry {
    fn facts(&self) -> ActFacts {
        let workspace = self.workspace.display().to_string();
        ActFacts {
            action: Action::of("exec.commit"),
            namespace: self.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("commit {} changes of {} to {workspace}", self.changes.len(), self.id),
            detail: json!({ "run": self.id, "workspace": workspace, "changes": self.changes }),
            bound: FieldHasher::new("exec.commit")
                .field("run", self.id.to_string())
                .field("changes", self.digest.as_bytes())
                .finish(),
            exact: Some(self.digest.as_bytes().to_vec()),
        }
    }
}

/// Forgetting what package managers and build tools keep for the runs of a folder.
pub(crate) struct ForgetCaches {
    pub(crate) namespace: Namespace,
    pub(crate) workspace: PathBuf,
}

impl Act for ForgetCaches {
    fn facts(&self) -> ActFacts {
        let workspace = self.workspace.display().to_string();
        ActFacts {
            action: Action::of("exec.forget"),
            namespace: self.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("forget the caches of runs in {workspace}"),
            detail: json!({ "workspace": workspace }),
            bound: FieldHasher::new("exec.forget")
                .field("workspace", self.workspace.as_os_str().as_encoded_bytes())
                .finish(),
            exact: None,
        }
    }
}

/// Discarding them.
pub(crate) struct DiscardTry {
    pub(crate) id: Id<RunKind>,
    pub(crate) namespace: Namespace,
}

impl Act for DiscardTry {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("exec.discard"),
            namespace: self.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::Low,
            summary: format!("discard what {} changed", self.id),
            detail: json!({ "run": self.id }),
            bound: FieldHasher::new("exec.discard").field("run", self.id.to_string()).finish(),
            exact: None,
        }
    }
}
