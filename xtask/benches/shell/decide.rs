//! What is asked and what runs, as the measurements see it. One function, so that the policy can take
//! its place.

use keep_shell::{Analysis, Context, Effect, analyse};
use keep_types::Risk;

/// A developer's machine, as far as the analysis needs to know it.
pub(crate) const CONTEXT: Context<'static> = Context {
    cwd: "/home/dev/work/project",
    home: "/home/dev",
    workspace: "/home/dev/work/project",
    variables: &[("TMPDIR", "/tmp"), ("USER", "dev")],
    resolve: None,
};

/// Two ways to live with an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Low and medium run, high and critical are asked.
    Workspace,
    /// Asking a host for something runs too; giving or changing something is asked.
    Network,
}

/// Whether a command runs without a question.
pub(crate) fn runs(analysis: &Analysis, profile: Profile) -> bool {
    match profile {
        Profile::Workspace => analysis.risk <= Risk::Medium,
        Profile::Network => {
            analysis.reasons.iter().all(|reason| reason.risk <= Risk::Medium || reason.code == "network")
        }
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
