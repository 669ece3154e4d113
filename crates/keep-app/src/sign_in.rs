//! That a person signed in to the dashboard, for the record.

use crate::app::App;
use crate::error::AppError;
use keep_types::{Act, ActFacts, Action, Caller, FieldHasher, Namespace, Risk, Touch};
use serde_json::json;

/// Signing in. The surface has checked the code; this is its record.
struct SignIn;

impl Act for SignIn {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("dashboard.sign_in"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Low,
            summary: "sign in to the dashboard".into(),
            detail: json!({}),
            bound: FieldHasher::new("dashboard.sign_in").finish(),
            exact: None,
        }
    }
}

impl App {
    /// Leaves the record that this person signed in to the dashboard.
    ///
    /// # Errors
    /// When the gate refuses, as it does while everything is stopped, or the ledger takes no record.
    pub async fn signed_in(&self, caller: &Caller) -> Result<(), AppError> {
        let permit = self.gate.admit(caller, SignIn).await?;
        permit.perform(|_, SignIn| Ok::<_, AppError>(())).await
    }
}
