use keep_types::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// What is said of a secret; its value never is.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SecretView {
    /// Its name.
    pub(crate) name: String,
    /// Where it belongs.
    pub(crate) namespace: String,
    /// Which of several values of that name.
    pub(crate) profile: String,
    /// When its value was made.
    pub(crate) changed: String,
    /// When it stops being good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<String>,
    /// When its value is to change next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rotation_due: Option<String>,
    /// Whether it is over already.
    pub(crate) expired: bool,
}

impl From<keep_vault::SecretView> for SecretView {
    fn from(view: keep_vault::SecretView) -> Self {
        let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            name: view.name.to_string(),
            namespace: view.namespace.to_string(),
            profile: view.profile.to_string(),
            changed: view.changed.to_string(),
            expires: moment(view.expires),
            rotation_due: moment(view.rotation_due),
            expired: view.expired,
        }
    }
}
