//! What holds whatever the rules say.

use crate::rule::Question;
use keep_types::{Action, PrincipalKind};

/// The emergency stop. It only narrows, so neither a rule nor a broken policy may hold it up.
pub(crate) const STOP: &str = "gate.stop";

/// Acts that change what Keep itself allows or show a secret: whoever could do them unasked could do
/// everything. A word ending in `.` stands for the whole family.
const HOUSE_ACTS: [&str; 15] = [
    "approval.answer",
    "audit.accept",
    "config.",
    "gate.resume",
    "policy.",
    "restore",
    "restore.",
    "secret.accept",
    "secret.export",
    "secret.get",
    "secret.rekey",
    "secret.share",
    "secret.unshare",
    "token.",
    "trust.",
];

/// Members of those families that only look.
const LOOKS: [&str; 10] = [
    "config.get",
    "config.show",
    "policy.check",
    "policy.explain",
    "policy.show",
    "token.list",
    "token.unused",
    "trust.diff",
    "trust.list",
    "trust.show",
];

/// A member that only takes away: a person does it at once, without being asked, and a program never.
const NARROWS: &str = "token.revoke";

/// Whether the act is one of those that are closed to agents and services.
#[must_use]
pub fn is_house_act(action: &Action) -> bool {
    let action = action.as_str();
    let listed = HOUSE_ACTS
        .iter()
        .any(|entry| if entry.ends_with('.') { action.starts_with(entry) } else { action == *entry });
    listed && !LOOKS.contains(&action)
}

/// Whether the act is critical whatever its engine says.
pub(crate) fn is_critical(action: &Action) -> bool {
    is_house_act(action) && action.as_str() != NARROWS
}

/// Whether the floor denies, before any rule is asked.
pub(crate) fn denies(question: &Question<'_>) -> bool {
    is_house_act(question.action) && question.principal.kind() != PrincipalKind::User
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn house_acts() {
        for act in [
            "approval.answer",
            "trust.pin",
            "token.create",
            "policy.edit",
            "restore",
            "restore.run",
            "config.set",
            "config.totp",
            "secret.get",
            "secret.export",
            "secret.share",
            "audit.accept",
            "gate.resume",
        ] {
            assert!(is_house_act(&act.parse().unwrap()), "{act}");
        }
        for act in [
            "gate.stop",
            "token.list",
            "policy.show",
            "config.get",
            "secret.use",
            "secret.list",
            "secret.set",
            "audit.read",
            "approval.list",
            "tokens.create",
            "restored",
            "memory.write",
        ] {
            assert!(!is_house_act(&act.parse().unwrap()), "{act}");
        }
    }
}
