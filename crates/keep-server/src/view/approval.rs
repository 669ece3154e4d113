use keep_types::{Offers, RuleOffer};
use schemars::JsonSchema;
use serde::Serialize;

/// A request that waits for a person, or what became of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ApprovalView {
    /// Its id.
    pub(crate) id: String,
    /// waiting, approved, denied, used or expired.
    pub(crate) state: String,
    /// Who asks.
    pub(crate) requester: String,
    /// What for.
    pub(crate) action: String,
    /// Where.
    pub(crate) namespace: String,
    /// How much it could harm: low, medium, high or critical.
    pub(crate) risk: String,
    /// The act in one line.
    pub(crate) summary: String,
    /// The act whole.
    pub(crate) detail: serde_json::Value,
    /// Why policy asks.
    pub(crate) reason: String,
    /// The rule that would cover such acts, where there can be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
    /// What that rule would let happen beside this act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) covers: Option<String>,
    /// The text that another may be suggested in the place of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) edit: Option<String>,
    /// Why a yes can only be for once, where it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) once_only: Option<String>,
    /// When it was asked.
    pub(crate) created: String,
    /// Until when it is good.
    pub(crate) expires: String,
    /// Who answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answered_by: Option<String>,
    /// What they added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    /// What they would say yes to instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suggestion: Option<String>,
}

impl From<keep_gate::ApprovalView> for ApprovalView {
    fn from(view: keep_gate::ApprovalView) -> Self {
        let once_only = view.once_only().map(str::to_owned);
        let Offers { rule, edit } = view.offers;
        let (rule, covers) = match rule {
            RuleOffer::Rule { text, covers } => (Some(text), Some(covers)),
            RuleOffer::None | RuleOffer::Unsuitable(_) => (None, None),
        };
        Self {
            id: view.id.to_string(),
            state: view.state.as_str().into(),
            requester: view.requester.to_string(),
            action: view.action.to_string(),
            namespace: view.namespace.to_string(),
            risk: view.risk.to_string(),
            summary: view.summary,
            detail: view.detail,
            reason: view.reason,
            rule,
            covers,
            edit,
            once_only,
            created: view.created.to_string(),
            expires: view.expires.to_string(),
            answered_by: view.answered_by.map(|who| who.to_string()),
            note: view.note,
            suggestion: view.suggestion,
        }
    }
}
