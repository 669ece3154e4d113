use keep_policy::Policy;
use std::sync::{Arc, PoisonError, RwLock};

/// The rules that a gate goes by. Whoever opened the installation keeps it and may put others in their place; the
/// gate itself offers no way to, so nobody who only has the gate can.
#[derive(Clone, Debug)]
pub struct InForce(Arc<RwLock<Arc<Policy>>>);

impl From<Policy> for InForce {
    fn from(policy: Policy) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(policy))))
    }
}

impl InForce {
    /// Goes by these rules from now on. What was admitted stays so; approvals that were given under others are
    /// void.
    pub fn go_by(&self, policy: Policy) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    pub(crate) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
