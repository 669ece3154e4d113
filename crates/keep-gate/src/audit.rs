//! Reading the audit log within a caller's reach, and the acts on the log itself.

use crate::admit::Gate;
use crate::error::GateError;
use crate::permit::Permit;
use keep_ledger::{Entry, Filter};
use keep_types::{
    Act, ActFacts, Action, Caller, FieldHasher, Namespace, PrincipalKind, Risk, Timestamp, Touch,
};
use serde_json::json;

/// Which records a caller wants to see. What it may see of them is the gate's to say.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter(pub Filter);

/// Accepting a ledger that does not extend its checkpoint: a new epoch.
pub struct AcceptLedger {
    /// Why the person accepts it.
    pub reason: String,
}

/// Turning the ledger's signing key.
pub struct RotateKey;

/// Erasing details older than a moment; the records and the proofs stay.
pub struct EraseDetails {
    /// Details of records before this moment are erased.
    pub before: Timestamp,
}

fn facts(action: &'static str, risk: Risk, summary: String, detail: serde_json::Value) -> ActFacts {
    ActFacts {
        action: Action::of(action),
        namespace: Namespace::Global,
        touch: Touch::Change,
        risk,
        bound: FieldHasher::new(action).field("detail", detail.to_string()).finish(),
        summary,
        detail,
        exact: None,
    }
}

impl Act for AcceptLedger {
    fn facts(&self) -> ActFacts {
        let summary = "accept the ledger as it is now, although it does not extend its checkpoint".into();
        facts(crate::switch::ACCEPT, Risk::Critical, summary, json!({ "reason": self.reason }))
    }
}

impl Act for RotateKey {
    fn facts(&self) -> ActFacts {
        facts("audit.rotate_key", Risk::Critical, "turn the ledger's signing key".into(), json!({}))
    }
}

impl Act for EraseDetails {
    fn facts(&self) -> ActFacts {
        let summary = format!("erase the details of all records before {}", self.before);
        facts("audit.erase", Risk::Critical, summary, json!({ "before": self.before }))
    }
}

impl Gate {
    /// The records that match and that this caller may see: a person all, a program its own, and only
    /// in namespaces that it can read. As many as were asked for, if there are so many: what may not be seen
    /// takes nobody's place.
    ///
    /// # Errors
    /// When the token does not cover `audit.read`, or the database cannot be read.
    pub async fn audit_log(&self, caller: &Caller, filter: AuditFilter) -> Result<Vec<Entry>, GateError> {
        self.covers(caller, "audit.read")?;
        let AuditFilter(mut filter) = filter;
        if caller.principal.kind() != PrincipalKind::User {
            if filter.principal.as_ref().is_some_and(|wanted| *wanted != caller.principal) {
                return Ok(Vec::new());
            }
            filter.principal = Some(caller.principal.clone());
        }
        filter.within = caller.readable();
        Ok(self.ledger().query(filter).await?)
    }

    /// Starts a new epoch over a ledger that does not extend its checkpoint.
    ///
    /// # Errors
    /// When no person confirms it.
    pub async fn accept_ledger(&self, caller: &Caller, reason: String) -> Result<(), GateError> {
        let permit = self.admit(caller, AcceptLedger { reason }).await?;
        let by = caller.principal.clone();
        let AcceptLedger { reason } = permit.into_act();
        Ok(self.ledger().accept(by, reason).await?)
    }

    /// Turns the ledger's signing key; the old one signs the new one's record.
    ///
    /// # Errors
    /// When no person confirms it, or the key file cannot be written.
    pub async fn rotate_ledger_key(&self, caller: &Caller) -> Result<(), GateError> {
        let permit: Permit<RotateKey> = self.admit(caller, RotateKey).await?;
        let RotateKey = permit.into_act();
        Ok(self.ledger().rotate_key(caller.principal.clone()).await?)
    }

    /// Erases details older than a moment; answers how many.
    ///
    /// # Errors
    /// When no person confirms it, or the ledger takes no record.
    pub async fn erase_details(&self, caller: &Caller, before: Timestamp) -> Result<u64, GateError> {
        let permit = self.admit(caller, EraseDetails { before }).await?;
        let by = caller.principal.clone();
        let EraseDetails { before } = permit.into_act();
        Ok(self.ledger().erase_details(by, before).await?)
    }
}
