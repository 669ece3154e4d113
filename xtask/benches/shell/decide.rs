//! A command judged as it would be before it runs: analysed, then decided on by the policy that the
//! program starts with.

use keep_policy::{CommandQuestion, CommandRuling, Decision, Policy, Profile};
use keep_shell::{Analysis, Context, Effect, analyse};
use keep_types::{Namespace, Principal};

/// A developer's machine, as far as the analysis needs to know it.
const CONTEXT: Context<'static> = Context {
    cwd: "/home/dev/work/project",
    home: "/home/dev",
    workspace: "/home/dev/work/project",
    variables: &[("TMPDIR", "/tmp"), ("USER", "dev")],
    resolve: None,
};

/// Who decides, and for whom.
pub(crate) struct Judge {
    policy: Policy,
    principal: Principal,
}

impl Judge {
    /// With the rules that are built in and no others.
    pub(crate) fn new() -> crate::Res<Self> {
        Ok(Self { policy: Policy::load(Vec::new())?, principal: "agent:any".parse()? })
    }

    /// What is decided on a command.
    pub(crate) fn decide(&self, analysis: &Analysis, profile: Profile) -> CommandRuling {
        self.policy.decide_command(&CommandQuestion {
            principal: &self.principal,
            namespace: &Namespace::Global,
            analysis,
            profile,
            workspace: CONTEXT.workspace,
            resolve: &|_| None,
        })
    }

    /// Whether a command runs without a question.
    pub(crate) fn runs(&self, analysis: &Analysis, profile: Profile) -> bool {
        self.decide(analysis, profile).decision == Decision::Allow
    }
}

/// Looks at a command.
pub(crate) fn look(command: &str) -> Analysis {
    analyse(command, &CONTEXT)
}

/// Whether it talks to anybody.
pub(crate) fn talks(analysis: &Analysis) -> bool {
    analysis
        .parts
        .iter()
        .flat_map(|part| &part.effects)
        .any(|effect| matches!(effect, Effect::Network { .. }))
}
