use schemars::JsonSchema;
use serde::Serialize;

/// Why something is risky.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ReasonView {
    /// How risky: low, medium, high or critical.
    pub(crate) risk: String,
    /// Why, in words.
    pub(crate) text: String,
}

/// What was decided of one simple command.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PartView {
    /// The words, as far as they are known.
    pub(crate) command: String,
    /// Its risk.
    pub(crate) risk: String,
    /// allow, ask or deny.
    pub(crate) decision: String,
    /// Why.
    pub(crate) reason: String,
}

/// What a command line would do, and what policy says to it. Nothing ran.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ShellView {
    /// The command line.
    pub(crate) command: String,
    /// The folder that it was judged in.
    pub(crate) cwd: String,
    /// allow, ask or deny.
    pub(crate) decision: String,
    /// Why.
    pub(crate) reason: String,
    /// Which rule decided.
    pub(crate) rule: String,
    /// low, medium, high or critical.
    pub(crate) risk: String,
    /// Why it is as risky as that, the gravest first.
    pub(crate) reasons: Vec<ReasonView>,
    /// Every simple command that would run.
    pub(crate) parts: Vec<PartView>,
}

impl From<keep_app::ShellView> for ShellView {
    fn from(view: keep_app::ShellView) -> Self {
        let reasons = view.analysis.reasons.iter();
        let reasons =
            reasons.map(|reason| ReasonView { risk: reason.risk.to_string(), text: reason.text.clone() });
        let parts = view.ruling.parts.into_iter().map(|part| PartView {
            command: part.command,
            risk: part.risk.to_string(),
            decision: part.decision.to_string(),
            reason: part.reason,
        });
        Self {
            command: view.command,
            cwd: view.cwd.display().to_string(),
            decision: view.ruling.decision.to_string(),
            reason: view.ruling.reason,
            rule: view.ruling.rule.to_string(),
            risk: view.analysis.risk.to_string(),
            reasons: reasons.collect(),
            parts: parts.collect(),
        }
    }
}
